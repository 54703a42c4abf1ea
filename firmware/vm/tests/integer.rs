//! Integer operations, at the edges of their types.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests may assert in the ordinary way, and so may what they share"
)]

mod common;

use common::{Session, i32, i64, integers};

const EDGES_I32: [i32; 9] = [0, 1, -1, 2, -7, 255, 65536, i32::MAX, i32::MIN];
const EDGES_I64: [i64; 9] = [0, 1, -1, 3, -7, 1 << 32, -(1 << 40), i64::MAX, i64::MIN];

fn signed32(value: i128) -> i64 {
    i64::from(value as i32)
}

fn signed64(value: i128) -> i64 {
    value as i64
}

#[test]
fn arithmetic_wraps() {
    let mut session = Session::new(module!("integer"));
    for a in EDGES_I32 {
        for b in EDGES_I32 {
            let results = session.call("binary_i32", [i32(a), i32(b)]);
            let (x, y) = (i128::from(a), i128::from(b));
            let (u, v) = (i128::from(a as u32), i128::from(b as u32));
            let exact =
                [x + y, x - y, x * y, x & y, x | y, x ^ y, x.min(y), u.min(v), x.max(y), u.max(v)];
            assert_eq!(integers(&results), exact.map(signed32), "{a}, {b}");
        }
    }
    for a in EDGES_I64 {
        for b in EDGES_I64 {
            let results = session.call("binary_i64", [i64(a), i64(b)]);
            let (x, y) = (i128::from(a), i128::from(b));
            let (u, v) = (i128::from(a as u64), i128::from(b as u64));
            let exact = [
                x + y,
                x - y,
                x.wrapping_mul(y),
                x & y,
                x | y,
                x ^ y,
                x.min(y),
                u.min(v),
                x.max(y),
                u.max(v),
            ];
            assert_eq!(integers(&results), exact.map(signed64), "{a}, {b}");
        }
    }
    session.finish();
}

#[test]
fn division_rounds_to_zero_and_stops_at_zero() {
    let mut session = Session::new(module!("integer"));
    for a in EDGES_I32 {
        for b in EDGES_I32 {
            if b == 0 {
                let error = session.fail("divide_i32", [i32(a), i32(b)]);
                assert_eq!(error.message, "integer division by zero");
                assert!(error.at.is_some());
                continue;
            }
            let results = session.call("divide_i32", [i32(a), i32(b)]);
            let (x, y) = (i128::from(a), i128::from(b));
            let (u, v) = (i128::from(a as u32), i128::from(b as u32));
            assert_eq!(integers(&results), [x / y, u / v, x % y, u % v].map(signed32), "{a}, {b}");
        }
    }
    for a in EDGES_I64 {
        for b in EDGES_I64 {
            if b == 0 {
                session.fail("divide_i64", [i64(a), i64(b)]);
                continue;
            }
            let results = session.call("divide_i64", [i64(a), i64(b)]);
            let (x, y) = (i128::from(a), i128::from(b));
            let (u, v) = (i128::from(a as u64), i128::from(b as u64));
            assert_eq!(integers(&results), [x / y, u / v, x % y, u % v].map(signed64), "{a}, {b}");
        }
    }
    session.finish();
}

#[test]
fn comparisons_know_the_sign() {
    let mut session = Session::new(module!("integer"));
    for a in EDGES_I32 {
        for b in EDGES_I32 {
            let results = session.call("compare_i32", [i32(a), i32(b)]);
            let expected = [a == b, a != b, a < b, (a as u32) < b as u32];
            assert_eq!(integers(&results), expected.map(i64::from), "{a}, {b}");
        }
        assert_eq!(integers(&session.call("nonzero_i32", [i32(a)])), [i64::from(a != 0)]);
    }
    for a in EDGES_I64 {
        for b in EDGES_I64 {
            let results = session.call("compare_i64", [i64(a), i64(b)]);
            let expected = [a == b, a != b, a < b, (a as u64) < b as u64];
            assert_eq!(integers(&results), expected.map(i64::from), "{a}, {b}");
        }
        assert_eq!(integers(&session.call("nonzero_i64", [i64(a)])), [i64::from(a != 0)]);
    }
    session.finish();
}

#[test]
fn shifts_take_the_amount_modulo_the_width() {
    let mut session = Session::new(module!("integer"));
    let case32 =
        |session: &mut Session, a, by| integers(&session.call("shift_i32", [i32(a), i32(by)]));
    assert_eq!(case32(&mut session, -16, 2), [-64, -4, 0x3FFF_FFFC]);
    assert_eq!(case32(&mut session, -16, 34), [-64, -4, 0x3FFF_FFFC]);
    assert_eq!(case32(&mut session, 1, 31), [i64::from(i32::MIN), 0, 0]);
    let case64 =
        |session: &mut Session, a, by| integers(&session.call("shift_i64", [i64(a), i32(by)]));
    assert_eq!(case64(&mut session, -16, 2), [-64, -4, 0x3FFF_FFFF_FFFF_FFFC]);
    assert_eq!(case64(&mut session, -16, 66), [-64, -4, 0x3FFF_FFFF_FFFF_FFFC]);
    assert_eq!(case64(&mut session, 1, 63), [i64::MIN, 0, 0]);
    session.finish();
}

#[test]
fn unary_operations() {
    let mut session = Session::new(module!("integer"));
    for (a, expected) in [
        (0, [-1, 0, 32]),
        (1, [-2, 1, 31]),
        (-5, [4, 5, 0]),
        (i32::MIN, [i64::from(i32::MAX), i64::from(i32::MIN), 0]),
    ] {
        assert_eq!(integers(&session.call("unary_i32", [i32(a)])), expected, "{a}");
    }
    for (a, expected) in [
        (0, [-1, 0, 64]),
        (1 << 32, [-(1 << 32) - 1, 1 << 32, 31]),
        (-5, [4, 5, 0]),
        (i64::MIN, [i64::MAX, i64::MIN, 0]),
    ] {
        assert_eq!(integers(&session.call("unary_i64", [i64(a)])), expected, "{a}");
    }
    session.finish();
}

#[test]
fn multiply_add_wraps() {
    let mut session = Session::new(module!("integer"));
    let results = session.call("fma_i32", [i32(i32::MAX), i32(3), i32(7)]);
    assert_eq!(integers(&results), [signed32(i128::from(i32::MAX) * 3 + 7)]);
    let results = session.call("fma_i64", [i64(i64::MAX), i64(3), i64(7)]);
    assert_eq!(integers(&results), [signed64(i128::from(i64::MAX) * 3 + 7)]);
    session.finish();
}

#[test]
fn conversions_cut_and_extend() {
    let mut session = Session::new(module!("integer"));
    let results = session.call("convert_i32", [i32(0x8765_43A1_u32 as i32)]);
    let wide = i64::from(0x8765_43A1_u32 as i32);
    let expected = [0xA1, 0x43A1, -0x5F, 0xA1, 0x43A1, 0x43A1, wide, 0x8765_43A1];
    assert_eq!(integers(&results), expected);
    let results = session.call("convert_i32", [i32(0x8765_C321_u32 as i32)]);
    assert_eq!(integers(&results)[4..6], [-0x3CDF, 0xC321]);
    let results = session.call("convert_i64", [i64(0x1_8000_0001)]);
    assert_eq!(integers(&results), [i64::from(0x8000_0001_u32 as i32)]);
    session.finish();
}
