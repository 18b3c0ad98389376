"""The ECPIX-5's echo top at its pins, judged by cocotbext-eth: a PHY that nobody here wrote.

The model of the PLL gives both of its clocks the oscillator's rate, so that runs at RGMII's here, a little beside RXC.
The PHY's sink wakes with TX_CTL, which changes together with TXC where delays are not modelled: it sees a byte of the
preamble less than the pins show.
"""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, Timer, with_timeout
from cocotbext.eth import GmiiFrame, RgmiiPhy

SEED = 0x5EED_C0C0


async def board(dut):
    """A board that is out of reset, and its PHY."""
    cocotb.start_soon(Clock(dut.oscillator, 8002, "ps").start())
    phy = RgmiiPhy(dut.rgmii_txd, dut.rgmii_tx_ctl, dut.rgmii_txc, dut.rgmii_rxd, dut.rgmii_rx_ctl, dut.rgmii_rxc)
    dut.reset_n.value = 0
    await Timer(200, "ns")
    dut.reset_n.value = 1
    await Timer(400, "ns")
    return phy


def exchanged(frame):
    """What comes back: addresses exchanged, padded."""
    return (frame[6:12] + frame[:6] + frame[12:]).ljust(60, b"\0")


def frame_of(generator, length):
    """Bytes from one station to another."""
    addresses = bytes([2, *generator.randbytes(5), 6, *generator.randbytes(5)])
    return addresses + generator.randbytes(length - 12)


async def returned(phy):
    """The next frame that comes back."""
    return await with_timeout(phy.tx.recv(), 100, "us")


@cocotb.test()
async def every_frame_comes_back_sound(dut):
    generator = random.Random(SEED)
    phy = await board(dut)
    lengths = [*range(60, 130), *range(1500, 1515)]
    frames = [frame_of(generator, length) for length in lengths]
    for frame in frames:
        await phy.rx.send(GmiiFrame.from_payload(frame))
    for frame in frames:
        back = await returned(phy)
        assert back.check_fcs(), f"seed {SEED:#x}, {len(frame)} bytes"
        assert back.get_payload() == exchanged(frame), f"seed {SEED:#x}, {len(frame)} bytes"
        assert not any(back.error or [])
    assert phy.tx.empty()


@cocotb.test()
async def damaged_frames_do_not_come_back(dut):
    generator = random.Random(SEED + 1)
    phy = await board(dut)
    sound = []
    for number in range(30):
        frame = frame_of(generator, generator.randrange(60, 300))
        damaged = GmiiFrame.from_payload(frame)
        match number % 3:
            case 0:
                damaged.data[generator.randrange(8, len(damaged.data))] ^= 1 << generator.randrange(8)
            case 1:
                damaged.error = [0] * len(damaged.data)
                damaged.error[generator.randrange(8, len(damaged.data))] = 1
            case 2:
                damaged.data = damaged.data[: generator.randrange(9, 8 + 64)]
        await phy.rx.send(damaged)
        sound.append(frame_of(generator, generator.randrange(60, 300)))
        await phy.rx.send(GmiiFrame.from_payload(sound[-1]))
    for frame in sound:
        back = await returned(phy)
        assert back.check_fcs() and back.get_payload() == exchanged(frame), f"seed {SEED + 1:#x}"
    await ClockCycles(dut.oscillator, 2000)
    assert phy.tx.empty()
