use arielml_arena::Arena;

use crate::LibraryQuery;
use crate::fault::Report;

/// What every import may need of the device.
pub(crate) struct Device<'a> {
    pub(crate) arena: &'a Arena<'a>,
    pub(crate) libraries: &'a [LibraryQuery],
    pub(crate) report: Report<'a>,
}

impl<'a> Device<'a> {
    pub(crate) fn new(arena: &'a Arena<'a>, libraries: &'a [LibraryQuery]) -> Self {
        Device { arena, libraries, report: Report::default() }
    }
}
