//! The PCIe card as an engine: the pins of the RTL, with a root complex between them and the models.

use super::ports::{Changed, EnginePorts, Inputs, Outputs};
use super::root_complex::{Beat, RootComplex, LANES};
use super::verilated::Stream;
use anyhow::{Context, Result};
use stevedore_verilated::{Model, Port, Source};

/// Bit of `cfg_function_status` that makes function 0 bus master.
const BUS_MASTER: u64 = 1 << 2;

/// One of the four streams of the vendor's block.
struct Pins {
    data: Port,
    keep: Port,
    last: Port,
    user: Port,
    valid: Port,
    ready: Port,
}

impl Pins {
    fn find(model: &Model, name: &str) -> Result<Self> {
        let port = |part: &str| {
            let name = format!("{name}_{part}");
            model.find_port(&name).with_context(|| format!("the card has no port {name}"))
        };
        Ok(Pins {
            data: port("tdata")?,
            keep: port("tkeep")?,
            last: port("tlast")?,
            user: port("tuser")?,
            valid: port("tvalid")?,
            ready: port("tready")?,
        })
    }

    /// Offers a beat, or none.
    fn offer(&self, model: &mut Model, beat: Option<&Beat>) {
        model.set(self.valid, u64::from(beat.is_some()));
        let Some(beat) = beat else { return };
        model.set_wide(self.data, &beat.dwords);
        model.set(self.keep, (1 << beat.count) - 1);
        model.set(self.last, u64::from(beat.last));
        let mut user = vec![0; self.user.words()];
        user[0] = beat.user as u32;
        user[1] = (beat.user >> 32) as u32;
        model.set_wide(self.user, &user);
    }

    /// A beat that is offered and taken.
    fn taken(&self, model: &Model) -> Option<Beat> {
        if model.get(self.valid) & model.get(self.ready) == 0 {
            return None;
        }
        let mut dwords = [0; LANES];
        model.get_wide(self.data, &mut dwords);
        let mut user = vec![0; self.user.words()];
        model.get_wide(self.user, &mut user);
        Some(Beat {
            dwords,
            count: model.get(self.keep).count_ones() as usize,
            last: model.get(self.last) != 0,
            user: u64::from(user[0]) | u64::from(user[1]) << 32,
        })
    }
}

/// A Verilated card. `halt` among the inputs is ignored: the card's adapter stops the engine itself.
pub struct PcieCard {
    model: Model,
    bytes: usize,
    root: RootComplex,
    reset: Port,
    rx: Stream,
    tx: Stream,
    requests: Pins,
    completions: Pins,
    accesses: Pins,
    answers: Pins,
    number: Port,
    number_valid: Port,
    grant: Port,
    maximum_payload: Port,
    maximum_read: Port,
    /// The inputs and outputs of the cycle that the next edge ends.
    seen: (Inputs, Outputs),
}

impl PcieCard {
    /// Builds the model, or finds it built.
    pub fn build(source: &Source) -> Result<Self> {
        let model = Model::build(source)?;
        let port = |name: &str| model.find_port(name).with_context(|| format!("the card has no port {name}"));
        let tx = Stream::find(&model, "m_axis_tx")?;
        let bytes = tx.bytes()?;
        let mut card = PcieCard {
            bytes,
            root: RootComplex::new(bytes),
            reset: port("reset")?,
            rx: Stream::find(&model, "s_axis_rx")?,
            tx,
            requests: Pins::find(&model, "m_axis_rq")?,
            completions: Pins::find(&model, "s_axis_rc")?,
            accesses: Pins::find(&model, "s_axis_cq")?,
            answers: Pins::find(&model, "m_axis_cc")?,
            number: port("pcie_rq_seq_num0")?,
            number_valid: port("pcie_rq_seq_num_vld0")?,
            grant: port("pcie_cq_np_req")?,
            maximum_payload: port("cfg_max_payload")?,
            maximum_read: port("cfg_max_read_req")?,
            seen: Default::default(),
            model,
        };
        for (name, value) in [("cfg_function_status", BUS_MASTER), ("cfg_interrupt_msix_enable", 1)] {
            let port = card.model.port(name);
            card.model.set(port, value);
        }
        card.model.set(card.answers.ready, 1);
        Ok(card)
    }
}

impl EnginePorts for PcieCard {
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn settle(&mut self, inputs: &mut Inputs, outputs: &mut Outputs) {
        let model = &mut self.model;
        if inputs.changed.has(Changed::RESET) {
            model.set(self.reset, u64::from(inputs.reset));
            model.set(self.maximum_payload, u64::from(inputs.maximum_write));
            model.set(self.maximum_read, u64::from(inputs.maximum_read));
            if inputs.reset {
                self.root = RootComplex::new(self.bytes);
            }
        }
        self.rx.drive(model, inputs);
        model.set(self.tx.ready, u64::from(inputs.tx_ready));
        inputs.changed = Changed::default();
        model.set(self.requests.ready, u64::from(self.root.has_room()));
        self.completions.offer(model, self.root.completions.front());
        self.accesses.offer(model, self.root.accesses.front());
        model.set(self.number_valid, u64::from(self.root.number().is_some()));
        model.set(self.number, self.root.number().unwrap_or_default());
        model.eval();
        self.tx.see(model, outputs);
        outputs.rx_ready = model.get(self.rx.ready) != 0;
        self.root.show(outputs);
        self.seen = (inputs.clone(), outputs.clone());
    }

    fn edge(&mut self) {
        let (inputs, outputs) = &self.seen;
        if !inputs.reset {
            let model = &self.model;
            if model.get(self.completions.valid) & model.get(self.completions.ready) != 0 {
                self.root.completions.pop_front();
            }
            if model.get(self.accesses.valid) & model.get(self.accesses.ready) != 0 {
                self.root.accesses.pop_front();
            }
            self.root.step(inputs, outputs, model.get(self.grant) != 0);
            if let Some(beat) = self.requests.taken(model) {
                self.root.take(&beat);
            }
            if let Some(beat) = self.answers.taken(model) {
                self.root.answer(&beat);
            }
        }
        self.model.step();
    }

    /// Bursts are on their way through the adapter when the engine acknowledges what they carry; the bus keeps them in
    /// front of all that tells the host of them.
    fn places_before_it_acknowledges(&self) -> bool {
        false
    }
}
