//! One core of a board: its engine, its counts, whether it sleeps.

use crate::bus::{Bus, Start};
use crate::counter::Counter;
use crate::fault::{Fault, Kind};
use crate::isa::Isa;
use crate::timing::Timing;
use crate::unicorn::Engine;

/// Unicorn's numbers of the registers that are used.
#[derive(Clone, Debug)]
pub struct Registers {
    /// Program counter.
    pub pc: i32,
    /// Stack pointer.
    pub sp: i32,
    /// Link register, or return address.
    pub lr: i32,
    /// Thumb: PRIMASK; RISC-V: mie, or 0 for a core that has none.
    pub mask: i32,
    /// Thumb: xPSR; RISC-V: mstatus.
    pub status: i32,
    /// Every register that a fault report shows.
    pub all: Vec<i32>,
}

/// What makes one core different from another.
pub struct Description {
    /// Its instruction set.
    pub isa: Isa,
    /// Its cycles.
    pub timing: &'static Timing,
    /// Cycles a second.
    pub clock_hz: u64,
    /// Its registers.
    pub registers: Registers,
    /// It has a floating-point unit, which start-up code must enable.
    pub fpu: bool,
    /// What it says that it is (Arm's CPUID).
    pub cpuid: u32,
    /// Thumb: where the vector table is; else the first instruction.
    pub reset_address: u32,
    /// It runs from reset on; else another core starts it.
    pub starts: bool,
}

/// Whether a core runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sleep {
    /// It runs.
    Awake,
    /// It waits for an interrupt.
    Interrupt,
    /// It waits for an event or an interrupt.
    Event,
    /// It waits until another core starts it.
    Held,
}

/// What ends a wait for an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// A line of the interrupt controller.
    External(u32),
    /// The core's own timer.
    Timer,
    /// Another core, or itself.
    Software,
}

/// One core.
pub struct Core {
    /// Its number on the board.
    pub number: usize,
    pub(crate) engine: Engine,
    pub(crate) description: Description,
    /// Its instruction and cycle counts.
    pub counter: Counter,
    pub(crate) sleep: Sleep,
    /// The event register: the next wait for an event returns at once.
    pub(crate) event: bool,
    /// It woke by this interrupt, which it would take.
    pub(crate) interrupted: Option<Interrupt>,
    /// The running block sends an event.
    pub(crate) sends_event: bool,
    /// An exclusive load waits for its store, up to this many instructions.
    pub(crate) exclusive_until: u64,
    /// Floating-point instructions are allowed, kept while another core runs.
    pub(crate) fpu_enabled: bool,
    /// Its turn ends once this many instructions are reached.
    pub(crate) turn_ends: u64,
}

/// xPSR out of reset: Thumb state, no IT block.
const XPSR_THUMB: u32 = 1 << 24;

/// `mie.MSIE`: the software interrupt of machine mode.
const MIE_SOFTWARE: u32 = 1 << 3;
/// `mie.MTIE`: the timer interrupt of machine mode.
const MIE_TIMER: u32 = 1 << 7;
/// `mie.MEIE`: interrupts from outside the core, in machine mode.
const MIE_EXTERNAL: u32 = 1 << 11;
/// `mstatus.MIE`: interrupts are taken in machine mode.
const MSTATUS_MIE: u32 = 1 << 3;

impl Core {
    /// A core that was not reset yet.
    pub fn new(number: usize, engine: Engine, description: Description) -> Core {
        Core {
            number,
            engine,
            description,
            counter: Counter::default(),
            sleep: Sleep::Held,
            event: false,
            interrupted: None,
            sends_event: false,
            exclusive_until: 0,
            fpu_enabled: false,
            turn_ends: 0,
        }
    }

    /// Puts it at its reset state: start-up runs next, or it is held.
    pub(crate) fn reset(&mut self, bus: &Bus) -> Result<(), Fault> {
        let Description { isa, reset_address, starts, .. } = self.description;
        let held = Start { vectors: reset_address, stack: 0, entry: reset_address };
        let start = match (starts, isa) {
            (true, Isa::Thumb) => {
                let entry = |offset| bus.memories.word(reset_address.wrapping_add(offset));
                let (Some(stack), Some(entry)) = (entry(0), entry(4)) else {
                    return Err(Fault::at(Kind::ReadUnmapped, reset_address, "the vector table"));
                };
                Start { vectors: reset_address, stack, entry }
            }
            _ => held,
        };
        self.begin(start);
        if !starts {
            self.sleep = Sleep::Held;
        }
        Ok(())
    }

    /// Runs from `start` on, everything else as out of reset.
    pub(crate) fn begin(&mut self, start: Start) {
        let Description { isa, registers, .. } = &self.description;
        for &id in &registers.all {
            if id != registers.pc {
                self.engine.set_register(id, 0);
            }
        }
        let mut pc = start.entry;
        if registers.mask != 0 {
            self.engine.set_register(registers.mask, 0);
        }
        if *isa == Isa::Thumb {
            self.engine.set_register(registers.status, XPSR_THUMB);
            pc &= !1;
        } else {
            // Interrupts and the FPU are off.
            self.engine.set_register(registers.status, 0);
        }
        self.engine.set_register(registers.sp, start.stack);
        self.engine.set_register(registers.pc, pc | u32::from(*isa == Isa::Thumb));
        self.counter.reset(pc);
        self.fpu_enabled = false;
        self.sleep = Sleep::Awake;
        self.event = false;
        self.interrupted = None;
        self.sends_event = false;
        self.exclusive_until = 0;
    }

    pub(crate) fn pc(&self) -> u32 {
        self.engine.register(self.description.registers.pc)
    }

    /// An exclusive load waits for its store.
    pub(crate) fn is_exclusive(&self) -> bool {
        self.counter.instructions < self.exclusive_until
    }

    /// It runs, or would if it were its turn.
    pub fn is_awake(&self) -> bool {
        self.sleep == Sleep::Awake
    }

    /// Whether its time is before another core's: cycles by clock, exactly.
    pub fn is_behind(&self, other: &Core) -> bool {
        let scaled =
            |one: &Core, clock_hz| u128::from(one.counter.elapsed()) * u128::from(clock_hz);
        scaled(self, other.description.clock_hz) < scaled(other, self.description.clock_hz)
    }

    /// Whether its time is past that of one of `others` that runs.
    pub(crate) fn is_ahead_of(&self, others: &[Core]) -> bool {
        others.iter().any(|other| other.is_awake() && other.is_behind(self))
    }

    /// Its time in cycles of a clock of `clock_hz`.
    pub(crate) fn time_of(&self, clock_hz: u64) -> u64 {
        convert(self.counter.elapsed(), self.description.clock_hz, clock_hz)
    }

    /// Sleeps until a time: `cycles` of a clock of `clock_hz`.
    pub(crate) fn sleep_until(&mut self, cycles: u64, clock_hz: u64) {
        self.counter.idle += self.behind(cycles, clock_hz);
    }

    /// Its cycles from now to a time; 0 if that is over.
    pub(crate) fn behind(&self, cycles: u64, clock_hz: u64) -> u64 {
        let target = convert(cycles, clock_hz, self.description.clock_hz);
        target.saturating_sub(self.counter.elapsed())
    }

    /// Ends its sleep at the time `now` of the bus, whose clock is `clock_hz`, if
    /// there is reason to; whether there was.
    pub(crate) fn wake(&mut self, bus: &mut Bus, now: u64, clock_hz: u64) -> bool {
        let mut at = now;
        match self.sleep {
            Sleep::Awake | Sleep::Held => return false,
            Sleep::Event if std::mem::take(&mut self.event) => {}
            Sleep::Event if self.masks_interrupts() => return false,
            Sleep::Event | Sleep::Interrupt => {
                let Some(interrupt) = self.ready(bus, now) else { return false };
                if interrupt == Interrupt::Timer {
                    at = self.alarm(bus).map_or(now, |alarm| alarm.min(now));
                }
                if !self.masks_interrupts() {
                    self.interrupted = Some(interrupt);
                }
            }
        }
        self.sleep = Sleep::Awake;
        self.sleep_until(at, clock_hz);
        true
    }

    /// Whether an interrupt ends a wait for an event at the time `now` of the bus. One
    /// that PRIMASK masks does not, unlike with a wait for an interrupt
    /// (Armv7-M Architecture Reference Manual, B1.5.18 and B1.5.19).
    pub(crate) fn is_interrupted(&self, bus: &mut Bus, now: u64) -> bool {
        !self.masks_interrupts() && self.ready(bus, now).is_some()
    }

    /// The interrupt that ends its sleep at the time `now` of the bus.
    pub(crate) fn ready(&self, bus: &mut Bus, now: u64) -> Option<Interrupt> {
        let Description { isa, registers, .. } = &self.description;
        let enabled = match isa {
            Isa::Thumb => MIE_EXTERNAL,
            Isa::RiscV if registers.mask == 0 => MIE_EXTERNAL,
            Isa::RiscV => self.engine.register(registers.mask),
        };
        let local = bus.local.get(self.number).copied().unwrap_or_default();
        if enabled & MIE_SOFTWARE != 0 && local.software {
            return Some(Interrupt::Software);
        }
        if enabled & MIE_TIMER != 0 && local.alarm <= now {
            return Some(Interrupt::Timer);
        }
        let external = bus.interrupts_of(self.number).ready()?;
        (enabled & MIE_EXTERNAL != 0).then_some(Interrupt::External(external))
    }

    /// The time of the bus at which its own timer ends its sleep, if it does.
    pub(crate) fn alarm(&self, bus: &Bus) -> Option<u64> {
        let Description { isa, registers, .. } = &self.description;
        let alarm = bus.local.get(self.number)?.alarm;
        let armed = *isa == Isa::RiscV && self.sleep == Sleep::Interrupt && alarm != u64::MAX;
        (armed && self.engine.register(registers.mask) & MIE_TIMER != 0).then_some(alarm)
    }

    /// Whether interrupts are not taken.
    fn masks_interrupts(&self) -> bool {
        let Description { isa, registers, .. } = &self.description;
        match isa {
            Isa::Thumb => self.engine.register(registers.mask) & 1 != 0,
            Isa::RiscV => self.engine.register(registers.status) & MSTATUS_MIE == 0,
        }
    }

    /// RISC-V: register x`number`. Reports show x1 and those that follow first.
    pub(crate) fn numbered_register(&self, number: u32) -> u32 {
        let all = &self.description.registers.all;
        let id = number.checked_sub(1).and_then(|n| all.get(n as usize));
        id.map_or(0, |&id| self.engine.register(id))
    }
}

/// Cycles of one clock in cycles of another, rounded up.
pub(crate) fn convert(cycles: u64, from_hz: u64, to_hz: u64) -> u64 {
    if from_hz == to_hz {
        return cycles;
    }
    (u128::from(cycles) * u128::from(to_hz)).div_ceil(u128::from(from_hz.max(1))) as u64
}

#[cfg(test)]
mod imaginary {
    use std::ffi::c_void;

    use super::{Core, Description, Registers};
    use crate::isa::Isa;
    use crate::timing;
    use crate::unicorn::{Engine, Functions, Handle, HookAdd, MmioRead, MmioWrite};

    unsafe extern "C" fn start(_: Handle, _: u64, _: u64, _: u64, _: usize) -> i32 {
        0
    }
    unsafe extern "C" fn stop(_: Handle) -> i32 {
        0
    }
    unsafe extern "C" fn read(_: Handle, _: i32, _: *mut c_void) -> i32 {
        0
    }
    unsafe extern "C" fn write(_: Handle, _: i32, _: *const c_void) -> i32 {
        0
    }
    unsafe extern "C" fn map(_: Handle, _: u64, _: u64, _: u32, _: *mut c_void) -> i32 {
        0
    }
    unsafe extern "C" fn mmio(
        _: Handle,
        _: u64,
        _: u64,
        _: MmioRead,
        _: *mut c_void,
        _: MmioWrite,
        _: *mut c_void,
    ) -> i32 {
        0
    }

    impl Core {
        /// A core whose engine does nothing: its registers read as 0.
        pub(crate) fn imaginary(number: usize, clock_hz: u64) -> Core {
            let functions = Functions {
                emu_start: start,
                emu_stop: stop,
                reg_read: read,
                reg_write: write,
                // SAFETY: never called; only its type matters.
                hook_add: unsafe { std::mem::transmute::<*const (), HookAdd>(stop as *const ()) },
                mem_map_ptr: map,
                mmio_map: mmio,
            };
            let registers = Registers { pc: 0, sp: 0, lr: 0, mask: 0, status: 0, all: Vec::new() };
            let description = Description {
                isa: Isa::Thumb,
                timing: timing::table("unit"),
                clock_hz,
                registers,
                fpu: false,
                cpuid: 0,
                reset_address: 0,
                starts: true,
            };
            // SAFETY: the functions above take any handle.
            let engine = unsafe { Engine::new(std::ptr::null_mut(), functions) };
            Core::new(number, engine, description)
        }
    }
}
