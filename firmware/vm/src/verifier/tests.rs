use super::verify;
use crate::interpreter::register::{MOVE, REF};
use crate::isa::{core as op, ext_f32};
use crate::module::Function;
use crate::testing::{Assembly, arena, function, module};
use crate::{Code, Error};

/// What is wrong with a function of three value registers and two reference
/// registers that takes `i` and returns `I`.
fn fault(code: Assembly) -> Error<'static> {
    let module = module([function("0i_I", [3, 2], code)]);
    verify(&module, arena()).unwrap_err()
}

fn fault_of(function: Function<'static>) -> Error<'static> {
    verify(&module([function]), arena()).unwrap_err()
}

/// A function that begins with `code`, which is at pc 1.
fn begins(code: impl FnOnce(Assembly) -> Assembly) -> Assembly {
    code(Assembly::block()).returning(&[0])
}

#[track_caller]
fn assert_fault(code: Assembly, message: &str, pc: u32, values: [u32; 2]) {
    let error = fault(code);
    assert!(error.message.contains(message), "{error:?}");
    assert_eq!((error.code, error.values), (Code::InvalidArgument, values), "{error:?}");
    assert_eq!(error.at.map(|at| (at.function, at.pc)), Some((0, pc)));
}

#[test]
fn a_function_without_fault() {
    let code = begins(|code| code.op(op::CONST_I64_ZERO).u16(0));
    assert!(verify(&module([function("0i_I", [3, 2], code)]), arena()).is_ok());
}

#[test]
fn registers() {
    let unary = |source, target| begins(|code| code.op(op::NOT_I32).operands([source, target]));
    assert_fault(unary(3, 0), "out of range", 1, [3, 3]);
    assert_fault(unary(0, 3), "out of range", 1, [3, 3]);
    assert_fault(unary(REF, 0), "other bank", 1, [0x8000, 2]);
    let wide = |source| begins(|code| code.op(op::NOT_I64).operands([source, 0]));
    assert_fault(wide(1), "odd register", 1, [1, 3]);
    assert_fault(wide(2), "out of range", 1, [2, 3]);
    let is_null = |source| begins(|code| code.op(op::CMP_NZ_REF).operands([source, 0]));
    assert_fault(is_null(0), "other bank", 1, [0, 3]);
    assert_fault(is_null(REF | 2), "out of range", 1, [0x8002, 2]);
    assert_fault(is_null(REF | MOVE), "move bit", 1, [0xC000, 2]);
}

#[test]
fn ordinals() {
    let load = |offset| begins(|code| code.op(op::GLOBAL_LOAD_I64).u32(offset).u16(0));
    assert_fault(load(4), "global out of range", 1, [4, 8]);
    assert_fault(load(u32::MAX), "global out of range", 1, [u32::MAX, 8]);
    let load = |offset| begins(|code| code.op(op::GLOBAL_LOAD_I32).u32(offset).u16(0));
    assert_fault(load(2), "global out of range", 1, [2, 8]);
    let load =
        |ordinal, kind| begins(|code| code.op(op::GLOBAL_LOAD_REF).u32(ordinal).u32(kind).u16(REF));
    assert_fault(load(2, 0), "global reference out of range", 1, [2, 2]);
    assert_fault(load(0, 4), "type out of range", 1, [4, 4]);
    let rodata = begins(|code| code.op(op::CONST_REF_RODATA).u32(1).u16(REF));
    assert_fault(rodata, "data segment out of range", 1, [1, 1]);
}

#[test]
fn branches() {
    let branch = |target, pairs: &[u16]| Assembly::block().op(op::BR).u32(target).list(pairs, 2);
    assert_fault(branch(100, &[]), "no block begins", 1, [100, 8]);
    let code = branch(9, &[]).op(op::BLOCK).returning(&[0]);
    assert_fault(code, "no block begins", 14, [9, 14]);
    let copies = |pair: [u16; 2]| branch(12, &pair).op(op::BLOCK).returning(&[0]);
    assert_fault(copies([0, REF]), "other bank", 1, [0x8000, 2]);
    assert_fault(copies([REF, 0]), "other bank", 1, [0, 3]);
    assert_fault(copies([REF, REF | MOVE | 1]), "move bit", 1, [0xC001, 2]);
    assert_fault(copies([3, 0]), "out of range", 1, [3, 3]);
}

#[test]
fn blocks() {
    assert_fault(Assembly::default().returning(&[0]), "outside of one", 0, [0x5A, 0x79]);
    assert_fault(Assembly::block().op(op::BLOCK), "within a block", 1, [0x79, 0x79]);
    assert_fault(Assembly::block(), "does not end", 1, [0, 0]);
    assert_fault(Assembly::default(), "does not end", 0, [0, 0]);
    let open = Assembly::block().op(op::CONST_I32_ZERO).u16(0);
    assert_fault(open, "does not end", 4, [0, 0]);
    let one = Assembly::block().returning(&[0]);
    let mut two = function("0i_I", [3, 2], Assembly([one.0.clone(), one.0].concat()));
    two.blocks = 1;
    let error = fault_of(two);
    assert!(error.message.contains("more blocks"), "{error:?}");
}

#[test]
fn calls_agree_with_the_calling_convention() {
    // Function 0 is `0i_I`, import 0 is `0iCrID_I`.
    let call = |arguments: &[u16], results: &[u16]| {
        begins(|code| code.op(op::CALL).u32(0).list(arguments, 1).list(results, 1))
    };
    assert!(verify(&module([function("0i_I", [3, 2], call(&[0], &[0]))]), arena()).is_ok());
    assert_fault(call(&[], &[0]), "register list", 1, [0, 1]);
    assert_fault(call(&[0, 0], &[0]), "register list", 1, [1, 0]);
    assert_fault(call(&[REF], &[0]), "other bank", 1, [0x8000, 2]);
    assert_fault(call(&[0], &[1]), "odd register", 1, [1, 3]);
    let unknown = begins(|code| code.op(op::CALL).u32(1).list(&[], 1).list(&[], 1));
    assert_fault(unknown, "callee", 1, [1, 1]);
    let variadic = |ordinal: u32, segments: &[u16], arguments: &[u16]| {
        begins(|code| {
            let code = code.op(op::CALL_VARIADIC).u32(ordinal).list(segments, 1);
            code.list(arguments, 1).list(&[0], 1)
        })
    };
    let import = 1 << 31;
    let good = variadic(import, &[0xFFFF, 2], &[0, REF, 0, REF | MOVE, 0]);
    assert!(verify(&module([function("0i_I", [3, 2], good)]), arena()).is_ok());
    assert_fault(variadic(import, &[0xFFFF, 2], &[0, REF, 0]), "register list", 1, [0, 2]);
    assert_fault(variadic(import, &[0xFFFF, 0], &[0, REF, 0]), "register list", 1, [2, 0]);
    assert_fault(variadic(import, &[0xFFFF], &[0]), "segment sizes", 1, [0, 0]);
    assert_fault(variadic(import, &[0xFFFF, 0, 0], &[0]), "segment sizes", 1, [0, 0]);
    assert_fault(variadic(0, &[0xFFFF], &[0]), "callee", 1, [0, 1]);
    let plain = begins(|code| code.op(op::CALL).u32(import).list(&[0; 5], 1).list(&[0], 1));
    assert_fault(plain, "segment sizes", 1, [0, 0]);
    assert_fault(Assembly::block().returning(&[]), "register list", 1, [0, 1]);
    assert_fault(Assembly::block().returning(&[REF]), "other bank", 1, [0x8000, 2]);
}

#[test]
fn opcodes() {
    assert_fault(begins(|code| code.op(0x89)), "unknown opcode", 1, [0x89, 0]);
    assert_fault(
        begins(|code| code.op(op::EXTENSION_F32).op(0x3E)),
        "unknown opcode",
        1,
        [0xE0, 0],
    );
    assert_fault(Assembly::block().op(op::FAIL).u16(0).u16(4), "ends within", 1, [0, 0]);
    assert_fault(Assembly::block().op(op::CONST_I32), "ends within", 1, [0, 0]);
    let code = begins(|code| code.op(op::EXTENSION_F32).op(ext_f32::CONST_F32_ZERO).u16(0));
    let mut function = function("0i_I", [3, 2], code);
    function.requirements = 0b1110;
    let error = fault_of(function);
    assert!(error.message.contains("does not require"), "{error:?}");
    assert_eq!(error.values, [0b1110, 1]);
}
