//! The AXI4-Lite port bundle of the register file.
use stevedore_hdl::prelude::*;

/// AXI4-Lite subordinate port, 32-bit data, 12-bit byte addresses.
#[derive(LogicInterface, Default)]
pub struct AxiLite {
    /// Write address.
    pub awaddr: Signal<In, Bits<12>>,
    /// Write address valid.
    pub awvalid: Signal<In, bool>,
    /// Write address taken.
    pub awready: Signal<Out, bool>,
    /// Write data.
    pub wdata: Signal<In, Bits<32>>,
    /// Write byte strobes; anything but all ones is answered with SLVERR.
    pub wstrb: Signal<In, Bits<4>>,
    /// Write data valid.
    pub wvalid: Signal<In, bool>,
    /// Write data taken.
    pub wready: Signal<Out, bool>,
    /// Write response: 0 OKAY, 2 SLVERR.
    pub bresp: Signal<Out, Bits<2>>,
    /// Write response valid.
    pub bvalid: Signal<Out, bool>,
    /// Write response taken.
    pub bready: Signal<In, bool>,
    /// Read address.
    pub araddr: Signal<In, Bits<12>>,
    /// Read address valid.
    pub arvalid: Signal<In, bool>,
    /// Read address taken.
    pub arready: Signal<Out, bool>,
    /// Read data.
    pub rdata: Signal<Out, Bits<32>>,
    /// Read response: 0 OKAY, 2 SLVERR.
    pub rresp: Signal<Out, Bits<2>>,
    /// Read data valid.
    pub rvalid: Signal<Out, bool>,
    /// Read data taken.
    pub rready: Signal<In, bool>,
}

/// AXI4-Lite manager port: the other end of [`AxiLite`].
#[derive(LogicInterface, Default)]
pub struct AxiLiteManager {
    /// Write address.
    pub awaddr: Signal<Out, Bits<12>>,
    /// Write address valid.
    pub awvalid: Signal<Out, bool>,
    /// Write address taken.
    pub awready: Signal<In, bool>,
    /// Write data.
    pub wdata: Signal<Out, Bits<32>>,
    /// Write byte strobes.
    pub wstrb: Signal<Out, Bits<4>>,
    /// Write data valid.
    pub wvalid: Signal<Out, bool>,
    /// Write data taken.
    pub wready: Signal<In, bool>,
    /// Write response: 0 OKAY, 2 SLVERR.
    pub bresp: Signal<In, Bits<2>>,
    /// Write response valid.
    pub bvalid: Signal<In, bool>,
    /// Write response taken.
    pub bready: Signal<Out, bool>,
    /// Read address.
    pub araddr: Signal<Out, Bits<12>>,
    /// Read address valid.
    pub arvalid: Signal<Out, bool>,
    /// Read address taken.
    pub arready: Signal<In, bool>,
    /// Read data.
    pub rdata: Signal<In, Bits<32>>,
    /// Read response: 0 OKAY, 2 SLVERR.
    pub rresp: Signal<In, Bits<2>>,
    /// Read data valid.
    pub rvalid: Signal<In, bool>,
    /// Read data taken.
    pub rready: Signal<Out, bool>,
}
