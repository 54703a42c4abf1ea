use arielml_arena::Vector;

use super::register;
use crate::cursor::Cursor;

/// The part of a machine that no reference touches: the place in the bytecode
/// and the value registers.
///
/// The verifier ensures that every operand names a register that there is.
/// Should one not, it reads as zero and is not written: safe, and with no
/// failure for every operation to pass on.
pub struct Scalars<'a> {
    pub cursor: Cursor<'a>,
    /// The registers of all functions that run, those of the outermost first.
    pub values: Vector<'a, u32>,
    /// Where those of the current function begin.
    pub base: usize,
}

impl Scalars<'_> {
    /// The next operand itself.
    #[inline(never)]
    pub fn operand(&mut self) -> u16 {
        self.cursor.u16()
    }

    /// The value in a register.
    #[inline(always)]
    pub fn get(&self, operand: u16) -> u32 {
        self.values.get(self.base + usize::from(operand)).copied().unwrap_or(0)
    }

    /// Sets the value in a register.
    #[inline(always)]
    pub fn set(&mut self, operand: u16, value: u32) {
        if let Some(register) = self.values.get_mut(self.base + usize::from(operand)) {
            *register = value;
        }
    }

    /// The value in a pair of registers.
    #[inline(always)]
    pub fn get64(&self, operand: u16) -> u64 {
        register::pair(&self.values, self.base + usize::from(operand))
    }

    /// Sets the value in a pair of registers.
    #[inline(always)]
    pub fn set64(&mut self, operand: u16, value: u64) {
        register::set_pair(&mut self.values, self.base + usize::from(operand), value);
    }

    /// The value that the next operand names.
    #[inline(never)]
    pub fn next(&mut self) -> u32 {
        let operand = self.cursor.u16();
        self.get(operand)
    }

    /// The 64-bit value that the next operand names.
    #[inline(never)]
    pub fn next64(&mut self) -> u64 {
        let operand = self.cursor.u16();
        self.get64(operand)
    }

    /// Sets the register that the next operand names.
    #[inline(never)]
    pub fn put(&mut self, value: u32) {
        let operand = self.cursor.u16();
        self.set(operand, value);
    }

    /// Sets the pair of registers that the next operand names.
    #[inline(never)]
    pub fn put64(&mut self, value: u64) {
        let operand = self.cursor.u16();
        self.set64(operand, value);
    }

    /// The 64-bit value that the next operand names or, unless `wide`, the
    /// 32-bit one with its sign extended.
    #[inline(never)]
    pub fn read(&mut self, wide: bool) -> u64 {
        let operand = self.cursor.u16();
        self.get_as(operand, wide)
    }

    /// As [`Scalars::read`], of a known operand.
    #[inline(always)]
    pub fn get_as(&self, operand: u16, wide: bool) -> u64 {
        if wide { self.get64(operand) } else { self.get(operand) as i32 as u64 }
    }

    /// Sets the pair of registers that the next operand names or, unless
    /// `wide`, the register, to the low half of `value`.
    #[inline(never)]
    pub fn write(&mut self, value: u64, wide: bool) {
        let operand = self.cursor.u16();
        if wide { self.set64(operand, value) } else { self.set(operand, value as u32) }
    }
}
