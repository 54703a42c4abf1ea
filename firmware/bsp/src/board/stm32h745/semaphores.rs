//! What the two cores share: the chip's hardware semaphores (RM0399, "Hardware
//! semaphore"). Exclusive loads and stores of one core know nothing of the
//! other's, and an event of one (SEV) does not reach the other.

use core::hint::spin_loop;
use core::ops::Range;
use core::sync::atomic::{Ordering, fence};

use arielml_scheduler::{Event, Lock};

use super::clocks;
use crate::cortex_m::{is_first_core, sleep_until_pending};
use crate::registers::Registers;

const HSEM: usize = 0x5802_6400;
/// Reads who has a semaphore; writing one's own name without the lock gives it up.
const R: usize = 0x00;
/// Reading takes a semaphore that is free, and says who has it then.
const RLR: usize = 0x80;
const LOCKED: u32 = 1 << 31;

// The semaphores that are used.
const CLAIM: usize = 0;
const CALLS_SECOND: usize = 1;
const CALLS_FIRST: usize = 2;
const LAUNCHED: usize = 3;

/// What differs between the cores.
struct Side {
    /// What a semaphore that it has says.
    name: u32,
    /// The semaphore that calls it when it is given up.
    calls: usize,
    /// Interrupt enable and, behind it, clear.
    enable: usize,
    interrupt: u32,
}

/// The Cortex-M7.
const FIRST: Side = Side { name: 3 << 8, calls: CALLS_FIRST, enable: 0x100, interrupt: 125 };
/// The Cortex-M4.
const SECOND: Side = Side { name: 1 << 8, calls: CALLS_SECOND, enable: 0x110, interrupt: 126 };

impl Side {
    fn this() -> (&'static Side, &'static Side) {
        if is_first_core() { (&FIRST, &SECOND) } else { (&SECOND, &FIRST) }
    }

    fn take(&self, semaphore: usize) -> bool {
        registers().read(RLR + 4 * semaphore) == LOCKED | self.name
    }

    fn give(&self, semaphore: usize) {
        registers().write(R + 4 * semaphore, self.name);
    }

    fn listen(&self) {
        registers().write(self.enable, 1 << self.calls);
    }
}

fn registers() -> Registers {
    // SAFETY: used here alone; what both cores use of them is made for that.
    unsafe { Registers::at(HSEM) }
}

/// One of them, for a short time.
#[derive(Clone, Copy, Debug)]
pub struct Semaphore;

impl Lock for Semaphore {
    fn acquire(&self) {
        let (this, _) = Side::this();
        while !this.take(CLAIM) {
            spin_loop();
        }
        fence(Ordering::Acquire);
    }

    fn release(&self) {
        fence(Ordering::Release);
        let (this, _) = Side::this();
        this.give(CLAIM);
    }
}

/// Two of them, one each way: giving it up interrupts the other core.
#[derive(Clone, Copy, Debug)]
pub struct Calls;

impl Event for Calls {
    fn wake(&self, _: Range<u32>) {
        fence(Ordering::Release);
        let (this, other) = Side::this();
        // Nobody else takes it.
        while !this.take(other.calls) {
            spin_loop();
        }
        this.give(other.calls);
    }

    fn sleep(&self) {
        let (this, _) = Side::this();
        sleep_until_pending(this.interrupt, || {
            registers().write(this.enable + 4, 1 << this.calls);
        });
    }
}

/// Lets the second core go on.
pub(super) fn launch() {
    FIRST.listen();
    // For good: a reset gives it up.
    FIRST.take(LAUNCHED);
    Calls.wake(1..2);
}

/// Sleeps until the first core lets this one go on.
pub(super) fn await_launch() {
    clocks::start_second();
    SECOND.listen();
    while registers().read(R + 4 * LAUNCHED) != LOCKED | FIRST.name {
        Calls.sleep();
    }
    fence(Ordering::Acquire);
}
