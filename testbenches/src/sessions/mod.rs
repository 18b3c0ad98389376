//! What the ends of a connection say to each other, whatever TCP carries it: the same session runs over the engine's
//! driver, over smoltcp and over the kernel's sockets.

mod exchange;
mod http;
mod pattern;
mod scatter;
mod socket;

pub use exchange::Exchange;
pub use http::{fetch, http_server, store, Uploads};
pub use pattern::{digest, Pattern};
pub use scatter::scattered;
pub use socket::run_over;
pub use stevedore_driver::application::{BufferPlan, Finished, HostApplication, Session};
