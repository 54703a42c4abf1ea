//! RECORD and RECORDS.

use arielml_hal::{Observer, Share};
use arielml_scheduler::Worker;

use super::*;
use crate::{Record, Recorder, answer_record};

const UNKNOWN: u32 = UNIMPLEMENTED;

/// An agent with a recorder of `room` records, which `test` also gets.
fn recording(room: usize, test: impl FnOnce(&mut Bench<'_>, &'static Recorder<Steps>)) {
    std::thread_local! {
        static PLACES: Cell<Option<(&'static Recorder<Steps>, usize)>> = const { Cell::new(None) };
    }
    // Leaked: an image's recorder lives for good.
    let recorder: &'static Recorder<Steps> = std::boxed::Box::leak(std::boxed::Box::default());
    PLACES.set(Some((recorder, room)));
    bench(|bench| {
        bench.agent.extension = Some(|session, body, sender, id, error| {
            let (recorder, room) = PLACES.get().unwrap();
            let memory = || {
                let records: Vec<MaybeUninit<Record>> = vec![MaybeUninit::uninit(); room];
                records.leak()
            };
            answer_record(recorder, memory, session, body, sender, id, error);
        });
        test(bench, recorder);
    });
}

fn share(worker: u32, place: u32) -> Share {
    Share { worker: Worker(worker), place, function: 3, items: 9, begin: 5, heap: 77 }
}

#[test]
fn records_are_kept_until_there_is_no_room() {
    recording(3, |bench, recorder| {
        assert_eq!(bench.results(13, vec![]), numbers(&[1, 3]));
        for place in 0..5 {
            recorder.end(share(0, place));
        }
        let found = bench.results(14, numbers(&[0, 0]));
        assert_eq!(found[..2], numbers(&[3, 2]));
        let found: Vec<u32> = found[2..].iter().map(number).collect();
        let records: Vec<&[u32]> = found.chunks(7).collect();
        assert_eq!(records.len(), 3);
        for (place, record) in records.iter().enumerate() {
            assert_eq!(record[..4], [place as u32, 3, 9, 5]);
            // The stack is looked at each time; the bench's grows by eight.
            assert_eq!(record[5..], [77, 8 * (place as u32 + 1)]);
        }
        assert!(records[0][4] < records[1][4]);
        // From the second one on.
        assert_eq!(bench.results(14, numbers(&[0, 1])).len(), 2 + 2 * 7);
        assert_eq!(bench.results(14, numbers(&[0, 3])), numbers(&[3, 2]));
        assert_eq!(bench.results(14, numbers(&[0, u32::MAX])), numbers(&[3, 2]));
        // Anew.
        assert_eq!(bench.results(13, vec![]), numbers(&[1, 3]));
        assert_eq!(bench.results(14, numbers(&[0, 0])), numbers(&[0, 0]));
    });
}

#[test]
fn workers_that_are_not_there_have_no_records() {
    recording(4, |bench, recorder| {
        recorder.end(share(0, 0));
        assert_eq!(bench.results(14, numbers(&[0, 0])), numbers(&[0, 0]), "not started");
        bench.results(13, vec![]);
        recorder.end(share(1, 0));
        recorder.end(share(8, 0));
        recorder.end(share(u32::MAX, 0));
        // Worker 1 has no part of the memory of one worker's.
        assert_eq!(bench.results(14, numbers(&[1, 0])), numbers(&[0, 1]));
        for worker in [8, u32::MAX] {
            assert_eq!(bench.results(14, numbers(&[worker, 0])), numbers(&[0, 0]));
        }
        assert_eq!(bench.results(14, numbers(&[0, 0])), numbers(&[0, 0]));
    });
}

#[test]
fn a_reply_holds_as_many_as_fit() {
    recording(100, |bench, recorder| {
        bench.results(13, vec![]);
        for place in 0..100 {
            recorder.end(Share {
                function: u32::MAX,
                items: u32::MAX,
                begin: u32::MAX,
                heap: u32::MAX,
                ..share(0, place)
            });
        }
        let mut seen = 0;
        while seen < 100 {
            let found = bench.results(14, numbers(&[0, seen]));
            let count = (found.len() as u32 - 2) / 7;
            assert!((20..=28).contains(&count) || seen + count == 100, "{count}");
            assert_eq!(number(&found[2]), seen);
            seen += count;
        }
    });
}

#[test]
fn wrong_arguments_are_refused() {
    recording(1, |bench, _| {
        for (op, wrong) in [
            (13, numbers(&[1])),
            (14, vec![]),
            (14, numbers(&[1])),
            (14, numbers(&[1, 2, 3])),
            (14, vec![0.into(), "first".into()]),
        ] {
            assert_eq!(bench.refusal(op, wrong).0, INVALID_ARGUMENT);
        }
        assert_eq!(bench.refusal(15, vec![]).0, UNKNOWN);
    });
}

#[test]
fn other_images_do_not_know_them() {
    bench(|bench| {
        assert_eq!(bench.refusal(13, vec![]).0, UNKNOWN);
        assert_eq!(bench.refusal(14, numbers(&[0, 0])).0, UNKNOWN);
    });
}
