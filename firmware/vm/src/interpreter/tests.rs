//! What the compiler does not emit, and what only shows inside.

use std::vec::Vec;

use arielml_arena::Vector;

use super::Machine;
use super::register::{MOVE, REF};
use crate::isa::{core as op, ext_f64};
use crate::module::Function;
use crate::testing::{Assembly, NoHost, Thing, arena, function, module};
use crate::verifier::verify;
use crate::{Code, Error, Ref, Value};

type Results = Vector<'static, Value<'static, Thing>>;

/// Verifies the module of `machine` and runs its first function.
fn run_with(
    machine: &mut Machine<'static, Thing>,
    arguments: &[Value<'static, Thing>],
) -> Result<Results, Error<'static>> {
    verify(&machine.module, arena())?;
    let mut results = Vector::new(arena());
    machine.run(&mut NoHost, 0, arguments, &mut results, None)?;
    Ok(results)
}

fn machine(functions: impl IntoIterator<Item = Function<'static>>) -> Machine<'static, Thing> {
    Machine::new(module(functions), arena()).unwrap()
}

fn run(
    cconv: &'static str,
    registers: [u16; 2],
    code: Assembly,
    arguments: &[Value<'static, Thing>],
) -> Result<Results, Error<'static>> {
    run_with(&mut machine([function(cconv, registers, code)]), arguments)
}

fn integers(results: &Results) -> Vec<i64> {
    let integer = |value: &Value<'static, Thing>| match value {
        Value::I32(value) => i64::from(*value),
        Value::I64(value) => *value,
        _ => panic!("not an integer"),
    };
    results.iter().map(integer).collect()
}

#[test]
fn a_conditional_break_goes_on_either_way() {
    for condition in [0, 1] {
        let code = Assembly::block().op(op::COND_BREAK).u16(0).u32(14).list(&[1, 2], 2);
        assert_eq!(code.0.len(), 14);
        let code = code.op(op::BLOCK).returning(&[2]);
        let results = run("0ii_i", [3, 0], code, &[Value::I32(condition), Value::I32(7)]).unwrap();
        assert_eq!(integers(&results), [7]);
    }
}

#[test]
fn a_failure_with_status_ok_goes_on() {
    let code = Assembly::block().op(op::FAIL).u16(0).string("no failure");
    let code = code.op(op::BLOCK).returning(&[1]);
    let results = run("0ii_i", [2, 0], code.clone(), &[Value::I32(0), Value::I32(5)]).unwrap();
    assert_eq!(integers(&results), [5]);
    let error =
        run("0ii_i", [2, 0], code, &[Value::I32(2), Value::I32(5)]).map(|_| ()).unwrap_err();
    assert_eq!((error.code, &*error.message), (Code::Unknown, "no failure"));
}

#[test]
fn conversions_between_f64_and_i32() {
    let convert = |opcode| {
        Assembly::block().op(op::EXTENSION_F64).op(opcode).operands([0, 2]).returning(&[2])
    };
    for (opcode, value, expected) in [
        (ext_f64::CAST_F64_SI32, 16_777_217.5, 16_777_218),
        (ext_f64::CAST_F64_SI32, -2.5, -3),
        (ext_f64::CAST_F64_UI32, 4_294_967_295.0, -1),
    ] {
        let results = run("0F_i", [3, 0], convert(opcode), &[Value::F64(value)]).unwrap();
        assert_eq!(integers(&results), [expected]);
    }
    for (opcode, expected) in
        [(ext_f64::CAST_SI32_F64, -1.0), (ext_f64::CAST_UI32_F64, 4_294_967_295.0)]
    {
        let results = run("0i_F", [4, 0], convert(opcode), &[Value::I32(-1)]).unwrap();
        assert!(matches!(results[0], Value::F64(value) if value == expected));
    }
}

#[test]
fn the_move_bit_takes_a_global_reference() {
    let code = |operand| {
        Assembly::block()
            .op(op::GLOBAL_LOAD_REF)
            .u32(1)
            .u32(1)
            .u16(operand)
            .returning(&[REF | MOVE])
    };
    for (operand, stays) in [(REF, true), (REF | MOVE, false)] {
        let mut machine = machine([function("0v_r", [0, 1], code(operand))]);
        machine.global_refs[1] = Ref::Rodata(b"kept");
        let results = run_with(&mut machine, &[]).unwrap();
        assert!(matches!(&results[0], Value::Ref(Ref::Rodata(b"kept"))));
        assert_eq!(!machine.global_refs[1].is_null(), stays);
    }
}

#[test]
fn a_global_of_another_type_is_refused() {
    let code = Assembly::block().op(op::GLOBAL_STORE_REF).u32(0).u32(1).u16(REF).returning(&[]);
    let thing = Value::Ref(Ref::Host(Thing));
    let error = run("0r_v", [0, 1], code, &[thing]).map(|_| ()).unwrap_err();
    assert_eq!((error.code, &*error.message), (Code::InvalidArgument, "reference of another type"));
}

#[test]
fn global_offsets_in_registers_are_checked() {
    let code = Assembly::block().op(op::GLOBAL_LOAD_INDIRECT_I32).operands([0, 0]).returning(&[0]);
    for offset in [0, 4] {
        assert!(run("0i_i", [1, 0], code.clone(), &[Value::I32(offset)]).is_ok());
    }
    for offset in [8, 2, -4, i32::MIN] {
        let error =
            run("0i_i", [1, 0], code.clone(), &[Value::I32(offset)]).map(|_| ()).unwrap_err();
        assert_eq!((error.code, error.values), (Code::OutOfRange, [offset as u32, 8]));
    }
    let code = Assembly::block().op(op::GLOBAL_STORE_INDIRECT_I64).operands([0, 2]).returning(&[]);
    let argument = |offset| [Value::I32(offset), Value::I64(-1)];
    assert!(run("0iI_v", [4, 0], code.clone(), &argument(0)).is_ok());
    assert!(run("0iI_v", [4, 0], code, &argument(4)).is_err());
}

#[test]
fn a_list_of_references_holds_its_type_alone() {
    // r1 = list of buffers; one element; set r0; get it back, moving.
    let code = Assembly::block()
        .op(op::LIST_ALLOC)
        .u32(1)
        .operands([0, REF | 1])
        .op(op::LIST_RESIZE)
        .operands([REF | 1, 0])
        .op(op::LIST_SET_REF)
        .operands([REF | 1, 1, REF | MOVE])
        .op(op::LIST_GET_REF)
        .operands([REF | 1, 1])
        .u32(1)
        .u16(REF | MOVE)
        .op(op::LIST_GET_REF)
        .operands([REF | 1, 1])
        .u32(1)
        .u16(REF | 2)
        .returning(&[REF | MOVE, REF | MOVE | 2]);
    let arguments = |reference| [Value::I32(1), Value::I32(0), Value::Ref(reference)];
    let results = run("0iir_rr", [2, 3], code.clone(), &arguments(Ref::Rodata(b"held"))).unwrap();
    assert!(matches!(&results[0], Value::Ref(Ref::Rodata(b"held"))));
    assert!(matches!(&results[1], Value::Ref(Ref::Null)), "it was moved out of the list");
    let error = run("0iir_rr", [2, 3], code, &arguments(Ref::Host(Thing))).map(|_| ()).unwrap_err();
    assert_eq!(error.message, "the list is of another type");
}

#[test]
fn errors_carry_the_function_and_the_operation() {
    let call = Assembly::block().op(op::CALL).u32(1).list(&[0], 1).list(&[0], 1).returning(&[0]);
    let divide = Assembly::block()
        .op(op::CONST_I32_ZERO)
        .u16(1)
        .op(op::DIV_I32_S)
        .operands([0, 1, 0])
        .returning(&[0]);
    let functions = [function("0i_i", [1, 0], call), function("0i_i", [2, 0], divide)];
    let error = run_with(&mut machine(functions), &[Value::I32(1)]).map(|_| ()).unwrap_err();
    let at = error.at.unwrap();
    assert_eq!((at.function, at.pc), (1, 4));
}
