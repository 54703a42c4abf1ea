use core::mem;

use super::{Machine, Stop, register};
use crate::Object;
use crate::isa::core as op;

impl<'a, O: Object> Machine<'_, 'a, O> {
    /// Loads and stores of global values, at a constant byte offset or at one
    /// that a register holds.
    pub(super) fn global_value(&mut self, opcode: u8) -> Result<(), Stop> {
        let wide = opcode >= op::GLOBAL_LOAD_I64;
        // Load, store, indirect load, indirect store, in both widths.
        let opcode = if wide { opcode - op::GLOBAL_LOAD_I64 } else { opcode };
        let (indirect, store) = (opcode & 2 != 0, opcode & 1 != 0);
        let offset = self.place(indirect)? as usize;
        let scalars = &mut self.frame.scalars;
        let globals = &mut self.state.globals;
        let first = offset / 4;
        let last = first + usize::from(wide);
        if !offset.is_multiple_of(4) || last >= globals.len() {
            return Err(self.stop(Stop::GlobalRange, offset, 4 * self.state.globals.len()));
        }
        if store {
            let value = scalars.read(wide)?;
            if let Some(global) = globals.get_mut(first) {
                *global = value as u32;
            }
            if let (true, Some(global)) = (wide, globals.get_mut(last)) {
                *global = (value >> 32) as u32;
            }
            return Ok(());
        }
        let word = |index: usize| u64::from(globals.get(index).copied().unwrap_or(0));
        scalars.write(word(last) << 32 | word(first), wide)
    }

    /// Loads and stores of global references; the move bit takes a reference
    /// from where it was.
    pub(super) fn global_ref(&mut self, opcode: u8) -> Result<(), Stop> {
        let indirect =
            matches!(opcode, op::GLOBAL_LOAD_INDIRECT_REF | op::GLOBAL_STORE_INDIRECT_REF);
        let ordinal = self.place(indirect)? as usize;
        let wanted = self.next_type()?;
        let operand = self.frame.scalars.operand()?;
        let Some(global) = self.state.global_refs.get_mut(ordinal) else {
            return Err(self.stop(Stop::GlobalRange, ordinal, self.state.global_refs.len()));
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
}
