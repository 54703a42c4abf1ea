//! What Cortex-M has instructions and registers of its own for.

use core::arch::asm;
#[cfg(target_abi = "eabihf")]
use core::arch::naked_asm;

use crate::registers::Registers;

/// Whether this is Armv6-M (or Armv8-M Baseline), which has no exclusive access.
const BASELINE: bool = cfg!(architecture = "thumbv6m-none-eabi");

/// No such register, or no such thing.
const NONE: u32 = u32::MAX;

// Armv7-M Architecture Reference Manual, B3.2; Armv6-M has some of it.
const NVIC_ISER: usize = 0x100;
const NVIC_ICER: usize = 0x180;
const NVIC_ISPR: usize = 0x200;
const NVIC_ICPR: usize = 0x280;
const SCB_CPUID: usize = 0xD00;
const SCB_VTOR: usize = 0xD08;
const SCB_CPACR: usize = 0xD88;
const FPDSCR: usize = 0xF3C;

fn scs() -> Registers {
    // SAFETY: every Cortex-M has the System Control Space; one core runs.
    unsafe { Registers::at(0xE000_E000) }
}

/// Where the core looks for its vectors; Armv6-M need not say.
pub(super) fn vectors() -> u32 {
    if BASELINE { NONE } else { scs().read(SCB_VTOR) }
}

pub(super) fn core_id() -> u32 {
    scs().read(SCB_CPUID)
}

pub(super) fn stack_pointer() -> u32 {
    let pointer;
    // SAFETY: copies a register.
    unsafe { asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

/// Whether there is an FPU in use; CPACR; FPSCR; FPDSCR.
#[cfg(target_abi = "eabihf")]
pub(super) fn float_state() -> [u32; 4] {
    let status;
    // SAFETY: copies a register; the FPU is on.
    unsafe { asm!("vmrs {}, fpscr", out(reg) status, options(nomem, nostack, preserves_flags)) };
    [1, scs().read(SCB_CPACR), status, scs().read(FPDSCR)]
}

#[cfg(not(target_abi = "eabihf"))]
pub(super) fn float_state() -> [u32; 4] {
    let _ = (SCB_CPACR, FPDSCR);
    [0; 4]
}

// Of the compiler's own, `core` has neither of the two. The assembler does not
// hear of the target's FPU here.
#[cfg(target_abi = "eabihf")]
pub(super) fn square_root(x: f32) -> f32 {
    #[unsafe(naked)]
    extern "C" fn root(x: f32) -> f32 {
        naked_asm!(".fpu fpv4-sp-d16", "vsqrt.f32 s0, s0", "bx lr")
    }
    root(x)
}

#[cfg(target_abi = "eabihf")]
pub(super) fn multiply_add(x: f32, y: f32, z: f32) -> f32 {
    #[unsafe(naked)]
    extern "C" fn sum(x: f32, y: f32, z: f32) -> f32 {
        naked_asm!(".fpu fpv4-sp-d16", "vfma.f32 s2, s0, s1", "vmov.f32 s0, s2", "bx lr")
    }
    sum(x, y, z)
}

#[cfg(not(target_abi = "eabihf"))]
unsafe extern "C" {
    safe fn sqrtf(x: f32) -> f32;
    safe fn fmaf(x: f32, y: f32, z: f32) -> f32;
}

#[cfg(not(target_abi = "eabihf"))]
pub(super) fn square_root(x: f32) -> f32 {
    sqrtf(x)
}

#[cfg(not(target_abi = "eabihf"))]
pub(super) fn multiply_add(x: f32, y: f32, z: f32) -> f32 {
    fmaf(x, y, z)
}

/// # Safety
/// Four bytes may be read at `at`, if the core can.
pub(super) unsafe fn load_word(at: *mut u8) -> u32 {
    let value;
    // SAFETY: vouched for by the caller.
    unsafe { asm!("ldr {}, [{}]", out(reg) value, in(reg) at, options(nostack)) };
    value
}

/// # Safety
/// Two bytes may be read at `at`, if the core can.
pub(super) unsafe fn load_half(at: *mut u8) -> u32 {
    let value;
    // SAFETY: vouched for by the caller.
    unsafe { asm!("ldrh {}, [{}]", out(reg) value, in(reg) at, options(nostack)) };
    value
}

/// Gives `value` back.
///
/// # Safety
/// Four bytes may be written at `at`, if the core can.
pub(super) unsafe fn store_word(at: *mut u8, value: u32) -> u32 {
    // SAFETY: vouched for by the caller.
    unsafe { asm!("str {}, [{}]", in(reg) value, in(reg) at, options(nostack)) };
    value
}

/// Gives `value` back.
///
/// # Safety
/// Two bytes may be written at `at`, if the core can.
pub(super) unsafe fn store_half(at: *mut u8, value: u32) -> u32 {
    // SAFETY: vouched for by the caller.
    unsafe { asm!("strh {}, [{}]", in(reg) value, in(reg) at, options(nostack)) };
    value
}

/// Kind (0: none, 1: exclusive access), the sum of ten added to a word by
/// compare-and-swap, how often that was tried, and the status of a store whose
/// reservation was used up, then of one whose reservation was cleared.
#[cfg(not(architecture = "thumbv6m-none-eabi"))]
pub(super) fn atomics() -> [u32; 5] {
    let mut word = 32;
    let mut tries = 0;
    for _ in 0..10 {
        loop {
            tries += 1;
            // SAFETY: `word` is ours alone.
            if unsafe { add_exclusive(&raw mut word) } == 0 || tries >= 1000 {
                break;
            }
        }
    }
    let (used, cleared);
    let mut other = 7;
    // SAFETY: likewise. `clrex` before each store ends the reservation.
    unsafe {
        asm!(
            "ldrex {value}, [{at}]",
            "strex {first}, {value}, [{at}]",
            "strex {used}, {value}, [{at}]",
            "ldrex {value}, [{at}]",
            "clrex",
            "strex {cleared}, {value}, [{at}]",
            at = in(reg) &raw mut other,
            value = out(reg) _,
            first = out(reg) _,
            used = out(reg) used,
            cleared = out(reg) cleared,
            options(nostack)
        );
        [1, core::ptr::read_volatile(&raw const word), tries, used, cleared]
    }
}

/// # Safety
/// `at` may be written.
#[cfg(not(architecture = "thumbv6m-none-eabi"))]
unsafe fn add_exclusive(at: *mut u32) -> u32 {
    let status;
    // SAFETY: vouched for by the caller.
    unsafe {
        asm!(
            "ldrex {value}, [{at}]",
            "adds {value}, {value}, #1",
            "strex {status}, {value}, [{at}]",
            at = in(reg) at,
            value = out(reg) _,
            status = out(reg) status,
            options(nostack)
        );
    }
    status
}

#[cfg(architecture = "thumbv6m-none-eabi")]
pub(super) fn atomics() -> [u32; 5] {
    [0; 5]
}

/// Whether interrupts are masked, whether one could be made pending, and
/// whether it was pending no more after it had ended a sleep.
///
/// It is the 32nd, which the smallest cores that have it leave unused, and
/// which no handler is entered for while interrupts are masked.
pub(super) fn sleep() -> [u32; 3] {
    const LAST: u32 = 1 << 31;
    let masked: u32;
    // SAFETY: copies a register.
    unsafe { asm!("mrs {}, primask", out(reg) masked, options(nomem, nostack, preserves_flags)) };
    let scs = scs();
    if masked & 1 == 0 {
        return [0; 3];
    }
    scs.write(NVIC_ISER, LAST);
    scs.write(NVIC_ISPR, LAST);
    let pending = scs.read(NVIC_ISPR) & LAST;
    if pending != 0 {
        // SAFETY: sleeps until that interrupt, so not at all.
        unsafe { asm!("dsb", "wfi", options(nostack, preserves_flags)) };
    }
    scs.write(NVIC_ICPR, LAST);
    let after = scs.read(NVIC_ISPR) & LAST;
    scs.write(NVIC_ICER, LAST);
    [1, u32::from(pending != 0), u32::from(after == 0)]
}

/// Takes `turns` turns of two instructions.
pub(super) fn spin(turns: u32) {
    if turns > 0 {
        // SAFETY: computes.
        unsafe {
            asm!("2: subs {turns}, {turns}, #1", "bne 2b", turns = inout(reg) turns => _,
                 options(nomem, nostack));
        }
    }
}
