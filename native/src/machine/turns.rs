//! Which core runs: in turns, the one whose time is least.
//!
//! A turn is some instructions long. It ends early when the core sleeps, when
//! it wakes another one, and in front of that by which cores agree if another
//! core's time is before its own: an event, an atomic instruction, an access to
//! what is shared for that (`Peripheral::is_ordered`). So these happen in the
//! order of the cores' times; but with a seed other than 0 they happen as the
//! turns come, which is what lets a test try other orders. Plain loads and stores do not: a core may see what
//! another one writes up to a turn later.
//!
//! A turn does not end between an exclusive load and its store: the engine takes
//! the store for exclusive when it finds the value that was loaded, which
//! another core could have changed and put back.

use super::{CLOCK_INTERVAL, Core, Machine, Sleep};
use crate::bus::{Command, Start};
use crate::fault::{Fault, Kind};
use crate::isa::Isa;
use crate::peripherals::Signal;

/// Instructions that an exclusive load waits for its store at most.
pub(super) const EXCLUSIVE: u64 = 64;

/// The lengths of turns and the order of cores whose times are equal.
#[derive(Debug)]
pub struct Turns {
    length: u64,
    state: u64,
    order: Vec<usize>,
    /// Cores agree in the order of their times.
    ordered: bool,
}

impl Turns {
    /// Instructions of a turn, on average.
    pub const LENGTH: u64 = 128;

    /// The turns of `cores` cores that `seed` stands for.
    pub fn new(cores: usize, length: u64, seed: u64) -> Turns {
        let (order, ordered) = ((0..cores).collect(), seed == 0);
        let mut turns = Turns { length: length.max(1), state: seed, order, ordered };
        // Seed 0 lets the first core begin.
        if seed != 0 {
            for left in (1..cores).rev() {
                let other = turns.below(left as u64 + 1) as usize;
                turns.order.swap(left, other);
            }
        }
        turns
    }

    /// The next of a sequence of numbers below `bound` (SplitMix64).
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % bound.max(1)
    }

    /// The instructions of the next turn: half as many more or fewer.
    pub fn next_length(&mut self) -> u64 {
        self.length - self.length / 2 + self.below(self.length)
    }

    fn rank(&self, core: &Core) -> Option<usize> {
        self.order.iter().position(|&number| number == core.number)
    }

    /// Of two cores the one that runs first.
    pub(crate) fn first<'c>(&self, left: &'c Core, right: &'c Core) -> &'c Core {
        let right_first =
            right.is_behind(left) || !left.is_behind(right) && self.rank(right) < self.rank(left);
        if right_first { right } else { left }
    }
}

impl Machine {
    /// Makes a core the one that runs.
    pub(super) fn switch(&mut self, number: usize) {
        let Some(next) = self.parked.iter_mut().find(|core| core.number == number) else { return };
        self.core.fpu_enabled = self.bus.fpu_enabled;
        std::mem::swap(&mut self.core, next);
        self.bus.fpu_enabled = self.core.fpu_enabled;
        self.bus.switch(number);
    }

    /// Gives the turn to the core that runs next; none does if all sleep.
    pub(super) fn choose(&mut self) -> bool {
        let Core { counter, turn_ends, .. } = &self.core;
        if self.core.is_awake() && counter.instructions < *turn_ends {
            return true;
        }
        let awake = || self.cores().filter(|core| core.is_awake());
        let Some(next) = awake().reduce(|left, right| self.turns.first(left, right)) else {
            return false;
        };
        let (number, alone) = (next.number, awake().count() == 1);
        self.switch(number);
        let length = if alone { u64::MAX } else { self.turns.next_length() };
        self.core.turn_ends = self.core.counter.instructions.saturating_add(length);
        if let Some(waits) = &mut self.waits {
            let others = self.parked.iter().filter(|core| core.is_awake());
            waits.meet(number, others.map(|core| core.number));
        }
        // The limit is that of all cores together.
        self.limit_here = self.limit_of_core();
        true
    }

    /// Stops after so many `instructions` of all cores together.
    pub(super) fn limit_to(&mut self, instructions: u64) {
        let issued = self.cores().map(|core| core.counter.instructions).sum::<u64>();
        self.limit = issued.saturating_add(instructions);
        self.limit_here = self.limit_of_core();
    }

    fn limit_of_core(&self) -> u64 {
        let others = self.parked.iter().map(|core| core.counter.instructions).sum::<u64>();
        self.limit.saturating_sub(others)
    }

    /// Stops the engine where it is, so that the cores behind go on first.
    pub(super) fn end_turn(&mut self) {
        self.turn_over = true;
        self.core.turn_ends = 0;
        self.core.engine.stop();
    }

    /// Whether what comes next has to wait for cores that are behind.
    pub(super) fn must_wait(&self) -> bool {
        self.turns.ordered && self.core.is_ahead_of(&self.parked)
    }

    pub(super) fn turn_is_over(&self) -> bool {
        let ended = self.core.counter.instructions >= self.core.turn_ends;
        !self.core.is_awake() || ended && !self.core.is_exclusive()
    }

    pub(super) fn next_check(&self) -> u64 {
        let Core { counter, turn_ends, .. } = &self.core;
        // No core takes less than a cycle an instruction.
        let alarm =
            self.alarm().map_or(u64::MAX, |alarm| self.core.behind(alarm, self.clock_hz).max(1));
        let here = counter.instructions;
        self.limit_here.min(*turn_ends).min(here + alarm.min(CLOCK_INTERVAL))
    }

    /// A wait for an event, which ended a block: sleeps unless there was one.
    pub(crate) fn wait_for_event(&mut self, pc: u32) {
        self.core.counter.finish_block(pc);
        self.spread();
        let now = self.now();
        if !std::mem::take(&mut self.core.event) && !self.core.is_interrupted(&mut self.bus, now) {
            self.core.sleep = Sleep::Event;
            self.core.counter.check_at = 0;
        }
    }

    /// Does what the running core did to cores, itself included: sends its
    /// event, starts, holds and wakes.
    pub(super) fn spread(&mut self) {
        if std::mem::take(&mut self.core.sends_event) {
            self.bus.command(Command::SendEvent);
        }
        let now = self.now();
        let due = self.alarm().is_some_and(|alarm| alarm <= now);
        if !std::mem::take(&mut self.bus.stirred) && !due {
            return;
        }
        // What a boot ROM does in answer may be more of it.
        while !self.bus.commands.is_empty() {
            for command in std::mem::take(&mut self.bus.commands) {
                self.obey(command, now);
            }
        }
        self.bus.stirred = false;
        let woken = self.wake(now);
        if woken || self.started {
            self.started = false;
            self.core.turn_ends = self.core.turn_ends.min(self.core.counter.instructions);
        }
    }

    /// Wakes the cores that have reason to; whether another one than the running did.
    fn wake(&mut self, now: u64) -> bool {
        let Machine { core, parked, bus, clock_hz, .. } = self;
        core.wake(bus, now, *clock_hz);
        let mut woken = false;
        for other in parked.iter_mut() {
            woken |= other.wake(bus, now, *clock_hz);
        }
        woken
    }

    /// When all sleep: goes on to the time that a core's timer wakes it at, if
    /// one does, and gives it the turn.
    pub(super) fn skip_to_alarm(&mut self) -> bool {
        let Some(alarm) = self.alarm() else { return false };
        self.wake(alarm.max(self.now()));
        self.choose()
    }

    /// The time of the bus at which a core's own timer ends its sleep.
    fn alarm(&self) -> Option<u64> {
        self.cores().filter_map(|core| core.alarm(&self.bus)).min()
    }

    fn obey(&mut self, command: Command, now: u64) {
        match command {
            Command::SendEvent => {
                self.core.event = true;
                self.parked.iter_mut().for_each(|core| core.event = true);
                self.signal(Signal::Event);
            }
            Command::Hold(number) => {
                let Some(core) = self.core_mut(number) else { return };
                core.sleep = Sleep::Held;
                self.signal(Signal::Held(number));
            }
            Command::Release(number) => self.signal(Signal::Released(number)),
            Command::Start(number, Start { entry, .. }) if self.lacks_thumb_bit(number, entry) => {
                let why = format!("core {number} was started at {entry:#010x}, without bit 0 set");
                self.fail(Fault::at(Kind::Peripheral, entry, why));
            }
            Command::Start(number, start) => {
                let clock_hz = self.clock_hz;
                let Some(core) = self.core_mut(number) else { return };
                core.sleep_until(now, clock_hz);
                core.begin(start);
                self.started = true;
                self.bus.interrupts_of(number).reset();
                self.reset_slots(Some(number));
                let own = self.slots.iter_mut().filter(|slot| slot.core == Some(number));
                own.for_each(|slot| {
                    slot.model.signal(Signal::Started { vectors: start.vectors }, &mut self.bus);
                });
            }
        }
    }

    fn lacks_thumb_bit(&self, number: usize, entry: u32) -> bool {
        let thumb = |core: &Core| core.description.isa == Isa::Thumb;
        entry & 1 == 0 && self.core(number).is_some_and(thumb)
    }

    /// The time of the bus at which what happens now happens: the running
    /// core's, or the latest if it sleeps.
    fn now(&self) -> u64 {
        if self.core.is_awake() { self.core.time_of(self.clock_hz) } else { self.latest() }
    }

    /// The time of the bus of the core that came furthest.
    pub(super) fn latest(&self) -> u64 {
        let times = self.parked.iter().map(|core| core.time_of(self.clock_hz));
        times.fold(self.core.time_of(self.clock_hz), u64::max)
    }

    /// Cycles that a core has slept while another one ran, up to now.
    pub fn idle(&self, core: &Core) -> u64 {
        let asleep = if core.is_awake() { 0 } else { core.behind(self.latest(), self.clock_hz) };
        core.counter.idle + asleep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_turns() {
        let draw = |seed| {
            let mut turns = Turns::new(4, 100, seed);
            let lengths: Vec<u64> = (0..50).map(|_| turns.next_length()).collect();
            assert!(lengths.iter().all(|length| (50..150).contains(length)), "{lengths:?}");
            (turns.order.clone(), lengths)
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7).1, draw(8).1);
        assert_eq!(draw(0).0, [0, 1, 2, 3]);
        let orders: std::collections::HashSet<_> = (1..200).map(|seed| draw(seed).0).collect();
        assert_eq!(orders.len(), 24, "every order of four cores comes up");
    }

    fn core(number: usize, clock_hz: u64, cycles: u64) -> Core {
        let mut core = Core::imaginary(number, clock_hz);
        core.counter.cycles = cycles;
        core.sleep = Sleep::Awake;
        core
    }

    #[test]
    fn the_core_whose_time_is_least_runs_first() {
        let turns = Turns::new(2, 128, 0);
        let first = |left: &Core, right: &Core| turns.first(left, right).number;
        assert_eq!(first(&core(0, 100, 7), &core(1, 100, 6)), 1);
        assert_eq!(first(&core(0, 100, 6), &core(1, 100, 7)), 0);
        // 400 cycles at 128 MHz are 3.125 us, 200 at 64 MHz as much.
        assert_eq!(first(&core(1, 64_000_000, 200), &core(0, 128_000_000, 400)), 0);
        assert_eq!(first(&core(0, 128_000_000, 401), &core(1, 64_000_000, 200)), 1);
        // No rounding: one cycle in 2^60 decides.
        let long = 1 << 60;
        assert_eq!(first(&core(0, 3, 3 * long), &core(1, 7, 7 * long - 1)), 1);
        assert_eq!(first(&core(0, 3, 3 * long), &core(1, 7, 7 * long)), 0);
        assert_eq!(first(&core(0, 3, 3 * long - 1), &core(1, 7, 7 * long - 1)), 0);
    }

    #[test]
    fn sleep_counts_as_time() {
        let mut late = core(0, 200, 100);
        let early = core(1, 100, 60);
        assert!(late.is_behind(&early));
        late.sleep_until(61, 100);
        assert_eq!((late.counter.idle, late.counter.elapsed()), (22, 122));
        assert!(early.is_behind(&late));
        late.sleep_until(10, 100); // long over
        assert_eq!(late.counter.idle, 22);
    }

    #[test]
    fn only_a_core_that_runs_is_waited_for() {
        let ahead = core(0, 100, 50);
        let mut other = core(1, 100, 10);
        assert!(ahead.is_ahead_of(std::slice::from_ref(&other)));
        other.sleep = Sleep::Event;
        assert!(!ahead.is_ahead_of(std::slice::from_ref(&other)));
    }

    #[test]
    fn turns_go_to_the_least_and_have_no_end_for_one_alone() {
        let mut board = Machine::new(core(0, 100, 10), vec![core(1, 100, 5), core(2, 100, 20)]);
        assert!(board.choose());
        assert_eq!(board.core.number, 1);
        let length = board.core.turn_ends;
        assert!((64..192).contains(&length), "{length}");
        assert!(board.choose(), "its turn goes on");
        assert_eq!(board.core.number, 1);
        board.core.counter.instructions = length;
        board.core.counter.cycles = 30;
        assert!(board.turn_is_over() && board.choose());
        assert_eq!(board.core.number, 0);
        board.core.sleep = Sleep::Event;
        board.parked.iter_mut().for_each(|core| core.sleep = Sleep::Interrupt);
        assert!(!board.choose());
        board.core.sleep = Sleep::Awake;
        board.core.turn_ends = 0;
        assert!(board.choose());
        assert_eq!(board.core.turn_ends, u64::MAX);
    }

    #[test]
    fn an_event_wakes_who_waits_for_one_at_its_time() {
        let mut board = Machine::new(core(0, 100, 500), vec![core(1, 50, 5), core(2, 100, 7)]);
        board.parked[0].sleep = Sleep::Event;
        board.parked[1].sleep = Sleep::Interrupt;
        board.core.turn_ends = u64::MAX;
        board.core.sends_event = true;
        board.spread();
        let (second, third) = (board.core(1).unwrap(), board.core(2).unwrap());
        assert!(second.is_awake() && !second.event);
        assert_eq!(second.counter.elapsed(), 250);
        assert!(!third.is_awake() && third.event);
        assert!(board.core.event, "its own too");
        assert!(board.turn_is_over());
        assert_eq!(board.idle(board.core(2).unwrap()), 493);
    }

    #[test]
    fn an_exclusive_load_keeps_the_turn_for_a_while() {
        let mut board = Machine::new(core(0, 100, 0), vec![core(1, 100, 0)]);
        board.core.turn_ends = 10;
        board.core.counter.instructions = 12;
        assert!(board.turn_is_over());
        board.core.exclusive_until = 12 + EXCLUSIVE;
        assert!(!board.turn_is_over());
        board.core.counter.instructions = 12 + EXCLUSIVE;
        assert!(board.turn_is_over());
    }

    #[test]
    fn a_turn_is_never_empty() {
        let mut turns = Turns::new(1, 0, 3);
        assert!((0..20).all(|_| turns.next_length() == 1));
    }
}
