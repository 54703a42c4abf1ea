//! The device as a runner sees it: text in, text out.

use core::cell::RefCell;
use core::mem::MaybeUninit;
use std::format;
use std::rc::Rc;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use arielml_agent::{Clock, Hal, Identity, Link, Platform, Session};
use arielml_arena::Arena;
use arielml_hal::Parts;
use arielml_scheduler::Sequential;

use crate::{Description, Device, report_fault};

const MODEL: &[u8] = include_bytes!("../../agent/tests/modules/model.vmfb");
const IDENTITY: Identity =
    Identity { board: "bench", cores: 1, clock_hz: 64_000_000, ticks_hz: 2_000_000 };
const HEAP: usize = 16 * 1024;

/// Ticks between two looks.
const STEP: u32 = 1000;

#[derive(Clone, Default)]
struct Wire(Rc<RefCell<Vec<u8>>>);

impl Link for Wire {
    fn read(&mut self) -> u8 {
        unreachable!("bytes are handed to the device one by one")
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.borrow_mut().extend_from_slice(bytes);
    }
}

#[derive(Clone, Copy)]
struct Board(u32);

impl Clock for Board {
    fn ticks(&self, _: u32) -> u32 {
        self.0
    }

    fn stack(&self, known: u32) -> u32 {
        known
    }
}

impl Platform for Board {
    type Clock = Board;

    fn clock(&self) -> Board {
        *self
    }

    fn ticks(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(STEP);
        self.0
    }

    fn stack_size(&self) -> u32 {
        0
    }

    fn paint_stack(&mut self) {}

    fn stack_peak(&mut self) -> u32 {
        0
    }

    fn reset(&mut self) {
        unreachable!("nothing asks for it")
    }
}

/// A description of the function `copy`, with its words changed by `change`.
pub(crate) fn described(change: impl FnOnce(&mut Vec<u32>)) -> Vec<u8> {
    let signed_byte = 0x1100_0008;
    let (one, half, minus_one) = (1f32.to_bits(), 0.5f32.to_bits(), u32::MAX);
    let mut words = vec![1, 1, 0, 300, 0, one, 0, half, minus_one, 0, 0, signed_byte, 1, 300];
    words.push("bench".len() as u32);
    change(&mut words);
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend_from_slice(b"bench");
    for text in ["copy01", "copy"] {
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

struct Bench<'a> {
    device: Device<'a, Wire, Board>,
    arena: &'a Arena<'a>,
    wire: Wire,
}

impl Bench<'_> {
    /// What it says to `bytes`, line by line.
    fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        for &byte in bytes {
            self.device.receive(byte);
        }
        lines(&self.wire.0.take())
    }

    /// What it says to a command before it is ready for the next one.
    fn ask(&mut self, command: &str) -> Vec<String> {
        let mut said = self.feed(format!("{command}%").as_bytes());
        assert_eq!(said.pop().unwrap(), "m-ready", "{command}");
        assert!(said.iter().all(|line| line != "m-ready"), "{command}: {said:?}");
        said
    }

    fn refused(&mut self, command: &str, why: &str) {
        let said = self.ask(command);
        let [line] = &said[..] else { panic!("{command}: {said:?}") };
        assert!(line.starts_with("e-[") && line.ends_with(']'), "{line}");
        assert!(line.contains(why), "{command}: {line}");
    }

    /// Sends all of `data` as the runner does: 31 bytes to a command.
    fn load(&mut self, data: &[u8]) {
        let announced = self.ask(&format!("db load {}", data.len()));
        assert_eq!(announced, [format!("m-[Expecting {} bytes]", data.len())]);
        let pieces: Vec<&[u8]> = data.chunks(31).collect();
        for (index, piece) in pieces.iter().enumerate() {
            let digits: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
            let last = index + 1 == pieces.len();
            let expected: &[&str] = if last { &["m-load-done"] } else { &[] };
            assert_eq!(self.ask(&format!("db {digits}")), expected);
        }
    }
}

fn lines(sent: &[u8]) -> Vec<String> {
    let text = core::str::from_utf8(sent).unwrap();
    assert!(text.is_empty() || text.ends_with("\r\n"), "{text:?}");
    let lines: Vec<String> = text.split_terminator("\r\n").map(Into::into).collect();
    assert!(lines.iter().all(|line| !line.contains(['\r', '\n'])), "{lines:?}");
    lines
}

/// Runs `test` on a device that has not started, with `heap` bytes of arena;
/// nothing may be left in the arena after.
fn on_bench(heap: usize, description: &[u8], test: impl FnOnce(&mut Bench<'_>)) {
    let mut region = vec![MaybeUninit::uninit(); heap];
    let arena = Arena::new(&mut region);
    let mut alone = Sequential;
    // SAFETY: there are no libraries that could break their contract.
    let hal: Hal = unsafe { Hal::new(&arena, &[], &mut alone, Parts::ALL) };
    // A module wants the alignment that images give it.
    let mut aligned = vec![0u64; MODEL.len() / 8 + 9];
    let skip = aligned.as_ptr().align_offset(64);
    // SAFETY: `u64`s may be looked at as bytes.
    let bytes = unsafe { aligned.align_to_mut::<u8>().1 };
    let bytes = &mut bytes[8 * skip..][..MODEL.len()];
    bytes.copy_from_slice(MODEL);
    let session = Session::new(Board(u32::MAX - 10 * STEP), IDENTITY, &[0; 8], &arena, hal, bytes);
    let description = Description::read(description).unwrap();
    let wire = Wire::default();
    let device = Device::new(wire.clone(), session, description);
    let mut bench = Bench { device, arena: &arena, wire };
    test(&mut bench);
    drop(bench);
    assert_eq!(arena.usage().live, 0);
}

/// Runs `test` on a device that has started.
fn bench(change: impl FnOnce(&mut Vec<u32>), test: impl FnOnce(&mut Bench<'_>)) {
    on_bench(HEAP, &described(change), |bench| {
        bench.device.start();
        bench.wire.0.take();
        test(bench);
    });
}

fn lap(line: &str) -> u64 {
    line.strip_prefix("m-lap-us-").unwrap().parse().unwrap()
}

/// What stands between the brackets of `line`, which begins with `before`.
fn between<'l>(line: &'l str, before: &str) -> Vec<&'l str> {
    let inner = line.strip_prefix(before).and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or_else(|| panic!("{line}")).split(',').collect()
}

#[test]
fn it_says_that_it_is_up() {
    on_bench(HEAP, &described(|_| ()), |bench| {
        bench.device.start();
        let said = lines(&bench.wire.0.take());
        assert_eq!(said.len(), 4);
        assert_eq!(said[0], "m-timestamp-mode-performance");
        lap(&said[1]);
        assert_eq!(said[2..], ["m-init-done", "m-ready"]);
    });
}

#[test]
fn it_says_what_it_is() {
    bench(
        |_| (),
        |bench| {
            assert_eq!(bench.ask("name"), ["m-name-dut-[bench]"]);
            let profile = "m-profile-[ULPMark for tinyML Firmware V0.0.1]";
            assert_eq!(bench.ask("profile"), [profile, "m-model-[copy01]"]);
            assert_eq!(bench.ask(""), [""; 0]);
            assert!(bench.ask("help").len() > 6);
            let (first, second) = (bench.ask("timestamp"), bench.ask("timestamp"));
            assert_eq!(lap(&second[0]) - lap(&first[0]), u64::from(STEP / 2));
        },
    );
}

#[test]
fn it_infers_and_gives_results() {
    bench(
        |_| (),
        |bench| {
            let data: Vec<u8> = (0..300).map(|n| (n * 7 % 256) as u8).collect();
            bench.load(&data);
            let said = bench.ask("infer 20 3");
            assert_eq!(said.len(), 7);
            assert_eq!(said[..3], ["m-warmup-start-3", "m-warmup-done", "m-infer-start-20"]);
            assert_eq!(said[5], "m-infer-done");
            // A look after each inference, and one at the end; the count has wrapped.
            assert_eq!(lap(&said[4]) - lap(&said[3]), u64::from(STEP / 2) * 21);
            let expected: Vec<String> = data
                .iter()
                .map(|&byte| format!("{:.3}", f32::from(byte as i8) * 0.5 + 0.5))
                .collect();
            assert_eq!(between(&said[6], "m-results-["), expected);
            assert_eq!(bench.ask("results"), said[6..]);
            // The input is still there.
            assert_eq!(bench.ask("infer 1 0")[6], said[6]);
            assert_eq!(bench.ask("infer")[0], "m-warmup-start-10");
        },
    );
}

#[test]
fn memory_does_not_grow() {
    bench(
        |_| (),
        |bench| {
            bench.load(&[1; 300]);
            bench.ask("infer 1 0");
            let (used, live) = (bench.arena.usage().used, bench.arena.usage().live);
            for _ in 0..if cfg!(miri) { 1 } else { 5 } {
                bench.load(&[2; 300]);
                bench.ask("infer 7 2");
                bench.ask("db load 3");
                bench.ask("no such command");
            }
            assert_eq!((bench.arena.usage().used, bench.arena.usage().live), (used, live));
        },
    );
}

#[test]
fn data_are_shown() {
    bench(
        |_| (),
        |bench| {
            assert_eq!(bench.ask("db print"), [""; 0]);
            bench.ask("db load 10");
            bench.ask("db 000102030405");
            assert_eq!(bench.ask("db print"), ["m-buffer-00-01-02-03-04-05"]);
            bench.ask("db 060708FF");
            let shown = ["m-buffer-00-01-02-03-04-05-06-07", "m-buffer-08-ff"];
            assert_eq!(bench.ask("db print"), shown);
            assert_eq!(bench.ask("db print 2 7"), ["m-buffer-07-08"]);
            assert_eq!(bench.ask("db print 99 9"), ["m-buffer-ff"]);
            assert_eq!(bench.ask("db print 1 11"), [""; 0]);
        },
    );
}

#[test]
fn commands_that_cannot_be_are_refused() {
    bench(
        |_| (),
        |bench| {
            bench.refused("nonsense 1 2", "unknown command: nonsense");
            bench.refused("x\u{7f}]y", "unknown command: x??y");
            bench.refused("infer 1 0", "has 0 bytes of 300");
            bench.refused("results", "no results");
            bench.refused("db 00", "db load");
            bench.refused("db load 301", "room for 300 bytes of input, not for 301");
            bench.refused("db load 0", "from 1 on");
            bench.refused("infer 0 0", "from 1 on");
            assert_eq!(bench.ask("db load 4"), ["m-[Expecting 4 bytes]"]);
            bench.refused("db 000", "odd");
            bench.refused("db 00gg", "not a hex digit");
            assert_eq!(bench.ask("db 0001"), [""; 0]);
            // Of this command two bytes have room; the next has none.
            assert_eq!(bench.ask("db 0203040506"), ["m-load-done"]);
            bench.refused("db 07", "all bytes are here");
            assert_eq!(bench.ask("db print"), ["m-buffer-00-01-02-03"]);
            bench.refused("infer 1 0", "has 4 bytes of 300");
        },
    );
}

#[test]
fn a_command_that_is_too_long_is_dropped() {
    bench(
        |_| (),
        |bench| {
            let longest = "x".repeat(80);
            bench.refused(&longest, &format!("unknown command: {longest}"));
            bench.refused(&"x".repeat(81), "too long");
            bench.refused(&"y".repeat(10_000), "too long");
            assert_eq!(bench.ask("name").len(), 1);
        },
    );
}

#[test]
fn any_bytes_are_answered_and_it_goes_on() {
    bench(
        |_| (),
        |bench| {
            let said = bench.feed(b"\r\nna\nme%\r\n\0\xFF%db load 4294967295%db print -1%%");
            assert_eq!(said.iter().filter(|line| *line == "m-ready").count(), 5);
            assert_eq!(said[0], "m-name-dut-[bench]");
            let mut state = 1u32;
            for _ in 0..if cfg!(miri) { 100 } else { 50_000 } {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let words = [&b"db "[..], b"infer ", b"load ", b"print ", b"%", b"0", b"ff "];
                let byte = [(state >> 24) as u8];
                let piece = words.get(state as usize >> 8 & 15).copied().unwrap_or(&byte);
                bench.feed(piece);
            }
            bench.feed(b"%");
            assert_eq!(bench.ask("name"), ["m-name-dut-[bench]"]);
        },
    );
}

#[test]
fn unsigned_data_become_signed() {
    bench(
        |words| words[4] = 1,
        |bench| {
            bench.load(&(0..300).map(|n| n as u8).collect::<Vec<_>>());
            let results = bench.ask("infer 1 0").pop().unwrap();
            let results = between(&results, "m-results-[");
            assert_eq!((results[0], results[255], results[256]), ("-63.500", "64.000", "-63.500"));
        },
    );
}

#[test]
fn an_autoencoder_gives_its_error() {
    let change = |words: &mut Vec<u32>| {
        words[3] = 1200;
        words[4] = 2;
        // A step of one half and a zero of -1, both ways.
        words[5..7].copy_from_slice(&[0.5f32.to_bits(), u32::MAX]);
        words[10] = 1;
    };
    bench(change, |bench| {
        let values: Vec<f32> = (0..300).map(|n| (n % 50) as f32 * 0.5 + 0.125).collect();
        bench.load(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
        // Each is an eighth off, for all that the step can tell.
        assert_eq!(bench.ask("infer 1 0").pop().unwrap(), "m-results-[0.016]");
    });
}

#[test]
fn a_board_without_room_says_so() {
    let mut started = 0;
    // Miri takes a thousand times as long.
    for heap in (512..HEAP).step_by(if cfg!(miri) { 5000 } else { 64 }) {
        on_bench(heap, &described(|_| ()), |bench| {
            bench.device.start();
            let said = lines(&bench.wire.0.take());
            assert_eq!(said.last().unwrap(), "m-ready");
            if said.len() == 4 {
                started += 1;
                return bench.load(&[1; 300]);
            }
            assert!(said[2].starts_with("e-[the model cannot be loaded: status 8"), "{said:?}");
            assert!(said[3].contains("more RAM"));
            bench.refused("db load 300", "room for 0 bytes");
            bench.refused("infer 1 0", "not loaded");
        });
    }
    assert!(started > 0);
}

#[test]
fn an_inference_that_fails_says_so() {
    bench(
        |_| (),
        |bench| {
            bench.load(&[1; 300]);
            bench.arena.fail_after(Some(2));
            let said = bench.ask("infer 3 0");
            bench.arena.fail_after(None);
            let last = said.iter().find(|line| line.starts_with("e-[")).unwrap().to_string();
            assert!(last.starts_with("e-[the inference failed: status 8"), "{last}");
            assert!(!said.contains(&"m-infer-done".into()));
            bench.refused("results", "no results");
            assert_eq!(bench.ask("infer 3 0").len(), 7);
        },
    );
}

#[test]
fn an_export_that_is_not_there_is_an_error() {
    let mut bytes = described(|_| ());
    *bytes.last_mut().unwrap() = b'?';
    on_bench(HEAP, &bytes, |bench| {
        bench.device.start();
        bench.wire.0.take();
        bench.load(&[1; 300]);
        assert!(bench.ask("infer 1 0")[3..].iter().any(|line| line.contains("status 5")));
    });
}

#[test]
fn faults_are_lines_too() {
    let wire = Wire::default();
    report_fault(wire.clone(), "hard fault", &[b"cause unknown", b"]\n"], 0x1234, 0xFFFF_FFFD);
    let said = lines(&wire.0.take());
    let expected = "e-[fault: hard fault, cause unknown??, pc 0x00001234, lr 0xfffffffd]";
    assert_eq!(said, ["", expected]);
}
