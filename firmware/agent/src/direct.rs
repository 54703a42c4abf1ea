//! A session for a program that speaks another protocol than the wire.

use arielml_arena::{Arena, Vector};
use arielml_hal::Sink;
use arielml_scheduler::Policy;
use arielml_vm::Error;

use crate::measured::arielml_call;
use crate::{Platform, Session};

/// Where what a model traces goes: nowhere.
struct Nowhere;

impl Sink for Nowhere {
    fn write(&mut self, _: &[u8]) {}
}

impl<'a, P: Platform> Session<'a, P> {
    /// Loads the model, for `workers` cores.
    pub fn start(&mut self, workers: u32, policy: Policy) -> Result<(), Error<'a>> {
        self.load(workers, policy, &mut Nowhere).map(|_| ())
    }

    /// Makes the first input, zeros of `rank` dimensions, which `next` gives.
    pub fn shape_input(
        &mut self,
        element_type: u32,
        rank: u32,
        next: impl FnMut() -> u32,
    ) -> Result<(), Error<'a>> {
        self.make_input(0, element_type, rank, next).map(|_| ())
    }

    /// Writes to the first input.
    pub fn write_input(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error<'a>> {
        self.write(0, offset, bytes)
    }

    /// Calls an export `times` times with the same inputs; `after` hears the
    /// ticks after each call. The outputs of the last one are kept.
    ///
    /// Nothing is measured beside, which a call over the wire does.
    pub fn repeat(
        &mut self,
        export: &str,
        times: u32,
        mut after: impl FnMut(u32),
    ) -> Result<(), Error<'a>> {
        self.clear_outputs();
        let arguments = self.arguments()?;
        let mut results = Vector::new(self.arena);
        for _ in 0..times {
            let (instance, hal) = self.loaded()?;
            hal.tracing_to(&mut Nowhere, |hal| {
                arielml_call(instance, hal, export, &arguments, &mut results)
            })?;
            after(self.platform.ticks());
        }
        self.keep(&results)
    }

    /// Bytes of the first output; 0 without one.
    pub fn output_length(&self) -> usize {
        self.first_output().map_or(0, |view| view.length)
    }

    /// Reads from the first output; leaves `target` alone where there is none.
    pub fn read_output(&self, offset: usize, target: &mut [u8]) {
        if let Some(view) = self.first_output()
            && offset.checked_add(target.len()).is_some_and(|end| end <= view.length)
        {
            let _ = view.buffer.read(view.offset + offset, target);
        }
    }

    /// The platform's ticks, of which there are [`Session::ticks_hz`] a second.
    pub fn ticks(&mut self) -> u32 {
        self.platform.ticks()
    }

    /// Where the model has its memory from.
    pub fn arena(&self) -> &'a Arena<'a> {
        self.arena
    }
}
