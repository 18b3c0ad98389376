//! A small part of HTTP: one request per connection, bodies with a length or to the connection's end.

mod get;
mod message;
mod outbox;
mod server;

pub use get::{Download, Get};
pub use message::Message;
pub use outbox::{Outbox, Source};
pub use server::{Server, Site, Upload};
