//! What can end a run before its time.

use crate::machine::Interrupt;

/// The kinds of fault; the numbers are part of the C interface.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Load from an address where nothing is mapped.
    ReadUnmapped = 1,
    /// Store to an address where nothing is mapped.
    WriteUnmapped = 2,
    /// Execution at an address where nothing is mapped.
    FetchUnmapped = 3,
    /// Load that the memory does not allow.
    ReadProtected = 4,
    /// Store to read-only memory.
    WriteProtected = 5,
    /// Execution of memory that does not allow it.
    FetchProtected = 6,
    /// An instruction that the core does not have.
    InvalidInstruction = 7,
    /// An exception; `number` is Unicorn's.
    Exception = 8,
    /// A peripheral was used in a way it does not have.
    Peripheral = 9,
    /// A peripheral's DMA pointed outside RAM.
    Dma = 10,
    /// A floating-point instruction before the FPU was enabled.
    FpuOff = 11,
    /// An interrupt would be taken; handlers are not entered here. `message`
    /// names one that has no number.
    Interrupt = 12,
    /// Execution reached address 0.
    NullBranch = 13,
    /// Unicorn refused for a reason of its own; `number` is its error code.
    Engine = 14,
    /// A defect of this library; `message` says which.
    Internal = 15,
}

/// One fault, as first seen.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What happened.
    pub kind: Kind,
    /// The guest address that was used, or 0.
    pub address: u32,
    /// Bytes of the access, or 0.
    pub size: u32,
    /// Exception, interrupt or error number, or 0.
    pub number: u32,
    /// More than the kind says, for people.
    pub message: String,
}

impl Fault {
    /// A fault at an address.
    pub fn at(kind: Kind, address: u32, message: impl Into<String>) -> Fault {
        Fault { kind, address, size: 0, number: 0, message: message.into() }
    }

    /// An interrupt that would be taken.
    pub fn interrupt(interrupt: Interrupt) -> Fault {
        let named = |name| Fault::at(Kind::Interrupt, 0, name);
        match interrupt {
            Interrupt::External(number) => Fault::numbered(Kind::Interrupt, number),
            Interrupt::Timer => named("the timer interrupt"),
            Interrupt::Software => named("the software interrupt"),
        }
    }

    /// A fault with a number.
    pub fn numbered(kind: Kind, number: u32) -> Fault {
        Fault { kind, address: 0, size: 0, number, message: String::new() }
    }
}
