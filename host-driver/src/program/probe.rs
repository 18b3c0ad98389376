//! What the card is, can do, and has counted.

use super::opened::{explained, way};
use super::options::DeviceOptions;
use crate::{Capabilities, FreeResources};
use anyhow::Result;
use stevedore_abi::register::{Access, FIRST_COUNTER, REGISTERS};

/// Looks, and starts nothing.
pub fn run(options: &DeviceOptions) -> Result<()> {
    let mut way = way(options)?;
    let capabilities = Capabilities::probe(&mut way).map_err(|error| explained(error, &options.device))?;
    println!("a Stevedore engine at {}", options.device);
    println!("  interface       {}.{}", capabilities.major_version(), capabilities.minor_version);
    println!("  stream width    {} bits", capabilities.width);
    println!("  connections     {}", capabilities.connections);
    println!("  send entries    {}", capabilities.send_entries);
    println!("  receive entries {}", capabilities.receive_entries);
    println!("  read tags       {}", capabilities.read_tags);
    let free = FreeResources::read(&mut way)?;
    println!(
        "  free now        {} connections, {} send entries, {} receive entries, {} read tags",
        free.slots, free.send_entries, free.receive_entries, free.read_tags
    );
    println!("counters since its reset");
    let counters = REGISTERS.iter().filter(|row| row.offset >= FIRST_COUNTER && row.access == Access::ReadOnly);
    for row in counters {
        let value = way.read(row.offset)?;
        let text = row.text.trim_start_matches("Statistics: ").trim_end_matches('.');
        println!("  {:24} {value:>10}  {text}", row.name.trim_start_matches("STAT_").to_lowercase());
    }
    Ok(())
}
