//! The device's end of the wire: frames, requests, and the model that they
//! drive.
//!
//! Bytes come in through a [`Link`]; [`frame`] finds frames among them,
//! `request` reads what is asked, [`Session`] does it with the virtual
//! machine and the HAL, and `reply` writes the answer straight into a frame.
//! Everything from the wire is checked before it is used, and whatever comes
//! over it, the agent answers or ignores it and goes on.
#![no_std]

#[cfg(test)]
extern crate std;

mod agent;
mod cbor;
mod check;
mod crc;
mod crew;
mod direct;
mod extension;
mod fault;
pub mod frame;
mod measured;
mod record;
mod reply;
mod request;
mod session;
#[cfg(test)]
mod tests;
mod trace;

pub use agent::{Agent, Buffers};
pub use arielml_vm::{Code, Error, text};
pub use check::{CHECK_ARGUMENTS, Check, Checked, answer_check};
pub use crew::Crew;
pub use extension::Extension;
pub use fault::report_fault;
pub use measured::Hal;
pub use record::{Record, Recorder, answer_record};
pub use session::Session;
pub use trace::TRACE;

/// The version of the protocol that the agent speaks.
pub const PROTOCOL: u32 = 2;

/// Where the bytes come from and go to. Both ways block.
pub trait Link {
    /// Waits for the next byte.
    fn read(&mut self) -> u8;

    /// Sends all of `bytes`, which lie in RAM (a UART with DMA may reach
    /// nothing else); returns when they are sent.
    fn write(&mut self, bytes: &[u8]);
}

/// What the agent asks of the processor that it runs on.
pub trait Platform {
    /// What other cores know of it.
    type Clock: Clock;

    /// See [`Clock`].
    fn clock(&self) -> Self::Clock;

    /// A free-running count at the identity's `ticks_hz`; it wraps.
    fn ticks(&mut self) -> u32;

    /// Bytes that are reserved for the stack.
    fn stack_size(&self) -> u32;

    /// Marks the unused part of the stack, below the caller's frame.
    fn paint_stack(&mut self);

    /// Bytes of stack that were used at most since the last
    /// [`Platform::paint_stack`].
    fn stack_peak(&mut self) -> u32;

    /// Starts the device anew. On hardware it does not return.
    fn reset(&mut self);
}

/// The time and the stacks, for whatever core asks.
pub trait Clock: Copy + Sync {
    /// As [`Platform::ticks`], on worker `worker`.
    fn ticks(&self, worker: u32) -> u32;

    /// Bytes of the first core's stack that were used at most so far, given
    /// that at least `known` were. It looks no further below them than it
    /// must, and may miss what lies below much that was left alone.
    fn stack(&self, known: u32) -> u32;
}

/// What a board says about itself.
#[derive(Clone, Copy)]
pub struct Identity {
    /// Name of the board's description on the host.
    pub board: &'static str,
    /// Cores that run work items.
    pub cores: u32,
    /// Clock of the cores.
    pub clock_hz: u32,
    /// Ticks a second of [`Platform::ticks`].
    pub ticks_hz: u32,
}
