//! Integer arithmetic, comparison, conversion and selection. It wraps, shifts
//! by the amount modulo the width, and stops at a division by zero.
//!
//! Operations on 32 bits are done on 64, with the sign extended, and the low
//! half is kept. That is the same wherever only the low half counts, and for
//! comparisons, signed and unsigned alike, since extending the sign keeps the
//! order; the others say what they do.

use super::Stop;
use super::scalars::Scalars;
use crate::cursor::operands;
use crate::isa::core as op;

/// The opcode that does to 64 bits what `opcode` does to 32, if it is one of
/// these; and whether it is not.
fn as_wide(opcode: u8) -> (u8, bool) {
    let step = match opcode {
        op::ADD_I32..=op::FMA_I32 => op::ADD_I64 - op::ADD_I32,
        op::NOT_I32..=op::XOR_I32 => op::NOT_I64 - op::NOT_I32,
        op::SHL_I32..=op::SHR_I32_U => op::SHL_I64 - op::SHL_I32,
        op::CMP_EQ_I32..=op::CMP_NZ_I32 => op::CMP_EQ_I64 - op::CMP_EQ_I32,
        op::MIN_I32_S..=op::MAX_I32_U => op::MIN_I64_S - op::MIN_I32_S,
        op::CTLZ_I32 | op::ABS_I32 => 1,
        _ => 0,
    };
    (opcode + step, step == 0)
}

impl Scalars<'_> {
    /// Arithmetic, bits, shifts and comparison.
    #[inline(never)]
    pub fn integer(&mut self, opcode: u8) -> Result<(), Stop> {
        let (opcode, wide) = as_wide(opcode);
        let first = self.read(wide);
        let zero_extended = |value: u64| if wide { value } else { value & 0xFFFF_FFFF };
        let result = match opcode {
            op::NOT_I64 => !first,
            op::ABS_I64 => (first as i64).wrapping_abs() as u64,
            op::CTLZ_I64 => {
                let zeros = zero_extended(first).leading_zeros();
                u64::from(if wide { zeros } else { zeros - 32 })
            }
            op::CMP_NZ_I64 => return self.put_flag(first != 0),
            op::SHL_I64..=op::SHR_I64_U => {
                let amount = self.next() & if wide { 63 } else { 31 };
                match opcode {
                    op::SHL_I64 => first << amount,
                    op::SHR_I64_S => (first as i64 >> amount) as u64,
                    _ => zero_extended(first) >> amount,
                }
            }
            _ => {
                let second = self.read(wide);
                let (signed, other) = (first as i64, second as i64);
                match opcode {
                    op::ADD_I64 => first.wrapping_add(second),
                    op::SUB_I64 => first.wrapping_sub(second),
                    op::MUL_I64 => first.wrapping_mul(second),
                    op::FMA_I64 => {
                        let product = first.wrapping_mul(second);
                        product.wrapping_add(self.read(wide))
                    }
                    op::AND_I64 => first & second,
                    op::OR_I64 => first | second,
                    op::XOR_I64 => first ^ second,
                    op::MIN_I64_S => signed.min(other) as u64,
                    op::MIN_I64_U => first.min(second),
                    op::MAX_I64_S => signed.max(other) as u64,
                    op::MAX_I64_U => first.max(second),
                    op::CMP_EQ_I64 => return self.put_flag(first == second),
                    op::CMP_NE_I64 => return self.put_flag(first != second),
                    op::CMP_LT_I64_S => return self.put_flag(signed < other),
                    op::CMP_LT_I64_U => return self.put_flag(first < second),
                    _ => return Err(Stop::Unverified),
                }
            }
        };
        self.write(result, wide);
        Ok(())
    }

    /// Quotients and remainders.
    pub fn divide(&mut self, opcode: u8) -> Result<(), Stop> {
        let (opcode, wide) = as_wide(opcode);
        let (first, second) = (self.read(wide), self.read(wide));
        if second == 0 {
            return Err(Stop::DivisionByZero);
        }
        let zero_extended = |value: u64| if wide { value } else { value & 0xFFFF_FFFF };
        let (signed, other) = (first as i64, second as i64);
        let result = match opcode {
            op::DIV_I64_S => signed.wrapping_div(other) as u64,
            op::REM_I64_S => signed.wrapping_rem(other) as u64,
            op::DIV_I64_U => zero_extended(first) / zero_extended(second),
            _ => zero_extended(first) % zero_extended(second),
        };
        self.write(result, wide);
        Ok(())
    }

    /// The result of a comparison.
    #[inline(never)]
    fn put_flag(&mut self, flag: bool) -> Result<(), Stop> {
        self.put(u32::from(flag));
        Ok(())
    }

    /// Truncations and extensions.
    #[inline(never)]
    pub fn convert(&mut self, opcode: u8) {
        if opcode == op::TRUNC_I64_I32 {
            let value = self.next64();
            return self.put(value as u32);
        }
        let value = self.next();
        self.put(match opcode {
            op::TRUNC_I32_I8 | op::EXT_I8_I32_U => value & 0xFF,
            op::TRUNC_I32_I16 | op::EXT_I16_I32_U => value & 0xFFFF,
            op::EXT_I8_I32_S => value as i8 as u32,
            op::EXT_I16_I32_S => value as i16 as u32,
            op::EXT_I32_I64_S => return self.put64(value as i32 as u64),
            _ => return self.put64(u64::from(value)),
        })
    }

    /// Constants.
    #[inline(never)]
    pub fn constant(&mut self, opcode: u8) {
        match opcode {
            op::CONST_I32_ZERO => self.put(0),
            op::CONST_I32 => {
                let value = self.cursor.u32();
                self.put(value)
            }
            op::CONST_I64_ZERO => self.put64(0),
            _ => {
                let value = self.cursor.u64();
                self.put64(value)
            }
        }
    }

    /// Selections and switches of values.
    #[inline(never)]
    pub fn select(&mut self, opcode: u8) {
        let wide = matches!(opcode, op::SELECT_I64 | op::SWITCH_I64);
        let chosen = if matches!(opcode, op::SELECT_I32 | op::SELECT_I64) {
            let condition = self.next();
            let (yes, no) = (self.operand(), self.operand());
            if condition != 0 { yes } else { no }
        } else {
            self.switch()
        };
        let value = self.get_as(chosen, wide);
        self.write(value, wide)
    }

    /// The index, the default and the list of a switch: gives the operand
    /// that the index chooses.
    pub fn switch(&mut self) -> u16 {
        let index = self.next() as usize;
        let default = self.cursor.u16();
        let list = self.cursor.list(2);
        operands(list).nth(index).unwrap_or(default)
    }
}
