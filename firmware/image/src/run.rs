//! From a started board to the agent, and from a fault to its report.

use core::cell::UnsafeCell;

use arielml_agent::frame::Sender;
use arielml_agent::{
    Agent, Buffers, Crew, Error, Extension, Hal, Platform, Recorder, Session, answer_check,
    answer_record, report_fault,
};
use arielml_arena::Arena;
use arielml_bsp::Processor;
use arielml_bsp::arch::stop;
use arielml_bsp::board::Board;
use arielml_bsp::stack;
use arielml_hal::LibraryQuery;

use crate::place::Place;
use crate::{layout, parts};

/// What answers requests that only some images of a board know.
pub(crate) type BoardExtension<B> = Extension<<B as Board>::Uart, Processor<B>>;

/// A session on board `B`.
pub(crate) type BoardSession<B> = Session<'static, Processor<B>>;

type BoardAgent<B> = Agent<'static, <B as Board>::Uart, Processor<B>>;

/// What lives as long as the image runs, off the stack.
pub(crate) struct Places<B: Board, C> {
    model: ModelPlaces<C>,
    agent: Place<BoardAgent<B>>,
}

impl<B: Board, C: Crew> Places<B, C> {
    pub(crate) const fn new() -> Self {
        Places { model: ModelPlaces::new(), agent: Place::new() }
    }
}

/// What a session needs for as long.
pub(crate) struct ModelPlaces<C> {
    arena: Place<Arena<'static>>,
    crew: Place<C>,
    library: Place<Option<LibraryQuery>>,
}

impl<C: Crew> ModelPlaces<C> {
    pub(crate) const fn new() -> Self {
        ModelPlaces { arena: Place::new(), crew: Place::new(), library: Place::new() }
    }

    /// Starts board `B`: its UART, and a session with the image's model for
    /// the cores `crew`.
    ///
    /// # Safety
    /// Called once, first, on the only core that runs.
    #[inline(always)]
    pub(crate) unsafe fn fill_in<B: Board>(&'static self, crew: C) -> (B::Uart, BoardSession<B>) {
        // SAFETY: called once and first, as the caller vouches.
        let ((uart, timer), memory) = unsafe { (B::start(), layout::arena()) };
        // SAFETY: likewise.
        let (arena, library, crew) = unsafe {
            let arena = self.arena.fill(Arena::new(memory));
            (arena, self.library.fill(layout::library()), self.crew.fill(crew))
        };
        // SAFETY: the linker script points at the query function that IREE made.
        let hal: Hal = unsafe { Hal::new(arena, library.as_slice(), crew, parts::parts()) };
        let session = Session::new(
            Processor::new(timer),
            B::IDENTITY,
            layout::image_id(),
            arena,
            hal,
            layout::module(),
        );
        (uart, session)
    }
}

struct Frames(UnsafeCell<Buffers>);

// SAFETY: used by the agent, and by `report` when the agent runs no more.
unsafe impl Sync for Frames {}

static FRAMES: Frames = Frames(UnsafeCell::new(Buffers::new()));

/// Runs the agent on board `B`, with the cores `crew`.
///
/// # Safety
/// Called once, first, on the only core that runs.
pub(crate) unsafe fn run<B: Board, C: Crew>(places: &'static Places<B, C>, crew: C) -> ! {
    // SAFETY: the caller vouches for all that `prepare` asks.
    unsafe { prepare(places, crew) }.serve()
}

/// Apart from `run`, so that what it needs of the stack is free again.
///
/// # Safety
/// As for [`run`].
#[allow(clippy::mut_from_ref)] // see `Place::fill`
#[inline(never)]
unsafe fn prepare<B: Board, C: Crew>(
    places: &'static Places<B, C>,
    crew: C,
) -> &'static mut BoardAgent<B> {
    // SAFETY: the caller vouches for the first call.
    let (uart, session, buffers) = unsafe {
        let (uart, session) = places.model.fill_in(crew);
        (uart, session, &mut *FRAMES.0.get())
    };
    // SAFETY: likewise.
    let agent = unsafe { places.agent.fill(Agent::new(uart, buffers, session)) };
    // SAFETY: the linker takes one of the board whose vectors it takes.
    agent.extension = unsafe { parts::extension() };
    agent
}

/// Answers CHECK on board `B`.
pub(crate) fn check<B: Board>(
    session: &mut Session<'_, Processor<B>>,
    body: &[u8],
    sender: Sender<'_, B::Uart>,
    id: u32,
    error: &Error<'_>,
) {
    answer_check(arielml_bsp::check::run, session, body, sender, id, error);
}

/// What records the dispatches on board `B`.
pub(crate) type BoardRecorder<B> = Recorder<<Processor<B> as Platform>::Clock>;

/// Answers RECORD and RECORDS on board `B`, which has one recorder.
pub(crate) fn record<B: Board>(
    recorder: &'static BoardRecorder<B>,
    session: &mut Session<'_, Processor<B>>,
    body: &[u8],
    sender: Sender<'_, B::Uart>,
    id: u32,
    error: &Error<'_>,
) {
    // SAFETY: the recorder asks once.
    answer_record(recorder, || unsafe { layout::records() }, session, body, sender, id, error);
}

/// Sends a fault frame and stops.
pub(crate) fn report<B: Board>(kind: &str, text: &[&[u8]], pc: u32, lr: u32) -> ! {
    // SAFETY: what ran before runs no more, nor does it use its reference to
    // the buffers again.
    let (mut uart, buffers) = unsafe { (B::uart_after_fault(), &mut *FRAMES.0.get()) };
    with_core::<B, _>(text, |text| {
        report_fault(&mut uart, &mut buffers.staging, kind, text, pc, lr);
    });
    stop()
}

/// Gives what is known of a fault, and which core had it where there are several.
#[inline(always)]
pub(crate) fn with_core<B: Board, T>(text: &[&[u8]], give: impl FnOnce(&[&[u8]]) -> T) -> T {
    if B::IDENTITY.cores == 1 {
        return give(text);
    }
    let core = stack::owner(B::IDENTITY.cores);
    let number = [b'0' + core as u8];
    let (before, number): (&[u8], &[u8]) =
        if core == 0 { (b"", b"") } else { (b", on core ", &number) };
    // There are three at most.
    let piece = |index: usize| text.get(index).copied().unwrap_or_default();
    give(&[piece(0), piece(1), piece(2), before, number])
}
