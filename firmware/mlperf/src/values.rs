//! Numbers in tensors, and how they are written.

use arielml_agent::Link;

use crate::output::Output;

/// Decimals that results are written with.
const DECIMALS: usize = 3;
const ONE: u32 = 1000;

/// What the elements of a tensor are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int8,
    Uint8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Float32,
}

impl Kind {
    /// As a description numbers it.
    pub(crate) fn numbered(number: u32) -> Option<Kind> {
        const KINDS: [Kind; 7] = [
            Kind::Int8,
            Kind::Uint8,
            Kind::Int16,
            Kind::Uint16,
            Kind::Int32,
            Kind::Uint32,
            Kind::Float32,
        ];
        KINDS.get(number as usize).copied()
    }

    /// Bytes of an element.
    pub(crate) fn size(self) -> usize {
        match self {
            Kind::Int8 | Kind::Uint8 => 1,
            Kind::Int16 | Kind::Uint16 => 2,
            Kind::Int32 | Kind::Uint32 | Kind::Float32 => 4,
        }
    }
}

/// What the integers of a tensor stand for: `scale` times their distance from
/// `zero`. Of floats neither counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quantization {
    pub(crate) scale: f32,
    pub(crate) zero: i32,
}

impl Quantization {
    /// What an element stands for, whose bytes are the first of `bytes`.
    pub(crate) fn value(self, kind: Kind, bytes: [u8; 4]) -> f32 {
        let [low, next, ..] = bytes;
        let half = [low, next];
        let integer = match kind {
            Kind::Int8 => i64::from(low as i8),
            Kind::Uint8 => i64::from(low),
            Kind::Int16 => i64::from(i16::from_le_bytes(half)),
            Kind::Uint16 => i64::from(u16::from_le_bytes(half)),
            Kind::Int32 => i64::from(i32::from_le_bytes(bytes)),
            Kind::Uint32 => i64::from(u32::from_le_bytes(bytes)),
            Kind::Float32 => return f32::from_le_bytes(bytes),
        };
        (integer - i64::from(self.zero)) as f32 * self.scale
    }

    /// The integer nearest to what stands for `value`, halves away from zero,
    /// within `least` and `most`.
    pub(crate) fn quantized(self, value: f32, least: i32, most: i32) -> i32 {
        let steps = value / self.scale;
        let half = if steps < 0.0 { -0.5 } else { 0.5 };
        // It saturates, and cuts towards zero.
        let whole = (steps + half) as i32;
        whole.saturating_add(self.zero).clamp(least, most)
    }
}

/// Writes `value` with three decimals, rounded to the nearest, halves to even.
#[inline(never)]
pub(crate) fn write<L: Link>(output: &mut Output<L>, value: f32) {
    let bits = value.to_bits();
    if bits >> 31 != 0 {
        output.text("-");
    }
    let (exponent, fraction) = (bits >> 23 & 0xFF, bits & 0x7F_FFFF);
    if exponent == 0xFF {
        return output.text(if fraction == 0 { "inf" } else { "nan" });
    }
    // The value is `mantissa` times two to the power of `exponent - 150`.
    let (mantissa, exponent) =
        if exponent == 0 { (fraction, 1) } else { (fraction | 1 << 23, exponent) };
    if exponent >= 150 {
        write_doubled(output, mantissa, exponent - 150);
        output.text(".000");
        return;
    }
    let shift = 150 - exponent;
    let mut whole = if shift < 32 { mantissa >> shift } else { 0 };
    let mut thousandths = 0;
    // Beyond, it is far below half a thousandth.
    if shift < 40 {
        let rest = u64::from(mantissa) & ((1 << shift) - 1);
        let exact = rest * u64::from(ONE);
        thousandths = (exact >> shift) as u32;
        let (left, half) = (exact & ((1 << shift) - 1), 1u64 << (shift - 1));
        if left > half || left == half && thousandths % 2 == 1 {
            thousandths += 1;
        }
        if thousandths == ONE {
            thousandths = 0;
            whole += 1;
        }
    }
    output.number(whole.into(), 1);
    output.text(".");
    output.number(thousandths.into(), DECIMALS);
}

/// Writes `value` times two to the power of `doublings`, which is 104 at most.
fn write_doubled<L: Link>(output: &mut Output<L>, mut value: u32, doublings: u32) {
    // As many as the largest float has, the lowest first.
    let mut digits = [0u8; 39];
    for digit in &mut digits {
        *digit = (value % 10) as u8;
        value /= 10;
    }
    for _ in 0..doublings {
        let mut carry = 0;
        for digit in &mut digits {
            let doubled = *digit * 2 + carry;
            carry = u8::from(doubled > 9);
            *digit = doubled - 10 * carry;
        }
    }
    let mut begun = false;
    for digit in digits.iter().rev() {
        begun |= *digit != 0;
        if begun {
            output.byte(b'0' + digit);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    use super::*;

    struct Sheet<'s>(&'s mut Vec<u8>);

    impl Link for Sheet<'_> {
        fn read(&mut self) -> u8 {
            0
        }

        fn write(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
    }

    fn written(value: f32) -> String {
        let mut sheet = Vec::new();
        let mut output = Output::new(Sheet(&mut sheet));
        write(&mut output, value);
        output.end();
        String::from_utf8(sheet).unwrap().trim_end().into()
    }

    #[test]
    fn values_are_written_with_three_decimals() {
        for value in [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            0.0005,
            0.000_499_999,
            0.0015,
            0.999_499_9,
            0.9995,
            0.99951,
            -12.345_678,
            255.0 / 256.0,
            0.0625,
            0.1875,
            1e-30,
            f32::MIN_POSITIVE / 4.0,
            8_388_607.5,
            8_388_608.0,
            16_777_216.0,
            -123_456_790_528.0,
            1e20,
            f32::MAX,
            f32::MIN,
        ] {
            assert_eq!(written(value), format!("{value:.3}"));
        }
        // Halves that are exact: to even.
        assert_eq!(written(0.0625), "0.062");
        assert_eq!(written(0.1875), "0.188");
        assert_eq!(written(f32::INFINITY), "inf");
        assert_eq!(written(f32::NEG_INFINITY), "-inf");
        assert_eq!(written(f32::from_bits(0x7FC0_0000)), "nan");
    }

    #[test]
    fn so_are_values_of_every_size() {
        let mut bits = 1u32;
        for _ in 0..if cfg!(miri) { 50 } else { 20_000 } {
            bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = f32::from_bits(bits);
            if value.is_finite() {
                assert_eq!(written(value), format!("{value:.3}"), "{bits:#x}");
            }
        }
    }

    #[test]
    fn integers_stand_for_values() {
        let scaled = Quantization { scale: 0.5, zero: -3 };
        assert_eq!(scaled.value(Kind::Int8, [0x80, 9, 9, 9]), -62.5);
        assert_eq!(scaled.value(Kind::Uint8, [0x80, 9, 9, 9]), 65.5);
        assert_eq!(scaled.value(Kind::Int16, [0, 0x80, 9, 9]), -16382.5);
        assert_eq!(scaled.value(Kind::Uint16, [0, 0x80, 9, 9]), 16385.5);
        assert_eq!(scaled.value(Kind::Int32, [0xFF; 4]), 1.0);
        assert_eq!(scaled.value(Kind::Uint32, [1, 0, 0, 0]), 2.0);
        assert_eq!(scaled.value(Kind::Float32, 1.25f32.to_le_bytes()), 1.25);
    }

    #[test]
    fn values_are_quantized_to_the_nearest() {
        let scaled = Quantization { scale: 0.5, zero: -3 };
        let quantized = |value| scaled.quantized(value, -128, 127);
        assert_eq!([0.0, 0.24, 0.25, -0.25, -0.24].map(quantized), [-3, -3, -2, -4, -3]);
        assert_eq!([1e9, -1e9, f32::INFINITY, f32::NAN].map(quantized), [127, -128, 127, -3]);
        let useless = Quantization { scale: 0.0, zero: 5 };
        assert_eq!(useless.quantized(0.0, -128, 127), 5);
    }
}
