use core::mem;

use arielml_arena::Vector;

use super::frame::Frame;
use super::{DEPTH, Machine, Stop};
use crate::cursor::operands;
use crate::isa::core as op;
use crate::module::IMPORT;
use crate::signature::Placement;
use crate::{Call, Host, Object, Value};

impl<'a, O: Object> Machine<'_, 'a, O> {
    /// A call of any of the four kinds. Yieldable ones go on in another block;
    /// there is nothing here to yield to, so they wait for the callee as the
    /// others do.
    pub(super) fn call<H: Host<'a, Object = O>>(
        &mut self,
        opcode: u8,
        host: &mut H,
    ) -> Result<(), Stop> {
        self.burn()?;
        let cursor = &mut self.frame.scalars.cursor;
        let ordinal = cursor.u32()?;
        let variadic = matches!(opcode, op::CALL_VARIADIC | op::CALL_VARIADIC_YIELDABLE);
        let segments = if variadic { cursor.list(2)? } else { &[] };
        let arguments = cursor.list(2)?;
        let yieldable = matches!(opcode, op::CALL_YIELDABLE | op::CALL_VARIADIC_YIELDABLE);
        let resume = if yieldable { Some(cursor.u32()?) } else { None };
        let results = cursor.list(2)?;
        if let Some(pc) = resume {
            cursor.jump(pc)?;
        }
        if ordinal & IMPORT == 0 {
            return self.enter(ordinal as u16, arguments, results);
        }
        let import = self.module.imports.get((ordinal ^ IMPORT) as usize);
        let import = import.ok_or(Stop::Unverified)?;
        let Some(id) = import.id else {
            let imports = self.module.imports.len();
            return Err(self.stop(Stop::NoImport, (ordinal ^ IMPORT) as usize, imports));
        };
        let letters = import.signature.results();
        if !letters.is_empty() {
            self.reserve_results(letters.len())?;
        }
        let mut call = Call {
            values: &self.frame.scalars.values,
            refs: &self.frame.refs,
            arguments: import.signature.arguments(),
            operands: arguments,
            segments,
            tuple: &[],
            tuples: 0,
            result_letters: letters,
            results: &mut self.results,
        };
        if let Err(error) = host.call(id, &mut call) {
            return Err(self.raise(error));
        }
        self.finish_import(arguments, letters, results)
    }

    /// The vector is empty between calls; room that it once got it keeps.
    fn reserve_results(&mut self, count: usize) -> Result<(), Stop> {
        self.results.reserve_exact(count).map_err(|error| self.out_of_memory(error))
    }

    /// Releases what was moved into the call, then writes its results.
    fn finish_import(
        &mut self,
        arguments: &[u8],
        letters: &[u8],
        results: &[u8],
    ) -> Result<(), Stop> {
        self.frame.release_moved(arguments)?;
        if letters.is_empty() {
            return Ok(());
        }
        if self.results.len() != letters.len() {
            return Err(self.stop(Stop::TooFewResults, self.results.len(), letters.len()));
        }
        for (value, operand) in self.results.iter_mut().zip(operands(results)) {
            let value = mem::replace(value, Value::I32(0));
            self.frame.set_value(operand, value)?;
        }
        self.results.truncate(0);
        Ok(())
    }

    /// Enters a function of the module.
    fn enter(&mut self, ordinal: u16, list: &'a [u8], results: &'a [u8]) -> Result<(), Stop> {
        if self.callers.len() + 1 >= DEPTH {
            return Err(self.stop(Stop::TooDeep, self.callers.len() + 2, DEPTH));
        }
        let function = self.module.functions.get(usize::from(ordinal)).ok_or(Stop::Unverified)?;
        let mut callee =
            Frame::new(ordinal, function, self.arena).map_err(|error| self.out_of_memory(error))?;
        let mut placement = Placement::default();
        for (letter, operand) in function.signature.arguments().iter().zip(operands(list)) {
            let value = self.frame.value(*letter, operand)?;
            callee.set_argument(placement.place(*letter), value);
        }
        let mut caller = mem::replace(&mut self.frame, callee);
        caller.results = results;
        self.callers.push(caller).map_err(|error| self.out_of_memory(error))
    }

    /// Returns from the function that runs.
    pub(super) fn leave(&mut self, outputs: &mut Vector<'a, Value<'a, O>>) -> Result<(), Stop> {
        let list = self.frame.scalars.cursor.list(2)?;
        let function = self.module.functions.get(usize::from(self.frame.function));
        let letters = function.ok_or(Stop::Unverified)?.signature.results();
        let mut sources = letters.iter().zip(operands(list));
        let Some(caller) = self.callers.pop() else {
            for (letter, operand) in sources {
                let value = self.frame.value(*letter, operand)?;
                outputs.push(value).map_err(|error| self.out_of_memory(error))?;
            }
            return Err(Stop::Finished);
        };
        let mut callee = mem::replace(&mut self.frame, caller);
        let mut targets = operands(self.frame.results);
        while let (Some((letter, source)), Some(target)) = (sources.next(), targets.next()) {
            let value = callee.value(*letter, source)?;
            self.frame.set_value(target, value)?;
        }
        Ok(())
    }
}
