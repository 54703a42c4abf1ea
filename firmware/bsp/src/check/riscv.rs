//! What RISC-V has instructions and registers of its own for.

use core::arch::asm;

/// The host is to take it as not tried.
const NOT_TRIED: u32 = 2;

/// Where traps go, which is not the image's first address: the host does not
/// compare it.
pub(super) fn vectors() -> u32 {
    u32::MAX
}

pub(super) fn core_id() -> u32 {
    let id;
    // SAFETY: copies a register.
    unsafe { asm!("csrr {}, marchid", out(reg) id, options(nomem, nostack, preserves_flags)) };
    id
}

pub(super) fn stack_pointer() -> u32 {
    let pointer;
    // SAFETY: copies a register.
    unsafe { asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

/// Whether there is an FPU in use; `mstatus.FS`; `fcsr`; nothing.
#[cfg(architecture = "riscv32imafc-unknown-none-elf")]
pub(super) fn float_state() -> [u32; 4] {
    let (status, control): (u32, u32);
    // SAFETY: copies registers; the FPU is on.
    unsafe {
        asm!("csrr {}, mstatus", "csrr {}, fcsr", out(reg) status, out(reg) control,
             options(nomem, nostack, preserves_flags));
    }
    [1, status >> 13 & 0b11, control, 0]
}

#[cfg(not(architecture = "riscv32imafc-unknown-none-elf"))]
pub(super) fn float_state() -> [u32; 4] {
    [0; 4]
}

#[cfg(architecture = "riscv32imafc-unknown-none-elf")]
pub(super) fn square_root(x: f32) -> f32 {
    let root;
    // SAFETY: computes.
    unsafe { asm!("fsqrt.s {}, {}", out(freg) root, in(freg) x, options(nomem, nostack)) };
    root
}

#[cfg(architecture = "riscv32imafc-unknown-none-elf")]
pub(super) fn multiply_add(x: f32, y: f32, z: f32) -> f32 {
    let sum;
    // SAFETY: computes.
    unsafe {
        asm!("fmadd.s {}, {}, {}, {}", out(freg) sum, in(freg) x, in(freg) y, in(freg) z,
             options(nomem, nostack));
    }
    sum
}

#[cfg(not(architecture = "riscv32imafc-unknown-none-elf"))]
unsafe extern "C" {
    safe fn sqrtf(x: f32) -> f32;
    safe fn fmaf(x: f32, y: f32, z: f32) -> f32;
}

#[cfg(not(architecture = "riscv32imafc-unknown-none-elf"))]
pub(super) fn square_root(x: f32) -> f32 {
    sqrtf(x)
}

#[cfg(not(architecture = "riscv32imafc-unknown-none-elf"))]
pub(super) fn multiply_add(x: f32, y: f32, z: f32) -> f32 {
    fmaf(x, y, z)
}

/// # Safety
/// Four bytes may be read at `at`, if the core can.
pub(super) unsafe fn load_word(at: *mut u8) -> u32 {
    let value;
    // SAFETY: vouched for by the caller.
    unsafe { asm!("lw {}, 0({})", out(reg) value, in(reg) at, options(nostack)) };
    value
}

/// # Safety
/// Two bytes may be read at `at`, if the core can.
pub(super) unsafe fn load_half(at: *mut u8) -> u32 {
    let value;
    // SAFETY: vouched for by the caller.
    unsafe { asm!("lhu {}, 0({})", out(reg) value, in(reg) at, options(nostack)) };
    value
}

/// Gives `value` back.
///
/// # Safety
/// Four bytes may be written at `at`, if the core can.
pub(super) unsafe fn store_word(at: *mut u8, value: u32) -> u32 {
    // SAFETY: vouched for by the caller.
    unsafe { asm!("sw {}, 0({})", in(reg) value, in(reg) at, options(nostack)) };
    value
}

/// Gives `value` back.
///
/// # Safety
/// Two bytes may be written at `at`, if the core can.
pub(super) unsafe fn store_half(at: *mut u8, value: u32) -> u32 {
    // SAFETY: vouched for by the caller.
    unsafe { asm!("sh {}, 0({})", in(reg) value, in(reg) at, options(nostack)) };
    value
}

/// `misa`: the core has atomic instructions.
const MISA_ATOMICS: u32 = 1;

/// As on Cortex-M, by load-reserved and store-conditional. Nothing clears a
/// reservation but a store-conditional to another place.
pub(super) fn atomics() -> [u32; 5] {
    let has: u32;
    // SAFETY: copies a register.
    unsafe { asm!("csrr {}, misa", out(reg) has, options(nomem, nostack, preserves_flags)) };
    // A runtime for several cores does not know by itself.
    if has & MISA_ATOMICS == 0 {
        return [0; 5];
    }
    let mut word: u32 = 32;
    let mut tries = 0;
    for _ in 0..10 {
        loop {
            tries += 1;
            // SAFETY: `word` is ours alone.
            if unsafe { add_reserved(&raw mut word) } == 0 || tries >= 1000 {
                break;
            }
        }
    }
    let (used, cleared): (u32, u32);
    let (mut one, mut other): (u32, u32) = (7, 8);
    // SAFETY: likewise.
    unsafe {
        asm!(
            ".option push",
            ".option arch, +a",
            "lr.w {value}, ({at})",
            "sc.w {used}, {value}, ({at})",
            "sc.w {used}, {value}, ({at})",
            "lr.w {value}, ({at})",
            "sc.w {cleared}, {value}, ({elsewhere})",
            "sc.w {cleared}, {value}, ({at})",
            ".option pop",
            at = in(reg) &raw mut one,
            elsewhere = in(reg) &raw mut other,
            value = out(reg) _,
            used = out(reg) used,
            cleared = out(reg) cleared,
            options(nostack)
        );
        [2, core::ptr::read_volatile(&raw const word), tries, used, cleared]
    }
}

/// # Safety
/// `at` may be written.
unsafe fn add_reserved(at: *mut u32) -> u32 {
    let status;
    // SAFETY: vouched for by the caller.
    unsafe {
        asm!(
            ".option push",
            ".option arch, +a",
            "lr.w {value}, ({at})",
            "addi {value}, {value}, 1",
            "sc.w {status}, {value}, ({at})",
            ".option pop",
            at = in(reg) at,
            value = out(reg) _,
            status = out(reg) status,
            options(nostack)
        );
    }
    status
}

/// Whether interrupts are masked. None that a core can make pending by itself
/// is on all of them; each byte that the agent waits for shows that they wake.
pub(super) fn sleep() -> [u32; 3] {
    let status: u32;
    // SAFETY: copies a register.
    unsafe { asm!("csrr {}, mstatus", out(reg) status, options(nomem, nostack, preserves_flags)) };
    [u32::from(status & 1 << 3 == 0), NOT_TRIED, NOT_TRIED]
}

/// Takes `turns` turns of two instructions.
pub(super) fn spin(turns: u32) {
    if turns > 0 {
        // SAFETY: computes.
        unsafe {
            asm!("2: addi {turns}, {turns}, -1", "bnez {turns}, 2b", turns = inout(reg) turns => _,
                 options(nomem, nostack));
        }
    }
}
