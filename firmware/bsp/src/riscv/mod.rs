//! RISC-V with machine mode: start-up, traps, sleep, faults.
//!
//! Interrupts are masked from reset on (`mstatus.MIE`). A pending one that
//! `mie` enables still ends a WFI (RISC-V privileged specification, "Wait for
//! Interrupt"), which is all that they are used for.

#[cfg(architecture = "riscv32imc-unknown-none-elf")]
mod espressif;
mod helper;
#[cfg(not(architecture = "riscv32imc-unknown-none-elf"))]
mod plic;

use core::arch::asm;

#[cfg(architecture = "riscv32imc-unknown-none-elf")]
pub use crate::espressif_entry as entry;
#[cfg(not(architecture = "riscv32imc-unknown-none-elf"))]
pub use crate::riscv_entry as entry;
pub use crate::riscv_helper_start as helper_start;
#[cfg(architecture = "riscv32imc-unknown-none-elf")]
pub use espressif::{Controller, DIRECT_BOOT, Interrupt, Locked, aligned_range};
pub use helper::{HELPER, HelperStart, SoftwareInterrupts};
#[cfg(not(architecture = "riscv32imc-unknown-none-elf"))]
pub use plic::Interrupt;

fn wait_for_interrupt() {
    // SAFETY: sleeps; memory is as it was, but for DMA.
    unsafe { asm!("wfi", options(nostack, preserves_flags)) };
}

/// Sleeps for good: no interrupt wakes the core again, where it has `mie`.
pub fn stop() -> ! {
    #[cfg(not(architecture = "riscv32imc-unknown-none-elf"))]
    // SAFETY: enables no interrupt any more.
    unsafe {
        asm!("csrw mie, zero", options(nomem, nostack, preserves_flags));
    }
    loop {
        wait_for_interrupt();
    }
}

/// Fills from `word` up to the stack pointer with `paint`; gives where that is.
///
/// # Safety
/// From `word` on there is stack, and nothing lives in it below the stack
/// pointer.
pub(crate) unsafe fn fill_unused(word: *mut u32, paint: u32) -> *mut u32 {
    let stack_pointer: *mut u32;
    // SAFETY: by this function's contract; interrupts are masked. One block
    // of assembly, since between two of them the stack pointer might move.
    unsafe {
        asm!(
            "mv {end}, sp",
            "j 3f",
            "2: sw {paint}, 0({word})",
            "addi {word}, {word}, 4",
            "3: bltu {word}, {end}, 2b",
            paint = in(reg) paint,
            word = inout(reg) word => _,
            end = out(reg) stack_pointer,
        );
    }
    stack_pointer
}

/// What the hardware says about a fault, for people.
pub struct Fault {
    /// The exception.
    pub kind: &'static str,
    /// What `value` is, and of a stack overflow that it is one.
    pub text: &'static str,
    value: Option<u32>,
}

impl Fault {
    /// Reads the cause of a trap, `mcause`, which came with the stack pointer
    /// below the stack if `overflowed`.
    pub fn read(exception: u32, overflowed: bool) -> Fault {
        const ADDRESS: &str = "at address";
        // Privileged specification, table of `mcause`.
        let (kind, text) = match exception {
            0 => ("misaligned jump", ADDRESS),
            1 => ("instruction access fault", ADDRESS),
            2 => ("illegal instruction", "instruction"),
            3 => ("breakpoint", ADDRESS),
            4 => ("misaligned load", ADDRESS),
            5 => ("load access fault", ADDRESS),
            6 => ("misaligned store", ADDRESS),
            7 => ("store access fault", ADDRESS),
            8..=11 => ("environment call", "nothing answers it"),
            12 | 13 | 15 => ("page fault", ADDRESS),
            _ if exception >> 31 != 0 => ("unexpected interrupt", "number"),
            _ => ("unknown exception", "number"),
        };
        let value = match exception {
            0..=7 | 12 | 13 | 15 => Some(trap_value()),
            8..=11 => None,
            _ => Some(exception & !(1 << 31)),
        };
        let text = if overflowed { "stack overflow at address" } else { text };
        Fault { kind, text, value }
    }

    /// A number that belongs to the text: the address or the instruction that
    /// caused the fault.
    pub const fn value(&self) -> Option<u32> {
        self.value
    }
}

fn trap_value() -> u32 {
    let value;
    // SAFETY: reads a register.
    unsafe { asm!("csrr {}, mtval", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// Enables the FPU where the target has one: before it, any float traps.
#[cfg(architecture = "riscv32imafc-unknown-none-elf")]
#[doc(hidden)]
#[macro_export]
macro_rules! enable_fpu {
    () => {
        // mstatus.FS: initial. Round to nearest, no flags.
        "li t0, 1 << 13
         csrs mstatus, t0
         csrw fcsr, zero"
    };
}

#[cfg(not(architecture = "riscv32imafc-unknown-none-elf"))]
#[doc(hidden)]
#[macro_export]
macro_rules! enable_fpu {
    () => {
        ""
    };
}

/// Puts the lowest address of this hart's stack into t0, the first one above
/// it into t1 and the hart's number into t2.
#[doc(hidden)]
#[macro_export]
macro_rules! own_stack {
    () => {
        "csrr t2, mhartid
         lui t1, %hi(__stack_size)
         addi t1, t1, %lo(__stack_size)
         mul t3, t2, t1
         la t0, __stack_bottom
         add t0, t0, t3
         add t1, t1, t0"
    };
}

/// Copies initial data and clears the rest, word by word; changes t0 to t3.
#[doc(hidden)]
#[macro_export]
macro_rules! set_up_memory {
    () => {
        "la t0, __data_start
         la t1, __data_end
         la t2, __data_load
         j 3f
     2:  lw t3, 0(t2)
         sw t3, 0(t0)
         addi t0, t0, 4
         addi t2, t2, 4
     3:  bltu t0, t1, 2b
         la t0, __bss_start
         la t1, __bss_end
         j 5f
     4:  sw zero, 0(t0)
         addi t0, t0, 4
     5:  bltu t0, t1, 4b"
    };
}

/// The way into an image: its first instruction, and where traps go.
///
/// `main` is an `extern "C" fn() -> !`; `fault` one that takes `mcause`,
/// `mepc`, the return address at the fault, and whether the stack had
/// overflowed. Both run with interrupts masked.
///
/// Cores start at the first address of flash; the section comes first there.
/// What lies from there up to the hart's own stack is locked for stores: below
/// it there may be code in the same memory and there are the stacks of other
/// harts, which an overflow must not reach.
///
/// Harts other than 0 sleep until they get a software interrupt, then go to
/// where [`HELPER`] says, with their number.
#[macro_export]
macro_rules! riscv_entry {
    ($board:ty, $section:literal, $reset:ident, $main:path, $fault:path) => {
        const _: () = {
            /// Until `.data` and `.bss` are set up, no Rust may run.
            #[unsafe(naked)]
            #[unsafe(no_mangle)]
            #[unsafe(link_section = $section)]
            unsafe extern "C" fn $reset() -> ! {
                core::arch::naked_asm!(
                    "csrw mie, zero
                     csrci mstatus, 8
                     .option push
                     .option norelax
                     la gp, __global_pointer$
                     .option pop
                     la t0, 9f
                     csrw mtvec, t0",
                    $crate::own_stack!(),
                    "mv sp, t1",
                    // Entry 0 is the lower end of entry 1, top of range: locked,
                    // execute and read. A reset may have left it as it was.
                    "csrr t1, pmpcfg0
                     bnez t1, 2f
                     la t1, {reset}
                     srli t1, t1, 2
                     csrw pmpaddr0, t1
                     srli t0, t0, 2
                     csrw pmpaddr1, t0
                     li t0, 0x8D00
                     csrw pmpcfg0, t0
                 2:",
                    $crate::enable_fpu!(),
                    "bnez t2, 6f",
                    $crate::set_up_memory!(),
                    "call {main}
                     unimp
                 6:  li t0, 8
                     csrw mie, t0
                     li t3, {interrupts}
                     slli t4, t2, 2
                     add t3, t3, t4
                 7:  wfi
                     lw t0, 0(t3)
                     beqz t0, 7b
                     fence
                     mv a0, t2
                     la t0, {helper}
                     lw t0, 0(t0)
                     jalr t0
                     unimp",
                    // Traps. The stack may be gone: it begins anew.
                    ".p2align 2
                 9:  csrr a0, mcause
                     csrr a1, mepc
                     mv a2, ra",
                    $crate::own_stack!(),
                    "sltu a3, sp, t0
                     mv sp, t1
                     call {fault}
                     unimp",
                    reset = sym $reset,
                    interrupts = const <$board as $crate::board::Board>::SOFTWARE_INTERRUPTS,
                    helper = sym $crate::riscv::HELPER,
                    main = sym $main,
                    fault = sym $fault,
                )
            }
        };
    };
}
