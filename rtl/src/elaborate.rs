//! The engine's Verilog. The streams' widths are types: both engines are instantiated here, once, so that whoever only
//! wants text need not compile them again.
use crate::engine::Engine;
use crate::geometry::Geometry;
use crate::link::{LinkParameters, LinkedEngine};
use crate::pcie::Card;
use stevedore_hdl::prelude::*;

/// The Verilog of an engine of this geometry, its outermost module called `top`; none if there is no engine of that
/// width.
pub fn verilog(geometry: &Geometry, top: &'static str) -> Option<String> {
    let wanted = *geometry;
    match wanted.width {
        64 => Some(with_big_stack(move || stevedore_hdl::verilog(&Engine::<64, 8>::new(&wanted), top))),
        512 => Some(with_big_stack(move || stevedore_hdl::verilog(&Engine::<512, 64>::new(&wanted), top))),
        _ => None,
    }
}

/// The Verilog of a PCIe card with an engine of this geometry, its outermost module called `top`; none if there is no
/// engine of that width.
pub fn card_verilog(geometry: &Geometry, top: &'static str) -> Option<String> {
    let wanted = *geometry;
    match wanted.width {
        64 => Some(with_big_stack(move || stevedore_hdl::verilog(&Card::<64, 8>::new(&wanted), top))),
        512 => Some(with_big_stack(move || stevedore_hdl::verilog(&Card::<512, 64>::new(&wanted), top))),
        _ => None,
    }
}

/// The Verilog of an engine of this geometry behind a host link; none if its streams do not have 64 bits.
pub fn linked(geometry: &Geometry, parameters: &LinkParameters, top: &'static str) -> Option<String> {
    let (wanted, parameters) = (*geometry, *parameters);
    (wanted.width == 64)
        .then(|| with_big_stack(move || stevedore_hdl::verilog(&LinkedEngine::new(&wanted, &parameters), top)))
}
