//! The structures that cross the C interface.

use std::ffi::c_char;

use crate::unicorn::{Functions, Handle};

/// What `create` needs for each core.
#[repr(C)]
pub struct Configuration {
    /// Unicorn's functions.
    pub functions: Functions,
    /// The open engine.
    pub engine: Handle,
    /// 0 Thumb, 1 RISC-V.
    pub isa: u32,
    /// 1 when the core has an FPU that start-up code must enable.
    pub fpu: u32,
    /// 1 when the core runs from reset on, 0 when another core starts it.
    pub starts: u32,
    /// Thumb: address of the vector table; else of the first instruction.
    pub reset_address: u32,
    /// How many `registers` there are.
    pub register_count: u32,
    /// Unicorn's ids of all registers a report shows.
    pub registers: *const i32,
    /// Unicorn's ids: program counter.
    pub pc: i32,
    /// Stack pointer.
    pub sp: i32,
    /// Link register.
    pub lr: i32,
    /// Thumb: PRIMASK; RISC-V: mie, or 0 for a core that has none.
    pub mask: i32,
    /// Thumb: xPSR; RISC-V: mstatus.
    pub status: i32,
    /// Core cycles a second.
    pub clock_hz: u64,
    /// The core's name, zero ended.
    pub core: *const c_char,
}

/// What `counters` gives of one core.
#[repr(C)]
#[derive(Default)]
pub struct Totals {
    /// Instructions since power-on.
    pub instructions: u64,
    /// Their cycles, estimated.
    pub cycles: u64,
    /// Cycles slept while another core ran.
    pub idle: u64,
    /// Resets the guest asked for.
    pub resets: u64,
    /// Watched calls that were nested too deep to follow.
    pub missed: u64,
}

/// What `fault` gives.
#[repr(C)]
pub struct FaultRecord {
    /// A `fault::Kind`.
    pub kind: u32,
    /// The address that was used, or 0.
    pub address: u32,
    /// Bytes of the access, or 0.
    pub size: u32,
    /// Exception, interrupt or error number, or 0.
    pub number: u32,
    /// The core that was running.
    pub core: u32,
    /// More for people, UTF-8, zero ended.
    pub message: [c_char; 256],
    /// The registers, in the order given to `create`.
    pub registers: [u32; 40],
}
