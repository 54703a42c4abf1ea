//! Globals live as long as the instance.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests may assert in the ordinary way, and so may what they share"
)]

mod common;

use common::{Session, bytes, i32, i64, integers, references};

#[test]
fn the_initialiser_sets_values() {
    let mut session = Session::new(module!("globals"));
    assert_eq!(integers(&session.call("values", [])), [17, 0x0102_0304_0506_0708]);
    session.call("set_values", [i32(-1), i64(-2)]);
    assert_eq!(integers(&session.call("values", [])), [-1, -2]);
    assert_eq!(integers(&session.call("indirect", [i32(5), i64(6)])), [-1, -2]);
    assert_eq!(integers(&session.call("values", [])), [5, 6]);
    session.finish();
}

#[test]
fn references_stay_until_they_are_replaced() {
    let mut session = Session::new(module!("globals"));
    let empty = session.arena.usage().live;
    let buffer = session.buffer(b"mine");
    session.call("set_buffer", [buffer]);
    session.call("set_text", []);
    let contents = |session: &mut Session| -> Vec<_> {
        references(session.call("buffers", [])).iter().map(bytes).collect()
    };
    assert_eq!(contents(&mut session), [b"mine".to_vec(), b"hello".to_vec()]);
    session.call("exchange", []);
    assert_eq!(contents(&mut session), [b"hello".to_vec(), b"mine".to_vec()]);
    assert!(session.arena.usage().live > empty);
    session.call("set_text", []);
    assert_eq!(session.arena.usage().live, empty, "the last share of the buffer is gone");
    session.finish();
}
