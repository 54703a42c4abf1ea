use core::cell;
use core::ops::Deref;

use arielml_arena::{Block, Shared};

use crate::interpreter::Stop;
use crate::{Buffer, Error, List, Object, Type};

/// A reference register: nothing, or one share of an object.
#[derive(Default)]
pub enum Ref<'a, O> {
    /// No object.
    #[default]
    Null,
    /// A read-only buffer: a data segment of the module, in place.
    Rodata(&'a [u8]),
    /// A buffer that the module allocated.
    Buffer(Shared<'a, Buffer<'a>>),
    /// A list.
    List(Shared<'a, List<'a, O>>),
    /// An object of the host.
    Host(O),
}

/// One more share of the object. (Not derived, so that there is one copy of
/// it in the image.)
impl<O: Clone> Clone for Ref<'_, O> {
    #[inline(never)]
    fn clone(&self) -> Self {
        match self {
            Ref::Null => Ref::Null,
            Ref::Rodata(bytes) => Ref::Rodata(bytes),
            Ref::Buffer(buffer) => Ref::Buffer(buffer.clone()),
            Ref::List(list) => Ref::List(list.clone()),
            Ref::Host(object) => Ref::Host(object.clone()),
        }
    }
}

impl<'a, O: Object> Ref<'a, O> {
    /// Whether there is no object.
    pub fn is_null(&self) -> bool {
        matches!(self, Ref::Null)
    }

    /// Whether both name the same object (or none).
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Ref::Null, Ref::Null) => true,
            (Ref::Rodata(a), Ref::Rodata(b)) => core::ptr::eq(*a, *b),
            (Ref::Buffer(a), Ref::Buffer(b)) => Shared::ptr_eq(a, b),
            (Ref::List(a), Ref::List(b)) => Shared::ptr_eq(a, b),
            (Ref::Host(a), Ref::Host(b)) => a.same(b),
            _ => false,
        }
    }

    /// The bytes of a read-only or allocated buffer.
    ///
    /// Errors: `InvalidArgument` for null, for any other object, and for a
    /// buffer that is being written.
    pub fn bytes(&self) -> Result<Bytes<'_>, Error<'a>> {
        self.contents().ok_or_else(|| Stop::NoBuffer.error())
    }

    pub(crate) fn contents(&self) -> Option<Bytes<'_>> {
        match self {
            Ref::Rodata(bytes) => Some(Bytes::Rodata(bytes)),
            Ref::Buffer(buffer) => buffer.read().map(Bytes::Buffer),
            _ => None,
        }
    }

    /// The object's type; `None` for null, which is of every type.
    pub(crate) fn object_type(&self) -> Option<Type> {
        match self {
            Ref::Null => None,
            Ref::Rodata(_) | Ref::Buffer(_) => Some(Type::Buffer),
            Ref::List(_) => Some(Type::List),
            Ref::Host(object) => Some(Type::Host(object.type_id())),
        }
    }

    /// Whether a register of type `wanted` may hold this.
    pub(crate) fn is_a(&self, wanted: Type) -> bool {
        wanted == Type::Opaque || self.object_type().is_none_or(|found| found == wanted)
    }
}

/// The bytes of a buffer while they are being read.
pub enum Bytes<'r> {
    /// In place in the module.
    Rodata(&'r [u8]),
    /// In the arena.
    Buffer(cell::Ref<'r, Block<'r>>),
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Rodata(bytes) => bytes,
            Bytes::Buffer(block) => block,
        }
    }
}
