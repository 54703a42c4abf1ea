//! Who is told what each core does, where somebody wants to know.

use core::ops::Range;

use arielml_scheduler::{Failure, Items, Scheduler, Work, Worker};

use crate::device::Device;
use crate::region::{Grid, Region};

/// What one worker did of one dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Who did it.
    pub worker: Worker,
    /// Dispatches that the command buffers of this run had before this one.
    pub place: u32,
    /// The number of its function in the library.
    pub function: u32,
    /// Work items that it did.
    pub items: u32,
    /// What [`Observer::begin`] gave.
    pub begin: u32,
    /// Bytes of the arena that were in use.
    pub heap: u32,
}

/// Is told what each worker does. Workers call it at the same time.
pub trait Observer: Sync {
    /// Worker `worker` begins with work items of a dispatch; the time.
    fn begin(&self, worker: Worker) -> u32;

    /// It has done those that it got.
    fn end(&self, share: Share);
}

/// Runs a region, the next one since there is an observer.
type RunWatched =
    fn(&dyn Observer, &Device<'_>, &Region<'_>, &mut dyn Scheduler) -> Result<(), Failure>;

/// An observer, and how regions run that it watches. That code is this
/// pointer's alone, so a build that makes none has none of it.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'w> {
    pub(crate) observer: &'w dyn Observer,
    pub(crate) run: RunWatched,
}

impl<'w> Watch<'w> {
    pub(crate) fn new(observer: &'w dyn Observer) -> Self {
        Watch { observer, run }
    }
}

/// As [`RunWatched`].
fn run(
    observer: &dyn Observer,
    device: &Device<'_>,
    region: &Region<'_>,
    scheduler: &mut dyn Scheduler,
) -> Result<(), Failure> {
    let heap = device.arena.usage().used as u32;
    let first = device.dispatches.get();
    device.dispatches.set(first.wrapping_add(region.grids.len() as u32));
    scheduler.run(&Watched { region, observer, first, heap })
}

/// A region whose workers are watched.
struct Watched<'r> {
    region: &'r Region<'r>,
    observer: &'r dyn Observer,
    first: u32,
    heap: u32,
}

impl Watched<'_> {
    fn end(&self, worker: Worker, index: usize, grid: &Grid, items: u32, begin: u32) {
        self.observer.end(Share {
            worker,
            place: self.first.wrapping_add(index as u32),
            function: grid.function.function() as u32,
            items,
            begin,
            heap: self.heap,
        });
    }
}

impl Work for Watched<'_> {
    fn items(&self) -> u32 {
        self.region.items()
    }

    fn run(&self, items: Range<u32>, worker: Worker) -> Result<(), Failure> {
        let local_memory = self.region.local_memory(worker);
        let mut base = 0;
        for (index, grid) in self.region.grids.iter().enumerate() {
            let range = grid.part_of(&items, base);
            if !range.is_empty() {
                let begin = self.observer.begin(worker);
                let count = range.end - range.start;
                grid.run(range, base, worker, local_memory)?;
                self.end(worker, index, grid, count, begin);
            }
            base = base.wrapping_add(grid.items);
        }
        Ok(())
    }

    fn drain(&self, items: &mut dyn Items, worker: Worker) -> Result<(), Failure> {
        let local_memory = self.region.local_memory(worker);
        let mut items = Counted { items, taken: 0 };
        let mut held = items.next();
        let mut base = 0;
        for (index, grid) in self.region.grids.iter().enumerate() {
            let Some(item) = held else { break };
            let first = item.wrapping_sub(base);
            if first < grid.items {
                let (begin, before) = (self.observer.begin(worker), items.taken);
                held = grid.drain(first, base, &mut items, worker, local_memory)?;
                // The one that was held is done, the one that is held is not.
                let taken = items.taken.wrapping_sub(before);
                let done = taken.wrapping_add(1).wrapping_sub(held.is_some().into());
                self.end(worker, index, grid, done, begin);
            }
            base = base.wrapping_add(grid.items);
        }
        Ok(())
    }
}

/// Items, and how many were taken.
struct Counted<'i> {
    items: &'i mut dyn Items,
    taken: u32,
}

impl Items for Counted<'_> {
    fn next(&mut self) -> Option<u32> {
        let item = self.items.next();
        self.taken = self.taken.wrapping_add(item.is_some().into());
        item
    }
}

#[cfg(test)]
mod tests;
