use super::{Machine, Stop, register};
use crate::cursor::operands;
use crate::isa::core as op;
use crate::{Object, Ref, Type};

impl<'a, O: Object> Machine<'_, 'a, O> {
    /// Constants, copies, selections and comparisons of references.
    pub(super) fn reference(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            op::CONST_REF_ZERO => self.put_ref(Ref::Null),
            op::CONST_REF_RODATA => {
                let ordinal = self.frame.scalars.cursor.u32()?;
                let rodata = self.module.rodata.get(ordinal as usize).ok_or(Stop::Unverified)?;
                self.put_ref(Ref::Rodata(rodata))
            }
            op::ASSIGN_REF => {
                let operand = self.frame.scalars.operand()?;
                let reference = self.frame.take_ref(operand)?;
                self.put_ref(reference)
            }
            op::CAST_ANY_REF => {
                let operand = self.frame.scalars.operand()?;
                let wanted = self.next_type()?;
                let reference = self.take_typed(operand, wanted)?;
                self.put_ref(reference)
            }
            op::DISCARD_REFS => {
                let list = self.frame.scalars.cursor.list(2)?;
                for operand in operands(list) {
                    self.frame.set_ref(operand, Ref::Null)?;
                }
                Ok(())
            }
            op::SELECT_REF => self.select_ref(),
            op::SWITCH_REF => self.switch_ref(),
            op::CMP_NZ_REF => {
                let operand = self.frame.scalars.operand()?;
                let is_set = !self.frame.get_ref(operand)?.is_null();
                self.frame.scalars.put(u32::from(is_set))
            }
            _ => {
                let left = self.frame.scalars.operand()?;
                let right = self.frame.scalars.operand()?;
                let same = self.frame.get_ref(left)?.same(self.frame.get_ref(right)?);
                self.frame.scalars.put(u32::from(same == (opcode == op::CMP_EQ_REF)))
            }
        }
    }

    /// The one that is not selected is released too, when it has the move bit
    /// and is not the result's register.
    fn select_ref(&mut self) -> Result<(), Stop> {
        let condition = self.frame.scalars.next()?;
        let wanted = self.next_type()?;
        let scalars = &mut self.frame.scalars;
        let (yes, no, result) = (scalars.operand()?, scalars.operand()?, scalars.operand()?);
        let (chosen, other) = if condition != 0 { (yes, no) } else { (no, yes) };
        let reference = self.take_typed(chosen, wanted)?;
        if other & register::MOVE != 0 && (other ^ result) & register::ORDINAL != 0 {
            self.frame.set_ref(other, Ref::Null)?;
        }
        self.frame.set_ref(result, reference)
    }

    fn switch_ref(&mut self) -> Result<(), Stop> {
        let index = self.frame.scalars.next()? as usize;
        let wanted = self.next_type()?;
        let default = self.frame.scalars.operand()?;
        let list = self.frame.scalars.cursor.list(2)?;
        let chosen = operands(list).nth(index).unwrap_or(default);
        let reference = self.take_typed(chosen, wanted)?;
        self.put_ref(reference)
    }

    /// The type that the next field names.
    pub(super) fn next_type(&mut self) -> Result<Type, Stop> {
        let ordinal = self.frame.scalars.cursor.u32()?;
        self.module.types.get(ordinal as usize).copied().ok_or(Stop::Unverified)
    }

    /// Puts a reference into the register that the next operand names.
    pub(super) fn put_ref(&mut self, reference: Ref<'a, O>) -> Result<(), Stop> {
        let operand = self.frame.scalars.operand()?;
        self.frame.set_ref(operand, reference)
    }

    /// As [`Frame::take_ref`](super::frame::Frame::take_ref), for a reference
    /// of type `wanted`.
    fn take_typed(&mut self, operand: u16, wanted: Type) -> Result<Ref<'a, O>, Stop> {
        if self.frame.get_ref(operand)?.is_a(wanted) {
            self.frame.take_ref(operand)
        } else {
            Err(Stop::WrongType)
        }
    }
}
