//! Fences and queue operations.

use arielml_vm::Code;

use super::*;

#[test]
fn fences_go_from_pending_to_reached_or_failed() {
    let mut session = session();
    let fence = session.fence();
    let just = std::slice::from_ref(&fence);
    assert_eq!(number(&session.one("fence_query", just)), Code::Deferred as i64);
    session.none("fence_signal", just);
    assert_eq!(number(&session.one("fence_query", just)), 0);
    assert_eq!(number(&session.one("fence_await", &[i(-1), l(0), fence.clone(), NULL])), 0);

    let failing = session.fence();
    session.none("fence_fail", &[failing.clone(), i(15)]);
    assert_eq!(number(&session.one("fence_query", std::slice::from_ref(&failing))), 15);
    let error = session.error("fence_await", &[i(0), l(0), fence.clone(), failing.clone()]);
    assert_eq!(error.code, Code::DataLoss);
    let error = session.error("fence_signal", std::slice::from_ref(&failing));
    assert_eq!(error.code, Code::DataLoss);

    let pending = session.fence();
    let error = session.error("fence_await", &[i(-1), l(0), pending.clone(), NULL]);
    assert_eq!(error.code, Code::FailedPrecondition);
    let timeout = session.one("fence_await", &[i(100), l(0), NULL, pending.clone()]);
    assert_eq!(number(&timeout), Code::DeadlineExceeded as i64);

    assert!(reference(&session.one("fence_join", &[l(0), fence.clone(), NULL])).is_null());
    let joined = session.one("fence_join", &[l(0), fence, pending.clone()]);
    assert!(reference(&joined).same(reference(&pending)));
    let joined = session.one("fence_join", &[l(0), pending, failing]);
    assert_eq!(number(&session.one("fence_query", &[joined])), 15);
}

#[test]
fn queue_operations_signal_their_fence_or_fail_it() {
    let mut session = session();
    let target = session.buffer(&[0; 4]);
    let fill = |wait: &Argument, signal: &Argument, offset| {
        let (wait, signal, target) = (wait.clone(), signal.clone(), target.clone());
        [DEVICE, ANY, wait, signal, target, l(offset), l(8), l(6), i(4), l(0)]
    };
    let status = |session: &mut Session, fence: &Argument| {
        number(&session.one("fence_query", std::slice::from_ref(fence)))
    };
    let first = session.fence();
    session.none("device_queue_fill", &fill(&NULL, &first, 4));
    assert_eq!((status(&mut session, &first), words(&target)), (0, vec![0, 6, 6, 0]));

    let second = session.fence();
    let error = session.error("device_queue_fill", &fill(&first, &second, 12));
    assert_eq!((error.code, error.values), (Code::OutOfRange, [20, 16]));
    assert_eq!(status(&mut session, &second), Code::OutOfRange as i64);

    let third = session.fence();
    let error = session.error("device_queue_fill", &fill(&second, &third, 0));
    assert_eq!(error.code, Code::OutOfRange, "the failure goes on");
    assert_eq!(status(&mut session, &third), Code::OutOfRange as i64);
    let pending = session.fence();
    let error = session.error("device_queue_barrier", &[DEVICE, ANY, pending, NULL, l(0)]);
    assert_eq!(error.code, Code::FailedPrecondition);
    assert_eq!(words(&target), [0, 6, 6, 0]);
}

#[test]
fn queue_transfers_are_checked() {
    static UPDATE: [u8; 8] = [1, 0, 0, 0, 2, 0, 0, 0];
    let mut session = session();
    let (a, b) = (session.buffer(&[3, 4]), session.buffer(&[0; 2]));
    let copy = |from: i64, to: i64, length: i64| {
        [DEVICE, ANY, NULL, NULL, a.clone(), l(from), b.clone(), l(to), l(length), l(0)]
    };
    session.none("device_queue_copy", &copy(4, 0, 4));
    assert_eq!(words(&b), [4, 0]);
    let update = |from: i64, to: i64, length: i64| {
        [DEVICE, ANY, NULL, NULL, data(&UPDATE), l(from), b.clone(), l(to), l(length), l(0)]
    };
    session.none("device_queue_update", &update(4, 4, 4));
    assert_eq!(words(&b), [4, 2]);
    for (from, to, length) in [(4, 0, 5), (0, 4, 5), (0, -1, 1), (0, 0, i64::MAX), (9, 0, 0)] {
        let error = session.error("device_queue_copy", &copy(from, to, length));
        assert_eq!(error.code, Code::OutOfRange);
        let error = session.error("device_queue_update", &update(from, to, length));
        assert_eq!(error.code, Code::OutOfRange);
    }
    let onto_itself = [DEVICE, ANY, NULL, NULL, a.clone(), l(0), a.clone(), l(2), l(4), l(0)];
    assert_eq!(session.error("device_queue_copy", &onto_itself).code, Code::InvalidArgument);
}

#[test]
fn transient_memory_comes_and_goes_with_the_queue() {
    let mut session = session();
    let allocate =
        |pool, size| [DEVICE, ANY, NULL, NULL, l(pool), DEVICE_LOCAL, USAGE, l(size), l(0)];
    let used = session.arena.usage().used;
    let buffer = session.one("device_queue_alloca", &allocate(0, 4096));
    assert!(session.arena.usage().used >= used + 4096);
    let deallocate = [DEVICE, ANY, NULL, NULL, buffer.clone(), l(0)];
    session.none("device_queue_dealloca", &deallocate);
    assert!(session.arena.usage().used < used + 256, "the bytes are back, the buffer is not");
    let error = session.error("buffer_load", &[buffer.clone(), l(0), i(4)]);
    assert_eq!(error.code, Code::FailedPrecondition);
    let error = session.error("buffer_subspan", &[buffer.clone(), l(0), l(4)]);
    assert_eq!(error.code, Code::FailedPrecondition);
    session.none("device_queue_dealloca", &deallocate);
    assert_eq!(session.error("device_queue_alloca", &allocate(1, 4)).code, Code::Unimplemented);
    let error = session.error("device_queue_alloca", &allocate(0, 1 << 20));
    assert_eq!((error.code, error.values[0]), (Code::ResourceExhausted, 1 << 20));
}
