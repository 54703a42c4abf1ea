//! Where the tensors of a module go that was compiled to be traced: before and
//! after each dispatch it passes them to `hal.buffer_view.trace`.
//!
//! The code that says how is that of the import alone ([`crate::Import::tracing`]),
//! so a build that does without the import does without all of it.

use crate::View;

/// Takes bytes.
pub trait Sink {
    /// Takes all of `bytes`, which lie in RAM.
    fn write(&mut self, bytes: &[u8]);
}

/// How a tensor is put into bytes.
pub trait Tracer {
    /// Writes `view` to `sink`: the tensor numbered `index` of those that the
    /// module calls `key`.
    fn trace(sink: &mut dyn Sink, key: &[u8], index: u32, view: &View<'_>);
}

/// Traces nothing.
pub(crate) enum Untraced {}

impl Tracer for Untraced {
    fn trace(_: &mut dyn Sink, _: &[u8], _: u32, _: &View<'_>) {}
}
