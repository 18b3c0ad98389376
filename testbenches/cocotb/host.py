"""The host of a card: cocotbext-pcie's root complex and its model of the UltraScale+ block, and a small driver."""
import logging
import random
import struct

from cocotb.triggers import RisingEdge, Timer
from cocotbext.axi import AxiStreamBus
from cocotbext.pcie.core import RootComplex
from cocotbext.pcie.core.tlp import TlpType
from cocotbext.pcie.xilinx.us import UltraScalePlusPcieDevice
from peer import until

# The models say hundreds of lines of no interest.
for name in ("cocotb.pcie", "cocotb.stevedore_card"):
    logging.getLogger(name).setLevel(logging.ERROR)

BAR_BYTES = 16 * 1024
COUNTERS, TABLE, PENDING = 0x1000, 0x2000, 0x3000
VECTORS = 2

# docs/reference.md
MAGIC, CONTROL, STATUS, CYCLES = 0x000, 0x020, 0x024, 0x028
MAC_LOW, MAC_HIGH, ADDRESS, NETMASK = 0x030, 0x034, 0x038, 0x03C
INPUT, INPUT_SIZE, INPUT_DOORBELL = 0x050, 0x058, 0x05C
OUTPUT, OUTPUT_SIZE, OUTPUT_DOORBELL = 0x060, 0x068, 0x06C
STATUS_LINE, INTERRUPT_ENABLE, INTERRUPT_CAUSE, INTERRUPT_DELAY = 0x070, 0x078, 0x07C, 0x080
DELAYED_ACK, NOTIFY_DELAY, BUS_ERRORS = 0x09C, 0x0AC, 0x128
SEND, RECEIVE, LISTEN = 1, 2, 5
RECEIVED, SENT, ARRIVED, LISTENS = 1, 2, 3, 5
BUS_ERROR = 11
ENTRIES = 16


class Host:
    """A root complex, a card below it, and what a driver knows."""

    def __init__(self, dut):
        self.dut = dut
        self.root = RootComplex()
        self.root.split_on_all_rcb = True
        self.card = UltraScalePlusPcieDevice(
            pcie_generation=3,
            pcie_link_width=8,
            user_clk_frequency=250e6,
            alignment="dword",
            max_payload_size=1024,
            enable_client_tag=True,
            pf0_msix_enable=True,
            pf0_msix_table_size=VECTORS - 1,
            pf0_msix_table_bir=0,
            pf0_msix_table_offset=TABLE,
            pf0_msix_pba_bir=0,
            pf0_msix_pba_offset=PENDING,
            user_clk=dut.clock,
            user_reset=dut.reset,
            rq_bus=AxiStreamBus.from_prefix(dut, "m_axis_rq"),
            pcie_rq_seq_num0=dut.pcie_rq_seq_num0,
            pcie_rq_seq_num_vld0=dut.pcie_rq_seq_num_vld0,
            pcie_rq_seq_num1=dut.pcie_rq_seq_num1,
            pcie_rq_seq_num_vld1=dut.pcie_rq_seq_num_vld1,
            rc_bus=AxiStreamBus.from_prefix(dut, "s_axis_rc"),
            cq_bus=AxiStreamBus.from_prefix(dut, "s_axis_cq"),
            pcie_cq_np_req=dut.pcie_cq_np_req,
            cc_bus=AxiStreamBus.from_prefix(dut, "m_axis_cc"),
            cfg_max_payload=dut.cfg_max_payload,
            cfg_max_read_req=dut.cfg_max_read_req,
            cfg_function_status=dut.cfg_function_status,
            cfg_interrupt_msix_enable=dut.cfg_interrupt_msix_enable,
            cfg_interrupt_msix_mask=dut.cfg_interrupt_msix_mask,
        )
        dut.cfg_flr_in_process.value = 0
        self.card.functions[0].configure_bar(0, BAR_BYTES)
        self.root.make_port().connect(self.card)
        self.payload, self.read_request = 128, 512
        self.longest_write = self.longest_read = self.paused = 0
        send = self.card.send

        async def checked(tlp):
            """Every packet of the card keeps to the limits."""
            if tlp.fmt_type in (TlpType.MEM_WRITE, TlpType.MEM_WRITE_64):
                assert tlp.length * 4 <= self.payload, tlp
                self.longest_write = max(self.longest_write, tlp.length * 4)
            if tlp.fmt_type in (TlpType.MEM_READ, TlpType.MEM_READ_64):
                assert tlp.length * 4 <= self.read_request, tlp
                self.longest_read = max(self.longest_read, tlp.length * 4)
            await send(tlp)

        self.card.send = checked

    async def enumerate(self, payload=128, read_request=512):
        """Finds the card, as firmware and an operating system do."""
        await RisingEdge(self.dut.reset)
        await until(lambda: self.dut.reset.value == 0, "reset does not end")
        # The engine's memories clear themselves.
        await Timer(5, "us")
        await self.root.enumerate()
        self.function = self.root.find_device(self.card.functions[0].pcie_id)
        await self.limit(payload, read_request)
        await self.begin()

    async def begin(self):
        """Enables the function, as a driver does when it is bound."""
        await self.function.enable_device()
        await self.function.set_master()
        assert await self.function.alloc_irq_vectors(VECTORS, VECTORS) == VECTORS
        self.bar = self.function.bar_window[0]
        self.interrupts = []
        self.function.msi_vectors[0].cb[:] = [self.interrupted]
        self.seen = []

    async def limit(self, payload, read_request):
        """Sets both limits of the function."""
        capability = self.card.functions[0].pcie_cap
        capability.max_payload_size = (payload // 128).bit_length() - 1
        capability.max_read_request_size = (read_request // 128).bit_length() - 1
        self.payload, self.read_request = payload, read_request
        await Timer(100, "ns")

    async def read(self, register):
        """A register."""
        return await self.bar.read_dword(register)

    async def write(self, register, value):
        """Posted."""
        await self.bar.write_dword(register, value)

    async def open(self):
        """Rings, addresses, interrupts; then the engine is enabled."""
        self.region = self.root.mem_pool.alloc_region(1 << 20)
        self.base = self.region.get_absolute_address(0)
        # Status line, input table, output table, buffers.
        self.input, self.output, self.buffers = 0x1000, 0x2000, 0x10000
        self.produced = self.consumed = 0
        self.responses = []
        self.payloads = {}
        for start in (INPUT, OUTPUT, STATUS_LINE):
            offset = {INPUT: self.input, OUTPUT: self.output, STATUS_LINE: 0}[start]
            await self.write(start, (self.base + offset) & 0xFFFFFFFF)
            await self.write(start + 4, (self.base + offset) >> 32)
        for register, value in (
            (INPUT_SIZE, 4),
            (OUTPUT_SIZE, 4),
            (MAC_LOW, 0x54564401),
            (MAC_HIGH, 0x0253),
            (ADDRESS, 0x0A000001),
            (NETMASK, 0xFFFFFF00),
            (CYCLES, 250),
            (INTERRUPT_DELAY, 1),
            (DELAYED_ACK, 2),
            (NOTIFY_DELAY, 2),
            (INTERRUPT_ENABLE, 1),
            (CONTROL, 1),
        ):
            await self.write(register, value)

    async def request(self, kind, base=0, connection=0, length=0, cookie=0):
        """Puts a descriptor into the input table and rings the doorbell."""
        owner = 1 - (self.produced // ENTRIES) % 2
        entry = struct.pack("<QQII", base, connection, length, 0)
        entry += struct.pack("<Q", cookie | kind << 58 | owner << 63)
        at = self.input + 32 * (self.produced % ENTRIES)
        self.region[at : at + 32] = entry
        self.produced += 1
        await self.write(INPUT_DOORBELL, self.produced & 0xFFFF)

    async def interrupted(self):
        """What is in memory when a message arrives: all entries it tells of, and the bytes that they tell of."""
        self.interrupts.append(len(self.responses))
        while self.take():
            pass
        await self.write(INTERRUPT_CAUSE, 1)
        await self.write(OUTPUT_DOORBELL, self.consumed & 0xFFFF)
        # An entry written between the look and the clearing has an interrupt of its own.

    def take(self):
        """The next entry of the output table, if it is the host's."""
        at = self.output + 32 * (self.consumed % ENTRIES)
        base, connection, length, offset, word = struct.unpack("<QQIIQ", bytes(self.region[at : at + 32]))
        if word >> 63 != 1 - (self.consumed // ENTRIES) % 2:
            return False
        self.consumed += 1
        kind, status = word >> 58 & 31, word >> 48 & 255
        response = dict(kind=kind, status=status, base=base, connection=connection, length=length, offset=offset)
        response["cookie"] = word & 0xFFFFFFFF
        if kind == RECEIVED:
            start = base - self.base + offset
            response["bytes"] = bytes(self.region[start : start + length])
        self.responses.append(response)
        return True

    async def response(self, kind):
        """The next response that was not asked for yet; of this kind."""
        await until(lambda: len(self.responses) > len(self.seen), f"no response of kind {kind}")
        response = self.responses[len(self.seen)]
        self.seen.append(response)
        assert response["kind"] == kind, response
        return response

    def stall(self, seed):
        """Pauses at every stream between card and block."""

        def pauses(generator):
            while True:
                pause = generator.random() < 0.4
                self.paused += pause
                yield pause

        streams = (self.card.rq_sink, self.card.rc_source, self.card.cq_source, self.card.cc_sink)
        for number, stream in enumerate(streams):
            stream.set_pause_generator(pauses(random.Random(seed + number)))
