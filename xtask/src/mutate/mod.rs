//! `cargo xtask mutate`: would the tests notice? Changes the Verilog, one place at a time, and runs the tests that must
//! fail then.
//!
//! No Rust is built again: the text is changed on its way to Verilator (`verilated/src/mutant.rs`). All changes of a
//! run are in the same models, which are told at their start which one to show.
//!
//! ```text
//!   known.rs   faults that once were in the RTL, by name
//!   random.rs  changes drawn at random, block after block
//!   sites.rs   places of the Verilog that can be changed
//!   trial.rs   changes on trial, and the tests run against one of them
//! ```

mod known;
mod random;
mod sites;
mod trial;

use crate::setup::{self, Need};
use anyhow::{ensure, Result};
use clap::Args;
use std::time::Duration;

/// Which changes to make.
#[derive(Args)]
pub struct Mutate {
    /// How many changes to draw at random; or parts of the names of known faults, all of which are put back if there is
    /// nothing here
    words: Vec<String>,
    /// List the known faults and their tests, and run nothing
    #[arg(long)]
    list: bool,
    /// Draw changes of this block only: the name of its file
    #[arg(long)]
    block: Option<String>,
    /// Where the random numbers begin
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds after which a test that does not end is stopped: the change hangs it, and so is noticed
    #[arg(long, default_value_t = 200)]
    patience: u64,
}

/// Does what was asked for.
pub fn run(mutate: &Mutate) -> Result<()> {
    let patience = Duration::from_secs(mutate.patience);
    let number = mutate.words.first().and_then(|word| word.parse::<usize>().ok());
    if !mutate.list {
        setup::ensure(Need::Models)?;
    }
    match number {
        Some(count) => {
            ensure!(mutate.words.len() == 1 && count > 0, "a number of changes stands alone, and is not 0");
            random::draw(count, mutate.block.as_deref(), mutate.seed, patience)
        }
        None => {
            ensure!(mutate.block.is_none(), "--block goes with a number of random changes");
            known::put_back(&mutate.words, mutate.list, patience)
        }
    }
}
