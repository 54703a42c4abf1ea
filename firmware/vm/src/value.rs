use crate::{Object, Ref, hash_of};

/// A value at the VM's border: an argument, a result or a list's element.
#[derive(Clone)]
#[allow(missing_docs)]
pub enum Value<'a, O> {
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    Ref(Ref<'a, O>),
}

impl<O> Value<'_, O> {
    /// The letter of this value's kind in a calling convention.
    pub(crate) fn letter(&self) -> u8 {
        match self {
            Value::I32(_) => b'i',
            Value::I64(_) => b'I',
            Value::F32(_) => b'f',
            Value::F64(_) => b'F',
            Value::Ref(_) => b'r',
        }
    }
}

/// An entry of a module's type table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Type {
    /// `!vm.opaque`: any value or reference; the element type of a list of
    /// variants.
    Opaque,
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    /// `!vm.buffer`.
    Buffer,
    /// `!vm.list<...>` of any element type.
    List,
    /// A type of the host, by the number that it gave.
    Host(u8),
}

impl Type {
    /// The type that the VM itself calls `name`; `None` for a host's.
    pub(crate) fn of_vm(name: &[u8]) -> Option<Type> {
        const NAMES: [(u32, Type); 8] = [
            (hash_of(b"i32"), Type::I32),
            (hash_of(b"i64"), Type::I64),
            (hash_of(b"!vm.buffer"), Type::Buffer),
            (hash_of(b"i8"), Type::I8),
            (hash_of(b"i16"), Type::I16),
            (hash_of(b"f32"), Type::F32),
            (hash_of(b"f64"), Type::F64),
            (hash_of(b"!vm.opaque"), Type::Opaque),
        ];
        let hash = hash_of(name);
        match NAMES.iter().find(|known| known.0 == hash) {
            Some((_, known)) => Some(*known),
            // Lists check their elements themselves, so they are one type.
            None => name.starts_with(b"!vm.list").then_some(Type::List),
        }
    }

    /// Whether values of this type live in value registers.
    pub(crate) fn is_value(self) -> bool {
        matches!(self, Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::F32 | Type::F64)
    }

    /// What a new element of a list of this type holds. A variant that was
    /// never set is a null reference.
    pub(crate) fn zero<'a, O: Object>(self) -> Value<'a, O> {
        match self {
            Type::I8 | Type::I16 | Type::I32 => Value::I32(0),
            Type::I64 => Value::I64(0),
            Type::F32 => Value::F32(0.0),
            Type::F64 => Value::F64(0.0),
            Type::Opaque | Type::Buffer | Type::List | Type::Host(_) => Value::Ref(Ref::Null),
        }
    }
}
