use core::mem;

use super::{Machine, Stop, register};
use crate::Object;
use crate::isa::core as op;

impl<'a, O: Object> Machine<'a, O> {
    /// Loads and stores of global values, at a constant byte offset or at one
    /// that a register holds.
    #[inline(never)]
    pub(super) fn global_value(&mut self, opcode: u8) -> Result<(), Stop> {
        let wide = opcode >= op::GLOBAL_LOAD_I64;
        // Load, store, indirect load, indirect store, in both widths.
        let opcode = if wide { opcode - op::GLOBAL_LOAD_I64 } else { opcode };
        let (indirect, store) = (opcode & 2 != 0, opcode & 1 != 0);
        let offset = self.place(indirect) as usize;
        let first = offset / 4;
        if !offset.is_multiple_of(4) || first + usize::from(wide) >= self.globals.len() {
            return Err(self.stop(Stop::GlobalRange, offset, 4 * self.globals.len()));
        }
        if store {
            let value = self.scalars.read(wide);
            if wide {
                register::set_pair(&mut self.globals, first, value);
            } else if let Some(global) = self.globals.get_mut(first) {
                *global = value as u32;
            }
        } else {
            let value = if wide {
                register::pair(&self.globals, first)
            } else {
                u64::from(self.globals.get(first).copied().unwrap_or(0))
            };
            self.scalars.write(value, wide);
        }
        Ok(())
    }

    /// Loads and stores of global references; the move bit takes a reference
    /// from where it was.
    #[inline(never)]
    pub(super) fn global_ref(&mut self, opcode: u8) -> Result<(), Stop> {
        let indirect =
            matches!(opcode, op::GLOBAL_LOAD_INDIRECT_REF | op::GLOBAL_STORE_INDIRECT_REF);
        let ordinal = self.place(indirect) as usize;
        let wanted = self.next_type()?;
        let operand = self.scalars.operand();
        let store = matches!(opcode, op::GLOBAL_STORE_REF | op::GLOBAL_STORE_INDIRECT_REF);
        let Some(global) = self.global_refs.get_mut(ordinal) else {
            return Err(self.stop(Stop::GlobalRange, ordinal, self.global_refs.len()));
        };
        let moves = operand & register::MOVE != 0;
        let place = self.refs_base + usize::from(operand & register::ORDINAL);
        let register = self.refs.get_mut(place).ok_or(Stop::Unverified)?;
        let (source, target) = if store { (register, global) } else { (global, register) };
        if !source.is_a(wanted) {
            return Err(Stop::WrongType);
        }
        let reference = if moves { mem::take(source) } else { source.clone() };
        drop(mem::replace(target, reference));
        Ok(())
    }

    fn place(&mut self, indirect: bool) -> u32 {
        if indirect { self.scalars.next() } else { self.scalars.cursor.u32() }
    }
}
