//! From Verilog text to a shared object: Verilator, then the C++ compiler, every result kept in the cache.

use crate::cache;
use crate::process::{run, said};
use crate::shim;
use crate::source::Source;
use crate::tools::{Tool, Tools};
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// Verilator's options. One thread: two are a thousand times slower when both cores are busy. No warning stops a build:
/// `lint` is where they count. Registers without an initial value ask the run-time library, which answers zero or a
/// seeded random value; an explicit x is zero, so that every run is repeatable.
const VERILATOR_FLAGS: [&str; 15] = [
    "--cc",
    "-O3",
    "--threads",
    "1",
    "--x-assign",
    "0",
    "--x-initial",
    "unique",
    "--no-timing",
    "--no-assert",
    "--timescale",
    "1ns/1ns",
    "-Wno-fatal",
    "--output-split",
    "20000",
];

/// C++ flags that are not a matter of speed. Each shared object keeps its symbols to itself: all of them contain a
/// class of the same name.
const CXX_FLAGS: [&str; 5] = ["-std=c++17", "-fPIC", "-fvisibility=hidden", "-Wno-attributes", "-w"];

/// What g++ needs for the same; clang makes no such symbols.
const GXX_FLAGS: [&str; 1] = ["-fno-gnu-unique"];

/// Optimisation: what a model takes longer to build it must win back in a few million cycles. clang takes as long for
/// its second level as g++ for its first.
const CLANG_SPEED: [&str; 2] = ["-O2", "-march=native"];
const GXX_SPEED: [&str; 2] = ["-O1", "-march=native"];

/// Constructors and the like run once per model: compiling them for speed only costs time.
const SLOW_FLAGS: [&str; 1] = ["-O0"];

/// Bytes of C++ per compiler call. Small models are one call; a large one is spread over the cores.
const UNIT: usize = 400_000;

/// The shared object built from `source`, from the cache if it was built before.
pub fn shared_object(source: &Source, tools: &Tools) -> Result<PathBuf> {
    let cache = source.cache.clone().unwrap_or_else(cache::directory);
    let toolchain = Toolchain::new(tools)?;
    let traced = source.trace.is_some();
    let shape = shim::text(&[], traced);
    let flags = VERILATOR_FLAGS.join(" ") + &SLOW_FLAGS.join(" ") + &format!("{UNIT}");
    let fast = toolchain.fast_flags(source);
    let cxx_flags = fast.join(" ");
    let processor = if cxx_flags.contains("=native") { processor() } else { String::new() };
    let key =
        cache::key([source.verilog.as_str(), &source.top, &shape, &flags, &cxx_flags, &processor, &toolchain.version]);
    let shared = shared(&cache::directory(), &toolchain, &fast, &processor, source)?;
    let entry = cache::entry(&cache, &key, |directory| {
        build(source, &toolchain, &fast, &shared, directory)
            .with_context(|| format!("cannot build module {} (files in {})", source.top, directory.display()))
    })?;
    Ok(entry.join("model.so"))
}

/// Verilator and the C++ compiler, and which versions they are.
struct Toolchain<'a> {
    tools: &'a Tools,
    include: PathBuf,
    version: String,
    is_clang: bool,
}

impl<'a> Toolchain<'a> {
    fn new(tools: &'a Tools) -> Result<Self> {
        let verilator = run(tools.command(Tool::Verilator)?.arg("--version"))?;
        let root = run(tools.command(Tool::Verilator)?.args(["--getenv", "VERILATOR_ROOT"]))?;
        let cxx = run(tools.command(Tool::Cxx)?.arg("--version"))?;
        let include = Path::new(String::from_utf8_lossy(&root.stdout).trim()).join("include");
        let is_clang = said(&cxx).contains("clang");
        Ok(Toolchain { tools, include, version: said(&verilator) + &said(&cxx) + &CXX_FLAGS.join(" "), is_clang })
    }

    /// Flags for what runs every cycle.
    fn fast_flags(&self, source: &Source) -> Vec<String> {
        let best = if self.is_clang { CLANG_SPEED } else { GXX_SPEED };
        source.cxx_flags.clone().unwrap_or_else(|| best.map(String::from).to_vec())
    }

    fn cxx(&self, directory: &Path) -> Result<Command> {
        let mut command = self.tools.command(Tool::Cxx)?;
        command.current_dir(directory).args(CXX_FLAGS);
        if !self.is_clang {
            command.args(GXX_FLAGS);
        }
        command.arg("-I").arg(&self.include).arg("-I").arg(self.include.join("vltstd"));
        Ok(command)
    }
}

/// What `-march=native` means here: a cache carried to another machine must not be trusted with it.
fn processor() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    cpuinfo.lines().find(|line| line.starts_with("flags")).unwrap_or_default().to_string()
}

/// What every model of one kind shares, each made once.
struct Shared {
    /// The run-time library.
    objects: Vec<PathBuf>,
    /// A header next to its compiled form, for units that run every cycle. Reading it anew would be two thirds of the
    /// time a small model takes.
    header: PathBuf,
}

fn shared(cache: &Path, chain: &Toolchain, flags: &[String], processor: &str, source: &Source) -> Result<Shared> {
    let (mut parts, mut header) = (vec!["verilated", "verilated_threads"], "#include \"verilated.h\"\n".to_string());
    if source.trace.is_some() {
        parts.push("verilated_fst_c");
        header += "#include \"verilated_fst_c.h\"\n";
    }
    let mut objects = Vec::new();
    for part in parts {
        let key = format!("runtime-{}", cache::key([part, &chain.version]));
        let entry = cache::entry(cache, &key, |directory| {
            let mut command = chain.cxx(directory)?;
            command.args(["-O2", "-o", "runtime.o", "-c"]).arg(chain.include.join(format!("{part}.cpp")));
            run(&mut command).context("cannot compile Verilator's run-time library")?;
            Ok(())
        })?;
        objects.push(entry.join("runtime.o"));
    }
    let key = format!("header-{}", cache::key([&header, &flags.join(" "), processor, &chain.version]));
    let entry = cache::entry(cache, &key, |directory| {
        let path = directory.join("all.h");
        fs::write(&path, &header)?;
        let mut command = chain.cxx(directory)?;
        command.args(flags).args(trace_flags(source));
        // Read as a nameless file: clang looks for a named one where it was, and the directory will be renamed.
        command.args(["-x", "c++-header", "-", "-o", "all.h.gch"]).stdin(fs::File::open(&path)?);
        run(&mut command).context("cannot compile a header")?;
        Ok(())
    })?;
    Ok(Shared { objects, header: entry.join("all.h") })
}

/// What Verilator's own makefile defines for a traced model.
fn trace_flags(source: &Source) -> &'static [&'static str] {
    if source.trace.is_some() {
        &["-DVM_TRACE=1", "-DVM_TRACE_FST=1"]
    } else {
        &[]
    }
}

fn build(source: &Source, chain: &Toolchain, fast: &[String], shared: &Shared, directory: &Path) -> Result<()> {
    let traced = source.trace.is_some();
    fs::write(directory.join("model.v"), &source.verilog)?;
    let mut verilator = chain.tools.command(Tool::Verilator)?;
    verilator.current_dir(directory).args(VERILATOR_FLAGS);
    verilator.args(["--top-module", &source.top, "--prefix", shim::PREFIX, "--Mdir", "cpp"]);
    if traced {
        verilator.args(["--trace-fst", "--no-trace-params"]);
    }
    run(verilator.arg("model.v"))?;

    let cpp = directory.join("cpp");
    let header = fs::read_to_string(cpp.join(format!("{}.h", shim::PREFIX)))?;
    fs::write(cpp.join("shim.cpp"), shim::text(&shim::declarations(&header)?, traced))?;
    let units = units(&cpp)?;
    let mut fast_flags: Vec<OsString> = fast.iter().map(OsString::from).collect();
    fast_flags.extend(["-include".into(), shared.header.clone().into()]);
    let objects = compile(&units, &fast_flags, trace_flags(source), chain, &cpp)?;

    let mut link = chain.cxx(&cpp)?;
    link.args(["-shared", "-Wl,-Bsymbolic", "-o", "../model.so"]).args(&objects).args(&shared.objects);
    // The run-time library's atomics are calls for clang.
    link.arg("-latomic");
    if traced {
        link.args(["-llz4", "-lz"]);
    }
    run(&mut link)?;
    fs::remove_dir_all(&cpp)?;
    Ok(())
}

/// Files to be compiled together, and whether they run every cycle.
struct Unit {
    name: String,
    fast: bool,
}

/// Bundles Verilator's files into units of about `UNIT` bytes, each a file that includes the others.
fn units(cpp: &Path) -> Result<Vec<Unit>> {
    let mut files: Vec<(String, usize)> = Vec::new();
    for file in fs::read_dir(cpp)? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if name.ends_with(".cpp") {
            files.push((name, file.metadata()?.len() as usize));
        }
    }
    // The directory's order is the file system's; the model must not depend on it.
    files.sort();
    let small = files.iter().map(|(_, size)| size).sum::<usize>() < UNIT / 4;
    let (slow, fast): (Vec<_>, Vec<_>) = files.into_iter().partition(|(name, _)| name.contains("__Slow") && !small);
    let mut units = Vec::new();
    for (files, fast) in [(fast, true), (slow, false)] {
        let (mut text, mut size) = (String::new(), 0);
        for (index, (name, length)) in files.iter().enumerate() {
            text += &format!("#include \"{name}\"\n");
            size += length;
            if size >= UNIT || index + 1 == files.len() {
                let name = format!("unit{}.cc", units.len());
                fs::write(cpp.join(&name), std::mem::take(&mut text))?;
                units.push(Unit { name, fast });
                size = 0;
            }
        }
    }
    Ok(units)
}

/// Compiles the units, as many at once as there are cores, and returns the objects' names.
fn compile(
    units: &[Unit],
    fast_flags: &[OsString],
    trace_flags: &[&str],
    chain: &Toolchain,
    cpp: &Path,
) -> Result<Vec<String>> {
    let queue = Mutex::new(units.iter());
    let worker = || -> Result<()> {
        loop {
            let next = queue.lock().expect("a worker does not panic").next();
            let Some(unit) = next else { return Ok(()) };
            let mut command = chain.cxx(cpp)?;
            if unit.fast {
                command.args(fast_flags);
            } else {
                command.args(SLOW_FLAGS);
            }
            command.args(trace_flags);
            run(command.args(["-I", ".", "-c", &unit.name, "-o"]).arg(object(unit)))?;
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get()).min(units.len());
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        running.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })?;
    Ok(units.iter().map(object).collect())
}

fn object(unit: &Unit) -> String {
    format!("{}.o", unit.name)
}
