//! Every import, called from bytecode with arguments of all sorts.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // Tests, helpers included.

mod buffers;
mod commands;
mod device;
mod hostile;
mod queue;
#[path = "../support/mod.rs"]
mod support;

use arielml_hal::{Buffer, Object};
use arielml_vm::{Ref, Value};
use support::Fake;
use support::session::{Aligned, Argument, Failure, Reference, Session, arena};

const NULL: Argument = Value::Ref(Ref::Null);
const DEVICE: Argument = Value::Ref(Ref::Host(Object::Device));
const ALLOCATOR: Argument = Value::Ref(Ref::Host(Object::Allocator));
const ANY: Argument = Value::I64(-1);
/// Memory types of transient and of host-visible buffers, and their usage.
const DEVICE_LOCAL: Argument = Value::I32(0x30);
const HOST_VISIBLE: Argument = Value::I32(0x32);
const USAGE: Argument = Value::I32(0xC03);
const IMMUTABLE: Argument = Value::I32(0x8_0C03);
const INT32: Argument = Value::I32(0x1000_0020);

fn i(value: i32) -> Argument {
    Value::I32(value)
}

fn l(value: i64) -> Argument {
    Value::I64(value)
}

fn data(bytes: &'static [u8]) -> Argument {
    Value::Ref(Ref::Rodata(bytes))
}

fn session() -> Session {
    library();
    Session::new(arena(32 << 10), module!("../modules/imports.vmfb")).unwrap()
}

/// Element 0 of binding 1 becomes the constant plus element 0 of binding 0.
fn library() {
    let add = function!("add", 1, 2, 0, |call| {
        // Bytes, because no binding need be aligned.
        let value = call.binding::<[u8; 4]>(0).first().copied().unwrap_or_default();
        let sum = i32::from_le_bytes(value).wrapping_add(call.constants()[0] as i32);
        if let Some(target) = call.binding::<[u8; 4]>(1).first_mut() {
            *target = sum.to_le_bytes();
        }
        0
    });
    let fail = function!("fail", 1, 2, 0, |_| 3);
    Fake::new("lib", &[add, fail]).install();
}

/// Calls with what they are expected to give.
trait Expect {
    fn one(&mut self, export: &str, arguments: &[Argument]) -> Argument;
    fn none(&mut self, export: &str, arguments: &[Argument]);
    fn error(&mut self, export: &str, arguments: &[Argument]) -> Failure;
    fn buffer(&mut self, words: &[i32]) -> Argument;
    fn fence(&mut self) -> Argument;
}

impl Expect for Session {
    fn one(&mut self, export: &str, arguments: &[Argument]) -> Argument {
        let results = self.call(export, arguments);
        let Ok([result]) = results.as_deref() else { panic!("{export}: {:?}", results.err()) };
        result.clone()
    }

    fn none(&mut self, export: &str, arguments: &[Argument]) {
        assert!(self.call(export, arguments).unwrap().is_empty());
    }

    fn error(&mut self, export: &str, arguments: &[Argument]) -> Failure {
        match self.call(export, arguments) {
            Ok(_) => panic!("{export} was not refused"),
            Err(error) => error,
        }
    }

    fn buffer(&mut self, words: &[i32]) -> Argument {
        let buffer = Buffer::allocate(self.arena, words.len() * 4).unwrap();
        for (index, word) in words.iter().enumerate() {
            buffer.write(index * 4, &word.to_le_bytes()).unwrap();
        }
        Value::Ref(Ref::Host(Object::Buffer(buffer)))
    }

    fn fence(&mut self) -> Argument {
        self.one("fence_create", &[DEVICE, l(0)])
    }
}

fn words(value: &Argument) -> Vec<i32> {
    let Value::Ref(Ref::Host(Object::Buffer(buffer))) = value else { panic!("not a buffer") };
    let mut bytes = vec![0; buffer.len()];
    buffer.read(0, &mut bytes).unwrap();
    bytes.as_chunks().0.iter().map(|chunk| i32::from_le_bytes(*chunk)).collect()
}

fn number(value: &Argument) -> i64 {
    match value {
        Value::I32(value) => (*value).into(),
        Value::I64(value) => *value,
        _ => panic!("not an integer"),
    }
}

fn reference(value: &Argument) -> &Reference {
    let Value::Ref(reference) = value else { panic!("not a reference") };
    reference
}
