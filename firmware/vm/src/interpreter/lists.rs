use arielml_arena::Shared;

use super::{Floats, Machine, Stop, register};
use crate::isa::{core as op, ext_f64};
use crate::{List, Object, Ref, Type, Value};

impl<'a, O: Object> Machine<'a, O> {
    /// Operations on lists, but for those on floats.
    #[inline(never)]
    pub(super) fn list(&mut self, opcode: u8) -> Result<(), Stop> {
        if opcode == op::LIST_ALLOC {
            return self.allocate_list();
        }
        let list = self.next_list()?;
        if opcode == op::LIST_SIZE {
            self.scalars.put(list.len() as u32);
            return Ok(());
        }
        // An index, or how many elements.
        let number = self.scalars.next() as usize;
        match opcode {
            op::LIST_RESERVE => list.reserve(number)?.map_err(|error| self.out_of_memory(error)),
            op::LIST_RESIZE => list.resize(number)?.map_err(|error| self.out_of_memory(error)),
            _ => {
                if number >= list.len() {
                    return Err(self.stop(Stop::ListRange, number, list.len()));
                }
                self.element(opcode, &list, number)
            }
        }
    }

    /// `list.get` and `list.set` of an element that is there.
    fn element(&mut self, opcode: u8, list: &List<'a, O>, index: usize) -> Result<(), Stop> {
        let scalars = &mut self.scalars;
        match opcode {
            op::LIST_GET_I32 => {
                let value = list.value(index, Type::I32, None)?;
                self.put_value(value);
                Ok(())
            }
            op::LIST_GET_I64 => {
                let value = list.value(index, Type::I64, None)?;
                self.put_value(value);
                Ok(())
            }
            op::LIST_SET_I32 => list.set_value(index, Value::I32(scalars.next() as i32), None),
            op::LIST_SET_I64 => list.set_value(index, Value::I64(scalars.next64() as i64), None),
            op::LIST_GET_REF => {
                let wanted = self.next_type()?;
                let operand = self.scalars.operand();
                let reference = list.reference(index, operand & register::MOVE != 0)?;
                // Of another type: null, which is how a module asks.
                let reference = if reference.is_a(wanted) { reference } else { Ref::Null };
                self.set_ref(operand, reference);
                Ok(())
            }
            _ => {
                let operand = scalars.operand();
                let reference = self.take_ref(operand);
                list.set_reference(index, reference)
            }
        }
    }

    /// `list.get` and `list.set` of f64, or of f32 unless `wide`.
    #[inline(never)]
    pub(super) fn list_float(
        &mut self,
        opcode: u8,
        wide: bool,
        floats: Floats,
    ) -> Result<(), Stop> {
        let list = self.next_list()?;
        let index = self.scalars.next() as usize;
        if index >= list.len() {
            return Err(self.stop(Stop::ListRange, index, list.len()));
        }
        if opcode == ext_f64::LIST_GET_F64 {
            let kind = if wide { Type::F64 } else { Type::F32 };
            let value = list.value(index, kind, Some(floats))?;
            self.put_value(value);
            return Ok(());
        }
        let scalars = &mut self.scalars;
        let value = if wide {
            Value::F64(f64::from_bits(scalars.next64()))
        } else {
            Value::F32(f32::from_bits(scalars.next()))
        };
        list.set_value(index, value, Some(floats))
    }

    fn put_value(&mut self, value: Value<'a, O>) {
        match value {
            Value::I32(value) => self.scalars.put(value as u32),
            Value::I64(value) => self.scalars.put64(value as u64),
            Value::F32(value) => self.scalars.put(value.to_bits()),
            Value::F64(value) => self.scalars.put64(value.to_bits()),
            Value::Ref(value) => self.put_ref(value),
        }
    }

    fn allocate_list(&mut self) -> Result<(), Stop> {
        let element = self.next_type()?;
        let capacity = self.scalars.next() as usize;
        let list = List::new(self.arena, element, capacity)
            .and_then(|list| Shared::new(self.arena, list))
            .map_err(|error| self.out_of_memory(error))?;
        self.put_ref(Ref::List(list));
        Ok(())
    }

    fn next_list(&mut self) -> Result<Shared<'a, List<'a, O>>, Stop> {
        let operand = self.scalars.operand();
        match self.get_ref(operand) {
            Ref::List(list) => Ok(list.clone()),
            _ => Err(Stop::NoList),
        }
    }
}
