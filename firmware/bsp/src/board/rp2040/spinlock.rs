//! What the two cores take work by: a spinlock of the single-cycle I/O block,
//! which no other bus master waits for (RP2040 Datasheet, "SIO").

use core::hint::spin_loop;
use core::sync::atomic::{Ordering, fence};

use arielml_scheduler::Lock;

use crate::registers::Registers;

const SIO: usize = 0xD000_0000;
const SPINLOCK0: usize = 0x100;

fn sio() -> Registers {
    // SAFETY: spinlock 0 is used here alone.
    unsafe { Registers::at(SIO) }
}

/// Spinlock 0 of the chip: reading claims it, writing gives it up.
#[derive(Clone, Copy, Debug)]
pub struct Spinlock;

impl Lock for Spinlock {
    fn acquire(&self) {
        while sio().read(SPINLOCK0) == 0 {
            spin_loop();
        }
        fence(Ordering::Acquire);
    }

    fn release(&self) {
        fence(Ordering::Release);
        sio().write(SPINLOCK0, 1);
    }
}
