//! The cores of the ESP32-C3 and the ESP32-C6: what they have their own way.
//!
//! Sources of interrupts are led to one of 31 lines by a matrix; a controller
//! in the core enables lines and compares priorities. Traps go to a table of
//! 256 bytes' alignment, exceptions to its first entry. On the ESP32-C3 there
//! is no `mie`.

use core::arch::asm;

use super::wait_for_interrupt;
use crate::registers::Registers;
use crate::uart::Wait;

/// The line that is used. On the ESP32-C6 its bit in `mie` is that of external
/// interrupts elsewhere.
const LINE: u32 = 11;

/// Places of the controller's registers, from its base.
pub struct Controller {
    /// Base address.
    pub base: usize,
    /// A bit a line: enabled.
    pub enable: usize,
    /// A bit a line: 0 by level, 1 by edge.
    pub kind: usize,
    /// A word a line: its priority, 1 to 15.
    pub priorities: usize,
    /// Priorities below this are masked.
    pub threshold: usize,
    /// Lines have a bit in `mie` beside.
    pub has_mie: bool,
}

/// One source, enabled so that it ends a WFI.
pub struct Interrupt(());

impl Interrupt {
    /// Leads the source whose register in the matrix is at `map` to the line,
    /// and enables it.
    ///
    /// # Safety
    /// At `map` is such a register; nothing else uses it, the line or the
    /// controller.
    pub unsafe fn enable(map: usize, controller: &Controller) -> Self {
        // SAFETY: the caller vouches for both.
        let (map, lines) = unsafe { (Registers::at(map), Registers::at(controller.base)) };
        map.write(0, LINE);
        lines.write(controller.kind, 0);
        lines.write(controller.priorities + 4 * LINE as usize, 1);
        lines.write(controller.threshold, 1);
        lines.write(controller.enable, 1 << LINE);
        if controller.has_mie {
            // SAFETY: interrupts stay masked (`mstatus.MIE`); none is taken.
            unsafe {
                asm!("csrs mie, {}", in(reg) 1 << LINE, options(nomem, nostack, preserves_flags));
            }
        }
        // The controller has settled when writes to it are done.
        // SAFETY: waits.
        unsafe { asm!("fence", options(nostack, preserves_flags)) };
        Interrupt(())
    }
}

impl Wait for Interrupt {
    fn wait(&mut self) {
        wait_for_interrupt();
    }

    /// By level: it is pending as long as its source is.
    fn acknowledge(&mut self) {}
}

/// What start-up locks for stores by the core's physical memory protection.
pub struct Locked {
    /// From here to the end of the stack: where one goes that overflows.
    pub below_stack: usize,
    /// Flash where code runs: `pmpaddr` of a naturally aligned power of two.
    pub flash: usize,
}

/// `pmpaddr` of `length` bytes from `origin` on, both a power of two's multiple.
pub const fn aligned_range(origin: usize, length: usize) -> usize {
    origin >> 2 | (length / 8 - 1)
}

/// The two words by which the chip's ROM knows an image that runs in place.
/// What it goes on with follows.
pub const DIRECT_BOOT: [u32; 2] = [0xAEDB_041D; 2];

/// The way into an image: what the ROM looks for, the first instruction behind
/// it, and where traps go.
///
/// `main` is an `extern "C" fn() -> !`; `fault` one that takes `mcause`,
/// `mepc`, the return address at the fault, and whether the stack had
/// overflowed. Both run with interrupts masked.
#[macro_export]
macro_rules! espressif_entry {
    ($board:ty, $section:literal, $reset:ident, $main:path, $fault:path) => {
        const _: () = {
            // A symbol keeps it in the archive. `#[used]` would keep it in every
            // image.
            #[unsafe(export_name = concat!("arielml", $section, ".header"))]
            #[unsafe(link_section = concat!(".header", $section))]
            static HEADER: [u32; 2] = $crate::riscv::DIRECT_BOOT;

            /// Until `.data` and `.bss` are set up, no Rust may run.
            #[unsafe(naked)]
            #[unsafe(no_mangle)]
            #[unsafe(link_section = $section)]
            unsafe extern "C" fn $reset() -> ! {
                core::arch::naked_asm!(
                    "csrci mstatus, 8
                     .option push
                     .option norelax
                     la gp, __global_pointer$
                     .option pop
                     la t0, {traps}
                     ori t0, t0, 1
                     csrw mtvec, t0
                     la sp, __stack_top",
                    // Entry 0 is the lower end of entry 1, top of range: locked,
                    // execute and read. Entry 2 is a range of its own, likewise.
                    // A reset may have left them as they were.
                    "csrr t0, pmpcfg0
                     slli t0, t0, 16
                     bltz t0, 2f
                     li t0, {below_stack}
                     csrw pmpaddr0, t0
                     la t0, __stack_bottom
                     srli t0, t0, 2
                     csrw pmpaddr1, t0
                     li t0, {flash}
                     csrw pmpaddr2, t0
                     li t0, 0x9D8D00
                     csrw pmpcfg0, t0
                 2:",
                    $crate::set_up_memory!(),
                    "call {main}
        unimp",
                    traps = sym traps,
                    below_stack = const <$board>::LOCKED.below_stack >> 2,
                    flash = const <$board>::LOCKED.flash,
                    main = sym $main,
                )
            }

            /// The table of traps, of which only exceptions are taken, by its
            /// first entry. The stack may be gone: it begins anew.
            #[unsafe(naked)]
            unsafe extern "C" fn traps() -> ! {
                core::arch::naked_asm!(
                    ".p2align 8
                     csrr a0, mcause
                     csrr a1, mepc
                     mv a2, ra
                     la t0, __stack_bottom
                     sltu a3, sp, t0
                     la sp, __stack_top
                     call {fault}
                     unimp",
                    fault = sym $fault,
                )
            }
        };
    };
}
