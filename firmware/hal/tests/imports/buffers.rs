//! Buffers, views and files.

use arielml_vm::Code;

use super::*;

#[test]
fn buffers_are_allocated_read_and_written() {
    let mut session = session();
    let arguments = [ALLOCATOR, ANY, HOST_VISIBLE, USAGE, l(16)];
    let buffer = session.one("allocator_allocate", &arguments);
    assert_eq!(words(&buffer), [0; 4], "the host sees no stale bytes");
    assert_eq!(number(&session.one("buffer_length", std::slice::from_ref(&buffer))), 16);
    session.none("buffer_store", &[i(-2), buffer.clone(), l(4), i(4)]);
    session.none("buffer_store", &[i(0x1234), buffer.clone(), l(15), i(1)]);
    assert_eq!(words(&buffer), [0, -2, 0, 0x3400_0000]);
    assert_eq!(number(&session.one("buffer_load", &[buffer.clone(), l(5), i(2)])), 0xFFFF);
    assert_eq!(number(&session.one("buffer_load", &[buffer.clone(), l(4), i(4)])), -2);
    let span = session.one("buffer_subspan", &[buffer.clone(), l(4), l(8)]);
    assert_eq!(words(&span), [-2, 0]);

    for (offset, length, code) in [
        (13, 4, Code::OutOfRange),
        (-1, 4, Code::OutOfRange),
        (i64::MIN, 1, Code::OutOfRange),
        (0, 5, Code::InvalidArgument),
        (0, -1, Code::InvalidArgument),
    ] {
        let error = session.error("buffer_load", &[buffer.clone(), l(offset), i(length)]);
        assert_eq!(error.code, code, "load of {length} at {offset}");
        let error = session.error("buffer_store", &[i(0), buffer.clone(), l(offset), i(length)]);
        assert_eq!(error.code, code, "store of {length} at {offset}");
    }
    for (offset, length) in [(17, 0), (8, 9), (-1, 4), (0, -2), (i64::MAX, i64::MAX)] {
        let error = session.error("buffer_subspan", &[buffer.clone(), l(offset), l(length)]);
        assert_eq!(error.code, Code::OutOfRange, "{length} at {offset}");
    }
    for size in [-1, i64::MIN, 1 << 32, i64::MAX] {
        let arguments = [ALLOCATOR, ANY, DEVICE_LOCAL, USAGE, l(size)];
        assert_eq!(session.error("allocator_allocate", &arguments).code, Code::OutOfRange);
    }
    let arguments = [ALLOCATOR, ANY, DEVICE_LOCAL, USAGE, l(1 << 31)];
    let error = session.error("allocator_allocate", &arguments);
    assert_eq!((error.code, error.values[0]), (Code::ResourceExhausted, 1 << 31));
}

#[test]
fn logical_owners_are_counted() {
    let mut session = session();
    let buffer = [session.buffer(&[0])];
    assert_eq!(number(&session.one("buffer_allocation_is_terminal", &buffer)), 1);
    session.none("buffer_allocation_preserve", &buffer);
    assert_eq!(number(&session.one("buffer_allocation_is_terminal", &buffer)), 0);
    assert_eq!(number(&session.one("buffer_allocation_discard", &buffer)), 0);
    assert_eq!(number(&session.one("buffer_allocation_discard", &buffer)), 1);
}

#[test]
fn constants_are_imported_in_place_or_left_to_be_copied() {
    static CONSTANTS: Aligned<[u8; 128]> = Aligned([7; 128]);
    let mut session = session();
    let import = |attempt, usage: Argument, source: Argument, offset, length| {
        [ALLOCATOR, i(attempt), ANY, DEVICE_LOCAL, usage, source, l(offset), l(length)]
    };
    let constants = || data(&CONSTANTS.0);
    let whole = session.one("allocator_import", &import(0, IMMUTABLE, constants(), 64, -1));
    assert_eq!(words(&whole), [0x0707_0707; 16]);
    let error = session.error("buffer_store", &[i(0), whole, l(0), i(4)]);
    assert_eq!(error.code, Code::PermissionDenied);

    let unaligned = import(1, IMMUTABLE, constants(), 4, 8);
    assert!(reference(&session.one("allocator_import", &unaligned)).is_null());
    let unaligned = import(0, IMMUTABLE, constants(), 4, 8);
    assert_eq!(session.error("allocator_import", &unaligned).code, Code::Unavailable);
    let mutable = import(1, USAGE, constants(), 0, 64);
    assert_eq!(session.error("allocator_import", &mutable).code, Code::PermissionDenied);
    for (offset, length) in [(0, 129), (129, 0), (64, 65), (-64, 1), (0, -2)] {
        let arguments = import(1, IMMUTABLE, constants(), offset, length);
        assert_eq!(session.error("allocator_import", &arguments).code, Code::OutOfRange);
    }
    let error = session.error("allocator_import", &import(1, IMMUTABLE, NULL, 0, 0));
    assert_eq!(error.code, Code::InvalidArgument);
}

#[test]
fn a_buffer_that_is_too_short_is_named() {
    let mut session = session();
    let buffer = session.buffer(&[0; 4]);
    let mut assert = |minimum| {
        let name = data(b"weights");
        let arguments = [buffer.clone(), name, ALLOCATOR, l(minimum), i(16), USAGE];
        session.call("buffer_assert", &arguments).err()
    };
    assert_eq!(assert(16), None);
    let error = assert(17).unwrap();
    assert_eq!((error.code, error.subject), (Code::InvalidArgument, "weights"));
    assert_eq!(error.values, [16, 17]);
}

#[test]
fn views_tell_what_they_were_given() {
    let mut session = session();
    let buffer = session.buffer(&[1, 2, 3, 4, 5, 6, 7, 8]);
    let create =
        |offset, length, x, y| [buffer.clone(), l(offset), l(length), INT32, i(1), l(x), l(y)];
    let view = session.one("buffer_view_create", &create(8, 24, 2, 3));
    let just = std::slice::from_ref(&view);
    assert_eq!(number(&session.one("buffer_view_rank", just)), 2);
    assert_eq!(number(&session.one("buffer_view_element_type", just)), 0x1000_0020);
    assert_eq!(number(&session.one("buffer_view_encoding_type", just)), 1);
    assert_eq!(number(&session.one("buffer_view_dim", &[view.clone(), i(1)])), 3);
    for index in [2, -1] {
        let error = session.error("buffer_view_dim", &[view.clone(), i(index)]);
        assert_eq!((error.code, error.values), (Code::OutOfRange, [index as u32, 2]));
    }
    assert_eq!(words(&session.one("buffer_view_buffer", just)), [3, 4, 5, 6, 7, 8]);
    let whole = session.one("buffer_view_create", &create(0, -1, 8, 1));
    let same = session.one("buffer_view_buffer", &[whole]);
    assert!(reference(&same).same(reference(&buffer)));
    session.none("buffer_view_trace", &[data(b"key"), view.clone()]);

    for (offset, length, x, y) in
        [(8, 25, 1, 1), (0, 32, 3, 3), (0, 4, i64::MAX, 2), (0, 4, -1, 1), (-8, 4, 1, 1)]
    {
        let error = session.error("buffer_view_create", &create(offset, length, x, y));
        assert_eq!(error.code, Code::OutOfRange);
    }
    let mut assert = |element_type: i32, encoding, x, y| {
        let arguments = [view.clone(), data(b"in"), i(element_type), i(encoding), l(x), l(y)];
        session.call("buffer_view_assert", &arguments).err().map(|error| {
            assert_eq!((error.code, error.subject), (Code::InvalidArgument, "in"));
            error.values
        })
    };
    assert_eq!(assert(0x1000_0020, 1, 2, 3), None);
    assert_eq!(assert(0x1100_0020, 1, 2, 3), None, "signed for signless");
    assert_eq!(assert(0x2100_0020, 1, 2, 3), Some([0x1000_0020, 0x2100_0020]));
    assert_eq!(assert(0x1000_0020, 2, 2, 3), Some([1, 2]));
    assert_eq!(assert(0x1000_0020, 1, 2, 4), Some([3, 4]));
}

#[test]
fn files_in_memory_are_read() {
    static CONTENTS: [u8; 8] = [1, 0, 0, 0, 2, 0, 0, 0];
    let mut session = session();
    let from = |access, offset, length| {
        [DEVICE, ANY, i(access), data(&CONTENTS), l(offset), l(length), i(0)]
    };
    let file = session.one("ex_file_from_memory", &from(1, 4, 4));
    assert_eq!(session.error("ex_file_from_memory", &from(3, 0, 8)).code, Code::PermissionDenied);
    assert_eq!(session.error("ex_file_from_memory", &from(1, 4, 5)).code, Code::OutOfRange);
    let buffer = session.buffer(&[0, 9]);
    let read = |offset, target, length| {
        let (file, buffer) = (file.clone(), buffer.clone());
        [DEVICE, ANY, NULL, NULL, file, l(offset), buffer, l(target), l(length), l(0)]
    };
    session.none("device_queue_read", &read(0, 0, 4));
    assert_eq!(words(&buffer), [2, 9]);
    for (offset, target, length) in [(1, 0, 4), (0, 5, 4), (0, 0, -4), (5, 0, 0)] {
        let error = session.error("device_queue_read", &read(offset, target, length));
        assert_eq!(error.code, Code::OutOfRange);
    }
    let write = [DEVICE, ANY, NULL, NULL, buffer.clone(), l(0), file.clone(), l(0), l(4), l(0)];
    assert_eq!(session.error("device_queue_write", &write).code, Code::PermissionDenied);
}
