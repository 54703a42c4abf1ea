//! Execution of a recorded command buffer.

use core::cell::RefMut;
use core::ptr;

use arielml_arena::{Arena, Block, OutOfMemory, Shared, Vector};
use arielml_scheduler::{Failure, Scheduler};

use crate::abi::{DispatchState, LOCAL_MEMORY_PAGE};
use crate::buffer::{self, ALIGNMENT};
use crate::command_buffer::{Demand, Recording};
use crate::device::Device;
use crate::fault::{Fault, OrFull, Report};
use crate::recording::{FunctionWord, Head, Kind, WHOLE, workgroups};
use crate::region::{Grid, Region};
use crate::{Buffer, Executable};

/// What execution lays out; set aside when recording ends.
pub(crate) struct Scratch<'a> {
    /// The ranges that commands name: the caller's, then the command buffer's
    /// own buffers.
    pub(crate) slots: Vector<'a, Slot>,
    /// The dispatches between two barriers.
    grids: Vector<'a, Grid>,
    /// Room for their bindings, one dispatch after the other: the addresses,
    /// and in the second half the lengths.
    bindings: Vector<'a, usize>,
}

impl<'a> Scratch<'a> {
    pub(crate) fn new(arena: &'a Arena<'a>) -> Self {
        Scratch {
            slots: Vector::new(arena),
            grids: Vector::new(arena),
            bindings: Vector::new(arena),
        }
    }

    pub(crate) fn reserve(&mut self, slots: usize, demand: Demand) -> Result<(), OutOfMemory> {
        self.slots.reserve_exact(slots)?;
        self.grids.reserve_exact(demand.dispatches)?;
        let bindings = demand.bindings.saturating_mul(2);
        self.bindings.reserve_exact(bindings)?;
        (0..bindings).try_for_each(|_| self.bindings.push(0))
    }
}

/// A range of a buffer, checked to be there for this execution.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    /// Null when nothing is bound.
    start: *mut u8,
    length: usize,
    read_only: bool,
}

impl Slot {
    const UNBOUND: Slot = Slot { start: ptr::null_mut(), length: 0, read_only: false };

    fn new(
        report: &Report<'_>,
        buffer: &Buffer<'_>,
        offset: u32,
        length: u32,
    ) -> Result<Slot, Fault> {
        let (offset, mut length) = (offset as usize, length as usize);
        if length == WHOLE as usize {
            length = buffer.len().saturating_sub(offset);
        }
        let start = buffer.range(report, offset, length)?;
        Ok(Slot { start, length, read_only: buffer.is_read_only() })
    }
}

/// One execution of a command buffer: [`Execution::bind`] the caller's slots
/// in order, then [`Execution::run`].
pub(crate) struct Execution<'r, 'a> {
    pub(crate) recording: RefMut<'r, Recording<'a>>,
}

impl<'a> Execution<'_, 'a> {
    /// Binds the next slot to a range of `buffer`, or to nothing. Slots beyond
    /// the command buffer's are ignored.
    pub(crate) fn bind(
        &mut self,
        report: &Report<'_>,
        buffer: Option<&Buffer<'a>>,
        offset: u32,
        length: u32,
    ) -> Result<(), Fault> {
        if self.recording.scratch.slots.len() == self.recording.capacity {
            return Ok(());
        }
        let slot = match buffer {
            None => Slot::UNBOUND,
            Some(buffer) => Slot::new(report, buffer, offset, length)?,
        };
        self.recording.scratch.slots.push(slot).or_full(report)
    }

    /// Runs every command in order. After a fault nothing more is run.
    pub(crate) fn run(
        mut self,
        device: &Device<'a>,
        scheduler: &mut dyn Scheduler,
    ) -> Result<(), Fault> {
        let report = &device.report;
        let recording = &mut *self.recording;
        let scratch = &mut recording.scratch;
        while scratch.slots.len() < recording.capacity {
            scratch.slots.push(Slot::UNBOUND).or_full(report)?;
        }
        for buffer in recording.buffers.iter() {
            let slot = Slot::new(report, buffer, 0, WHOLE)?;
            scratch.slots.push(slot).or_full(report)?;
        }
        let workers = scheduler.workers();
        let stride = usize::from(recording.local_pages) * LOCAL_MEMORY_PAGE;
        let local = if stride == 0 {
            None
        } else {
            // A product beyond all memory fails as such.
            let length = stride.saturating_mul(workers as usize);
            Some(Block::stale(device.arena, length, ALIGNMENT).or_full(report)?)
        };
        let local_memory = local.as_ref().map_or(ptr::null_mut(), Block::as_ptr);

        let mut words: &[u32] = &recording.words;
        while !words.is_empty() {
            let Scratch { slots, grids, bindings } = scratch;
            grids.truncate(0);
            let executables = &recording.executables;
            let half = bindings.len() / 2;
            let (bindings, lengths) = bindings.split_at_mut(half);
            let mut stage =
                Stage { report, slots, executables, grids, bindings, lengths, workers, items: 0 };
            words = stage.prepare(words)?;
            // SAFETY: `prepare` filled in the grids from functions of the
            // executables and checked ranges, and `recording` keeps it all.
            // `local_pages` is the most that any grid asks for.
            let region = unsafe { Region::new(stage.grids, stage.items, local_memory, stride) };
            scheduler.run(&region).map_err(|failure| stage.failed(failure))?;
        }
        Ok(())
    }
}

/// The commands between two barriers.
struct Stage<'s, 'a> {
    report: &'s Report<'a>,
    slots: &'s [Slot],
    executables: &'s [Shared<'a, Executable<'a>>],
    grids: &'s mut Vector<'a, Grid>,
    /// What is left of the room for bindings.
    bindings: &'s mut [usize],
    lengths: &'s mut [usize],
    workers: u32,
    /// Workgroups of all dispatches so far.
    items: u32,
}

impl<'a> Stage<'_, 'a> {
    /// Lays out the dispatches up to the next barrier, carries out the
    /// transfers among them, and gives the words after them.
    fn prepare<'w>(&mut self, mut words: &'w [u32]) -> Result<&'w [u32], Fault> {
        loop {
            let (head, rest) = words.split_first().ok_or(Fault::Corrupt)?;
            let head = Head(*head);
            words = match head.kind() {
                Kind::Fill => self.fill(head, rest)?,
                Kind::Copy => self.copy(rest)?,
                Kind::Dispatch => self.dispatch(head, rest, false)?,
                Kind::DispatchIndirect => self.dispatch(head, rest, true)?,
            };
            match words.first() {
                Some(next) if !Head(*next).is_after_barrier() => {}
                _ => return Ok(words),
            }
        }
    }

    fn fill<'w>(&self, head: Head, words: &'w [u32]) -> Result<&'w [u32], Fault> {
        let (&[slot, offset, length, low, high], rest) =
            words.split_first_chunk().ok_or(Fault::Corrupt)?;
        let pattern = u64::from(high) << 32 | u64::from(low);
        let (target, length) = self.writable(slot, offset, length)?;
        let (offset, pattern_length) = (offset as usize, head.constants());
        // SAFETY: `writable` vouches for the range.
        unsafe { buffer::fill(self.report, target, offset, length, pattern, pattern_length)? };
        Ok(rest)
    }

    fn copy<'w>(&self, words: &'w [u32]) -> Result<&'w [u32], Fault> {
        let (&[source, source_offset, target, target_offset, length], rest) =
            words.split_first_chunk().ok_or(Fault::Corrupt)?;
        let (source, available) = self.range(source, source_offset, length)?;
        let (target, room) = self.writable(target, target_offset, length)?;
        // They differ only where the length was left open.
        if available != room {
            return Err(self.report.with(Fault::CopyLengths, available, room));
        }
        // SAFETY: `range` and `writable` vouch for the ranges.
        unsafe { buffer::copy(source, target, room)? };
        Ok(rest)
    }

    fn dispatch<'w>(
        &mut self,
        head: Head,
        words: &'w [u32],
        indirect: bool,
    ) -> Result<&'w [u32], Fault> {
        let (&[function, mut x, mut y, mut z], rest) =
            words.split_first_chunk().ok_or(Fault::Corrupt)?;
        let (constants, rest) = rest.split_at_checked(head.constants()).ok_or(Fault::Corrupt)?;
        let count = head.bindings();
        let (ranges, rest) = rest.split_at_checked(count * 3).ok_or(Fault::Corrupt)?;

        let function = FunctionWord(function);
        let executable = self.executables.get(function.executable()).ok_or(Fault::Corrupt)?;
        let (code, attributes) = executable.function(self.report, function.function())?;
        if indirect {
            let (counts, _) = self.range(x, y, 12)?;
            // SAFETY: `range` vouches for twelve bytes.
            [x, y, z] = unsafe { counts.cast::<[u32; 3]>().read_unaligned() };
        }
        let items = workgroups(x, y, z);
        let total = items.and_then(|items| self.items.checked_add(items));
        let (Some(items), Some(total)) = (items, total) else {
            return Err(self.report.about(Fault::Workgroups, executable.name(function.function())));
        };
        self.items = total;

        let left = core::mem::take(&mut self.bindings);
        let (bindings, left) = left.split_at_mut_checked(count).ok_or(Fault::Corrupt)?;
        self.bindings = left;
        let left = core::mem::take(&mut self.lengths);
        let (lengths, left) = left.split_at_mut_checked(count).ok_or(Fault::Corrupt)?;
        self.lengths = left;
        let room = bindings.iter_mut().zip(lengths.iter_mut());
        for (&[slot, offset, length], binding) in ranges.as_chunks().0.iter().zip(room) {
            let (start, length) = self
                .range(slot, offset, length)
                .map_err(|fault| self.report.about(fault, executable.name(function.function())))?;
            (*binding.0, *binding.1) = (start.expose_provenance(), length);
        }
        let state = DispatchState {
            workgroup_size_x: attributes.workgroup_size_x.max(1),
            workgroup_size_y: attributes.workgroup_size_y.max(1),
            workgroup_size_z: attributes.workgroup_size_z.max(1),
            constant_count: constants.len() as u16,
            workgroup_count_x: x,
            workgroup_count_y: y,
            workgroup_count_z: z as u16,
            max_concurrency: self.workers.min(0xFF) as u8,
            binding_count: count as u8,
            constants: constants.as_ptr(),
            bindings: bindings.as_ptr().cast(),
            binding_lengths: lengths.as_ptr(),
        };
        let environment = executable.environment();
        let local_pages = attributes.local_memory_pages;
        let grid = Grid { state, code, environment, items, function, local_pages };
        self.grids.push(grid).or_full(self.report)?;
        Ok(rest)
    }

    /// Where a range of a slot begins, and its length in bytes.
    #[inline(never)]
    fn range(&self, slot: u32, offset: u32, length: u32) -> Result<(*mut u8, usize), Fault> {
        let bound = self.slots.get(slot as usize).ok_or(Fault::Corrupt)?;
        let start = offset as usize;
        let rest = bound.length.wrapping_sub(start);
        let length = if length == WHOLE { rest } else { length as usize };
        if start > bound.length || length > rest {
            return Err(self.report.with(Fault::Range, start.saturating_add(length), bound.length));
        }
        if bound.start.is_null() {
            return Err(self.report.with(Fault::Unbound, slot as usize, 0));
        }
        Ok((bound.start.wrapping_add(start), length))
    }

    /// As [`Stage::range`], for bytes that a command writes.
    fn writable(&self, slot: u32, offset: u32, length: u32) -> Result<(*mut u8, usize), Fault> {
        match self.slots.get(slot as usize) {
            Some(bound) if bound.read_only => Err(Fault::ReadOnly),
            _ => self.range(slot, offset, length),
        }
    }

    /// Says which dispatch it was.
    #[cold]
    fn failed(&self, failure: Failure) -> Fault {
        let mut item = failure.item;
        for grid in self.grids.iter() {
            if item < grid.items {
                if let Some(executable) = self.executables.get(grid.function.executable()) {
                    let name = executable.name(grid.function.function());
                    self.report.about(Fault::DispatchFailed, name);
                }
                break;
            }
            item -= grid.items;
        }
        self.report.with(Fault::DispatchFailed, failure.status as usize, item as usize)
    }
}

#[cfg(test)]
mod tests;
