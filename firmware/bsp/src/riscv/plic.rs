use super::wait_for_interrupt;
use crate::registers::Registers;
use crate::uart::Wait;

use core::arch::asm;

// RISC-V Platform-Level Interrupt Controller Specification, "Memory Map";
// context 0 is machine mode of hart 0.
const PRIORITY: usize = 0x00_0000;
const ENABLE: usize = 0x00_2000;
const THRESHOLD: usize = 0x20_0000;
const CLAIM_COMPLETE: usize = 0x20_0004;

/// `mie.MEIE`: interrupts of machine mode from outside the core.
const EXTERNAL: u32 = 1 << 11;

/// One source of a PLIC, enabled so that it ends a WFI.
pub struct Interrupt {
    controller: Registers,
}

impl Interrupt {
    /// Enables source `number` of the PLIC at `base`, and it alone.
    ///
    /// # Safety
    /// At `base` is a PLIC that has the source, and nothing else uses it.
    pub unsafe fn enable(base: usize, number: u32) -> Self {
        // SAFETY: the caller vouches for the controller.
        let controller = unsafe { Registers::at(base) };
        controller.write(PRIORITY + 4 * number as usize, 1);
        controller.write(ENABLE + 4 * (number / 32) as usize, 1 << (number % 32));
        controller.write(THRESHOLD, 0);
        // SAFETY: interrupts stay masked (`mstatus.MIE`); none is taken.
        unsafe {
            asm!("csrs mie, {}", in(reg) EXTERNAL, options(nomem, nostack, preserves_flags));
        }
        Interrupt { controller }
    }
}

impl Wait for Interrupt {
    fn wait(&mut self) {
        wait_for_interrupt();
    }

    /// What was claimed is pending no longer, and may be again once it is
    /// complete.
    fn acknowledge(&mut self) {
        let claimed = self.controller.read(CLAIM_COMPLETE);
        if claimed != 0 {
            self.controller.write(CLAIM_COMPLETE, claimed);
        }
    }
}
