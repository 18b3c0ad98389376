"""A TCP peer on the card's wire, made of scapy's packets: in order, without loss, one connection."""
from cocotb.triggers import Timer
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

MAC = "02:00:00:00:00:02"
ADDRESS = "10.0.0.2"
ENGINE_MAC = "02:53:54:56:44:01"
ENGINE_ADDRESS = "10.0.0.1"
PORT = 4000
ENGINE_PORT = 80
SEGMENT = 1460
# Without window scaling.
WINDOW = 65535


class Peer:
    """Sends and receives on one connection."""

    def __init__(self, dut):
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis_rx"), dut.clock, dut.reset)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis_tx"), dut.clock, dut.reset)
        self.next = 1000
        self.expected = 0
        self.acknowledged = 0
        self.received = bytearray()

    async def segment(self, flags, payload=b"", options=()):
        """One segment."""
        packet = (
            Ether(src=MAC, dst=ENGINE_MAC)
            / IP(src=ADDRESS, dst=ENGINE_ADDRESS)
            / TCP(
                sport=PORT,
                dport=ENGINE_PORT,
                seq=self.next,
                ack=self.expected,
                flags=flags,
                window=WINDOW,
                options=list(options),
            )
            / payload
        )
        frame = bytes(packet)
        await self.source.send(AxiStreamFrame(frame.ljust(60, b"\0"), tuser=0))

    async def hear(self):
        """The next TCP segment of the engine; its checksums must be right."""
        while True:
            frame = bytes((await self.sink.recv()).tdata)
            packet = Ether(frame)
            if TCP not in packet:
                continue
            again = Ether(frame)
            del again[IP].chksum
            del again[TCP].chksum
            assert bytes(again) == frame, "a checksum is wrong"
            assert (packet.src, packet.dst, packet[IP].src) == (ENGINE_MAC, MAC, ENGINE_ADDRESS)
            return packet[TCP], bytes(packet[TCP].payload)[: packet[IP].len - 20 - 4 * packet[TCP].dataofs]

    async def open(self):
        """Opens the connection."""
        await self.segment("S", options=[("MSS", SEGMENT)])
        answer, _ = await self.hear()
        assert answer.flags == "SA", answer.flags
        self.next += 1
        self.expected = (answer.seq + 1) % 2**32
        self.acknowledged = self.next
        await self.segment("A")

    async def listen(self):
        """Takes what the engine sends, and acknowledges it; never ends."""
        while True:
            header, payload = await self.hear()
            assert "R" not in header.flags, "the engine resets the connection"
            self.acknowledged = header.ack
            if payload and header.seq == self.expected:
                self.received += payload
                self.expected = (self.expected + len(payload)) % 2**32
                await self.segment("A")

    async def send(self, data):
        """Sends, and waits until all is acknowledged."""
        for start in range(0, len(data), SEGMENT):
            part = data[start : start + SEGMENT]
            await self.segment("PA", part)
            self.next = (self.next + len(part)) % 2**32
        await until(lambda: self.acknowledged == self.next, "the engine does not acknowledge")


async def until(done, complaint, microseconds=400):
    """Waits for something."""
    for _ in range(microseconds * 4):
        if done():
            return
        await Timer(250, "ns")
    raise AssertionError(complaint)
