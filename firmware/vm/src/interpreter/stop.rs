use crate::cursor::Cut;
use crate::{Code, Error};

/// Why the machine stopped. One byte, as nearly every operation can give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The invoked function returned.
    Finished,
    /// The error, with its values, is in [`Machine::raised`](super::Machine).
    Raised,
    /// An operand is not what the verifier ensures.
    Unverified,
    DivisionByZero,
    NoBuffer,
    ReadOnly,
    NoList,
    ListKind,
    ListType,
    InUse,
    WrongType,
    OutOfFuel,
    // These have values.
    BufferRange,
    Alignment,
    ListRange,
    GlobalRange,
    TooDeep,
    NoImport,
    TooFewResults,
}

impl From<Cut> for Stop {
    fn from(Cut: Cut) -> Self {
        Stop::Unverified
    }
}

impl Stop {
    /// The error that it stands for.
    #[cold]
    pub fn error<'a>(self) -> Error<'a> {
        let (code, message) = match self {
            Stop::Finished | Stop::Raised | Stop::Unverified => {
                (Code::Internal, "bytecode is not as verified")
            }
            Stop::DivisionByZero => (Code::InvalidArgument, "integer division by zero"),
            Stop::NoBuffer => (Code::InvalidArgument, "null, or not a buffer"),
            Stop::ReadOnly => (Code::PermissionDenied, "the buffer is read-only"),
            Stop::NoList => (Code::InvalidArgument, "null, or not a list"),
            Stop::ListKind => (
                Code::FailedPrecondition,
                "the list holds a value and not a reference, or a reference and not a value",
            ),
            Stop::ListType => (Code::InvalidArgument, "the list is of another type"),
            Stop::InUse => (Code::FailedPrecondition, "the buffer or list is in use"),
            Stop::WrongType => (Code::InvalidArgument, "reference of another type"),
            Stop::OutOfFuel => (Code::DeadlineExceeded, "no branches or calls left"),
            Stop::BufferRange => {
                (Code::OutOfRange, "buffer access out of range: elements up to, buffer's bytes")
            }
            Stop::Alignment => (Code::InvalidArgument, "buffer alignment: asked, largest"),
            Stop::ListRange => (Code::OutOfRange, "list index out of range: index, length"),
            Stop::GlobalRange => (Code::OutOfRange, "no such global: offset or ordinal, limit"),
            Stop::TooDeep => (Code::ResourceExhausted, "calls nest too deep: frames, limit"),
            Stop::NoImport => (Code::NotFound, "optional import is missing: ordinal, imports"),
            Stop::TooFewResults => (Code::Internal, "host gave too few results: given, expected"),
        };
        Error::new(code, message)
    }
}
