//! The runtime as the targets drive it: all that touches its interfaces is
//! here and in `kernels`.

use core::mem::MaybeUninit;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use arielml_agent::{Agent, Buffers, Clock, Crew, Identity, Link, Platform, Session};
use arielml_arena::{Arena, Shared, Vector};
use arielml_hal::{Buffer, DENSE_ROW_MAJOR, Hal, Object, Parts, View, VmParts};
use arielml_mlperf::Device;
use arielml_scheduler::Sequential;
use arielml_vm::{Call, Code, Error, Host, ImportId, Instance, Module, Ref, Value, text};

use crate::edits::Edited;
use crate::input::Input;
use crate::kernels::{self, LIBRARIES, Memory};
use crate::modules::INITIALISER;
use crate::{modules, requests, tiny};

/// Branches and calls of one invocation.
const FUEL: u32 = 400;

/// Most calls of one input.
const CALLS: usize = 24;

/// What is written around a region, and must be there afterwards.
const GUARD: [u8; 256] = [0xC5; 256];

/// How much memory a run has.
#[derive(Clone, Copy)]
pub struct Limits {
    arena: usize,
    /// Allocations after which all fail.
    allocations: Option<usize>,
}

impl Limits {
    /// From one byte: mostly plenty, else little, or failures from some
    /// allocation on.
    pub fn read(input: &mut Input<'_>) -> Self {
        let byte = usize::from(input.u8());
        match byte {
            0..0x80 => Limits { arena: 64 << 10, allocations: None },
            0x80..0xA0 => Limits { arena: (byte - 0x80) * 512, allocations: None },
            _ => Limits { arena: 64 << 10, allocations: Some(byte - 0xA0) },
        }
    }
}

/// Bytes aligned as the firmware aligns a module.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line([u8; 64]);

struct Aligned {
    lines: Vec<Line>,
    length: usize,
}

impl Aligned {
    fn new(bytes: &[u8]) -> Self {
        let mut lines = vec![Line([0; 64]); bytes.len() / 64 + 1];
        for (line, bytes) in lines.iter_mut().zip(bytes.chunks(64)) {
            line.0[..bytes.len()].copy_from_slice(bytes);
        }
        Aligned { lines, length: bytes.len() }
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: lines are nothing but bytes without gaps, and there are
        // enough of them.
        unsafe { core::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

std::thread_local! {
    static MEMORY: Cell<Vec<MaybeUninit<u8>>> = const { Cell::new(Vec::new()) };
}

/// Runs `work` on `module` in an arena of `size` bytes. Afterwards the module
/// is what it was, nothing was written beside the arena, and nothing is left
/// in it but what `may_stay` lets pass.
fn within<R>(
    module: &[u8],
    limits: Limits,
    may_stay: bool,
    work: impl for<'a> FnOnce(&'a [u8], &'a Arena<'a>) -> R,
) -> R {
    let aligned = Aligned::new(module);
    let size = limits.arena;
    // One piece of memory for all runs: fresh ones cost more than most runs do.
    let mut memory = MEMORY.take();
    memory.clear();
    memory.resize(size + 2 * GUARD.len(), MaybeUninit::new(GUARD[0]));
    let region = GUARD.len()..GUARD.len() + size;
    let (result, live) = {
        let region = &mut memory[region.clone()];
        let places = region.as_ptr_range();
        kernels::prepare(Memory {
            arena: places.start as usize..places.end as usize,
            module: aligned.bytes().as_ptr_range().start as usize
                ..aligned.bytes().as_ptr_range().end as usize,
        });
        let arena = Arena::new(region);
        arena.fail_after(limits.allocations);
        let result = work(aligned.bytes(), &arena);
        (result, arena.usage().live)
    };
    assert!(may_stay || live == 0, "{live} allocations are left");
    assert!(aligned.bytes() == module, "the module was written to");
    for guard in [&memory[..GUARD.len()], &memory[GUARD.len() + size..]] {
        // SAFETY: initialised above, and nothing uninitialises it.
        let guard = unsafe { &*(&raw const *guard as *const [u8]) };
        assert!(guard == GUARD, "bytes beside the arena were written");
    }
    MEMORY.set(memory);
    result
}

/// Loads and verifies a module.
pub fn load(bytes: &[u8]) {
    let limits = Limits { arena: 64 << 10, allocations: None };
    within(bytes, limits, false, |bytes, arena| {
        let host = TestHost::new(arena);
        // Refused or loaded: either will do.
        if let Ok(module) = Module::load(bytes, &host, arena) {
            for (name, cconv) in module.exports() {
                assert!(name.len() + cconv.len() <= bytes.len());
            }
        }
    });
}

/// Loads a module and calls its exports.
pub fn run(edited: &Edited, limits: Limits, input: &mut Input<'_>) {
    within(&edited.bytes, limits, edited.may_tie_lists, |bytes, arena| {
        let mut host = TestHost::new(arena);
        // Refused, failed or done: either will do.
        let _ = run_in(bytes, arena, &mut host, input);
    });
}

fn run_in<'a>(
    bytes: &'a [u8],
    arena: &'a Arena<'a>,
    host: &mut TestHost<'a>,
    input: &mut Input<'_>,
) -> Result<(), Error<'a>> {
    let module = Module::load(bytes, host, arena)?;
    let exports: Vec<_> = module.exports().collect();
    // An edit may have made one anew; it could run for good.
    if exports.iter().any(|(name, _)| *name == "__init") {
        return Ok(());
    }
    let initialiser = exports.iter().position(|(name, _)| *name == INITIALISER);
    let mut instance = Instance::new(module, host, arena)?;
    instance.set_fuel(Some(FUEL));
    // What calls gave, for later ones.
    let mut pool = Vec::new();
    for call in 0..CALLS {
        if call > 0 && input.is_empty() {
            break;
        }
        // The initialiser first: it fills in the globals.
        let choice = initialiser.filter(|_| call == 0);
        let choice = choice.unwrap_or_else(|| usize::from(input.u8()));
        let Some((name, cconv)) = exports.get(choice % exports.len().max(1)) else { break };
        let letters = cconv.trim_start_matches('0').split('_').next().unwrap_or_default();
        let arguments = letters.chars().map(|letter| argument(letter, arena, &pool, input));
        let arguments: Option<Vec<_>> = arguments.collect();
        // A failure of one export leaves the others callable.
        let Some(arguments) = arguments else { continue };
        let mut results = Vector::new(arena);
        if instance.invoke(host, name, &arguments, &mut results).is_ok() {
            pool.extend(results.iter().filter_map(|value| match value {
                Value::Ref(reference) => Some(reference.clone()),
                _ => None,
            }));
            pool.truncate(64);
        }
    }
    instance.close(host)
}

type Reference<'a> = Ref<'a, Object<'a>>;

/// `None` when there is no memory for it.
fn argument<'a>(
    letter: char,
    arena: &'a Arena<'a>,
    pool: &[Reference<'a>],
    input: &mut Input<'_>,
) -> Option<Value<'a, Object<'a>>> {
    Some(match letter {
        'i' => Value::I32(integer(input) as i32),
        'I' => Value::I64(integer(input)),
        'f' => Value::F32(f32::from_bits(input.u32())),
        'F' => Value::F64(f64::from_bits(input.u64())),
        _ => Value::Ref(reference(arena, pool, input)?),
    })
}

/// Small ones, ones near the ends of their ranges, or any.
fn integer(input: &mut Input<'_>) -> i64 {
    const EDGES: [i64; 16] = [
        0,
        -1,
        31,
        32,
        63,
        64,
        0x7FFF_FFFF,
        -0x8000_0000,
        0x8000_0000,
        0xFFFF_FFFF,
        0x1_0000_0000,
        i64::MAX,
        i64::MIN,
        0x30,
        0xC03,
        0x1000_0020,
    ];
    match input.u8() {
        small @ 0..0xC0 => small.into(),
        edge @ 0xC0..0xE0 => EDGES[usize::from(edge % 16)],
        0xE0..0xF0 => input.u32().into(),
        _ => input.u64() as i64,
    }
}

fn reference<'a>(
    arena: &'a Arena<'a>,
    pool: &[Reference<'a>],
    input: &mut Input<'_>,
) -> Option<Reference<'a>> {
    // The strings that the HAL's imports are asked with.
    const RODATA: [&[u8]; 6] =
        [b"lib", b"static-library\0", b"add", b"fail", b"hal.dispatch", &[1, 2, 3, 4, 5, 6, 7]];
    let byte = input.u8();
    let choice = usize::from(byte >> 4);
    Some(match byte & 15 {
        0 => Ref::Null,
        1 => Ref::Rodata(RODATA[choice % RODATA.len()]),
        2 => {
            let buffer = arielml_vm::Buffer::zeroed(arena, choice * 5, 8).ok()?;
            Ref::Buffer(Shared::new(arena, buffer).ok()?)
        }
        3 => Ref::Host(Object::Device),
        4 => Ref::Host(Object::Allocator),
        5 => Ref::Host(Object::Buffer(Buffer::allocate(arena, choice * 16).ok()?)),
        6 | 7 => {
            let buffer = Buffer::allocate(arena, 64).ok()?;
            let dims = Vector::from_fn(arena, 1, |_| 16).ok()?;
            let view = View::new(arena, buffer, 0, 64, 0x1000_0020, DENSE_ROW_MAJOR, dims).ok()?;
            Ref::Host(Object::View(view))
        }
        _ => {
            let back = usize::from(input.u8());
            pool.len().checked_sub(back % 64 + 1).map_or(Ref::Null, |at| pool[at].clone())
        }
    })
}

/// The HAL, and beside it the module `host` that the VM's tests import.
struct TestHost<'a> {
    hal: Hal<'a, Sequential>,
}

const HOST_IMPORTS: [(&str, &str); 9] = [
    ("host.scale", "0iIfF_IF"),
    ("host.sum", "0iCiD_i"),
    ("host.tuples", "0CiIDi_I"),
    ("host.keep", "0r_i"),
    ("host.make", "0i_r"),
    ("host.number", "0r_i"),
    ("host.fail", "0i_v"),
    ("host.wait", "0i_i"),
    ("host.wait_all", "0iCiD_i"),
];

/// The number of the first of them; the HAL's own are below.
const FIRST: ImportId = 0xF0;

impl<'a> TestHost<'a> {
    fn new(arena: &'a Arena<'a>) -> Self {
        // SAFETY: the libraries of `kernels` keep the contract.
        let hal = unsafe { Hal::new(arena, &LIBRARIES, Sequential, Parts::ALL) };
        TestHost { hal }
    }
}

impl<'a> Host<'a> for TestHost<'a> {
    type Object = Object<'a>;

    fn resolve(&self, name: &'a [u8], cconv: &'a [u8]) -> Result<ImportId, Error<'a>> {
        if !name.starts_with(b"host.") {
            let id = self.hal.resolve(name, cconv)?;
            assert!(id < FIRST);
            return Ok(id);
        }
        let is_it =
            |import: &(&str, &str)| (import.0.as_bytes(), import.1.as_bytes()) == (name, cconv);
        let index = HOST_IMPORTS.iter().position(is_it);
        let index = index.ok_or(Error::new(Code::NotFound, text!("no such import")))?;
        Ok(FIRST + index as u8)
    }

    fn module_version(&self, name: &[u8]) -> Option<u32> {
        if name == b"host" { Some(3) } else { self.hal.module_version(name) }
    }

    fn type_id(&self, name: &[u8]) -> Option<u8> {
        self.hal.type_id(name)
    }

    fn parts(&self) -> VmParts<'a> {
        self.hal.parts()
    }

    fn call(
        &mut self,
        import: ImportId,
        call: &mut Call<'_, 'a, Object<'a>>,
    ) -> Result<(), Error<'a>> {
        match import {
            ..FIRST => self.hal.call(import, call)?,
            0xF0 => {
                let (a, b) = (call.i32(), call.i64());
                let (c, d) = (call.f32(), call.f64());
                call.return_i64(b.wrapping_mul(a.into()));
                call.return_f64(f64::from(c) * d);
            }
            0xF1 | 0xF8 => {
                let mut sum = call.i32();
                for _ in 0..call.span() {
                    sum = sum.wrapping_add(call.i32());
                }
                call.return_i32(sum);
            }
            0xF2 => {
                let mut sum = 0i64;
                for _ in 0..call.span() {
                    sum = sum.wrapping_add(call.i32().into()).wrapping_add(call.i64());
                }
                sum = sum.wrapping_add(call.i32().into());
                call.return_i64(sum);
            }
            0xF3 | 0xF5 => {
                let null = call.reference().is_null();
                call.return_i32(null.into());
            }
            0xF4 => {
                call.i32();
                call.return_ref(Ref::Host(Object::Device));
            }
            0xF6 => {
                let code = Code::from_number(call.i32() as u32);
                return Err(Error::new(code, text!("the host failed")));
            }
            _ => {
                let value = call.i32();
                call.return_i32(value);
            }
        }
        Ok(())
    }
}

/// What an agent runs on.
#[derive(Clone, Copy)]
pub struct Sides {
    module: &'static [u8],
    limits: Limits,
}

impl Sides {
    /// From two bytes: the module, and how much memory there is.
    pub fn read(input: &mut Input<'_>) -> Self {
        const NAMES: [&str; 4] = ["hal-model", "agent-model", "agent-crowded", "vm-lists"];
        let module = modules::named(NAMES[usize::from(input.u8() % 4)]);
        Sides { module, limits: Limits::read(input) }
    }
}

/// Feeds `script` to an agent and holds what it sends against what it was
/// asked.
pub fn serve(sides: Sides, script: &requests::Script) {
    let sent = within(sides.module, sides.limits, false, |module, arena| {
        // Of no size: nothing is allocated, and nothing leaks.
        let alone: &mut dyn Crew = Box::leak(Box::new(Sequential));
        // SAFETY: the libraries of `kernels` keep the contract.
        let hal = unsafe { Hal::new(arena, &LIBRARIES, alone, Parts::ALL) };
        let identity = Identity { board: "fuzz", cores: 1, clock_hz: 1, ticks_hz: 1 };
        let sent = Rc::new(RefCell::new(Vec::new()));
        let wire = Wire { left: script.bytes.clone().into_iter(), sent: sent.clone() };
        let session = Session::new(Board(0), identity, &[7; 8], arena, hal, module);
        let mut buffers = Buffers::new();
        let mut agent = Agent::new(wire, &mut buffers, session);
        let Err(end) = catch_unwind(AssertUnwindSafe(|| -> () { agent.serve() })) else {
            unreachable!("an agent serves for good")
        };
        if !end.is::<End>() {
            resume_unwind(end);
        }
        drop(agent);
        sent.take()
    });
    requests::check(script, &sent);
}

/// Feeds `script` to a device that speaks the MLPerf Tiny runner's protocol,
/// and holds what it sends against what it was asked.
pub fn answer(limits: Limits, script: &tiny::Script) {
    let Some(description) = tiny::description(script) else { return };
    let module = modules::named("agent-model");
    let sent = within(module, limits, false, |module, arena| {
        // Of no size: nothing is allocated, and nothing leaks.
        let alone: &mut dyn Crew = Box::leak(Box::new(Sequential));
        // SAFETY: the libraries of `kernels` keep the contract.
        let hal = unsafe { Hal::new(arena, &LIBRARIES, alone, Parts::ALL) };
        let identity = Identity { board: "fuzz", cores: 1, clock_hz: 1, ticks_hz: 1 };
        let sent = Rc::new(RefCell::new(Vec::new()));
        let wire = Wire { left: Vec::new().into_iter(), sent: sent.clone() };
        let session = Session::new(Board(0), identity, &[7; 8], arena, hal, module);
        let mut device = Device::new(wire, session, description.clone());
        tiny::feed(&mut device, script);
        drop(device);
        sent.take()
    });
    tiny::check(script, &sent);
}

/// No more bytes will come; unwinds out of the agent.
struct End;

struct Wire {
    left: std::vec::IntoIter<u8>,
    sent: Rc<RefCell<Vec<u8>>>,
}

impl Link for Wire {
    fn read(&mut self) -> u8 {
        // Not a panic: no hook is to hear of it.
        self.left.next().unwrap_or_else(|| resume_unwind(Box::new(End)))
    }

    fn write(&mut self, bytes: &[u8]) {
        self.sent.borrow_mut().extend_from_slice(bytes);
    }
}

struct Board(u32);

/// Nobody asks: no image of this is linked to record.
#[derive(Clone, Copy)]
struct Stopped;

impl Clock for Stopped {
    fn ticks(&self, _: u32) -> u32 {
        0
    }

    fn stack(&self, known: u32) -> u32 {
        known
    }
}

impl Platform for Board {
    type Clock = Stopped;

    fn clock(&self) -> Stopped {
        Stopped
    }

    fn ticks(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x1234_5678);
        self.0
    }

    fn stack_size(&self) -> u32 {
        4096
    }

    fn paint_stack(&mut self) {}

    fn stack_peak(&mut self) -> u32 {
        1000
    }

    fn reset(&mut self) {}
}
