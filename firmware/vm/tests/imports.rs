//! Calls of the host.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests may assert in the ordinary way, and so may what they share"
)]

mod common;

use arielml_vm::{Code, Value};
use common::{Session, f32, f64, floats, i32, i64, integers};

#[test]
fn arguments_and_results_of_every_kind() {
    let mut session = Session::new(module!("imports"));
    let results = session.call("scale", [i32(-3), i64(1 << 40), f32(0.5), f64(9.0)]);
    assert_eq!(integers(&results[..1]), [-3 << 40]);
    assert_eq!(floats(&results[1..]), [4.5]);
    session.finish();
}

#[test]
fn variadic_segments() {
    let mut session = Session::new(module!("imports"));
    assert_eq!(integers(&session.call("sums", [i32(1), i32(10)])), [1, 11, 22]);
    assert_eq!(integers(&session.call("tuples", [i32(3), i64(1 << 33)])), [(6 << 33) + 3, 3]);
    session.finish();
}

#[test]
fn a_moved_argument_is_released_when_the_call_is_over() {
    let mut session = Session::new(module!("imports"));
    let live = session.arena.usage().live;
    assert_eq!(integers(&session.call("give_away", [])), [1]);
    assert_eq!(session.host.owners, 1);
    assert_eq!(session.arena.usage().live, live);
    session.finish();
}

#[test]
fn objects_of_the_host() {
    let mut session = Session::new(module!("imports"));
    let mut results = session.call("things", [i32(7)]);
    let Some(Value::Ref(_)) = results.pop() else { panic!("a thing") };
    assert_eq!(integers(&results), [7]);
    session.finish();
}

#[test]
fn a_failing_import_releases_the_frame_and_says_where() {
    let mut session = Session::new(module!("imports"));
    let error = session.fail("fail", [i32(8)]);
    assert_eq!((error.code, error.values[0]), (Code::ResourceExhausted, 8));
    assert!(error.at.is_some());
    session.finish();
}

#[test]
fn yieldable_calls_go_on_in_their_block() {
    let mut session = Session::new(module!("imports"));
    assert_eq!(integers(&session.call("wait", [i32(4)])), [44]);
    assert_eq!(integers(&session.call("wait_all", [i32(4), i32(5)])), [18]);
    assert_eq!(integers(&session.call("wait_inside", [i32(4)])), [12]);
    session.finish();
}

#[test]
fn an_optional_import_may_be_missing() {
    let mut session = Session::new(module!("imports"));
    assert_eq!(integers(&session.call("missing", [i32(0)])), [0]);
    assert_eq!(session.fail("missing", [i32(1)]).code, Code::NotFound);
    session.finish();
}
