use crate::{Code, Error, text};

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
    LeftOut,
}

impl Stop {
    /// The error that it stands for.
    #[cold]
    pub fn error<'a>(self) -> Error<'a> {
        let (code, message) = match self {
            Stop::Finished | Stop::Raised | Stop::Unverified => {
                (Code::Internal, text!("bytecode is not as verified"))
            }
            Stop::DivisionByZero => (Code::InvalidArgument, text!("integer division by zero")),
            Stop::NoBuffer => (Code::InvalidArgument, text!("null, or not a buffer")),
            Stop::ReadOnly => (Code::PermissionDenied, text!("the buffer is read-only")),
            Stop::NoList => (Code::InvalidArgument, text!("null, or not a list")),
            Stop::ListKind => (
                Code::FailedPrecondition,
                text!("the list holds a value and not a reference, or a reference and not a value"),
            ),
            Stop::ListType => (Code::InvalidArgument, text!("the list is of another type")),
            Stop::InUse => (Code::FailedPrecondition, text!("the buffer or list is in use")),
            Stop::WrongType => (Code::InvalidArgument, text!("reference of another type")),
            Stop::OutOfFuel => {
                (Code::DeadlineExceeded, text!("out of time, or of branches and calls allowed"))
            }
            Stop::BufferRange => (
                Code::OutOfRange,
                text!("buffer access out of range: elements up to, buffer's bytes"),
            ),
            Stop::Alignment => (Code::InvalidArgument, text!("buffer alignment: asked, largest")),
            Stop::ListRange => (Code::OutOfRange, text!("list index out of range: index, length")),
            Stop::GlobalRange => {
                (Code::OutOfRange, text!("no such global: offset or ordinal, limit"))
            }
            Stop::TooDeep => (Code::ResourceExhausted, text!("calls nest too deep: frames, limit")),
            Stop::NoImport => {
                (Code::NotFound, text!("optional import is missing: ordinal, imports"))
            }
            Stop::LeftOut => {
                (Code::Unimplemented, text!("operation left out of this image: opcode"))
            }
            Stop::TooFewResults => {
                (Code::Internal, text!("host gave too few results: given, expected"))
            }
        };
        Error::new(code, message)
    }
}
