//! The loop that runs the guest until there is a reason to come back.

use std::time::{Duration, Instant};

use super::{Machine, State};
use crate::fault::{Fault, Kind};
use crate::isa::{Isa, length, measure};
use crate::unicorn;

/// `mie.MEIE`: interrupts from outside the core, in machine mode.
const MIE_EXTERNAL: u32 = 1 << 11;
/// `mstatus.MIE`: interrupts are taken in machine mode.
const MSTATUS_MIE: u32 = 1 << 3;

impl Machine {
    /// Adds the part of the running block that ran before `pc`.
    fn settle(&mut self, pc: u32) {
        if let Some((start, length)) = self.counter.left_inside(pc)
            && let Some((code, _)) = self.bus.memories.code(start, length)
        {
            let cost = measure(self.core.isa, code, self.core.timing);
            self.counter.cut(cost.instructions, cost.cycles);
        }
        self.counter.finish_block(pc);
    }

    /// Before the engine runs: `None` to run, else why not.
    fn prepare(&mut self) -> Option<State> {
        if self.fault.is_none() && self.bus.reset_requested {
            self.resets += 1;
            self.reset();
        }
        if self.fault.is_none() {
            self.poll();
        }
        if self.fault.is_none() && self.asleep {
            let Some(number) = self.ready() else { return Some(State::Asleep) };
            if self.masks_interrupts() {
                self.asleep = false;
            } else {
                self.fail(Fault::numbered(Kind::Interrupt, number));
            }
        }
        if self.fault.is_some() {
            return Some(State::Fault);
        }
        match self.stopped.take() {
            None | Some(State::Asleep) => {}
            stopped => return stopped,
        }
        self.counter.check_at = self.next_check();
        None
    }

    /// The interrupt that ends a sleep.
    fn ready(&self) -> Option<u32> {
        let awaited = match self.core.isa {
            Isa::Thumb => true,
            Isa::RiscV => self.engine.register(self.core.registers.mask) & MIE_EXTERNAL != 0,
        };
        if awaited { self.bus.interrupts.ready() } else { None }
    }

    fn masks_interrupts(&self) -> bool {
        let registers = &self.core.registers;
        match self.core.isa {
            Isa::Thumb => self.engine.register(registers.mask) & 1 != 0,
            Isa::RiscV => self.engine.register(registers.status) & MSTATUS_MIE == 0,
        }
    }

    /// After the engine came back with Unicorn's `error`.
    fn conclude(&mut self, error: i32) {
        let mut pc = self.pc();
        if self.bus.reset_requested && self.counter.left_inside(pc).is_some() {
            // The store that asked for the reset is done.
            pc = pc.wrapping_add(length(self.core.isa, self.half(pc).unwrap_or(0)));
        }
        self.settle(pc);
        if self.fault.is_some() {
            // A refusal by a peripheral stops after the instruction began:
            // only now is the PC that of the instruction (or, of one in an IT
            // block, that behind the block).
            if let Some(Fault { kind: Kind::Peripheral | Kind::Dma | Kind::FpuOff, .. }) =
                self.fault
            {
                self.capture_registers();
            }
        } else if self.bus.reset_requested {
            // `prepare` resets.
        } else if error == unicorn::FETCH_PROTECTED {
            self.fail(Fault::at(Kind::FetchProtected, pc, ""));
        } else if error != unicorn::OK {
            self.fail(Fault::numbered(Kind::Engine, error as u32));
        } else if self.stopped.is_none() {
            match pc {
                0 => self.fail(Fault::at(Kind::NullBranch, 0, "")),
                // All that is left is a wait for interrupt.
                _ => self.asleep = true,
            }
        }
        // A guest that sleeps and wakes all the time never meets the hook's check.
        if self.stopped.is_none() && Instant::now() >= self.deadline {
            self.stopped = Some(State::Time);
        }
    }
}

/// Runs the guest for at most `instructions` more and about `seconds`.
///
/// # Safety
/// `machine` is valid, and no other reference to it is alive: the hooks make
/// their own while Unicorn runs.
pub unsafe fn run(machine: *mut Machine, instructions: u64, seconds: f64) -> State {
    {
        // SAFETY: by this function's contract; the reference ends here.
        let machine = unsafe { &mut *machine };
        machine.stopped = None;
        machine.limit = machine.counter.instructions.saturating_add(instructions);
        let seconds = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX);
        let now = Instant::now();
        machine.deadline = now.checked_add(seconds).unwrap_or(now + Duration::from_secs(1 << 30));
    }
    loop {
        let ((handle, start), pc) = {
            // SAFETY: as above; the reference ends before Unicorn runs.
            let machine = unsafe { &mut *machine };
            if let Some(state) = machine.prepare() {
                return state;
            }
            let thumb = u64::from(machine.core.isa == Isa::Thumb);
            (machine.engine.starter(), u64::from(machine.pc()) | thumb)
        };
        // Address 0 holds no code: as the end address it costs nothing.
        // SAFETY: the engine is open, and no reference is alive.
        let error = unsafe { start(handle, pc, 0, 0, 0) };
        // SAFETY: Unicorn came back, so no hook holds a reference.
        unsafe { &mut *machine }.conclude(error);
    }
}
