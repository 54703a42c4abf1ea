//! One emulated board: its cores, its peripherals, its state.

mod access;
mod core;
mod run;
mod turns;

use std::time::Instant;

use crate::bus::Bus;
use crate::counter::{Block, mark};
use crate::fault::{Fault, Kind};
use crate::isa::{Isa, measure};
use crate::peripherals::{Peripheral, Signal};
use crate::waits::Waits;

pub use self::core::{Core, Description, Interrupt, Registers, Sleep};
pub use run::run;
use turns::EXCLUSIVE;
pub use turns::Turns;

/// Why a run came back; the numbers are part of the C interface.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The time given is over.
    Time = 0,
    /// The instructions given are used up.
    Limit = 1,
    /// The guest sleeps, and nothing but the host can wake it.
    Asleep = 2,
    /// The guest faulted; see `Machine::fault`.
    Fault = 3,
}

/// A peripheral at its place.
pub(crate) struct Slot {
    pub base: u32,
    /// The core that it is part of.
    pub core: Option<usize>,
    pub model: Box<dyn Peripheral>,
}

/// Instructions between two looks at the clock: about 10 ms.
const CLOCK_INTERVAL: u64 = 1 << 20;

/// The board.
pub struct Machine {
    /// The core whose turn it is.
    pub core: Core,
    /// The other ones, in no order.
    pub(crate) parked: Vec<Core>,
    /// Memories, interrupts, UART queues.
    pub bus: Bus,
    pub(crate) slots: Vec<Slot>,
    pub(crate) watched: Vec<u32>,
    /// What memories make cores wait for, if that is modelled.
    pub(crate) waits: Option<Waits>,
    turns: Turns,
    /// The time of what is not part of a core, in cycles of the first core.
    cycles: u64,
    clock_hz: u64,
    fault: Option<Fault>,
    fault_core: usize,
    fault_registers: Vec<u32>,
    stopped: Option<State>,
    /// The engine was stopped because the turn is over.
    turn_over: bool,
    /// Another core was started.
    started: bool,
    /// How often the engine came back.
    returns: u64,
    /// Instructions of all cores at which to stop, and those of the running one.
    limit: u64,
    limit_here: u64,
    deadline: Instant,
    resets: u64,
}

impl Machine {
    /// A board without memories or peripherals; `cores` are numbered in order.
    pub fn new(first: Core, others: Vec<Core>) -> Machine {
        let clock_hz = first.description.clock_hz;
        let cpuid = first.description.cpuid;
        let mut bus = Bus { clock_hz, cpuid, ..Bus::default() };
        let count = 1 + others.len();
        (0..count).for_each(|_| bus.add_core());
        Machine {
            core: first,
            parked: others,
            bus,
            slots: Vec::new(),
            watched: Vec::new(),
            waits: None,
            turns: Turns::new(count, Turns::LENGTH, 0),
            cycles: 0,
            clock_hz,
            fault: None,
            fault_core: 0,
            fault_registers: Vec::new(),
            stopped: None,
            turn_over: false,
            started: false,
            returns: 0,
            limit: u64::MAX,
            limit_here: u64::MAX,
            deadline: Instant::now(),
            resets: 0,
        }
    }

    /// The core with a number.
    pub fn core(&self, number: usize) -> Option<&Core> {
        self.cores().find(|core| core.number == number)
    }

    fn core_mut(&mut self, number: usize) -> Option<&mut Core> {
        let mut all = std::iter::once(&mut self.core).chain(&mut self.parked);
        all.find(|core| core.number == number)
    }

    pub(crate) fn cores(&self) -> impl Iterator<Item = &Core> {
        std::iter::once(&self.core).chain(&self.parked)
    }

    /// Sets how cores take turns, before the first one.
    pub fn interleave(&mut self, length: u64, seed: u64) {
        self.turns = Turns::new(1 + self.parked.len(), length, seed);
    }

    /// The fault that ended the run, its core, and the registers at it.
    pub fn fault(&self) -> Option<(&Fault, usize, &[u32])> {
        let registers = self.fault_registers.as_slice();
        self.fault.as_ref().map(|fault| (fault, self.fault_core, registers))
    }

    /// Resets that the guest asked for.
    pub fn resets(&self) -> u64 {
        self.resets
    }

    /// Counts the calls of the function at `address`; gives its index.
    pub fn watch(&mut self, address: u32) -> usize {
        self.watched.push(address);
        for core in std::iter::once(&mut self.core).chain(&mut self.parked) {
            core.counter.forget(address);
            core.counter.spans.watch();
        }
        self.watched.len() - 1
    }

    /// Adds a peripheral, of a core's own if one is given, unless that core has
    /// another there.
    pub(crate) fn add(
        &mut self,
        base: u32,
        core: Option<usize>,
        model: Box<dyn Peripheral>,
    ) -> bool {
        let overlaps = self.slots.iter().any(|slot| {
            let together = slot.core.is_none() || core.is_none() || slot.core == core;
            together
                && (slot.base.wrapping_sub(base) < model.length()
                    || base.wrapping_sub(slot.base) < slot.model.length())
        });
        if !overlaps {
            self.slots.push(Slot { base, core, model });
        }
        !overlaps
    }

    /// Records the first fault and asks the engine to stop. The registers
    /// are those of now: exact in Unicorn's memory and exception hooks.
    pub(crate) fn fail(&mut self, fault: Fault) {
        // What runs on after a reset was asked for does not count any more.
        if self.fault.is_none() && !self.bus.reset_requested {
            self.fault = Some(fault);
            self.fault_core = self.core.number;
            self.capture_registers();
        }
        self.core.counter.check_at = 0;
        self.core.engine.stop();
    }

    fn capture_registers(&mut self) {
        let Core { engine, description, .. } = &self.core;
        let all = description.registers.all.iter();
        self.fault_registers = all.map(|&id| engine.register(id)).collect();
    }

    /// Puts the board at its reset state: start-up runs next.
    pub fn reset(&mut self) {
        self.bus.reset_requested = false;
        self.bus.commands.clear();
        if let Some(waits) = &mut self.waits {
            waits.reset();
        }
        // All cores begin at the time of the one that came furthest.
        let (time, clock_hz) = (self.latest(), self.clock_hz);
        for number in 0..=self.parked.len() {
            self.switch(number);
            self.core.sleep_until(time, clock_hz);
            self.bus.interrupts = Default::default();
            if let Err(fault) = self.core.reset(&self.bus) {
                self.fail(fault);
                return;
            }
            self.bus.fpu_enabled = self.core.fpu_enabled;
            self.core.turn_ends = 0;
            self.reset_slots(Some(number));
        }
        self.switch(0);
        self.reset_slots(None);
        for number in 1..=self.parked.len() {
            self.signal(Signal::Released(number));
        }
    }

    /// Resets the peripherals that are part of a core, or of none.
    fn reset_slots(&mut self, core: Option<usize>) {
        for slot in self.slots.iter_mut().filter(|slot| slot.core == core) {
            slot.model.reset(&mut self.bus);
        }
    }

    /// Lets every peripheral take what waits for it.
    fn poll(&mut self) {
        for index in 0..self.slots.len() {
            let Some(slot) = self.slots.get_mut(index) else { break };
            if slot.core.is_some() {
                continue;
            }
            self.cycles = self.cycles.max(self.core.time_of(self.clock_hz));
            self.bus.cycles = self.cycles;
            let result = slot.model.poll(&mut self.bus);
            if let Some((number, high)) = slot.model.interrupt() {
                self.bus.drive(number, high);
            }
            if let Err(fault) = result {
                self.fail(fault);
            }
        }
    }

    /// Tells every peripheral.
    fn signal(&mut self, signal: Signal) {
        for slot in &mut self.slots {
            slot.model.signal(signal, &mut self.bus);
        }
    }

    /// The block hook's slow half, once `check_at` is reached: whether to go on.
    #[cold]
    pub(crate) fn may_continue(&mut self) -> bool {
        if self.fault.is_none() && !self.bus.reset_requested && self.stopped.is_none() {
            self.spread();
            if self.core.counter.instructions >= self.limit_here {
                self.stopped = Some(State::Limit);
            } else if self.turn_is_over() {
                self.turn_over = true;
            } else if Instant::now() >= self.deadline {
                self.stopped = Some(State::Time);
            } else {
                self.core.counter.check_at = self.next_check();
                return true;
            }
        }
        self.core.engine.stop();
        false
    }

    /// Decodes a block that is not in the cache.
    #[cold]
    pub(crate) fn decode(&mut self, address: u32, size: u32) -> Block {
        let Some((code, writable)) = self.bus.memories.code(address, size as usize) else {
            return Block { address, size: size as u16, ..Block::default() };
        };
        let Description { isa, timing, .. } = self.core.description;
        let cost = measure(isa, code, timing);
        let function = self.watched.iter().position(|&start| start == address);
        let mut marks = if function.is_some() { mark::WATCHED } else { 0 };
        marks |= if cost.event { mark::EVENT } else { 0 };
        marks |= if cost.ordered { mark::ORDERED } else { 0 };
        marks |= cost.exclusive.map_or(0, |open| if open { mark::OPENS } else { mark::CLOSES });
        let block = Block {
            address,
            size: size as u16,
            instructions: cost.instructions as u16,
            cycles: cost.cycles,
            taken: cost.taken as u8,
            marks,
            function: function.unwrap_or(0) as u16,
        };
        if let Some(offset) = cost.floating_point
            && !(self.core.description.fpu && self.bus.fpu_enabled)
        {
            self.fail(Fault::at(Kind::FpuOff, address.wrapping_add(offset), ""));
        } else if !writable {
            // Code in RAM may change: it is decoded each time it runs.
            self.core.counter.keep(block);
        }
        block
    }

    /// Does what a marked block asks for, before it runs; whether it may run now.
    #[cold]
    pub(crate) fn mark(&mut self, block: &Block) -> bool {
        if block.marks & mark::ORDERED != 0 && !self.core.is_exclusive() && self.must_wait() {
            self.end_turn();
            return false;
        }
        let others = self.parked.iter().map(|core| core.counter.instructions).sum();
        let Core { engine, counter, description, .. } = &mut self.core;
        if counter.is_span_edge(block) {
            let link = engine.register(description.registers.lr);
            let link = if description.isa == Isa::Thumb { link & !1 } else { link };
            counter.span_edge(block, link, engine.register(description.registers.sp), others);
        }
        if block.marks & mark::EVENT != 0 {
            // It is sent when the block is over.
            self.core.sends_event = true;
            self.core.counter.check_at = 0;
        }
        if block.marks & mark::OPENS != 0 {
            self.core.exclusive_until = self.core.counter.instructions + EXCLUSIVE;
        } else if block.marks & mark::CLOSES != 0 {
            self.core.exclusive_until = 0;
        }
        true
    }

    /// Makes cores wait for memories from now on.
    pub(crate) fn wait_for(&mut self, mut waits: Waits) {
        let mut clocks_hz = vec![self.clock_hz];
        clocks_hz.extend(self.parked.iter().map(|core| core.description.clock_hz));
        waits.start(clocks_hz.into_iter());
        self.waits = Some(waits);
    }

    /// The block that begins is fetched.
    pub(crate) fn fetch(&mut self) {
        let Machine { core, waits: Some(waits), .. } = self else { return };
        if let Some((address, size, cycles)) = core.counter.running() {
            let now = core.counter.cycles;
            core.counter.cycles += waits.fetch(core.number, address, size, cycles, now);
        }
    }

    /// The running core reads or writes data.
    pub(crate) fn transfer(&mut self, address: u32, size: u32, store: bool) {
        let Machine { core, waits: Some(waits), .. } = self else { return };
        core.counter.cycles += waits.access(core.number, address, size, store);
    }

    /// The half word of code at `address`.
    pub(crate) fn half(&self, address: u32) -> Option<u16> {
        let (bytes, _) = self.bus.memories.code(address, 2)?;
        bytes.try_into().ok().map(u16::from_le_bytes)
    }
}
