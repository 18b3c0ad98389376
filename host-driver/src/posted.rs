//! Requests the engine has and the host waits for, by cookie.

use crate::memory::Buffer;

/// Cookies with this bit are not the driver's: `Device::post_descriptor` uses them.
pub(crate) const FOREIGN: u32 = 1 << 31;
const INDEX_BITS: u32 = 20;
const GENERATION_MASK: u32 = (FOREIGN >> INDEX_BITS) - 1;

/// What was asked. Connections and listeners are named by their handle's number.
#[derive(Debug)]
pub(crate) enum Posted {
    /// A piece of a message to be sent.
    Send {
        /// Whose.
        connection: u64,
        /// Which message of it.
        message: u64,
        /// The piece.
        buffer: Buffer,
    },
    /// Room to receive.
    Receive {
        /// Whose: a connection's, or a listener's that has not lent it yet.
        connection: u64,
        /// The room.
        buffer: Buffer,
        /// Bytes reported so far.
        reported: u32,
    },
    /// A connect request.
    Connect {
        /// To be.
        connection: u64,
    },
    /// A listener; stays as long as it listens, because arrivals carry its cookie.
    Listen {
        /// The listener.
        listener: u64,
    },
}

#[derive(Debug, Default)]
struct Place {
    generation: u32,
    posted: Option<Posted>,
}

/// The table. A cookie is a place and the generation of its use, so that an answer that comes twice is seen. Place 0 is
/// never used: the engine's cookie 0 means "none".
#[derive(Debug)]
pub(crate) struct PostedTable {
    places: Vec<Place>,
    free: Vec<u32>,
}

impl Default for PostedTable {
    fn default() -> Self {
        PostedTable { places: vec![Place::default()], free: Vec::new() }
    }
}

impl PostedTable {
    /// Cookies left.
    pub fn room(&self) -> usize {
        (1 << INDEX_BITS) - self.places.len() + self.free.len()
    }

    /// Entries in use.
    pub fn count(&self) -> usize {
        self.places.len() - 1 - self.free.len()
    }

    /// Keeps `posted`, and returns its cookie. The caller has looked at `room`.
    pub fn insert(&mut self, posted: Posted) -> u32 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() as u32 - 1
        });
        let place = &mut self.places[index as usize];
        place.generation = (place.generation + 1) & GENERATION_MASK;
        place.posted = Some(posted);
        place.generation << INDEX_BITS | index
    }

    /// What the cookie stands for.
    pub fn get(&mut self, cookie: u32) -> Option<&mut Posted> {
        self.place(cookie)?.posted.as_mut()
    }

    /// The same, shared.
    pub fn peek(&self, cookie: u32) -> Option<&Posted> {
        let place = self.places.get((cookie & ((1 << INDEX_BITS) - 1)) as usize)?;
        if place.generation == cookie >> INDEX_BITS {
            place.posted.as_ref()
        } else {
            None
        }
    }

    /// The same, and the cookie means nothing from now on.
    pub fn remove(&mut self, cookie: u32) -> Option<Posted> {
        let posted = self.place(cookie)?.posted.take()?;
        self.free.push(cookie & ((1 << INDEX_BITS) - 1));
        Some(posted)
    }

    /// Takes every buffer out; no cookie means anything from now on.
    pub fn take_buffers(&mut self) -> Vec<Buffer> {
        let places = std::mem::take(self).places;
        let buffer = |place: Place| match place.posted {
            Some(Posted::Send { buffer, .. } | Posted::Receive { buffer, .. }) => Some(buffer),
            _ => None,
        };
        places.into_iter().filter_map(buffer).collect()
    }

    fn place(&mut self, cookie: u32) -> Option<&mut Place> {
        let place = self.places.get_mut((cookie & ((1 << INDEX_BITS) - 1)) as usize)?;
        (place.generation == cookie >> INDEX_BITS).then_some(place)
    }
}
