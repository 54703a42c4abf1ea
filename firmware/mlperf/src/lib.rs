//! The device's end of the text protocol that the MLPerf Tiny runner speaks in
//! its performance and accuracy modes.
//!
//! Commands end in `%`; answers are lines, and the last line of each is
//! `m-ready`. Images have this in place of the agent's wire when they are
//! linked so, with a [`Description`] of what they run. Whatever is received,
//! it is answered and nothing else happens: a command that cannot be done gets
//! a line `e-[...]`.
#![no_std]

#[cfg(test)]
extern crate std;

mod command;
mod data;
mod description;
mod device;
mod fault;
mod line;
mod output;
mod stopwatch;
#[cfg(test)]
mod tests;
mod values;

pub use description::Description;
pub use device::Device;
pub use fault::report_fault;
