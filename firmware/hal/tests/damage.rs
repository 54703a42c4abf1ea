//! A compiled model, an ONNX Add of four floats, with every byte damaged in
//! turn: it is refused, or runs to an error or a result, and nothing is
//! written but what may be. Its kernel is written here, and checks what it is
//! given instead of trusting it as a compiled one would.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // Tests, helpers included.

mod support;

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ops::Range;

use arielml_arena::{Arena, Vector};
use arielml_hal::{Buffer, DENSE_ROW_MAJOR, Hal, LibraryQuery, Object, Parts, View};
use arielml_scheduler::Sequential;
use arielml_vm::{Error, Instance, Module, Ref, Value};
use support::session::Aligned;
use support::{Fake, ran};

static ADD: &Aligned<[u8]> = &Aligned(*include_bytes!("modules/add.vmfb"));
static LIBRARIES: [LibraryQuery; 1] = [support::query];

/// What `__init` is called here: initialisers have no limit on their branches.
const INITIALISER: &str = "__Init";
const FLOAT32: u32 = 0x2100_0020;
/// Workgroups of one run; damage can ask for billions.
const MOST: u32 = 100;
const GUARD: u8 = 0xC5;

std::thread_local! {
    static ARENA: Cell<Range<usize>> = const { Cell::new(0..0) };
    static MODULE: Cell<Range<usize>> = const { Cell::new(0..0) };
    static LEFT: Cell<u32> = const { Cell::new(0) };
}

fn library() -> Fake {
    let add = function!("main$async_dispatch_0_elementwise_4_f32", 0, 3, 0, |call| {
        let Some(left) = LEFT.get().checked_sub(1) else { return 11 };
        LEFT.set(left);
        let (arena, module) = (ARENA.take(), MODULE.take());
        ARENA.set(arena.clone());
        MODULE.set(module.clone());
        let ranges = call.binding_ranges();
        for &(start, length) in &ranges {
            let within = |all: &Range<usize>| all.start <= start && start + length <= all.end;
            assert!(within(&arena) || within(&module), "a binding lies elsewhere");
        }
        if ranges.iter().any(|&(_, length)| length < 16) || !arena.contains(&ranges[2].0) {
            return 3;
        }
        for index in 0..4 {
            let sum = f32::from_le_bytes(call.binding::<[u8; 4]>(0)[index])
                + f32::from_le_bytes(call.binding::<[u8; 4]>(1)[index]);
            call.binding::<[u8; 4]>(2)[index] = sum.to_le_bytes();
        }
        0
    });
    Fake::new("main$async_dispatch_0", &[add])
}

/// The model, its initialiser an export like any other.
fn model() -> Vec<u8> {
    let mut bytes = ADD.0.to_vec();
    let at = bytes.windows(6).position(|window| window == b"__init").unwrap();
    bytes[at..at + 6].copy_from_slice(INITIALISER.as_bytes());
    bytes
}

/// Loads and calls the model; its results when it gets so far.
fn run_in<'a>(module: &'a [u8], arena: &'a Arena<'a>) -> Result<Vec<f32>, Error<'a>> {
    // SAFETY: the fake library keeps the contract.
    let mut hal = unsafe { Hal::new(arena, &LIBRARIES, Sequential, Parts::ALL) };
    let module = Module::load(module, &hal, arena)?;
    let mut instance = Instance::new(module, &mut hal, arena)?;
    instance.set_fuel(Some(500));
    instance.invoke(&mut hal, INITIALISER, &[], &mut Vector::new(arena))?;
    let tensor = |first: f32| {
        let buffer = Buffer::allocate(arena, 16)?;
        for index in 0..4u8 {
            let value = first + f32::from(index);
            buffer.write(4 * usize::from(index), &value.to_le_bytes())?;
        }
        let dims = Vector::from_fn(arena, 1, |_| 4).map_err(|_| Error::arena_full(arena))?;
        let view = View::new(arena, buffer, 0, 16, FLOAT32, DENSE_ROW_MAJOR, dims)?;
        Ok::<_, Error<'a>>(Value::Ref(Ref::Host(Object::View(view))))
    };
    let arguments = [tensor(1.0)?, tensor(10.0)?];
    let mut results = Vector::new(arena);
    instance.invoke(&mut hal, "main", &arguments, &mut results)?;
    let [Value::Ref(Ref::Host(Object::View(view)))] = &results[..] else { return Ok(vec![]) };
    let mut bytes = vec![0; view.length];
    view.buffer.read(view.offset, &mut bytes)?;
    Ok(bytes.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect())
}

fn run(module: &[u8]) -> Option<Vec<f32>> {
    const SIZE: usize = 16 << 10;
    const BESIDE: usize = 64;
    let mut memory = vec![MaybeUninit::new(GUARD); SIZE + 2 * BESIDE];
    let (results, live) = {
        let region = &mut memory[BESIDE..BESIDE + SIZE];
        let (arena, bytes) = (region.as_ptr_range(), module.as_ptr_range());
        ARENA.set(arena.start as usize..arena.end as usize);
        MODULE.set(bytes.start as usize..bytes.end as usize);
        LEFT.set(MOST);
        let arena = Arena::new(region);
        let results = run_in(module, &arena).ok();
        (results, arena.usage().live)
    };
    ran();
    assert_eq!(live, 0, "allocations are left");
    for guard in [&memory[..BESIDE], &memory[BESIDE + SIZE..]] {
        // SAFETY: initialised above, and nothing uninitialises it.
        assert!(guard.iter().all(|byte| unsafe { byte.assume_init() } == GUARD));
    }
    results
}

/// Room for the model, and where in it a line of 64 bytes begins.
fn room() -> (Vec<u64>, usize) {
    let mut room = vec![0u64; ADD.0.len() / 8 + 9];
    let start = bytes_of(&mut room).as_ptr().align_offset(64);
    (room, start)
}

fn bytes_of(words: &mut [u64]) -> &mut [u8] {
    // SAFETY: `u64`s may be looked at as bytes.
    unsafe { words.align_to_mut::<u8>().1 }
}

#[test]
fn the_model_adds() {
    library().install();
    let (mut room, start) = room();
    let bytes = model();
    let aligned = &mut bytes_of(&mut room)[start..start + bytes.len()];
    aligned.copy_from_slice(&bytes);
    assert_eq!(run(aligned), Some(vec![11.0, 13.0, 15.0, 17.0]));
}

#[test]
fn no_damaged_byte_makes_a_model_panic_leak_or_write_outside() {
    library().install();
    let (mut room, start) = room();
    let bytes = model();
    let damaged = &mut bytes_of(&mut room)[start..start + bytes.len()];
    damaged.copy_from_slice(&bytes);
    let (mut refused, mut done) = (0, 0);
    for place in 0..damaged.len() {
        let byte = damaged[place];
        for value in values(byte) {
            damaged[place] = value;
            *(if run(damaged).is_some() { &mut done } else { &mut refused }) += 1;
        }
        damaged[place] = byte;
    }
    // Much of the file is names and padding.
    assert!(refused > 1000 && done > 1000, "{refused} refused, {done} done");
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
