//! The ABI's codes as the kernels use them: numbers of 64 bits, to be cut to their field's width.
use stevedore_abi::{descriptor::flag, Request, Response, Status};

/// Types of requests (H2).
pub mod request {
    use super::Request;
    /// `Request::BufferSend`.
    pub const BUFFER_SEND: u64 = Request::BufferSend as u64;
    /// `Request::BufferAvailable`.
    pub const BUFFER_AVAILABLE: u64 = Request::BufferAvailable as u64;
    /// `Request::Connect`.
    pub const CONNECT: u64 = Request::Connect as u64;
    /// `Request::Termination`.
    pub const TERMINATION: u64 = Request::Termination as u64;
    /// `Request::Listen`.
    pub const LISTEN: u64 = Request::Listen as u64;
    /// `Request::Cancellation`.
    pub const CANCELLATION: u64 = Request::Cancellation as u64;
    /// `Request::ConnectionAttribute`.
    pub const CONNECTION_ATTRIBUTE: u64 = Request::ConnectionAttribute as u64;
    /// `Request::AdapterAttribute`.
    pub const ADAPTER_ATTRIBUTE: u64 = Request::AdapterAttribute as u64;
}

/// Types of responses (H3).
pub mod response {
    use super::Response;
    /// `Response::BufferReceive`.
    pub const BUFFER_RECEIVE: u64 = Response::BufferReceive as u64;
    /// `Response::BufferAvailable`.
    pub const BUFFER_AVAILABLE: u64 = Response::BufferAvailable as u64;
    /// `Response::ConnectionArrival`.
    pub const ARRIVAL: u64 = Response::ConnectionArrival as u64;
    /// `Response::ConnectionCompletion`.
    pub const COMPLETION: u64 = Response::ConnectionCompletion as u64;
    /// `Response::ListenResponse`.
    pub const LISTEN: u64 = Response::ListenResponse as u64;
    /// `Response::TerminationResponse`.
    pub const TERMINATION: u64 = Response::TerminationResponse as u64;
    /// `Response::CancellationResponse`.
    pub const CANCELLATION: u64 = Response::CancellationResponse as u64;
    /// `Response::ConnectionAttribute`.
    pub const CONNECTION_ATTRIBUTE: u64 = Response::ConnectionAttribute as u64;
    /// `Response::AdapterAttribute`.
    pub const ADAPTER_ATTRIBUTE: u64 = Response::AdapterAttribute as u64;
    /// `Response::Invalid`.
    pub const INVALID: u64 = Response::Invalid as u64;
}

/// Status codes of responses.
pub mod status {
    use super::Status;
    /// `Status::Success`.
    pub const SUCCESS: u64 = Status::Success as u64;
    /// `Status::UnknownType`.
    pub const UNKNOWN_TYPE: u64 = Status::UnknownType as u64;
    /// `Status::UnknownConnection`.
    pub const UNKNOWN_CONNECTION: u64 = Status::UnknownConnection as u64;
    /// `Status::BadLength`.
    pub const BAD_LENGTH: u64 = Status::BadLength as u64;
    /// `Status::Unsupported`.
    pub const UNSUPPORTED: u64 = Status::Unsupported as u64;
    /// `Status::NoRoom`.
    pub const NO_ROOM: u64 = Status::NoRoom as u64;
    /// `Status::AddressInUse`.
    pub const ADDRESS_IN_USE: u64 = Status::AddressInUse as u64;
    /// `Status::Reset`.
    pub const RESET: u64 = Status::Reset as u64;
    /// `Status::TimedOut`.
    pub const TIMED_OUT: u64 = Status::TimedOut as u64;
    /// `Status::Aborted`.
    pub const ABORTED: u64 = Status::Aborted as u64;
    /// `Status::Closing`.
    pub const CLOSING: u64 = Status::Closing as u64;
    /// `Status::BusError`.
    pub const BUS_ERROR: u64 = Status::BusError as u64;
    /// `Status::BadOwner`.
    pub const BAD_OWNER: u64 = Status::BadOwner as u64;
    /// `Status::BadArgument`.
    pub const BAD_ARGUMENT: u64 = Status::BadArgument as u64;
}

/// Bit of the flag that turns a termination into a reset.
pub const ABORT_BIT: usize = flag::ABORT.trailing_zeros() as usize;
/// Flags of a response: the buffer is handed back.
pub const HANDED_BACK: u64 = flag::HANDED_BACK as u64;
/// Flags of a response: the peer's direction is closed.
pub const END_OF_STREAM: u64 = flag::END_OF_STREAM as u64;
