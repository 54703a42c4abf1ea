use super::{Fault, NO_MOVE, WITH_MOVE, Walk, register_is_valid};
use crate::cursor::operands;
use crate::isa::{core as op, kind};
use crate::module::IMPORT;

impl Walk<'_, '_> {
    /// A call of any of the four kinds: the callee, for variadic ones the
    /// length of each argument's segment, the arguments, for yieldable ones
    /// the block to go on with, and the results.
    pub fn call(&mut self, opcode: u8) {
        let variadic = matches!(opcode, op::CALL_VARIADIC | op::CALL_VARIADIC_YIELDABLE);
        let yieldable = matches!(opcode, op::CALL_YIELDABLE | op::CALL_VARIADIC_YIELDABLE);
        let ordinal = self.cursor.u32();
        let module = self.module;
        let signature = if ordinal & IMPORT != 0 || variadic {
            module.imports.get(self.import(ordinal)).map(|import| &import.signature)
        } else {
            module.functions.get(ordinal as usize).map(|function| &function.signature)
        };
        let Some(signature) = signature else {
            return self.fault(Fault::Callee, ordinal, module.functions.len() as u32);
        };
        if variadic {
            let segments = self.cursor.list(2);
            let arguments = self.cursor.list(2);
            self.variadic(signature.arguments(), arguments, segments);
        } else {
            let arguments = self.cursor.list(2);
            self.list(signature.arguments(), WITH_MOVE, arguments);
        }
        if yieldable {
            self.target();
        }
        let results = self.cursor.list(2);
        self.list(signature.results(), NO_MOVE, results);
    }

    /// The index of an import that a function ordinal names.
    pub fn import(&mut self, ordinal: u32) -> usize {
        let index = (ordinal ^ IMPORT) as usize;
        let count = self.module.imports.len();
        if index >= count {
            self.fault(Fault::Callee, ordinal, count as u32);
        }
        index
    }

    /// A register list that holds just what `letters` ask for.
    pub fn list(&mut self, letters: &[u8], moves: u16, list: &[u8]) {
        let rest = self.run(letters, moves, list);
        self.end_of_list(rest);
    }

    /// The arguments of a call with segments: `segments` holds a count for
    /// each argument, which says how many tuples a segment has.
    fn variadic(&mut self, mut letters: &[u8], list: &[u8], segments: &[u8]) {
        let mut registers = list;
        let mut counts = segments;
        while !letters.is_empty() {
            let (plain, rest) = split_at_letter(letters, b'C');
            registers = self.run(plain, WITH_MOVE, registers);
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
                    if self.fault.is_some() {
                        return;
                    }
                    registers = self.run(tuple, WITH_MOVE, registers);
                }
                counts = others;
                letters = rest.get(1..).unwrap_or_default();
            }
        }
        if !counts.is_empty() {
            self.fault(Fault::Segments, 0, 0);
        }
        self.end_of_list(registers);
    }

    /// Registers of the kinds that `letters` name, one after the other; gives
    /// the rest of the list.
    #[inline(never)]
    fn run<'l>(&mut self, letters: &[u8], moves: u16, list: &'l [u8]) -> &'l [u8] {
        let Some((registers, rest)) = list.split_at_checked(2 * letters.len()) else {
            self.fault(Fault::List, list.len() as u32 / 2, letters.len() as u32);
            return &[];
        };
        let (values, refs) = (self.function.values, self.function.refs);
        for (letter, operand) in letters.iter().zip(operands(registers)) {
            let field = match letter {
                b'r' => kind::REF,
                b'i' | b'f' => kind::VALUE,
                // A segment, in a call that is not variadic.
                b'C' => return self.no_segment(),
                _ => kind::PAIR,
            };
            if !register_is_valid(field, operand, moves, values, refs) {
                self.no_register(field, operand);
            }
        }
        rest
    }

    #[cold]
    fn no_segment<'l>(&mut self) -> &'l [u8] {
        self.fault(Fault::Segments, 0, 0);
        &[]
    }

    fn end_of_list(&mut self, rest: &[u8]) {
        if !rest.is_empty() {
            self.fault(Fault::List, rest.len() as u32 / 2, 0);
        }
    }
}

/// What is before `letter`, and what begins with it.
fn split_at_letter(letters: &[u8], letter: u8) -> (&[u8], &[u8]) {
    let end = letters.iter().position(|&other| other == letter).unwrap_or(letters.len());
    letters.split_at_checked(end).unwrap_or_default()
}
