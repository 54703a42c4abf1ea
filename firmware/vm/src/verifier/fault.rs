use crate::cursor::Cut;
use crate::{Code, Error};

/// What is wrong with an operation. One byte, so that passing it on is cheap;
/// the numbers that go with it stay in the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Cut,
    Block,
    Unterminated,
    Opcode,
    Extension,
    LeftOut,
    Bank,
    Register,
    OddPair,
    Move,
    Global,
    GlobalRef,
    Type,
    Rodata,
    Target,
    Blocks,
    Callee,
    List,
    Segments,
}

impl From<Cut> for Fault {
    fn from(Cut: Cut) -> Self {
        Fault::Cut
    }
}

impl Fault {
    #[cold]
    pub fn error<'a>(self) -> Error<'a> {
        let message = match self {
            Fault::Cut => "bytecode ends within an operation",
            Fault::Block => {
                "block marker within a block, or operation outside of one: opcode, marker"
            }
            Fault::Unterminated => "function or its last block does not end",
            Fault::Opcode => "unknown opcode: opcode",
            Fault::Extension => {
                "extension opcode in a function that does not require it: bits found, bit needed"
            }
            Fault::LeftOut => "opcode left out of this build (feature `math`)",
            Fault::Bank => "operand names a register of the other bank: operand, registers",
            Fault::Register => "register out of range: operand, registers",
            Fault::OddPair => "64-bit value in an odd register: operand, registers",
            Fault::Move => "move bit where nothing can move: operand, registers",
            Fault::Global => "global out of range: offset, bytes",
            Fault::GlobalRef => "global reference out of range: ordinal, count",
            Fault::Type => "type out of range: ordinal, count",
            Fault::Rodata => "data segment out of range: ordinal, count",
            Fault::Target => "branch to where no block begins: target, function's end",
            Fault::Blocks => "more blocks than the function declares: at least, declared",
            Fault::Callee => "callee out of range: ordinal, count",
            Fault::List => "register list does not fit the calling convention: left, needed",
            Fault::Segments => "segment sizes do not fit the calling convention",
        };
        let code = if self == Fault::LeftOut { Code::Unimplemented } else { Code::InvalidArgument };
        Error::new(code, message)
    }
}
