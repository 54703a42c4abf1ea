//! What the microcontrollers of Raspberry Pi have alike.

mod clocks;
mod mailbox;
mod resets;

pub use clocks::{CRYSTAL_HZ, Clocks};
pub use mailbox::launch;
pub use resets::Resets;
