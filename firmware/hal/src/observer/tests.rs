//! Watched regions do what others do, and say who did what.

use core::mem::MaybeUninit;
use core::ops::Range;
use std::sync::Mutex;
use std::vec::Vec;

use arielml_arena::Arena;

use super::*;
use crate::function;
use crate::region::tests::{Listed, grid};
use crate::support::{self, Ran};

/// Notes the shares; its time is how often it was asked.
#[derive(Default)]
struct Notes {
    asked: Mutex<u32>,
    shares: Mutex<Vec<Share>>,
}

impl Observer for Notes {
    fn begin(&self, _: Worker) -> u32 {
        let mut asked = self.asked.lock().unwrap();
        *asked += 1;
        *asked
    }

    fn end(&self, share: Share) {
        self.shares.lock().unwrap().push(share);
    }
}

/// A scheduler that has one worker do what `how` says.
struct One<'o> {
    worker: u32,
    how: How<'o>,
}

enum How<'o> {
    Run(Range<u32>),
    Drain(&'o [u32]),
}

impl Scheduler for One<'_> {
    fn workers(&self) -> u32 {
        1
    }

    fn run(&mut self, work: &dyn Work) -> Result<(), Failure> {
        match &self.how {
            How::Run(items) => work.run(items.clone(), Worker(self.worker)),
            How::Drain(items) => work.drain(&mut Listed(items.iter()), Worker(self.worker)),
        }
    }
}

fn watched(grids: &[Grid], how: How<'_>) -> (Result<(), Failure>, Vec<Ran>, Vec<Share>) {
    let total = grids.iter().map(|grid| grid.items).sum();
    // SAFETY: the fake functions touch neither bindings nor local memory.
    let region = unsafe { Region::new(grids, total, 0x1000 as *mut u8, 0x2000) };
    let notes = Notes::default();
    support::ran();
    let mut memory = [MaybeUninit::uninit(); 256];
    let arena = Arena::new(&mut memory);
    let device = Device::new(&arena, &[]);
    device.dispatches.set(7);
    let watch = Watch::new(&notes);
    let result = (watch.run)(watch.observer, &device, &region, &mut One { worker: 2, how });
    assert_eq!(device.dispatches.get(), 7 + grids.len() as u32);
    (result, support::ran(), notes.shares.into_inner().unwrap())
}

fn share(place: u32, items: u32, begin: u32) -> Share {
    Share { worker: Worker(2), place, function: 0, items, begin, heap: 0 }
}

#[test]
fn each_dispatch_is_told_with_its_items() {
    let fine = function!("fine", 0, 0, 0, |_| 0);
    let grids =
        [grid(fine, [3, 2, 2], &[]), grid(fine, [0, 5, 1], &[]), grid(fine, [2, 1, 3], &[])];
    let (result, ran, shares) = watched(&grids, How::Run(0..18));
    assert_eq!((result, ran.len()), (Ok(()), 18));
    // The empty one is passed over, and keeps its place.
    assert_eq!(shares, [share(7, 12, 1), share(9, 6, 2)]);
    assert_eq!(watched(&grids, How::Run(10..13)).2, [share(7, 2, 1), share(9, 1, 2)]);
    assert_eq!(watched(&grids, How::Run(18..30)).2, []);
}

#[test]
fn items_taken_one_by_one_are_counted() {
    let fine = function!("fine", 0, 0, 0, |_| 0);
    let grids =
        [grid(fine, [3, 2, 2], &[]), grid(fine, [0, 5, 1], &[]), grid(fine, [2, 1, 3], &[])];
    let alike = watched(&grids, How::Run(0..18)).1;
    for step in 1..=9 {
        for start in 0..step {
            let taken: Vec<u32> = (start..18).step_by(step as usize).collect();
            let (result, ran, shares) = watched(&grids, How::Drain(&taken));
            assert_eq!(result, Ok(()));
            let expected: Vec<_> = taken.iter().map(|&item| alike[item as usize].clone()).collect();
            let unworked: Vec<_> = ran.iter().map(|ran| ran.id).collect();
            assert_eq!(unworked, expected.iter().map(|ran| ran.id).collect::<Vec<_>>());
            let in_first = taken.iter().filter(|&&item| item < 12).count() as u32;
            let told: Vec<_> = shares.iter().map(|share| (share.place, share.items)).collect();
            let counts = [(7, in_first), (9, taken.len() as u32 - in_first)];
            let wanted: Vec<_> = counts.into_iter().filter(|&(_, items)| items > 0).collect();
            assert_eq!(told, wanted, "{start} by {step}");
        }
    }
    assert_eq!(watched(&grids, How::Drain(&[])).2, []);
    assert_eq!(watched(&grids, How::Drain(&[18, 40])).2, []);
}

#[test]
fn a_failure_names_its_item_and_ends_the_telling() {
    let fine = function!("fine", 0, 0, 0, |_| 0);
    let fails = function!("fails", 1, 0, 0, |call| {
        if call.workgroup.id_x == call.constants()[0] { -2 } else { 0 }
    });
    let constants = [1];
    let grids = [grid(fine, [5, 1, 1], &[]), grid(fails, [4, 1, 1], &constants)];
    for how in [How::Run(0..9), How::Drain(&[0, 1, 2, 3, 4, 5, 6, 7, 8])] {
        let (result, ran, shares) = watched(&grids, how);
        assert_eq!(result, Err(Failure { item: 6, status: -2 }));
        assert_eq!(ran.len(), 7);
        assert_eq!(shares, [share(7, 5, 1)]);
    }
}
