//! What the integration tests share: a host with a few imports, and a session
//! that runs one compiled module and checks that nothing leaks.
#![allow(dead_code, reason = "each test uses its part")]

use std::mem::MaybeUninit;
use std::rc::Rc;

use arielml_arena::{Arena, Vector};
use arielml_vm::{
    Call, Code, Error, Host, ImportId, Instance, Module, Object, Part, Parts, Ref, Value, text,
};

/// A module of `tests/modules`.
#[macro_export]
macro_rules! module {
    ($name:literal) => {
        include_bytes!(concat!("modules/", $name, ".vmfb"))
    };
}

/// The host's one reference type; it counts as `hal.device`.
#[derive(Clone)]
pub struct Thing(pub Rc<i32>);

impl Object for Thing {
    fn type_id(&self) -> u8 {
        5
    }

    fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// The module `host` that `imports.mlir` imports.
pub struct TestHost {
    /// The version that it reports; `None` when it is not there.
    pub version: Option<u32>,
    /// An import that it does not have, and one that it has otherwise.
    pub lacks: &'static str,
    pub differs: &'static str,
    /// Whether its build of the VM has the float extensions.
    pub floats: bool,
    /// Owners of the buffer that `host.keep` saw.
    pub owners: usize,
    /// Every thing that was made; those alive have more than one owner.
    pub things: Vec<Rc<i32>>,
    /// How often it still gives fuel, and how much; `None` for any number.
    pub fuel: Option<(u32, u32)>,
}

impl Default for TestHost {
    fn default() -> Self {
        TestHost {
            version: Some(3),
            lacks: "",
            differs: "",
            floats: true,
            owners: 0,
            things: Vec::new(),
            fuel: None,
        }
    }
}

const IMPORTS: [(&str, &str); 9] = [
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

impl<'a> Host<'a> for TestHost {
    type Object = Thing;

    fn resolve(&self, name: &'a [u8], cconv: &'a [u8]) -> Result<ImportId, Error<'a>> {
        let shown = std::str::from_utf8(name).unwrap_or_default();
        let known =
            |import: &(&str, &str)| import.0.as_bytes() == name && name != self.lacks.as_bytes();
        let found = IMPORTS.iter().position(known);
        let index =
            found.ok_or(Error::new(Code::NotFound, text!("no such import")).about(shown))?;
        if IMPORTS[index].1.as_bytes() == cconv && name != self.differs.as_bytes() {
            Ok(index as u8)
        } else {
            Err(Error::new(Code::Incompatible, text!("calling convention")).about(shown))
        }
    }

    fn module_version(&self, name: &[u8]) -> Option<u32> {
        self.version.filter(|_| name == b"host")
    }

    fn type_id(&self, name: &[u8]) -> Option<u8> {
        (name == b"hal.device").then_some(5)
    }

    fn parts(&self) -> Parts<'a, Thing> {
        let extensions = self.floats.then_some(Part::EXTENSIONS);
        Parts { extensions, ..Parts::ALL }
    }

    const LIMITS: bool = true;

    fn fuel(&mut self) -> Option<u32> {
        let (times, amount) = self.fuel.as_mut()?;
        *times = times.saturating_sub(1);
        Some(if *times == 0 { 0 } else { *amount })
    }

    fn call(&mut self, import: ImportId, call: &mut Call<'_, 'a, Thing>) -> Result<(), Error<'a>> {
        match import {
            0 => {
                let (a, b) = (i64::from(call.i32()), call.i64());
                let (c, d) = (f64::from(call.f32()), call.f64());
                call.return_i64(a.wrapping_mul(b));
                call.return_f64(c * d);
            }
            1 | 8 => {
                let mut sum = call.i32();
                for _ in 0..call.span() {
                    sum = call.i32().wrapping_add(sum);
                }
                call.return_i32(sum);
            }
            2 => {
                let mut sum = 0;
                for _ in 0..call.span() {
                    sum = i64::from(call.i32()).wrapping_mul(call.i64()).wrapping_add(sum);
                }
                sum = i64::from(call.i32()).wrapping_add(sum);
                call.return_i64(sum);
            }
            3 => {
                if let Ref::Buffer(buffer) = call.reference() {
                    self.owners = arielml_arena::Shared::owners(buffer);
                }
                call.return_i32(self.owners as i32);
            }
            4 => {
                let thing = Rc::new(call.i32());
                self.things.push(thing.clone());
                call.return_ref(Ref::Host(Thing(thing)));
            }
            5 => {
                let Ref::Host(thing) = call.reference() else {
                    return Err(Error::new(Code::InvalidArgument, text!("not a thing")));
                };
                call.return_i32(*thing.0);
            }
            6 => {
                let code = call.i32() as u32;
                let error = Error::new(Code::from_number(code), text!("the host failed"));
                return Err(error.with(code, 0));
            }
            _ => {
                let value = call.i32();
                call.return_i32(value.wrapping_mul(10));
            }
        }
        Ok(())
    }
}

/// A region for an arena, gone only when the test process ends.
pub fn arena(bytes: usize) -> &'static Arena<'static> {
    let region = Box::leak(vec![MaybeUninit::uninit(); bytes].into_boxed_slice());
    Box::leak(Box::new(Arena::new(region)))
}

/// The bytes at 64-byte alignment.
pub struct Aligned {
    storage: Vec<u8>,
    start: usize,
    length: usize,
}

impl Aligned {
    pub fn new(bytes: &[u8]) -> Self {
        let mut storage = vec![0; bytes.len() + 63];
        let start = storage.as_ptr().align_offset(64);
        storage[start..start + bytes.len()].copy_from_slice(bytes);
        Aligned { storage, start, length: bytes.len() }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.storage[self.start..self.start + self.length]
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.storage[self.start..self.start + self.length]
    }

    pub fn leak(self) -> &'static [u8] {
        Box::leak(Box::new(self)).bytes()
    }
}

pub type TestValue = Value<'static, Thing>;
pub type TestRef = Ref<'static, Thing>;
pub type Outcome = Result<Vec<TestValue>, Error<'static>>;

/// One module that runs.
pub struct Session {
    pub arena: &'static Arena<'static>,
    pub host: TestHost,
    pub instance: Instance<'static, Thing>,
}

impl Session {
    pub fn new(module: &[u8]) -> Self {
        Self::with_arena(module, arena(1 << 20)).unwrap()
    }

    pub fn with_arena(
        module: &[u8],
        arena: &'static Arena<'static>,
    ) -> Result<Self, Error<'static>> {
        let mut host = TestHost::default();
        let module = Module::load(Aligned::new(module).leak(), &host, arena)?;
        let instance = Instance::new(module, &mut host, arena)?;
        Ok(Session { arena, host, instance })
    }

    pub fn invoke(&mut self, export: &str, args: &[TestValue]) -> Outcome {
        let mut results = Vector::new(self.arena);
        self.instance.invoke(&mut self.host, export, args, &mut results)?;
        let mut taken = Vec::new();
        while let Some(value) = results.pop() {
            taken.insert(0, value);
        }
        Ok(taken)
    }

    /// Invokes an export that must succeed.
    pub fn call<const N: usize>(&mut self, export: &str, args: [TestValue; N]) -> Vec<TestValue> {
        match self.invoke(export, &args) {
            Ok(results) => results,
            Err(error) => panic!("{export}: {error:?}"),
        }
    }

    /// Invokes an export that must fail.
    pub fn fail<const N: usize>(&mut self, export: &str, args: [TestValue; N]) -> Error<'static> {
        let live = self.arena.usage().live;
        match self.invoke(export, &args) {
            Ok(_) => panic!("{export} did not fail"),
            Err(error) => {
                drop(args);
                assert!(self.arena.usage().live <= live, "{export} leaks when it fails");
                error
            }
        }
    }

    /// A buffer of the module's kind with these bytes.
    pub fn buffer(&self, bytes: &[u8]) -> TestValue {
        let buffer = arielml_vm::Buffer::zeroed(self.arena, bytes.len(), 8).unwrap();
        buffer.write().unwrap().copy_from_slice(bytes);
        Value::Ref(Ref::Buffer(arielml_arena::Shared::new(self.arena, buffer).unwrap()))
    }

    /// Closes the instance: nothing that it allocated may be left.
    pub fn finish(mut self) {
        self.instance.close(&mut self.host).unwrap();
        assert_eq!(self.arena.usage().live, 0, "allocations left");
        assert_eq!(self.arena.usage().used, 0, "bytes left");
        for thing in &self.host.things {
            assert_eq!(Rc::strong_count(thing), 1, "thing {thing} left");
        }
    }
}

pub fn i32(value: i32) -> TestValue {
    Value::I32(value)
}

pub fn i64(value: i64) -> TestValue {
    Value::I64(value)
}

pub fn f32(value: f32) -> TestValue {
    Value::F32(value)
}

pub fn f64(value: f64) -> TestValue {
    Value::F64(value)
}

/// All results as integers.
pub fn integers(values: &[TestValue]) -> Vec<i64> {
    let integer = |value: &TestValue| match value {
        Value::I32(value) => i64::from(*value),
        Value::I64(value) => *value,
        _ => panic!("not an integer"),
    };
    values.iter().map(integer).collect()
}

/// All results as floats.
pub fn floats(values: &[TestValue]) -> Vec<f64> {
    let float = |value: &TestValue| match value {
        Value::F32(value) => f64::from(*value),
        Value::F64(value) => *value,
        _ => panic!("not a float"),
    };
    values.iter().map(float).collect()
}

/// The references among the results.
pub fn references(values: Vec<TestValue>) -> Vec<TestRef> {
    let reference = |value| match value {
        Value::Ref(reference) => reference,
        _ => panic!("not a reference"),
    };
    values.into_iter().map(reference).collect()
}

/// The bytes of a buffer.
pub fn bytes(value: &TestRef) -> Vec<u8> {
    value.bytes().unwrap().to_vec()
}
