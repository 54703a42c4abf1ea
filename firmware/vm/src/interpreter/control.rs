use super::{Machine, Stop, register};
use crate::cursor::operands;
use crate::isa::core as op;
use crate::module::IMPORT;
use crate::{Code, Error, Object, text};

impl<O: Object> Machine<'_, O> {
    /// Branches, failure, and what only a debugger would act on.
    #[inline(never)]
    pub(super) fn control(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            // One device runs one invocation: to yield is to go on.
            op::BR | op::YIELD | op::BREAK => self.branch(),
            op::COND_BR => {
                if self.scalars.next() == 0 {
                    self.skip_branch();
                }
                self.branch()
            }
            op::COND_BREAK => {
                self.scalars.next();
                self.branch()
            }
            op::BR_TABLE => self.branch_table(),
            op::FAIL => self.fail(),
            op::IMPORT_RESOLVED => {
                let ordinal = self.scalars.cursor.u32() ^ IMPORT;
                let import = self.module.imports.get(ordinal as usize);
                let resolved = import.is_some_and(|import| import.id.is_some());
                self.scalars.put(u32::from(resolved));
                Ok(())
            }
            op::TRACE | op::PRINT => {
                self.scalars.cursor.string();
                let list = self.scalars.cursor.list(2);
                self.release_moved(list);
                Ok(())
            }
            _ => Err(Stop::Unverified),
        }
    }

    /// Quotients and remainders of integers.
    pub(super) fn divide(&mut self, opcode: u8) -> Result<(), Stop> {
        self.scalars.divide(opcode)
    }

    /// Takes the branch that comes next: copies or moves its registers, one
    /// pair after the other, and goes on behind the marker of its block.
    fn branch(&mut self) -> Result<(), Stop> {
        self.burn()?;
        let pc = self.scalars.cursor.u32();
        let mut pairs = operands(self.scalars.cursor.list(4));
        while let (Some(source), Some(target)) = (pairs.next(), pairs.next()) {
            if source & register::REF == 0 {
                let value = self.scalars.get(source);
                self.scalars.set(target, value);
            } else {
                let reference = self.take_ref(source);
                self.set_ref(target, reference);
            }
        }
        self.scalars.cursor.jump(pc);
        Ok(())
    }

    fn skip_branch(&mut self) {
        self.scalars.cursor.u32();
        self.scalars.cursor.list(4);
    }

    /// A default branch, a count, and that many cases.
    fn branch_table(&mut self) -> Result<(), Stop> {
        let index = self.scalars.next();
        let default = self.scalars.cursor;
        self.skip_branch();
        if index < u32::from(self.scalars.cursor.u16()) {
            for _ in 0..index {
                self.skip_branch();
            }
        } else {
            self.scalars.cursor = default;
        }
        self.branch()
    }

    /// Ends the invocation with the module's own status and message; goes on
    /// when the status is OK.
    fn fail(&mut self) -> Result<(), Stop> {
        let status = self.scalars.next();
        let message = self.scalars.cursor.string();
        if status == 0 {
            return Ok(());
        }
        let error = match core::str::from_utf8(message) {
            Ok(message) => Error::own(Code::from_number(status), message),
            Err(_) => Error::new(Code::from_number(status), text!("(the message is not UTF-8)")),
        };
        Err(self.raise(error))
    }

    /// Uses up one unit of the limit on branches and calls, if there is one.
    #[inline]
    pub(super) fn burn(&mut self) -> Result<(), Stop> {
        match &mut self.fuel {
            None => Ok(()),
            Some(0) => Err(Stop::OutOfFuel),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}
