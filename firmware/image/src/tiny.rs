//! The program of images that speak the MLPerf Tiny runner's protocol.

use arielml_agent::Crew;
use arielml_bsp::Processor;
use arielml_bsp::arch::stop;
use arielml_bsp::board::Board;
use arielml_mlperf::{Description, Device, report_fault};

use crate::layout;
use crate::place::Place;
use crate::run::{ModelPlaces, with_core};

type BoardDevice<B> = Device<'static, <B as Board>::Uart, Processor<B>>;

/// What lives as long as the image runs, off the stack.
pub(crate) struct Places<B: Board, C> {
    model: ModelPlaces<C>,
    device: Place<BoardDevice<B>>,
}

impl<B: Board, C: Crew> Places<B, C> {
    pub(crate) const fn new() -> Self {
        Places { model: ModelPlaces::new(), device: Place::new() }
    }
}

/// Answers the runner on board `B`, with the cores `crew`.
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
) -> &'static mut BoardDevice<B> {
    // SAFETY: called once and first, as the caller vouches.
    let (uart, session) = unsafe { places.model.fill_in(crew) };
    let Some(description) = Description::read(layout::description()) else {
        report_fault(uart, "defect", &[b"the image has no description of its model"], 0, 0);
        stop()
    };
    // SAFETY: likewise.
    unsafe { places.device.fill(Device::new(uart, session, description)) }
}

/// Says in a line that there was a fault, and stops.
pub(crate) fn report<B: Board>(kind: &str, text: &[&[u8]], pc: u32, lr: u32) -> ! {
    // SAFETY: what ran before runs no more.
    let uart = unsafe { B::uart_after_fault() };
    with_core::<B, _>(text, |text| report_fault(uart, kind, text, pc, lr));
    stop()
}
