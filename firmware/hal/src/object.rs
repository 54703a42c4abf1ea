use arielml_arena::Shared;
use arielml_vm::{self as vm, hash_of};

use crate::{Buffer, CommandBuffer, Executable, Fence, File, View};

/// A reference type of the HAL. There is one device, with one allocator.
#[derive(Clone)]
#[allow(missing_docs)]
pub enum Object<'a> {
    Device,
    Allocator,
    Buffer(Shared<'a, Buffer<'a>>),
    View(Shared<'a, View<'a>>),
    Fence(Shared<'a, Fence<'a>>),
    CommandBuffer(Shared<'a, CommandBuffer<'a>>),
    Executable(Shared<'a, Executable<'a>>),
    File(Shared<'a, File<'a>>),
}

/// Names of the types, in the order of the variants. No channel can be made,
/// but a module that declares the type is refused for what it imports.
const TYPES: [&str; 9] = [
    "hal.device",
    "hal.allocator",
    "hal.buffer",
    "hal.buffer_view",
    "hal.fence",
    "hal.command_buffer",
    "hal.executable",
    "hal.file",
    "hal.channel",
];

/// The number of the type called `name`.
pub(crate) fn type_id(name: &[u8]) -> Option<u8> {
    const HASHES: [u32; TYPES.len()] = hashes();
    let hash = hash_of(name);
    HASHES.iter().position(|known| *known == hash).map(|index| index as u8)
}

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler alone")]
const fn hashes() -> [u32; TYPES.len()] {
    let mut hashes = [0; TYPES.len()];
    let mut index = 0;
    while index < TYPES.len() {
        hashes[index] = hash_of(TYPES[index].as_bytes());
        index += 1;
    }
    hashes
}

/// The name of the type numbered `id`.
pub(crate) fn type_name(id: u8) -> &'static str {
    TYPES.get(usize::from(id)).copied().unwrap_or_default()
}

pub(crate) const DEVICE: u8 = 0;
pub(crate) const ALLOCATOR: u8 = 1;
pub(crate) const BUFFER: u8 = 2;
pub(crate) const VIEW: u8 = 3;
pub(crate) const FENCE: u8 = 4;
pub(crate) const COMMAND_BUFFER: u8 = 5;
pub(crate) const EXECUTABLE: u8 = 6;
pub(crate) const FILE: u8 = 7;

impl vm::Object for Object<'_> {
    fn type_id(&self) -> u8 {
        match self {
            Object::Device => DEVICE,
            Object::Allocator => ALLOCATOR,
            Object::Buffer(_) => BUFFER,
            Object::View(_) => VIEW,
            Object::Fence(_) => FENCE,
            Object::CommandBuffer(_) => COMMAND_BUFFER,
            Object::Executable(_) => EXECUTABLE,
            Object::File(_) => FILE,
        }
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Object::Device, Object::Device) | (Object::Allocator, Object::Allocator) => true,
            (Object::Buffer(a), Object::Buffer(b)) => Shared::ptr_eq(a, b),
            (Object::View(a), Object::View(b)) => Shared::ptr_eq(a, b),
            (Object::Fence(a), Object::Fence(b)) => Shared::ptr_eq(a, b),
            (Object::CommandBuffer(a), Object::CommandBuffer(b)) => Shared::ptr_eq(a, b),
            (Object::Executable(a), Object::Executable(b)) => Shared::ptr_eq(a, b),
            (Object::File(a), Object::File(b)) => Shared::ptr_eq(a, b),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Device;
    use arielml_arena::Arena;
    use arielml_vm::Object as _;
    use core::mem::MaybeUninit;

    #[test]
    fn numbers_and_names_agree() {
        let mut region = [MaybeUninit::uninit(); 1024];
        let arena = Arena::new(&mut region);
        let buffer = Buffer::allocate(&arena, 4).unwrap();
        let fence = Fence::new(&Device::new(&arena, &[])).unwrap();
        for (object, name) in [
            (Object::Device, "hal.device"),
            (Object::Allocator, "hal.allocator"),
            (Object::Buffer(buffer), "hal.buffer"),
            (Object::Fence(fence), "hal.fence"),
        ] {
            assert_eq!(type_id(name.as_bytes()), Some(object.type_id()));
            assert_eq!(type_name(object.type_id()), name);
        }
        assert_eq!(type_id(b"hal.semaphore"), None);
    }

    #[test]
    fn the_same_object_is_the_same_allocation() {
        let mut region = [MaybeUninit::uninit(); 1024];
        let arena = Arena::new(&mut region);
        let device = Device::new(&arena, &[]);
        let [a, b] = [(); 2].map(|()| Object::Fence(Fence::new(&device).unwrap()));
        assert!(a.same(&a.clone()) && !a.same(&b));
        assert!(Object::Device.same(&Object::Device) && !Object::Device.same(&Object::Allocator));
    }
}
