use arielml_arena::{Arena, Shortage};

use crate::text;
use crate::{Message, Text};

/// Canonical status codes, numbered as IREE numbers them
/// (`iree/base/status.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Code {
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
    Deferred = 17,
    Incompatible = 18,
}

impl Code {
    /// The code that IREE numbers `number`; `Unknown` for one that it does not.
    pub fn from_number(number: u32) -> Code {
        const CODES: [Code; 18] = [
            Code::Cancelled,
            Code::Unknown,
            Code::InvalidArgument,
            Code::DeadlineExceeded,
            Code::NotFound,
            Code::AlreadyExists,
            Code::PermissionDenied,
            Code::ResourceExhausted,
            Code::FailedPrecondition,
            Code::Aborted,
            Code::OutOfRange,
            Code::Unimplemented,
            Code::Internal,
            Code::Unavailable,
            Code::DataLoss,
            Code::Unauthenticated,
            Code::Deferred,
            Code::Incompatible,
        ];
        let index = (number as usize).wrapping_sub(1);
        CODES.get(index).copied().unwrap_or(Code::Unknown)
    }
}

/// Why something could not be done: a code, a sentence, and up to two
/// numbers that belong to it (the sentence says which).
#[derive(Clone, Copy)]
#[cfg_attr(not(target_os = "none"), derive(Debug, PartialEq, Eq))]
pub struct Error<'a> {
    /// The kind, as IREE names it.
    pub code: Code,
    /// What went wrong.
    pub message: Message<'a>,
    /// A name that belongs to the message, such as an import's; or empty.
    pub subject: &'a str,
    /// Numbers that belong to the message: found and expected, or asked and
    /// available.
    pub values: [u32; 2],
    /// Where in the bytecode, when that is known.
    pub at: Option<At>,
}

/// A place in a module's bytecode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Function ordinal.
    pub function: u16,
    /// Byte offset within the function.
    pub pc: u32,
}

impl<'a> Error<'a> {
    /// An error with a sentence and nothing more.
    pub const fn new(code: Code, message: Text) -> Self {
        Error { code, message: Message::Text(message), subject: "", values: [0; 2], at: None }
    }

    /// An error in the module's own words.
    pub const fn own(code: Code, message: &'a str) -> Self {
        Error { code, message: Message::Own(message), subject: "", values: [0; 2], at: None }
    }

    /// What the arena's latest failure is.
    #[cold]
    #[inline(never)]
    pub fn arena_full(arena: &Arena<'_>) -> Self {
        let Shortage { requested, available } = arena.shortage();
        Error::new(Code::ResourceExhausted, text!("arena full: bytes asked, bytes free"))
            .with(requested as u32, available as u32)
    }

    /// The same error with the name that it is about.
    pub const fn about(mut self, subject: &'a str) -> Self {
        self.subject = subject;
        self
    }

    /// The same error with its two numbers.
    pub const fn with(mut self, first: u32, second: u32) -> Self {
        self.values = [first, second];
        self
    }
}

/// A name of the module for an error to show.
#[cold]
#[inline(never)]
pub(crate) fn name_of(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or("(not UTF-8)")
}
