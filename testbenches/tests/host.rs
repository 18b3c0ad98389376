//! Block tests of the host side: registers, fetcher, dispatcher, response writer, interrupt, notifier.
#[path = "host/clean.rs"]
mod clean;
#[path = "host/dispatcher.rs"]
mod dispatcher;
#[path = "host/fetcher.rs"]
mod fetcher;
#[path = "host/gates.rs"]
mod gates;
#[path = "stream_dma/harness.rs"]
#[allow(dead_code, reason = "shared with the stream tests; this binary uses part of it")]
mod harness;
#[path = "host/interrupt.rs"]
mod interrupt;
#[path = "host/registers.rs"]
mod registers;
#[path = "host/response_writer.rs"]
mod response_writer;
