//! Harts other than the first.

use core::arch::asm;
use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};

use arielml_scheduler::Event;

use crate::registers::Registers;

/// Where another hart begins, which takes its number.
pub type HelperStart = extern "C" fn(u32) -> !;

/// Where harts begin that are launched. They look when they get a software
/// interrupt, and not before.
#[doc(hidden)]
pub static HELPER: AtomicUsize = AtomicUsize::new(0);

/// `mie.MSIE`: software interrupts of machine mode.
const SOFTWARE: u32 = 1 << 3;

/// Harts that wake each other by the software interrupts of a CLINT: a word
/// for each hart from the base address on (SiFive FU540-C000 Manual, "CLINT").
#[derive(Clone, Copy, Debug)]
pub struct SoftwareInterrupts(usize);

impl SoftwareInterrupts {
    /// Those of the CLINT at `base`.
    ///
    /// # Safety
    /// There is one, with a word for each hart that is woken, and nothing
    /// else uses these words.
    pub const unsafe fn at(base: usize) -> Self {
        SoftwareInterrupts(base)
    }

    /// Lets hart `hart` begin at `start`.
    ///
    /// # Safety
    /// The hart sleeps in the reset handler, and `start` is where each of them
    /// begins.
    pub unsafe fn launch(self, hart: u32, start: HelperStart) {
        HELPER.store(start as usize, Ordering::Relaxed);
        self.wake(hart..hart + 1);
    }

    fn set(self, hart: u32, value: u32) {
        // SAFETY: `at`'s caller vouches for the words.
        unsafe { Registers::at(self.0) }.write(4 * hart as usize, value);
    }
}

impl Event for SoftwareInterrupts {
    fn wake(&self, workers: Range<u32>) {
        fence();
        for hart in workers {
            self.set(hart, 1);
        }
    }

    fn sleep(&self) {
        // Enabled here alone, so that it ends no other wait, and alone here: a
        // byte that waits at the UART would end this one at once, and the hart
        // would spin. If it is pending already, this does not wait.
        // SAFETY: interrupts stay masked (`mstatus.MIE`); it ends a WFI.
        unsafe {
            asm!(
                "csrrw {usual}, mie, {software}",
                "wfi",
                "csrw mie, {usual}",
                software = in(reg) SOFTWARE,
                usual = out(reg) _,
                options(nostack, preserves_flags)
            );
        }
        // Taken back before the caller looks: whoever sets it from now on ends
        // the next sleep.
        self.set(own_number(), 0);
        fence();
    }
}

fn own_number() -> u32 {
    let number;
    // SAFETY: reads a register.
    unsafe { asm!("csrr {}, mhartid", out(reg) number, options(nomem, nostack, preserves_flags)) };
    number
}

/// Memory and devices see what was done before it before what is done after.
fn fence() {
    // SAFETY: orders accesses.
    unsafe { asm!("fence", options(nostack, preserves_flags)) };
}

/// Where other harts begin, as [`HelperStart`]: all traps go to one place.
#[macro_export]
macro_rules! riscv_helper_start {
    ($board:ty, $section:literal, $main:path, $fault:path) => {
        $main
    };
}
