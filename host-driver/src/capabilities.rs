//! What the engine can do (H8), and what of it is free now.

use crate::error::Error;
use crate::transport::{Transport, TransportError};
use stevedore_abi::register::{offset, REGISTERS};

/// The major version of the interface this driver speaks.
const MAJOR: u16 = 1;

/// The engine's answers, asked once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Interface version, minor part.
    pub minor_version: u16,
    /// Stream width, bits.
    pub width: u32,
    /// Connection slots, listeners included.
    pub connections: u32,
    /// Message contexts of the send pool.
    pub send_entries: u32,
    /// Message contexts of the receive pool.
    pub receive_entries: u32,
    /// DMA reads outstanding at once.
    pub read_tags: u32,
    /// Feature bits.
    pub features: u32,
}

impl Capabilities {
    /// Interface version, major part: the one that this driver speaks.
    pub fn major_version(&self) -> u16 {
        MAJOR
    }

    /// Asks; an error if nobody, or somebody else, answers. Changes nothing, not even in an engine that runs.
    pub fn probe(transport: &mut impl Transport) -> Result<Self, Error> {
        let found = transport.read(offset::MAGIC)?;
        let magic = REGISTERS.iter().find(|register| register.offset == offset::MAGIC).map(|register| register.reset);
        if Some(found) != magic {
            return Err(Error::NotAnEngine { found });
        }
        let version = transport.read(offset::VERSION)?;
        let (major, minor) = ((version >> 16) as u16, version as u16);
        if major != MAJOR {
            return Err(Error::UnsupportedVersion { major, minor });
        }
        Ok(Capabilities {
            minor_version: minor,
            width: transport.read(offset::CAP_WIDTH)?,
            connections: transport.read(offset::CAP_CONNECTIONS)?,
            send_entries: transport.read(offset::CAP_SEND_ENTRIES)?,
            receive_entries: transport.read(offset::CAP_RECEIVE_ENTRIES)?,
            read_tags: transport.read(offset::CAP_READ_TAGS)?,
            features: transport.read(offset::CAP_FEATURES)?,
        })
    }
}

/// What is free now. With nothing open and nothing posted it is what it was at the start, or something leaked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeResources {
    /// Connection slots.
    pub slots: u32,
    /// Message contexts of the send pool.
    pub send_entries: u32,
    /// Message contexts of the receive pool.
    pub receive_entries: u32,
    /// DMA tags.
    pub read_tags: u32,
}

impl FreeResources {
    /// Asks.
    pub fn read(transport: &mut impl Transport) -> Result<Self, TransportError> {
        Ok(FreeResources {
            slots: transport.read(offset::FREE_SLOTS)?,
            send_entries: transport.read(offset::FREE_SEND_ENTRIES)?,
            receive_entries: transport.read(offset::FREE_RECEIVE_ENTRIES)?,
            read_tags: transport.read(offset::FREE_READ_TAGS)?,
        })
    }
}
