use arielml_arena::Shared;

use super::{Machine, Stop, register};
use crate::isa::{core as op, ext_f64};
use crate::{Code, Error, List, Object, Ref, Type, Value};

impl<'a, O: Object> Machine<'_, 'a, O> {
    /// Operations on lists, but for those on floats.
    pub(super) fn list(&mut self, opcode: u8) -> Result<(), Stop> {
        if opcode == op::LIST_ALLOC {
            return self.allocate_list();
        }
        let list = self.next_list()?;
        if opcode == op::LIST_SIZE {
            return self.frame.scalars.put(list.len() as u32);
        }
        // An index, or how many elements.
        let number = self.frame.scalars.next()? as usize;
        match opcode {
            op::LIST_RESERVE => list.reserve(number)?.map_err(|error| self.out_of_memory(error)),
            op::LIST_RESIZE => list.resize(number)?.map_err(|error| self.out_of_memory(error)),
            _ => {
                if number >= list.len() {
                    return Err(self.no_element(number, list.len()));
                }
                self.element(opcode, &list, number)
            }
        }
    }

    /// `list.get` and `list.set` of an element that is there.
    fn element(&mut self, opcode: u8, list: &List<'a, O>, index: usize) -> Result<(), Stop> {
        let scalars = &mut self.frame.scalars;
        match opcode {
            op::LIST_GET_I32 => {
                let value = list.value(index, Type::I32)?;
                self.put_value(value)
            }
            op::LIST_GET_I64 => {
                let value = list.value(index, Type::I64)?;
                self.put_value(value)
            }
            op::LIST_SET_I32 => list.set_value(index, Value::I32(scalars.next()? as i32)),
            op::LIST_SET_I64 => list.set_value(index, Value::I64(scalars.next64()? as i64)),
            op::LIST_GET_REF => {
                let wanted = self.next_type()?;
                let operand = self.frame.scalars.cursor.u16()?;
                let reference = list.reference(index, operand & register::MOVE != 0)?;
                // Of another type: null, which is how a module asks.
                let reference = if reference.is_a(wanted) { reference } else { Ref::Null };
                self.frame.set_ref(operand, reference)
            }
            _ => {
                let operand = scalars.cursor.u16()?;
                let reference = self.frame.take_ref(operand)?;
                list.set_reference(index, reference)
            }
        }
    }

    /// `list.get` and `list.set` of f64, or of f32 unless `wide`.
    pub(super) fn list_float(&mut self, opcode: u8, wide: bool) -> Result<(), Stop> {
        let list = self.next_list()?;
        let index = self.frame.scalars.next()? as usize;
        if index >= list.len() {
            return Err(self.no_element(index, list.len()));
        }
        if opcode == ext_f64::LIST_GET_F64 {
            let value = list.value(index, if wide { Type::F64 } else { Type::F32 })?;
            return self.put_value(value);
        }
        let scalars = &mut self.frame.scalars;
        list.set_value(
            index,
            if wide {
                Value::F64(f64::from_bits(scalars.next64()?))
            } else {
                Value::F32(f32::from_bits(scalars.next()?))
            },
        )
    }

    fn put_value(&mut self, value: Value<'a, O>) -> Result<(), Stop> {
        let operand = self.frame.scalars.cursor.u16()?;
        self.frame.set_value(operand, value)
    }

    fn allocate_list(&mut self) -> Result<(), Stop> {
        let element = self.next_type()?;
        let capacity = self.frame.scalars.next()? as usize;
        let list = List::new(self.arena, element, capacity)
            .and_then(|list| Shared::new(self.arena, list))
            .map_err(|error| self.out_of_memory(error))?;
        self.put_ref(Ref::List(list))
    }

    fn next_list(&mut self) -> Result<Shared<'a, List<'a, O>>, Stop> {
        let operand = self.frame.scalars.cursor.u16()?;
        match self.frame.get_ref(operand)? {
            Ref::List(list) => Ok(list.clone()),
            _ => Err(Stop::NoList),
        }
    }

    #[cold]
    #[inline(never)]
    fn no_element(&mut self, index: usize, length: usize) -> Stop {
        let error = Error::new(Code::OutOfRange, "list index out of range: index, length");
        self.raise(error.with(index as u32, length as u32))
    }
}
