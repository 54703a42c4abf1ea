//! The agent as a host sees it: bytes in, bytes out. Here is the bench; what is
//! tested on it lies beside.

mod model;
mod record;
mod trace;
mod wire;

use core::cell::{Cell, RefCell};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use arielml_arena::Arena;
use arielml_scheduler::Sequential;
use ciborium::Value;

use crate::frame::{MAX_BODY, Receiver, Sender, Staging};
use crate::{Agent, Buffers, Clock, Hal, Identity, Link, Platform, Session};
use arielml_hal::Parts;

const MODEL: &[u8] = include_bytes!("../../tests/modules/model.vmfb");
const CROWDED: &[u8] = include_bytes!("../../tests/modules/crowded.vmfb");
const IDENTITY: Identity =
    Identity { board: "bench", cores: 1, clock_hz: 64_000_000, ticks_hz: 16_000_000 };
const IMAGE_ID: [u8; 8] = *b"\0image\xFF\x01";

const FLOAT32: u32 = 0x2100_0020;
const SINT8: u32 = 0x1100_0008;

const INVALID_ARGUMENT: u32 = 3;
const NOT_FOUND: u32 = 5;
const RESOURCE_EXHAUSTED: u32 = 8;
const FAILED_PRECONDITION: u32 = 9;
const OUT_OF_RANGE: u32 = 11;
const UNIMPLEMENTED: u32 = 12;

#[derive(Clone, Default)]
struct Wire(Rc<RefCell<Vec<u8>>>);

impl Link for Wire {
    fn read(&mut self) -> u8 {
        unreachable!("bytes are handed to the agent one by one")
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.borrow_mut().extend_from_slice(bytes);
    }
}

/// A clock that advances at each look, by a step that grows.
#[derive(Clone, Default)]
struct Board {
    looks: Rc<Cell<u32>>,
    resets: Rc<Cell<u32>>,
}

/// Its time is how often it was asked, by a worker alone.
#[derive(Clone, Copy, Default)]
struct Steps;

impl Clock for Steps {
    fn ticks(&self, worker: u32) -> u32 {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        ASKED.fetch_add(1, Relaxed) + 1000 * worker
    }

    fn stack(&self, known: u32) -> u32 {
        known + 8
    }
}

impl Platform for Board {
    type Clock = Steps;

    fn clock(&self) -> Steps {
        Steps
    }

    fn ticks(&mut self) -> u32 {
        let looks = self.looks.get();
        self.looks.set(looks + 1);
        // Near the end of the count, so that it wraps.
        (u32::MAX - 3).wrapping_add(looks * looks)
    }

    fn stack_size(&self) -> u32 {
        16384
    }

    fn paint_stack(&mut self) {}

    fn stack_peak(&mut self) -> u32 {
        1000
    }

    fn reset(&mut self) {
        self.resets.set(self.resets.get() + 1);
    }
}

struct Bench<'a> {
    agent: Agent<'a, Wire, Board>,
    arena: &'a Arena<'a>,
    wire: Wire,
    board: Board,
    id: u32,
}

/// Runs `test` on an agent with `heap` bytes of arena; nothing may be left in
/// the arena after.
fn on_bench(module: &[u8], heap: usize, test: impl FnOnce(&mut Bench<'_>)) {
    let mut region = vec![MaybeUninit::uninit(); heap];
    let arena = Arena::new(&mut region);
    let mut buffers = Buffers::new();
    let (wire, board) = (Wire::default(), Board::default());
    let mut alone = Sequential;
    // SAFETY: there are no libraries that could break their contract.
    let hal: Hal = unsafe { Hal::new(&arena, &[], &mut alone, Parts::ALL) };
    // A module wants the alignment that images give it.
    let mut aligned = vec![0u64; module.len() / 8 + 9];
    let skip = aligned.as_ptr().align_offset(64);
    // SAFETY: `u64`s may be looked at as bytes.
    let bytes = unsafe { aligned.align_to_mut::<u8>().1 };
    let bytes = &mut bytes[8 * skip..][..module.len()];
    bytes.copy_from_slice(module);
    let session = Session::new(board.clone(), IDENTITY, &IMAGE_ID, &arena, hal, bytes);
    let agent = Agent::new(wire.clone(), &mut buffers, session);
    let mut bench = Bench { agent, arena: &arena, wire, board, id: 0 };
    test(&mut bench);
    drop(bench);
    assert_eq!(arena.usage().live, 0);
}

fn bench(test: impl FnOnce(&mut Bench<'_>)) {
    on_bench(MODEL, 16 * 1024, test);
}

/// A frame, by this test's own means.
fn frame(body: &[u8]) -> Vec<u8> {
    let wire = Wire::default();
    let mut staging = [0; size_of::<Staging>()];
    let mut link = wire.clone();
    let mut sender = Sender::new(&mut link, &mut staging);
    sender.put_all(body);
    sender.finish();
    wire.0.take()
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

/// The bodies that were sent.
fn bodies(sent: &[u8]) -> Vec<Value> {
    let mut receiver = Receiver::new();
    let mut found = Vec::new();
    for &byte in sent {
        if let Some(body) = receiver.push(byte) {
            let body = body.unwrap();
            assert!(body.len() <= MAX_BODY);
            found.push(ciborium::from_reader(body).unwrap());
        }
    }
    found
}

impl Bench<'_> {
    fn feed(&mut self, bytes: &[u8]) -> Vec<Value> {
        for &byte in bytes {
            self.agent.receive(byte);
        }
        bodies(&self.wire.0.take())
    }

    fn send(&mut self, request: &Value) -> Value {
        let mut replies = self.feed(&frame(&encoded(request)));
        assert_eq!(replies.len(), 1);
        replies.remove(0)
    }

    /// The code and what follows it, for a request with a fresh id.
    fn ask(&mut self, op: u32, arguments: Vec<Value>) -> (u32, Vec<Value>) {
        self.id += 1;
        let head = [Value::from(self.id), Value::from(op)];
        let request = Value::Array(head.into_iter().chain(arguments).collect());
        let mut reply = self.send(&request).into_array().unwrap();
        assert_eq!(reply.remove(0), Value::from(self.id));
        let code = number(&reply.remove(0));
        (code, reply)
    }

    fn results(&mut self, op: u32, arguments: Vec<Value>) -> Vec<Value> {
        let (code, results) = self.ask(op, arguments);
        assert_eq!(code, 0, "{results:?}");
        results
    }

    /// The code of an error, and its two values.
    fn refusal(&mut self, op: u32, arguments: Vec<Value>) -> (u32, u32, u32) {
        let (code, reply) = self.ask(op, arguments);
        assert_ne!(code, 0);
        let [message, subject, first, second, function, pc] = &reply[..] else {
            panic!("{reply:?}")
        };
        assert!(message.is_text() && subject.is_text());
        assert_eq!(function.is_null(), pc.is_null());
        (code, number(first), number(second))
    }

    fn put(&mut self, index: u32, element_type: u32, dims: &[u32], data: &[u8]) {
        let length = self.results(3, args(&[index, element_type], dims_of(dims)));
        assert_eq!(length, [Value::from(data.len() as u64)]);
        for (at, piece) in data.chunks(100).enumerate() {
            let bytes = Value::Bytes(piece.to_vec());
            assert_eq!(self.results(4, args(&[index, at as u32 * 100], bytes)), []);
        }
    }

    fn call(&mut self, export: &str) -> Vec<Value> {
        self.results(5, vec![export.into()])
    }

    fn live(&self) -> usize {
        self.arena.usage().live
    }
}

fn args(numbers: &[u32], last: Value) -> Vec<Value> {
    numbers.iter().map(|&number| number.into()).chain([last]).collect()
}

fn dims_of(dims: &[u32]) -> Value {
    Value::Array(dims.iter().map(|&dim| dim.into()).collect())
}

fn numbers(values: &[u32]) -> Vec<Value> {
    values.iter().map(|&value| value.into()).collect()
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_integer().unwrap()).unwrap()
}
