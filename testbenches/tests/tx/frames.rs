//! What a frame must be, judged by a parser nobody here wrote.
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use stevedore_rtl::bundles::*;
use stevedore_testbenches::replay::number;

/// A frame that must come.
#[derive(Clone, Debug)]
pub struct Expected {
    pub address: Address,
    pub sequence: u32,
    pub acknowledgement: u32,
    pub window: u16,
    pub control: ControlBits,
    pub options: Options,
    pub payload: Vec<u8>,
}

impl Expected {
    pub fn of_reset(reset: &ResetOut) -> Self {
        Expected {
            address: Address { tuple: reset.tuple, remote_mac: reset.remote_mac, ..Default::default() },
            sequence: number(reset.sequence) as u32,
            acknowledgement: number(reset.acknowledgement) as u32,
            window: 0,
            control: ControlBits { rst: true, ack: reset.ack, ..Default::default() },
            options: Options::default(),
            payload: vec![],
        }
    }

    /// Panics unless `frame` is this one.
    pub fn check(&self, frame: &[u8], settings: &Settings) {
        let packet = SlicedPacket::from_ethernet(frame).unwrap_or_else(|error| panic!("{error}: {frame:02x?}"));
        let ethernet = packet.link.as_ref().unwrap().to_header().unwrap().ethernet2().unwrap();
        assert_eq!(ethernet.destination, mac(number(self.address.remote_mac)));
        assert_eq!(ethernet.source, mac(number(settings.mac)));

        let Some(NetSlice::Ipv4(ip)) = &packet.net else { panic!("not IPv4: {frame:02x?}") };
        let header = ip.header();
        let options = self.option_bytes();
        let header_length = 20 + options.len();
        assert_eq!(usize::from(header.total_len()), 20 + header_length + self.payload.len());
        assert_eq!(header.header_checksum(), header.to_header().calc_header_checksum(), "IP checksum of {frame:02x?}");
        assert_eq!(header.ttl(), 64);
        assert!(header.dont_fragment() && !header.more_fragments() && header.fragments_offset().value() == 0);
        assert_eq!(header.source(), (number(settings.ip_address) as u32).to_be_bytes());
        assert_eq!(header.destination(), (number(self.address.tuple.remote_address) as u32).to_be_bytes());
        let length = (34 + header_length + self.payload.len()).max(60);
        assert_eq!(frame.len(), length, "length of the frame");
        assert!(frame[34 + header_length + self.payload.len()..].iter().all(|byte| *byte == 0), "padding {frame:02x?}");

        let Some(TransportSlice::Tcp(tcp)) = &packet.transport else { panic!("not TCP: {frame:02x?}") };
        assert_eq!(tcp.payload(), self.payload, "payload");
        assert_eq!(
            tcp.checksum(),
            tcp.calc_checksum_ipv4(header.source(), header.destination()).unwrap(),
            "{frame:02x?}"
        );
        assert_eq!(u64::from(tcp.source_port()), number(self.address.tuple.local_port));
        assert_eq!(u64::from(tcp.destination_port()), number(self.address.tuple.remote_port));
        assert_eq!(tcp.sequence_number(), self.sequence);
        let acknowledgement = if self.control.ack { self.acknowledgement } else { 0 };
        assert_eq!(tcp.acknowledgment_number(), acknowledgement);
        assert_eq!(tcp.window_size(), self.window);
        let control = ControlBits { fin: tcp.fin(), syn: tcp.syn(), rst: tcp.rst(), psh: tcp.psh(), ack: tcp.ack() };
        assert_eq!(control, self.control);
        assert!(!tcp.urg() && !tcp.ece() && !tcp.cwr() && tcp.urgent_pointer() == 0);
        assert_eq!(tcp.options(), options);
    }

    /// RFC 9293 3.7.1, RFC 7323 2.2: MSS first, window scale behind a no-operation.
    fn option_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![];
        if self.options.mss.present {
            bytes.extend([2, 4]);
            bytes.extend((number(self.options.mss.value) as u16).to_be_bytes());
        }
        if self.options.window_scale.present {
            bytes.extend([1, 3, 3, number(self.options.window_scale.value) as u8]);
        }
        bytes
    }
}

fn mac(address: u64) -> [u8; 6] {
    address.to_be_bytes()[2..].try_into().unwrap()
}
