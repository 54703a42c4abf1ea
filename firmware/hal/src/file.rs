use arielml_arena::Shared;
use arielml_vm::Ref;

use crate::device::Device;
use crate::fault::{Fault, OrFull, Report};
use crate::request::{bytes_of, copy_bytes};
use crate::{Buffer, Object};

/// A read-only file in memory: a range of a buffer of the module.
pub struct File<'a> {
    source: Ref<'a, Object<'a>>,
    offset: usize,
    length: usize,
}

impl<'a> File<'a> {
    /// The `length` bytes from `offset` on of `source`, which stays alive as
    /// long as the file.
    pub(crate) fn new(
        device: &Device<'a>,
        source: &Ref<'a, Object<'a>>,
        offset: usize,
        length: usize,
    ) -> Result<Shared<'a, File<'a>>, Fault> {
        let available = bytes_of(source)?.len();
        if offset > available || length > available - offset {
            let end = offset.saturating_add(length);
            return Err(device.report.with(Fault::Range, end, available));
        }
        let file = File { source: source.clone(), offset, length };
        Shared::new(device.arena, file).or_full(&device.report)
    }

    /// Copies `length` bytes from `offset` on to `target_offset` of `target`.
    pub(crate) fn read(
        &self,
        report: &Report<'_>,
        offset: usize,
        target: &Buffer<'a>,
        target_offset: usize,
        length: usize,
    ) -> Result<(), Fault> {
        if offset > self.length || length > self.length - offset {
            return Err(report.with(Fault::FileRange, offset.saturating_add(length), self.length));
        }
        copy_bytes(report, &self.source, self.offset + offset, target, target_offset, length)
    }
}
