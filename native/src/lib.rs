//! The native half of the `emu` runner: what is too slow in Python.
//!
//! Python owns the Unicorn engine and the guest's memories; it hands this
//! library Unicorn's functions as pointers, so nothing here links to Unicorn.
//! The library counts instructions and cycles from a block hook
//! ([`counter`]), adds what memories make cores wait ([`waits`]), models the
//! peripherals of a board ([`peripherals`]), puts the guest to sleep and wakes it,
//! and records the first fault.
//!
//! The C interface is in [`abi`]; its Python twin is
//! `pytest_arielml/runners/emu/native.py`.

pub mod abi;
pub mod bus;
pub mod counter;
pub mod fault;
mod hooks;
pub mod isa;
pub mod machine;
pub mod peripherals;
pub mod spans;
pub mod timing;
pub mod unicorn;
pub mod waits;
