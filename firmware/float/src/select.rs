//! Larger, smaller and nearest: nothing is computed, a float is chosen.

use crate::{FRACTION, INFINITY, QUIET, SIGN, exponent};

fn is_nan(bits: u32) -> bool {
    bits << 1 > INFINITY << 1
}

/// Orders floats that are numbers; -0 comes before 0.
fn key(bits: u32) -> i32 {
    let sign = bits as i32 >> 31;
    bits as i32 ^ (sign as u32 >> 1) as i32
}

/// `fmaxf`: the larger one; of a number and a NaN the number.
#[inline(always)]
pub fn maximum_number(a: u32, b: u32) -> u32 {
    if is_nan(b) {
        return a;
    }
    if is_nan(a) || key(a) < key(b) { b } else { a }
}

/// `fminf`: the smaller one; of a number and a NaN the number.
#[inline(always)]
pub fn minimum_number(a: u32, b: u32) -> u32 {
    if is_nan(b) {
        return a;
    }
    if is_nan(a) || key(b) < key(a) { b } else { a }
}

/// `fmaximumf`: the larger one; NaN if either is.
#[inline(always)]
pub fn maximum(a: u32, b: u32) -> u32 {
    nan_of(a, b).unwrap_or(if key(a) < key(b) { b } else { a })
}

/// `fminimumf`: the smaller one; NaN if either is.
#[inline(always)]
pub fn minimum(a: u32, b: u32) -> u32 {
    nan_of(a, b).unwrap_or(if key(b) < key(a) { b } else { a })
}

#[inline(always)]
fn nan_of(a: u32, b: u32) -> Option<u32> {
    if is_nan(a) {
        return Some(a | QUIET);
    }
    is_nan(b).then_some(b | QUIET)
}

/// Of 1.0.
const BIAS: u32 = 127;
const ONE: u32 = BIAS << 23;
const ONE_HALF: u32 = (BIAS - 1) << 23;

/// `roundf`: the nearest whole number, halves away from zero.
#[inline(always)]
pub fn round(x: u32) -> u32 {
    whole(x, |size| size >= ONE_HALF, |_, half| half)
}

/// `roundevenf`: the nearest whole number, halves to even.
#[inline(always)]
pub fn round_even(x: u32) -> u32 {
    whole(x, |size| size > ONE_HALF, |size, half| half - 1 + u32::from(size & half << 1 != 0))
}

/// Rounds to whole numbers: `up` tells of a size below 1 whether it becomes
/// 1; `bias` is what is added to a size before its digits behind the point
/// are cut off, by the size and its place of one half.
#[inline(always)]
fn whole(x: u32, up: impl Fn(u32) -> bool, bias: impl Fn(u32, u32) -> u32) -> u32 {
    let size = x & !SIGN;
    if size < ONE {
        return x & SIGN | if up(size) { ONE } else { 0 };
    }
    let digits = exponent(size) - BIAS;
    if digits >= 23 {
        return if is_nan(x) { x | QUIET } else { x };
    }
    let behind = FRACTION >> digits;
    let half = (behind + 1) >> 1;
    // The leading one of the fraction is not among the bits: at 1.x the one
    // before the point is the exponent's last bit, which is set.
    x & SIGN | ((size + bias(size, half)) & !behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(found: u32, expected: f32) -> bool {
        found == expected.to_bits() || is_nan(found) && expected.is_nan()
    }

    /// Every float would take minutes in a build for tests: every 997th.
    fn floats() -> impl Iterator<Item = u32> {
        (0..=u32::MAX).step_by(997).chain(halves())
    }

    fn halves() -> impl Iterator<Item = u32> {
        (0..40_000).flat_map(|n| {
            let bits = (n as f32 / 2.0).to_bits();
            [bits, bits | SIGN, bits + 1, bits.saturating_sub(1)]
        })
    }

    #[test]
    fn nearest_is_as_the_processor_has_it() {
        for x in floats() {
            let value = f32::from_bits(x);
            assert!(same(round(x), value.round()), "round {value:e}");
            assert!(same(round_even(x), value.round_ties_even()), "even {value:e}");
        }
    }

    const TELLING: [f32; 12] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        1.5,
        -1.5,
        f32::MIN_POSITIVE,
        1e-45,
        f32::MAX,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];

    #[test]
    fn larger_and_smaller_are_chosen() {
        for a in TELLING {
            for b in TELLING {
                let (x, y) = (a.to_bits(), b.to_bits());
                let zeros = a == 0.0 && b == 0.0;
                // Of two zeros the signs count, which `f32::max` leaves open.
                let (larger, smaller) = match (zeros, a.is_sign_negative(), b.is_sign_negative()) {
                    (true, false, true) => (a, b),
                    (true, true, false) => (b, a),
                    _ => (a.max(b), a.min(b)),
                };
                assert!(same(maximum_number(x, y), larger), "{a} {b}");
                assert!(same(minimum_number(x, y), smaller), "{a} {b}");
                let nan = a.is_nan() || b.is_nan();
                assert!(same(maximum(x, y), if nan { f32::NAN } else { larger }), "{a} {b}");
                assert!(same(minimum(x, y), if nan { f32::NAN } else { smaller }), "{a} {b}");
            }
        }
    }
}
