use core::mem;

use arielml_arena::{Arena, OutOfMemory, Vector};

use super::scalars::Scalars;
use super::{Stop, register};
use crate::cursor::{Cursor, operands};
use crate::module::Function;
use crate::signature::Placement;
use crate::{Object, Ref, Value};

/// A function that runs, or waits for one that it called.
pub struct Frame<'a, O> {
    pub scalars: Scalars<'a>,
    pub refs: Vector<'a, Ref<'a, O>>,
    /// The function's ordinal.
    pub function: u16,
    /// While it waits: the registers that the callee's results go to.
    pub results: &'a [u8],
}

impl<'a, O: Object> Frame<'a, O> {
    /// At the start of `function`, with all registers zero.
    pub fn new(
        ordinal: u16,
        function: &Function<'a>,
        arena: &'a Arena<'a>,
    ) -> Result<Self, OutOfMemory> {
        let values = Vector::from_fn(arena, usize::from(function.values), |_| 0)?;
        let refs = Vector::from_fn(arena, usize::from(function.refs), |_| Ref::Null)?;
        let scalars = Scalars { cursor: Cursor::new(function.code), values };
        Ok(Frame { scalars, refs, function: ordinal, results: &[] })
    }

    /// As [`Frame::new`], with `arguments` that fit the calling convention.
    pub fn with(
        ordinal: u16,
        function: &Function<'a>,
        arguments: &[Value<'a, O>],
        arena: &'a Arena<'a>,
    ) -> Result<Self, OutOfMemory> {
        let mut frame = Frame::new(ordinal, function, arena)?;
        let mut placement = Placement::default();
        for argument in arguments {
            frame.set_argument(placement.place(argument.letter()), argument.clone());
        }
        Ok(frame)
    }

    /// Sets a register of a new frame, whose size was checked against its
    /// calling convention when the module was read.
    pub fn set_argument(&mut self, register: u16, value: Value<'a, O>) {
        // Nothing to report: the register is there.
        let _ = self.set_value(register, value);
    }

    /// Sets the register that `operand` names.
    pub fn set_value(&mut self, operand: u16, value: Value<'a, O>) -> Result<(), Stop> {
        match value {
            Value::I32(value) => self.scalars.set(operand, value as u32),
            Value::I64(value) => self.scalars.set64(operand, value as u64),
            Value::F32(value) => self.scalars.set(operand, value.to_bits()),
            Value::F64(value) => self.scalars.set64(operand, value.to_bits()),
            Value::Ref(value) => self.set_ref(operand, value),
        }
    }

    /// The value in the register that `operand` names, as `letter` of a
    /// calling convention says; a reference with the move bit leaves it.
    pub fn value(&mut self, letter: u8, operand: u16) -> Result<Value<'a, O>, Stop> {
        Ok(match letter {
            b'i' => Value::I32(self.scalars.get(operand)? as i32),
            b'I' => Value::I64(self.scalars.get64(operand)? as i64),
            b'f' => Value::F32(f32::from_bits(self.scalars.get(operand)?)),
            b'F' => Value::F64(f64::from_bits(self.scalars.get64(operand)?)),
            _ => Value::Ref(self.take_ref(operand)?),
        })
    }

    /// The reference in a register.
    #[inline]
    pub fn get_ref(&self, operand: u16) -> Result<&Ref<'a, O>, Stop> {
        self.refs.get(usize::from(operand & register::ORDINAL)).ok_or(Stop::Unverified)
    }

    /// Puts a reference into a register and releases what was there.
    #[inline(never)]
    pub fn set_ref(&mut self, operand: u16, value: Ref<'a, O>) -> Result<(), Stop> {
        let ordinal = usize::from(operand & register::ORDINAL);
        let slot = self.refs.get_mut(ordinal).ok_or(Stop::Unverified)?;
        drop(mem::replace(slot, value));
        Ok(())
    }

    /// The reference in a register: moved out of it when the operand has the
    /// move bit, and otherwise one more share of the object.
    #[inline(never)]
    pub fn take_ref(&mut self, operand: u16) -> Result<Ref<'a, O>, Stop> {
        let ordinal = usize::from(operand & register::ORDINAL);
        let slot = self.refs.get_mut(ordinal).ok_or(Stop::Unverified)?;
        Ok(if operand & register::MOVE != 0 { mem::take(slot) } else { slot.clone() })
    }

    /// Releases the references in a register list that have the move bit.
    pub fn release_moved(&mut self, list: &[u8]) -> Result<(), Stop> {
        const MOVED: u16 = register::REF | register::MOVE;
        for operand in operands(list) {
            // Both bits, which are the highest.
            if operand >= MOVED {
                self.set_ref(operand, Ref::Null)?;
            }
        }
        Ok(())
    }
}
