"""The card against a PCI Express model and TCP packets that nobody here wrote: `cargo xtask cocotb`."""
import random

import cocotb
from cocotb.triggers import Timer
from host import (
    BAR_BYTES,
    BUS_ERRORS,
    ADDRESS,
    ARRIVED,
    CONTROL,
    COUNTERS,
    LISTEN,
    LISTENS,
    MAGIC,
    PENDING,
    RECEIVE,
    RECEIVED,
    SEND,
    SENT,
    STATUS,
    TABLE,
    VECTORS,
    Host,
)
from peer import Peer, until

RECEIVE_BYTES = 8192
SEND_BYTES = 6000


async def start(dut, payload=128, read_request=512, stalls=None):
    """A card that was found and opened."""
    host = Host(dut)
    if stalls is not None:
        host.stall(stalls)
    peer = Peer(dut)
    await host.enumerate(payload, read_request)
    await host.open()
    return host, peer


async def transfer(host, peer, seed):
    """A connection, bytes each way, memory looked at when the message arrives."""
    generator = random.Random(seed)
    await host.request(LISTEN, base=80 << 48, cookie=7)
    listener = await host.response(LISTENS)
    assert (listener["status"], listener["cookie"]) == (0, 7), listener
    await peer.open()
    connection = (await host.response(ARRIVED))["connection"]
    listening = cocotb.start_soon(peer.listen())

    # From the peer into a buffer that begins at an odd address.
    base = host.base + host.buffers + 3
    await host.request(RECEIVE, base=base, connection=connection, length=RECEIVE_BYTES, cookie=1)
    data = generator.randbytes(RECEIVE_BYTES)
    await peer.send(data)
    received = b""
    while len(received) < RECEIVE_BYTES:
        response = await host.response(RECEIVED)
        assert (response["status"], response["cookie"], response["offset"]) == (0, 1, len(received)), response
        received += response["bytes"]
    assert received == data, "the bytes in memory when the message arrived"

    # From another odd address to the peer.
    at = host.buffers + 0x8000 + 5
    data = generator.randbytes(SEND_BYTES)
    host.region[at : at + SEND_BYTES] = data
    await host.request(SEND, base=host.base + at, connection=connection, length=SEND_BYTES, cookie=2)
    response = await host.response(SENT)
    assert (response["status"], response["cookie"]) == (0, 2), response
    assert bytes(peer.received) == data, "the bytes on the wire"
    listening.cancel()
    return connection


@cocotb.test()
async def card_is_found_and_its_registers_answer(dut):
    """Enumeration, BAR 0, holes, the MSI-X table behind the same BAR."""
    host = Host(dut)
    Peer(dut)
    await host.enumerate()
    assert host.function.bar_size[0] == BAR_BYTES
    assert await host.read(MAGIC) == 0x53545644
    await host.write(ADDRESS, 0x0A0B0C0D)
    assert await host.read(ADDRESS) == 0x0A0B0C0D
    assert await host.read(0xFFC) == 0
    for vector in range(VECTORS):
        low = await host.read(TABLE + 16 * vector)
        data = await host.read(TABLE + 16 * vector + 8)
        expected = host.function.msi_vectors[vector]
        assert (low, data) == (expected.addr & 0xFFFFFFFF, expected.data)
    assert await host.read(PENDING) == 0
    # Two dwords at once are refused, and counted.
    unsupported = await host.read(COUNTERS)
    try:
        await host.bar.read(0, 8)
        raise AssertionError("two dwords were answered")
    except Exception as error:
        assert "answered" not in str(error)
    assert await host.read(COUNTERS) == unsupported + 1


@cocotb.test()
async def rings_and_bytes_pass_both_ways(dut):
    """Payload 128, 256, 512; reads of 128, 512, 4096 bytes; with and without pauses."""
    host, peer = await start(dut)
    await transfer(host, peer, 1)
    assert host.interrupts, "no message came"
    assert [await host.read(COUNTERS + 4 * kind) for kind in range(5)] == [0] * 5


@cocotb.test()
@cocotb.parametrize(limits=[(128, 128), (256, 512), (512, 4096)])
async def rings_and_bytes_pass_with_pauses(dut, limits):
    """The same at other limits, with pauses at all four streams."""
    host, peer = await start(dut, *limits, stalls=limits[0])
    await transfer(host, peer, limits[1])
    # The limits were used to the full, as far as the engine's own go.
    assert (host.longest_write, host.longest_read) == (min(limits[0], 256), min(limits[1], 512))
    assert host.paused > 1000
    assert [await host.read(COUNTERS + 4 * kind) for kind in range(5)] == [0] * 5


@cocotb.test()
async def read_without_memory_is_an_error_and_the_next_one_works(dut):
    """The root complex answers with "unsupported request" where there is no memory."""
    host, peer = await start(dut)
    connection = await transfer(host, peer, 2)
    await host.request(SEND, base=0x7000_0000_0000, connection=connection, length=100, cookie=3)
    for _ in range(200):
        if await host.read(BUS_ERRORS):
            break
        await Timer(500, "ns")
    assert await host.read(BUS_ERRORS) > 0
    assert await host.read(COUNTERS + 8) > 0
    before = len(host.responses)
    await host.request(LISTEN, base=81 << 48, cookie=9)
    await until(lambda: any(r["cookie"] == 9 and r["status"] == 0 for r in host.responses[before:]), "the next request")


@cocotb.test()
async def function_level_reset_ends_in_rest(dut):
    """In the middle of a transfer: the card says done, the registers are as after reset, and all works again."""
    host, peer = await start(dut)
    transferring = cocotb.start_soon(transfer(host, peer, 3))
    await until(lambda: len(host.responses) > 2, "no transfer")
    # The model does not reset its configuration space.
    await host.function.clear_master()
    await host.function.free_irq_vectors()
    transferring.cancel()
    dut.cfg_flr_in_process.value = 1
    await until(lambda: int(dut.cfg_flr_done.value) & 1, "function-level reset is not done", 4000)
    dut.cfg_flr_in_process.value = 0
    await Timer(1, "us")
    assert await host.read(CONTROL) == 0
    assert await host.read(STATUS) & 1 == 1
    assert await host.read(TABLE + 12) == 1, "masked"
    # The next driver: the rings begin anew, and a request is answered with a message.
    await host.begin()
    await host.open()
    await host.request(LISTEN, base=82 << 48, cookie=5)
    listener = await host.response(LISTENS)
    assert (listener["status"], listener["cookie"], len(host.interrupts)) == (0, 5, 1), listener
