//! Addition and multiplication of bits of floats; `None` is "not here".

use crate::{SIGN, exponent};

/// The core multiplies 32 by 32 to 64 bits; Armv6-M, and the core of Armv8-M
/// that is like it, only to 32.
const LONG_MULTIPLIER: bool =
    cfg!(not(any(architecture = "thumbv6m-none-eabi", architecture = "thumbv8m.base-none-eabi")));

/// The sum of two floats: of normal numbers, or of one and zero, if it is
/// normal or zero.
#[inline(always)]
pub fn add(a: u32, b: u32) -> Option<u32> {
    // x is the larger one in magnitude.
    let (x, y) = if a << 1 < b << 1 { (b, a) } else { (a, b) };
    let (high, low) = (exponent(x), exponent(y));
    if high == 0xFF || low == 0 {
        return (high != 0xFF && high != 0 && y << 1 == 0).then_some(x);
    }
    // Bit 31 is for the carry, the seven bits below the fraction for rounding.
    let larger = (x << 8 | 1 << 31) >> 1;
    let smaller = shifted((y << 8 | 1 << 31) >> 1, high - low);
    if (x ^ y) & SIGN == 0 {
        let sum = larger + smaller;
        if sum >> 31 != 0 {
            return rounded(x & SIGN, high + 1, sum);
        }
        return rounded(x & SIGN, high, sum << 1);
    }
    let difference = larger - smaller;
    if difference >> 30 != 0 {
        return rounded(x & SIGN, high, difference << 1);
    }
    if difference == 0 {
        return Some(0);
    }
    let zeros = difference.leading_zeros();
    rounded(x & SIGN, (high + 1).wrapping_sub(zeros), difference << zeros)
}

/// `value >> places`, with bit 0 set if a one fell off.
#[inline(always)]
fn shifted(value: u32, places: u32) -> u32 {
    if places > 31 {
        return 1;
    }
    let kept = value >> places;
    kept | u32::from(kept << places != value)
}

/// The product of two normal floats, if it is normal, or of zero and a float
/// that is finite.
#[inline(always)]
pub fn multiply(a: u32, b: u32) -> Option<u32> {
    let (left, right) = (exponent(a), exponent(b));
    if left.wrapping_sub(1) > 0xFD || right.wrapping_sub(1) > 0xFD {
        let zero = (a << 1 == 0 && right != 0xFF) || (b << 1 == 0 && left != 0xFF);
        return zero.then_some((a ^ b) & SIGN);
    }
    let product = if LONG_MULTIPLIER { product_of_wholes(a, b) } else { product_of_parts(a, b) };
    let sign = (a ^ b) & SIGN;
    let sum = left + right;
    if product >> 31 != 0 {
        rounded(sign, sum.wrapping_sub(126), product)
    } else {
        rounded(sign, sum.wrapping_sub(127), product << 1)
    }
}

/// Of the product of the fractions, which has 48 bits, the upper 32, with bit
/// 0 set if there is more.
#[inline(always)]
fn product_of_wholes(a: u32, b: u32) -> u32 {
    let product = u64::from(a << 8 | 1 << 31) * u64::from(b << 8 | 1 << 31);
    (product >> 32) as u32 | u32::from(product as u32 != 0)
}

/// The same from four products that fit 32 bits.
#[inline(always)]
fn product_of_parts(a: u32, b: u32) -> u32 {
    let (a_high, a_low) = ((a << 8 | 1 << 31) >> 16, a & 0xFF);
    let (b_high, b_low) = ((b << 8 | 1 << 31) >> 16, b & 0xFF);
    let low = a_low * b_low;
    let middle = a_high * b_low + a_low * b_high + (low >> 8);
    let high = a_high * b_high + (middle >> 8);
    high | u32::from((middle | low) & 0xFF != 0)
}

/// The float of a fraction whose leading one is bit 31; `exponent` may be out
/// of range on either side.
#[inline(always)]
fn rounded(sign: u32, exponent: u32, fraction: u32) -> Option<u32> {
    if exponent.wrapping_sub(1) > 0xFD {
        return None;
    }
    let kept = fraction >> 8;
    let up = ((fraction & 0xFF) + 0x7F + (kept & 1)) >> 8;
    // The leading one and a carry add to the exponent, up to infinity.
    Some(sign | (((exponent - 1) << 23) + kept + up))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::INFINITY;

    /// Every exponent at both ends and near the middle, with telling fractions.
    fn edges() -> Vec<u32> {
        let exponents = [0, 1, 2, 3, 24, 25, 63, 64, 102, 103, 126, 127, 128, 150, 151, 190, 191];
        let exponents = exponents.into_iter().chain([230, 252, 253, 254, 255]);
        let fractions = [0, 1, 2, 3, 0x3F_FFFF, 0x40_0000, 0x40_0001, 0x7F_FFFE, 0x7F_FFFF];
        let fractions = fractions.into_iter().chain([0x80, 0xFF, 0x100, 0x55_5555, 0x2A_AAAB]);
        let fractions: Vec<u32> = fractions.collect();
        exponents
            .flat_map(|exponent| fractions.iter().map(move |fraction| exponent << 23 | fraction))
            .flat_map(|bits| [bits, bits | SIGN])
            .collect()
    }

    /// xorshift32.
    struct Chance(u32);

    impl Chance {
        fn next(&mut self) -> u32 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 17;
            self.0 ^= self.0 << 5;
            self.0
        }
    }

    fn is_normal(bits: u32) -> bool {
        f32::from_bits(bits).is_normal()
    }

    /// Holds both operations against the processor's; gives how many were here.
    fn check(a: u32, b: u32) -> u32 {
        let (x, y) = (f32::from_bits(a), f32::from_bits(b));
        let (sum, product) = ((x + y).to_bits(), (x * y).to_bits());
        let found = [(add(a, b), sum), (multiply(a, b), product)];
        for (found, expected) in found {
            if let Some(found) = found {
                assert_eq!(found, expected, "{x:e} ({a:#010x}), {y:e} ({b:#010x})");
            } else if is_normal(a) && is_normal(b) {
                // Only what over- or underflows may be left out.
                let size = expected & !SIGN;
                assert!(size <= 1 << 23 || size == INFINITY, "{x:e}, {y:e}: left out");
            }
        }
        assert_eq!(product_of_wholes(a, b), product_of_parts(a, b), "{a:#010x}, {b:#010x}");
        found.iter().map(|(found, _)| u32::from(found.is_some())).sum()
    }

    #[test]
    fn edges_are_as_the_processor_has_them() {
        let edges = edges();
        let here: u32 = edges.iter().flat_map(|&a| edges.iter().map(move |&b| check(a, b))).sum();
        assert!(here as usize > edges.len() * edges.len());
    }

    #[test]
    fn random_numbers_are_as_the_processor_has_them() {
        let mut chance = Chance(0x1234_5678);
        let mut here = 0;
        for _ in 0..2_000_000 {
            let (a, b) = (chance.next(), chance.next());
            here += check(a, b);
            // Near each other, where digits cancel.
            here += check(a, a ^ SIGN ^ (b >> 9));
            here += check(a, (a ^ SIGN).wrapping_add((b & 3) << 23) ^ (b >> 20));
        }
        assert!(here > 6_000_000);
    }
}
