use core::cell::UnsafeCell;
use core::hint::black_box;
use core::ptr;

use arielml_agent::{CHECK_ARGUMENTS, Checked, Code, Error, text};
use arielml_arena::Arena;

#[cfg(target_arch = "arm")]
use super::cortex_m as core_checks;
#[cfg(target_arch = "riscv32")]
use super::riscv as core_checks;
use super::walk::{Walked, walk_arena};

const LAYOUT: u32 = 1;
const WALK: u32 = 2;
const FLOAT: u32 = 3;
const FLOAT_STATE: u32 = 4;
const UNALIGNED: u32 = 5;
const ATOMICS: u32 = 6;
const SLEEP: u32 = 7;
const OVERFLOW: u32 = 8;
const SPIN: u32 = 9;

/// How far below the stack an overflow goes at most, in bytes.
const BELOW_STACK: u32 = 4096;

const MOST_VALUES: usize = 15;

struct Values(UnsafeCell<[u32; MOST_VALUES]>);

// SAFETY: `run` alone uses it, on the one core that runs.
unsafe impl Sync for Values {}

static VALUES: Values = Values(UnsafeCell::new([0; MOST_VALUES]));

/// Does check number `check`; the values that it measured.
pub fn run(arena: &Arena<'_>, check: u32, arguments: &[u32; CHECK_ARGUMENTS]) -> Checked {
    let [a, b, c, d] = *arguments;
    match check {
        LAYOUT => values(&layout()),
        WALK => {
            let Walked { start, bytes, words, bad, step, address, expected, found } =
                walk_arena(arena, a)?;
            values(&[start, bytes, words, bad, step, address, expected, found])
        }
        FLOAT => match float(a, b, c, d) {
            Some(bits) => values(&[bits]),
            None => Err(UNKNOWN.with(check, a)),
        },
        FLOAT_STATE => values(&core_checks::float_state()),
        UNALIGNED => unaligned(check, a, b),
        ATOMICS => values(&core_checks::atomics()),
        SLEEP => values(&core_checks::sleep()),
        OVERFLOW => {
            let end = &raw const __stack_bottom as u32;
            values(&[dive(0, end.saturating_sub(BELOW_STACK))])
        }
        SPIN => {
            core_checks::spin(a);
            values(&[a])
        }
        _ => Err(UNKNOWN.with(check, 0)),
    }
}

const UNKNOWN: Error<'static> =
    Error::new(Code::Unimplemented, text!("no such check: check, its kind"));

fn values(measured: &[u32]) -> Checked {
    // SAFETY: what the last check gave was sent before this one began.
    let place = unsafe { &mut *VALUES.0.get() };
    for (value, measured) in place.iter_mut().zip(measured) {
        *value = *measured;
    }
    Ok(place.get(..measured.len()).unwrap_or_default())
}

unsafe extern "C" {
    static arielml_module_start: u8;
    static arielml_module_end: u8;
    static __stack_bottom: u8;
    static __stack_top: u8;
    static __data_start: u8;
    static __data_end: u8;
    static __bss_start: u8;
    static __bss_end: u8;
    static __arena_start: u8;
    static __arena_end: u8;
}

struct Word(UnsafeCell<u32>);

// SAFETY: never written but by start-up code.
unsafe impl Sync for Word {}

/// Start-up code copies it from flash. Exported, lest it be taken for a constant.
#[unsafe(export_name = "arielml_check_data")]
static COPIED: Word = Word(UnsafeCell::new(0x0DA7_AC0B));
/// Start-up code clears it.
#[unsafe(export_name = "arielml_check_bss")]
static CLEARED: Word = Word(UnsafeCell::new(0));

#[inline(never)]
fn layout() -> [u32; MOST_VALUES] {
    // SAFETY: both are words that live for good.
    let (copied, cleared) =
        unsafe { (ptr::read_volatile(COPIED.0.get()), ptr::read_volatile(CLEARED.0.get())) };
    [
        core_checks::vectors(),
        &raw const arielml_module_start as u32,
        &raw const arielml_module_end as u32,
        &raw const __stack_bottom as u32,
        &raw const __stack_top as u32,
        &raw const __data_start as u32,
        &raw const __data_end as u32,
        &raw const __bss_start as u32,
        &raw const __bss_end as u32,
        &raw const __arena_start as u32,
        &raw const __arena_end as u32,
        core_checks::stack_pointer(),
        copied,
        cleared,
        core_checks::core_id(),
    ]
}

/// One operation on floats as their bits, by the FPU if there is one.
#[inline(never)]
fn float(operation: u32, a: u32, b: u32, c: u32) -> Option<u32> {
    // Opaque, so that nothing is computed by the compiler.
    let [x, y, z] = black_box([a, b, c]).map(f32::from_bits);
    let result = match operation {
        1 => x + y,
        2 => x - y,
        3 => x * y,
        4 => x / y,
        5 => core_checks::square_root(x),
        6 => core_checks::multiply_add(x, y, z),
        7 => black_box(a) as i32 as f32,
        8 => return Some(x as i32 as u32),
        9 => return Some(u32::from(x < y) | u32::from(x == y) << 1 | u32::from(x > y) << 2),
        _ => return None,
    };
    Some(result.to_bits())
}

#[repr(align(8))]
struct Bytes([u8; 8]);

/// Loads or stores `kind` (1 and 2: a word, 3 and 4: half a word) `offset`
/// bytes behind an aligned address.
#[inline(never)]
fn unaligned(check: u32, kind: u32, offset: u32) -> Checked {
    let mut bytes = Bytes([0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE]);
    let at = bytes.0.as_mut_ptr().wrapping_add((offset % 4) as usize);
    // SAFETY: within the eight bytes, also the word at offset 3.
    let loaded = unsafe {
        match kind {
            1 => core_checks::load_word(at),
            2 => core_checks::store_word(at, 0xA1B2_C3D4),
            3 => core_checks::load_half(at),
            4 => core_checks::store_half(at, 0xE5F6),
            _ => return Err(UNKNOWN.with(check, kind)),
        }
    };
    // SAFETY: as many bytes.
    let [low, high] = unsafe { ptr::read_volatile((&raw const bytes).cast::<[u32; 2]>()) };
    values(&[loaded, low, high])
}

/// Calls itself until the stack reaches down to `end`; how often.
#[inline(never)]
fn dive(depth: u32, end: u32) -> u32 {
    let frame = black_box([depth; 16]);
    if core_checks::stack_pointer() < end {
        return depth;
    }
    let below = dive(depth + 1, end);
    // Used after the call, lest the frame be given up before it.
    let [first, ..] = black_box(frame);
    below.max(first)
}
