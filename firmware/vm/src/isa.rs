//! The instruction set: opcodes and the operands that each one has.
//!
//! From IREE's own description, `iree/vm/bytecode/isa/isa.json`, version 17.0.
//! An operand list is written as one letter per field:
//!
//! | letter | field |
//! |---|---|
//! | `i` | value register, 32 bits |
//! | `l` | pair of value registers, 64 bits |
//! | `r` | reference register |
//! | `m` | reference register that may carry the move bit |
//! | `g` `G` | byte offset of a 32-bit (64-bit) global |
//! | `o` | ordinal of a global reference |
//! | `t` | ordinal of a type |
//! | `d` | ordinal of a read-only data segment |
//! | `c` `C` | constant of 32 (64) bits |
//! | `s` | string |
//! | `b` | branch target, with the registers to remap |
//! | `v` | list of registers, of the kind that the next letter names |
//! | `a` | after `v`: of any kind; alone: the verifier has a routine for it |

pub mod core;
pub mod ext_f32;
pub mod ext_f64;

/// Which opcode set an opcode byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    Core,
    F32,
    F64,
}

/// Letters of the fields, in the order of their numbers from 1.
const LETTERS: &[u8; 15] = b"ilrmgGotdcCsbva";

/// Their numbers.
pub mod kind {
    pub const VALUE: u8 = 1;
    pub const PAIR: u8 = 2;
    pub const REF: u8 = 3;
    pub const MOVABLE: u8 = 4;
    pub const GLOBAL: u8 = 5;
    pub const WIDE_GLOBAL: u8 = 6;
    pub const GLOBAL_REF: u8 = 7;
    pub const TYPE: u8 = 8;
    pub const WORD: u8 = 10;
    pub const WIDE_WORD: u8 = 11;
    pub const STRING: u8 = 12;
    pub const BRANCH: u8 = 13;
    pub const LIST: u8 = 14;
    pub const ANY: u8 = 15;
}

/// The fields of an opcode, four bits each, the first one lowest.
#[derive(Clone, Copy)]
pub struct Shape(u32);

impl Shape {
    /// Whether there is no field, as of an opcode that does not exist.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kind of the next field; 0 when there is none.
    #[inline]
    pub fn next(&mut self) -> u8 {
        let kind = (self.0 & 0xF) as u8;
        self.0 >>= 4;
        kind
    }
}

/// The fields of `opcode`; none when the set has no such opcode.
pub fn shape(set: Set, opcode: u8) -> Shape {
    let (start, length) = match set {
        Set::Core => (0, core::SHAPES.len()),
        Set::F32 => (core::SHAPES.len(), ext_f32::SHAPES.len()),
        Set::F64 => (core::SHAPES.len() + ext_f32::SHAPES.len(), ext_f64::SHAPES.len()),
    };
    let opcode = usize::from(opcode);
    let number = if opcode < length { NUMBERS.get(start + opcode) } else { None };
    let shape = number.and_then(|number| SHAPES.get(usize::from(*number)));
    Shape(shape.copied().unwrap_or(0))
}

/// The name of `opcode` when this build has no routine for it: without the
/// `math` feature, the opcodes from atan to erf.
#[cfg(not(feature = "math"))]
pub fn left_out(set: Set, opcode: u8) -> Option<&'static str> {
    const NAMES: [&str; 16] = [
        "atan", "atan2", "cos", "sin", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2",
        "pow", "rsqrt", "sqrt", "tanh", "erf",
    ];
    let first = match set {
        Set::Core => return None,
        Set::F32 => ext_f32::ATAN_F32,
        Set::F64 => ext_f64::ATAN_F64,
    };
    NAMES.get(usize::from(opcode.wrapping_sub(first))).copied()
}

/// The name of `opcode` when this build has no routine for it: none.
#[cfg(feature = "math")]
pub fn left_out(_: Set, _: u8) -> Option<&'static str> {
    None
}

const OPCODES: usize = core::SHAPES.len() + ext_f32::SHAPES.len() + ext_f64::SHAPES.len();

/// Every opcode names its shape by number, as most shapes are shared.
static NUMBERS: [u8; OPCODES] = DENSE.numbers;
static SHAPES: [u32; DENSE.count] = DENSE.first();

const DENSE: Dense = Dense::new();

struct Dense {
    numbers: [u8; OPCODES],
    shapes: [u32; OPCODES],
    count: usize,
}

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler alone")]
impl Dense {
    const fn new() -> Self {
        let dense = Dense { numbers: [0; OPCODES], shapes: [0; OPCODES], count: 0 };
        let dense = dense.with(&core::SHAPES, 0);
        let dense = dense.with(&ext_f32::SHAPES, core::SHAPES.len());
        dense.with(&ext_f64::SHAPES, core::SHAPES.len() + ext_f32::SHAPES.len())
    }

    const fn with(mut self, shapes: &[u32], start: usize) -> Self {
        let mut opcode = 0;
        while opcode < shapes.len() {
            let mut number = 0;
            while number < self.count && self.shapes[number] != shapes[opcode] {
                number += 1;
            }
            self.shapes[number] = shapes[opcode];
            self.numbers[start + opcode] = number as u8;
            if number == self.count {
                self.count += 1;
            }
            opcode += 1;
        }
        self
    }

    const fn first<const N: usize>(&self) -> [u32; N] {
        let mut shapes = [0; N];
        let mut number = 0;
        while number < N {
            shapes[number] = self.shapes[number];
            number += 1;
        }
        shapes
    }
}

#[allow(clippy::indexing_slicing, clippy::panic, reason = "evaluated by the compiler alone")]
const fn pack(letters: &str) -> u32 {
    let letters = letters.as_bytes();
    let mut packed = 0;
    let mut field = letters.len();
    while field > 0 {
        field -= 1;
        let mut number = 0;
        while LETTERS[number] != letters[field] {
            number += 1;
        }
        packed = packed << 4 | (number as u32 + 1);
    }
    packed
}

/// Defines a constant for each opcode of a set and the table of its shapes,
/// which is as long as the highest opcode asks for.
macro_rules! opcodes {
    ($table:ident; $($name:ident = $code:literal, $shape:literal;)*) => {
        $(
            #[allow(missing_docs, dead_code, reason = "the set is listed whole")]
            pub const $name: u8 = $code;
        )*

        const LENGTH: usize = {
            let mut length = 0;
            $(if $code >= length { length = $code + 1; })*
            length
        };

        /// The shape of each opcode.
        #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler alone")]
        pub const $table: [u32; LENGTH] = {
            let mut shapes = [0; LENGTH];
            $(shapes[$code] = super::pack($shape);)*
            shapes
        };
    };
}
use opcodes;

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    fn letters(set: Set, opcode: u8) -> String {
        let mut shape = shape(set, opcode);
        let mut letters = String::new();
        loop {
            match shape.next() {
                0 => return letters,
                kind => letters.push(char::from(LETTERS[usize::from(kind) - 1])),
            }
        }
    }

    #[test]
    fn shapes_come_back_as_they_were_written() {
        assert_eq!(letters(Set::Core, core::GLOBAL_LOAD_I32), "gi");
        assert_eq!(letters(Set::Core, core::SWITCH_REF), "itmvmm");
        assert_eq!(letters(Set::Core, core::BUFFER_COMPARE), "rlrlli");
        assert_eq!(letters(Set::Core, core::BLOCK), "");
        assert_eq!(letters(Set::F32, ext_f32::CAST_F32_SI64), "il");
        assert_eq!(letters(Set::F64, ext_f64::BUFFER_FILL_F64), "rlll");
    }

    #[test]
    fn opcodes_beyond_the_end_of_a_set_have_no_shape() {
        assert_eq!(letters(Set::Core, 0x89), "");
        assert_eq!(letters(Set::F32, 0x3E), "");
        assert_eq!(letters(Set::F64, 0x40), "");
    }

    #[test]
    fn kinds_are_numbered_as_their_letters() {
        for (letter, kind) in [
            (b'i', kind::VALUE),
            (b'm', kind::MOVABLE),
            (b'o', kind::GLOBAL_REF),
            (b's', kind::STRING),
            (b'a', kind::ANY),
        ] {
            assert_eq!(LETTERS[usize::from(kind) - 1], letter);
        }
    }

    #[test]
    fn the_sets_are_complete() {
        assert_eq!(core::SHAPES.len(), 0x89);
        assert_eq!(ext_f32::SHAPES.len(), 0x3E);
        assert_eq!(ext_f64::SHAPES.len(), 0x40);
        for (opcode, shape) in core::SHAPES.iter().enumerate() {
            assert_eq!(*shape == 0, opcode == usize::from(core::BLOCK), "{opcode:#x}");
        }
    }
}
