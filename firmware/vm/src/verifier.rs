//! Checks bytecode before it runs, in one walk over each function: every
//! register, ordinal, string and branch target is where it may be, calls
//! agree with what they call, and every block ends.
//!
//! The interpreter stays memory safe without it; what it adds is that damage
//! is found when a module is loaded, with its place, and that no operation
//! needs to ask again.
//!
//! The walk notes the first fault of an operation and looks whether there is
//! one when the operation was read: what was read wrongly does no harm.

mod blocks;
mod calls;
mod fault;
#[cfg(test)]
mod tests;

use arielml_arena::{Arena, Vector};

use self::blocks::Blocks;
use self::fault::Fault;
use crate::cursor::{Cursor, operands};
use crate::interpreter::register;
use crate::isa::{self, Set, Shape, core as op, kind};
use crate::loader::{REQUIRES_F32, REQUIRES_F64};
use crate::module::{Function, Module};
use crate::{At, Error};

/// Verifies every function of `module`.
pub fn verify<'a>(module: &Module<'a>, arena: &'a Arena<'a>) -> Result<(), Error<'a>> {
    let most = module.functions.iter().map(|function| function.blocks).max().unwrap_or(0);
    let mut storage = Vector::new(arena);
    storage.reserve_exact(usize::from(most))?;
    for (ordinal, function) in module.functions.iter().enumerate() {
        let mut walk = Walk {
            module,
            function,
            cursor: Cursor::new(function.code),
            blocks: Blocks::new(&mut storage, function.blocks),
            start: 0,
            fault: None,
            values: [0; 2],
            subject: "",
        };
        walk.function();
        if let Some(fault) = walk.fault {
            let mut error = fault.error().about(walk.subject);
            error.values = walk.values;
            error.at = Some(At { function: ordinal as u16, pc: walk.start });
            return Err(error);
        }
    }
    Ok(())
}

/// The walk over one function.
struct Walk<'w, 'a> {
    module: &'w Module<'a>,
    function: &'w Function<'a>,
    cursor: Cursor<'a>,
    blocks: Blocks<'w, 'a>,
    /// Where the current operation began.
    start: u32,
    /// The first fault that was found, and what it is about; see
    /// [`Error::values`] and [`Error::subject`].
    fault: Option<Fault>,
    values: [u32; 2],
    subject: &'static str,
}

impl<'a> Walk<'_, 'a> {
    fn function(&mut self) {
        let mut in_block = false;
        while !self.cursor.is_at_end() {
            self.start = self.cursor.pc();
            let opcode = self.cursor.u8();
            if (opcode == op::BLOCK) == in_block {
                return self.fault(Fault::Block, opcode.into(), op::BLOCK.into());
            }
            if opcode == op::BLOCK {
                self.add_block(self.start, true);
                in_block = true;
            } else {
                self.operation(opcode);
                in_block = !ends_block(opcode);
            }
            if self.cursor.is_cut() {
                // Whatever else seems wrong: zeros were read.
                self.fault = None;
                self.fault(Fault::Cut, 0, 0);
            }
            if self.fault.is_some() {
                return;
            }
        }
        self.start = self.cursor.pc();
        if in_block || self.start == 0 {
            self.fault(Fault::Unterminated, 0, 0);
        } else if let Some(pc) = self.blocks.undefined() {
            self.fault(Fault::Target, pc, self.start);
        }
    }

    #[inline]
    fn operation(&mut self, opcode: u8) {
        let mut shape = match opcode {
            op::EXTENSION_F32 => self.extension(Set::F32, REQUIRES_F32),
            op::EXTENSION_F64 => self.extension(Set::F64, REQUIRES_F64),
            _ => isa::shape(Set::Core, opcode),
        };
        if shape.is_empty() {
            return self.fault(Fault::Opcode, opcode.into(), 0);
        }
        loop {
            let field = shape.next();
            match field {
                0 => return,
                // The commonest by far.
                kind::VALUE | kind::PAIR | kind::REF | kind::MOVABLE => {
                    let operand = self.cursor.u16();
                    self.register(field, operand);
                }
                kind::GLOBAL => self.ordinal(Fault::Global, self.module.global_bytes, 4),
                kind::WIDE_GLOBAL => self.ordinal(Fault::Global, self.module.global_bytes, 8),
                kind::GLOBAL_REF => self.ordinal(Fault::GlobalRef, self.module.global_refs, 1),
                kind::TYPE => self.ordinal(Fault::Type, self.module.types.len(), 1),
                kind::RODATA => self.ordinal(Fault::Rodata, self.module.rodata.len(), 1),
                kind::WORD => drop(self.cursor.u32()),
                kind::WIDE_WORD => drop(self.cursor.u64()),
                kind::STRING => drop(self.cursor.string()),
                kind::BRANCH => self.branch(),
                kind::LIST => {
                    let element = shape.next();
                    for operand in operands(self.cursor.list(2)) {
                        self.register(element, operand);
                    }
                }
                _ => self.irregular(opcode),
            }
        }
    }

    /// The fields of an extension's opcode, which may stand only in a function
    /// that says so; none when there is something wrong.
    #[inline(never)]
    fn extension(&mut self, set: Set, needed: u32) -> Shape {
        let found = u32::from(self.function.requirements);
        let opcode = self.cursor.u8();
        if found & needed == 0 {
            self.fault(Fault::Extension, found, needed);
        } else if let Some(name) = isa::left_out(set, opcode) {
            self.subject = name;
            self.fault(Fault::LeftOut, 0, 0);
        }
        isa::shape(set, opcode)
    }

    /// The opcodes whose operands depend on what they call or how many cases
    /// they have.
    fn irregular(&mut self, opcode: u8) {
        match opcode {
            op::RETURN => {
                let list = self.cursor.list(2);
                self.list(self.function.signature.results(), WITH_MOVE, list);
            }
            op::IMPORT_RESOLVED => {
                let ordinal = self.cursor.u32();
                self.import(ordinal);
                self.next_register(kind::VALUE);
            }
            op::BR_TABLE => {
                self.next_register(kind::VALUE);
                self.branch();
                for _ in 0..self.cursor.u16() {
                    if self.cursor.is_cut() {
                        break;
                    }
                    self.branch();
                }
            }
            _ => self.call(opcode),
        }
    }

    fn next_register(&mut self, field: u8) {
        let operand = self.cursor.u16();
        self.register(field, operand);
    }

    /// An operand that names a register of kind `field`.
    #[inline]
    fn register(&mut self, field: u8, operand: u16) {
        let moves = if field == kind::REF { NO_MOVE } else { WITH_MOVE };
        let field = match field {
            kind::ANY if operand & register::REF == 0 => kind::VALUE,
            _ => field,
        };
        let (values, refs) = (self.function.values, self.function.refs);
        if !register_is_valid(field, operand, moves, values, refs) {
            self.no_register(field, operand);
        }
    }

    #[cold]
    #[inline(never)]
    fn no_register(&mut self, field: u8, operand: u16) {
        let is_ref = operand & register::REF != 0;
        let wants_ref = !matches!(field, kind::VALUE | kind::PAIR);
        let count = if is_ref { self.function.refs } else { self.function.values };
        let fault = if is_ref != wants_ref {
            Fault::Bank
        } else if is_ref && operand & register::ORDINAL < count {
            Fault::Move
        } else if operand < count && operand & 1 != 0 {
            Fault::OddPair
        } else {
            Fault::Register
        };
        self.fault(fault, operand.into(), count.into());
    }

    /// A u32 that, with `size` more, stays within `limit`; an offset of bytes
    /// is that of a word.
    #[inline(never)]
    fn ordinal(&mut self, fault: Fault, limit: usize, size: usize) {
        let found = self.cursor.u32();
        match (found as usize).checked_add(size) {
            Some(end) if end <= limit && (size == 1 || found.is_multiple_of(4)) => {}
            _ => self.fault(fault, found, limit as u32),
        }
    }

    /// A branch: where to, and pairs of registers to copy from and to.
    #[inline(never)]
    fn branch(&mut self) {
        self.target();
        let mut pairs = operands(self.cursor.list(4));
        while let (Some(source), Some(target)) = (pairs.next(), pairs.next()) {
            self.register(kind::ANY, source);
            let field = if source & register::REF != 0 { kind::REF } else { kind::VALUE };
            self.register(field, target);
        }
    }

    /// Where a branch leads.
    fn target(&mut self) {
        let pc = self.cursor.u32();
        if pc as usize >= self.function.code.len() {
            return self.fault(Fault::Target, pc, self.function.code.len() as u32);
        }
        self.add_block(pc, false);
    }

    fn add_block(&mut self, pc: u32, defined: bool) {
        if !self.blocks.add(pc, defined) {
            let limit = u32::from(self.function.blocks);
            self.fault(Fault::Blocks, limit + 1, limit);
        }
    }

    /// Notes a fault, unless there is one.
    #[cold]
    #[inline(never)]
    fn fault(&mut self, fault: Fault, found: u32, limit: u32) {
        if self.fault.is_none() {
            self.fault = Some(fault);
            self.values = [found, limit];
        }
    }
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
