//! The connection record: hard state, whose loss breaks the protocol, and soft state, which traffic rebuilds (F1).
use stevedore_hdl::prelude::*;

/// RFC 9293 3.3.2. CLOSED is the reset value of every slot.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
pub enum TcpState {
    /// No connection.
    #[default]
    Closed,
    /// Waiting for SYN segments.
    Listen,
    /// SYN sent.
    SynSent,
    /// SYN received, SYN-ACK to be acknowledged.
    SynReceived,
    /// Data flows.
    Established,
    /// Our FIN is out, nothing of it acknowledged.
    FinWait1,
    /// Our FIN is acknowledged.
    FinWait2,
    /// The peer's FIN came first; the host has not closed yet.
    CloseWait,
    /// Both FINs are out, ours is not acknowledged.
    Closing,
    /// Our FIN, sent after the peer's, is not acknowledged.
    LastAck,
    /// Both are acknowledged; old segments may still come.
    TimeWait,
}

/// What is still to be said about a connection that is over: the teardown that the next turn to send sends to both
/// chains.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
pub enum Farewell {
    /// Nothing.
    #[default]
    None,
    /// The host never heard of the connection, or has its last word already: only free the slot.
    Silent,
    /// TIME-WAIT begins: TerminationResponse Success, the slot stays.
    Parted,
    /// TerminationResponse Success, the slot is free.
    Closed,
    /// TerminationResponse Reset.
    Reset,
    /// TerminationResponse TimedOut.
    TimedOut,
    /// TerminationResponse Aborted.
    Aborted,
    /// ConnectionCompletion Reset: the peer refused.
    Refused,
    /// ConnectionCompletion TimedOut.
    Unanswered,
    /// ConnectionCompletion UnknownConnection: the connect request named something that is no listener.
    Unlent,
    /// ConnectionCompletion Aborted: the listener that promised a buffer is gone.
    Orphaned,
}

/// Hard state. The 4-tuple lives with the lookup; chain heads and offsets live with the chains.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Hard {
    /// TCP state.
    pub state: TcpState,
    /// Generation of the slot.
    pub generation: Bits<16>,
    /// Cookie of the connect or listen request.
    pub cookie: Bits<32>,
    /// SND.UNA: oldest unacknowledged sequence number.
    pub snd_una: Bits<32>,
    /// SND.NXT: next sequence number to be sent; falls back to SND.UNA on a time-out.
    pub snd_nxt: Bits<32>,
    /// Highest sequence number ever sent, plus one.
    pub snd_max: Bits<32>,
    /// Sequence number behind the last byte the host posted; the FIN takes this number.
    pub snd_end: Bits<32>,
    /// RCV.NXT: next sequence number expected.
    pub rcv_nxt: Bits<32>,
    /// Posted room not yet filled, bytes. While `promised`: that of the buffer promised. In LISTEN: the length of every
    /// buffer posted to the listener, 0 before the first.
    pub rcv_room: Bits<32>,
    /// The handshake is not complete, and a buffer of the listener that `soft.recover` names is promised to the
    /// connection, which ends with that listener (`connection/listening.rs`).
    pub promised: bool,
    /// The host asked for an orderly close: a FIN follows the last posted byte.
    pub fin_wanted: bool,
    /// MSS used for sending.
    pub snd_mss: Bits<16>,
    /// Both SYN segments have the window scale option (RFC 7323 2). In SYN-SENT: ours has it.
    pub scaled: bool,
    /// Snd.Wind.Shift: the peer's windows are announced shifted right by this.
    pub snd_scale: Bits<4>,
    /// The host opened the connection (Connect), it did not come through a listener.
    pub active: bool,
    /// The teardown still to be sent to the chains.
    pub farewell: Farewell,
    /// A reset must leave before the teardown (the host aborts).
    pub reset_now: bool,
}

/// Soft state.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Soft {
    /// SND.WND, in bytes.
    pub snd_wnd: Bits<32>,
    /// MAX.SND.WND: the largest window the peer ever announced, in bytes (RFC 9293 3.8.6.2.1).
    pub snd_wnd_max: Bits<30>,
    /// SND.WL1: sequence number of the last window update.
    pub snd_wl1: Bits<32>,
    /// SND.WL2: acknowledgement number of the last window update.
    pub snd_wl2: Bits<32>,
    /// Right edge of the window last announced (RCV.NXT + RCV.WND at that time).
    pub rcv_adv: Bits<32>,
    /// Congestion window, bytes (RFC 5681).
    pub cwnd: Bits<24>,
    /// cwnd and what limited transmit adds to it: a segment for each of the first two duplicate acknowledgements (RFC
    /// 3042).
    pub send_limit: Bits<24>,
    /// Slow start threshold, bytes.
    pub ssthresh: Bits<24>,
    /// Bytes acknowledged since the window last grew in congestion avoidance (RFC 3465).
    pub cwnd_credit: Bits<24>,
    /// Duplicate acknowledgements in a row.
    pub duplicate_acks: Bits<3>,
    /// In fast recovery until this is acknowledged (RFC 6582). In SYN-SENT and SYN-RECEIVED: the slot `[15:0]` and the
    /// generation `[31:16]` of the listener that accepts the connection, or was asked for a buffer.
    pub recover: Bits<32>,
    /// `recover` is in force.
    pub recovering: bool,
    /// Duplicate acknowledgements start no recovery until `recover` is passed (RFC 6582 3.2, step 2).
    pub guarded: bool,
    /// Smoothed round-trip time, 1/8 microseconds (RFC 6298); 0 before the first sample.
    pub srtt: Bits<27>,
    /// Round-trip time variation, 1/4 microseconds.
    pub rttvar: Bits<26>,
    /// Retransmission time-out in force, back-off included, microseconds; 0: to be computed from the two above.
    pub rto: Bits<27>,
    /// An RTT sample is running: it ends when `timed_sequence` is acknowledged (Karn: never on a retransmission).
    pub timing: bool,
    /// Sequence number whose acknowledgement ends the sample.
    pub timed_sequence: Bits<32>,
    /// When the sample began, microseconds.
    pub timed_at: Bits<32>,
    /// Retransmissions in a row.
    pub backoff: Bits<8>,
    /// The segment at SND.UNA was sent again because of a time-out.
    pub resent: bool,
    /// The retransmission (or persist, or TIME-WAIT) timer runs.
    pub timer_armed: bool,
    /// When it fires, microseconds.
    pub timer_deadline: Bits<33>,
    /// The delayed acknowledgement timer runs.
    pub ack_armed: bool,
    /// When it fires.
    pub ack_deadline: Bits<24>,
    /// Unacknowledged segments with payload received (RFC 5681 4.2: acknowledge at least every second).
    pub ack_owed: Bits<2>,
    /// Placed bytes wait for their response.
    pub notify_armed: bool,
    /// When they must be reported.
    pub notify_deadline: Bits<24>,
    /// An acknowledgement must leave at the next turn to send.
    pub ack_now: bool,
    /// The segment at SND.UNA must be sent again at the next turn (fast retransmit).
    pub retransmit_now: bool,
    /// One byte beyond the window must be sent at the next turn (zero-window probe).
    pub probe_now: bool,
    /// Answers to unacceptable segments in this interval (RFC 5961 7).
    pub challenges: Bits<4>,
    /// Which interval: it alternates.
    pub interval: bool,
    /// The connection waits in the scheduler's queue: it must not be queued twice.
    pub queued: bool,
}

/// One row of the connection table.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct ConnectionRecord {
    /// Hard state.
    pub hard: Hard,
    /// Soft state.
    pub soft: Soft,
}
