//! Opening a card, and everything that can be wrong with it.

use super::rig::{card, open, options, socket};
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use stevedore_driver::abi::pci::{configuration::COMMAND, BAR_BYTES, DEVICE, VENDOR};
use stevedore_driver::abi::register::{offset, REGISTERS};
use stevedore_driver::transports::{Bus, OpenError, Vfio, VfioUser};
use stevedore_driver::{Capabilities, Device, Transport, TransportError};
use stevedore_testbenches::bench::configuration;

#[test]
fn a_card_tells_what_it_is() {
    let options = options();
    let _card = card(&options, |_| {});
    let mut way = open(&options).expect("a card");
    let capabilities = Capabilities::probe(&mut way).expect("an engine");
    assert_eq!(capabilities.width, 64);
    let magic = REGISTERS.iter().find(|row| row.offset == offset::MAGIC).map(|row| row.reset);
    assert_eq!(way.read(offset::MAGIC).ok(), magic);
    way.write(offset::IP_ADDRESS, 0x0a09_0001).expect("posted");
    assert_eq!(way.read(offset::IP_ADDRESS).ok(), Some(0x0a09_0001), "a read waits for the write before it");
}

#[test]
fn every_client_finds_a_card_as_after_power_up() {
    let options = options();
    let card = card(&options, |_| {});
    for _ in 0..3 {
        let mut way = open(&options).expect("a card");
        assert_eq!(way.read(offset::NETMASK).ok(), Some(0));
        way.write(offset::NETMASK, 0xffff_ff00).expect("posted");
        assert_eq!(way.read(offset::NETMASK).ok(), Some(0xffff_ff00));
    }
    assert!(card.counts().resets >= 3);
}

/// A guest resets a card by a bit of its device control register, a machine by a message of its own: both are the same.
#[test]
fn a_reset_of_the_function_brings_back_the_registers_and_takes_the_bus_master_bit() {
    const DEVICE_CONTROL: u32 = 0x48;
    let options = options();
    let card = card(&options, |_| {});
    let mut way = open(&options).expect("a card");
    way.write(offset::NETMASK, 0xffff_ff00).expect("posted");
    let bus = way.bus();
    let resets = card.counts().resets;
    bus.borrow_mut().write_configuration(DEVICE_CONTROL, 1 << 15).expect("written");
    assert_eq!(bus.borrow_mut().read_configuration(COMMAND).ok(), Some(0));
    assert_eq!(card.counts().resets, resets + 1);
    assert_eq!(way.read(offset::NETMASK).ok(), Some(0));
}

#[test]
fn a_socket_that_nobody_has_is_named() {
    let path = socket();
    let error = VfioUser::open(&path).err().expect("no card").to_string();
    assert!(error.contains(&path.display().to_string()) && error.contains("cargo xtask card"), "{error}");
}

/// A server of the protocol that has other ids, or gives all ones from some access on.
fn impostor(ids: [u8; 4], answers: usize) -> std::path::PathBuf {
    let path = socket();
    let (listener, bound) = (UnixListener::bind(&path).expect("a socket"), path.clone());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let _ = std::fs::remove_file(bound);
        let mut register_reads = 0;
        loop {
            let mut header = [0; 16];
            if stream.read_exact(&mut header).is_err() {
                return;
            }
            let word = |at: usize| u32::from_ne_bytes(header[at..at + 4].try_into().expect("four"));
            let (command, size) = (u16::from_ne_bytes([header[2], header[3]]), word(4) as usize);
            let mut body = vec![0; size - 16];
            stream.read_exact(&mut body).expect("a body");
            let no_reply = word(8) & 1 << 4 != 0;
            if no_reply {
                continue;
            }
            let answer = match command {
                1 => b"\0\0\0\0{}\0".to_vec(),
                5 => [&body[..16], &u64::from(BAR_BYTES).to_ne_bytes(), &[0; 8]].concat(),
                9 => {
                    let (at, region, count) = (body[0] as usize, body[8], body[12] as usize);
                    let data = match region {
                        7 if at < 4 => ids[at..at + count].to_vec(),
                        7 => vec![6; count],
                        _ => {
                            register_reads += 1;
                            let row = REGISTERS.iter().find(|row| row.offset as usize == at);
                            let value = row.map_or(0, |row| row.reset);
                            if register_reads > answers {
                                vec![0xff; count]
                            } else {
                                value.to_le_bytes().to_vec()
                            }
                        }
                    };
                    [&body[..16], &data[..]].concat()
                }
                _ => body,
            };
            let mut reply = header;
            reply[4..8].copy_from_slice(&(16 + answer.len() as u32).to_ne_bytes());
            reply[8..12].copy_from_slice(&1u32.to_ne_bytes());
            stream.write_all(&[&reply[..], &answer].concat()).expect("a client");
        }
    });
    path
}

fn ids() -> [u8; 4] {
    let ([a, b], [c, d]) = (VENDOR.to_le_bytes(), DEVICE.to_le_bytes());
    [a, b, c, d]
}

#[test]
fn another_device_is_refused_by_its_ids() {
    let error = VfioUser::open(&impostor([0x86, 0x80, 0x0e, 0x10], 100)).err().expect("no card");
    assert!(matches!(&error, OpenError::WrongDevice { found, .. } if found == "8086:100e"), "{error}");
}

#[test]
fn a_card_that_stops_answering_is_an_error() {
    let mut way = VfioUser::open(&impostor(ids(), 1)).expect("it looks like a card");
    assert!(way.read(offset::MAGIC).is_ok());
    let error = way.read(offset::STATUS).expect_err("all ones");
    assert!(matches!(error, TransportError::Gone), "{error}");
    // The driver says the same, and does not wait.
    assert!(Device::open(way, &configuration()).is_err());
}

#[test]
fn a_card_whose_process_ends_is_an_error() {
    let options = options();
    let card = card(&options, |_| {});
    let mut way = open(&options).expect("a card");
    drop(card);
    assert!(way.read(offset::MAGIC).is_err());
    let error = VfioUser::open(&options.socket).err().expect("no card").to_string();
    assert!(error.contains("start the simulated card"), "{error}");
}

/// What the kernel would tell of a device, as files.
fn device(name: &str, files: &[(&str, &str)], links: &[(&str, &str)]) -> std::path::PathBuf {
    let folder = socket();
    std::fs::create_dir_all(folder.join(name)).expect("a folder");
    for (file, text) in files {
        std::fs::write(folder.join(name).join(file), text).expect("a file");
    }
    for (link, target) in links {
        std::os::unix::fs::symlink(target, folder.join(name).join(link)).expect("a link");
    }
    folder
}

fn refusal(folder: &Path, address: &str) -> String {
    let error = Vfio::open_in(folder, address).err().expect("no card").to_string();
    let _ = std::fs::remove_dir_all(folder);
    error
}

/// What a machine without an IOMMU can know of VFIO: everything up to the first open.
#[test]
fn every_obstacle_before_vfio_is_named_with_its_cure() {
    let name = "0000:03:00.0";
    let ours: &[(&str, &str)] = &[("vendor", "0x5354\n"), ("device", "0x5644\n")];
    let cases = [
        (device(name, &[], &[]), "card", "write it like 0000:03:00.0"),
        (device(name, &[], &[]), "04:00.0", "lspci -D -d 5354:5644"),
        (device(name, &[("vendor", "0x8086\n"), ("device", "0x100e\n")], &[]), name, "8086:100e, not a Stevedore card"),
        (device(name, ours, &[]), "03:00.0", "switch the IOMMU on"),
        (device(name, ours, &[("iommu_group", "/groups/7")]), name, "echo vfio-pci > /sys/bus/pci/devices"),
        (
            device(name, ours, &[("iommu_group", "/groups/7"), ("driver", "/drivers/e1000")]),
            name,
            "/sys/bus/pci/drivers/e1000/unbind",
        ),
    ];
    for (folder, address, cure) in cases {
        let error = refusal(&folder, address);
        assert!(error.contains(cure), "{address}: {error:?} does not say {cure:?}");
    }
    if !Path::new("/dev/vfio/vfio").exists() {
        let links = [("iommu_group", "/groups/7"), ("driver", "/drivers/vfio-pci")];
        let error = refusal(&device(name, ours, &links), name);
        assert!(error.contains("/dev/vfio/vfio"), "{error}");
    }
}
