//! The device, its executables, and objects of the wrong type.

use arielml_arena::Vector;
use arielml_vm::Code;

use super::*;

#[test]
fn there_is_one_device_with_one_allocator() {
    let mut session = session();
    assert_eq!(number(&session.one("devices_count", &[])), 1);
    let device = session.one("devices_get", &[i(0)]);
    assert!(reference(&device).same(reference(&DEVICE)));
    assert!(reference(&session.one("devices_get", &[i(1)])).is_null());
    assert!(reference(&session.one("devices_get", &[i(-1)])).is_null());
    let allocator = session.one("device_allocator", &[DEVICE]);
    assert!(reference(&allocator).same(reference(&ALLOCATOR)));
    let selected =
        session.call("allocator_select", &[DEVICE_LOCAL, USAGE, l(0), DEVICE, l(5)]).unwrap();
    assert!(reference(&selected[0]).same(reference(&DEVICE)));
    assert_eq!(number(&selected[1]), 5);
    session.none("device_queue_flush", &[DEVICE, ANY]);
}

#[test]
fn the_device_answers_what_compilers_ask() {
    let mut session = session();
    let mut query = |category, key| {
        let answer = session.call("device_query_i64", &[DEVICE, data(category), data(key)]);
        let answer = answer.unwrap();
        (number(&answer[0]), number(&answer[1]))
    };
    assert_eq!(query(b"hal.device.id", b"local*"), (1, 1));
    assert_eq!(query(b"hal.device.id", b"vulkan*"), (1, 0));
    assert_eq!(query(b"hal.executable.format", b"static"), (1, 1));
    assert_eq!(query(b"hal.executable.format", b"embedded-elf-x86_64"), (1, 0));
    assert_eq!(query(b"hal.device", b"concurrency"), (1, 1));
    assert_eq!(query(b"hal.dispatch", b"concurrency"), (1, 1));
    assert_eq!(query(b"hal.cpu", b"avx"), (0, 0));
    assert_eq!(query(b"", b""), (0, 0));
}

#[test]
fn executables_are_of_one_format() {
    let mut session = session();
    let create = |format, name| [DEVICE, ANY, data(format), data(name), NULL];
    let executable = session.one("executable_create", &create(b"static", b"lib\0"));
    let error = session.error("executable_create", &create(b"vmvx-bytecode-fb", b"lib\0"));
    assert_eq!((error.code, error.subject), (Code::Incompatible, "vmvx-bytecode-fb"));
    let error = session.error("executable_create", &create(b"static", b"other\0"));
    assert_eq!((error.code, error.subject), (Code::NotFound, "other"));
    let mut lookup =
        |name| session.call("executable_lookup_function", &[executable.clone(), data(name)]);
    assert_eq!(number(&lookup(b"fail").unwrap()[0]), 1);
    let error = lookup(b"faill").err().unwrap();
    assert_eq!((error.code, error.subject), (Code::NotFound, "faill"));
}

#[test]
fn objects_of_another_type_are_refused_by_the_type_expected() {
    let mut session = session();
    let fence = session.fence();
    let buffer = session.buffer(&[0]);
    for (export, arguments, expected) in [
        ("buffer_length", vec![fence.clone()], "hal.buffer"),
        ("buffer_length", vec![NULL], "hal.buffer"),
        ("buffer_length", vec![data(b"bytes")], "hal.buffer"),
        ("buffer_view_rank", vec![buffer.clone()], "hal.buffer_view"),
        ("fence_signal", vec![buffer.clone()], "hal.fence"),
        ("fence_signal", vec![NULL], "hal.fence"),
        ("command_buffer_finalize", vec![fence.clone()], "hal.command_buffer"),
        ("device_allocator", vec![ALLOCATOR], "hal.device"),
        ("executable_lookup_function", vec![buffer.clone(), data(b"f")], "hal.executable"),
        ("allocator_allocate", vec![DEVICE, ANY, i(0), i(0), l(4)], "hal.allocator"),
        ("fence_join", vec![l(0), buffer, NULL], "hal.fence"),
    ] {
        let error = session.error(export, &arguments);
        assert_eq!((error.code, error.subject), (Code::InvalidArgument, expected), "{export}");
    }
}

#[test]
fn nothing_is_left_behind() {
    let mut session = session();
    let live = session.arena.usage().live;
    {
        let mut results = Vector::new(session.arena);
        for export in ["fence_create", "devices_count", "fence_create"] {
            let arguments = if export == "devices_count" { &[][..] } else { &[DEVICE, l(0)] };
            session.instance.invoke(&mut session.hal, export, arguments, &mut results).unwrap();
        }
    }
    assert_eq!(session.arena.usage().live, live);
}
