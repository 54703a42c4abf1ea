use std::cell::Cell;
use std::mem::MaybeUninit;
use std::rc::Rc;
use std::time::{Duration, Instant};

use arielml_agent::{Agent, Buffers, Hal, Session, TRACE, report_fault};
use arielml_arena::Arena;
use arielml_hal::{Import, LibraryQuery, NAMES, Parts};
use arielml_scheduler::Sequential;
use arielml_vm::ImportId;

use crate::limit;
use crate::memory::Pinned;
use crate::platform::{IDENTITY, Machine, Output};

/// What a device runs.
#[derive(Clone, Copy)]
pub struct Image<'i> {
    /// The compiled module, aligned to 64 bytes.
    pub module: &'i [u8],
    /// How to find its kernels, if it has any.
    pub library: Option<LibraryQuery>,
    /// What tells it from other images.
    pub id: [u8; 8],
    /// Bytes of the arena.
    pub arena: usize,
}

/// A device with an image.
pub struct Device<'i> {
    image: Image<'i>,
    output: Output,
    reset: Rc<Cell<bool>>,
    /// `None` after a panic: it answers no more.
    program: Option<Program>,
}

/// The agent and what it borrows, in the order in which they are dropped.
struct Program {
    agent: Agent<'static, Output, Machine>,
    _buffers: Pinned<Buffers>,
    _arena: Pinned<Arena<'static>>,
    _region: Pinned<[MaybeUninit<u8>]>,
    _library: Pinned<Option<LibraryQuery>>,
    _id: Pinned<[u8; 8]>,
}

impl<'i> Device<'i> {
    /// A device that has greeted.
    ///
    /// # Safety
    /// `image.library` fulfils the contract of [`arielml_hal::Hal::new`] for
    /// as long as the device lives.
    pub unsafe fn new(image: Image<'i>) -> Self {
        let mut device =
            Device { image, output: Output::default(), reset: Rc::default(), program: None };
        // SAFETY: the caller vouches for the library.
        unsafe { device.start() };
        device
    }

    /// Gives the device bytes. It answers what they ask for before this
    /// returns; bytecode that runs for longer than `time` is ended.
    pub fn feed(&mut self, bytes: &[u8], time: Duration) {
        limit::within(time, || {
            for &byte in bytes {
                let Some(program) = &mut self.program else { return };
                program.agent.receive(byte);
                if self.reset.take() {
                    // SAFETY: whoever made the device vouched for the library.
                    unsafe { self.start() };
                }
            }
        });
    }

    /// Moves what the device sent to `target`, as much as it holds; how much.
    pub fn take(&mut self, target: &mut [u8]) -> usize {
        self.output.take(target)
    }

    /// The device answers no more, and says why: it is defective.
    pub(crate) fn fail(&mut self, text: &str) {
        self.program = None;
        let mut buffers = Buffers::new();
        report_fault(&mut self.output, &mut buffers.staging, "panic", &[text.as_bytes()], 0, 0);
    }

    /// Starts the program anew and lets it greet.
    ///
    /// # Safety
    /// As for [`Device::new`].
    unsafe fn start(&mut self) {
        // There may not be room for both.
        self.program = None;
        let machine = Machine { start: Instant::now(), reset: self.reset.clone() };
        // SAFETY: the caller vouches for the library. The module outlives the
        // device, so also the program, which nothing gives away.
        let program = unsafe {
            let module: &'static [u8] = &*std::ptr::from_ref(self.image.module);
            Program::new(self.image, module, machine, self.output.clone())
        };
        self.program.insert(program).agent.greet();
    }
}

impl Program {
    /// # Safety
    /// As for [`Device::new`]; `module` is not used after the program is dropped.
    unsafe fn new(
        image: Image<'_>,
        module: &'static [u8],
        machine: Machine,
        output: Output,
    ) -> Self {
        let mut region = Pinned::bytes(image.arena);
        let mut buffers = Pinned::new(Buffers::new());
        let (library, id) = (Pinned::new(image.library), Pinned::new(image.id));
        // SAFETY: the agent is the only one that is given what is borrowed
        // here, and is dropped before it.
        unsafe {
            let arena = Pinned::new(Arena::new(region.get_mut()));
            let parts = Parts { import, fuel: Some(limit::fuel), ..Parts::ALL };
            // Of no size: this allocates nothing, and nothing leaks.
            let alone = Box::leak(Box::new(Sequential));
            let libraries: &'static Option<LibraryQuery> = library.get();
            let hal: Hal<'static> = Hal::new(arena.get(), libraries.as_slice(), alone, parts);
            let session = Session::new(machine, IDENTITY, id.get(), arena.get(), hal, module);
            let agent = Agent::new(output, buffers.get_mut(), session);
            Program {
                agent,
                _buffers: buffers,
                _arena: arena,
                _region: region,
                _library: library,
                _id: id,
            }
        }
    }
}

/// All that the HAL has, with tensors traced over the wire.
fn import(id: ImportId) -> Option<Import> {
    match NAMES.get(usize::from(id)) {
        Some(&"buffer_view.trace") => Some(TRACE),
        _ => (Parts::ALL.import)(id),
    }
}
