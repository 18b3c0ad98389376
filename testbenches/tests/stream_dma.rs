//! Block tests of `stream` and `dma`: random data, alignments and stalls in rust-hdl's simulator, the recorded stimulus
//! again on the Verilated block, long sweeps on the Verilated block alone, lint.
#[path = "stream_dma/arbiters.rs"]
mod arbiters;
#[path = "stream_dma/fence.rs"]
mod fence;
#[path = "stream_dma/harness.rs"]
mod harness;
#[path = "stream_dma/reader.rs"]
mod reader;
#[path = "stream_dma/realigner.rs"]
mod realigner;
#[path = "stream_dma/trimmer.rs"]
mod trimmer;
#[path = "stream_dma/writer.rs"]
mod writer;
