use arielml_arena::Vector;

use crate::interpreter::register;
use crate::{Code, Error, Object, Ref, Value};

/// One call of an import, as its host sees it: arguments are read in the
/// order of the calling convention, results given in that order.
///
/// Arguments are read straight from the caller's registers. Results reach
/// the registers when the call is over, after the references that the caller
/// moved into it were released.
pub struct Call<'c, 'a, O> {
    pub(crate) values: &'c [u32],
    pub(crate) refs: &'c [Ref<'a, O>],
    /// Letters of the arguments that are still to be read.
    pub(crate) arguments: &'c [u8],
    /// Their registers, two bytes each.
    pub(crate) operands: &'c [u8],
    /// One count of tuples for each argument to come, two bytes each; empty
    /// when no argument is variadic.
    pub(crate) segments: &'c [u8],
    /// Letters from the start of the current tuple.
    pub(crate) tuple: &'c [u8],
    /// Tuples to come, the current one included; 0 outside a segment.
    pub(crate) tuples: u16,
    pub(crate) result_letters: &'c [u8],
    pub(crate) results: &'c mut Vector<'a, Value<'a, O>>,
}

/// The host asked for an argument, or gave a result, that the import's
/// calling convention does not have at that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch;

impl From<Mismatch> for Error<'_> {
    #[cold]
    #[inline(never)]
    fn from(_: Mismatch) -> Self {
        Error::new(Code::Internal, "host and import differ about the calling convention")
    }
}

impl<'c, 'a, O: Object> Call<'c, 'a, O> {
    /// The next argument, an i32.
    #[inline(never)]
    pub fn i32(&mut self) -> Result<i32, Mismatch> {
        let register = self.next(b'i')?;
        self.values.get(register).map(|value| *value as i32).ok_or(Mismatch)
    }

    /// The next argument, an i64.
    #[inline(never)]
    pub fn i64(&mut self) -> Result<i64, Mismatch> {
        let register = self.next(b'I')?;
        register::pair(self.values, register).map(|value| value as i64).ok_or(Mismatch)
    }

    /// The next argument, an f32.
    pub fn f32(&mut self) -> Result<f32, Mismatch> {
        let register = self.next(b'f')?;
        self.values.get(register).map(|value| f32::from_bits(*value)).ok_or(Mismatch)
    }

    /// The next argument, an f64.
    pub fn f64(&mut self) -> Result<f64, Mismatch> {
        let register = self.next(b'F')?;
        register::pair(self.values, register).map(f64::from_bits).ok_or(Mismatch)
    }

    /// The next argument, a reference.
    #[inline(never)]
    pub fn reference(&mut self) -> Result<&'c Ref<'a, O>, Mismatch> {
        let register = self.next(b'r')?;
        self.refs.get(register & usize::from(register::ORDINAL)).ok_or(Mismatch)
    }

    /// Enters the next argument, a variadic segment, and gives its number of
    /// tuples; the fields of that many tuples come next.
    #[inline(never)]
    pub fn span(&mut self) -> Result<usize, Mismatch> {
        let (b'C', tuple) = self.arguments.split_first().ok_or(Mismatch)? else {
            return Err(Mismatch);
        };
        let count = self.segments.first_chunk().ok_or(Mismatch)?;
        self.tuples = u16::from_le_bytes(*count);
        self.tuple = tuple;
        self.arguments = tuple;
        if self.tuples == 0 {
            let end = tuple.iter().position(|&letter| letter == b'D').ok_or(Mismatch)?;
            self.finish_argument(tuple.get(end + 1..).unwrap_or_default());
        }
        Ok(usize::from(self.tuples))
    }

    /// Gives the next result, an i32.
    pub fn return_i32(&mut self, value: i32) -> Result<(), Mismatch> {
        self.give(Value::I32(value))
    }

    /// Gives the next result, an i64.
    pub fn return_i64(&mut self, value: i64) -> Result<(), Mismatch> {
        self.give(Value::I64(value))
    }

    /// Gives the next result, an f32.
    pub fn return_f32(&mut self, value: f32) -> Result<(), Mismatch> {
        self.give(Value::F32(value))
    }

    /// Gives the next result, an f64.
    pub fn return_f64(&mut self, value: f64) -> Result<(), Mismatch> {
        self.give(Value::F64(value))
    }

    /// Gives the next result, a reference.
    pub fn return_ref(&mut self, value: Ref<'a, O>) -> Result<(), Mismatch> {
        self.give(Value::Ref(value))
    }

    /// The register of the next argument, which must be of this letter.
    fn next(&mut self, letter: u8) -> Result<usize, Mismatch> {
        let (found, rest) = self.arguments.split_first().ok_or(Mismatch)?;
        let (register, operands) = self.operands.split_first_chunk().ok_or(Mismatch)?;
        if *found != letter {
            return Err(Mismatch);
        }
        self.operands = operands;
        self.arguments = rest;
        if self.tuples == 0 {
            self.finish_argument(rest);
        } else if let [b'D', rest @ ..] = rest {
            self.tuples -= 1;
            if self.tuples == 0 {
                self.finish_argument(rest);
            } else {
                self.arguments = self.tuple;
            }
        }
        Ok(usize::from(u16::from_le_bytes(*register)))
    }

    fn finish_argument(&mut self, rest: &'c [u8]) {
        self.arguments = rest;
        self.segments = self.segments.get(2..).unwrap_or_default();
    }

    /// The vector has room for every result of the calling convention.
    #[inline(never)]
    fn give(&mut self, value: Value<'a, O>) -> Result<(), Mismatch> {
        if self.result_letters.get(self.results.len()) != Some(&value.letter()) {
            return Err(Mismatch);
        }
        self.results.push(value).map_err(|_| Mismatch)
    }
}
