//! Lists of values and of variants.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests may assert in the ordinary way, and so may what they share"
)]

mod common;

use arielml_vm::{Code, Ref, Value};
use common::{Session, bytes, i32, i64, integers, references};

#[test]
fn values_are_converted_to_the_lists_type_and_back() {
    let mut session = Session::new(module!("lists"));
    let results = session.call("i8s", [i32(0x1FF), i64(0x1_0000_007F)]);
    assert_eq!(integers(&results), [-1, -1, 127, 3]);
    let results = session.call("i64s", [i32(2), i32(1), i64(0x1_8000_0000), i32(1)]);
    assert_eq!(integers(&results), [0x1_8000_0000, i64::from(i32::MIN)]);
    let results = session.call("i64s", [i32(2), i32(1), i64(5), i32(0)]);
    assert_eq!(integers(&results), [0, 0]);
    assert_eq!(integers(&session.call("shrink", [i32(9)])), [0]);
    session.finish();
}

#[test]
fn indices_and_sizes_are_checked() {
    let mut session = Session::new(module!("lists"));
    for (size, at, from) in [(0, 0, 0), (2, 2, 0), (2, 0, 2), (2, -1, 0)] {
        let error = session.fail("i64s", [i32(size), i32(at), i64(1), i32(from)]);
        assert_eq!((error.code, error.values[1]), (Code::OutOfRange, size as u32));
    }
    for size in [-1, 1 << 24] {
        let error = session.fail("i64s", [i32(size), i32(0), i64(1), i32(0)]);
        assert_eq!(error.code, Code::ResourceExhausted, "{size}");
    }
    session.finish();
}

#[test]
fn variants_hold_values_and_references() {
    let mut session = Session::new(module!("lists"));
    let list = session.call("new_variants", [i32(3)]).remove(0);
    assert_eq!(integers(&session.call("size", [list.clone()])), [3]);
    session.call("set_i32", [list.clone(), i32(0), i32(42)]);
    let buffer = session.buffer(b"held");
    session.call("set_buffer", [list.clone(), i32(1), buffer]);
    assert_eq!(integers(&session.call("get_i32", [list.clone(), i32(0)])), [42]);
    let held = references(session.call("get_buffer", [list.clone(), i32(1)]));
    assert_eq!(bytes(&held[0]), b"held");
    drop(held);
    // Never set: no value, but a null reference.
    assert!(references(session.call("get_buffer", [list.clone(), i32(2)]))[0].is_null());
    for (export, index) in [("get_i32", 1), ("get_i32", 2), ("get_buffer", 0)] {
        let error = session.fail(export, [list.clone(), i32(index)]);
        assert_eq!(error.code, Code::FailedPrecondition, "{export} {index}");
    }
    // A list within itself is no buffer, which shows as null.
    let inner = session.call("new_variants", [i32(0)]).remove(0);
    session.call("set_buffer", [list.clone(), i32(0), inner]);
    assert!(references(session.call("get_buffer", [list.clone(), i32(0)]))[0].is_null());
    assert_eq!(session.fail("size", [Value::Ref(Ref::Null)]).code, Code::InvalidArgument);
    drop(list);
    session.finish();
}

#[test]
fn a_list_keeps_its_references_alive() {
    let mut session = Session::new(module!("lists"));
    let results = references(session.call("texts", [i32(2)]));
    assert!(results[0].is_null());
    assert_eq!(bytes(&results[1]), b"text");
    assert_eq!(session.fail("texts", [i32(1)]).code, Code::OutOfRange);
    session.finish();
}

#[test]
fn lists_nested_without_bound_are_dropped_without_recursion() {
    let run = || {
        let mut session = Session::with_arena(module!("lists"), common::arena(64 << 20)).unwrap();
        let nested = references(session.call("nest", [i32(100_000)]));
        assert!(session.arena.usage().live > 200_000);
        drop(nested);
        session.finish();
    };
    // A stack that a recursion of this depth would overflow.
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap();
    thread.join().unwrap();
}
