//! Keeps an application going.

use super::opened::Way;
use crate::application::HostApplication;
use crate::Device;
use anyhow::{ensure, Result};
use std::time::{Duration, Instant};

/// Longest sleep; an interrupt ends it.
const SLEEP: u32 = 20_000;

/// Works until `done`; an error if nothing happens for `patience`, none for ever.
pub fn pump(
    device: &mut Device<Way>,
    host: &mut HostApplication,
    patience: Option<Duration>,
    mut done: impl FnMut(&mut HostApplication) -> Result<bool>,
) -> Result<()> {
    let mut moved = Instant::now();
    while !done(host)? {
        if host.step(device)? {
            moved = Instant::now();
        } else {
            device.wait(SLEEP)?;
        }
        let silent = patience.is_some_and(|patience| moved.elapsed() > patience);
        ensure!(
            !silent,
            "nothing happened for {} s: is the cable in, does the other end answer to ping, and are --ip and --netmask \
             right? (--timeout changes how long is waited)",
            moved.elapsed().as_secs()
        );
    }
    Ok(())
}
