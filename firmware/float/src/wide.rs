//! What is rare, in double precision: sums and products of floats that are
//! rounded to it and then to single precision are what one rounding gives,
//! subnormal ones too (Figueroa, "When is double rounding innocuous?").

use core::hint::black_box;

/// The compiler would see that single precision does it, and call this again.
fn wide(bits: u32) -> f64 {
    black_box(f64::from(f32::from_bits(bits)))
}

/// The sum of two floats, of any kind.
#[cold]
#[inline(never)]
pub fn add(a: u32, b: u32) -> u32 {
    ((wide(a) + wide(b)) as f32).to_bits()
}

/// The product of two floats, of any kind.
#[cold]
#[inline(never)]
pub fn multiply(a: u32, b: u32) -> u32 {
    ((wide(a) * wide(b)) as f32).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(found: u32, expected: f32) -> bool {
        found == expected.to_bits() || f32::from_bits(found).is_nan() && expected.is_nan()
    }

    #[test]
    fn the_rare_is_as_the_processor_has_it() {
        // Around zero, the smallest normal number, one, the largest, infinity and NaN.
        let near = [0, 0x0080_0000, 0x3F80_0000, 0x7F7F_FFFF, 0x7F80_0000, 0x7FC0_0000_u32];
        let scattered = (1..400_u32).map(|n| n.wrapping_mul(0x9E37_79B9) >> 1);
        let all: Vec<u32> = near
            .into_iter()
            .flat_map(|bits| (0..6).flat_map(move |n| [bits.saturating_sub(n), bits + n]))
            .chain((0..23).map(|bit| 1 << bit))
            .chain(scattered)
            .flat_map(|bits| [bits, bits | 1 << 31])
            .collect();
        for &a in &all {
            for &b in &all {
                let (x, y) = (f32::from_bits(a), f32::from_bits(b));
                assert!(same(add(a, b), x + y), "{x:e} + {y:e}");
                assert!(same(multiply(a, b), x * y), "{x:e} * {y:e}");
            }
        }
    }
}
