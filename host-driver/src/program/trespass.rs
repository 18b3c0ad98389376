//! For tests of the way to the card: memory is taken away from a card that still uses it.

use super::fetch::Url;
use super::opened::{open, Opened};
use super::options::{DeviceOptions, NetworkOptions};
use crate::transports::{Bus, Card};
use crate::{Device, Event};
use anyhow::{bail, ensure, Result};
use clap::Args;
use stevedore_abi::register::offset;
use stevedore_abi::Status;

/// Where to.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    device: DeviceOptions,
    #[command(flatten)]
    network: NetworkOptions,
    /// Whom to connect to: http://10.9.0.2:8080/
    url: String,
}

/// Bytes of the message that cannot be read.
const MESSAGE: usize = 65_536;
/// Looks for an event before the card is given up.
const PATIENCE: u32 = 3_000;

/// Connects, sends a message from memory that the card may not read any more, and wants it refused.
pub fn run(options: &Options) -> Result<()> {
    match open(&options.device)? {
        #[cfg(feature = "vfio")]
        Opened::Vfio(card) => trespass(card, options),
        #[cfg(feature = "vfio-user")]
        Opened::VfioUser(card) => trespass(card, options),
    }
}

fn trespass<B: Bus + 'static>(card: Card<B>, options: &Options) -> Result<()> {
    let bus = card.bus();
    let (host, port) = Url::parse(&options.url)?.place();
    let mut device = Device::open(card, &options.network.configuration()?)?;
    device.connect(host, port, 49_151, None)?;
    let connection = match next(&mut device)? {
        Event::Connected { connection, .. } => connection,
        other => bail!("no connection: {other:?}"),
    };
    let buffer = device.allocate(MESSAGE, 4096)?;
    bus.borrow_mut().unmap(buffer.address(), MESSAGE)?;
    device.send(connection, buffer).map_err(|rejected| rejected.error)?;
    // The engine tries again and again, until its limit of retransmissions: that it was refused once is enough.
    for _ in 0..PATIENCE {
        while let Some(event) = device.poll()? {
            if let Event::Sent(message) = event {
                ensure!(message.status != Status::Success, "the card read memory that was taken away from it");
            }
        }
        let refused = device.register(offset::STAT_BUS_ERRORS)?;
        if refused > 0 {
            println!("reads of memory that was taken away were answered with an error: {refused}");
            return Ok(());
        }
        device.wait(20_000)?;
    }
    bail!("the card does not try to read the message")
}

fn next<B: Bus + 'static>(device: &mut Device<Card<B>>) -> Result<Event> {
    for _ in 0..PATIENCE {
        if let Some(event) = device.poll()? {
            return Ok(event);
        }
        device.wait(20_000)?;
    }
    bail!("the card does not answer any more")
}
