//! What requests do: load, call, tensors, memory.

use std::vec;
use std::vec::Vec;

use ciborium::{Value, cbor};

use super::*;

#[test]
fn loads_and_lists_exports() {
    bench(|bench| {
        let loaded = bench.results(2, numbers(&[1, 0]));
        assert_eq!(number(&loaded[0]), 1);
        assert!(number(&loaded[2]) >= number(&loaded[1]) && number(&loaded[1]) > 0);
        let exports = loaded[4].as_array().unwrap();
        assert!(exports.contains(&cbor!(["main", "0rr_rr"]).unwrap()), "{exports:?}");
        assert!(exports.contains(&cbor!(["scalar", "0v_i"]).unwrap()));
        assert_eq!(loaded[3].as_array().unwrap().len(), 1);
    });
}

#[test]
fn lists_as_many_exports_as_fit() {
    on_bench(CROWDED, 16 * 1024, |bench| {
        let loaded = bench.results(2, numbers(&[1, 0]));
        let listed = loaded[4].as_array().unwrap().len();
        assert!((10..20).contains(&listed), "{listed}");
        // One that was left out is there all the same.
        let last = "one_of_twenty_functions_whose_name_is_rather_long_number_19";
        assert_eq!(bench.refusal(5, vec![last.into()]).0, UNIMPLEMENTED);
    });
}

#[test]
fn calls_with_tensors_and_gives_them_back() {
    bench(|bench| {
        bench.results(2, numbers(&[1, 0]));
        let floats: Vec<u8> =
            [1.5f32, -2.0, 0.0, 3e9].iter().flat_map(|f| f.to_le_bytes()).collect();
        bench.put(0, FLOAT32, &[4], &floats);
        bench.put(1, SINT8, &[2, 3], &[1, 2, 3, 0, 0xFF, 0x80]);
        let called = bench.call("main");
        assert_eq!(number(&called[2]), 2);
        assert_eq!(
            bench.results(6, numbers(&[0])),
            args(&[SINT8], dims_of(&[2, 3])).into_iter().chain([6.into()]).collect::<Vec<_>>()
        );
        assert_eq!(
            bench.results(7, numbers(&[0, 0, 6])),
            [Value::Bytes(vec![1, 2, 3, 0, 0xFF, 0x80])]
        );
        assert_eq!(bench.results(7, numbers(&[1, 4, 12])), [Value::Bytes(floats[4..].to_vec())]);
    });
}

#[test]
fn a_tensor_longer_than_a_frame_comes_in_pieces() {
    bench(|bench| {
        bench.results(2, numbers(&[1, 0]));
        let data: Vec<u8> = (0..300).map(|n| (n % 251) as u8).collect();
        bench.put(0, SINT8, &[300], &data);
        bench.call("copy");
        let mut found = Vec::new();
        for at in (0..300).step_by(70) {
            let length = 70.min(300 - at);
            let [Value::Bytes(piece)] = &bench.results(7, numbers(&[0, at, length]))[..] else {
                panic!()
            };
            found.extend_from_slice(piece);
        }
        assert_eq!(found, data);
    });
}

#[test]
fn calls_that_cannot_be_are_refused() {
    bench(|bench| {
        assert_eq!(bench.refusal(5, vec!["main".into()]).0, FAILED_PRECONDITION);
        bench.results(2, numbers(&[1, 0]));
        assert_eq!(bench.refusal(5, vec!["mains".into()]).0, NOT_FOUND);
        // No input, and then one too few.
        assert_eq!(bench.refusal(5, vec!["main".into()]).0, INVALID_ARGUMENT);
        bench.put(0, FLOAT32, &[4], &[0; 16]);
        assert_eq!(bench.refusal(5, vec!["main".into()]).0, INVALID_ARGUMENT);
        // The module itself checks the shape.
        assert_eq!(bench.refusal(5, vec!["copy".into()]).0, INVALID_ARGUMENT);
        bench.results(8, vec![]);
        assert_eq!(bench.refusal(5, vec!["scalar".into()]), (UNIMPLEMENTED, 0, 0));
    });
}

#[test]
fn a_failed_call_leaves_no_outputs() {
    bench(|bench| {
        bench.results(2, numbers(&[1, 0]));
        bench.put(0, SINT8, &[300], &[1; 300]);
        bench.call("copy");
        assert_eq!(bench.refusal(5, vec!["main".into()]).0, INVALID_ARGUMENT);
        assert_eq!(bench.refusal(6, numbers(&[0])).0, FAILED_PRECONDITION);
    });
}

#[test]
fn tensors_out_of_range_are_refused() {
    bench(|bench| {
        assert_eq!(bench.refusal(3, args(&[16, SINT8], dims_of(&[1]))), (OUT_OF_RANGE, 16, 15));
        assert_eq!(bench.refusal(4, args(&[0, 0], Value::Bytes(vec![1]))).0, FAILED_PRECONDITION);
        assert_eq!(bench.refusal(6, numbers(&[0])).0, FAILED_PRECONDITION);
        assert_eq!(bench.refusal(6, numbers(&[99])).0, OUT_OF_RANGE);
        bench.results(2, numbers(&[1, 0]));
        bench.put(0, SINT8, &[300], &[3; 300]);
        assert_eq!(bench.refusal(4, args(&[0, 299], Value::Bytes(vec![1, 2]))).0, OUT_OF_RANGE);
        assert_eq!(bench.refusal(4, args(&[0, u32::MAX], Value::Bytes(vec![1]))).0, OUT_OF_RANGE);
        bench.call("copy");
        assert_eq!(bench.refusal(7, numbers(&[0, 299, 2])), (OUT_OF_RANGE, 299, 300));
        assert_eq!(bench.refusal(7, numbers(&[0, u32::MAX, 1])).0, OUT_OF_RANGE);
        assert_eq!(bench.refusal(7, numbers(&[0, 0, 1009])), (OUT_OF_RANGE, 1009, 1008));
        assert_eq!(bench.results(7, numbers(&[0, 300, 0])), [Value::Bytes(vec![])]);
    });
}

#[test]
fn a_tensor_that_does_not_fit_is_refused_and_leaves_nothing() {
    bench(|bench| {
        let (code, asked, free) = bench.refusal(3, args(&[0, FLOAT32], dims_of(&[100, 100])));
        assert_eq!((code, asked), (RESOURCE_EXHAUSTED, 40_000));
        assert!(free < 16 * 1024);
        let huge = dims_of(&[u32::MAX, u32::MAX, u32::MAX, u32::MAX, u32::MAX]);
        assert_eq!(bench.refusal(3, args(&[0, FLOAT32], huge)).0, RESOURCE_EXHAUSTED);
        assert_eq!(bench.live(), 0);
        bench.put(0, SINT8, &[8], &[1; 8]);
    });
}

#[test]
fn an_input_may_be_replaced_and_released() {
    bench(|bench| {
        bench.put(3, SINT8, &[4], &[1; 4]);
        let live = bench.live();
        bench.put(3, FLOAT32, &[2, 2], &[2; 16]);
        assert_eq!(bench.live(), live);
        assert_eq!(bench.results(8, vec![]), []);
        assert_eq!(bench.live(), 0);
    });
}

#[test]
fn stats_hold_the_highest_marks() {
    bench(|bench| {
        bench.results(2, numbers(&[1, 0]));
        bench.put(0, SINT8, &[8, 1000], &[5; 8000]);
        bench.results(8, vec![]);
        let stats: Vec<u32> = bench.results(9, vec![]).iter().map(number).collect();
        let [capacity, used, peak, live, stack_size, stack_peak] = stats[..] else { panic!() };
        assert!(capacity <= 16 * 1024 && used < 8000 && peak > 8000);
        assert_eq!((live as usize, stack_size, stack_peak), (bench.live(), 16384, 1000));
        // A call has its own mark, and does not lower the one since boot.
        bench.put(0, SINT8, &[300], &[5; 300]);
        assert!(number(&bench.call("copy")[3]) < 8000);
        assert_eq!(number(&bench.results(9, vec![])[2]), peak);
    });
}

#[test]
fn every_failed_allocation_is_an_error_and_leaks_nothing() {
    bench(|bench| {
        bench.results(2, numbers(&[1, 0]));
        let loaded = bench.live();
        // Miri takes a thousand times as long.
        for count in (0..).step_by(if cfg!(miri) { 9 } else { 1 }) {
            bench.arena.fail_after(Some(count));
            let codes = [
                bench.ask(2, numbers(&[1, 0])).0,
                bench.ask(3, args(&[0, SINT8], dims_of(&[300]))).0,
                bench.ask(5, vec!["copy".into()]).0,
            ];
            bench.arena.fail_after(None);
            bench.results(8, vec![]);
            if codes == [0, 0, 0] {
                assert!(count > 10);
                break;
            }
            assert!(codes.contains(&RESOURCE_EXHAUSTED), "{count}: {codes:?}");
            bench.results(2, numbers(&[1, 0]));
            assert_eq!(bench.live(), loaded);
        }
    });
}
