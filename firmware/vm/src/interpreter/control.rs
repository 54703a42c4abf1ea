use super::{Machine, Stop, register};
use crate::cursor::operands;
use crate::isa::core as op;
use crate::module::IMPORT;
use crate::{Code, Error, Object};

impl<'a, O: Object> Machine<'_, 'a, O> {
    /// Branches, failure, and what only a debugger would act on.
    pub(super) fn control(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            // One device runs one invocation: to yield is to go on.
            op::BR | op::YIELD | op::BREAK => self.branch(),
            op::COND_BR => {
                if self.frame.scalars.next()? == 0 {
                    self.skip_branch()?;
                }
                self.branch()
            }
            op::COND_BREAK => {
                self.frame.scalars.next()?;
                self.branch()
            }
            op::BR_TABLE => self.branch_table(),
            op::FAIL => self.fail(),
            op::IMPORT_RESOLVED => {
                let scalars = &mut self.frame.scalars;
                let ordinal = scalars.cursor.u32()? ^ IMPORT;
                let import = self.module.imports.get(ordinal as usize);
                scalars.put(u32::from(import.is_some_and(|import| import.id.is_some())))
            }
            op::TRACE | op::PRINT => {
                self.frame.scalars.cursor.string()?;
                let list = self.frame.scalars.cursor.list(2)?;
                self.frame.release_moved(list)
            }
            _ => Err(Stop::Unverified),
        }
    }

    /// Takes the branch that comes next: copies or moves its registers, one
    /// pair after the other, and goes on behind the marker of its block.
    fn branch(&mut self) -> Result<(), Stop> {
        self.burn()?;
        let pc = self.frame.scalars.cursor.u32()?;
        let mut pairs = operands(self.frame.scalars.cursor.list(4)?);
        while let (Some(source), Some(target)) = (pairs.next(), pairs.next()) {
            if source & register::REF == 0 {
                let value = self.frame.scalars.get(source)?;
                self.frame.scalars.set(target, value)?;
            } else {
                let reference = self.frame.take_ref(source)?;
                self.frame.set_ref(target, reference)?;
            }
        }
        Ok(self.frame.scalars.cursor.jump(pc)?)
    }

    fn skip_branch(&mut self) -> Result<(), Stop> {
        let cursor = &mut self.frame.scalars.cursor;
        cursor.u32()?;
        cursor.list(4)?;
        Ok(())
    }

    /// A default branch, a count, and that many cases.
    fn branch_table(&mut self) -> Result<(), Stop> {
        let index = self.frame.scalars.next()?;
        let default = self.frame.scalars.cursor;
        self.skip_branch()?;
        if index < u32::from(self.frame.scalars.cursor.u16()?) {
            for _ in 0..index {
                self.skip_branch()?;
            }
        } else {
            self.frame.scalars.cursor = default;
        }
        self.branch()
    }

    /// Ends the invocation with the module's own status and message; goes on
    /// when the status is OK.
    fn fail(&mut self) -> Result<(), Stop> {
        let status = self.frame.scalars.next()?;
        let message = self.frame.scalars.cursor.string()?;
        if status == 0 {
            return Ok(());
        }
        let message = core::str::from_utf8(message).unwrap_or("(the message is not UTF-8)");
        Err(self.raise(Error::new(Code::from_number(status), message)))
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
