//! Work side by side, one piece on each core.

use anyhow::Result;
use std::sync::Mutex;

/// Does `work` on every item, begun in their order, as many at a time as there are cores.
///
/// # Errors
/// The first error of the first lane that had one. After an error no other item is begun.
pub fn each<T: Send>(items: impl IntoIterator<Item = T>, work: impl Fn(T) -> Result<()> + Sync) -> Result<()> {
    let mut items = items.into_iter().collect::<Vec<_>>();
    items.reverse();
    let waiting = Mutex::new(items);
    let lane = || -> Result<()> {
        loop {
            // The lock is released before the work begins.
            let next = waiting.lock().expect("no lane panics").pop();
            let Some(item) = next else { return Ok(()) };
            work(item).inspect_err(|_| waiting.lock().expect("no lane panics").clear())?;
        }
    };
    let lanes = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
        running.into_iter().map(|lane| lane.join().expect("no lane panics")).fold(Ok(()), Result::and)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    #[test]
    fn every_item_has_its_turn() {
        let done = Mutex::new(Vec::new());
        each(0..100, |item| {
            done.lock().unwrap().push(item);
            Ok(())
        })
        .unwrap();
        let mut done = done.into_inner().unwrap();
        done.sort_unstable();
        assert_eq!(done, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn after_an_error_the_rest_is_left() {
        const ITEMS: usize = 1_000_000;
        let (failed, begun) = (AtomicBool::new(false), AtomicUsize::new(0));
        let result = each(0..ITEMS, |item| {
            begun.fetch_add(1, Ordering::SeqCst);
            if item == 0 {
                failed.store(true, Ordering::SeqCst);
                bail!("the first item cannot be done");
            }
            while !failed.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            Ok(())
        });
        assert!(result.is_err());
        assert!(begun.into_inner() < ITEMS);
    }
}
