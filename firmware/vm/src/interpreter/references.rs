use core::mem;

use super::{Machine, Stop, register};
use crate::cursor::operands;
use crate::isa::core as op;
use crate::{Object, Ref, Type};

impl<'a, O: Object> Machine<'a, O> {
    /// Constants, copies, selections and comparisons of references.
    #[inline(never)]
    pub(super) fn reference(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            op::CONST_REF_ZERO => self.put_ref(Ref::Null),
            op::CONST_REF_RODATA => {
                let ordinal = self.scalars.cursor.u32();
                let rodata = self.module.rodata.get(ordinal as usize).ok_or(Stop::Unverified)?;
                self.put_ref(Ref::Rodata(rodata));
            }
            op::ASSIGN_REF => {
                let operand = self.scalars.operand();
                let reference = self.take_ref(operand);
                self.put_ref(reference);
            }
            op::CAST_ANY_REF => {
                let operand = self.scalars.operand();
                let wanted = self.next_type()?;
                let reference = self.take_typed(operand, wanted)?;
                self.put_ref(reference);
            }
            op::DISCARD_REFS => {
                for operand in operands(self.scalars.cursor.list(2)) {
                    self.set_ref(operand, Ref::Null);
                }
            }
            op::SELECT_REF => self.select_ref()?,
            op::SWITCH_REF => {
                let index = self.scalars.next() as usize;
                let wanted = self.next_type()?;
                let default = self.scalars.operand();
                let list = self.scalars.cursor.list(2);
                let chosen = operands(list).nth(index).unwrap_or(default);
                let reference = self.take_typed(chosen, wanted)?;
                self.put_ref(reference);
            }
            op::CMP_NZ_REF => {
                let operand = self.scalars.operand();
                let is_set = !self.get_ref(operand).is_null();
                self.scalars.put(u32::from(is_set));
            }
            _ => {
                let (left, right) = (self.scalars.operand(), self.scalars.operand());
                let same = self.get_ref(left).same(self.get_ref(right));
                self.scalars.put(u32::from(same == (opcode == op::CMP_EQ_REF)));
            }
        }
        Ok(())
    }

    /// The one that is not selected is released too, when it has the move bit
    /// and is not the result's register.
    fn select_ref(&mut self) -> Result<(), Stop> {
        let condition = self.scalars.next();
        let wanted = self.next_type()?;
        let (yes, no) = (self.scalars.operand(), self.scalars.operand());
        let result = self.scalars.operand();
        let (chosen, other) = if condition != 0 { (yes, no) } else { (no, yes) };
        let reference = self.take_typed(chosen, wanted)?;
        if other & register::MOVE != 0 && (other ^ result) & register::ORDINAL != 0 {
            self.set_ref(other, Ref::Null);
        }
        self.set_ref(result, reference);
        Ok(())
    }

    /// The type that the next field names.
    pub(super) fn next_type(&mut self) -> Result<Type, Stop> {
        let ordinal = self.scalars.cursor.u32();
        self.module.types.get(ordinal as usize).copied().ok_or(Stop::Unverified)
    }

    /// The reference in a register.
    #[inline]
    pub(super) fn get_ref(&self, operand: u16) -> &Ref<'a, O> {
        let ordinal = usize::from(operand & register::ORDINAL);
        self.refs.get(self.refs_base + ordinal).unwrap_or(&Ref::Null)
    }

    /// Puts a reference into a register and releases what was there.
    #[inline(never)]
    pub(super) fn set_ref(&mut self, operand: u16, value: Ref<'a, O>) {
        let ordinal = usize::from(operand & register::ORDINAL);
        if let Some(slot) = self.refs.get_mut(self.refs_base + ordinal) {
            drop(mem::replace(slot, value));
        }
    }

    /// Puts a reference into the register that the next operand names.
    pub(super) fn put_ref(&mut self, reference: Ref<'a, O>) {
        let operand = self.scalars.operand();
        self.set_ref(operand, reference);
    }

    /// The reference in a register: moved out of it when the operand has the
    /// move bit, and otherwise one more share of the object.
    #[inline(never)]
    pub(super) fn take_ref(&mut self, operand: u16) -> Ref<'a, O> {
        let ordinal = usize::from(operand & register::ORDINAL);
        match self.refs.get_mut(self.refs_base + ordinal) {
            Some(slot) if operand & register::MOVE != 0 => mem::take(slot),
            Some(slot) => slot.clone(),
            None => Ref::Null,
        }
    }

    /// As [`Machine::take_ref`], for a reference of type `wanted`.
    fn take_typed(&mut self, operand: u16, wanted: Type) -> Result<Ref<'a, O>, Stop> {
        if self.get_ref(operand).is_a(wanted) {
            Ok(self.take_ref(operand))
        } else {
            Err(Stop::WrongType)
        }
    }

    /// Releases the references in a register list that have the move bit.
    pub(super) fn release_moved(&mut self, list: &[u8]) {
        const MOVED: u16 = register::REF | register::MOVE;
        for operand in operands(list) {
            // Both bits, which are the highest.
            if operand >= MOVED {
                self.set_ref(operand, Ref::Null);
            }
        }
    }
}
