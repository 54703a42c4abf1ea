//! Frames, by the vectors that the host's end is tested with too.

use std::string::{String, ToString};
use std::vec::Vec;

use serde_json::Value;

use super::*;

const VECTORS: &str = include_str!("../../../tests/wire/vectors.json");

/// Keeps what is sent, write by write.
#[derive(Default)]
struct Wire(Vec<Vec<u8>>);

impl Link for Wire {
    fn read(&mut self) -> u8 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.push(bytes.to_vec());
    }
}

fn vectors(kind: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(VECTORS).unwrap()[kind].as_array().unwrap().clone()
}

fn text(vector: &Value, key: &str) -> String {
    vector[key].as_str().unwrap().to_string()
}

fn bytes(vector: &Value, key: &str) -> Vec<u8> {
    let hex = text(vector, key);
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// All that `receiver` makes of `bytes`.
fn feed(receiver: &mut Receiver, bytes: &[u8]) -> Vec<Result<Vec<u8>, Reason>> {
    bytes.iter().filter_map(|&byte| Some(receiver.push(byte)?.map(<[u8]>::to_vec))).collect()
}

#[test]
fn bodies_come_out_of_their_frames() {
    for vector in vectors("good") {
        let found = feed(&mut Receiver::new(), &bytes(&vector, "frame"));
        assert_eq!(found, [Ok(bytes(&vector, "body"))], "{}", vector["name"]);
    }
}

#[test]
fn bodies_go_into_their_frames() {
    for vector in vectors("good") {
        let mut wire = Wire::default();
        let mut staging = [0xEE; size_of::<Staging>()];
        let mut sender = Sender::new(&mut wire, &mut staging);
        sender.put_all(&bytes(&vector, "body"));
        sender.finish();
        assert_eq!(wire.0.concat(), bytes(&vector, "frame"), "{}", vector["name"]);
    }
}

#[test]
fn short_blocks_leave_together() {
    let mut wire = Wire::default();
    let mut staging = [0; size_of::<Staging>()];
    let mut sender = Sender::new(&mut wire, &mut staging);
    sender.put_all(&[0; MAX_BODY]);
    sender.finish();
    assert!(wire.0.len() <= 5, "{} writes", wire.0.len());
}

#[test]
fn what_is_no_frame_has_its_reason_and_the_next_is_found() {
    for vector in vectors("bad") {
        let mut receiver = Receiver::new();
        let found = feed(&mut receiver, &bytes(&vector, "bytes"));
        let reasons: Vec<_> = found.into_iter().map(|body| body.unwrap_err().to_string()).collect();
        assert_eq!(reasons, [text(&vector, "reason")], "{}", vector["name"]);
        let next = &vectors("good")[0];
        assert_eq!(feed(&mut receiver, &bytes(next, "frame")), [Ok(bytes(next, "body"))]);
    }
}

#[test]
fn zeros_between_frames_are_nothing() {
    let mut receiver = Receiver::new();
    assert_eq!(feed(&mut receiver, &[0; 100]), []);
    let frame = bytes(&vectors("good")[0], "frame");
    // Two frames that share a zero.
    let both = [&frame[..], &frame[1..]].concat();
    assert_eq!(feed(&mut receiver, &both).len(), 2);
}
