//! What the wire may bring, and what goes back over it.

use std::vec;
use std::vec::Vec;

use ciborium::{Value, cbor};

use super::*;
use crate::{CHECK_ARGUMENTS, Checked, Code, Error, answer_check, report_fault, text};

#[test]
fn greets_and_says_the_same_when_asked() {
    bench(|bench| {
        bench.agent.greet();
        let greeting = bodies(&bench.wire.0.take()).remove(0).into_array().unwrap();
        assert_eq!(greeting[..2], numbers(&[0, 1]));
        let hello = bench.results(1, vec![]);
        assert_eq!(greeting[2..], hello);
        assert_eq!(number(&hello[0]), crate::PROTOCOL);
        assert_eq!(hello[1], env!("CARGO_PKG_VERSION").into());
        assert_eq!(hello[2], "bench".into());
        assert_eq!(hello[3], Value::Bytes(IMAGE_ID.to_vec()));
        assert_eq!(hello[4..8], numbers(&[1024, 1, 64_000_000, 16_000_000]));
        assert_eq!(hello[9], 16384.into());
    });
}

#[test]
fn a_repeated_id_is_not_run_again() {
    bench(|bench| {
        let load = cbor!([70, 2, 1, 0]).unwrap();
        let first = bench.send(&load);
        assert_eq!(bench.send(&load), first);
        assert_eq!(bench.board.looks.get(), 2);
        bench.id = 70;
        bench.put(0, FLOAT32, &[4], &[7; 16]);
        bench.put(1, SINT8, &[2, 3], &[9; 6]);
        let call = cbor!([90, 5, "main"]).unwrap();
        let first = bench.send(&call);
        assert_eq!(bench.send(&call), first);
        assert_eq!(bench.board.looks.get(), 4);
        // Another id runs; so does the same one after a HELLO, which begins anew.
        bench.send(&cbor!([91, 5, "main"]).unwrap());
        assert_eq!(bench.board.looks.get(), 6);
        bench.send(&cbor!([1, 1]).unwrap());
        bench.send(&cbor!([91, 5, "main"]).unwrap());
        assert_eq!(bench.board.looks.get(), 8);
    });
}

#[test]
fn a_repeated_id_repeats_an_error_too() {
    bench(|bench| {
        let call = cbor!([5, 5, "main"]).unwrap();
        let first = bench.send(&call);
        assert_eq!(first.as_array().unwrap()[1], FAILED_PRECONDITION.into());
        bench.send(&cbor!([6, 6, 0]).unwrap());
        assert_eq!(bench.send(&call), first);
    });
}

#[test]
fn requests_with_wrong_arguments_are_refused_by_id() {
    bench(|bench| {
        assert_eq!(bench.refusal(0, vec![]), (UNIMPLEMENTED, 0, 0));
        assert_eq!(bench.refusal(13, numbers(&[1, 2])), (UNIMPLEMENTED, 13, 2));
        assert_eq!(bench.refusal(u32::MAX, vec![]), (UNIMPLEMENTED, u32::MAX, 0));
        assert_eq!(bench.refusal(2, numbers(&[1])), (INVALID_ARGUMENT, 2, 1));
        assert_eq!(bench.refusal(5, numbers(&[1])), (INVALID_ARGUMENT, 5, 1));
        assert_eq!(bench.refusal(3, args(&[0, SINT8], "dims".into())).0, INVALID_ARGUMENT);
        assert_eq!(
            bench.refusal(3, args(&[0, SINT8], Value::Array(vec!["a".into()]))).0,
            INVALID_ARGUMENT
        );
        assert_eq!(bench.refusal(6, vec![(-1).into()]).0, INVALID_ARGUMENT);
        assert_eq!(bench.refusal(6, vec![(1u64 << 32).into()]).0, INVALID_ARGUMENT);
    });
}

#[test]
fn what_is_no_request_is_asked_for_again() {
    let notice = |reason: &str| cbor!([0, 3, reason]).unwrap();
    bench(|bench| {
        for body in [&b""[..], b"\x01", b"\x80", b"\x81\x01", b"\x82\x01\x61a", b"\x9F\x01\x01\xFF"]
        {
            assert_eq!(bench.feed(&frame(body)), [notice("not a request")], "{body:?}");
        }
        for id in [0u64, (1 << 31) + 1] {
            assert_eq!(bench.send(&cbor!([id, 1]).unwrap()), notice("id out of range"));
        }
        assert_eq!(number(&bench.send(&cbor!([1u64 << 31, 8]).unwrap()).as_array().unwrap()[1]), 0);
    });
}

#[test]
fn a_lost_place_is_found_again() {
    bench(|bench| {
        let good = frame(&encoded(&cbor!([9, 10, Value::Bytes(vec![0, 1, 2])]).unwrap()));
        let reply = cbor!([9, 0, Value::Bytes(vec![0, 1, 2])]).unwrap();
        for cut in 1..good.len() - 1 {
            let replies = bench.feed(&[&good[..cut], &good[..]].concat());
            assert_eq!(replies.last(), Some(&reply), "cut at {cut}");
        }
        let noise: Vec<u8> = (0..5000u32).map(|n| (n % 255 + 1) as u8).collect();
        let replies = bench.feed(&[&noise[..], &good].concat());
        assert_eq!(replies, [cbor!([0, 3, "frame too long"]).unwrap(), reply]);
    });
}

#[test]
fn nothing_that_comes_in_makes_it_panic() {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    bench(|bench| {
        bench.results(2, numbers(&[1, 0]));
        let requests: Vec<Vec<u8>> = [
            cbor!([8, 3, 0, SINT8, [300]]),
            cbor!([8, 4, 0, 0, Value::Bytes(vec![1; 20])]),
            cbor!([8, 5, "copy"]),
            cbor!([8, 6, 0]),
            cbor!([8, 7, 0, 0, 300]),
            cbor!([8, 2, 1, 0]),
            cbor!([8, 9]),
        ]
        .into_iter()
        .map(|value| encoded(&value.unwrap()))
        .collect();
        // Miri takes a thousand times as long.
        for _ in 0..if cfg!(miri) { 20 } else { 20_000 } {
            let mut body = requests[random() as usize % requests.len()].clone();
            for _ in 0..random() % 4 {
                let at = random() as usize % body.len();
                body[at] = random() as u8;
            }
            body.truncate(body.len() - random() as usize % 2);
            bench.feed(&frame(&body));
        }
        assert_eq!(bench.results(10, vec![Value::Bytes(vec![1])]), [Value::Bytes(vec![1])]);
    });
}

#[test]
fn echo_fills_a_frame() {
    bench(|bench| {
        for length in [0, 1, 23, 24, 255, 256, 1008] {
            let bytes = Value::Bytes(vec![0xA5; length]);
            assert_eq!(bench.results(10, vec![bytes.clone()]), [bytes]);
        }
    });
}

#[test]
fn reset_answers_first() {
    bench(|bench| {
        assert_eq!(bench.results(11, vec![]), []);
        assert_eq!(bench.board.resets.get(), 1);
    });
}

/// A check that gives back what it was asked, and refuses number 99.
fn mirror(arena: &Arena<'_>, check: u32, arguments: &[u32; CHECK_ARGUMENTS]) -> Checked {
    if check == 99 {
        let refused = Error::new(Code::FailedPrecondition, text!("not now: blocks"));
        return Err(refused.with(arena.usage().live as u32, 0));
    }
    let values = [check].iter().chain(arguments).copied().collect::<Vec<_>>();
    Ok(values.leak())
}

fn mirrored(
    session: &mut Session<'_, Board>,
    body: &[u8],
    sender: Sender<'_, Wire>,
    id: u32,
    error: &Error<'_>,
) {
    answer_check(mirror, session, body, sender, id, error);
}

#[test]
fn an_image_with_checks_does_them_and_says_when() {
    bench(|bench| {
        bench.agent.extension = Some(mirrored);
        // Its ticks at the start, and those that it took.
        let begun = u32::MAX - 3;
        assert_eq!(bench.results(12, numbers(&[7])), numbers(&[begun, 1, 7, 0, 0, 0, 0]));
        let values = [u32::MAX, 1, 0, 9];
        let reply = bench.results(12, numbers(&[&[8], &values[..]].concat()));
        assert_eq!(reply[2..], numbers(&[&[8], &values[..]].concat()));
        assert_eq!(bench.refusal(12, numbers(&[99])), (FAILED_PRECONDITION, 0, 0));
        bench.put(0, FLOAT32, &[4], &[7; 16]);
        assert_eq!(bench.refusal(12, numbers(&[99])).1, bench.live() as u32);
    });
}

#[test]
fn checks_take_a_number_and_up_to_four_more() {
    bench(|bench| {
        bench.agent.extension = Some(mirrored);
        for wrong in [vec![], numbers(&[1, 2, 3, 4, 5, 6]), vec!["walk".into()]] {
            assert_eq!(bench.refusal(12, wrong), (INVALID_ARGUMENT, 12, 0));
        }
        assert_eq!(bench.refusal(12, vec![1.into(), (-1).into()]), (INVALID_ARGUMENT, 12, 0));
        // What is no CHECK is answered as it always is.
        assert_eq!(bench.refusal(13, numbers(&[1, 2])), (UNIMPLEMENTED, 13, 2));
        assert_eq!(bench.refusal(2, numbers(&[1])), (INVALID_ARGUMENT, 2, 1));
    });
}

#[test]
fn an_image_without_checks_says_so() {
    bench(|bench| assert_eq!(bench.refusal(12, numbers(&[1])), (UNIMPLEMENTED, 12, 1)));
}

#[test]
fn an_image_without_a_model_says_so_when_one_is_asked_for() {
    on_bench(&[], 16 * 1024, |bench| {
        let (code, reply) = bench.ask(2, numbers(&[1, 0]));
        assert_eq!(code, INVALID_ARGUMENT);
        assert!(reply[0].as_text().unwrap().contains("no module"), "{reply:?}");
        assert_eq!(bench.refusal(5, vec!["main".into()]).0, FAILED_PRECONDITION);
        assert_eq!(bench.results(10, vec![Value::Bytes(vec![1])]), [Value::Bytes(vec![1])]);
    });
}

#[test]
fn faults_are_reported() {
    let wire = Wire::default();
    let mut staging = [0; size_of::<Staging>()];
    let text: [&[u8]; 3] = [b"lib.rs", b":", b"12"];
    report_fault(&mut wire.clone(), &mut staging, "panic", &text, 0x1234, 0x5679);
    assert_eq!(
        bodies(&wire.0.take()),
        [cbor!([0, 2, "panic", "lib.rs:12", 0x1234, 0x5679]).unwrap()]
    );
}
