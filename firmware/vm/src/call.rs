use crate::cursor::take;
use crate::interpreter::register;
use crate::{Object, Ref, Value};

/// The most results that an import can give.
pub const MAX_RESULTS: usize = 2;

/// One call of an import, as its host sees it: arguments are read in the
/// order of the calling convention, results given in that order.
///
/// The host checked the calling convention when it resolved the import, and
/// the verifier that the call is of it, so reading cannot fail: what is not
/// there reads as zero, null or no tuples.
///
/// Arguments are read straight from the caller's registers. Results reach
/// the registers when the call is over, after the references that the caller
/// moved into it were released.
pub struct Call<'c, 'a, O> {
    pub(crate) values: &'c [u32],
    pub(crate) refs: &'c [Ref<'a, O>],
    /// The registers of the arguments that are still to be read.
    pub(crate) operands: &'c [u8],
    /// For each argument from the last segment on: how many tuples a segment
    /// has, and [`NO_SEGMENT`] for what is none.
    pub(crate) segments: &'c [u8],
    pub(crate) results: &'c mut Results<'a, O>,
}

/// Stands in a list of segments for an argument that is not variadic.
const NO_SEGMENT: u16 = 0xFFFF;

/// What an import gives.
pub struct Results<'a, O> {
    pub values: [Value<'a, O>; MAX_RESULTS],
    pub count: usize,
}

impl<O> Results<'_, O> {
    pub const fn new() -> Self {
        Results { values: [const { Value::I32(0) }; MAX_RESULTS], count: 0 }
    }
}

impl<'c, 'a, O: Object> Call<'c, 'a, O> {
    /// The next argument, an i32.
    #[inline(never)]
    pub fn i32(&mut self) -> i32 {
        let register = self.operand();
        self.values.get(register).copied().unwrap_or(0) as i32
    }

    /// The next argument, an i64.
    #[inline(never)]
    pub fn i64(&mut self) -> i64 {
        register::pair(self.values, self.operand()) as i64
    }

    /// The next argument, an f32.
    pub fn f32(&mut self) -> f32 {
        f32::from_bits(self.i32() as u32)
    }

    /// The next argument, an f64.
    pub fn f64(&mut self) -> f64 {
        f64::from_bits(self.i64() as u64)
    }

    /// The next argument, a reference.
    #[inline(never)]
    pub fn reference(&mut self) -> &'c Ref<'a, O> {
        let ordinal = self.operand() & usize::from(register::ORDINAL);
        self.refs.get(ordinal).unwrap_or(&Ref::Null)
    }

    #[inline(always)]
    fn operand(&mut self) -> usize {
        usize::from(u16::from_le_bytes(take(&mut self.operands)))
    }

    /// Passes over arguments.
    pub fn skip(&mut self, count: usize) {
        self.operands = self.operands.get(2 * count..).unwrap_or_default();
    }

    /// Enters the next variadic argument and gives its number of tuples; the
    /// fields of that many tuples come next.
    #[inline(never)]
    pub fn span(&mut self) -> usize {
        while !self.segments.is_empty() {
            match u16::from_le_bytes(take(&mut self.segments)) {
                NO_SEGMENT => {}
                count => return usize::from(count),
            }
        }
        0
    }

    /// Gives the next result, an i32.
    pub fn return_i32(&mut self, value: i32) {
        self.give(Value::I32(value));
    }

    /// Gives the next result, an i64.
    pub fn return_i64(&mut self, value: i64) {
        self.give(Value::I64(value));
    }

    /// Gives the next result, an f32.
    pub fn return_f32(&mut self, value: f32) {
        self.give(Value::F32(value));
    }

    /// Gives the next result, an f64.
    pub fn return_f64(&mut self, value: f64) {
        self.give(Value::F64(value));
    }

    /// Gives the next result, a reference.
    pub fn return_ref(&mut self, value: Ref<'a, O>) {
        self.give(Value::Ref(value));
    }

    /// More than [`MAX_RESULTS`] are dropped; no import has them.
    #[inline(never)]
    fn give(&mut self, value: Value<'a, O>) {
        if let Some(result) = self.results.values.get_mut(self.results.count) {
            *result = value;
            self.results.count += 1;
        }
    }
}
