use core::mem;

use super::{Machine, Stop, register};
use crate::isa::core as op;
use crate::{Code, Error, Object};

impl<'a, O: Object> Machine<'_, 'a, O> {
    /// Loads and stores of global values, at a constant byte offset or at one
    /// that a register holds.
    pub(super) fn global_value(&mut self, opcode: u8) -> Result<(), Stop> {
        let indirect = matches!(
            opcode,
            op::GLOBAL_LOAD_INDIRECT_I32..=op::GLOBAL_STORE_INDIRECT_I32
                | op::GLOBAL_LOAD_INDIRECT_I64..=op::GLOBAL_STORE_INDIRECT_I64
        );
        let offset = self.place(indirect)? as usize;
        let scalars = &mut self.frame.scalars;
        let bytes = self.state.globals.get_mut(offset..).unwrap_or_default();
        if opcode < op::GLOBAL_LOAD_I64 {
            if let Some(global) = bytes.first_chunk_mut() {
                if matches!(opcode, op::GLOBAL_LOAD_I32 | op::GLOBAL_LOAD_INDIRECT_I32) {
                    return scalars.put(u32::from_le_bytes(*global));
                }
                *global = scalars.next()?.to_le_bytes();
                return Ok(());
            }
        } else if let Some(global) = bytes.first_chunk_mut() {
            if matches!(opcode, op::GLOBAL_LOAD_I64 | op::GLOBAL_LOAD_INDIRECT_I64) {
                return scalars.put64(u64::from_le_bytes(*global));
            }
            *global = scalars.next64()?.to_le_bytes();
            return Ok(());
        }
        Err(self.no_global(offset, self.state.globals.len()))
    }

    /// Loads and stores of global references; the move bit takes a reference
    /// from where it was.
    pub(super) fn global_ref(&mut self, opcode: u8) -> Result<(), Stop> {
        let indirect =
            matches!(opcode, op::GLOBAL_LOAD_INDIRECT_REF | op::GLOBAL_STORE_INDIRECT_REF);
        let ordinal = self.place(indirect)? as usize;
        let wanted = self.next_type()?;
        let operand = self.frame.scalars.cursor.u16()?;
        let Some(global) = self.state.global_refs.get_mut(ordinal) else {
            return Err(self.no_global(ordinal, self.state.global_refs.len()));
        };
        if matches!(opcode, op::GLOBAL_LOAD_REF | op::GLOBAL_LOAD_INDIRECT_REF) {
            if !global.is_a(wanted) {
                return Err(Stop::WrongType);
            }
            let moves = operand & register::MOVE != 0;
            let reference = if moves { mem::take(global) } else { global.clone() };
            self.frame.set_ref(operand, reference)
        } else {
            if !self.frame.get_ref(operand)?.is_a(wanted) {
                return Err(Stop::WrongType);
            }
            drop(mem::replace(global, self.frame.take_ref(operand)?));
            Ok(())
        }
    }

    fn place(&mut self, indirect: bool) -> Result<u32, Stop> {
        if indirect { self.frame.scalars.next() } else { Ok(self.frame.scalars.cursor.u32()?) }
    }

    #[cold]
    #[inline(never)]
    fn no_global(&mut self, place: usize, limit: usize) -> Stop {
        let error = Error::new(Code::OutOfRange, "no such global: offset or ordinal, limit");
        self.raise(error.with(place as u32, limit as u32))
    }
}
