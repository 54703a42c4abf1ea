//! Checks bytecode before it runs, in one walk over each function: every
//! register, ordinal, string and branch target is where it may be, calls
//! agree with what they call, and every block ends.
//!
//! The interpreter stays memory safe without it; what it adds is that damage
//! is found when a module is loaded, with its place, and that no operation
//! needs to ask again.
//!
//! Each step takes the bytes that are left and gives those after it, or
//! nothing when it has noted a [`Fault`].

mod blocks;
mod calls;
mod fault;
#[cfg(test)]
mod tests;

use arielml_arena::{Arena, Vector};

use self::blocks::Blocks;
use self::fault::Fault;
use crate::cursor::operands;
use crate::interpreter::register;
use crate::isa::{self, Set, core as op, kind};
use crate::loader::{REQUIRES_F32, REQUIRES_F64};
use crate::module::{Function, Module};
use crate::{At, Error};

/// Verifies every function of `module`.
#[inline(never)]
pub fn verify<'a>(module: &Module<'a>, arena: &'a Arena<'a>) -> Result<(), Error<'a>> {
    let most = module.functions.iter().map(|function| function.blocks).max().unwrap_or(0);
    let mut storage = Vector::new(arena);
    storage.reserve_exact(usize::from(most)).map_err(|_| Error::arena_full(arena))?;
    for (ordinal, function) in module.functions.iter().enumerate() {
        let mut walk = Walk {
            module,
            function,
            values: function.values,
            refs: function.refs,
            blocks: Blocks::new(&mut storage, function.blocks),
            start: 0,
            fault: Fault::Cut,
            numbers: [0; 2],
            subject: "",
        };
        if walk.function().is_none() {
            let mut error = walk.fault.error().about(walk.subject);
            error.values = walk.numbers;
            error.at = Some(At { function: ordinal as u16, pc: walk.start as u32 });
            return Err(error);
        }
    }
    Ok(())
}

/// The walk over one function.
struct Walk<'w, 'a> {
    module: &'w Module<'a>,
    function: &'w Function<'a>,
    /// Registers of the function.
    values: u16,
    refs: u16,
    blocks: Blocks<'w, 'a>,
    /// Where the current operation began.
    start: usize,
    /// What ended the walk; see [`Error::values`] and [`Error::subject`]. When
    /// nothing else was noted, the bytecode is cut.
    fault: Fault,
    numbers: [u32; 2],
    subject: &'static str,
}

/// The bytes that are left.
type Rest<'a> = &'a [u8];

impl<'a> Walk<'_, 'a> {
    fn function(&mut self) -> Option<()> {
        let code = self.function.code;
        let mut rest = code;
        let mut in_block = false;
        while let [opcode, operation @ ..] = rest {
            self.start = code.len() - rest.len();
            if (*opcode == op::BLOCK) == in_block {
                return self.fault(Fault::Block, (*opcode).into(), op::BLOCK.into());
            }
            if *opcode == op::BLOCK {
                self.add_block(self.start as u32, true)?;
                in_block = true;
                rest = operation;
            } else {
                rest = self.operation(*opcode, operation)?;
                in_block = !ends_block(*opcode);
            }
        }
        self.start = code.len();
        if in_block || code.is_empty() {
            return self.fault(Fault::Unterminated, 0, 0);
        }
        match self.blocks.undefined() {
            Some(pc) => self.fault(Fault::Target, pc, code.len() as u32),
            None => Some(()),
        }
    }

    #[inline]
    fn operation(&mut self, opcode: u8, mut rest: Rest<'a>) -> Option<Rest<'a>> {
        let mut shape = match opcode {
            op::EXTENSION_F32 | op::EXTENSION_F64 => {
                let (number, fields) = rest.split_first()?;
                rest = fields;
                self.extension(opcode, *number)?
            }
            _ => isa::shape(Set::Core, opcode),
        };
        if shape.is_empty() {
            return self.fault(Fault::Opcode, opcode.into(), 0);
        }
        loop {
            let field = shape.next();
            rest = match field {
                0 => return Some(rest),
                kind::VALUE | kind::PAIR | kind::REF | kind::MOVABLE => {
                    let (operand, rest) = u16_of(rest)?;
                    if !self.is_register(field, operand) {
                        return self.no_register(field, operand);
                    }
                    rest
                }
                kind::WORD => rest.get(4..)?,
                kind::WIDE_WORD => rest.get(8..)?,
                kind::STRING => {
                    let (length, rest) = u16_of(rest)?;
                    rest.get(usize::from(length)..)?
                }
                kind::BRANCH => self.branch(rest)?,
                kind::LIST => {
                    let element = shape.next();
                    let (list, rest) = self.list(rest, 2)?;
                    for operand in operands(list) {
                        self.register(element, operand)?;
                    }
                    rest
                }
                kind::ANY => self.irregular(opcode, rest)?,
                _ => self.ordinal(field, rest)?,
            };
        }
    }

    /// The fields of an extension's opcode, which may stand only in a function
    /// that says so.
    #[inline(never)]
    fn extension(&mut self, prefix: u8, opcode: u8) -> Option<isa::Shape> {
        let (set, needed) = match prefix {
            op::EXTENSION_F32 => (Set::F32, REQUIRES_F32),
            _ => (Set::F64, REQUIRES_F64),
        };
        let found = u32::from(self.function.requirements);
        if found & needed == 0 {
            return self.fault(Fault::Extension, found, needed);
        }
        if let Some(name) = isa::left_out(set, opcode) {
            self.subject = name;
            return self.fault(Fault::LeftOut, 0, 0);
        }
        Some(isa::shape(set, opcode))
    }

    /// The opcodes whose operands depend on what they call or how many cases
    /// they have.
    fn irregular(&mut self, opcode: u8, rest: Rest<'a>) -> Option<Rest<'a>> {
        match opcode {
            op::RETURN => {
                let (list, rest) = self.list(rest, 2)?;
                self.registers(self.function.signature.results, WITH_MOVE, list)?;
                Some(rest)
            }
            op::IMPORT_RESOLVED => {
                let (ordinal, rest) = u32_of(rest)?;
                self.import(ordinal)?;
                self.next_register(kind::VALUE, rest)
            }
            op::BR_TABLE => {
                let rest = self.next_register(kind::VALUE, rest)?;
                let (count, mut rest) = u16_of(self.branch(rest)?)?;
                for _ in 0..count {
                    rest = self.branch(rest)?;
                }
                Some(rest)
            }
            _ => self.call(opcode, rest),
        }
    }

    fn next_register(&mut self, field: u8, rest: Rest<'a>) -> Option<Rest<'a>> {
        let (operand, rest) = u16_of(rest)?;
        self.register(field, operand)?;
        Some(rest)
    }

    /// An operand that names a register of kind `field`, which may be of any.
    fn register(&mut self, field: u8, operand: u16) -> Option<()> {
        let field = match field {
            kind::ANY if operand & register::REF == 0 => kind::VALUE,
            kind::ANY => kind::MOVABLE,
            _ => field,
        };
        if self.is_register(field, operand) {
            return Some(());
        }
        self.no_register(field, operand)
    }

    /// Whether `operand` names a register of kind `field`.
    #[inline(always)]
    fn is_register(&self, field: u8, operand: u16) -> bool {
        let moves = if field == kind::REF { NO_MOVE } else { WITH_MOVE };
        register_is_valid(field, operand, moves, self.values, self.refs)
    }

    #[cold]
    #[inline(never)]
    fn no_register<T>(&mut self, field: u8, operand: u16) -> Option<T> {
        let is_ref = operand & register::REF != 0;
        let wants_ref = !matches!(field, kind::VALUE | kind::PAIR);
        let count = if is_ref { self.refs } else { self.values };
        let fault = if is_ref != wants_ref {
            Fault::Bank
        } else if is_ref && operand & register::ORDINAL < count {
            Fault::Move
        } else if operand < count && operand & 1 != 0 {
            Fault::OddPair
        } else {
            Fault::Register
        };
        self.fault(fault, operand.into(), count.into())
    }

    /// A u32 that names a global, a type or a data segment.
    #[inline(never)]
    fn ordinal(&mut self, field: u8, rest: Rest<'a>) -> Option<Rest<'a>> {
        let module = self.module;
        let (fault, limit, size) = match field {
            kind::GLOBAL => (Fault::Global, module.global_bytes, 4),
            kind::WIDE_GLOBAL => (Fault::Global, module.global_bytes, 8),
            kind::GLOBAL_REF => (Fault::GlobalRef, module.global_refs, 1),
            kind::TYPE => (Fault::Type, module.types.len(), 1),
            _ => (Fault::Rodata, module.rodata.len(), 1),
        };
        let (found, rest) = u32_of(rest)?;
        match (found as usize).checked_add(size) {
            // An offset of bytes is that of a word.
            Some(end) if end <= limit && (size == 1 || found.is_multiple_of(4)) => Some(rest),
            _ => self.fault(fault, found, limit as u32),
        }
    }

    /// A branch: where to, and pairs of registers to copy from and to.
    #[inline(never)]
    fn branch(&mut self, rest: Rest<'a>) -> Option<Rest<'a>> {
        let rest = self.target(rest)?;
        let (list, rest) = self.list(rest, 4)?;
        let mut pairs = operands(list);
        while let (Some(source), Some(target)) = (pairs.next(), pairs.next()) {
            self.register(kind::ANY, source)?;
            let field = if source & register::REF != 0 { kind::REF } else { kind::VALUE };
            self.register(field, target)?;
        }
        Some(rest)
    }

    /// Where a branch leads.
    fn target(&mut self, rest: Rest<'a>) -> Option<Rest<'a>> {
        let (pc, rest) = u32_of(rest)?;
        let length = self.function.code.len();
        if pc as usize >= length {
            return self.fault(Fault::Target, pc, length as u32);
        }
        self.add_block(pc, false)?;
        Some(rest)
    }

    fn add_block(&mut self, pc: u32, defined: bool) -> Option<()> {
        if self.blocks.add(pc, defined) {
            return Some(());
        }
        let limit = u32::from(self.function.blocks);
        self.fault(Fault::Blocks, limit + 1, limit)
    }

    /// A count and that many elements of `size` bytes, which begin at an even
    /// offset.
    #[inline(always)]
    fn list(&self, rest: Rest<'a>, size: usize) -> Option<(Rest<'a>, Rest<'a>)> {
        let odd = (self.function.code.len() ^ rest.len()) & 1;
        let (count, rest) = u16_of(rest.get(odd..)?)?;
        rest.split_at_checked(usize::from(count) * size)
    }

    /// Notes a fault.
    #[cold]
    #[inline(never)]
    fn fault<T>(&mut self, fault: Fault, found: u32, limit: u32) -> Option<T> {
        self.fault = fault;
        self.numbers = [found, limit];
        None
    }
}

#[inline(always)]
fn u16_of(rest: &[u8]) -> Option<(u16, &[u8])> {
    let (bytes, rest) = rest.split_first_chunk()?;
    Some((u16::from_le_bytes(*bytes), rest))
}

#[inline(always)]
fn u32_of(rest: &[u8]) -> Option<(u32, &[u8])> {
    let (bytes, rest) = rest.split_first_chunk()?;
    Some((u32::from_le_bytes(*bytes), rest))
}

/// Bits that may be set in the operand of a reference register, beside its
/// ordinal: the move bit, or none.
const WITH_MOVE: u16 = !register::MOVE;
const NO_MOVE: u16 = !0;

/// Whether `operand` names a register of kind `field` in banks of that many.
#[inline(always)]
fn register_is_valid(field: u8, operand: u16, moves: u16, values: u16, refs: u16) -> bool {
    match field {
        kind::VALUE => operand < values,
        // An odd ordinal gets the high bit and is out of range.
        kind::PAIR => operand.rotate_right(1) < values / 2,
        // Anything but the bit of the bank, and maybe the move bit, is too.
        _ => (operand ^ register::REF) & moves < refs,
    }
}

/// Whether a block ends with this opcode of the core set.
fn ends_block(opcode: u8) -> bool {
    matches!(
        opcode,
        op::BR
            | op::COND_BR
            | op::BR_TABLE
            | op::RETURN
            | op::FAIL
            | op::YIELD
            | op::BREAK
            | op::COND_BREAK
            | op::CALL_YIELDABLE
            | op::CALL_VARIADIC_YIELDABLE
    )
}
