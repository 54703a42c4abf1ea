//! One emulated board: the engine, its peripherals, its state.

mod run;

use std::time::Instant;

use crate::bus::Bus;
use crate::counter::{Block, Counter};
use crate::fault::{Fault, Kind};
use crate::isa::{Isa, measure};
use crate::peripherals::Peripheral;
use crate::timing::Timing;
use crate::unicorn::Engine;

pub use run::run;

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

/// Unicorn's numbers of the registers that are used.
#[derive(Clone, Debug)]
pub struct Registers {
    /// Program counter.
    pub pc: i32,
    /// Stack pointer.
    pub sp: i32,
    /// Link register, or return address.
    pub lr: i32,
    /// Thumb: PRIMASK; RISC-V: mie.
    pub mask: i32,
    /// Thumb: xPSR; RISC-V: mstatus.
    pub status: i32,
    /// Every register that a fault report shows.
    pub all: Vec<i32>,
}

/// What makes one core different from another.
pub struct Core {
    /// Its instruction set.
    pub isa: Isa,
    /// Its cycles.
    pub timing: &'static Timing,
    /// Its registers.
    pub registers: Registers,
    /// It has a floating-point unit, which start-up code must enable.
    pub fpu: bool,
    /// What it says that it is (Arm's CPUID).
    pub cpuid: u32,
    /// Thumb: where the vector table is; else the first instruction.
    pub reset_address: u32,
}

/// A peripheral at its place.
pub(crate) struct Slot {
    pub base: u32,
    pub model: Box<dyn Peripheral>,
}

/// xPSR out of reset: Thumb state, no IT block.
const XPSR_THUMB: u32 = 1 << 24;

/// Instructions between two looks at the clock: about 10 ms.
const CLOCK_INTERVAL: u64 = 1 << 20;

/// The board.
pub struct Machine {
    pub(crate) engine: Engine,
    pub(crate) core: Core,
    /// Instruction and cycle counts.
    pub counter: Counter,
    /// Memories, interrupts, UART queues.
    pub bus: Bus,
    pub(crate) slots: Vec<Slot>,
    pub(crate) watched: Vec<u32>,
    fault: Option<Fault>,
    fault_registers: Vec<u32>,
    asleep: bool,
    stopped: Option<State>,
    limit: u64,
    deadline: Instant,
    resets: u64,
}

impl Machine {
    /// A board without memories or peripherals.
    pub fn new(engine: Engine, core: Core, clock_hz: u64) -> Machine {
        Machine {
            bus: Bus { clock_hz, cpuid: core.cpuid, ..Bus::default() },
            engine,
            core,
            counter: Counter::default(),
            slots: Vec::new(),
            watched: Vec::new(),
            fault: None,
            fault_registers: Vec::new(),
            asleep: false,
            stopped: None,
            limit: u64::MAX,
            deadline: Instant::now(),
            resets: 0,
        }
    }

    /// The fault that ended the run, and the registers at it.
    pub fn fault(&self) -> Option<(&Fault, &[u32])> {
        self.fault.as_ref().map(|fault| (fault, self.fault_registers.as_slice()))
    }

    /// Resets that the guest asked for.
    pub fn resets(&self) -> u64 {
        self.resets
    }

    /// Counts the calls of the function at `address`; gives its index.
    pub fn watch(&mut self, address: u32) -> usize {
        self.watched.push(address);
        self.counter.forget(address);
        self.counter.spans.watch()
    }

    /// Adds a peripheral, unless there is another.
    pub(crate) fn add(&mut self, base: u32, model: Box<dyn Peripheral>) -> bool {
        let overlaps = self.slots.iter().any(|slot| {
            slot.base.wrapping_sub(base) < model.length()
                || base.wrapping_sub(slot.base) < slot.model.length()
        });
        if !overlaps {
            self.slots.push(Slot { base, model });
        }
        !overlaps
    }

    /// Records the first fault and asks the engine to stop. The registers
    /// are those of now: exact in Unicorn's memory and exception hooks.
    pub(crate) fn fail(&mut self, fault: Fault) {
        // What runs on after a reset was asked for does not count any more.
        if self.fault.is_none() && !self.bus.reset_requested {
            self.fault = Some(fault);
            self.capture_registers();
        }
        self.counter.check_at = 0;
        self.engine.stop();
    }

    fn capture_registers(&mut self) {
        let all = self.core.registers.all.iter();
        self.fault_registers = all.map(|&id| self.engine.register(id)).collect();
    }

    /// Puts the core at its reset state: start-up runs next.
    pub fn reset(&mut self) {
        self.bus.reset_requested = false;
        let registers = &self.core.registers;
        for &id in &registers.all {
            if id != registers.pc {
                self.engine.set_register(id, 0);
            }
        }
        if self.core.isa == Isa::RiscV {
            // Interrupts and the FPU are off.
            self.engine.set_register(registers.mask, 0);
            self.engine.set_register(registers.status, 0);
        }
        let mut pc = self.core.reset_address;
        if self.core.isa == Isa::Thumb {
            self.engine.set_register(registers.mask, 0);
            self.engine.set_register(registers.status, XPSR_THUMB);
            let vectors = self.core.reset_address;
            let entry = |offset| self.bus.memories.word(vectors.wrapping_add(offset));
            let (Some(stack), Some(start)) = (entry(0), entry(4)) else {
                self.fail(Fault::at(Kind::ReadUnmapped, vectors, "the vector table"));
                return;
            };
            self.engine.set_register(registers.sp, stack);
            pc = start & !1;
        }
        self.engine.set_register(registers.pc, pc | u32::from(self.core.isa == Isa::Thumb));
        self.counter.reset(pc);
        self.bus.interrupts = Default::default();
        self.bus.fpu_enabled = !self.core.fpu;
        self.asleep = false;
        for slot in &mut self.slots {
            slot.model.reset(&mut self.bus);
        }
    }

    /// Lets every peripheral take what waits for it.
    fn poll(&mut self) {
        self.bus.cycles = self.counter.cycles;
        for index in 0..self.slots.len() {
            let Some(slot) = self.slots.get_mut(index) else { break };
            let result = slot.model.poll(&mut self.bus);
            if let Some((number, high)) = slot.model.interrupt() {
                self.bus.interrupts.drive(number, high);
            }
            if let Err(fault) = result {
                self.fail(fault);
            }
        }
    }

    /// The peripheral whose registers are at `address`.
    fn slot_at(&self, address: u32) -> Option<usize> {
        self.slots.iter().position(|slot| address.wrapping_sub(slot.base) < slot.model.length())
    }

    /// One access to a peripheral's register.
    pub(crate) fn access(&mut self, address: u32, size: u32, value: Option<u32>) -> u32 {
        self.bus.cycles = self.counter.cycles;
        let Some(slot) = self.slot_at(address) else {
            let kind = if value.is_some() { Kind::WriteUnmapped } else { Kind::ReadUnmapped };
            self.fail(Fault { size, ..Fault::at(kind, address, "") });
            return 0;
        };
        let Some(Slot { base, model }) = self.slots.get_mut(slot) else { return 0 };
        let offset = address.wrapping_sub(*base);
        let verb = if value.is_some() { "write" } else { "read" };
        let idle = if self.bus.held_in_reset.contains(base) {
            Some("which is held in reset")
        } else if self.bus.unclocked.contains(base) {
            Some("whose clock is off")
        } else {
            None
        };
        if let Some(why) = idle {
            let message = format!("{verb} of the {}, {why}", model.name());
            self.fail(Fault { size, ..Fault::at(Kind::Peripheral, address, message) });
            return 0;
        }
        let width = model.width();
        let whole = size == width && offset % width == 0;
        let result = if whole {
            match value {
                Some(value) => model.write(offset, value, &mut self.bus).map(|()| 0),
                None => model.read(offset, &mut self.bus),
            }
        } else if model.has_bytes(offset) {
            partial(model.as_mut(), offset, size, value, &mut self.bus)
        } else {
            let message = format!("{}-byte {verb} of a {} register", size, model.name());
            self.fail(Fault { size, ..Fault::at(Kind::Peripheral, address, message) });
            return 0;
        };
        if let Some((number, high)) = model.interrupt() {
            self.bus.interrupts.drive(number, high);
        }
        match result {
            Ok(read) => {
                if self.bus.reset_requested {
                    self.counter.check_at = 0;
                    self.engine.stop();
                }
                read
            }
            Err(refusal) => {
                let fault = refusal.into_fault(model.name(), verb, address, offset);
                self.fail(fault);
                0
            }
        }
    }

    /// The block hook's slow half, once `check_at` is reached: whether to go on.
    #[cold]
    pub(crate) fn may_continue(&mut self) -> bool {
        if self.fault.is_none() && !self.bus.reset_requested && self.stopped.is_none() {
            if self.counter.instructions >= self.limit {
                self.stopped = Some(State::Limit);
            } else if Instant::now() >= self.deadline {
                self.stopped = Some(State::Time);
            } else {
                self.counter.check_at = self.next_check();
                return true;
            }
        }
        self.engine.stop();
        false
    }

    fn next_check(&self) -> u64 {
        self.limit.min(self.counter.instructions + CLOCK_INTERVAL)
    }

    /// A wait-for-event: sleeps unless an interrupt is ready.
    pub(crate) fn wait_for_event(&mut self) {
        if self.bus.interrupts.ready().is_none() {
            self.asleep = true;
            self.stopped = Some(State::Asleep);
            self.counter.check_at = 0;
        }
    }

    /// Decodes a block that is not in the cache.
    #[cold]
    pub(crate) fn decode(&mut self, address: u32, size: u32) -> Block {
        let Some((code, writable)) = self.bus.memories.code(address, size as usize) else {
            return Block { address, size: size as u16, ..Block::default() };
        };
        let cost = measure(self.core.isa, code, self.core.timing);
        let function = self.watched.iter().position(|&start| start == address);
        let block = Block {
            address,
            size: size as u16,
            instructions: cost.instructions as u16,
            cycles: cost.cycles,
            taken: cost.taken as u8,
            watched: function.is_some(),
            function: function.unwrap_or(0) as u16,
        };
        if let Some(offset) = cost.floating_point
            && !self.bus.fpu_enabled
        {
            self.fail(Fault::at(Kind::FpuOff, address.wrapping_add(offset), ""));
        } else if !writable {
            // Code in RAM may change: it is decoded each time it runs.
            self.counter.keep(block);
        }
        block
    }

    /// Ends or begins watched calls at `block`.
    #[cold]
    pub(crate) fn span_edge(&mut self, block: &Block) {
        let link = self.engine.register(self.core.registers.lr);
        let link = if self.core.isa == Isa::Thumb { link & !1 } else { link };
        let stack = self.engine.register(self.core.registers.sp);
        self.counter.span_edge(block, link, stack);
    }

    /// The half word of code at `address`.
    pub(crate) fn half(&self, address: u32) -> Option<u16> {
        let (bytes, _) = self.bus.memories.code(address, 2)?;
        bytes.try_into().ok().map(u16::from_le_bytes)
    }

    /// RISC-V: register x`number`. Reports show x1 and those that follow first.
    pub(crate) fn numbered_register(&self, number: u32) -> u32 {
        let id = number.checked_sub(1).and_then(|n| self.core.registers.all.get(n as usize));
        id.map_or(0, |&id| self.engine.register(id))
    }

    fn pc(&self) -> u32 {
        self.engine.register(self.core.registers.pc)
    }
}

/// An access to part of a word, by reading and writing the whole.
fn partial(
    model: &mut dyn Peripheral,
    offset: u32,
    size: u32,
    value: Option<u32>,
    bus: &mut Bus,
) -> Result<u32, crate::peripherals::Refusal> {
    let shift = offset % 4 * 8;
    let mask = if size >= 4 { u32::MAX } else { (1 << (size * 8)) - 1 };
    let word = model.read(offset & !3, bus)?;
    match value {
        None => Ok(word >> shift & mask),
        Some(value) => {
            let changed = word & !(mask << shift) | (value & mask) << shift;
            model.write(offset & !3, changed, bus).map(|()| 0)
        }
    }
}
