//! Opens the card that `--device` names.

use super::options::{DeviceOptions, NetworkOptions};
use super::probe::counters;
use crate::{Configuration, Device, Error, Transport};
use anyhow::{bail, Context, Result};

/// The way to a card, whichever it is.
pub type Way = Box<dyn Transport>;

/// An open card, with its bus.
pub enum Opened {
    /// Of this machine.
    #[cfg(feature = "vfio")]
    Vfio(crate::transports::Card<crate::transports::Vfio>),
    /// In another process.
    #[cfg(feature = "vfio-user")]
    VfioUser(crate::transports::Card<crate::transports::VfioUser>),
}

/// Opens the card.
pub fn open(options: &DeviceOptions) -> Result<Opened> {
    let name = &options.device;
    let Some((way, rest)) = name.split_once(':') else { bail!("--device {name}: {}", ways()) };
    match way {
        #[cfg(feature = "vfio")]
        "vfio" => Ok(Opened::Vfio(crate::transports::Vfio::open(rest)?)),
        #[cfg(feature = "vfio-user")]
        "vfio-user" => Ok(Opened::VfioUser(crate::transports::VfioUser::open(std::path::Path::new(rest))?)),
        _ => bail!("--device {name}: {}", ways()),
    }
}

/// A way to the card.
pub fn way(options: &DeviceOptions) -> Result<Way> {
    Ok(match open(options)? {
        #[cfg(feature = "vfio")]
        Opened::Vfio(card) => Box::new(card),
        #[cfg(feature = "vfio-user")]
        Opened::VfioUser(card) => Box::new(card),
    })
}

/// The card, configured and started.
pub fn device(options: &DeviceOptions, configuration: &Configuration) -> Result<Device<Way>> {
    Device::open(way(options)?, configuration).map_err(|error| explained(error, &options.device))
}

/// What is told at the end, if it was asked for.
pub fn farewell(device: &mut Device<Way>, network: &NetworkOptions) -> Result<()> {
    if network.counters {
        print!("{}", counters(|offset| Ok(device.register(offset)?))?);
    }
    Ok(())
}

/// The error with what to do about it.
pub fn explained(error: Error, name: &str) -> anyhow::Error {
    let advice = match error {
        Error::NotAnEngine { .. } => "the card's bitstream is none of ours, or is not loaded",
        Error::UnsupportedVersion { .. } => "take the driver that was made with this card's bitstream",
        Error::NotAtRest => "reset the card: switch it off and on, or start the simulated card again",
        _ => return anyhow::Error::new(error).context(name.to_string()),
    };
    let text = format!("{error}: {advice}");
    Err::<(), _>(error).context(text).context(name.to_string()).expect_err("it is an error")
}

/// What can be given.
fn ways() -> String {
    let ways = [(cfg!(feature = "vfio"), "vfio:PCI-ADDRESS"), (cfg!(feature = "vfio-user"), "vfio-user:SOCKET")];
    let ways: Vec<&str> = ways.into_iter().filter(|(there, _)| *there).map(|(_, way)| way).collect();
    format!("the ways to a card that this program was built with are {}", ways.join(" and "))
}
