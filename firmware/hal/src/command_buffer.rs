use core::cell::{RefCell, RefMut};

use arielml_arena::{OutOfMemory, Shared, Vector};

use crate::abi::DispatchAttributes;
use crate::device::Device;
use crate::fault::{Fault, OrFull, Report};
use crate::recording::{FunctionWord, Head, Kind, workgroups};
use crate::replay::{Execution, Scratch};
use crate::{Buffer, Executable};

/// Commands recorded once and executed as often as asked.
///
/// Commands between two barriers are independent of each other; those after a
/// barrier start when all before it are done.
pub struct CommandBuffer<'a> {
    recording: RefCell<Recording<'a>>,
}

pub(crate) struct Recording<'a> {
    pub(crate) words: Vector<'a, u32>,
    /// Words of complete commands; an error may leave others after them.
    complete: usize,
    /// The caller's slots; the buffers come after them.
    pub(crate) capacity: usize,
    pub(crate) buffers: Vector<'a, Shared<'a, Buffer<'a>>>,
    pub(crate) executables: Vector<'a, Shared<'a, Executable<'a>>>,
    /// The most local memory that a dispatch asks for, in pages.
    pub(crate) local_pages: u16,
    pub(crate) scratch: Scratch<'a>,
    state: State,
    one_shot: bool,
    /// A barrier was recorded and no command after it yet.
    barrier: bool,
    debug_groups: u32,
    /// Dispatches and bindings of all commands.
    dispatches: usize,
    bindings: usize,
}

/// Words of a fill or a copy after its head.
const TRANSFER: usize = 5;

/// By how many words the recording grows: about four dispatches.
const ROOM_STEP: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Recording,
    Executable,
    /// One-shot, and executed.
    Spent,
}

/// A range as commands name it: by slot.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    pub(crate) slot: u32,
    pub(crate) offset: u32,
    /// [`crate::recording::WHOLE`] for all that follows the offset.
    pub(crate) length: u32,
}

/// Where a dispatch takes its number of workgroups from.
pub(crate) enum Workgroups {
    Count([u32; 3]),
    /// Three 32-bit words from the offset on.
    Indirect {
        slot: u32,
        offset: u32,
    },
}

impl<'a> CommandBuffer<'a> {
    /// An empty one, to record into. `capacity` is the number of slots that
    /// the caller binds at each execution.
    pub(crate) fn new(
        device: &Device<'a>,
        one_shot: bool,
        capacity: usize,
    ) -> Result<Shared<'a, CommandBuffer<'a>>, Fault> {
        let arena = device.arena;
        let recording = Recording {
            words: Vector::new(arena),
            complete: 0,
            capacity,
            buffers: Vector::new(arena),
            executables: Vector::new(arena),
            local_pages: 0,
            scratch: Scratch::new(arena),
            state: State::Recording,
            one_shot,
            barrier: false,
            debug_groups: 0,
            dispatches: 0,
            bindings: 0,
        };
        let commands = CommandBuffer { recording: RefCell::new(recording) };
        Shared::new(arena, commands).or_full(&device.report)
    }

    /// To record into, until recording ends.
    pub(crate) fn record(&self) -> Result<RefMut<'_, Recording<'a>>, Fault> {
        self.borrow(State::Recording)
    }

    /// To execute, once recording has ended. A one-shot command buffer gives
    /// this once.
    pub(crate) fn execution(&self) -> Result<Execution<'_, 'a>, Fault> {
        let mut recording = self.borrow(State::Executable)?;
        if recording.one_shot {
            recording.state = State::Spent;
        }
        recording.scratch.slots.truncate(0);
        Ok(Execution { recording })
    }

    #[inline(never)]
    fn borrow(&self, wanted: State) -> Result<RefMut<'_, Recording<'a>>, Fault> {
        let recording = self.recording.try_borrow_mut().map_err(|_| Fault::Finished)?;
        match recording.state {
            state if state == wanted => Ok(recording),
            State::Recording => Err(Fault::NotFinished),
            State::Executable => Err(Fault::Finished),
            State::Spent => Err(Fault::Spent),
        }
    }
}

impl<'a> Recording<'a> {
    /// The slot that names `buffer`, or the caller's slot `slot` when there is
    /// none.
    pub(crate) fn slot(
        &mut self,
        report: &Report<'_>,
        buffer: Option<&Shared<'a, Buffer<'a>>>,
        slot: u32,
    ) -> Result<u32, Fault> {
        match buffer {
            Some(buffer) => {
                let index = number(&mut self.buffers, buffer).or_full(report)?;
                Ok((self.capacity + index) as u32)
            }
            None if (slot as usize) < self.capacity => Ok(slot),
            None => Err(report.with(Fault::Slot, slot as usize, self.capacity)),
        }
    }

    /// Separates the commands after it from those before it.
    pub(crate) fn barrier(&mut self) {
        self.barrier = self.complete > 0;
    }

    pub(crate) fn begin_debug_group(&mut self) {
        self.debug_groups = self.debug_groups.saturating_add(1);
    }

    pub(crate) fn end_debug_group(&mut self) -> Result<(), Fault> {
        self.debug_groups = self.debug_groups.checked_sub(1).ok_or(Fault::DebugGroups)?;
        Ok(())
    }

    pub(crate) fn fill(
        &mut self,
        report: &Report<'_>,
        target: Range,
        pattern: u64,
        pattern_length: u8,
    ) -> Result<(), Fault> {
        let Range { slot, offset, length } = target;
        let words = [slot, offset, length, pattern as u32, (pattern >> 32) as u32];
        self.transfer(report, Kind::Fill, pattern_length, words)
    }

    /// Of `source`, the length is not used.
    pub(crate) fn copy(
        &mut self,
        report: &Report<'_>,
        source: Range,
        target: Range,
    ) -> Result<(), Fault> {
        let Range { slot, offset, length } = target;
        let words = [source.slot, source.offset, slot, offset, length];
        self.transfer(report, Kind::Copy, 0, words)
    }

    fn transfer(
        &mut self,
        report: &Report<'_>,
        kind: Kind,
        pattern_length: u8,
        words: [u32; TRANSFER],
    ) -> Result<(), Fault> {
        self.begin(report, kind, pattern_length, 0)?;
        self.push(report, &words)?;
        self.complete_command();
        Ok(())
    }

    /// Records the beginning of a dispatch and gives its function's attributes.
    /// As many constants and bindings as they say follow by
    /// [`Recording::push`], and then [`Recording::complete_command`].
    pub(crate) fn dispatch(
        &mut self,
        report: &Report<'a>,
        executable: &Shared<'a, Executable<'a>>,
        function: usize,
        groups: Workgroups,
    ) -> Result<&'a DispatchAttributes, Fault> {
        let (_, attributes) = executable.function(report, function)?;
        let index = number(&mut self.executables, executable).or_full(report)?;
        let word = FunctionWord::new(index, function).ok_or(Fault::Functions)?;
        let (kind, [x, y, z]) = match groups {
            Workgroups::Count([x, y, z]) => {
                let fault = || report.about(Fault::Workgroups, executable.name(function));
                workgroups(x, y, z).ok_or_else(fault)?;
                (Kind::Dispatch, [x, y, z])
            }
            Workgroups::Indirect { slot, offset } => (Kind::DispatchIndirect, [slot, offset, 0]),
        };
        let bindings = attributes.binding_count;
        self.begin(report, kind, attributes.constant_count, bindings)?;
        self.local_pages = self.local_pages.max(attributes.local_memory_pages);
        self.push(report, &[word.0, x, y, z])?;
        Ok(attributes)
    }

    /// Ends recording and lays out what execution needs, for so many workers.
    pub(crate) fn finish(&mut self, device: &Device<'a>, workers: u32) -> Result<(), Fault> {
        if self.debug_groups != 0 {
            return Err(Fault::DebugGroups);
        }
        let report = &device.report;
        self.words.truncate(self.complete);
        let slots = self.capacity.saturating_add(self.buffers.len());
        self.scratch.reserve(slots, self.dispatches, self.bindings).or_full(report)?;
        let mut words: &[u32] = &self.words;
        while let [head, rest @ ..] = words {
            let head = Head(*head);
            words = if let Kind::Fill | Kind::Copy = head.kind() {
                rest.get(TRANSFER..)
            } else {
                let [function, _, _, _, operands @ ..] = rest else { return Err(Fault::Corrupt) };
                let function = FunctionWord(*function);
                let executable = self.executables.get(function.executable());
                let executable = executable.ok_or(Fault::Corrupt)?;
                let (constants, bindings) =
                    operands.split_at_checked(head.constants()).ok_or(Fault::Corrupt)?;
                let code = executable.function(report, function.function())?;
                self.scratch.add(executable, function, code, constants, workers);
                bindings.get(3 * head.bindings()..)
            }
            .ok_or(Fault::Corrupt)?;
        }
        self.state = State::Executable;
        Ok(())
    }

    /// Begins a command; `constants` is the pattern's length in a fill.
    fn begin(
        &mut self,
        report: &Report<'_>,
        kind: Kind,
        constants: u8,
        bindings: u8,
    ) -> Result<(), Fault> {
        self.words.truncate(self.complete);
        self.push(report, &[Head::new(kind, self.barrier, constants, bindings).0])
    }

    /// Appends words of a command. Room for them grows by steps: doubling
    /// would leave half of it unused for as long as the model stays loaded.
    #[inline(never)]
    pub(crate) fn push(&mut self, report: &Report<'_>, words: &[u32]) -> Result<(), Fault> {
        if self.words.spare() < words.len() {
            self.words.reserve_exact(words.len().max(ROOM_STEP)).or_full(report)?;
        }
        self.words.extend(words);
        Ok(())
    }

    /// The words pushed so far are whole commands.
    pub(crate) fn complete_command(&mut self) {
        if let Some(&head) = self.words.get(self.complete) {
            let head = Head(head);
            if matches!(head.kind(), Kind::Dispatch | Kind::DispatchIndirect) {
                self.dispatches += 1;
                self.bindings += head.bindings();
            }
        }
        self.complete = self.words.len();
        self.barrier = false;
    }
}

/// The number of `value` among `known`, where it is put if it is new.
fn number<'a, T>(
    known: &mut Vector<'a, Shared<'a, T>>,
    value: &Shared<'a, T>,
) -> Result<usize, OutOfMemory> {
    match known.iter().position(|known| Shared::ptr_eq(known, value)) {
        Some(index) => Ok(index),
        None => known.push(value.clone()).map(|()| known.len() - 1),
    }
}
