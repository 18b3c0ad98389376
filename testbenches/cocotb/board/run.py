"""Builds the ECPIX-5's echo top with Verilator and runs `echo_pins.py` on it.

Needs cocotb 2.1.0 and cocotbext-eth 0.1.28 in the Python that runs it, and the text that
`cargo xtask bitstream ecpix5 --verilog` writes.
"""

import os
import sys
from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TOP = "ecpix5_echo"
VERILOG = ROOT / "target/bitstream/ecpix5" / f"{TOP}_simulation.v"
FOLDER = ROOT / "target/cocotb/board"

VERILATOR = ROOT / ".tools/verilator"
os.environ["VERILATOR_ROOT"] = str(VERILATOR)
os.environ["PATH"] = f"{VERILATOR / 'bin'}:{os.environ['PATH']}"
os.environ["PYTHONPATH"] = str(HERE)
# Every frame is a line of its log otherwise.
os.environ["COCOTB_LOG_LEVEL"] = "WARNING"
# The packaged Verilator's makefile leaves this empty.
os.environ["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include"

runner = get_runner("verilator")
runner.build(
    sources=[VERILOG],
    hdl_toplevel=TOP,
    build_dir=FOLDER,
    build_args=["-Wno-fatal", "-O3"],
    timescale=("1ps", "1ps"),
)
results = runner.test(
    hdl_toplevel=TOP, test_module="echo_pins", test_dir=HERE, build_dir=FOLDER, results_xml=str(FOLDER / "results.xml")
)
count, failed = get_results(results)
print(f"{count - failed} of {count} tests passed")
sys.exit(failed > 0 or count == 0)
