use super::*;
use arielml_vm::Code;
use core::mem::MaybeUninit;

fn contents<const N: usize>(buffer: &Buffer<'_>) -> [u8; N] {
    let mut bytes = [0; N];
    buffer.read(0, &mut bytes).unwrap();
    bytes
}

#[test]
fn an_allocation_is_aligned_zeroed_and_returned() {
    let mut region = [MaybeUninit::new(0xAA); 1024];
    let arena = Arena::new(&mut region);
    let buffer = Buffer::allocate(&arena, 100).unwrap();
    assert_eq!(buffer.range(&Report::default(), 0, 100).unwrap() as usize % ALIGNMENT, 0);
    assert_eq!(contents(&buffer), [0u8; 100]);
    buffer.write(98, &[1, 2]).unwrap();
    assert_eq!(contents::<100>(&buffer)[97..], [0, 1, 2]);
    drop(buffer);
    assert_eq!(arena.usage().live, 0);
}

#[test]
fn ranges_are_checked_without_overflow() {
    let mut region = [MaybeUninit::uninit(); 512];
    let arena = Arena::new(&mut region);
    let buffer = Buffer::allocate(&arena, 16).unwrap();
    for (offset, length) in [(0, 17), (16, 1), (17, 0), (usize::MAX, 2), (1, usize::MAX)] {
        let fault = buffer.range(&Report::default(), offset, length).unwrap_err();
        assert_eq!(fault, Fault::Range);
    }
    assert!(buffer.range(&Report::default(), 16, 0).is_ok());
    let error = buffer.write(12, &[0; 8]).unwrap_err();
    assert_eq!(error.values, [20, 16]);
}

#[test]
fn imported_bytes_stay_in_place_and_are_not_written() {
    static WEIGHTS: [u8; 8] = *b"weights!";
    let mut region = [MaybeUninit::uninit(); 512];
    let arena = Arena::new(&mut region);
    let device = Device::new(&arena, &[]);
    let buffer = Buffer::import(&device, &WEIGHTS).unwrap();
    let start = buffer.range(&device.report, 0, 8).unwrap();
    assert_eq!(start.cast_const(), WEIGHTS.as_ptr());
    let span = Buffer::span(&device, &buffer, 4, 4).unwrap();
    assert_eq!(contents(&span), *b"hts!");
    for buffer in [&buffer, &span] {
        assert_eq!(buffer.write(0, &[0]).unwrap_err().code, Code::PermissionDenied);
        assert_eq!(buffer.fill(&device.report, 0, 1, 0, 1), Err(Fault::ReadOnly));
    }
}

#[test]
fn spans_share_their_roots_bytes_and_its_end() {
    let mut region = [MaybeUninit::uninit(); 1024];
    let arena = Arena::new(&mut region);
    let device = Device::new(&arena, &[]);
    let root = Buffer::new(&device, 64, true).unwrap();
    let outer = Buffer::span(&device, &root, 8, 32).unwrap();
    let inner = Buffer::span(&device, &outer, 4, 8).unwrap();
    inner.write(0, b"deep").unwrap();
    assert_eq!(contents::<64>(&root)[12..16], *b"deep");
    assert!(Buffer::span(&device, &outer, 30, 4).is_err());
    root.release();
    assert_eq!(inner.read(0, &mut [0]).unwrap_err().code, Code::FailedPrecondition);
    drop((root, outer, inner));
    assert_eq!(arena.usage().live, 0);
}

#[test]
fn deallocation_frees_at_once_and_later_use_is_refused() {
    let mut region = [MaybeUninit::uninit(); 1024];
    let arena = Arena::new(&mut region);
    let buffer = Buffer::new(&Device::new(&arena, &[]), 512, false).unwrap();
    let used = arena.usage().used;
    buffer.release();
    assert!(arena.usage().used <= used - 512);
    assert_eq!(buffer.write(0, &[0]).unwrap_err().code, Code::FailedPrecondition);
    assert_eq!(buffer.len(), 512);
    buffer.release();
}

#[test]
fn logical_owners_are_counted_on_the_root() {
    let mut region = [MaybeUninit::uninit(); 1024];
    let arena = Arena::new(&mut region);
    let root = Buffer::allocate(&arena, 64).unwrap();
    let span = Buffer::span(&Device::new(&arena, &[]), &root, 0, 8).unwrap();
    assert!(root.is_terminal());
    span.preserve();
    assert!(!root.is_terminal());
    assert!(!root.discard());
    assert!(span.discard());
    assert!(!root.is_terminal());
}

#[test]
fn fills_repeat_the_pattern() {
    let mut region = [MaybeUninit::uninit(); 512];
    let arena = Arena::new(&mut region);
    let buffer = Buffer::allocate(&arena, 16).unwrap();
    let report = Report::default();
    buffer.fill(&report, 2, 12, 0x0201, 2).unwrap();
    assert_eq!(contents(&buffer), [0, 0, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 0, 0]);
    buffer.fill(&report, 8, 8, 0x0807_0605_0403_0201, 8).unwrap();
    assert_eq!(contents::<16>(&buffer)[8..], [1, 2, 3, 4, 5, 6, 7, 8]);
    buffer.fill(&report, 3, 0, 9, 1).unwrap();
    for (offset, length, pattern_length) in [(1, 4, 4), (0, 6, 4), (0, 3, 3), (0, 0, 16)] {
        let fault = buffer.fill(&report, offset, length, 0, pattern_length).unwrap_err();
        assert_eq!(report.code(fault), Code::InvalidArgument);
    }
}

#[test]
fn overlapping_copies_are_refused() {
    let mut bytes = [1u8, 2, 3, 4];
    let start = bytes.as_mut_ptr();
    // SAFETY: both runs lie within `bytes`.
    unsafe {
        assert!(copy(start, start.add(1), 2).is_err());
        assert!(copy(start.add(1), start, 2).is_err());
        copy(start, start.add(2), 2).unwrap();
    }
    assert_eq!(bytes, [1, 2, 1, 2]);
}
