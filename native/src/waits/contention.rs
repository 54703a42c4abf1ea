//! Cores that want the same bank at the same time.
//!
//! A bank serves one core at a time. What another core's traffic makes a core
//! wait is not simulated access by access, because cores run in turns, but
//! computed from how much traffic there is. When an access of core `j` begins, which
//! keeps the bank for `s` cycles, core `i` is doing something else, and comes after a
//! time that is taken for random, of `1 / r` cycles on average. So it waits
//! `s - (1 - exp(-r s)) / r`: nothing if it comes too late, never more than `s`, and
//! `r s s / 2` if it comes seldom. `r` is how often `i` comes in the time that it is not
//! served by the bank and does not wait for it.
//!
//! How much traffic there is is that of the last [`WINDOW`] cycles that each core has
//! finished.

/// Cycles that traffic is counted over.
pub const WINDOW: u64 = 2048;

/// A core's traffic on one bank in a window that is over.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Accesses of a cycle, for each cycle of the core.
    short: f64,
    /// Longer ones.
    long: f64,
    /// How long these are, on average.
    length: f64,
    /// The share of time that it wanted nothing of the bank, above 0.
    left: f64,
    /// Accesses for each cycle of that.
    request: f64,
}

impl Rates {
    const NONE: Rates = Rates { short: 0.0, long: 0.0, length: 0.0, left: 1.0, request: 0.0 };

    /// What an access of this core waits for `other`, a cycle of which takes `scale`
    /// of this one; all in cycles.
    pub fn wait(&self, other: &Rates, scale: f64) -> f64 {
        let one = |rate: f64, length: f64| {
            if rate > 0.0 {
                let length = length * scale;
                rate / scale * length * length * met(self.request * length)
            } else {
                0.0
            }
        };
        (one(other.short, 1.0) + one(other.long, other.length)) / self.left
    }
}

/// `(1 - (1 - exp(-x)) / x) / x`: half for 0, less and less beyond.
fn met(x: f64) -> f64 {
    if x < 1e-2 {
        return 0.5 - x / 6.0 + x * x / 24.0;
    }
    (1.0 - (1.0 - decay(x)) / x) / x
}

/// `exp(-x)`, the same on every machine: the C library's is not.
fn decay(x: f64) -> f64 {
    const HALVINGS: i32 = 10;
    let y = x.min(600.0) / f64::from(1 << HALVINGS);
    let mut power = 1.0 - y + y * y / 2.0 - y * y * y / 6.0 + y * y * y * y / 24.0;
    for _ in 0..HALVINGS {
        power *= power;
    }
    power
}

/// One bank in the window so far.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    accesses: u64,
    /// Cycles that they took.
    cycles: u64,
    /// Of these, accesses that took longer than one.
    long: u64,
    /// Cycles waited for other cores.
    held_up: u64,
}

/// The traffic of one core.
#[derive(Debug)]
pub struct Traffic {
    /// When its window began.
    since: u64,
    loads: Vec<Load>,
    rates: Vec<Rates>,
}

impl Traffic {
    /// No traffic on so many banks.
    pub fn new(banks: usize) -> Traffic {
        let (loads, rates) = (vec![Load::default(); banks], vec![Rates::NONE; banks]);
        Traffic { since: 0, loads, rates }
    }

    /// An access that took `cycles` of `bank` after it waited for other cores.
    pub fn add(&mut self, bank: usize, cycles: u64, held_up: u64) {
        if let Some(load) = self.loads.get_mut(bank) {
            load.accesses += 1;
            load.cycles += cycles;
            load.long += u64::from(cycles > 1);
            load.held_up += held_up;
        }
    }

    /// At the core's cycle `now`, sleep left out: a window may be over.
    pub fn advance(&mut self, now: u64) {
        let length = now.saturating_sub(self.since);
        if length < WINDOW {
            return;
        }
        let all = length as f64;
        for (load, rates) in self.loads.iter_mut().zip(&mut self.rates) {
            let Load { accesses, cycles, long, held_up } = std::mem::take(load);
            let short = accesses - long;
            let left = length.saturating_sub(cycles + held_up).max(1) as f64;
            *rates = Rates {
                short: short as f64 / all,
                long: long as f64 / all,
                length: (cycles - short) as f64 / long.max(1) as f64,
                left: left / all,
                request: accesses as f64 / left,
            };
        }
        self.since = now;
    }

    /// Its traffic on a bank in the last whole window.
    pub fn rates(&self, bank: usize) -> Rates {
        self.rates.get(bank).copied().unwrap_or(Rates::NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ mixed >> 31) % bound
        }

        /// Cycles until the next access, `mean` on average, at least 0.
        fn gap(&mut self, mean: u64) -> u64 {
            let mut gap = 0;
            while self.below(mean + 1) != 0 {
                gap += 1;
            }
            gap
        }
    }

    /// Two cores and a bank, cycle by cycle: each thinks, asks, is served. Ties go
    /// to either in turn. What each waits an access, in cycles.
    fn simulate(think: [u64; 2], serve: [u64; 2]) -> [f64; 2] {
        let mut chance = Chance(1);
        let mut wants = [0, 1].map(|core: usize| chance.gap(think[core]));
        let (mut free_at, mut favoured) = (0, 0);
        let (mut waits, mut counts) = ([0_u64; 2], [0_u64; 2]);
        for now in 0..4_000_000 {
            if now < free_at {
                continue;
            }
            let ready = [wants[0] <= now, wants[1] <= now];
            let core = match ready {
                [false, false] => continue,
                [true, false] => 0,
                [false, true] => 1,
                // Who asked first; at once, in turn.
                _ if wants[0] != wants[1] => usize::from(wants[1] < wants[0]),
                _ => {
                    favoured = 1 - favoured;
                    favoured
                }
            };
            waits[core] += now - wants[core];
            counts[core] += 1;
            free_at = now + serve[core];
            wants[core] = free_at + chance.gap(think[core]);
        }
        [0, 1].map(|core| waits[core] as f64 / counts[core] as f64)
    }

    /// The same by the formula, window after window, each from the one before.
    fn estimate(think: [u64; 2], serve: [u64; 2]) -> [f64; 2] {
        let mut traffic = [0, 1].map(|_| Traffic::new(1));
        let (mut now, mut waits) = ([0.0; 2], [0.0; 2]);
        for window in 1..=20 {
            for core in 0..2 {
                let (own, other) = (core, 1 - core);
                let rates = traffic[own].rates(0);
                waits[own] = rates.wait(&traffic[other].rates(0), 1.0);
                let mut owed = 0.0;
                while now[own] < (window * 16 * WINDOW) as f64 {
                    owed += waits[own];
                    traffic[own].add(0, serve[own], owed as u64);
                    owed -= owed.trunc();
                    now[own] += (think[own] + serve[own]) as f64 + waits[own];
                }
                traffic[own].advance(now[own] as u64);
            }
        }
        waits
    }

    #[test]
    fn the_formula_agrees_with_a_simulation_cycle_by_cycle() {
        for (think, serve) in [
            ([1, 1], [1, 1]),
            ([2, 2], [1, 1]),
            ([3, 9], [1, 1]),
            ([10, 30], [1, 1]),
            ([20, 6], [2, 6]),
            ([10, 10], [257, 257]),
            ([400, 300], [257, 257]),
            ([2000, 1000], [257, 257]),
        ] {
            let (simulated, estimated) = (simulate(think, serve), estimate(think, serve));
            for (found, wanted) in estimated.into_iter().zip(simulated) {
                assert!(
                    (0.8 * wanted..1.2 * wanted).contains(&found),
                    "think {think:?}, serve {serve:?}: {estimated:?}, not {simulated:?}"
                );
            }
        }
    }

    fn near(found: f64, wanted: f64) -> bool {
        (found - wanted).abs() < 1e-6
    }

    #[test]
    fn traffic_is_that_of_the_last_whole_window() {
        let mut traffic = Traffic::new(2);
        (0..WINDOW / 4).for_each(|_| traffic.add(1, 1, 0));
        let seldom = Traffic::new(2).rates(1);
        traffic.advance(WINDOW - 1);
        assert!(near(seldom.wait(&traffic.rates(1), 1.0), 0.0), "not over yet");
        traffic.advance(WINDOW);
        assert!(near(seldom.wait(&traffic.rates(1), 1.0), 1.0 / 8.0));
        assert!(near(seldom.wait(&traffic.rates(0), 1.0), 0.0));
        assert!(near(seldom.wait(&traffic.rates(1), 2.0), 2.0 / 8.0), "a slower core's");
        traffic.advance(2 * WINDOW);
        assert!(near(seldom.wait(&traffic.rates(1), 1.0), 0.0), "nothing since");
    }

    #[test]
    fn nobody_waits_longer_than_the_other_is_served() {
        let busy = |each: u64, cycles: u64| {
            let mut traffic = Traffic::new(1);
            (0..WINDOW / each).for_each(|_| traffic.add(0, cycles, 0));
            traffic.advance(WINDOW);
            traffic.rates(0)
        };
        // One that asks every other cycle, beside accesses of 200 cycles, eight of them.
        let (often, slow) = (busy(2, 1), busy(256, 200));
        let waits = often.wait(&slow, 1.0) * (WINDOW / 2) as f64;
        assert!((0.9 * 8.0 * 200.0..8.0 * 200.0).contains(&waits), "{waits}");
    }

    #[test]
    fn the_exponential_is_right() {
        for x in [0.0, 1e-6, 0.3, 1.0, 5.0, 20.0_f64] {
            assert!((decay(x) - (-x).exp()).abs() < 1e-9, "{x}");
        }
        assert!(decay(1e300) < 1e-9);
        assert!((met(0.009_999) - met(0.010_001)).abs() < 1e-5);
    }
}
