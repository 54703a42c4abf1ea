//! Branches, calls within the module, and failure.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests may assert in the ordinary way, and so may what they share"
)]

mod common;

use arielml_vm::{Code, Ref, Value};
use common::{Session, TestValue, i32, i64, integers, references};

#[test]
fn loops_carry_values_in_both_widths() {
    let mut session = Session::new(module!("control"));
    assert_eq!(integers(&session.call("sum", [i64(1000)])), [500_500]);
    assert_eq!(integers(&session.call("sum", [i64(0)])), [0]);
    assert_eq!(integers(&session.call("swap", [i32(0), i32(1), i32(2)])), [1, 2]);
    assert_eq!(integers(&session.call("swap", [i32(7), i32(1), i32(2)])), [2, 1]);
    session.finish();
}

#[test]
fn a_branch_table_takes_its_default_outside_of_its_cases() {
    let mut session = Session::new(module!("control"));
    for (index, expected) in [(0, 10), (1, 20), (2, 30), (3, 7), (-1, 7)] {
        let results = session.call("table", [i32(index), i32(10), i32(20)]);
        assert_eq!(integers(&results), [expected], "{index}");
    }
    session.finish();
}

#[test]
fn selections_and_switches() {
    let mut session = Session::new(module!("control"));
    let (c, d) = (1 << 40, -(1 << 41));
    for (index, expected) in
        [(0, [6, d, 6, d]), (1, [5, c, 5, c]), (2, [5, c, 2, d]), (-1, [5, c, -1, d])]
    {
        let results = session.call("choose", [i32(index), i32(5), i32(6), i64(c), i64(d)]);
        assert_eq!(integers(&results), expected, "{index}");
    }
    session.finish();
}

#[test]
fn calls_keep_both_halves_of_wide_values() {
    let mut session = Session::new(module!("control"));
    let (x, z) = (0x0102_0304_0506_0708, -2);
    let results = session.call("wide_call", [i64(x), i32(5), i64(z)]);
    assert_eq!(integers(&results), [z, 6, x]);
    session.finish();
}

#[test]
fn references_move_into_a_call_and_back() {
    let mut session = Session::new(module!("control"));
    let (a, b) = (session.buffer(b"a"), session.buffer(b"b"));
    let results = references(session.call("ref_call", [a, b]));
    let contents: Vec<_> = results.iter().map(common::bytes).collect();
    assert_eq!(contents, [b"b", b"a", b"b"]);
    assert!(results[0].same(&results[2]));
    let Ref::Buffer(buffer) = &results[0] else { panic!("not a buffer") };
    assert_eq!(arielml_arena::Shared::owners(buffer), 2);
    drop(results);
    session.finish();
}

#[test]
fn failures_carry_the_modules_status_message_and_place() {
    let mut session = Session::new(module!("control"));
    assert_eq!(integers(&session.call("fail_if", [i32(0)])), [0]);
    let error = session.fail("fail_if", [i32(1)]);
    assert_eq!((error.code, &*error.message), (Code::FailedPrecondition, "this was asked for"));
    assert!(error.at.is_some_and(|at| at.pc > 0));
    for (status, code) in [(8, Code::ResourceExhausted), (1, Code::Cancelled), (999, Code::Unknown)]
    {
        assert_eq!(session.fail("fail_with", [i32(status)]).code, code);
    }
    session.finish();
}

#[test]
fn a_failure_below_releases_every_frame() {
    let mut session = Session::new(module!("control"));
    let live = session.arena.usage().live;
    let error = session.fail("fail_below", [i32(3)]);
    assert_eq!((error.code, &*error.message), (Code::InvalidArgument, "below"));
    assert_eq!(session.arena.usage().live, live);
    session.finish();
}

#[test]
fn a_yield_goes_on() {
    let mut session = Session::new(module!("control"));
    assert_eq!(integers(&session.call("yield", [i32(1), i32(2)])), [5]);
    session.finish();
}

#[test]
fn debugging_operations_do_nothing() {
    let mut session = Session::new(module!("control"));
    let buffer = session.buffer(b"traced");
    assert_eq!(integers(&session.call("debug", [i32(4), buffer])), [4]);
    session.finish();
}

/// `control` with the call in `recurse` turned to `recurse` itself.
fn recursive() -> Vec<u8> {
    let mut bytes = module!("control").to_vec();
    // A call of function 5, which is `replaced`; `recurse` is function 4.
    let call = [0x58, 5, 0, 0, 0];
    let places: Vec<_> = (0..bytes.len() - 5).filter(|&at| bytes[at..at + 5] == call).collect();
    assert_eq!(places.len(), 1, "the call in `recurse`");
    bytes[places[0] + 1] = 4;
    bytes
}

#[test]
fn calls_nest_as_deep_as_the_limit_and_no_deeper() {
    let mut session = Session::new(&recursive());
    assert_eq!(integers(&session.call("recurse", [i32(63)])), [63]);
    let live = session.arena.usage().live;
    let error = session.fail("recurse", [i32(64)]);
    assert_eq!((error.code, error.values), (Code::ResourceExhausted, [65, 64]));
    assert_eq!(session.arena.usage().live, live);
    assert_eq!(integers(&session.call("recurse", [i32(10)])), [10]);
    session.finish();
}

#[test]
fn fuel_ends_a_loop_that_would_not() {
    let mut session = Session::new(module!("control"));
    assert!(session.call("forever", [i32(0)]).is_empty());
    session.instance.set_fuel(Some(1000));
    assert_eq!(session.fail("forever", [i32(1)]).code, Code::DeadlineExceeded);
    assert_eq!(integers(&session.call("sum", [i64(100)])), [5050]);
    assert_eq!(session.fail("sum", [i64(1000)]).code, Code::DeadlineExceeded);
    session.instance.set_fuel(None);
    assert_eq!(integers(&session.call("sum", [i64(1000)])), [500_500]);
    session.finish();
}

#[test]
fn a_host_that_limits_is_asked_again_and_no_operation_runs_twice() {
    let mut session = Session::new(module!("control"));
    for amount in [1, 2, 3, 100] {
        session.host.fuel = Some((10_000, amount));
        assert_eq!(integers(&session.call("sum", [i64(1000)])), [500_500]);
        assert_eq!(integers(&session.call("swap", [i32(7), i32(1), i32(2)])), [2, 1]);
    }
    session.host.fuel = Some((10, 50));
    assert_eq!(session.fail("forever", [i32(1)]).code, Code::DeadlineExceeded);
    // What the instance allows itself comes first, and is not added to.
    session.host.fuel = Some((1000, 1000));
    session.instance.set_fuel(Some(10));
    assert_eq!(session.fail("forever", [i32(1)]).code, Code::DeadlineExceeded);
    session.instance.set_fuel(None);
    session.host.fuel = None;
    assert_eq!(integers(&session.call("sum", [i64(1000)])), [500_500]);
    session.finish();
}

#[test]
fn exports_are_found_by_name_and_take_what_they_declare() {
    let mut session = Session::new(module!("control"));
    let names: Vec<_> = session.instance.module().exports().collect();
    assert!(names.contains(&("sum", "0I_I")));
    assert!(names.contains(&("ref_call", "0rr_rrr")));
    assert_eq!(session.instance.module().name(), "control");
    assert_eq!(session.fail("nothing", []).code, Code::NotFound);
    // Functions that are not exported cannot be called.
    assert_eq!(session.fail("rotate", [i64(0), i32(0), i64(0)]).code, Code::NotFound);
    let wrong: [Vec<TestValue>; 3] = [vec![], vec![i32(1)], vec![i64(1), i64(1)]];
    for args in wrong {
        let error = session.invoke("sum", &args).map(|_| ()).unwrap_err();
        assert_eq!(error.code, Code::InvalidArgument);
        assert_eq!(error.values, [args.len() as u32, 1]);
    }
    let null: [TestValue; 2] = [Value::Ref(Ref::Null), Value::Ref(Ref::Null)];
    assert!(references(session.call("ref_call", null)).iter().all(Ref::is_null));
    session.finish();
}
