//! Modules put together by hand, for what the compiler does not emit.

use std::boxed::Box;
use std::vec::Vec;

use arielml_arena::{Arena, Vector};

use crate::isa::core as op;
use crate::module::{Function, Import};
use crate::signature::Signature;
use crate::{Call, Code, Error, Host, ImportId, Module, Object, Type, text};

/// An arena that is gone only when the test process ends.
pub fn arena() -> &'static Arena<'static> {
    let region = Box::leak(Box::new_uninit_slice(64 << 10));
    Box::leak(Box::new(Arena::new(region)))
}

/// A host without imports.
pub struct NoHost;

/// Its only object.
#[derive(Clone)]
pub struct Thing;

impl Object for Thing {
    fn type_id(&self) -> u8 {
        1
    }

    fn same(&self, _: &Self) -> bool {
        true
    }
}

impl<'a> Host<'a> for NoHost {
    type Object = Thing;

    fn resolve(&self, _: &'a [u8], _: &'a [u8]) -> Result<ImportId, Error<'a>> {
        Err(Error::new(Code::NotFound, text!("no such import")))
    }

    fn module_version(&self, _: &[u8]) -> Option<u32> {
        None
    }

    fn type_id(&self, _: &[u8]) -> Option<u8> {
        None
    }

    fn call(&mut self, _: ImportId, _: &mut Call<'_, 'a, Thing>) -> Result<(), Error<'a>> {
        Ok(())
    }
}

/// Bytecode that grows.
#[derive(Clone, Default)]
pub struct Assembly(pub Vec<u8>);

impl Assembly {
    /// At the start of a block.
    pub fn block() -> Self {
        Assembly::default().op(op::BLOCK)
    }

    pub fn op(mut self, opcode: u8) -> Self {
        self.0.push(opcode);
        self
    }

    pub fn u16(mut self, value: u16) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Register operands.
    pub fn operands<const N: usize>(self, operands: [u16; N]) -> Self {
        operands.into_iter().fold(self, Assembly::u16)
    }

    pub fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub fn string(mut self, text: &str) -> Self {
        self = self.u16(text.len() as u16);
        self.0.extend(text.as_bytes());
        self
    }

    /// A register list; of pairs when `size` is 2.
    pub fn list(mut self, registers: &[u16], size: usize) -> Self {
        if !self.0.len().is_multiple_of(2) {
            self.0.push(0);
        }
        self = self.u16((registers.len() / size) as u16);
        registers.iter().fold(self, |code, register| code.u16(*register))
    }

    pub fn returning(self, registers: &[u16]) -> Self {
        self.op(op::RETURN).list(registers, 1)
    }
}

/// The function that `code` is the body of.
pub fn function(
    cconv: &'static str,
    [values, refs]: [u16; 2],
    code: Assembly,
) -> Function<'static> {
    Function {
        code: Box::leak(code.0.into_boxed_slice()),
        cconv: cconv.as_bytes(),
        signature: Signature::parse(cconv.as_bytes()).unwrap(),
        values,
        refs,
        blocks: 8,
        requirements: 0xF,
    }
}

/// A module with types `i32`, `!vm.buffer`, `!vm.list`, and `!vm.opaque`,
/// eight bytes of globals, two global references, one data segment, and an
/// import `0iCrID_I` that is missing.
pub fn module(functions: impl IntoIterator<Item = Function<'static>>) -> Module<'static> {
    let arena = arena();
    let mut module = Module {
        name: b"testing",
        exports: Vector::new(arena),
        types: Vector::new(arena),
        rodata: Vector::new(arena),
        imports: Vector::new(arena),
        functions: Vector::new(arena),
        global_bytes: 8,
        global_refs: 2,
    };
    for known in [Type::I32, Type::Buffer, Type::List, Type::Opaque] {
        module.types.push(known).unwrap();
    }
    module.rodata.push(b"data").unwrap();
    let signature = Signature::parse(b"0iCrID_I").unwrap();
    module.imports.push(Import { signature, id: None }).unwrap();
    for function in functions {
        module.functions.push(function).unwrap();
    }
    module
}
