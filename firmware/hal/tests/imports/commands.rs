//! Command buffers.

use arielml_vm::Code;

use super::*;
use crate::support::{Ran, ran};

/// A session with an executable and a command buffer of two slots.
fn recording(modes: i32) -> (Session, Argument, Argument) {
    let mut session = session();
    let create = [DEVICE, ANY, data(b"static"), data(b"lib"), NULL];
    let executable = session.one("executable_create", &create);
    let create = [DEVICE, i(modes), i(3), ANY, i(2)];
    let commands = session.one("command_buffer_create", &create);
    (session, executable, commands)
}

#[test]
fn a_command_buffer_does_what_was_recorded() {
    static UPDATE: [u8; 8] = [0, 0, 0, 0, 50, 0, 0, 0];
    let (mut session, executable, commands) = recording(0);
    let c = || commands.clone();
    let own = session.buffer(&[0; 4]);
    let barrier = [c(), i(28), i(13), l(0)];
    session.none("command_buffer_begin_debug_group", &[c(), data(b"group")]);
    let fill = [c(), own.clone(), l(0), l(16), i(0), l(7), i(4), l(0)];
    session.none("command_buffer_fill_buffer", &fill);
    session.none("command_buffer_execution_barrier", &barrier);
    let update = [c(), data(&UPDATE), l(4), own.clone(), l(4), l(4), i(0), l(0)];
    session.none("command_buffer_update_buffer", &update);
    session.none("command_buffer_execution_barrier", &barrier);
    let copy = [c(), i(0), i(0), own.clone(), l(4), NULL, l(0), l(4), l(0)];
    session.none("command_buffer_copy_buffer", &copy);
    session.none("command_buffer_advise_buffer", &[c(), own.clone(), l(0), l(0), l(0), i(0)]);
    session.none("command_buffer_execution_barrier", &barrier);
    let dispatch = [
        [c(), executable.clone(), l(0), i(1), i(1), i(1), l(0), i(1000)].as_slice(),
        &[i(0), i(0), NULL, l(0), l(4), i(0), i(1), NULL, l(4), ANY],
    ]
    .concat();
    session.none("command_buffer_dispatch", &dispatch);
    let indirect = [
        [c(), executable, l(0), i(0), own.clone(), l(0), l(0), i(2000)].as_slice(),
        &[i(0), i(1), NULL, l(4), l(4), i(0), i(0), own.clone(), l(12), l(4)],
    ]
    .concat();
    session.none("command_buffer_execution_barrier", &barrier);
    session.none("command_buffer_dispatch_indirect", &indirect);
    session.none("command_buffer_end_debug_group", &[c()]);
    session.none("command_buffer_finalize", &[c()]);
    drop(fill);
    assert_eq!(words(&own), [0; 4], "nothing runs while it is recorded");

    for _ in 0..2 {
        let (a, b) = (session.buffer(&[0, 1]), session.buffer(&[2, 3, 4]));
        let fence = session.fence();
        let execute = [
            [DEVICE, ANY, NULL, fence.clone(), c(), l(0)].as_slice(),
            &[a.clone(), l(0), l(8), b.clone(), l(4), ANY],
        ]
        .concat();
        session.none("device_queue_execute_indirect", &execute);
        assert_eq!(number(&session.one("fence_query", &[fence])), 0);
        assert_eq!((words(&a), words(&b)), (vec![50, 1], vec![2, 3, 1050]));
        assert_eq!(words(&own), [7, 50, 7, 3050]);
        let counts: Vec<_> = ran().iter().map(|ran: &Ran| ran.count).collect();
        // 7 x 50 x 7 workgroups, read from the buffer, after the one.
        assert_eq!((counts.len(), counts[0], counts[1]), (2451, [1, 1, 1], [7, 50, 7]));
    }
}

#[test]
fn a_one_shot_command_buffer_executes_once() {
    let (mut session, _, commands) = recording(1);
    session.none("command_buffer_finalize", std::slice::from_ref(&commands));
    let execute = [DEVICE, ANY, NULL, NULL, commands, l(0)];
    session.none("device_queue_execute", &execute);
    assert_eq!(session.error("device_queue_execute", &execute).code, Code::FailedPrecondition);
}

#[test]
fn a_failing_dispatch_fails_the_fence() {
    let (mut session, executable, commands) = recording(0);
    let buffer = session.buffer(&[0; 4]);
    let dispatch = [
        [commands.clone(), executable, l(1), i(2), i(1), i(1), l(0), i(0)].as_slice(),
        &[i(0), i(0), buffer.clone(), l(0), l(4), i(0), i(0), buffer, l(4), l(4)],
    ]
    .concat();
    session.none("command_buffer_dispatch", &dispatch);
    session.none("command_buffer_finalize", std::slice::from_ref(&commands));
    let fence = session.fence();
    let execute = [DEVICE, ANY, NULL, fence.clone(), commands, l(0)];
    let error = session.error("device_queue_execute", &execute);
    assert_eq!((error.code, error.subject, error.values), (Code::Internal, "fail", [3, 0]));
    assert_eq!(number(&session.one("fence_query", &[fence])), Code::Internal as i64);
    assert_eq!(ran().len(), 1);
}

#[test]
fn recording_is_checked() {
    let (mut session, executable, commands) = recording(0);
    let dispatch = |function: i64, x: i32, flags: i64, slot: i32, offset: i64, length: i64| {
        [
            [commands.clone(), executable.clone(), l(function), i(x), i(1), i(1), l(flags)]
                .as_slice(),
            &[i(0), i(0), i(slot), NULL, l(offset), l(length), i(0), i(1), NULL, l(0), l(4)],
        ]
        .concat()
    };
    for (arguments, code) in [
        (dispatch(2, 1, 0, 0, 0, 4), Code::OutOfRange),
        (dispatch(-1, 1, 0, 0, 0, 4), Code::OutOfRange),
        (dispatch(0, 1, 1, 0, 0, 4), Code::Unimplemented),
        (dispatch(0, 1, 4, 0, 0, 4), Code::Unimplemented),
        (dispatch(0, 1, 0, 2, 0, 4), Code::OutOfRange),
        (dispatch(0, 1, 0, -1, 0, 4), Code::OutOfRange),
        (dispatch(0, 1, 0, 0, 1 << 32, 4), Code::OutOfRange),
        (dispatch(0, 1, 0, 0, -1, 4), Code::OutOfRange),
        (dispatch(0, 1, 0, 0, 0, u32::MAX.into()), Code::OutOfRange),
        (dispatch(0, 1, 0, 0, 0, -2), Code::OutOfRange),
    ] {
        assert_eq!(session.error("command_buffer_dispatch", &arguments).code, code);
    }
    let fill = |slot, pattern_length| {
        [commands.clone(), NULL, l(0), l(8), i(slot), l(0), i(pattern_length), l(0)]
    };
    for (arguments, code) in [
        (fill(0, 0), Code::InvalidArgument),
        (fill(0, 3), Code::InvalidArgument),
        (fill(0, -1), Code::InvalidArgument),
        (fill(0, 256 + 4), Code::InvalidArgument),
        (fill(2, 4), Code::OutOfRange),
    ] {
        assert_eq!(session.error("command_buffer_fill_buffer", &arguments).code, code);
    }
    let negative = [DEVICE, i(0), i(3), ANY, i(-1)];
    assert_eq!(session.error("command_buffer_create", &negative).code, Code::OutOfRange);
    // None of the refused commands is there to be executed.
    session.none("command_buffer_finalize", std::slice::from_ref(&commands));
    session.none("device_queue_execute", &[DEVICE, ANY, NULL, NULL, commands.clone(), l(0)]);
    assert_eq!(ran(), []);
    let error = session.error("command_buffer_fill_buffer", &fill(0, 4));
    assert_eq!(error.code, Code::FailedPrecondition);
}
