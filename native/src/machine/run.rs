//! The loop that runs the guest until there is a reason to come back.

use std::time::{Duration, Instant};

use super::{Core, Machine, Sleep, State};
use crate::fault::{Fault, Kind};
use crate::isa::{Isa, length, measure};
use crate::unicorn;

/// Times that the engine comes back between two looks at the clock.
const RETURNS: u64 = 64;

impl Machine {
    /// Adds the part of the running block that ran before `pc`.
    fn settle(&mut self, pc: u32) {
        let Core { counter, description, sends_event, .. } = &mut self.core;
        if let Some((start, length)) = counter.left_inside(pc)
            && let Some((code, _)) = self.bus.memories.code(start, length)
        {
            let cost = measure(description.isa, code, description.timing);
            counter.cut(cost.instructions, cost.cycles);
            *sends_event &= cost.event;
        }
        counter.finish_block(pc);
    }

    /// Before the engine runs: `None` to run, else why not.
    fn prepare(&mut self) -> Option<State> {
        if self.fault.is_none() && self.bus.reset_requested {
            self.resets += 1;
            self.reset();
        }
        // What waits outside is looked at between turns only if all sleep.
        let turn_over = std::mem::take(&mut self.turn_over);
        if self.fault.is_none() && !(turn_over && self.cores().any(Core::is_awake)) {
            self.poll();
        }
        if self.fault.is_none() {
            self.bus.stirred = true;
            self.spread();
            if !self.choose() && !self.skip_to_alarm() {
                return Some(State::Asleep);
            }
            if let Some(interrupt) = self.core.interrupted.take() {
                self.fail(Fault::interrupt(interrupt));
            }
        }
        if self.fault.is_some() {
            return Some(State::Fault);
        }
        if let Some(stopped) = self.stopped.take() {
            return Some(stopped);
        }
        self.core.counter.check_at = self.next_check();
        None
    }

    /// After the engine came back with Unicorn's `error`.
    fn conclude(&mut self, error: i32) {
        let mut pc = self.core.pc();
        if self.bus.reset_requested && self.core.counter.left_inside(pc).is_some() {
            // The store that asked for the reset is done.
            let first = self.half(pc).unwrap_or(0);
            pc = pc.wrapping_add(length(self.core.description.isa, first));
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
        } else if self.stopped.is_none() && !self.turn_over {
            match pc {
                0 => self.fail(Fault::at(Kind::NullBranch, 0, "")),
                // All that is left is a wait for interrupt.
                _ => self.core.sleep = Sleep::Interrupt,
            }
        }
        // A guest that sleeps and wakes all the time never meets the hook's check.
        self.returns = self.returns.wrapping_add(1);
        if self.returns % RETURNS == 0 && self.stopped.is_none() && Instant::now() >= self.deadline
        {
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
        machine.limit_to(instructions);
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
            let core = &machine.core;
            let thumb = u64::from(core.description.isa == Isa::Thumb);
            (core.engine.starter(), u64::from(core.pc()) | thumb)
        };
        // Address 0 holds no code: as the end address it costs nothing.
        // SAFETY: the engine is open, and no reference is alive.
        let error = unsafe { start(handle, pc, 0, 0, 0) };
        // SAFETY: Unicorn came back, so no hook holds a reference.
        unsafe { &mut *machine }.conclude(error);
    }
}
