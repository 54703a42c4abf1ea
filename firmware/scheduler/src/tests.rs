//! Threads in place of cores.

use core::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::vec::Vec;

use super::*;

/// One core's event register.
#[derive(Default)]
struct Register {
    set: Mutex<bool>,
    changed: Condvar,
}

/// One core's view of all the event registers.
#[derive(Clone)]
struct Cores {
    registers: Arc<Vec<Register>>,
    own: usize,
}

impl Cores {
    fn of(count: usize) -> Vec<Cores> {
        let registers = Arc::new((0..count).map(|_| Register::default()).collect());
        (0..count).map(|own| Cores { registers: Arc::clone(&registers), own }).collect()
    }
}

impl Event for Cores {
    fn wake(&self, workers: Range<u32>) {
        for (index, register) in self.registers.iter().enumerate() {
            if workers.contains(&(index as u32)) {
                *register.set.lock().unwrap() = true;
                register.changed.notify_all();
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

/// A lock of loads and stores that the standard library makes for us.
#[derive(Default)]
struct Spin(AtomicBool);

impl Lock for Spin {
    fn acquire(&self) {
        while self.0.swap(true, Ordering::Acquire) {
            thread::yield_now();
        }
    }

    fn release(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Notes who ran what; items in `failing` fail with their number.
struct Record {
    items: u32,
    failing: Vec<u32>,
    ran: Mutex<Vec<(u32, Worker)>>,
    busy: [AtomicU32; 8],
}

impl Record {
    fn new(items: u32, failing: &[u32]) -> Self {
        Record {
            items,
            failing: failing.to_vec(),
            ran: Mutex::default(),
            busy: [const { AtomicU32::new(0) }; 8],
        }
    }

    fn one(&self, item: u32, worker: Worker) -> Result<(), Failure> {
        let busy = &self.busy[worker.0 as usize];
        assert_eq!(busy.fetch_add(1, Ordering::SeqCst), 0, "two calls of one worker overlap");
        // Uneven, so that threads pass each other.
        for _ in 0..item * 7 % 13 {
            thread::yield_now();
        }
        self.ran.lock().unwrap().push((item, worker));
        busy.fetch_sub(1, Ordering::SeqCst);
        if self.failing.contains(&item) {
            return Err(Failure { item, status: item as i32 + 1 });
        }
        Ok(())
    }

    fn ran(&self) -> Vec<u32> {
        let mut items: Vec<u32> = self.ran.lock().unwrap().iter().map(|(item, _)| *item).collect();
        items.sort_unstable();
        items
    }
}

impl Work for Record {
    fn items(&self) -> u32 {
        self.items
    }

    fn run(&self, items: Range<u32>, worker: Worker) -> Result<(), Failure> {
        for item in items {
            self.one(item, worker)?;
        }
        Ok(())
    }

    fn drain(&self, items: &mut dyn Items, worker: Worker) -> Result<(), Failure> {
        while let Some(item) = items.next() {
            self.one(item, worker)?;
        }
        Ok(())
    }
}

/// The last work of a team: each worker notes that it was there.
struct Farewell<'f>(&'f [AtomicBool]);

impl Work for Farewell<'_> {
    fn items(&self) -> u32 {
        self.0.len() as u32
    }

    fn run(&self, _: Range<u32>, worker: Worker) -> Result<(), Failure> {
        self.0[worker.0 as usize].store(true, Ordering::SeqCst);
        Ok(())
    }

    fn drain(&self, items: &mut dyn Items, worker: Worker) -> Result<(), Failure> {
        while items.next().is_some() {}
        self.run(0..0, worker)
    }
}

/// Calls `lead` with a scheduler whose helpers are threads.
fn with_team<C: Claim + Sync, const HELPERS: usize>(
    claim: C,
    lead: impl FnOnce(&mut Parallel<'_, C, Cores, HELPERS>),
) {
    let team: Team<C, HELPERS> = Team::new(claim);
    let cores = Cores::of(HELPERS + 1);
    let gone: Vec<_> = cores.iter().map(|_| AtomicBool::new(false)).collect();
    thread::scope(|scope| {
        for (helper, core) in cores.iter().skip(1).enumerate() {
            let (team, gone) = (&team, &gone[helper + 1]);
            scope.spawn(move || {
                let mut known = 0;
                while !gone.load(Ordering::SeqCst) {
                    // SAFETY: one thread a helper.
                    known = unsafe { team.attend(helper as u32, known, core) };
                }
            });
        }
        // SAFETY: the only leader.
        let mut scheduler = unsafe { Parallel::new(&team, cores[0].clone()) };
        lead(&mut scheduler);
        scheduler.set(Policy::RoundRobin, HELPERS as u32 + 1);
        scheduler.run(&Farewell(&gone)).unwrap();
    });
}

/// Numbers from a seed (xorshift).
struct Random(u32);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % bound
    }
}

const ROUNDS: u32 = if cfg!(miri) { 12 } else { 400 };

/// What every policy must do, on random work.
fn hold_against_sequential<C: Claim + Sync, const HELPERS: usize>(claim: C, seed: u32) {
    with_team::<C, HELPERS>(claim, |scheduler| {
        let mut random = Random(seed);
        for _ in 0..ROUNDS {
            let policy = if random.below(2) == 0 { Policy::Greedy } else { Policy::RoundRobin };
            let workers = 1 + random.below(HELPERS as u32 + 1);
            scheduler.set(policy, workers);
            assert_eq!(scheduler.workers(), workers);
            let items = random.below(40);
            let failing: Vec<u32> =
                (0..random.below(3)).map(|_| random.below(items.max(1) * 2)).collect();
            let (shared, alone) = (Record::new(items, &failing), Record::new(items, &failing));
            let (result, expected) = (scheduler.run(&shared), Sequential.run(&alone));
            let ran = shared.ran();
            assert!(ran.is_sorted_by(|left, right| left < right), "an item ran twice: {ran:?}");
            match expected {
                Ok(()) => {
                    assert_eq!(result, Ok(()));
                    assert_eq!(ran, (0..items).collect::<Vec<_>>());
                }
                Err(_) => {
                    let failure = result.unwrap_err();
                    assert!(failing.contains(&failure.item) && ran.contains(&failure.item));
                    assert_eq!(failure.status, failure.item as i32 + 1);
                    // The lowest of those that happened.
                    let first = ran.iter().find(|item| failing.contains(item));
                    assert_eq!(first, Some(&failure.item));
                }
            }
        }
    });
}

#[test]
fn each_item_runs_once_whatever_the_policy() {
    hold_against_sequential::<_, 1>(Atomic, 1);
    hold_against_sequential::<_, 3>(Atomic, 2);
    hold_against_sequential::<_, 1>(Locked(Spin::default()), 3);
    hold_against_sequential::<_, 3>(Locked(Spin::default()), 4);
}

#[test]
fn round_robin_gives_each_worker_its_own() {
    with_team::<_, 2>(Atomic, |scheduler| {
        scheduler.set(Policy::RoundRobin, 3);
        let work = Record::new(10, &[]);
        assert_eq!(scheduler.run(&work), Ok(()));
        for (item, worker) in work.ran.lock().unwrap().iter() {
            assert_eq!(item % 3, worker.0);
        }
    });
}

#[test]
fn greedy_shares_what_takes_long() {
    struct Gate(Mutex<Vec<Worker>>);
    impl Work for Gate {
        fn items(&self) -> u32 {
            2
        }

        fn run(&self, _: Range<u32>, _: Worker) -> Result<(), Failure> {
            panic!("two items and two workers are shared")
        }

        /// Each item waits until the other one has begun.
        fn drain(&self, items: &mut dyn Items, worker: Worker) -> Result<(), Failure> {
            while items.next().is_some() {
                self.0.lock().unwrap().push(worker);
                while self.0.lock().unwrap().len() < 2 {
                    thread::yield_now();
                }
            }
            Ok(())
        }
    }
    with_team::<_, 1>(Atomic, |scheduler| {
        scheduler.set(Policy::Greedy, 2);
        let work = Gate(Mutex::default());
        assert_eq!(scheduler.run(&work), Ok(()));
        let mut workers = work.0.into_inner().unwrap();
        workers.sort_by_key(|worker| worker.0);
        assert_eq!(workers, [Worker(0), Worker(1)]);
    });
}

#[test]
fn one_worker_or_one_item_calls_nobody() {
    // No thread serves this team: a call would wait for good.
    let team: Team<_, 2> = Team::new(Atomic);
    let core = Cores::of(1).remove(0);
    // SAFETY: the only leader.
    let mut scheduler = unsafe { Parallel::new(&team, core) };
    let work = Record::new(5, &[3]);
    assert_eq!(scheduler.run(&work), Err(Failure { item: 3, status: 4 }));
    assert_eq!(work.ran(), [0, 1, 2, 3]);
    scheduler.set(Policy::Greedy, 3);
    for items in [0, 1] {
        let work = Record::new(items, &[]);
        assert_eq!(scheduler.run(&work), Ok(()));
        assert_eq!(work.ran(), (0..items).collect::<Vec<_>>());
    }
}

#[test]
fn a_team_has_no_more_workers_than_helpers_and_the_leader() {
    let team: Team<_, 2> = Team::new(Atomic);
    // SAFETY: the only leader.
    let mut scheduler = unsafe { Parallel::new(&team, Cores::of(1).remove(0)) };
    scheduler.set(Policy::Greedy, 9);
    assert_eq!(scheduler.workers(), 3);
    scheduler.set(Policy::Greedy, 0);
    assert_eq!(scheduler.workers(), 1);
}

#[test]
fn sequential_stops_at_a_failure() {
    let work = Record::new(9, &[4]);
    assert_eq!(Sequential.run(&work), Err(Failure { item: 4, status: 5 }));
    assert_eq!(work.ran(), [0, 1, 2, 3, 4]);
    assert_eq!(Sequential.workers(), 1);
}

#[test]
fn helpers_leave_the_last_items_to_the_leader() {
    use crate::team::Job;
    use core::ptr::NonNull;

    for (items, left, helped) in [(10, 3, 7), (10, 0, 10), (4, 4, 0), (2, 5, 0)] {
        let work = Record::new(items, &[]);
        // SAFETY: only the lifetime changes; the job is over before the work is.
        let lasting = unsafe { core::mem::transmute::<&dyn Work, &'static dyn Work>(&work) };
        let team: Team<_, 1> = Team::new(Atomic).leaving(left);
        let job = Job { work: NonNull::from(lasting), items, policy: Policy::Greedy, workers: 2 };
        team.share(&job, Worker(1)).unwrap();
        assert_eq!(work.ran(), (0..helped).collect::<Vec<_>>(), "{left} of {items}");
        team.share(&job, Worker(0)).unwrap();
        assert_eq!(work.ran(), (0..items).collect::<Vec<_>>(), "{left} of {items}");
        // A fixed share is a fixed share.
        let fixed = Job { policy: Policy::RoundRobin, ..job };
        let team: Team<_, 1> = Team::new(Atomic).leaving(left);
        team.share(&fixed, Worker(1)).unwrap();
        let own = work.ran.lock().unwrap().len() - items as usize;
        assert_eq!(own, items as usize / 2);
    }
}
