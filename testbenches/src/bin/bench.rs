//! trial
use stevedore_testbenches::measure::application::*;
use stevedore_testbenches::measure::rig::*;
use stevedore_testbenches::peers::Script;
use stevedore_rtl::geometry::Geometry;
fn main() -> anyhow::Result<()> {
    let s = Surroundings::narrow();
    let args: Vec<String> = std::env::args().collect();
    let n: usize = args[2].parse()?;
    let (script, load) = match args[1].as_str() {
        "tx" => (Script::Take, Load { send: Some(Posting::whole(4)), ..Load::default() }),
        "rx" => (Script::Stream, Load { receive: Some(Posting::whole(4)), ..Load::default() }),
        _ => (Script::Stream, Load { receive: Some(Posting::whole(4)), send: Some(Posting::whole(4)), ..Load::default() }),
    };
    let t = std::time::Instant::now();
    let engine = stevedore_testbenches::rtl::engine(&Geometry::DEFAULT, None)?;
    println!("model {:?}", t.elapsed());
    let t = std::time::Instant::now();
    let mut setup = Setup::new(s, n, script, load);
    if let Some(seg) = args.get(3) { setup.segment = seg.parse()?; setup.mss = seg.parse()?; }
    let o = setup.measure(engine)?;
    println!("{:?} in {:?}", o, t.elapsed());
    let c = o.counters;
    println!("out {:.4} in {:.4} of wire", c.wire_out as f64 / (c.cycles as f64 * o.rate), c.wire_in as f64 / (c.cycles as f64 * o.rate));
    Ok(())
}
