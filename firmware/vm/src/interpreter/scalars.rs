use arielml_arena::Vector;

use super::{Stop, register};
use crate::cursor::Cursor;

/// The part of a frame that no reference touches: the place in the bytecode
/// and the value registers.
pub struct Scalars<'a> {
    pub cursor: Cursor<'a>,
    pub values: Vector<'a, u32>,
}

impl Scalars<'_> {
    /// The next operand itself.
    #[inline(never)]
    pub fn operand(&mut self) -> Result<u16, Stop> {
        Ok(self.cursor.u16()?)
    }

    /// The value in a register.
    #[inline(always)]
    pub fn get(&self, operand: u16) -> Result<u32, Stop> {
        self.values.get(usize::from(operand)).copied().ok_or(Stop::Unverified)
    }

    /// Sets the value in a register.
    #[inline(always)]
    pub fn set(&mut self, operand: u16, value: u32) -> Result<(), Stop> {
        *self.values.get_mut(usize::from(operand)).ok_or(Stop::Unverified)? = value;
        Ok(())
    }

    /// The value in a pair of registers.
    #[inline(always)]
    pub fn get64(&self, operand: u16) -> Result<u64, Stop> {
        register::pair(&self.values, usize::from(operand)).ok_or(Stop::Unverified)
    }

    /// Sets the value in a pair of registers.
    #[inline(always)]
    pub fn set64(&mut self, operand: u16, value: u64) -> Result<(), Stop> {
        register::set_pair(&mut self.values, usize::from(operand), value).ok_or(Stop::Unverified)
    }

    /// The value that the next operand names.
    #[inline(never)]
    pub fn next(&mut self) -> Result<u32, Stop> {
        let operand = self.cursor.u16()?;
        self.get(operand)
    }

    /// The 64-bit value that the next operand names.
    #[inline(never)]
    pub fn next64(&mut self) -> Result<u64, Stop> {
        let operand = self.cursor.u16()?;
        self.get64(operand)
    }

    /// Sets the register that the next operand names.
    #[inline(never)]
    pub fn put(&mut self, value: u32) -> Result<(), Stop> {
        let operand = self.cursor.u16()?;
        self.set(operand, value)
    }

    /// Sets the pair of registers that the next operand names.
    #[inline(never)]
    pub fn put64(&mut self, value: u64) -> Result<(), Stop> {
        let operand = self.cursor.u16()?;
        self.set64(operand, value)
    }

    /// The 64-bit value that the next operand names or, unless `wide`, the
    /// 32-bit one with its sign extended.
    #[inline(never)]
    pub fn read(&mut self, wide: bool) -> Result<u64, Stop> {
        let operand = self.cursor.u16()?;
        self.get_as(operand, wide)
    }

    /// As [`Scalars::read`], of a known operand.
    #[inline(always)]
    pub fn get_as(&self, operand: u16, wide: bool) -> Result<u64, Stop> {
        if wide { self.get64(operand) } else { Ok(self.get(operand)? as i32 as u64) }
    }

    /// Sets the pair of registers that the next operand names or, unless
    /// `wide`, the register, to the low half of `value`.
    #[inline(never)]
    pub fn write(&mut self, value: u64, wide: bool) -> Result<(), Stop> {
        let operand = self.cursor.u16()?;
        if wide { self.set64(operand, value) } else { self.set(operand, value as u32) }
    }
}
