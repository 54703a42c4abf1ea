use crate::{Code, Error, text};

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

impl Fault {
    #[cold]
    pub fn error<'a>(self) -> Error<'a> {
        let message = match self {
            Fault::Cut => text!("bytecode ends within an operation"),
            Fault::Block => {
                text!("block marker within a block, or operation outside of one: opcode, marker")
            }
            Fault::Unterminated => text!("function or its last block does not end"),
            Fault::Opcode => text!("unknown opcode: opcode"),
            Fault::Extension => text!(
                "extension opcode in a function that does not require it: bits found, bit needed"
            ),
            Fault::LeftOut => text!("opcode left out of this build (feature `math`)"),
            Fault::Bank => text!("operand names a register of the other bank: operand, registers"),
            Fault::Register => text!("register out of range: operand, registers"),
            Fault::OddPair => text!("64-bit value in an odd register: operand, registers"),
            Fault::Move => text!("move bit where nothing can move: operand, registers"),
            Fault::Global => text!("global out of range: offset, bytes"),
            Fault::GlobalRef => text!("global reference out of range: ordinal, count"),
            Fault::Type => text!("type out of range: ordinal, count"),
            Fault::Rodata => text!("data segment out of range: ordinal, count"),
            Fault::Target => text!("branch to where no block begins: target, function's end"),
            Fault::Blocks => text!("more blocks than the function declares: at least, declared"),
            Fault::Callee => text!("callee out of range: ordinal, count"),
            Fault::List => text!("register list does not fit the calling convention: left, needed"),
            Fault::Segments => text!("segment sizes do not fit the calling convention"),
        };
        let code = if self == Fault::LeftOut { Code::Unimplemented } else { Code::InvalidArgument };
        Error::new(code, message)
    }
}
