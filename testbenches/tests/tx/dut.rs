//! The device under test: the Verilated transmitter, rust-hdl's simulation of it, or both side by side.
use std::fmt::Debug;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::tx::Transmitter;
use stevedore_testbenches::replay::elaborated;
use stevedore_testbenches::replay::number;
use stevedore_verilated::{Model, Port, Source as Text};

/// Everything the transmitter sees in a cycle; `None` is `valid` low.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Inputs<const W: usize> {
    pub reset: bool,
    pub command: Option<SendCommand>,
    pub reset_out: Option<ResetOut>,
    pub address: Option<Address>,
    pub settings: Settings,
    pub payload: Option<Beat<W>>,
    pub placements_written: Bits<16>,
    pub piece_ready: bool,
    pub frame_ready: bool,
    pub response_ready: bool,
    pub torn_down_ready: bool,
}

/// Everything it answers in the same cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outputs<const W: usize> {
    pub command_ready: bool,
    pub reset_ready: bool,
    pub payload_ready: bool,
    pub piece: Option<Piece>,
    pub frame: Option<Beat<W>>,
    pub response: Option<DescriptorFields>,
    pub torn_down: Option<TornDown>,
    pub free_entries: Bits<16>,
}

pub trait Dut<const W: usize> {
    /// Shows the inputs and answers with the outputs of the same cycle.
    fn present(&mut self, inputs: &Inputs<W>) -> Outputs<W>;
    /// The clock edge.
    fn step(&mut self);
}

/// rust-hdl's simulator.
pub struct Stepped<const W: usize>(Bench<Transmitter<W>>);

impl<const W: usize> Stepped<W> {
    pub fn new(geometry: &Geometry) -> Self {
        Stepped(bench!(Transmitter::new(geometry)))
    }
}

impl<const W: usize> Dut<W> for Stepped<W> {
    fn present(&mut self, inputs: &Inputs<W>) -> Outputs<W> {
        let u = &mut self.0.uut;
        u.reset.next = inputs.reset;
        u.s_command.valid.next = inputs.command.is_some();
        u.s_command.bits.next = inputs.command.unwrap_or_default();
        u.s_reset.valid.next = inputs.reset_out.is_some();
        u.s_reset.bits.next = inputs.reset_out.unwrap_or_default();
        u.address_valid.next = inputs.address.is_some();
        u.address.next = inputs.address.unwrap_or_default();
        u.settings.next = inputs.settings;
        u.s_payload.valid.next = inputs.payload.is_some();
        u.s_payload.bits.next = inputs.payload.unwrap_or_default();
        u.placements_written.next = inputs.placements_written;
        u.m_piece.ready.next = inputs.piece_ready;
        u.m_frame.ready.next = inputs.frame_ready;
        u.m_response.ready.next = inputs.response_ready;
        u.m_torn_down.ready.next = inputs.torn_down_ready;
        self.0.settle();
        let u = &self.0.uut;
        Outputs {
            command_ready: u.s_command.ready.val(),
            reset_ready: u.s_reset.ready.val(),
            payload_ready: u.s_payload.ready.val(),
            piece: u.m_piece.valid.val().then(|| u.m_piece.bits.val()),
            frame: u.m_frame.valid.val().then(|| u.m_frame.bits.val()),
            response: u.m_response.valid.val().then(|| u.m_response.bits.val()),
            torn_down: u.m_torn_down.valid.val().then(|| u.m_torn_down.bits.val()),
            free_entries: u.free_entries.val(),
        }
    }

    fn step(&mut self) {
        self.0.step();
    }
}

/// The Verilated model.
pub struct Verilated<const W: usize> {
    model: Model,
    last: Option<Inputs<W>>,
    ports: Ports,
}

struct Ports {
    reset: Port,
    command: [Port; 3],
    reset_out: [Port; 3],
    address: [Port; 2],
    settings: Port,
    payload: [Port; 3],
    placements_written: Port,
    piece: [Port; 3],
    frame: [Port; 3],
    response: [Port; 3],
    torn_down: [Port; 3],
    free_entries: Port,
}

fn words(flat: &[bool]) -> Vec<u32> {
    flat.chunks(32).map(|c| c.iter().rev().fold(0, |word, bit| word << 1 | u32::from(*bit))).collect()
}

impl<const W: usize> Verilated<W> {
    pub fn new(geometry: &Geometry) -> Self {
        let text = elaborated("transmitter", geometry, Transmitter::<W>::new).to_string();
        let model = Model::build(&Text::new("transmitter", text).random_reset(7)).unwrap();
        let channel = |name: &str| ["bits", "valid", "ready"].map(|part| model.port(&format!("{name}_{part}")));
        let ports = Ports {
            reset: model.port("reset"),
            command: channel("s_command"),
            reset_out: channel("s_reset"),
            address: [model.port("address"), model.port("address_valid")],
            settings: model.port("settings"),
            payload: channel("s_payload"),
            placements_written: model.port("placements_written"),
            piece: channel("m_piece"),
            frame: channel("m_frame"),
            response: channel("m_response"),
            torn_down: channel("m_torn_down"),
            free_entries: model.port("free_entries"),
        };
        Verilated { model, last: None, ports }
    }

    fn put<T: Symbolic>(&mut self, port: Port, value: T) {
        self.model.set_wide(port, &words(&value.to_flat()));
    }

    fn put_some<T: Symbolic + Default>(&mut self, bits: Port, valid: Port, value: Option<T>) {
        self.model.set(valid, value.is_some().into());
        self.put(bits, value.unwrap_or_default());
    }

    fn take<T: Symbolic>(&self, port: Port) -> T {
        let mut words = vec![0; port.words()];
        self.model.get_wide(port, &mut words);
        let flat: Vec<bool> = (0..port.width() as usize).map(|i| words[i / 32] >> (i % 32) & 1 == 1).collect();
        T::from_flat(&flat)
    }

    fn take_some<T: Symbolic>(&self, channel: [Port; 3]) -> Option<T> {
        (self.model.get(channel[1]) == 1).then(|| self.take(channel[0]))
    }
}

impl<const W: usize> Dut<W> for Verilated<W> {
    fn present(&mut self, inputs: &Inputs<W>) -> Outputs<W> {
        // Wide ports are driven only when they change: they cost most of a cycle.
        let changed = |f: fn(&Inputs<W>, &Inputs<W>) -> bool| self.last.is_none_or(|last| f(&last, inputs));
        let command = changed(|a, b| a.command != b.command);
        let settings = changed(|a, b| a.settings != b.settings);
        let payload = changed(|a, b| a.payload != b.payload);
        let reset_out = changed(|a, b| a.reset_out != b.reset_out);
        let address = changed(|a, b| a.address != b.address);
        self.model.set(self.ports.reset, inputs.reset.into());
        if command {
            self.put_some(self.ports.command[0], self.ports.command[1], inputs.command);
        }
        if reset_out {
            self.put_some(self.ports.reset_out[0], self.ports.reset_out[1], inputs.reset_out);
        }
        if address {
            self.put_some(self.ports.address[0], self.ports.address[1], inputs.address);
        }
        if settings {
            self.put(self.ports.settings, inputs.settings);
        }
        if payload {
            self.put_some(self.ports.payload[0], self.ports.payload[1], inputs.payload);
        }
        self.model.set(self.ports.placements_written, number(inputs.placements_written));
        self.model.set(self.ports.piece[2], inputs.piece_ready.into());
        self.model.set(self.ports.frame[2], inputs.frame_ready.into());
        self.model.set(self.ports.response[2], inputs.response_ready.into());
        self.model.set(self.ports.torn_down[2], inputs.torn_down_ready.into());
        self.last = Some(*inputs);
        self.model.eval();
        Outputs {
            command_ready: self.model.get(self.ports.command[2]) == 1,
            reset_ready: self.model.get(self.ports.reset_out[2]) == 1,
            payload_ready: self.model.get(self.ports.payload[2]) == 1,
            piece: self.take_some(self.ports.piece),
            frame: self.take_some(self.ports.frame),
            response: self.take_some(self.ports.response),
            torn_down: self.take_some(self.ports.torn_down),
            free_entries: self.take(self.ports.free_entries),
        }
    }

    fn step(&mut self) {
        self.model.step();
    }
}

/// Both, which must agree in every cycle.
pub struct Lockstep<const W: usize> {
    stepped: Stepped<W>,
    verilated: Verilated<W>,
    cycle: u64,
}

impl<const W: usize> Lockstep<W> {
    pub fn new(geometry: &Geometry) -> Self {
        Lockstep { stepped: Stepped::new(geometry), verilated: Verilated::new(geometry), cycle: 0 }
    }
}

fn same<T: PartialEq + Debug>(cycle: u64, stepped: &T, verilated: &T) {
    assert!(stepped == verilated, "cycle {cycle}: rust-hdl says {stepped:x?}, Verilator {verilated:x?}");
}

impl<const W: usize> Dut<W> for Lockstep<W> {
    fn present(&mut self, inputs: &Inputs<W>) -> Outputs<W> {
        let (stepped, verilated) = (self.stepped.present(inputs), self.verilated.present(inputs));
        if self.cycle > 3 {
            same(self.cycle, &blanked(stepped), &blanked(verilated));
        }
        verilated
    }

    fn step(&mut self) {
        self.stepped.step();
        self.verilated.step();
        self.cycle += 1;
    }
}

/// Lanes at and above `count` are undefined.
fn blanked<const W: usize>(mut outputs: Outputs<W>) -> Outputs<W> {
    if let Some(frame) = &mut outputs.frame {
        for bit in frame.count.index() * 8..W {
            frame.data = frame.data.replace_bit(bit, false);
        }
    }
    outputs
}
