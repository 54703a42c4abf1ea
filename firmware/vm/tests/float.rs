//! The f32 and f64 extensions.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests may assert in the ordinary way, and so may what they share"
)]

mod common;

use common::{Session, TestValue, f32, f64, floats, i32, i64, integers};

const NAN: f64 = f64::NAN;

/// The same number, or both not a number; zeros differ by sign.
fn same(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || a.to_bits() == b.to_bits()
}

fn assert_floats(results: &[TestValue], expected: &[f64], case: &str) {
    let results = floats(results);
    let all =
        results.len() == expected.len() && results.iter().zip(expected).all(|(a, b)| same(*a, *b));
    assert!(all, "{case}: {results:?}, expected {expected:?}");
}

#[test]
fn f32_arithmetic_has_the_bits_of_f32() {
    let mut session = Session::new(module!("f32"));
    let values = [0.1f32, -2.7, 3.0e38, 1.0e-40, 7.3, -0.0, f32::INFINITY];
    for a in values {
        for b in values {
            let results = session.call("binary", [f32(a), f32(b)]);
            let expected = [a + b, a - b, a * b, a / b].map(f64::from);
            assert_floats(&results[..4], &expected, &format!("{a}, {b}"));
            let results = session.call("fma", [f32(a), f32(b), f32(0.3)]);
            assert_floats(&results, &[f64::from(a * b + 0.3)], &format!("fma {a}, {b}"));
        }
    }
    session.finish();
}

#[test]
fn the_remainder_is_to_the_nearest_multiple() {
    let mut session = Session::new(module!("f32"));
    let mut wide = Session::new(module!("f64"));
    for (a, b, expected) in [(5.0, 3.0, -1.0), (-5.0, 3.0, 1.0), (4.5, 3.0, -1.5), (1.5, 3.0, 1.5)]
    {
        let results = session.call("binary", [f32(a as f32), f32(b as f32)]);
        assert_floats(&results[4..5], &[expected], "f32");
        let results = wide.call("binary", [f64(a), f64(b)]);
        assert_floats(&results[..5], &[a + b, a - b, a * b, a / b, expected], "f64");
    }
    session.finish();
    wide.finish();
}

/// The left operand unless the right one compares below (above) it.
#[test]
fn minimum_and_maximum_keep_the_left_operand_of_a_nan() {
    let mut session = Session::new(module!("f32"));
    let mut wide = Session::new(module!("f64"));
    for (a, b, min, max) in [
        (1.0, 2.0, 1.0, 2.0),
        (2.0, 1.0, 1.0, 2.0),
        (NAN, 1.0, NAN, NAN),
        (1.0, NAN, 1.0, 1.0),
        (0.0, -0.0, 0.0, 0.0),
    ] {
        let case = format!("{a}, {b}");
        assert_floats(&wide.call("binary", [f64(a), f64(b)])[5..], &[min, max], &case);
        let results = session.call("binary", [f32(a as f32), f32(b as f32)]);
        assert_floats(&results[5..], &[min, max], &case);
    }
    session.finish();
    wide.finish();
}

#[test]
fn rounding() {
    let mut session = Session::new(module!("f32"));
    let mut wide = Session::new(module!("f64"));
    // abs, neg, ceil, floor, round (halves away from zero), round to even
    for (a, expected) in [
        (2.5, [2.5, -2.5, 3.0, 2.0, 3.0, 2.0]),
        (-2.5, [2.5, 2.5, -2.0, -3.0, -3.0, -2.0]),
        (3.5, [3.5, -3.5, 4.0, 3.0, 4.0, 4.0]),
        (-0.25, [0.25, 0.25, -0.0, -1.0, -0.0, -0.0]),
        (
            1.0e30f32 as f64,
            [
                1.0e30f32 as f64,
                -1.0e30f32 as f64,
                1.0e30f32 as f64,
                1.0e30f32 as f64,
                1.0e30f32 as f64,
                1.0e30f32 as f64,
            ],
        ),
        (NAN, [NAN; 6]),
    ] {
        let case = format!("{a}");
        assert_floats(&session.call("unary", [f32(a as f32)]), &expected, &case);
        assert_floats(&wide.call("unary", [f64(a)]), &expected, &case);
    }
    // The largest f32 below a half must not become one.
    let below = f32::from_bits(0.5f32.to_bits() - 1);
    assert_floats(&session.call("unary", [f32(below)])[4..], &[0.0, 0.0], "below a half");
    session.finish();
    wide.finish();
}

#[test]
fn comparisons_with_what_is_not_a_number() {
    let mut session = Session::new(module!("f32"));
    let mut wide = Session::new(module!("f64"));
    // eq, ne, lt, lte: ordered and unordered each
    for (a, b, expected) in [
        (1.0, 1.0, [1, 1, 0, 0, 0, 0, 1, 1]),
        (1.0, 2.0, [0, 0, 1, 1, 1, 1, 1, 1]),
        (2.0, 1.0, [0, 0, 1, 1, 0, 0, 0, 0]),
        (0.0, -0.0, [1, 1, 0, 0, 0, 0, 1, 1]),
        (NAN, 1.0, [0, 1, 1, 1, 0, 1, 0, 1]),
        (NAN, NAN, [0, 1, 1, 1, 0, 1, 0, 1]),
    ] {
        let results = session.call("compare", [f32(a as f32), f32(b as f32)]);
        assert_eq!(integers(&results), expected, "{a}, {b}");
        assert_eq!(integers(&wide.call("compare", [f64(a), f64(b)])), expected, "{a}, {b}");
    }
    assert_eq!(integers(&session.call("nan", [f32(f32::NAN)])), [1]);
    assert_eq!(integers(&session.call("nan", [f32(1.0)])), [0]);
    assert_eq!(integers(&wide.call("nan", [f64(NAN)])), [1]);
    assert_eq!(integers(&wide.call("nan", [f64(f64::INFINITY)])), [0]);
    session.finish();
    wide.finish();
}

#[test]
fn conversions_to_integers_round_halves_away_from_zero() {
    let mut session = Session::new(module!("f32"));
    for (a, expected) in [
        (2.5f32, [3, 3, 3, 3]),
        (-2.5, [-3, -3, -3, -3]),
        (-0.4, [0, 0, 0, 0]),
        (3.0e9, [-1_294_967_296, -1_294_967_296, 3_000_000_000, 3_000_000_000]),
        (1.0e18, [0, 0, 999_999_984_306_749_440, 999_999_984_306_749_440]),
    ] {
        let results = session.call("to_integer", [f32(a)]);
        assert_eq!(integers(&results)[..4], expected, "{a}");
        assert_eq!(integers(&results)[4], i64::from(a.to_bits() as i32));
    }
    let results = session.call("to_integer", [f32(1.0e19)]);
    assert_eq!(integers(&results)[3] as u64, 9_999_999_980_506_447_872);
    let mut wide = Session::new(module!("f64"));
    for (a, expected) in [
        (2.5, [3, 3]),
        (-2.5, [-3, -3]),
        (4_503_599_627_370_497.5, [4_503_599_627_370_498, 4_503_599_627_370_498]),
        (1.0e19, [i64::MAX, 10_000_000_000_000_000_000_u64 as i64]),
    ] {
        let results = wide.call("to_integer", [f64(a)]);
        assert_eq!(integers(&results[..3])[..2], expected, "{a}");
        assert_eq!(integers(&results[2..3]), [a.to_bits() as i64]);
        assert_floats(&results[3..], &[f64::from(a as f32)], "truncation");
    }
    session.finish();
    wide.finish();
}

#[test]
fn conversions_from_integers_round_once() {
    let mut session = Session::new(module!("f32"));
    let mut wide = Session::new(module!("f64"));
    for a in [0, 1, -1, i32::MAX, i32::MIN, 16_777_217] {
        let expected = [a as f32, a as u32 as f32, f32::from_bits(a as u32)];
        assert_floats(&session.call("from_i32", [i32(a)]), &expected.map(f64::from), "f32");
    }
    // By way of f64, the last one would round to even twice and end up lower.
    for a in [0, -1, i64::MAX, i64::MIN, 0x0080_0000_4000_0001] {
        let expected = [a as f32, a as u64 as f32].map(f64::from);
        assert_floats(&session.call("from_i64", [i64(a)]), &expected, "f32");
        let expected = [a as f64, a as u64 as f64, f64::from_bits(a as u64)];
        assert_floats(&wide.call("from_i64", [i64(a)]), &expected, "f64");
    }
    assert_floats(&wide.call("from_f32", [f32(0.1)]), &[f64::from(0.1f32)], "extension");
    session.finish();
    wide.finish();
}

#[test]
fn bits_move_unchanged() {
    let mut session = Session::new(module!("data_float"));
    assert_floats(
        &session.call("globals", [f32(1.5), f64(-0.1)]),
        &[1.5, -0.1, 3.0, -0.2],
        "globals",
    );
    assert_floats(&session.call("constants", []), &[1.5, -2.25, 0.0, 0.0], "constants");
    let args = |i| [i32(i), f32(1.0), f32(2.0), f64(3.0), f64(4.0)];
    assert_floats(&session.call("choose", args(0)), &[2.0, 4.0, 2.0, 4.0], "0");
    assert_floats(&session.call("choose", args(1)), &[1.0, 3.0, 1.0, 3.0], "1");
    assert_floats(&session.call("choose", args(-1)), &[1.0, 3.0, 1.0, 3.0], "-1");
    let results = session.call("buffers", [f32(0.3), f64(-7.7)]);
    assert_floats(&results[..4], &[f64::from(0.3f32), -7.7, f64::from(0.3f32), -7.7], "buffers");
    assert_eq!(integers(&results[4..]), [i64::from(0.3f32.to_bits())]);
    // A float read as an integer from a list is 0: there is no conversion.
    let results = session.call("lists", [f32(0.3), f64(-7.7)]);
    assert_floats(&results[..3], &[f64::from(0.3f32), -7.7, f64::from(-7.7f32)], "lists");
    assert_eq!(integers(&results[3..]), [0, 0]);
    session.finish();
}

#[cfg(feature = "math")]
#[test]
fn functions_from_atan_to_erf() {
    let mut session = Session::new(module!("math_f32"));
    let mut wide = Session::new(module!("math_f64"));
    let erf = |x: f64| libm::erf(x);
    for a in [0.1f64, 0.5, 1.0, 2.75, 20.0] {
        let expected = [
            a.atan(),
            a.cos(),
            a.sin(),
            a.exp(),
            a.exp2(),
            a.exp_m1(),
            a.ln(),
            a.log10(),
            a.ln_1p(),
            a.log2(),
            1.0 / a.sqrt(),
            a.sqrt(),
            a.tanh(),
            erf(a),
        ];
        for (index, (found, expected)) in
            floats(&wide.call("unary", [f64(a)])).into_iter().zip(expected).enumerate()
        {
            assert!((found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(), "f64 {index}");
        }
        for (index, (found, expected)) in
            floats(&session.call("unary", [f32(a as f32)])).into_iter().zip(expected).enumerate()
        {
            // The f32 nearest to `a` differs from it, by more than the functions do.
            let slack = 64.0 * f64::from(f32::EPSILON) * expected.abs();
            assert!((found - expected).abs() <= slack, "f32 {index} of {a}");
        }
        let found = floats(&wide.call("binary", [f64(a), f64(-0.7)]));
        for (found, expected) in found.into_iter().zip([a.atan2(-0.7), a.powf(-0.7)]) {
            assert!((found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(), "{a}");
        }
    }
    // Known values (Abramowitz and Stegun, table 7.1).
    let results = floats(&wide.call("unary", [f64(0.5)]));
    assert!((results[13] - 0.520_499_877_8).abs() < 1.0e-10);
    session.finish();
    wide.finish();
}

#[cfg(not(feature = "math"))]
#[test]
fn functions_that_were_left_out_are_refused_by_name() {
    let arena = common::arena(1 << 16);
    let error = Session::with_arena(module!("math_f32"), arena).map(|_| ()).unwrap_err();
    assert_eq!(error.code, arielml_vm::Code::Unimplemented);
    assert_eq!(error.subject, "atan");
}
