//! References: selection, comparison and casts.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests may assert in the ordinary way, and so may what they share"
)]

mod common;

use arielml_arena::Shared;
use arielml_vm::{Code, Ref, Value};
use common::{Session, TestValue, Thing, bytes, i32, integers, references};
use std::rc::Rc;

#[test]
fn selections_give_the_chosen_reference() {
    let mut session = Session::new(module!("references"));
    for (index, expected) in
        [(0, [b"b", b"b"]), (1, [b"a", b"a"]), (2, [b"a", b"b"]), (-1, [b"a", b"b"])]
    {
        let (a, b) = (session.buffer(b"a"), session.buffer(b"b"));
        let results = references(session.call("choose", [i32(index), a, b]));
        let contents: Vec<_> = results.iter().map(bytes).collect();
        assert_eq!(contents, expected, "{index}");
    }
    session.finish();
}

#[test]
fn what_is_not_selected_is_released_when_it_was_its_last_use() {
    let mut session = Session::new(module!("references"));
    for (index, expected) in [(0, b"b"), (1, b"a")] {
        let (a, b) = (session.buffer(b"a"), session.buffer(b"b"));
        let live = session.arena.usage().live;
        let results = references(session.call("choose_last", [i32(index), a, b]));
        assert_eq!(bytes(&results[0]), expected);
        let Ref::Buffer(buffer) = &results[0] else { panic!("a buffer") };
        assert_eq!(Shared::owners(buffer), 1);
        assert_eq!(session.arena.usage().live, live - 2, "the other buffer is gone");
    }
    session.finish();
}

#[test]
fn comparison_is_by_identity() {
    let mut session = Session::new(module!("references"));
    let (a, b) = (session.buffer(b"same"), session.buffer(b"same"));
    let thing = |rc: &Rc<i32>| -> TestValue { Value::Ref(Ref::Host(Thing(rc.clone()))) };
    let (x, y) = (Rc::new(1), Rc::new(1));
    let null: TestValue = Value::Ref(Ref::Null);
    for (left, right, expected) in [
        (a.clone(), a.clone(), [1, 0, 1]),
        (a.clone(), b, [0, 1, 1]),
        (null.clone(), null.clone(), [1, 0, 0]),
        (a, null, [0, 1, 1]),
        (thing(&x), thing(&x), [1, 0, 1]),
        (thing(&x), thing(&y), [0, 1, 1]),
    ] {
        assert_eq!(integers(&session.call("compare", [left, right])), expected);
    }
    session.finish();
}

#[test]
fn casts_check_the_type() {
    let mut session = Session::new(module!("references"));
    let buffer = session.buffer(b"buffer");
    let thing: TestValue = Value::Ref(Ref::Host(Thing(Rc::new(1))));
    assert_eq!(bytes(&references(session.call("cast", [buffer.clone()]))[0]), b"buffer");
    assert!(references(session.call("cast", [Value::Ref(Ref::Null)]))[0].is_null());
    assert!(!references(session.call("cast_thing", [thing.clone()]))[0].is_null());
    assert_eq!(session.fail("cast", [thing]).code, Code::InvalidArgument);
    assert_eq!(session.fail("cast_thing", [buffer]).code, Code::InvalidArgument);
    session.finish();
}

#[test]
fn branches_carry_references() {
    let mut session = Session::new(module!("references"));
    for (count, expected) in [(0, [b"a", b"b"]), (1, [b"b", b"a"]), (4, [b"a", b"b"])] {
        let (a, b) = (session.buffer(b"a"), session.buffer(b"b"));
        let results = references(session.call("exchange", [i32(count), a, b]));
        let contents: Vec<_> = results.iter().map(bytes).collect();
        assert_eq!(contents, expected, "{count}");
    }
    assert!(references(session.call("null", []))[0].is_null());
    session.finish();
}
