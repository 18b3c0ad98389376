//! How often a party of a handshake is ready.
use rand::rngs::StdRng;
use rand::Rng;

/// The three of every sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stall {
    /// Ready in every cycle.
    Never,
    /// In every second cycle, by chance.
    Random,
    /// In one of twelve.
    Heavy,
}

impl Stall {
    pub const ALL: [Stall; 3] = [Stall::Never, Stall::Random, Stall::Heavy];

    pub fn go(self, rng: &mut StdRng) -> bool {
        match self {
            Stall::Never => true,
            Stall::Random => rng.random_bool(0.5),
            Stall::Heavy => rng.random_bool(1.0 / 12.0),
        }
    }
}
