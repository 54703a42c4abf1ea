//! The SSE-200, Arm's subsystem of two Cortex-M33.

use core::arch::asm;
use core::ops::Range;

use arielml_scheduler::Event;

use crate::cortex_m::{HelperStart, Interrupt};
use crate::registers::Registers;

// CoreLink SSE-200 Subsystem for Embedded Technical Reference Manual (101104),
// by secure addresses: unit 0 of "Message Handling Unit", "CPU identity" and
// "System control registers".
const MHU0: usize = 0x5000_3000;
const CPU_IDENTITY: usize = 0x5001_F000;
const CONTROL: usize = 0x5002_1000;

/// Of the core that is told something, its own.
const MHU0_INTERRUPT: u32 = 6;
const MHU_SET: usize = 0x4;
const MHU_CLEAR: usize = 0x8;
/// From a register of core 0 to that of core 1.
const MHU_CORE: usize = 0x10;

const CONTROL_INITSVTOR1: usize = 0x114;
const CONTROL_CPUWAIT: usize = 0x118;
const CPUWAIT_CORE_1: u32 = 1 << 1;

/// Wakes cores by the subsystem's message handling unit, which interrupts them.
///
/// Not by events: QEMU's cores do not sleep in WFE.
#[derive(Clone, Copy, Debug)]
pub struct Messages;

fn unit() -> Registers {
    // SAFETY: used here alone. Each bit is set and cleared by a write of its own.
    unsafe { Registers::at(MHU0) }
}

fn own_number() -> u32 {
    // SAFETY: read-only.
    unsafe { Registers::at(CPU_IDENTITY) }.read(0)
}

impl Event for Messages {
    fn wake(&self, workers: Range<u32>) {
        barrier();
        for core in workers {
            unit().write(MHU_SET + MHU_CORE * core as usize, 1);
        }
    }

    fn sleep(&self) {
        // If the message is there already, this does not wait. It is taken back
        // before the caller looks: what is sent from then on ends the next sleep.
        let mine = MHU_CLEAR + MHU_CORE * own_number() as usize;
        Interrupt::sleep_until(MHU0_INTERRUPT, || unit().write(mine, 1));
        barrier();
    }
}

/// Memory and devices see what was done before it before what is done after.
fn barrier() {
    // SAFETY: orders accesses.
    unsafe { asm!("dsb", options(nostack, preserves_flags)) };
}

/// Lets core 1, which waits from reset on, begin at `start`.
///
/// # Safety
/// Called once.
pub unsafe fn launch(start: HelperStart) {
    // SAFETY: used here alone.
    let control = unsafe { Registers::at(CONTROL) };
    control.write(CONTROL_INITSVTOR1, core::ptr::from_ref(start) as u32);
    barrier();
    control.write(CONTROL_CPUWAIT, control.read(CONTROL_CPUWAIT) & !CPUWAIT_CORE_1);
}
