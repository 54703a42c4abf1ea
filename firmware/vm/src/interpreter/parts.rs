use super::{Machine, Stop};
use crate::Object;

/// Operations that a module may do without, and then an image too.
///
/// They are reached through this value alone, so that the linker can drop what
/// the module at hand does not use: the float extensions bring half of a
/// mathematical library with them.
pub struct Part<'a, O>(pub(super) fn(&mut Machine<'a, O>, u8) -> Result<(), Stop>);

impl<O> Clone for Part<'_, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O> Copy for Part<'_, O> {}

impl<O: Object> Part<'_, O> {
    /// The f32 and f64 extensions.
    pub const EXTENSIONS: Self = Part(Machine::extension);
    /// Lists.
    pub const LISTS: Self = Part(Machine::list);
    /// Buffers, but for constants as arguments of calls.
    pub const BUFFERS: Self = Part(Machine::buffer);
    /// Division of integers, and the remainder.
    pub const DIVISION: Self = Part(Machine::divide);
}

/// The parts that there are.
#[allow(missing_docs)]
pub struct Parts<'a, O> {
    pub extensions: Option<Part<'a, O>>,
    pub lists: Option<Part<'a, O>>,
    pub buffers: Option<Part<'a, O>>,
    pub division: Option<Part<'a, O>>,
}

impl<O> Clone for Parts<'_, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O> Copy for Parts<'_, O> {}

impl<O: Object> Parts<'_, O> {
    /// All of them.
    pub const ALL: Self = Parts {
        extensions: Some(Part::EXTENSIONS),
        lists: Some(Part::LISTS),
        buffers: Some(Part::BUFFERS),
        division: Some(Part::DIVISION),
    };
}
