//! From a started board to the agent, and from a fault to its report.

use core::cell::UnsafeCell;

use arielml_agent::frame::Sender;
use arielml_agent::{
    Agent, Buffers, Crew, Error, Extension, Hal, Platform, Recorder, Session, answer_check,
    answer_record, report_fault,
};
use arielml_arena::Arena;
use arielml_bsp::Processor;
use arielml_bsp::arch::{Fault, stop};
use arielml_bsp::board::Board;
use arielml_bsp::stack;
use arielml_hal::LibraryQuery;

use crate::place::Place;
use crate::{layout, panic, parts};

/// What answers requests that only some images of a board know.
pub(crate) type BoardExtension<B> = Extension<<B as Board>::Uart, Processor<B>>;

type BoardAgent<B> = Agent<'static, <B as Board>::Uart, Processor<B>>;

/// What lives as long as the image runs, off the stack.
pub(crate) struct Places<B: Board, C> {
    arena: Place<Arena<'static>>,
    crew: Place<C>,
    library: Place<Option<LibraryQuery>>,
    agent: Place<BoardAgent<B>>,
}

impl<B: Board, C> Places<B, C> {
    pub(crate) const fn new() -> Self {
        Places {
            arena: Place::new(),
            crew: Place::new(),
            library: Place::new(),
            agent: Place::new(),
        }
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
    panic::report_with(report::<B>);
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
    // SAFETY: called once and first, as the caller vouches.
    let ((uart, timer), memory, buffers) =
        unsafe { (B::start(), layout::arena(), &mut *FRAMES.0.get()) };
    // SAFETY: likewise.
    let (arena, library, crew) = unsafe {
        let arena = places.arena.fill(Arena::new(memory));
        (arena, places.library.fill(layout::library()), places.crew.fill(crew))
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

/// Reports a fault of the processor; see `arielml_bsp::arch::entry`.
pub(crate) extern "C" fn fault<B: Board>(exception: u32, pc: u32, lr: u32, overflowed: bool) -> ! {
    let fault = Fault::read(exception, overflowed);
    let text = fault.text.as_bytes();
    match fault.value().map(hexadecimal) {
        Some(value) => report::<B>(fault.kind, &[text, b" 0x", &value], pc, lr),
        None => report::<B>(fault.kind, &[text], pc, lr),
    }
}

fn hexadecimal(value: u32) -> [u8; 8] {
    let mut digits = [0; 8];
    for (digit, place) in digits.iter_mut().zip((0..8).rev()) {
        let value = (value >> (4 * place) & 15) as u8;
        *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
    }
    digits
}

/// Sends a fault frame and stops.
fn report<B: Board>(kind: &str, text: &[&[u8]], pc: u32, lr: u32) -> ! {
    // SAFETY: what ran before runs no more, nor does it use its reference to
    // the buffers again.
    let (mut uart, buffers) = unsafe { (B::uart_after_fault(), &mut *FRAMES.0.get()) };
    if B::IDENTITY.cores == 1 {
        report_fault(&mut uart, &mut buffers.staging, kind, text, pc, lr);
        stop()
    }
    let core = stack::owner(B::IDENTITY.cores);
    let number = [b'0' + core as u8];
    let (before, number): (&[u8], &[u8]) =
        if core == 0 { (b"", b"") } else { (b", on core ", &number) };
    // There are three at most.
    let piece = |index: usize| text.get(index).copied().unwrap_or_default();
    let text = [piece(0), piece(1), piece(2), before, number];
    report_fault(&mut uart, &mut buffers.staging, kind, &text, pc, lr);
    stop()
}
