//! Runs the exports of VM modules for whoever writes to its standard input: the
//! differential test, which holds what it says against IREE's own runtime.
//!
//! A line asks, a line answers:
//!
//!     load <path>                  ok <export>:<calling convention> ...
//!     call <export> <argument>...  ok <result> ...
//!
//! or `error <status> <message>`. Behind the results come the buffers among the
//! arguments, as the call left them. Values are `i:` and `I:` with a decimal
//! integer, `f:` and `F:` with the bits of a float in hexadecimal, `b:` with
//! the bytes of a buffer in hexadecimal, `null`, and `list:` with a number:
//! lists that were results can be arguments of later calls.

use std::io::{BufRead, Write};
use std::mem::MaybeUninit;

use arielml_arena::{Arena, Shared, Vector};
use arielml_hal::{Hal, Object, Parts};
use arielml_scheduler::Sequential;
use arielml_vm::{Buffer, Code, Error, Instance, Module, Ref, Value};

type Argument = Value<'static, Object<'static>>;

struct Session {
    arena: &'static Arena<'static>,
    hal: Hal<'static, Sequential>,
    instance: Instance<'static, Object<'static>>,
    lists: Vec<Argument>,
}

fn main() {
    let mut session = None;
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line of text");
        let mut words = line.split(' ');
        let answer = match (words.next(), words.next()) {
            (Some("load"), Some(path)) => load(path).map(|new| {
                let exports = session.insert(new).instance.module().exports();
                exports.map(|(name, cconv)| format!(" {name}:{cconv}")).collect()
            }),
            (Some("call"), Some(export)) => {
                let session = session.as_mut().expect("a module was loaded");
                let values = words.map(|word| argument(session, word)).collect();
                call(session, export, values)
            }
            _ => panic!("not a request: {line}"),
        };
        match answer {
            Ok(text) => println!("ok{text}"),
            Err(error) => println!("error {} {}", error.code as u8, &*error.message),
        }
        std::io::stdout().flush().expect("someone who listens");
    }
}

/// What it takes is only given back when the program ends.
fn load(path: &str) -> Result<Session, Error<'static>> {
    let bytes = std::fs::read(path).expect("a module file").leak();
    let room: &'static mut [u8] = vec![0; bytes.len() + 64].leak();
    let start = room.as_ptr().align_offset(64);
    let module = &mut room[start..start + bytes.len()];
    module.copy_from_slice(bytes);
    let region = vec![MaybeUninit::uninit(); 1 << 20].leak();
    let arena: &'static Arena<'static> = Box::leak(Box::new(Arena::new(region)));
    // SAFETY: there are no libraries that could break their contract.
    let mut hal = unsafe { Hal::new(arena, &[], Sequential, Parts::ALL) };
    let module = Module::load(module, &hal, arena)?;
    let instance = Instance::new(module, &mut hal, arena)?;
    Ok(Session { arena, hal, instance, lists: Vec::new() })
}

fn call(
    session: &mut Session,
    export: &str,
    arguments: Vec<Argument>,
) -> Result<String, Error<'static>> {
    let Session { arena, hal, instance, lists } = session;
    let mut results = Vector::new(arena);
    instance.invoke(hal, export, &arguments, &mut results)?;
    let buffers = arguments.iter().filter(|value| matches!(value, Value::Ref(Ref::Buffer(_))));
    Ok(results.iter().chain(buffers).map(|value| format!(" {}", shown(value, lists))).collect())
}

fn argument(session: &Session, word: &str) -> Argument {
    let arena = session.arena;
    let (kind, text) = word.split_once(':').unwrap_or((word, ""));
    let bits = || u64::from_str_radix(text, 16).expect("hexadecimal digits");
    match kind {
        "i" => Value::I32(text.parse().expect("an i32")),
        "I" => Value::I64(text.parse().expect("an i64")),
        "f" => Value::F32(f32::from_bits(bits() as u32)),
        "F" => Value::F64(f64::from_bits(bits())),
        "b" => {
            let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("a byte");
            let bytes: Vec<u8> = (0..text.len()).step_by(2).map(digit).collect();
            let buffer = Buffer::zeroed(arena, bytes.len(), 16).expect("room for it");
            buffer.write().expect("nobody else has it").copy_from_slice(&bytes);
            Value::Ref(Ref::Buffer(Shared::new(arena, buffer).expect("room for it")))
        }
        "list" => session.lists[text.parse::<usize>().expect("a list's number")].clone(),
        "null" => Value::Ref(Ref::Null),
        _ => panic!("not a value: {word}"),
    }
}

fn shown(value: &Argument, lists: &mut Vec<Argument>) -> String {
    match value {
        Value::I32(value) => format!("i:{value}"),
        Value::I64(value) => format!("I:{value}"),
        Value::F32(value) => format!("f:{:x}", value.to_bits()),
        Value::F64(value) => format!("F:{:x}", value.to_bits()),
        Value::Ref(Ref::Null) => "null".into(),
        Value::Ref(Ref::List(_)) => {
            lists.push(value.clone());
            format!("list:{}", lists.len() - 1)
        }
        Value::Ref(reference) => match reference.bytes() {
            Ok(bytes) => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("b:{digits}")
            }
            Err(Error { code: Code::InvalidArgument, .. }) => "object".into(),
            Err(error) => panic!("{error:?}"),
        },
    }
}
