//! Drawings: goodput as one thing varies, and stage occupancy.

use super::stages::{sorted, Occupancy};
use super::sweep::{self, Direction, Point};
use super::Context;
use anyhow::{anyhow, Context as _, Result};
use plotters::prelude::*;
use std::ops::Range;
use std::path::Path;

const SIZE: (u32, u32) = (900, 520);
/// Channels drawn of a row.
const CHANNELS: usize = 40;
const TRANSMIT: RGBColor = RGBColor(31, 119, 180);
const RECEIVE: RGBColor = RGBColor(214, 39, 40);

type Sweep = fn(&Context, Direction) -> Result<Vec<Point>>;

/// One drawing.
pub struct Drawing {
    /// File name without ending.
    pub file: &'static str,
    title: &'static str,
    axis: &'static str,
    sweep: Sweep,
}

/// Those of goodput.
pub const GOODPUT: &[Drawing] = &[
    Drawing {
        file: "goodput-by-segment-size",
        title: "Goodput against segment size, one connection",
        axis: "payload of a segment, bytes",
        sweep: sweep::segments,
    },
    Drawing {
        file: "goodput-by-connections",
        title: "Goodput against number of connections, segments of 1460 bytes",
        axis: "connections",
        sweep: sweep::connections,
    },
    Drawing {
        file: "goodput-by-host-latency",
        title: "Goodput against latency of host memory, one connection",
        axis: "latency, ns",
        sweep: sweep::latencies,
    },
];

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("cannot draw: {error}")
}

impl Drawing {
    /// Measures and draws.
    pub fn make(&self, context: &Context, folder: &Path) -> Result<()> {
        let sent = (self.sweep)(context, Direction::Transmit)?;
        let received = (self.sweep)(context, Direction::Receive)?;
        let path = folder.join(format!("{}{}.svg", self.file, context.suffix));
        self.draw(&path, &sent, &received).with_context(|| format!("{}", path.display()))
    }

    fn draw(&self, path: &Path, sent: &[Point], received: &[Point]) -> Result<()> {
        let all = || sent.iter().chain(received);
        let ends = |pick: fn(f64, f64) -> f64| all().map(|point| point.at).reduce(pick).unwrap_or(1.0);
        let range: Range<f64> = ends(f64::min) * 0.8..ends(f64::max) * 1.25;
        let top = all().map(|point| point.limit.max(point.goodput)).fold(0.0, f64::max) * 1.1;
        let area = SVGBackend::new(path, SIZE).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 20))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d(range.log_scale(), 0.0..top)
            .map_err(failed)?;
        let mesh = &mut chart.configure_mesh();
        mesh.x_desc(self.axis).y_desc("payload, Gb/s").x_label_formatter(&|at| format!("{at:.0}"));
        mesh.draw().map_err(failed)?;
        let wire = sent.iter().map(|point| (point.at, point.limit));
        chart
            .draw_series(LineSeries::new(wire, BLACK.mix(0.4).stroke_width(6)))
            .map_err(failed)?
            .label("the wire's limit")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], BLACK.mix(0.4).stroke_width(6)));
        for (points, color, name) in [(sent, TRANSMIT, "transmit"), (received, RECEIVE, "receive")] {
            let line = points.iter().map(|point| (point.at, point.goodput));
            chart
                .draw_series(LineSeries::new(line.clone(), color.stroke_width(2)))
                .map_err(failed)?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
            chart.draw_series(line.map(|at| Circle::new(at, 4, color.filled()))).map_err(failed)?;
        }
        let labels = &mut chart.configure_series_labels();
        labels.position(SeriesLabelPosition::LowerRight).background_style(WHITE).border_style(BLACK);
        labels.draw().map_err(failed)?;
        area.present().map_err(failed)
    }
}

/// Draws what the channels did during a row: busy, stalled and starved, one bar each.
pub fn stages(row: &str, channels: &[Occupancy], folder: &Path) -> Result<()> {
    let used = sorted(channels);
    let shown = &used[..used.len().min(CHANNELS)];
    let path = folder.join(format!("stages-{row}.svg"));
    let area = SVGBackend::new(&path, (SIZE.0, 80 + 20 * shown.len() as u32)).into_drawing_area();
    area.fill(&WHITE).map_err(failed)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(format!("{row}: green moves, red waits, percent of cycles"), ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(24)
        .y_label_area_size(290)
        .build_cartesian_2d(0.0..100.0, (0..shown.len()).into_segmented())
        .map_err(failed)?;
    let name = |at: &SegmentValue<usize>| match at {
        SegmentValue::CenterOf(index) => {
            shown.len().checked_sub(1 + index).map_or(String::new(), |place| shown[place].name.clone())
        }
        _ => String::new(),
    };
    let mesh = &mut chart.configure_mesh();
    mesh.disable_y_mesh().y_labels(shown.len()).y_label_formatter(&name);
    mesh.draw().map_err(failed)?;
    for (index, channel) in shown.iter().rev().enumerate() {
        let [busy, stalled, _] = channel.percent();
        let bar = |from: f64, to: f64, color: RGBColor| {
            let corners = [(from, SegmentValue::Exact(index)), (to, SegmentValue::Exact(index + 1))];
            let mut bar = Rectangle::new(corners, color.filled());
            bar.set_margin(2, 2, 0, 0);
            bar
        };
        let bars = [bar(0.0, busy, RGBColor(60, 160, 80)), bar(busy, busy + stalled, RECEIVE)];
        chart.draw_series(bars).map_err(failed)?;
    }
    area.present().map_err(failed)
}
