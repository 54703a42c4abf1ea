//! The f32 and f64 extensions.
//!
//! Both compute in f64; an f32 result is rounded once, at the end. For + - * /
//! and the square root that gives the very bits of f32 arithmetic, since f64
//! has more than twice the digits; rounding and remainders are exact in both;
//! for the functions from atan to erf it is the better f32. So one set of
//! routines serves both, which halves what they take of the flash.

use super::Stop;
use super::scalars::Scalars;
use crate::isa::{core, ext_f32 as op32, ext_f64 as op};

/// The opcode of the f64 set that does the same as `opcode` of the f32 set.
/// The sets differ only in the conversions, which come before atan and after
/// `round.even`.
pub fn as_f64(opcode: u8) -> u8 {
    match opcode {
        op32::ATAN_F32..=op32::ROUND_F32_EVEN => opcode + (op::ATAN_F64 - op32::ATAN_F32),
        _ => opcode,
    }
}

/// The opcode of the core set that does to integers what `opcode` of the f64
/// set (or, unless `wide`, its like of the f32 set) does to floats, when all
/// it does is to move bits.
pub fn as_core(opcode: u8, wide: bool) -> Option<u8> {
    let (narrow, step) = match opcode {
        op::GLOBAL_LOAD_F64..=op::GLOBAL_STORE_INDIRECT_F64 => (core::GLOBAL_LOAD_I32 + opcode, 4),
        op::CONST_F64_ZERO => (core::CONST_I32_ZERO, 2),
        op::CONST_F64 => (core::CONST_I32, 2),
        op::SELECT_F64 => (core::SELECT_I32, 1),
        op::SWITCH_F64 => (core::SWITCH_I32, 1),
        op::BUFFER_LOAD_F64 => (core::BUFFER_LOAD_I32, 1),
        op::BUFFER_STORE_F64 => (core::BUFFER_STORE_I32, 1),
        op::BUFFER_FILL_F64 => (core::BUFFER_FILL_I32, 1),
        _ => return None,
    };
    Some(if wide { narrow + step } else { narrow })
}

/// Whether `opcode` of the f64 set (or, unless `wide`, of the f32 set) is a
/// conversion.
pub fn converts(opcode: u8, wide: bool) -> bool {
    if wide {
        matches!(opcode, op::TRUNC_F64_F32..=op::BITCAST_F64_I64)
    } else {
        matches!(
            opcode,
            op32::CAST_F32_SI64..=op32::CAST_UI64_F32 | op32::CAST_SI32_F32..=op32::BITCAST_F32_I32
        )
    }
}

/// Conversions between the float types, for elements of lists.
#[derive(Clone, Copy)]
pub struct Floats {
    /// The bits of an f64 as an f32, and of an f32 as an f64.
    pub(crate) narrow: fn(f64) -> f32,
    pub(crate) widen: fn(f32) -> f64,
}

/// Those of this crate.
pub const FLOATS: Floats = Floats { narrow: |value| value as f32, widen: f64::from };

/// Conversions, arithmetic and comparison: an opcode of the f64 set when
/// `wide`, else of the f32 set.
pub fn run(scalars: &mut Scalars<'_>, opcode: u8, wide: bool) -> Result<(), Stop> {
    match (converts(opcode, wide), wide) {
        (true, true) => scalars.convert_f64(opcode),
        (true, false) => scalars.convert_f32(opcode),
        (false, true) => scalars.float(opcode, true),
        (false, false) => scalars.float(as_f64(opcode), false),
    }
}

impl Scalars<'_> {
    /// Arithmetic and comparison: `opcode` of the f64 set, on f64 registers
    /// when `wide` and else on f32 ones.
    pub fn float(&mut self, opcode: u8, wide: bool) -> Result<(), Stop> {
        let first = self.next_float(wide);
        match opcode {
            op::FMA_F64 => {
                let product = first * self.next_float(wide);
                // Rounded before the addition, as IREE computes it.
                let product = if wide { product } else { f64::from(product as f32) };
                let sum = product + self.next_float(wide);
                self.put_float(sum, wide)
            }
            op::CMP_EQ_F64_O..=op::CMP_LTE_F64_U => {
                let second = self.next_float(wide);
                self.put(u32::from(compare(opcode, first, second)))
            }
            op::CMP_NAN_F64 => self.put(u32::from(first.is_nan())),
            op::ADD_F64..=op::REM_F64 | op::MIN_F64 | op::MAX_F64 | op::ATAN2_F64 | op::POW_F64 => {
                let second = self.next_float(wide);
                self.put_float(binary(opcode, first, second)?, wide)
            }
            _ => self.put_float(unary(opcode, first)?, wide),
        }
        Ok(())
    }

    /// Conversions of the f32 set.
    pub fn convert_f32(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            op32::CAST_SI32_F32 | op32::CAST_UI32_F32 => {
                self.put_i32_as_float(opcode == op32::CAST_SI32_F32, false)
            }
            op32::CAST_F32_SI32 | op32::CAST_F32_UI32 => self.put_as_i32(false),
            op32::BITCAST_I32_F32 | op32::BITCAST_F32_I32 => {
                let bits = self.next();
                self.put(bits)
            }
            op32::CAST_F32_SI64 => self.put_as_i64(true, false),
            op32::CAST_F32_UI64 => self.put_as_i64(false, false),
            // Not by way of f64, which would round twice.
            op32::CAST_SI64_F32 => {
                let value = self.next64() as i64 as f32;
                self.put(value.to_bits())
            }
            op32::CAST_UI64_F32 => {
                let value = self.next64() as f32;
                self.put(value.to_bits())
            }
            _ => return Err(Stop::Unverified),
        }
        Ok(())
    }

    /// Conversions of the f64 set.
    pub fn convert_f64(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            op::TRUNC_F64_F32 => {
                let value = self.next_float(true);
                self.put_float(value, false)
            }
            op::EXT_F32_F64 => {
                let value = self.next_float(false);
                self.put_float(value, true)
            }
            op::CAST_SI32_F64 | op::CAST_UI32_F64 => {
                self.put_i32_as_float(opcode == op::CAST_SI32_F64, true)
            }
            op::CAST_F64_SI32 | op::CAST_F64_UI32 => self.put_as_i32(true),
            op::CAST_SI64_F64 => {
                let value = self.next64() as i64 as f64;
                self.put_float(value, true)
            }
            op::CAST_UI64_F64 => {
                let value = self.next64() as f64;
                self.put_float(value, true)
            }
            op::CAST_F64_SI64 => self.put_as_i64(true, true),
            op::CAST_F64_UI64 => self.put_as_i64(false, true),
            op::BITCAST_I64_F64 | op::BITCAST_F64_I64 => {
                let bits = self.next64();
                self.put64(bits)
            }
            _ => return Err(Stop::Unverified),
        }
        Ok(())
    }

    fn put_i32_as_float(&mut self, signed: bool, wide: bool) {
        let value = self.next();
        self.put_float(if signed { f64::from(value as i32) } else { f64::from(value) }, wide)
    }

    /// To the nearest integer, halves away from zero, and its low 32 bits:
    /// so signed and unsigned are one.
    fn put_as_i32(&mut self, wide: bool) {
        let value = libm::round(self.next_float(wide));
        self.put(value as i64 as u32)
    }

    /// To the nearest integer, halves away from zero.
    fn put_as_i64(&mut self, signed: bool, wide: bool) {
        let value = libm::round(self.next_float(wide));
        self.put64(if signed || value < 0.0 { value as i64 as u64 } else { value as u64 })
    }

    #[inline(never)]
    fn next_float(&mut self, wide: bool) -> f64 {
        if wide { f64::from_bits(self.next64()) } else { f64::from(f32::from_bits(self.next())) }
    }

    #[inline(never)]
    fn put_float(&mut self, value: f64, wide: bool) {
        if wide { self.put64(value.to_bits()) } else { self.put((value as f32).to_bits()) }
    }
}

fn unary(opcode: u8, x: f64) -> Result<f64, Stop> {
    Ok(match opcode {
        op::ABS_F64 => x.abs(),
        op::NEG_F64 => -x,
        op::CEIL_F64 => libm::ceil(x),
        op::FLOOR_F64 => libm::floor(x),
        op::ROUND_F64 => libm::round(x),
        op::ROUND_F64_EVEN => libm::rint(x),
        _ => return function(opcode, x),
    })
}

#[cfg(feature = "math")]
fn function(opcode: u8, x: f64) -> Result<f64, Stop> {
    Ok(match opcode {
        op::ATAN_F64 => libm::atan(x),
        op::COS_F64 => libm::cos(x),
        op::SIN_F64 => libm::sin(x),
        op::EXP_F64 => libm::exp(x),
        op::EXP2_F64 => libm::exp2(x),
        op::EXPM1_F64 => libm::expm1(x),
        op::LOG_F64 => libm::log(x),
        op::LOG10_F64 => libm::log10(x),
        op::LOG1P_F64 => libm::log1p(x),
        op::LOG2_F64 => libm::log2(x),
        op::RSQRT_F64 => 1.0 / libm::sqrt(x),
        op::SQRT_F64 => libm::sqrt(x),
        op::TANH_F64 => libm::tanh(x),
        op::ERF_F64 => libm::erf(x),
        _ => return Err(Stop::Unverified),
    })
}

/// The verifier let none of these through.
#[cfg(not(feature = "math"))]
fn function(_: u8, _: f64) -> Result<f64, Stop> {
    Err(Stop::Unverified)
}

fn binary(opcode: u8, left: f64, right: f64) -> Result<f64, Stop> {
    Ok(match opcode {
        op::ADD_F64 => left + right,
        op::SUB_F64 => left - right,
        op::MUL_F64 => left * right,
        op::DIV_F64 => left / right,
        op::REM_F64 => libm::remainder(left, right),
        // The left one when either is not a number, as IREE has it.
        op::MIN_F64 if right < left => right,
        op::MAX_F64 if left < right => right,
        op::MIN_F64 | op::MAX_F64 => left,
        #[cfg(feature = "math")]
        op::ATAN2_F64 => libm::atan2(left, right),
        #[cfg(feature = "math")]
        op::POW_F64 => libm::pow(left, right),
        _ => return Err(Stop::Unverified),
    })
}

/// Ordered comparisons are false and unordered ones true when either is not a
/// number, but for inequality, which is true both ways.
fn compare(opcode: u8, left: f64, right: f64) -> bool {
    let unordered = left.is_nan() || right.is_nan();
    match opcode {
        op::CMP_EQ_F64_O => left == right,
        op::CMP_EQ_F64_U => unordered || left == right,
        op::CMP_NE_F64_O | op::CMP_NE_F64_U => left != right,
        op::CMP_LT_F64_O => left < right,
        op::CMP_LT_F64_U => unordered || left < right,
        op::CMP_LTE_F64_O => left <= right,
        _ => unordered || left <= right,
    }
}
