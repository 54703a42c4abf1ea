//! Runs verified bytecode.
//!
//! Calls within the module push frames in the arena, so the native stack does
//! not grow with them. Nothing here relies on the verifier for memory safety:
//! an operand that is out of range stops the run with an error.

mod buffers;
mod calls;
mod control;
mod float;
mod frame;
mod globals;
mod integer;
mod lists;
mod references;
pub mod register;
mod scalars;
mod stop;
#[cfg(test)]
mod tests;

use arielml_arena::{Arena, OutOfMemory, Vector};

pub use self::float::{FLOATS, Floats};
pub use self::frame::Frame;
pub use self::stop::Stop;
use crate::isa::{Set, core as op, ext_f64};
use crate::module::Module;
use crate::{At, Error, Host, Object, Ref, Value};

/// Frames that may be alive at once.
const DEPTH: usize = 64;

/// What lives as long as the instance.
pub struct State<'a, O> {
    /// Words of 32 bits.
    pub globals: Vector<'a, u32>,
    pub global_refs: Vector<'a, Ref<'a, O>>,
}

/// One invocation.
pub struct Machine<'m, 'a, O> {
    arena: &'a Arena<'a>,
    module: &'m Module<'a>,
    state: &'m mut State<'a, O>,
    /// The function that runs.
    frame: Frame<'a, O>,
    /// The functions that wait for it, the outermost first.
    callers: Vector<'a, Frame<'a, O>>,
    /// What the import that is being called gave.
    results: Vector<'a, Value<'a, O>>,
    /// Branches and calls still allowed; `None` for no limit.
    fuel: Option<u32>,
    /// What the error of [`Stop::Raised`] is.
    raised: Option<Error<'a>>,
    /// The values of any other error.
    values: [u32; 2],
}

impl<'m, 'a, O: Object> Machine<'m, 'a, O> {
    /// About to run the function of `frame`.
    #[inline(always)]
    pub fn new(
        module: &'m Module<'a>,
        state: &'m mut State<'a, O>,
        frame: Frame<'a, O>,
        fuel: Option<u32>,
        arena: &'a Arena<'a>,
    ) -> Self {
        let (callers, results) = (Vector::new(arena), Vector::new(arena));
        let (raised, values) = (None, [0; 2]);
        Machine { arena, module, state, frame, callers, results, fuel, raised, values }
    }

    /// Runs until the function returns; its results are appended to
    /// `results`.
    pub fn run<H: Host<'a, Object = O>>(
        &mut self,
        host: &mut H,
        results: &mut Vector<'a, Value<'a, O>>,
    ) -> Result<(), Error<'a>> {
        let stop = loop {
            if let Err(stop) = self.step(host, results) {
                break stop;
            }
        };
        let mut error = match stop {
            Stop::Finished => return Ok(()),
            Stop::Raised => self.raised.take().unwrap_or_else(|| Stop::Unverified.error()),
            stop => stop.error().with(self.values[0], self.values[1]),
        };
        if error.at.is_none() {
            let pc = self.frame.scalars.cursor.start();
            error.at = Some(At { function: self.frame.function, pc });
        }
        Err(error)
    }

    #[inline(always)]
    fn step<H: Host<'a, Object = O>>(
        &mut self,
        host: &mut H,
        results: &mut Vector<'a, Value<'a, O>>,
    ) -> Result<(), Stop> {
        let opcode = self.frame.scalars.cursor.opcode()?;
        match opcode {
            op::CALL | op::CALL_VARIADIC | op::CALL_YIELDABLE | op::CALL_VARIADIC_YIELDABLE => {
                self.call(opcode, host)
            }
            op::RETURN => self.leave(results),
            op::EXTENSION_F32 => self.extension(Set::F32, host.floats()),
            op::EXTENSION_F64 => self.extension(Set::F64, host.floats()),
            _ => self.core(opcode),
        }
    }

    /// An operation of the core set, other than a call or a return.
    fn core(&mut self, opcode: u8) -> Result<(), Stop> {
        let scalars = &mut self.frame.scalars;
        match opcode {
            op::BLOCK => Ok(()),
            op::GLOBAL_LOAD_I32..=op::GLOBAL_STORE_INDIRECT_I64 => self.global_value(opcode),
            op::GLOBAL_LOAD_REF..=op::GLOBAL_STORE_INDIRECT_REF => self.global_ref(opcode),
            op::CONST_I32_ZERO..=op::CONST_I64 => scalars.constant(opcode),
            op::SELECT_I32 | op::SELECT_I64 | op::SWITCH_I32 | op::SWITCH_I64 => {
                scalars.select(opcode)
            }
            op::CONST_REF_ZERO
            | op::CONST_REF_RODATA
            | op::SELECT_REF
            | op::SWITCH_REF
            | op::CMP_EQ_REF..=op::CMP_NZ_REF
            | op::CAST_ANY_REF
            | op::DISCARD_REFS
            | op::ASSIGN_REF => self.reference(opcode),
            op::LIST_ALLOC..=op::LIST_SET_REF => self.list(opcode),
            op::ADD_I32..=op::SHR_I64_U
            | op::CMP_EQ_I32..=op::CMP_NZ_I64
            | op::CTLZ_I32..=op::ABS_I64
            | op::MIN_I32_S..=op::MAX_I64_U => scalars.integer(opcode),
            op::TRUNC_I32_I8..=op::EXT_I32_I64_U => scalars.convert(opcode),
            op::BUFFER_LOAD_I8_U..=op::BUFFER_FILL_I64 | op::BUFFER_HASH => self.buffer(opcode),
            _ => self.control(opcode),
        }
    }

    /// An operation of one of the float sets.
    fn extension(&mut self, set: Set, floats: Option<Floats>) -> Result<(), Stop> {
        let opcode = self.frame.scalars.cursor.u8()?;
        let wide = set == Set::F64;
        let floats = floats.ok_or(Stop::Unverified)?;
        if matches!(opcode, ext_f64::LIST_GET_F64 | ext_f64::LIST_SET_F64) {
            return self.list_float(opcode, wide, floats);
        }
        // The sets differ only in their conversions, so these come first.
        if !float::converts(opcode, wide) {
            let opcode = if wide { opcode } else { float::as_f64(opcode) };
            if let Some(opcode) = float::as_core(opcode, wide) {
                return self.core(opcode);
            }
        }
        (floats.run)(&mut self.frame.scalars, opcode, wide)
    }

    /// Keeps the values of an error until the run ends.
    #[cold]
    #[inline(never)]
    fn stop(&mut self, stop: Stop, first: usize, second: usize) -> Stop {
        self.values = [first as u32, second as u32];
        stop
    }

    /// Keeps an error until the run ends.
    #[cold]
    #[inline(never)]
    fn raise(&mut self, error: Error<'a>) -> Stop {
        self.raised = Some(error);
        Stop::Raised
    }

    #[cold]
    #[inline(never)]
    fn out_of_memory(&mut self, error: OutOfMemory) -> Stop {
        self.raise(error.into())
    }
}
