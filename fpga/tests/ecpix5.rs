//! The ECPIX-5: its files are those of its table, its top is clean, and gives frames back.
use stevedore_fpga::ecpix5::{engine_verilog, pins::ECPIX5, verilog, BAUD, ENGINE_MHZ, ENGINE_TOP, TOP};
use stevedore_fpga::{constraints, ecp5};
use stevedore_verilated::tools::workspace_root;
use stevedore_verilated::{lint, Model, Source};

#[test]
fn constraints_are_those_of_the_table() {
    let kept = std::fs::read_to_string(workspace_root().join("constraints/ecpix5/ecpix5.lpf")).unwrap_or_default();
    assert!(kept == constraints::lpf(&ECPIX5), "run `cargo xtask constraints`");
}

#[test]
fn every_port_has_a_pin() {
    constraints::check(&ECPIX5, &verilog(), TOP).unwrap();
}

#[test]
fn verilog_is_clean() {
    lint(&format!("{}{}", verilog(), ecp5::MODELS), TOP, &[]).unwrap();
}

/// The same two of the top with an engine.
#[test]
fn the_top_with_an_engine_has_the_same_pins_and_is_clean() {
    let text = engine_verilog();
    constraints::check(&ECPIX5, &text, ENGINE_TOP).unwrap();
    lint(&format!("{text}{}", ecp5::MODELS), ENGINE_TOP, &[]).unwrap();
}

/// Bytes with their check sequence.
fn checked(bytes: &[u8]) -> Vec<u8> {
    [bytes, &crc32fast::hash(bytes).to_le_bytes()].concat()
}

/// Through pins, PLL, resets and echo: a frame to a station comes back with its addresses exchanged, one to a group
/// does not, nor does a damaged one. The model of the PLL gives both clocks the rate of the oscillator, here that of
/// RXC.
#[test]
fn frames_come_back() {
    let mut model = Model::build(&Source::new(TOP, verilog() + ecp5::MODELS)).unwrap();
    let port = |name: &str| model.port(name);
    let [oscillator, button, rxc, rx_ctl, rxd] =
        ["oscillator", "reset_n", "rgmii_rxc", "rgmii_rx_ctl", "rgmii_rxd"].map(port);
    let [tx_ctl, txd, red, green, uart] = ["rgmii_tx_ctl", "rgmii_txd", "red_n", "green_n", "uart_tx"].map(port);

    let frame = |destination: u8, length: u8| {
        [&[destination, 2, 3, 4, 5, 6, 16, 17, 18, 19, 20, 21][..], &(12..length).collect::<Vec<u8>>()].concat()
    };
    let mut damaged = checked(&frame(2, 80));
    damaged[70] ^= 4;
    let given =
        [checked(&frame(2, 60)), checked(&frame(1, 64)), damaged, checked(&frame(0xff, 64)), checked(&frame(4, 123))];
    let mut wire: Vec<Option<u8>> = vec![None; 50];
    for bytes in &given {
        wire.extend([0x55; 7].map(Some));
        wire.push(Some(0xd5));
        wire.extend(bytes.iter().map(|&byte| Some(byte)));
        wire.extend([None; 12]);
    }
    wire.extend([None; 600]);

    model.set(button, 1);
    let (mut leaving, mut sent) = (vec![], vec![]);
    let cycles = wire.len() as u64;
    let mut first_low = None;
    for (cycle, byte) in wire.into_iter().enumerate() {
        let mut halves = [(0, 0); 2];
        for (half, level) in [1, 0].into_iter().enumerate() {
            model.set(rxd, u64::from(byte.unwrap_or(0) >> (4 * half) & 15));
            model.set(rx_ctl, byte.is_some().into());
            model.eval();
            model.set(oscillator, level);
            model.set(rxc, level);
            model.eval();
            halves[half] = (model.get(txd), model.get(tx_ctl));
        }
        if model.get(uart) == 0 {
            first_low = first_low.or(Some(cycle as u64));
        }
        let [(low, valid), (high, _)] = halves;
        if valid == 1 {
            leaving.push((high << 4 | low) as u8);
        } else if !leaving.is_empty() {
            sent.push(std::mem::take(&mut leaving));
        }
    }
    let expected = [&given[0], &given[4]].map(|bytes| {
        let bytes = &bytes[..bytes.len() - 4];
        let back = checked(&[&bytes[6..12], &bytes[..6], &bytes[12..]].concat());
        [&[0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xd5][..], &back].concat()
    });
    assert_eq!(sent, expected);
    // Frames received and sent; one with a wrong check sequence, which the MAC then does not send: these lights are on.
    assert_eq!((model.get(green) & 3, model.get(red)), (0, 0b0110));

    // The line that began with the end of the reset is still in its first character, and tells of it.
    let bit = ENGINE_MHZ * 1_000_000 / BAUD;
    let mut ticks = |cycles: u64| {
        for level in (0..2 * cycles).map(|edge| (edge + 1) % 2) {
            model.set(oscillator, level);
            model.eval();
        }
        model.get(uart) == 1
    };
    ticks(first_low.expect("a line") + 10 * bit - cycles);
    let mut line = String::new();
    while !line.ends_with('\n') && line.len() < 100 {
        while ticks(1) {}
        let start = ticks(bit / 2);
        let byte = (0..8).fold(0, |byte, i| byte | u8::from(ticks(bit)) << i);
        assert!(!start && ticks(bit), "a byte without its frame");
        line.push(byte.into());
    }
    assert!(line.ends_with("1 00000004 00000001 00000000 00000000 00000000 00000002 00000001 00000000\r\n"), "{line}");
}
