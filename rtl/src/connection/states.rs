//! Sets of connection states (RFC 9293 3.3.2) the stages ask for. They are told apart once, a stage before the
//! decisions that need them.
use crate::bundles::TcpState;
use stevedore_hdl::prelude::*;

/// What may happen in a state.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct States {
    /// Our SYN is not acknowledged yet.
    pub handshake: bool,
    /// The host may post bytes.
    pub flowing: bool,
    /// Data and FIN may leave.
    pub sending: bool,
    /// Data may arrive.
    pub receiving: bool,
    /// A segment with an acknowledgement may leave.
    pub synchronized: bool,
}

/// The sets `state` belongs to.
#[kernel_fn]
pub fn states_of(state: TcpState) -> States {
    let flowing = state == TcpState::Established || state == TcpState::CloseWait;
    let ours = state == TcpState::FinWait1 || state == TcpState::Closing || state == TcpState::LastAck;
    let received = state == TcpState::SynReceived;
    States {
        handshake: state == TcpState::SynSent || received,
        flowing,
        sending: flowing || ours,
        receiving: state == TcpState::Established || state == TcpState::FinWait1 || state == TcpState::FinWait2,
        synchronized: flowing || ours || received || state == TcpState::FinWait2 || state == TcpState::TimeWait,
    }
}
