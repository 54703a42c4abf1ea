//! The stacks: one for each core, the first core's lowest.

use core::ptr;

use crate::arch;

unsafe extern "C" {
    static __stack_bottom: u32;
    static __stack_top: u32;
}

/// What unused stack is filled with.
pub(crate) const PAINT: u32 = 0xC0DE_5EED;

/// Bytes of each stack.
pub(crate) fn size() -> u32 {
    &raw const __stack_top as u32 - &raw const __stack_bottom as u32
}

/// The lowest address of core `core`'s stack.
pub(crate) fn bottom(core: u32) -> *mut u32 {
    let first = (&raw const __stack_bottom).cast_mut();
    first.wrapping_byte_add((core.wrapping_mul(size())) as usize)
}

/// The core, of `cores`, on whose stack this is called.
#[inline(never)]
pub fn owner(cores: u32) -> u32 {
    let local = 0_u32;
    let here = core::hint::black_box(&raw const local);
    let mut core = 0;
    while core + 1 < cores && here >= bottom(core + 1).cast_const() {
        core += 1;
    }
    core
}

/// The first address above the first core's stack.
#[cfg(target_arch = "arm")]
pub(crate) const fn top() -> *const u32 {
    &raw const __stack_top
}

/// The lowest word of core `core`'s stack that was used since it was painted,
/// and the bytes from there on.
pub(crate) fn used(core: u32) -> (*mut u32, u32) {
    let top = bottom(core + 1);
    let mut word = bottom(core);
    // SAFETY: within the stack, of this core or of one that waits.
    while word < top && unsafe { ptr::read_volatile(word) } == PAINT {
        word = word.wrapping_add(1);
    }
    (word, top as u32 - word as u32)
}

/// Paints what core `core`, which calls this, does not use of its stack.
#[inline(never)]
pub fn paint(core: u32) {
    // SAFETY: between the end of the stack and the stack pointer nothing
    // lives, because interrupts are masked.
    unsafe { arch::fill_unused(bottom(core), PAINT) };
}

/// Bytes that core `core` has used of its stack at most since it was painted.
pub fn peak(core: u32) -> u32 {
    used(core).1
}

/// Words that [`peak_near`] looks at below what it knows.
const NEAR: usize = 64;

/// Bytes of the first core's stack that were used at most since it was
/// painted, given that at least `known` were: goes on below them until
/// [`NEAR`] words are paint.
pub(crate) fn peak_near(known: u32) -> u32 {
    let (bottom, top) = (bottom(0), bottom(1));
    // What is in use now is above this.
    let here = 0_u32;
    let deepest = (&raw const here).cast_mut().min(top.wrapping_byte_sub(known as usize));
    let mut lowest = deepest.max(bottom);
    let mut word = lowest;
    let mut paint = 0;
    while paint < NEAR && word > bottom {
        word = word.wrapping_sub(1);
        // SAFETY: within the stack.
        if unsafe { ptr::read_volatile(word) } == PAINT {
            paint += 1;
        } else {
            (lowest, paint) = (word, 0);
        }
    }
    top as u32 - lowest as u32
}
