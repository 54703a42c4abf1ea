//! Why an import is refused, cheaply.
//!
//! Nearly every step of an import may fail, and an `Error` is ten words.
//! Inside the HAL a failure is therefore one word, a [`Fault`], which comes
//! back in registers; the name and the numbers that belong to it are left in
//! the device's [`Report`]. The `Error` is put together once, where the import
//! returns.

use core::cell::Cell;

use arielml_arena::{Arena, OutOfMemory, Shortage};
use arielml_vm::{Code, Error, Text, text};

/// Lists the faults with their code and sentence.
macro_rules! faults {
    ($($fault:ident $code:ident $message:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub(crate) enum Fault { $($fault,)* }

        impl Fault {
            fn code(self) -> Code {
                match self { $(Fault::$fault => Code::$code,)* }
            }

            fn message(self) -> Text {
                match self { $(Fault::$fault => text!($message),)* }
            }
        }
    };
}

faults! {
    // Imports and their arguments.
    UnknownImport NotFound "no such import",
    OtherConvention Incompatible "import with another calling convention",
    LeftOut Unimplemented "import of no use with one device, or left out of this image",
    NullArgument InvalidArgument "null instead of a",
    OtherArgument InvalidArgument "another object instead of a",
    NotConstant InvalidArgument "a name that is not in the module's data",
    NoBytes InvalidArgument "null, not a buffer, or a buffer in use",
    NotASize OutOfRange "negative, or beyond memory: low, high 32 bits",
    // Buffers, files and views.
    ArenaFull ResourceExhausted "arena full: bytes asked, bytes free",
    Range OutOfRange "beyond the buffer: end of the range, buffer length",
    FileRange OutOfRange "beyond the file: end of the range, file length",
    Deallocated FailedPrecondition "use of a deallocated buffer",
    ReadOnly PermissionDenied "write to a read-only buffer",
    ReadOnlyFile PermissionDenied "a file in memory can only be read",
    FillPattern InvalidArgument "fill pattern length is not 1, 2, 4 or 8: found",
    FillAlignment InvalidArgument "fill is not aligned to its pattern: offset, length",
    Overlap InvalidArgument "copy between overlapping ranges",
    CopyLengths InvalidArgument "copy: bytes of the source, of the target",
    Word InvalidArgument "load or store of bytes: found, at most",
    ImportUsage PermissionDenied "import of constants for use that is not constant",
    ImportCopy Unavailable "import of data that is not constant and 64-byte aligned",
    Pool Unimplemented "allocation from a pool: pool",
    BufferLength InvalidArgument "buffer too short: bytes found, expected",
    ViewLength OutOfRange "the view's elements: bytes needed, bytes there",
    Encoding InvalidArgument "encoding: found, expected",
    ElementType InvalidArgument "element type: found, expected",
    Rank InvalidArgument "rank: found, expected",
    Dimension InvalidArgument "dimension: found, expected",
    DimensionIndex OutOfRange "dimension asked for, rank",
    // Fences.
    FenceFailed Unknown "wait on a fence that failed",
    FenceSignal Unknown "signal of a fence that failed",
    FenceDepth Unimplemented "join of more pending fences than 17, one after the other",
    FencePending FailedPrecondition "wait on a fence that no work before it signals",
    // Executables.
    NoDevice InvalidArgument "no device to select an allocator of",
    Format Incompatible "executable format other than static",
    NoLibrary NotFound "no executable library of this name is linked: libraries linked",
    LibraryVersion Incompatible "executable library version: found, supported",
    LibraryFeatures Unimplemented "executable library: features, sanitizer",
    LibraryTable FailedPrecondition "the executable library lacks a table",
    LibraryImport NotFound "no such function for the executable to import",
    LibraryLimits OutOfRange "a dispatch of more constants or bindings than 64",
    Constants InvalidArgument "executable constants: bytes found, 32-bit words expected",
    NoNames Unavailable "the executable was built without function names",
    NoFunction NotFound "no such function in the executable",
    NoCode Unavailable "no code for a function of the executable",
    FunctionIndex OutOfRange "executable function: found, functions there are",
    // Command buffers.
    Capacity OutOfRange "binding slots of a command buffer: found, at most",
    NotFinished FailedPrecondition "execution of a command buffer that is still being recorded",
    Finished FailedPrecondition "recording into a finished command buffer",
    Spent FailedPrecondition "second use of a one-shot command buffer",
    DebugGroups FailedPrecondition "debug groups begun and ended do not match",
    Slot OutOfRange "binding slot: found, slots there are",
    Unbound InvalidArgument "a command uses a slot that nothing is bound to: slot",
    Functions OutOfRange "executables or functions beyond 65535",
    Workgroups OutOfRange "more than 2^32 workgroups, or 2^16 in z",
    DispatchFlags Unimplemented "dispatch flags: found, refused",
    DispatchConstants InvalidArgument "dispatch constants: found, expected",
    DispatchBindings InvalidArgument "dispatch bindings: found, expected",
    DispatchFailed Internal "a dispatch failed: its status, workgroup",
    Corrupt Internal "a command buffer is corrupt",
}

/// What belongs to the latest fault.
#[derive(Default)]
pub(crate) struct Report<'a> {
    /// For a fault of the arena's.
    arena: Option<&'a Arena<'a>>,
    subject: Cell<&'a str>,
    values: Cell<[u32; 2]>,
    /// In place of the fault's own code.
    code: Cell<Option<Code>>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(arena: &'a Arena<'a>) -> Self {
        Report { arena: Some(arena), ..Report::default() }
    }

    /// The arena is full.
    #[cold]
    #[inline(never)]
    fn full(&self) -> Fault {
        let shortage = self.arena.map_or(Shortage::default(), Arena::shortage);
        self.with(Fault::ArenaFull, shortage.requested, shortage.available)
    }

    /// `fault` with its two numbers.
    #[cold]
    #[inline(never)]
    pub(crate) fn with(&self, fault: Fault, first: usize, second: usize) -> Fault {
        self.values.set([first as u32, second as u32]);
        fault
    }

    /// `fault` with the name that it is about.
    #[cold]
    #[inline(never)]
    pub(crate) fn about(&self, fault: Fault, subject: &'a str) -> Fault {
        self.subject.set(subject);
        fault
    }

    /// `fault` with another code than its own.
    #[cold]
    pub(crate) fn coded(&self, fault: Fault, code: Code) -> Fault {
        self.code.set(Some(code));
        fault
    }

    /// The code that `fault` has by now.
    pub(crate) fn code(&self, fault: Fault) -> Code {
        self.code.get().unwrap_or(fault.code())
    }

    /// The error that `fault` is, and an empty report.
    #[cold]
    #[inline(never)]
    pub(crate) fn error(&self, fault: Fault) -> Error<'a> {
        let [first, second] = self.values.take();
        let code = self.code.take().unwrap_or(fault.code());
        Error::new(code, fault.message()).about(self.subject.take()).with(first, second)
    }
}

/// Turns a failed allocation into a fault.
pub(crate) trait OrFull<T> {
    fn or_full(self, report: &Report<'_>) -> Result<T, Fault>;
}

impl<T> OrFull<T> for Result<T, OutOfMemory> {
    fn or_full(self, report: &Report<'_>) -> Result<T, Fault> {
        self.map_err(|OutOfMemory| report.full())
    }
}

/// A name of the module's data or of a library, for an error's subject.
pub(crate) fn name_of(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or("(not UTF-8)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_takes_along_all_that_was_reported() {
        let report = Report::default();
        let fault = report.about(report.with(Fault::Rank, 3, 4), "input");
        let error = report.error(fault);
        assert_eq!((error.code, error.subject), (Code::InvalidArgument, "input"));
        assert_eq!((&*error.message, error.values), ("rank: found, expected", [3, 4]));
        let fault = report.coded(Fault::FenceFailed, Code::DataLoss);
        assert_eq!(report.code(fault), Code::DataLoss);
        assert_eq!(report.error(fault).code, Code::DataLoss);
        let next = report.error(Fault::FenceFailed);
        assert_eq!((next.code, next.subject, next.values), (Code::Unknown, "", [0, 0]));
    }

    #[test]
    fn a_result_fits_in_registers() {
        assert_eq!(size_of::<Result<(), Fault>>(), 4);
        assert_eq!(size_of::<Result<u32, Fault>>(), 8);
    }
}
