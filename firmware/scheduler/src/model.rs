//! Every interleaving of small cases, by loom:
//! `RUSTFLAGS="--cfg loom" cargo test --release -p arielml-scheduler`.

use core::ops::Range;
use std::vec::Vec;

use loom::cell::UnsafeCell;
use loom::sync::{Arc, Condvar, Mutex};
use loom::{model::Builder, thread};

use super::*;

struct Register {
    set: Mutex<bool>,
    changed: Condvar,
}

#[derive(Clone)]
struct Cores {
    registers: Arc<Vec<Register>>,
    own: usize,
}

impl Cores {
    fn of(count: usize) -> Vec<Cores> {
        let register = |_| Register { set: Mutex::new(false), changed: Condvar::new() };
        let registers = Arc::new((0..count).map(register).collect());
        (0..count).map(|own| Cores { registers: Arc::clone(&registers), own }).collect()
    }
}

/// loom says when everybody sleeps: a wake that is lost ends the model.
impl Event for Cores {
    fn wake(&self, workers: Range<u32>) {
        for (index, register) in self.registers.iter().enumerate() {
            if workers.contains(&(index as u32)) {
                *register.set.lock().unwrap() = true;
                register.changed.notify_one();
            }
        }
    }

    fn sleep(&self) {
        let register = &self.registers[self.own];
        let mut set = register.set.lock().unwrap();
        while !*set {
            set = register.changed.wait(set).unwrap();
        }
        *set = false;
    }
}

/// Waits without spinning: loom follows a spinning thread for good.
struct Gate {
    held: Mutex<bool>,
    freed: Condvar,
}

impl Lock for Gate {
    fn acquire(&self) {
        let mut held = self.held.lock().unwrap();
        while *held {
            held = self.freed.wait(held).unwrap();
        }
        *held = true;
    }

    fn release(&self) {
        *self.held.lock().unwrap() = false;
        self.freed.notify_one();
    }
}

/// Each item writes a cell of its own, which the leader reads afterwards: loom
/// sees to it that one follows the other.
struct Cells {
    cells: Vec<UnsafeCell<u32>>,
    failing: Option<u32>,
}

impl Cells {
    fn new(items: u32, failing: Option<u32>) -> Self {
        Cells { cells: (0..items).map(|_| UnsafeCell::new(0)).collect(), failing }
    }

    fn sum(&self) -> u32 {
        // SAFETY: all who write have answered; loom checks it.
        self.cells.iter().map(|cell| cell.with(|value| unsafe { *value })).sum()
    }
}

// SAFETY: each item is run once; loom checks it.
unsafe impl Sync for Cells {}

impl Work for Cells {
    fn items(&self) -> u32 {
        self.cells.len() as u32
    }

    fn run(&self, items: Range<u32>, worker: Worker) -> Result<(), Failure> {
        struct All(Range<u32>);
        impl Items for All {
            fn next(&mut self) -> Option<u32> {
                self.0.next()
            }
        }
        self.drain(&mut All(items), worker)
    }

    fn drain(&self, items: &mut dyn Items, _: Worker) -> Result<(), Failure> {
        while let Some(item) = items.next() {
            // SAFETY: as above.
            self.cells[item as usize].with_mut(|value| unsafe { *value += 1 });
            if self.failing == Some(item) {
                return Err(Failure { item, status: -1 });
            }
        }
        Ok(())
    }
}

/// `jobs` in a row, shared by `HELPERS` threads and the leader.
fn explore<C: Claim + Sync + Send + 'static, const HELPERS: usize>(
    claim: fn() -> C,
    policy: Policy,
    jobs: &'static [(u32, Option<u32>)],
    preemptions: usize,
) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(move || {
        let team: Arc<Team<C, HELPERS>> = Arc::new(Team::new(claim()));
        let cores = Cores::of(HELPERS + 1);
        let threads: Vec<_> = cores
            .iter()
            .skip(1)
            .cloned()
            .enumerate()
            .map(|(helper, core)| {
                let team = Arc::clone(&team);
                thread::spawn(move || {
                    let mut known = 0;
                    // A call that is over before it was seen is not served.
                    let last = (jobs.len() as u32) << 4;
                    while known & !0xF != last {
                        // SAFETY: one thread a helper.
                        known = unsafe { team.attend(helper as u32, known, &core) };
                    }
                })
            })
            .collect();
        // SAFETY: the only leader.
        let mut scheduler = unsafe { Parallel::new(&*team, cores[0].clone()) };
        scheduler.set(policy, HELPERS as u32 + 1);
        for &(items, failing) in jobs {
            let work = Cells::new(items, failing);
            let result = scheduler.run(&work);
            match failing {
                None => {
                    assert_eq!(result, Ok(()));
                    assert_eq!(work.sum(), items);
                }
                Some(item) => {
                    assert_eq!(result, Err(Failure { item, status: -1 }));
                    assert!(work.sum() <= items);
                }
            }
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

fn locked() -> Locked<Gate> {
    Locked(Gate { held: Mutex::new(false), freed: Condvar::new() })
}

fn atomic() -> Atomic {
    Atomic
}

#[test]
fn two_cores_two_jobs() {
    explore::<_, 1>(atomic, Policy::Greedy, &[(3, None), (2, None)], 3);
}

#[test]
fn two_cores_with_a_lock() {
    explore::<_, 1>(locked, Policy::Greedy, &[(2, None), (2, None)], 3);
}

#[test]
fn three_cores() {
    explore::<_, 2>(atomic, Policy::Greedy, &[(3, None)], 2);
}

#[test]
fn fewer_items_than_cores() {
    explore::<_, 2>(atomic, Policy::Greedy, &[(2, None), (3, None)], 2);
}

#[test]
fn a_failing_item() {
    for failing in 0..3 {
        const JOBS: [[(u32, Option<u32>); 2]; 3] =
            [[(3, Some(0)), (2, None)], [(3, Some(1)), (2, None)], [(3, Some(2)), (2, None)]];
        explore::<_, 1>(atomic, Policy::Greedy, &JOBS[failing], 2);
    }
}

#[test]
fn round_robin() {
    explore::<_, 1>(atomic, Policy::RoundRobin, &[(3, None), (3, Some(1))], 3);
}
