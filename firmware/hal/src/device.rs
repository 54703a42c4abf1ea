use core::cell::Cell;
use core::ptr::NonNull;

use arielml_arena::Arena;

use crate::LibraryQuery;
use crate::fault::Report;
use crate::observer::Watch;
use crate::trace::Sink;

/// What every import may need of the device.
pub(crate) struct Device<'a> {
    pub(crate) arena: &'a Arena<'a>,
    pub(crate) libraries: &'a [LibraryQuery],
    pub(crate) report: Report<'a>,
    /// The import that was resolved last.
    pub(crate) last_import: Cell<usize>,
    /// Where traced tensors go; see [`crate::Hal::tracing_to`].
    pub(crate) sink: Cell<Option<NonNull<dyn Sink>>>,
    /// Who is told of dispatches.
    pub(crate) watch: Cell<Option<Watch<'a>>>,
    /// Dispatches so far, since there is an observer.
    pub(crate) dispatches: Cell<u32>,
}

impl<'a> Device<'a> {
    pub(crate) fn new(arena: &'a Arena<'a>, libraries: &'a [LibraryQuery]) -> Self {
        let (report, last_import) = (Report::new(arena), Cell::new(0));
        Device {
            arena,
            libraries,
            report,
            last_import,
            sink: Cell::new(None),
            watch: Cell::new(None),
            dispatches: Cell::new(0),
        }
    }
}
