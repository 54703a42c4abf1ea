use super::{Fault, NO_MOVE, Rest, WITH_MOVE, Walk, register_is_valid, u32_of};
use crate::cursor::operands;
use crate::isa::{core as op, kind};
use crate::module::IMPORT;

impl<'a> Walk<'_, 'a> {
    /// A call of any of the four kinds: the callee, for variadic ones the
    /// length of each argument's segment, the arguments, for yieldable ones
    /// the block to go on with, and the results.
    pub fn call(&mut self, opcode: u8, rest: Rest<'a>) -> Option<Rest<'a>> {
        let variadic = matches!(opcode, op::CALL_VARIADIC | op::CALL_VARIADIC_YIELDABLE);
        let yieldable = matches!(opcode, op::CALL_YIELDABLE | op::CALL_VARIADIC_YIELDABLE);
        let (ordinal, mut rest) = u32_of(rest)?;
        let module = self.module;
        let signature = if ordinal & IMPORT != 0 || variadic {
            module.imports.get(self.import(ordinal)?).map(|import| &import.signature)
        } else {
            module.functions.get(ordinal as usize).map(|function| &function.signature)
        };
        let Some(signature) = signature else {
            return self.fault(Fault::Callee, ordinal, module.functions.len() as u32);
        };
        let mut segments = None;
        if variadic {
            let (counts, others) = self.list(rest, 2)?;
            (segments, rest) = (Some(counts), others);
        }
        let (arguments, others) = self.list(rest, 2)?;
        rest = others;
        match segments {
            Some(segments) => self.variadic(signature.arguments, arguments, segments)?,
            None => self.registers(signature.arguments, WITH_MOVE, arguments)?,
        }
        if yieldable {
            rest = self.target(rest)?;
        }
        let (results, rest) = self.list(rest, 2)?;
        self.registers(signature.results, NO_MOVE, results)?;
        Some(rest)
    }

    /// The index of an import that a function ordinal names.
    pub fn import(&mut self, ordinal: u32) -> Option<usize> {
        let index = (ordinal ^ IMPORT) as usize;
        let count = self.module.imports.len();
        if index < count {
            return Some(index);
        }
        self.fault(Fault::Callee, ordinal, count as u32)
    }

    /// A register list that holds just what `letters` ask for.
    pub fn registers(&mut self, letters: &[u8], moves: u16, list: &[u8]) -> Option<()> {
        if letters.is_empty() && list.is_empty() {
            return Some(());
        }
        let rest = self.run(letters, moves, list)?;
        self.end_of_list(rest)
    }

    /// The arguments of a call with segments: `segments` holds a count for
    /// each argument, which says how many tuples a segment has.
    fn variadic(&mut self, mut letters: &[u8], list: &[u8], segments: &[u8]) -> Option<()> {
        let mut registers = list;
        let mut counts = segments;
        while !letters.is_empty() {
            let (plain, rest) = split_at_letter(letters, b'C');
            registers = self.run(plain, WITH_MOVE, registers)?;
            let Some(others) = counts.get(2 * plain.len()..) else {
                return self.fault(Fault::Segments, 0, 0);
            };
            (letters, counts) = (rest, others);
            if let [_, rest @ ..] = rest {
                let (tuple, rest) = split_at_letter(rest, b'D');
                let Some((count, others)) = counts.split_first_chunk() else {
                    return self.fault(Fault::Segments, 0, 0);
                };
                for _ in 0..u16::from_le_bytes(*count) {
                    registers = self.run(tuple, WITH_MOVE, registers)?;
                }
                counts = others;
                letters = rest.get(1..).unwrap_or_default();
            }
        }
        if !counts.is_empty() {
            return self.fault(Fault::Segments, 0, 0);
        }
        self.end_of_list(registers)
    }

    /// Registers of the kinds that `letters` name, one after the other; gives
    /// the rest of the list.
    #[inline(never)]
    fn run<'l>(&mut self, letters: &[u8], moves: u16, list: &'l [u8]) -> Option<&'l [u8]> {
        let Some((registers, rest)) = list.split_at_checked(2 * letters.len()) else {
            return self.fault(Fault::List, list.len() as u32 / 2, letters.len() as u32);
        };
        let (values, refs) = (self.values, self.refs);
        for (letter, operand) in letters.iter().zip(operands(registers)) {
            let field = match letter {
                b'r' => kind::REF,
                b'i' | b'f' => kind::VALUE,
                // A segment, in a call that is not variadic.
                b'C' => return self.fault(Fault::Segments, 0, 0),
                _ => kind::PAIR,
            };
            if !register_is_valid(field, operand, moves, values, refs) {
                return self.no_register(field, operand);
            }
        }
        Some(rest)
    }

    fn end_of_list(&mut self, rest: &[u8]) -> Option<()> {
        match rest.len() as u32 / 2 {
            0 => Some(()),
            extra => self.fault(Fault::List, extra, 0),
        }
    }
}

/// What is before `letter`, and what begins with it.
fn split_at_letter(letters: &[u8], letter: u8) -> (&[u8], &[u8]) {
    let end = letters.iter().position(|&other| other == letter).unwrap_or(letters.len());
    letters.split_at_checked(end).unwrap_or_default()
}
