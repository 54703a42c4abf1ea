//! Every allocation may fail.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests may assert in the ordinary way, and so may what they share"
)]

mod common;

use arielml_arena::Vector;
use arielml_vm::{Code, Instance, Module, Value};
use common::{Aligned, TestHost, i32, i64};

/// Runs `export` with the allocation after `count` and all later ones
/// failing; whether it got to its end all the same.
fn survives(module: &[u8], export: &str, args: &[common::TestValue], count: usize) -> bool {
    let arena = common::arena(64 << 10);
    let mut host = TestHost::default();
    arena.fail_after(Some(count));
    let bytes = Aligned::new(module).leak();
    let outcome = Module::load(bytes, &host, arena)
        .and_then(|module| Instance::new(module, &mut host, arena))
        .and_then(|mut instance| {
            let mut results = Vector::new(arena);
            instance.invoke(&mut host, export, args, &mut results)?;
            instance.close(&mut host)
        });
    assert_eq!(arena.usage().live, 0, "leak when allocation {count} fails");
    match outcome {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error.code, Code::ResourceExhausted, "allocation {count}: {error:?}");
            assert!(error.message.contains("arena full"), "{error:?}");
            false
        }
    }
}

#[test]
fn running_out_of_memory_anywhere_is_an_error_and_no_leak() {
    let cases: [(&[u8], &str, Vec<common::TestValue>); 6] = [
        (module!("control"), "wide_call", vec![i64(1), i32(2), i64(3)]),
        (module!("globals"), "values", vec![]),
        (module!("buffers"), "alloc", vec![i64(100), i32(64)]),
        (module!("lists"), "texts", vec![i32(2)]),
        (module!("lists"), "nest", vec![i32(5)]),
        (module!("imports"), "give_away", vec![]),
    ];
    for (module, export, args) in cases {
        let first = (0..100).find(|&count| survives(module, export, &args, count));
        // There are allocations, so that some count was too small.
        assert!(first.is_some_and(|count| count > 4), "{export}: {first:?}");
    }
}

#[test]
fn an_invocation_gives_back_all_that_it_took() {
    let mut session = common::Session::new(module!("imports"));
    let before = session.arena.usage();
    for _ in 0..100 {
        let results = session.call("sums", [i32(1), i32(2)]);
        assert_eq!(results.len(), 3);
        drop(session.call("things", [Value::I32(1)]));
    }
    let after = session.arena.usage();
    assert_eq!((after.live, after.used), (before.live, before.used));
    session.finish();
}
