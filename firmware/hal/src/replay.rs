//! Execution of a recorded command buffer.

use core::cell::RefMut;
use core::ptr;

use arielml_arena::{Arena, Block, OutOfMemory, Shared, Vector};
use arielml_scheduler::{Failure, Scheduler};

use crate::abi::{DispatchAttributes, DispatchFunction, DispatchState, LOCAL_MEMORY_PAGE};
use crate::buffer::{self, ALIGNMENT};
use crate::command_buffer::Recording;
use crate::device::Device;
use crate::fault::{Fault, OrFull, Report};
use crate::recording::{FunctionWord, Head, Kind, WHOLE, workgroups};
use crate::region::{Grid, Region};
use crate::{Buffer, Executable};

/// What execution works with; laid out when recording ends.
pub(crate) struct Scratch<'a> {
    /// The ranges that commands name: the caller's, then the command buffer's
    /// own buffers.
    pub(crate) slots: Vector<'a, Slot>,
    /// The dispatches, in order. All but where their bindings are stays the
    /// same from one execution to the next.
    grids: Vector<'a, Grid>,
    /// Their bindings, one dispatch after the other: the addresses, then the
    /// lengths.
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

    /// Sets aside what so many slots, dispatches and bindings need.
    pub(crate) fn reserve(
        &mut self,
        slots: usize,
        dispatches: usize,
        bindings: usize,
    ) -> Result<(), OutOfMemory> {
        self.slots.reserve_exact(slots)?;
        self.grids.reserve_exact(dispatches)?;
        self.bindings.reserve_exact(2 * bindings)?;
        self.bindings.fill_up(2 * bindings, || 0);
        Ok(())
    }

    /// Lays out a dispatch, of which the counts may come only at execution.
    pub(crate) fn add(
        &mut self,
        executable: &Executable<'a>,
        function: FunctionWord,
        (code, attributes): (DispatchFunction, &DispatchAttributes),
        constants: &[u32],
        workers: u32,
    ) {
        let state = DispatchState {
            workgroup_size_x: attributes.workgroup_size_x.max(1),
            workgroup_size_y: attributes.workgroup_size_y.max(1),
            workgroup_size_z: attributes.workgroup_size_z.max(1),
            constant_count: constants.len() as u16,
            workgroup_count_x: 0,
            workgroup_count_y: 0,
            workgroup_count_z: 0,
            max_concurrency: workers.min(0xFF) as u8,
            binding_count: attributes.binding_count,
            constants: constants.as_ptr(),
            bindings: ptr::null(),
            binding_lengths: ptr::null(),
        };
        let environment = executable.environment();
        let local_pages = attributes.local_memory_pages;
        self.grids.fill_up(1, || Grid {
            state,
            code,
            environment,
            items: 0,
            function,
            local_pages,
        });
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

        let Scratch { slots, grids, bindings } = scratch;
        let executables = &recording.executables;
        let mut words: &[u32] = &recording.words;
        let (mut grids, mut bindings): (&mut [Grid], &mut [usize]) = (grids, bindings);
        while !words.is_empty() {
            let mut stage =
                Stage { report, slots, executables, grids, bindings, used: 0, items: 0 };
            words = stage.prepare(words)?;
            let (ready, later) = stage.grids.split_at_mut_checked(stage.used).unwrap_or_default();
            // SAFETY: they were laid out from functions of the executables,
            // `prepare` filled in checked ranges, and `recording` keeps it
            // all. `local_pages` is the most that any grid asks for.
            let region = unsafe { Region::new(ready, stage.items, local_memory, stride) };
            let outcome = match device.watch.get() {
                None => scheduler.run(&region),
                Some(watch) => (watch.run)(watch.observer, device, &region, scheduler),
            };
            outcome.map_err(|failure| failed(report, executables, ready, failure))?;
            (grids, bindings) = (later, stage.bindings);
        }
        Ok(())
    }
}

/// The commands between two barriers.
struct Stage<'s, 'a> {
    report: &'s Report<'a>,
    slots: &'s [Slot],
    executables: &'s [Shared<'a, Executable<'a>>],
    /// The dispatches to come, of which so many are ready.
    grids: &'s mut [Grid],
    used: usize,
    /// Room for their bindings and for those after them.
    bindings: &'s mut [usize],
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
        let (&[_, mut x, mut y, mut z], rest) = words.split_first_chunk().ok_or(Fault::Corrupt)?;
        let count = head.bindings();
        let rest = rest.get(head.constants()..).ok_or(Fault::Corrupt)?;
        let (ranges, rest) = rest.split_at_checked(count * 3).ok_or(Fault::Corrupt)?;
        if indirect {
            let (counts, _) = self.range(x, y, 12)?;
            // SAFETY: `range` vouches for twelve bytes.
            [x, y, z] = unsafe { counts.cast::<[u32; 3]>().read_unaligned() };
        }
        // The addresses, and behind them the lengths.
        let room = core::mem::take(&mut self.bindings);
        let (addresses, room) = room.split_at_mut_checked(count).ok_or(Fault::Corrupt)?;
        let (lengths, room) = room.split_at_mut_checked(count).ok_or(Fault::Corrupt)?;
        self.bindings = room;
        let bindings = addresses.iter_mut().zip(lengths.iter_mut());
        for (&[slot, offset, length], (address, room)) in ranges.as_chunks().0.iter().zip(bindings)
        {
            match self.range(slot, offset, length) {
                Ok((start, length)) => (*address, *room) = (start.expose_provenance(), length),
                Err(fault) => return Err(self.about(fault)),
            }
        }
        let items = workgroups(x, y, z);
        let total = items.and_then(|items| self.items.checked_add(items));
        let (Some(items), Some(total)) = (items, total) else {
            return Err(self.about(Fault::Workgroups));
        };
        let grid = self.grids.get_mut(self.used).ok_or(Fault::Corrupt)?;
        self.used += 1;
        self.items = total;
        grid.items = items;
        grid.state.workgroup_count_x = x;
        grid.state.workgroup_count_y = y;
        grid.state.workgroup_count_z = z as u16;
        grid.state.bindings = addresses.as_ptr().cast();
        grid.state.binding_lengths = lengths.as_ptr();
        Ok(rest)
    }

    /// A fault of the dispatch that comes next.
    #[cold]
    #[inline(never)]
    fn about(&self, fault: Fault) -> Fault {
        match self.grids.get(self.used) {
            Some(grid) => self.report.about(fault, name_of(self.executables, grid.function)),
            None => fault,
        }
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
}

/// Says which dispatch it was.
#[cold]
#[inline(never)]
fn failed<'a>(
    report: &Report<'a>,
    executables: &[Shared<'a, Executable<'a>>],
    grids: &[Grid],
    failure: Failure,
) -> Fault {
    let mut item = failure.item;
    for grid in grids {
        if item < grid.items {
            report.about(Fault::DispatchFailed, name_of(executables, grid.function));
            break;
        }
        item -= grid.items;
    }
    report.with(Fault::DispatchFailed, failure.status as usize, item as usize)
}

fn name_of<'a>(executables: &[Shared<'a, Executable<'a>>], function: FunctionWord) -> &'a str {
    executables
        .get(function.executable())
        .map_or("", |executable| executable.name(function.function()))
}

#[cfg(test)]
mod tests;
