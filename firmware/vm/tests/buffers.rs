//! Buffers: access within their bounds, and nowhere else.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests may assert in the ordinary way, and so may what they share"
)]

mod common;

use arielml_vm::{Code, Ref, Value};
use common::{Session, TestValue, bytes, i32, i64, integers, references};

#[test]
fn read_only_data_is_read_in_place() {
    let mut session = Session::new(module!("buffers"));
    let digits = references(session.call("digits", []));
    assert_eq!(bytes(&digits[0]), b"0123456789");
    assert!(matches!(digits[0], Ref::Rodata(_)));
    for (index, word) in [(0, 1), (1, -2), (2, 0x7FFF_FFFF)] {
        assert_eq!(integers(&session.call("word", [i64(index)])), [word]);
    }
    for index in [3, -1, i64::MAX, i64::MIN, 1 << 62] {
        assert_eq!(session.fail("word", [i64(index)]).code, Code::OutOfRange, "{index}");
    }
    session.finish();
}

#[test]
fn allocation() {
    let mut session = Session::new(module!("buffers"));
    let mut results = session.call("alloc", [i64(100), i32(64)]);
    assert_eq!(integers(&results[1..]), [100]);
    results.truncate(1);
    let buffer = references(results);
    assert_eq!(bytes(&buffer[0]), [0; 100]);
    assert_eq!(buffer[0].bytes().unwrap().as_ptr() as usize % 64, 0);
    drop(buffer);
    assert_eq!(integers(&session.call("alloc", [i64(0), i32(0)])[1..]), [0]);
    assert_eq!(session.fail("alloc", [i64(1 << 30), i32(8)]).code, Code::ResourceExhausted);
    assert_eq!(session.fail("alloc", [i64(-1), i32(8)]).code, Code::ResourceExhausted);
    for alignment in [24, -1, 1 << 20] {
        let error = session.fail("alloc", [i64(1), i32(alignment)]);
        assert_eq!(error.code, Code::InvalidArgument, "{alignment}");
    }
    session.finish();
}

#[test]
fn loads_count_in_elements_and_extend() {
    let mut session = Session::new(module!("buffers"));
    let content: Vec<u8> = (0xF0..=0xFF).collect();
    let buffer = session.buffer(&content);
    let results = session.call("loads", [buffer.clone(), i64(1)]);
    let expected = [
        0xF1,
        -0x0F,
        0xF3F2,
        -0x0C0E,
        i64::from(0xF7F6_F5F4_u32 as i32),
        0xFFFE_FDFC_FBFA_F9F8_u64 as i64,
    ];
    assert_eq!(integers(&results), expected);
    assert_eq!(session.fail("loads", [buffer.clone(), i64(2)]).code, Code::OutOfRange);
    assert_eq!(session.fail("loads", [buffer, i64(-1)]).code, Code::OutOfRange);
    session.finish();
}

#[test]
fn stores_count_in_elements_and_cut() {
    let mut session = Session::new(module!("buffers"));
    let buffer = session.buffer(&[0; 24]);
    let value = i32(0x8877_6655_u32 as i32);
    let wide = i64(0x0102_0304_0506_0708);
    let places = [i64(0), i64(1), i64(1), i64(2)];
    let [a, b, c, d] = places;
    session.call("stores", [buffer.clone(), a, b, c, d, value.clone(), wide.clone()]);
    let Value::Ref(reference) = &buffer else { panic!("a buffer") };
    let expected = [
        0x55, 0, 0x55, 0x66, 0x55, 0x66, 0x77, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1,
    ];
    assert_eq!(bytes(reference), expected);
    for outside in 0..4 {
        let mut places = [0; 4].map(i64);
        places[outside] = i64(24 >> outside);
        let [a, b, c, d] = places;
        let error =
            session.fail("stores", [buffer.clone(), a, b, c, d, value.clone(), wide.clone()]);
        assert_eq!((error.code, error.values[1]), (Code::OutOfRange, 24), "{outside}");
    }
    drop(buffer);
    session.finish();
}

#[test]
fn fills() {
    let mut session = Session::new(module!("buffers"));
    for (export, value, expected) in [
        ("fill_i8", i32(0x1234), [0, 0x34, 0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("fill_i16", i32(0x1234), [0, 0, 0x34, 0x12, 0x34, 0x12, 0, 0, 0, 0, 0, 0]),
        ("fill_i32", i32(0x1234), [0, 0, 0, 0, 0x34, 0x12, 0, 0, 0x34, 0x12, 0, 0]),
    ] {
        let buffer = session.buffer(&[0; 12]);
        session.call(export, [buffer.clone(), i64(1), i64(2), value.clone()]);
        assert_eq!(bytes(&references(vec![buffer.clone()])[0]), expected, "{export}");
        let error = session.fail(export, [buffer, i64(1), i64(12), value]);
        assert_eq!(error.code, Code::OutOfRange, "{export}");
    }
    let buffer = session.buffer(&[0; 24]);
    session.call("fill_i64", [buffer.clone(), i64(1), i64(2), i64(0x0102_0304_0506_0708)]);
    let [first, rest @ ..] = &bytes(&references(vec![buffer])[0])[..] else { panic!("24 bytes") };
    assert_eq!((*first, &rest[7..9], rest[22]), (0, &[8, 7][..], 1));
    session.finish();
}

#[test]
fn copies_within_and_between_buffers() {
    let mut session = Session::new(module!("buffers"));
    let (a, b) = (session.buffer(b"abcdef"), session.buffer(b"......"));
    session.call("copy", [a.clone(), i64(1), b.clone(), i64(2), i64(3)]);
    assert_eq!(bytes(&references(vec![b.clone()])[0]), b"..bcd.");
    session.call("copy", [a.clone(), i64(0), a.clone(), i64(1), i64(5)]);
    assert_eq!(bytes(&references(vec![a.clone()])[0]), b"aabcde");
    let digits = session.call("digits", []).remove(0);
    session.call("copy", [digits.clone(), i64(4), a.clone(), i64(0), i64(6)]);
    assert_eq!(bytes(&references(vec![a.clone()])[0]), b"456789");
    for (from, to, length) in [(1, 0, 6), (0, 1, 6), (7, 0, 0), (-1, 0, 2), (0, 0, -1)] {
        let error = session.fail("copy", [a.clone(), i64(from), b.clone(), i64(to), i64(length)]);
        assert_eq!(error.code, Code::OutOfRange, "{from} {to} {length}");
    }
    for target in [digits.clone(), digits] {
        let error = session.fail("copy", [a.clone(), i64(0), target, i64(0), i64(1)]);
        assert_eq!(error.code, Code::PermissionDenied);
    }
    drop((a, b));
    session.finish();
}

#[test]
fn comparison_clone_and_hash() {
    let mut session = Session::new(module!("buffers"));
    let buffer = session.buffer(b"x012y");
    let digits = session.call("digits", []).remove(0);
    for (length, same) in [(0, 1), (3, 1), (4, 0)] {
        let results =
            session.call("compare", [buffer.clone(), i64(1), digits.clone(), i64(0), i64(length)]);
        assert_eq!(integers(&results), [same], "{length}");
    }
    let error = session.fail("compare", [buffer.clone(), i64(1), digits.clone(), i64(0), i64(5)]);
    assert_eq!(error.code, Code::OutOfRange);
    let clone = references(session.call("clone", [digits.clone(), i64(3), i64(4)]));
    assert_eq!(bytes(&clone[0]), b"3456");
    assert_eq!(session.fail("clone", [digits.clone(), i64(8), i64(3)]).code, Code::OutOfRange);
    // The value that IREE's own runtime gives.
    let results = session.call("hash", [digits, i64(1), i64(9)]);
    assert_eq!(integers(&results), [HASH_OF_1_TO_9]);
    drop((buffer, clone));
    session.finish();
}

/// Of the bytes `123456789`.
const HASH_OF_1_TO_9: i64 = -3_863_810_759_074_054_403;

#[test]
fn null_and_other_objects_are_no_buffers() {
    let mut session = Session::new(module!("buffers"));
    let null: TestValue = Value::Ref(Ref::Null);
    assert_eq!(session.fail("loads", [null.clone(), i64(0)]).code, Code::InvalidArgument);
    let error = session.fail("fill_i8", [null, i64(0), i64(0), i32(0)]);
    assert_eq!(error.code, Code::InvalidArgument);
    session.finish();
}
