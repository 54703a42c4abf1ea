//! Files that are no modules, modules of another kind, and damaged ones: they
//! are refused, or at worst run to an end, and nothing panics or leaks.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests may assert in the ordinary way, and so may what they share"
)]

mod common;

use std::mem::MaybeUninit;

use arielml_arena::{Arena, Vector};
use arielml_vm::{Code, Error, Instance, Module, Ref, Value};
use common::{Aligned, Session, TestHost, Thing, bytes, references};

/// Loads `module` with `host`; all that it allocated is given back.
fn load(module: &[u8], host: &TestHost) -> Result<(), Refusal> {
    let aligned = Aligned::new(module);
    let mut region = vec![MaybeUninit::uninit(); 64 << 10];
    let arena = Arena::new(&mut region);
    let result = Module::load(aligned.bytes(), host, &arena).map(|_| ());
    let result = result.map_err(Refusal::new);
    assert_eq!(arena.usage().live, 0, "loading leaks");
    result
}

#[derive(Debug)]
struct Refusal {
    code: Code,
    message: String,
    subject: String,
    values: [u32; 2],
}

impl Refusal {
    fn new(error: Error<'_>) -> Self {
        let Error { code, message, subject, values, .. } = error;
        Refusal { code, message: message.to_string(), subject: subject.into(), values }
    }
}

fn refusal(module: &[u8]) -> Refusal {
    load(module, &TestHost::default()).unwrap_err()
}

/// `module` with the one u32 that is `old` replaced.
fn with_word(module: &[u8], old: u32, new: u32) -> Vec<u8> {
    let mut bytes = module.to_vec();
    let is_old = |at: &usize| bytes[*at..*at + 4] == old.to_le_bytes();
    let places: Vec<_> = (0..bytes.len() - 3).filter(is_old).collect();
    assert_eq!(places.len(), 1, "places of {old:#x}");
    bytes[places[0]..places[0] + 4].copy_from_slice(&new.to_le_bytes());
    bytes
}

#[test]
fn another_bytecode_version_is_refused_with_both_versions() {
    let module = module!("integer");
    for (version, part, values) in [
        (16 << 16, "major", [16, 17]),
        (18 << 16, "major", [18, 17]),
        (17 << 16 | 1, "minor", [1, 0]),
        (0xFFFF_FFFF, "major", [0xFFFF, 17]),
    ] {
        let refusal = refusal(&with_word(module, 17 << 16, version));
        assert_eq!(refusal.code, Code::Incompatible);
        assert!(refusal.message.contains("version of the bytecode"), "{refusal:?}");
        assert!(refusal.message.starts_with(part), "{refusal:?}");
        assert_eq!(refusal.values, values);
    }
}

#[test]
fn what_is_no_module_is_refused() {
    assert!(refusal(b"").message.contains("no module"));
    assert!(refusal(&[0; 64]).message.contains("identifier"));
    assert!(refusal(b"PK\x03\x04 a ZIP header cut").message.contains("ZIP"));
    let mut module = module!("integer").to_vec();
    module[8] ^= 1;
    assert!(refusal(&module).message.contains("identifier"));
    let host = TestHost::default();
    let aligned = Aligned::new(&[&[0; 4], &module!("integer")[..]].concat());
    let error = Module::load(&aligned.bytes()[4..], &host, common::arena(4096));
    let error = error.map(|_| ()).unwrap_err();
    assert!(error.message.contains("misaligned"));
    assert_eq!(error.values, [4, 64]);
}

#[test]
fn host_modules_and_imports_are_checked_by_name() {
    let module = module!("imports");
    let host = |version, lacks, differs| TestHost { version, lacks, differs, ..Default::default() };
    let load = |host| load(module, &host).unwrap_err();
    let refusal = load(host(None, "", ""));
    assert_eq!((refusal.code, &refusal.subject[..]), (Code::NotFound, "host"));
    let refusal = load(host(Some(3), "host.sum", ""));
    assert_eq!((refusal.code, &refusal.subject[..]), (Code::NotFound, "host.sum"));
    let refusal = load(host(Some(3), "", "host.wait"));
    assert_eq!((refusal.code, &refusal.subject[..]), (Code::Incompatible, "host.wait"));
}

#[test]
fn floats_are_refused_by_a_build_without_them() {
    let host = TestHost { floats: false, ..Default::default() };
    for (module, bits) in [(&module!("f32")[..], 1), (module!("f64"), 2)] {
        let refusal = load(module, &host).unwrap_err();
        assert_eq!((refusal.code, refusal.values[0] & 3), (Code::Incompatible, bits));
        assert_eq!(refusal.values[1], 0b1100);
    }
    assert!(load(module!("integer"), &host).is_ok());
}

#[test]
fn unknown_reference_types_are_refused_by_name() {
    let mut module = module!("references").to_vec();
    let name = b"!hal.device";
    let at = module.windows(name.len()).position(|window| window == name).unwrap();
    module[at + 1..at + 4].copy_from_slice(b"abc");
    let refusal = refusal(&module);
    assert_eq!((refusal.code, &refusal.subject[..]), (Code::NotFound, "!abc.device"));
}

#[test]
fn data_after_the_flatbuffer_and_a_zip_header_before_it() {
    let mut session = Session::new(module!("external"));
    let segments = references(session.call("segments", []));
    assert_eq!(bytes(&segments[0]), [7; 4200]);
    assert_eq!(bytes(&segments[1]), b"small");
    let Ref::Rodata(large) = segments[0] else { panic!("in place") };
    assert_eq!(large.as_ptr() as usize % 64, 0);
    drop(segments);
    session.finish();
}

#[test]
fn every_cut_is_refused() {
    for module in [&module!("control")[..], module!("imports")] {
        // The file is padded at its end, which a module can do without.
        let size = u32::from_le_bytes(*module.first_chunk().unwrap()) as usize + 4;
        for length in 0..size {
            assert!(load(&module[..length], &TestHost::default()).is_err(), "{length}");
        }
        assert!(load(&module[..size], &TestHost::default()).is_ok());
    }
    let module = module!("external");
    let data = module.windows(4200).position(|window| window == [7; 4200]).unwrap();
    for length in 0..data + 4200 {
        assert!(load(&module[..length], &TestHost::default()).is_err(), "{length}");
    }
}

/// Loads, initialises and calls every export, each with fuel for so many
/// branches and calls; gives the number of allocations that are left.
fn run(module: &[u8], fuel: u32) -> usize {
    let mut region = vec![MaybeUninit::uninit(); 32 << 10];
    let arena = Arena::new(&mut region);
    let mut host = TestHost::default();
    // Refused or run: either will do.
    let _ = run_in(module, fuel, &arena, &mut host);
    assert!(host.things.iter().all(|thing| std::rc::Rc::strong_count(thing) == 1), "leak");
    arena.usage().live
}

fn run_in<'a>(
    module: &'a [u8],
    fuel: u32,
    arena: &'a Arena<'a>,
    host: &mut TestHost,
) -> Result<(), Error<'a>> {
    let module = Module::load(module, host, arena)?;
    let exports: Vec<_> = module.exports().collect();
    let mut instance = Instance::new(module, host, arena)?;
    instance.set_fuel(Some(fuel));
    for (name, cconv) in exports {
        let letters = cconv.split('_').next().unwrap_or_default();
        let args: Vec<Value<'a, Thing>> = letters
            .chars()
            .filter_map(|letter| match letter {
                'i' => Some(Value::I32(3)),
                'I' => Some(Value::I64(2)),
                'f' => Some(Value::F32(0.5)),
                'F' => Some(Value::F64(0.5)),
                'r' => Some(Value::Ref(Ref::Rodata(b"sixteen and more bytes"))),
                _ => None,
            })
            .collect();
        let mut results = Vector::new(arena);
        // A failure of one export leaves the others callable.
        let _ = instance.invoke(host, name, &args, &mut results);
    }
    instance.close(host)
}

/// With `lists`, allocations may be left: damage can make a module put a list
/// into itself, and reference counts never free a cycle.
fn damage_every_byte(module: &[u8], lists: bool) {
    let mut damaged = Aligned::new(module);
    for (place, &byte) in module.iter().enumerate() {
        for value in values(byte) {
            damaged.bytes_mut()[place] = value;
            let left = run(damaged.bytes(), 200);
            assert!(lists || left == 0, "byte {place} as {value:#x} leaks");
        }
        damaged.bytes_mut()[place] = byte;
    }
}

#[test]
fn no_damaged_byte_makes_control_panic_or_leak() {
    damage_every_byte(module!("control"), false);
}

#[test]
fn no_damaged_byte_makes_imports_panic_or_leak() {
    damage_every_byte(module!("imports"), false);
}

#[test]
fn no_damaged_byte_makes_data_panic_or_leak() {
    for module in
        [&module!("buffers")[..], module!("globals"), module!("references"), module!("data_float")]
    {
        // `data_float` uses lists, but only of values.
        damage_every_byte(module, false);
    }
}

#[test]
fn no_damaged_byte_makes_lists_panic() {
    damage_every_byte(module!("lists"), true);
}

/// What to put in a byte's place: every value in a release build, some in a
/// debug build, which takes twenty times as long.
fn values(byte: u8) -> Vec<u8> {
    if cfg!(debug_assertions) {
        vec![!byte, byte ^ 1, byte ^ 0x80, byte.wrapping_add(1), 0, 0xFF]
    } else {
        (0..=255).collect()
    }
}
