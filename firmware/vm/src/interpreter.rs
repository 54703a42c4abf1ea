//! Runs verified bytecode.
//!
//! Calls within the module push registers onto stacks in the arena, so the
//! native stack does not grow with them. Nothing here relies on the verifier
//! for memory safety: an operand that is out of range reads as zero or null
//! and writes nothing.

mod buffers;
mod calls;
mod control;
mod float;
mod globals;
mod integer;
mod lists;
mod parts;
mod references;
pub mod register;
mod scalars;
mod stop;
#[cfg(test)]
mod tests;

use arielml_arena::{Arena, OutOfMemory, Vector};

pub use self::float::{FLOATS, Floats};
pub use self::parts::{Part, Parts};
use self::scalars::Scalars;
pub use self::stop::Stop;
use crate::call::Results;
use crate::cursor::Cursor;
use crate::isa::{core as op, ext_f64};
use crate::module::Module;
use crate::{At, Error, Host, Object, Ref, Value};

/// Functions that may be in the middle of a call at once.
const DEPTH: usize = 64;

/// A module with its globals and the registers of the functions that run.
pub struct Machine<'a, O> {
    pub module: Module<'a>,
    arena: &'a Arena<'a>,
    globals: Vector<'a, u32>,
    global_refs: Vector<'a, Ref<'a, O>>,
    scalars: Scalars<'a>,
    /// The reference registers, as the value registers of `scalars`.
    refs: Vector<'a, Ref<'a, O>>,
    refs_base: usize,
    /// Ordinal of the function that runs.
    function: u16,
    /// Where its current operation began.
    start: u32,
    /// The functions that wait for it, the outermost first.
    callers: Vector<'a, Caller<'a>>,
    /// What the import that is being called gave.
    results: Results<'a, O>,
    parts: Parts<'a, O>,
    /// Branches and calls still allowed; `None` for no limit.
    fuel: Option<u32>,
    /// What the error of [`Stop::Raised`] is.
    raised: Option<Error<'a>>,
    /// The values of any other error.
    values: [u32; 2],
}

/// A function that waits for one that it called.
struct Caller<'a> {
    cursor: Cursor<'a>,
    /// The registers that the callee's results go to.
    results: &'a [u8],
    function: u16,
    values_base: usize,
    refs_base: usize,
}

impl<'a, O: Object> Machine<'a, O> {
    /// `module` with its globals zero.
    pub fn new(module: Module<'a>, arena: &'a Arena<'a>) -> Result<Self, OutOfMemory> {
        let globals = Vector::from_fn(arena, module.global_bytes.div_ceil(4), |_| 0)?;
        let global_refs = Vector::from_fn(arena, module.global_refs, |_| Ref::Null)?;
        // Room for any one function: the stacks grow only by nesting calls.
        let (mut values, mut refs) = (0, 0);
        for function in module.functions.iter() {
            values = function.values.max(values);
            refs = function.refs.max(refs);
        }
        let mut machine = Machine {
            module,
            arena,
            globals,
            global_refs,
            scalars: Scalars { cursor: Cursor::new(&[]), values: Vector::new(arena), base: 0 },
            refs: Vector::new(arena),
            refs_base: 0,
            function: 0,
            start: 0,
            callers: Vector::new(arena),
            results: Results::new(),
            parts: Parts { extensions: None, lists: None, buffers: None, division: None },
            fuel: None,
            raised: None,
            values: [0; 2],
        };
        machine.scalars.values.reserve_exact(usize::from(values))?;
        machine.refs.reserve_exact(usize::from(refs))?;
        machine.callers.reserve_exact(1)?;
        Ok(machine)
    }

    /// Runs the function `ordinal` with `arguments`, which fit its calling
    /// convention, until it returns; its results are appended to `results`.
    pub fn run<H: Host<'a, Object = O>>(
        &mut self,
        host: &mut H,
        ordinal: u16,
        arguments: &[Value<'a, O>],
        results: &mut Vector<'a, Value<'a, O>>,
        fuel: Option<u32>,
    ) -> Result<(), Error<'a>> {
        self.fuel = if H::LIMITS { fuel.or_else(|| host.fuel()) } else { fuel };
        self.parts = host.parts();
        let mut stopped = self.start(ordinal, arguments);
        let stop = loop {
            match stopped {
                Ok(()) => stopped = self.step(host, results),
                Err(Stop::OutOfFuel) if H::LIMITS && fuel.is_none() && self.refuel(host) => {
                    stopped = Ok(())
                }
                Err(stop) => break stop,
            }
        };
        // Whatever was in the middle of a call is over.
        self.callers.truncate(0);
        self.results = Results::new();
        self.scalars.values.truncate(0);
        self.refs.truncate(0);
        if stop == Stop::Finished { Ok(()) } else { Err(self.error(stop)) }
    }

    /// Asks for more fuel, and goes back to the operation that had none: it
    /// has done nothing yet. Whether there is more.
    #[cold]
    #[inline(never)]
    fn refuel<H: Host<'a, Object = O>>(&mut self, host: &mut H) -> bool {
        self.fuel = host.fuel();
        self.scalars.cursor.jump(self.start);
        self.fuel != Some(0)
    }

    #[cold]
    fn error(&mut self, stop: Stop) -> Error<'a> {
        let mut error = match self.raised.take() {
            Some(error) => error,
            None => stop.error().with(self.values[0], self.values[1]),
        };
        error.at = error.at.or(Some(At { function: self.function, pc: self.start }));
        self.values = [0; 2];
        error
    }

    #[inline(always)]
    fn step<H: Host<'a, Object = O>>(
        &mut self,
        host: &mut H,
        results: &mut Vector<'a, Value<'a, O>>,
    ) -> Result<(), Stop> {
        self.start = self.scalars.cursor.pc();
        let opcode = self.scalars.cursor.opcode().ok_or(Stop::Unverified)?;
        match opcode {
            op::CALL | op::CALL_VARIADIC | op::CALL_YIELDABLE | op::CALL_VARIADIC_YIELDABLE => {
                self.call(opcode, host)
            }
            op::RETURN => self.leave(results),
            _ => self.core(opcode),
        }
    }

    /// An operation of the core set, other than a call or a return.
    fn core(&mut self, opcode: u8) -> Result<(), Stop> {
        let scalars = &mut self.scalars;
        match opcode {
            op::BLOCK => {}
            op::CONST_I32_ZERO..=op::CONST_I64 => scalars.constant(opcode),
            op::SELECT_I32 | op::SELECT_I64 | op::SWITCH_I32 | op::SWITCH_I64 => {
                scalars.select(opcode);
            }
            op::TRUNC_I32_I8..=op::EXT_I32_I64_U => scalars.convert(opcode),
            op::DIV_I32_S..=op::REM_I32_U | op::DIV_I64_S..=op::REM_I64_U => {
                return self.part(self.parts.division, opcode);
            }
            op::ADD_I32..=op::SHR_I64_U
            | op::CMP_EQ_I32..=op::CMP_NZ_I64
            | op::CTLZ_I32..=op::ABS_I64
            | op::MIN_I32_S..=op::MAX_I64_U => return scalars.integer(opcode),
            op::GLOBAL_LOAD_I32..=op::GLOBAL_STORE_INDIRECT_I64 => {
                return self.global_value(opcode);
            }
            op::GLOBAL_LOAD_REF..=op::GLOBAL_STORE_INDIRECT_REF => return self.global_ref(opcode),
            op::CONST_REF_ZERO
            | op::CONST_REF_RODATA
            | op::SELECT_REF
            | op::SWITCH_REF
            | op::CMP_EQ_REF..=op::CMP_NZ_REF
            | op::CAST_ANY_REF
            | op::DISCARD_REFS
            | op::ASSIGN_REF => return self.reference(opcode),
            op::LIST_ALLOC..=op::LIST_SET_REF => {
                return self.part(self.parts.lists, opcode);
            }
            op::BUFFER_LOAD_I8_U..=op::BUFFER_FILL_I64 | op::BUFFER_HASH => {
                return self.part(self.parts.buffers, opcode);
            }
            op::EXTENSION_F32 | op::EXTENSION_F64 => {
                return self.part(self.parts.extensions, opcode);
            }
            _ => return self.control(opcode),
        }
        Ok(())
    }

    /// An operation of a part that the image may do without.
    fn part(&mut self, part: Option<Part<'a, O>>, opcode: u8) -> Result<(), Stop> {
        match part {
            Some(Part(run)) => run(self, opcode),
            None => Err(self.stop(Stop::LeftOut, usize::from(opcode), 0)),
        }
    }

    /// An operation of the float set that `prefix` stands for.
    fn extension(&mut self, prefix: u8) -> Result<(), Stop> {
        let opcode = self.scalars.cursor.u8();
        let wide = prefix == op::EXTENSION_F64;
        if matches!(opcode, ext_f64::LIST_GET_F64 | ext_f64::LIST_SET_F64) {
            return self.list_float(opcode, wide, FLOATS);
        }
        // The sets differ only in their conversions, so these come first.
        if !float::converts(opcode, wide) {
            let opcode = if wide { opcode } else { float::as_f64(opcode) };
            if let Some(opcode) = float::as_core(opcode, wide) {
                return self.core(opcode);
            }
        }
        float::run(&mut self.scalars, opcode, wide)
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
    fn out_of_memory(&mut self, OutOfMemory: OutOfMemory) -> Stop {
        self.raise(Error::arena_full(self.arena))
    }
}
