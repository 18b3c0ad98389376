//! Elaborates the engine: writes its Verilog, lints it, synthesizes it. `cargo xtask verilog | lint | synth` call it.
use std::path::PathBuf;
use stevedore_hdl::prelude::*;
use stevedore_rtl::engine::Engine;
use stevedore_rtl::geometry::Geometry;

fn main() -> anyhow::Result<()> {
    let dir = PathBuf::from(std::env::args().nth(1).expect("a directory"));
    let start = std::time::Instant::now();
    let text = with_big_stack(|| verilog(&Engine::<64, 8>::new(&Geometry::DEFAULT), "stevedore"));
    println!("{} bytes in {:?}", text.len(), start.elapsed());
    std::fs::write(dir.join("stevedore.v"), &text)?;
    let text = with_big_stack(|| verilog(&Engine::<512, 64>::new(&Geometry::WIDE), "stevedore"));
    std::fs::write(dir.join("stevedore_w512.v"), &text)?;
    Ok(())
}
