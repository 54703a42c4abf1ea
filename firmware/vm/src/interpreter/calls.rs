use core::mem;

use arielml_arena::Vector;

use super::{Caller, DEPTH, Machine, Stop, register};
use crate::cursor::{Cursor, operands};
use crate::isa::core as op;
use crate::module::IMPORT;
use crate::signature::Placement;
use crate::{Call, Host, Object, Ref, Value};

impl<'a, O: Object> Machine<'a, O> {
    /// A call of any of the four kinds. Yieldable ones go on in another block;
    /// there is nothing here to yield to, so they wait for the callee as the
    /// others do.
    pub(super) fn call<H: Host<'a, Object = O>>(
        &mut self,
        opcode: u8,
        host: &mut H,
    ) -> Result<(), Stop> {
        self.burn()?;
        let cursor = &mut self.scalars.cursor;
        let ordinal = cursor.u32();
        let variadic = matches!(opcode, op::CALL_VARIADIC | op::CALL_VARIADIC_YIELDABLE);
        let segments = if variadic { cursor.list(2) } else { &[] };
        let arguments = cursor.list(2);
        let yieldable = matches!(opcode, op::CALL_YIELDABLE | op::CALL_VARIADIC_YIELDABLE);
        let resume = if yieldable { Some(cursor.u32()) } else { None };
        let targets = cursor.list(2);
        if let Some(pc) = resume {
            cursor.jump(pc);
        }
        if ordinal & IMPORT == 0 {
            return self.enter(ordinal as u16, arguments, targets);
        }
        let import = self.module.imports.get((ordinal ^ IMPORT) as usize);
        let Some(id) = import.ok_or(Stop::Unverified)?.id else {
            let imports = self.module.imports.len();
            return Err(self.stop(Stop::NoImport, (ordinal ^ IMPORT) as usize, imports));
        };
        self.results.count = 0;
        let mut call = Call {
            values: self.scalars.values.get(self.scalars.base..).unwrap_or_default(),
            refs: self.refs.get(self.refs_base..).unwrap_or_default(),
            operands: arguments,
            segments,
            results: &mut self.results,
        };
        if let Err(error) = host.call(id, &mut call) {
            return Err(self.raise(error));
        }
        self.release_moved(arguments);
        self.give(targets)
    }

    /// Writes what an import gave.
    fn give(&mut self, targets: &[u8]) -> Result<(), Stop> {
        let targets = operands(targets);
        if self.results.count < targets.len() {
            return Err(self.stop(Stop::TooFewResults, self.results.count, targets.len()));
        }
        for (index, operand) in targets.enumerate() {
            match self.results.values.get_mut(index) {
                Some(Value::I32(value)) => self.scalars.set(operand, *value as u32),
                Some(Value::I64(value)) => self.scalars.set64(operand, *value as u64),
                Some(Value::F32(value)) => self.scalars.set(operand, value.to_bits()),
                Some(Value::F64(value)) => self.scalars.set64(operand, value.to_bits()),
                Some(Value::Ref(value)) => {
                    let value = mem::take(value);
                    self.set_ref(operand, value);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Enters a function of the module.
    fn enter(&mut self, ordinal: u16, list: &'a [u8], results: &'a [u8]) -> Result<(), Stop> {
        if self.callers.len() + 1 >= DEPTH {
            return Err(self.stop(Stop::TooDeep, self.callers.len() + 2, DEPTH));
        }
        let caller = Caller {
            cursor: self.scalars.cursor,
            results,
            function: self.function,
            values_base: self.scalars.base,
            refs_base: self.refs_base,
        };
        self.callers.push(caller).map_err(|error| self.out_of_memory(error))?;
        self.reserve(ordinal)?;
        let letters = match self.module.functions.get(usize::from(ordinal)) {
            Some(function) => function.signature.arguments,
            None => return Err(Stop::Unverified),
        };
        let (values_base, refs_base) = (self.scalars.values.len(), self.refs.len());
        self.open(ordinal);
        let mut placement = Placement::default();
        for (letter, operand) in letters.iter().zip(operands(list)) {
            let target = placement.place(*letter);
            match letter {
                b'r' => {
                    let reference = self.take_ref(operand);
                    self.put_argument(refs_base, target, reference);
                }
                letter => {
                    let wide = matches!(letter, b'I' | b'F');
                    self.copy_value(self.scalars.base, operand, values_base, target, wide);
                }
            }
        }
        self.begin(ordinal, values_base, refs_base);
        Ok(())
    }

    /// Returns from the function that runs.
    #[inline(never)]
    pub(super) fn leave(&mut self, outputs: &mut Vector<'a, Value<'a, O>>) -> Result<(), Stop> {
        let list = self.scalars.cursor.list(2);
        let letters = match self.module.functions.get(usize::from(self.function)) {
            Some(function) => function.signature.results,
            None => return Err(Stop::Unverified),
        };
        let sources = letters.iter().zip(operands(list));
        let Some(caller) = self.callers.pop() else {
            for (letter, operand) in sources {
                let value = self.value(*letter, operand);
                outputs.push(value).map_err(|error| self.out_of_memory(error))?;
            }
            return Err(Stop::Finished);
        };
        for ((letter, source), target) in sources.zip(operands(caller.results)) {
            if *letter == b'r' {
                let reference = self.take_ref(source);
                self.put_argument(caller.refs_base, target, reference);
            } else {
                let wide = matches!(letter, b'I' | b'F');
                let base = self.scalars.base;
                self.copy_value(base, source, caller.values_base, target, wide);
            }
        }
        self.scalars.values.truncate(self.scalars.base);
        self.refs.truncate(self.refs_base);
        self.scalars.cursor = caller.cursor;
        self.scalars.base = caller.values_base;
        self.refs_base = caller.refs_base;
        self.function = caller.function;
        Ok(())
    }

    /// At the start of the function `ordinal` with `arguments` that fit its
    /// calling convention, and nothing else running.
    #[inline(never)]
    pub(super) fn start(&mut self, ordinal: u16, arguments: &[Value<'a, O>]) -> Result<(), Stop> {
        self.reserve(ordinal)?;
        self.open(ordinal);
        self.begin(ordinal, 0, 0);
        let mut placement = Placement::default();
        for argument in arguments {
            let register = placement.place(argument.letter());
            match argument {
                Value::I32(value) => self.scalars.set(register, *value as u32),
                Value::I64(value) => self.scalars.set64(register, *value as u64),
                Value::F32(value) => self.scalars.set(register, value.to_bits()),
                Value::F64(value) => self.scalars.set64(register, value.to_bits()),
                Value::Ref(value) => self.set_ref(register, value.clone()),
            }
        }
        Ok(())
    }

    /// Makes room for the registers of a function.
    fn reserve(&mut self, ordinal: u16) -> Result<(), Stop> {
        let function = self.module.functions.get(usize::from(ordinal)).ok_or(Stop::Unverified)?;
        let (values, refs) = (usize::from(function.values), usize::from(function.refs));
        let reserved = self.scalars.values.reserve_exact(values);
        reserved
            .and_then(|()| self.refs.reserve_exact(refs))
            .map_err(|error| self.out_of_memory(error))
    }

    /// Appends the registers of a function, zero, in the room that was made.
    fn open(&mut self, ordinal: u16) {
        if let Some(function) = self.module.functions.get(usize::from(ordinal)) {
            self.scalars.values.fill_up(usize::from(function.values), || 0);
            self.refs.fill_up(usize::from(function.refs), || Ref::Null);
        }
    }

    /// Goes on with the function `ordinal`, whose registers begin there.
    fn begin(&mut self, ordinal: u16, values_base: usize, refs_base: usize) {
        let code = self.module.functions.get(usize::from(ordinal)).map(|function| function.code);
        self.scalars.cursor = Cursor::new(code.unwrap_or_default());
        self.scalars.base = values_base;
        self.refs_base = refs_base;
        self.function = ordinal;
    }

    /// Puts a reference into a register of another function than the one that
    /// runs.
    fn put_argument(&mut self, base: usize, operand: u16, reference: Ref<'a, O>) {
        let ordinal = usize::from(operand & register::ORDINAL);
        if let Some(slot) = self.refs.get_mut(base + ordinal) {
            drop(mem::replace(slot, reference));
        }
    }

    /// Copies a value, or a pair when `wide`, between two functions' registers.
    fn copy_value(
        &mut self,
        source_base: usize,
        source: u16,
        target_base: usize,
        target: u16,
        wide: bool,
    ) {
        let (source, target) =
            (source_base + usize::from(source), target_base + usize::from(target));
        for word in 0..=usize::from(wide) {
            let value = self.scalars.values.get(source + word).copied().unwrap_or(0);
            if let Some(register) = self.scalars.values.get_mut(target + word) {
                *register = value;
            }
        }
    }

    /// The value in a register, as `letter` of a calling convention says; a
    /// reference with the move bit leaves it.
    fn value(&mut self, letter: u8, operand: u16) -> Value<'a, O> {
        match letter {
            b'i' => Value::I32(self.scalars.get(operand) as i32),
            b'I' => Value::I64(self.scalars.get64(operand) as i64),
            b'f' => Value::F32(f32::from_bits(self.scalars.get(operand))),
            b'F' => Value::F64(f64::from_bits(self.scalars.get64(operand))),
            _ => Value::Ref(self.take_ref(operand)),
        }
    }
}
