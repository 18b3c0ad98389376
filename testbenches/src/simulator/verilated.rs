//! The RTL as an engine: every port found once by name, then read and written at a fixed place.

use super::ports::{Changed, EnginePorts, Inputs, Outputs, Word};
use anyhow::{ensure, Context, Result};
use stevedore_verilated::{Model, Port, Source};

/// Stream ports of one direction.
struct Stream {
    data: Port,
    keep: Port,
    last: Port,
    error: Option<Port>,
    valid: Port,
    ready: Port,
}

/// A Verilated top with the engine's port names.
pub struct VerilatedEngine {
    model: Model,
    bytes: usize,
    reset: Port,
    awaddr: Port,
    awvalid: Port,
    awready: Port,
    wdata: Port,
    wstrb: Port,
    wvalid: Port,
    wready: Port,
    bresp: Port,
    bvalid: Port,
    bready: Port,
    araddr: Port,
    arvalid: Port,
    arready: Port,
    rdata: Port,
    rresp: Port,
    rvalid: Port,
    rready: Port,
    rx: Stream,
    tx: Stream,
    request_address: Port,
    request_length: Port,
    request_tag: Port,
    request_valid: Port,
    request_ready: Port,
    completion_data: Port,
    completion_tag: Port,
    completion_last: Port,
    completion_error: Port,
    completion_valid: Port,
    completion_ready: Port,
    write_address: Port,
    write_data: Port,
    write_strobe: Port,
    write_last: Port,
    write_may_pass: Port,
    write_valid: Port,
    write_ready: Port,
    interrupt: Port,
    maximum_read: Port,
    maximum_write: Port,
    halt: Port,
    halted: Port,
}

impl VerilatedEngine {
    /// Builds the model, or finds it built.
    pub fn build(source: &Source) -> Result<Self> {
        Self::new(Model::build(source)?)
    }

    /// Finds the ports of a model.
    pub fn new(model: Model) -> Result<Self> {
        let port = |name: &str| model.find_port(name).with_context(|| format!("the engine has no port {name}"));
        let stream = |prefix: &str| -> Result<Stream> {
            Ok(Stream {
                data: port(&format!("{prefix}_tdata"))?,
                keep: port(&format!("{prefix}_tkeep"))?,
                last: port(&format!("{prefix}_tlast"))?,
                error: model.find_port(&format!("{prefix}_tuser")),
                valid: port(&format!("{prefix}_tvalid"))?,
                ready: port(&format!("{prefix}_tready"))?,
            })
        };
        let (rx, tx) = (stream("s_axis_rx")?, stream("m_axis_tx")?);
        let bytes = tx.data.width() as usize / 8;
        ensure!(bytes == 8 || bytes == 64, "streams of {bytes} bytes");
        let mut engine = VerilatedEngine {
            bytes,
            reset: port("reset")?,
            awaddr: port("s_axil_awaddr")?,
            awvalid: port("s_axil_awvalid")?,
            awready: port("s_axil_awready")?,
            wdata: port("s_axil_wdata")?,
            wstrb: port("s_axil_wstrb")?,
            wvalid: port("s_axil_wvalid")?,
            wready: port("s_axil_wready")?,
            bresp: port("s_axil_bresp")?,
            bvalid: port("s_axil_bvalid")?,
            bready: port("s_axil_bready")?,
            araddr: port("s_axil_araddr")?,
            arvalid: port("s_axil_arvalid")?,
            arready: port("s_axil_arready")?,
            rdata: port("s_axil_rdata")?,
            rresp: port("s_axil_rresp")?,
            rvalid: port("s_axil_rvalid")?,
            rready: port("s_axil_rready")?,
            rx,
            tx,
            request_address: port("m_axis_rdreq_address")?,
            request_length: port("m_axis_rdreq_length")?,
            request_tag: port("m_axis_rdreq_tag")?,
            request_valid: port("m_axis_rdreq_tvalid")?,
            request_ready: port("m_axis_rdreq_tready")?,
            completion_data: port("s_axis_rdcpl_tdata")?,
            completion_tag: port("s_axis_rdcpl_tag")?,
            completion_last: port("s_axis_rdcpl_tlast")?,
            completion_error: port("s_axis_rdcpl_error")?,
            completion_valid: port("s_axis_rdcpl_tvalid")?,
            completion_ready: port("s_axis_rdcpl_tready")?,
            write_address: port("m_axis_wr_address")?,
            write_data: port("m_axis_wr_tdata")?,
            write_strobe: port("m_axis_wr_tstrb")?,
            write_last: port("m_axis_wr_tlast")?,
            write_may_pass: port("m_axis_wr_tuser")?,
            write_valid: port("m_axis_wr_tvalid")?,
            write_ready: port("m_axis_wr_tready")?,
            interrupt: port("interrupt").or_else(|_| port("irq"))?,
            maximum_read: port("maximum_read")?,
            maximum_write: port("maximum_write")?,
            halt: port("halt")?,
            halted: port("halted")?,
            model,
        };
        engine.model.set(engine.wstrb, 0xf);
        Ok(engine)
    }

    /// The model, for ports that are not the engine's.
    pub fn model(&self) -> &Model {
        &self.model
    }

    #[inline]
    fn set_word(&mut self, port: Port, word: &Word) {
        if self.bytes == 8 {
            self.model.set(port, word[0]);
        } else {
            let mut words = [0; 16];
            for (pair, lane) in words.chunks_exact_mut(2).zip(word) {
                pair[0] = *lane as u32;
                pair[1] = (*lane >> 32) as u32;
            }
            self.model.set_wide(port, &words);
        }
    }

    #[inline]
    fn get_word(&self, port: Port, word: &mut Word) {
        if self.bytes == 8 {
            word[0] = self.model.get(port);
        } else {
            let mut words = [0; 16];
            self.model.get_wide(port, &mut words);
            for (pair, lane) in words.chunks_exact(2).zip(word) {
                *lane = u64::from(pair[0]) | u64::from(pair[1]) << 32;
            }
        }
    }

    #[inline]
    fn bit(&self, port: Port) -> bool {
        self.model.get(port) != 0
    }

    fn set_inputs(&mut self, inputs: &Inputs) {
        let changed = inputs.changed;
        if changed.has(Changed::RX) {
            self.model.set(self.rx.valid, u64::from(inputs.rx_valid));
            if inputs.rx_valid {
                self.set_word(self.rx.data, &inputs.rx_data);
                self.model.set(self.rx.keep, inputs.rx_keep);
                self.model.set(self.rx.last, u64::from(inputs.rx_last));
                if let Some(error) = self.rx.error {
                    self.model.set(error, u64::from(inputs.rx_error));
                }
            }
        }
        if changed.has(Changed::COMPLETION) {
            self.model.set(self.completion_valid, u64::from(inputs.completion_valid));
            if inputs.completion_valid {
                self.set_word(self.completion_data, &inputs.completion_data);
                self.model.set(self.completion_tag, u64::from(inputs.completion_tag));
                self.model.set(self.completion_last, u64::from(inputs.completion_last));
                self.model.set(self.completion_error, u64::from(inputs.completion_error));
            }
        }
        if changed.has(Changed::READY) {
            self.model.set(self.tx.ready, u64::from(inputs.tx_ready));
            self.model.set(self.request_ready, u64::from(inputs.request_ready));
            self.model.set(self.write_ready, u64::from(inputs.write_ready));
        }
        if changed.has(Changed::REGISTERS) {
            self.model.set(self.awvalid, u64::from(inputs.awvalid));
            self.model.set(self.wvalid, u64::from(inputs.wvalid));
            self.model.set(self.bready, u64::from(inputs.bready));
            self.model.set(self.arvalid, u64::from(inputs.arvalid));
            self.model.set(self.rready, u64::from(inputs.rready));
            let mask = (1 << self.awaddr.width()) - 1;
            self.model.set(self.awaddr, u64::from(inputs.awaddr) & mask);
            self.model.set(self.araddr, u64::from(inputs.araddr) & mask);
            self.model.set(self.wdata, u64::from(inputs.wdata));
        }
        if changed.has(Changed::RESET) {
            self.model.set(self.reset, u64::from(inputs.reset));
            self.model.set(self.maximum_read, u64::from(inputs.maximum_read));
            self.model.set(self.maximum_write, u64::from(inputs.maximum_write));
            self.model.set(self.halt, u64::from(inputs.halt));
        }
    }
}

impl EnginePorts for VerilatedEngine {
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn settle(&mut self, inputs: &mut Inputs, outputs: &mut Outputs) {
        if !inputs.changed.is_empty() {
            self.set_inputs(inputs);
            inputs.changed = Changed::default();
            self.model.eval();
        }
        outputs.awready = self.bit(self.awready);
        outputs.wready = self.bit(self.wready);
        outputs.arready = self.bit(self.arready);
        outputs.bvalid = self.bit(self.bvalid);
        if outputs.bvalid {
            outputs.bresp = self.model.get(self.bresp) as u8;
        }
        outputs.rvalid = self.bit(self.rvalid);
        if outputs.rvalid {
            outputs.rdata = self.model.get(self.rdata) as u32;
            outputs.rresp = self.model.get(self.rresp) as u8;
        }
        outputs.rx_ready = self.bit(self.rx.ready);
        outputs.completion_ready = self.bit(self.completion_ready);
        outputs.interrupt = self.bit(self.interrupt);
        outputs.halted = self.bit(self.halted);
        outputs.tx_valid = self.bit(self.tx.valid);
        if outputs.tx_valid {
            self.get_word(self.tx.data, &mut outputs.tx_data);
            outputs.tx_keep = self.model.get(self.tx.keep);
            outputs.tx_last = self.bit(self.tx.last);
            outputs.tx_error = self.tx.error.is_some_and(|error| self.bit(error));
        }
        outputs.request_valid = self.bit(self.request_valid);
        if outputs.request_valid {
            outputs.request_address = self.model.get(self.request_address);
            outputs.request_length = self.model.get(self.request_length) as u32;
            outputs.request_tag = self.model.get(self.request_tag) as u8;
        }
        outputs.write_valid = self.bit(self.write_valid);
        if outputs.write_valid {
            outputs.write_address = self.model.get(self.write_address);
            self.get_word(self.write_data, &mut outputs.write_data);
            outputs.write_strobe = self.model.get(self.write_strobe);
            outputs.write_last = self.bit(self.write_last);
            outputs.write_may_pass = self.bit(self.write_may_pass);
        }
    }

    #[inline]
    fn edge(&mut self) {
        self.model.step();
    }
}
