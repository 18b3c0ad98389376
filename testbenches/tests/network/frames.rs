//! Frames, octet by octet.

pub const OWN_MAC: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x44, 0x01];
pub const OWN_IP: u32 = 0x0a00_0001;
pub const NETMASK: u32 = 0xffff_ff00;
pub const GATEWAY: u32 = 0x0a00_00fe;
pub const BROADCAST: [u8; 6] = [0xff; 6];

/// A neighbour's MAC, made of its address.
pub fn mac_of(ip: u32) -> [u8; 6] {
    let [a, b, c, d] = ip.to_be_bytes();
    [0x06, 0x11, a, b, c, d]
}

/// An ARP packet (RFC 826).
#[derive(Clone, Debug, PartialEq)]
pub struct Arp {
    pub destination: [u8; 6],
    pub source: [u8; 6],
    pub operation: u16,
    pub sender_mac: [u8; 6],
    pub sender_ip: u32,
    pub target_mac: [u8; 6],
    pub target_ip: u32,
}

impl Arp {
    /// `ip` asks for the engine's MAC.
    pub fn question(ip: u32) -> Arp {
        let (sender_mac, target_mac) = (mac_of(ip), [0; 6]);
        Arp {
            destination: BROADCAST,
            source: sender_mac,
            operation: 1,
            sender_mac,
            sender_ip: ip,
            target_mac,
            target_ip: OWN_IP,
        }
    }

    /// `ip` answers the engine's question.
    pub fn answer(ip: u32) -> Arp {
        Arp { destination: OWN_MAC, operation: 2, target_mac: OWN_MAC, ..Arp::question(ip) }
    }

    /// What the engine must answer.
    pub fn reply(&self) -> Arp {
        let (destination, target_mac, target_ip) = (self.sender_mac, self.sender_mac, self.sender_ip);
        Arp {
            destination,
            source: OWN_MAC,
            operation: 2,
            sender_mac: OWN_MAC,
            sender_ip: OWN_IP,
            target_mac,
            target_ip,
        }
    }

    /// What the engine must ask.
    pub fn question_for(ip: u32) -> Arp {
        let target_mac = [0; 6];
        Arp {
            destination: BROADCAST,
            source: OWN_MAC,
            operation: 1,
            sender_mac: OWN_MAC,
            sender_ip: OWN_IP,
            target_mac,
            target_ip: ip,
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = [&self.destination[..], &self.source, &[0x08, 0x06, 0, 1, 8, 0, 6, 4]].concat();
        bytes.extend(self.operation.to_be_bytes());
        bytes.extend(self.sender_mac);
        bytes.extend(self.sender_ip.to_be_bytes());
        bytes.extend(self.target_mac);
        bytes.extend(self.target_ip.to_be_bytes());
        bytes.resize(60, 0);
        bytes
    }
}

/// Ones' complement sum of 16-bit words, complemented (RFC 1071).
pub fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !sum as u16
}

/// An ICMP echo message.
#[derive(Clone, Debug)]
pub struct Echo {
    pub destination: [u8; 6],
    pub source: [u8; 6],
    pub service: u8,
    pub identification: u16,
    pub fragment: u16,
    pub lifetime: u8,
    pub source_ip: u32,
    pub destination_ip: u32,
    pub kind: u8,
    pub code: u8,
    pub identity: [u8; 4],
    pub data: Vec<u8>,
}

impl Echo {
    pub fn request(ip: u32, data: Vec<u8>) -> Echo {
        Echo {
            destination: OWN_MAC,
            source: mac_of(ip),
            service: 0,
            identification: 0x1234,
            fragment: 0x4000,
            lifetime: 64,
            source_ip: ip,
            destination_ip: OWN_IP,
            kind: 8,
            code: 0,
            identity: [1, 2, 3, 4],
            data,
        }
    }

    /// What the engine must answer.
    pub fn reply(&self) -> Echo {
        Echo {
            destination: self.source,
            source: OWN_MAC,
            lifetime: 64,
            source_ip: self.destination_ip,
            destination_ip: self.source_ip,
            kind: 0,
            ..self.clone()
        }
    }

    /// The frame, padded with `padding`.
    pub fn padded(&self, padding: u8) -> Vec<u8> {
        let mut ip = vec![0x45, self.service];
        ip.extend((28 + self.data.len() as u16).to_be_bytes());
        ip.extend(self.identification.to_be_bytes());
        ip.extend(self.fragment.to_be_bytes());
        ip.extend([self.lifetime, 1, 0, 0]);
        ip.extend(self.source_ip.to_be_bytes());
        ip.extend(self.destination_ip.to_be_bytes());
        let sum = checksum(&ip);
        ip[10..12].copy_from_slice(&sum.to_be_bytes());
        let mut icmp = [&[self.kind, self.code, 0, 0][..], &self.identity, &self.data].concat();
        let sum = checksum(&icmp);
        icmp[2..4].copy_from_slice(&sum.to_be_bytes());
        let mut bytes = [&self.destination[..], &self.source, &[8, 0], &ip, &icmp].concat();
        if bytes.len() < 60 {
            bytes.resize(60, padding);
        }
        bytes
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.padded(0)
    }
}

/// A connection request to `to`, whose checksums are right.
pub fn syn(source: [u8; 6], from: u32, to: u32) -> Vec<u8> {
    segment(source, from, to, [4000, 80], [1000, 0], 2)
}

/// A segment without payload, whose checksums are right: from port to port, SEG.SEQ and SEG.ACK, control bits.
pub fn segment(source: [u8; 6], from: u32, to: u32, ports: [u16; 2], numbers: [u32; 2], control: u8) -> Vec<u8> {
    segment_with(source, from, to, ports, numbers, control, &[])
}

/// The same with payload.
pub fn segment_with(
    source: [u8; 6],
    from: u32,
    to: u32,
    ports: [u16; 2],
    numbers: [u32; 2],
    control: u8,
    payload: &[u8],
) -> Vec<u8> {
    let length = 20 + payload.len() as u16;
    let mut ip = vec![0x45, 0];
    ip.extend((20 + length).to_be_bytes());
    ip.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    ip.extend(from.to_be_bytes());
    ip.extend(to.to_be_bytes());
    let sum = checksum(&ip);
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    let mut tcp: Vec<u8> = ports.iter().flat_map(|port| port.to_be_bytes()).collect();
    tcp.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    tcp.extend([0x50, control, 0x1f, 0x40, 0, 0, 0, 0]);
    tcp.extend(payload);
    let sum = checksum(&[&ip[12..20], &[0, 6], &length.to_be_bytes(), &tcp].concat());
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
    let mut bytes = [&OWN_MAC[..], &source, &[8, 0], &ip, &tcp].concat();
    bytes.resize(bytes.len().max(60), 0);
    bytes
}
