//! A call of an import: its arguments, read one after the other in the order
//! of the calling convention and checked as they are read.

use arielml_arena::Shared;
use arielml_scheduler::Scheduler;
use arielml_vm::{self as vm, Bytes, Object as _, Ref};

use crate::device::Device;
use crate::fault::{Fault, Report, name_of};
use crate::object::{
    ALLOCATOR, BUFFER, COMMAND_BUFFER, DEVICE, EXECUTABLE, FENCE, FILE, VIEW, type_name,
};
use crate::recording::WHOLE;
use crate::{Buffer, CommandBuffer, Executable, Fence, File, Object, View};

pub(crate) type Call<'c, 'a> = vm::Call<'c, 'a, Object<'a>>;
type Reference<'a> = Ref<'a, Object<'a>>;

/// What an import works with.
pub(crate) struct Request<'h, 'c, 'a> {
    pub(crate) device: &'h Device<'a>,
    pub(crate) scheduler: &'h mut dyn Scheduler,
    pub(crate) call: &'h mut Call<'c, 'a>,
}

/// Gives methods that read an object of a type: null is refused.
macro_rules! objects {
    ($($method:ident $type:ident $number:ident)*) => {$(
        #[inline(never)]
        pub(crate) fn $method(&mut self) -> Result<&'c Shared<'a, $type<'a>>, Fault> {
            match self.call.reference() {
                Ref::Host(Object::$type(object)) => Ok(object),
                other => Err(self.other(other, $number)),
            }
        }
    )*};
}

impl<'c, 'a> Request<'_, 'c, 'a> {
    objects! {
        buffer Buffer BUFFER
        view View VIEW
        fence Fence FENCE
        command_buffer CommandBuffer COMMAND_BUFFER
        executable Executable EXECUTABLE
        file File FILE
    }

    /// Passes over a device or an allocator: there is but one of each.
    pub(crate) fn device(&mut self) -> Result<(), Fault> {
        self.only(DEVICE)
    }

    pub(crate) fn allocator(&mut self) -> Result<(), Fault> {
        self.only(ALLOCATOR)
    }

    #[inline(never)]
    fn only(&mut self, expected: u8) -> Result<(), Fault> {
        match self.call.reference() {
            Ref::Host(object) if object.type_id() == expected => Ok(()),
            other => Err(self.other(other, expected)),
        }
    }

    /// A buffer, or `None` for null.
    #[inline(never)]
    pub(crate) fn buffer_or_null(&mut self) -> Result<Option<&'c Shared<'a, Buffer<'a>>>, Fault> {
        match self.call.reference() {
            Ref::Host(Object::Buffer(buffer)) => Ok(Some(buffer)),
            Ref::Null => Ok(None),
            other => Err(self.other(other, BUFFER)),
        }
    }

    /// A fence, or `None` for null.
    #[inline(never)]
    pub(crate) fn fence_or_null(&mut self) -> Result<Option<&'c Shared<'a, Fence<'a>>>, Fault> {
        match self.call.reference() {
            Ref::Host(Object::Fence(fence)) => Ok(Some(fence)),
            Ref::Null => Ok(None),
            other => Err(self.other(other, FENCE)),
        }
    }

    /// A reference is not of the type `expected`.
    #[cold]
    #[inline(never)]
    fn other(&self, found: &Reference<'a>, expected: u8) -> Fault {
        let fault = if found.is_null() { Fault::NullArgument } else { Fault::OtherArgument };
        self.device.report.about(fault, type_name(expected))
    }

    /// Any reference.
    pub(crate) fn reference(&mut self) -> &'c Reference<'a> {
        self.call.reference()
    }

    /// A name: constant bytes of the module.
    #[inline(never)]
    pub(crate) fn name(&mut self) -> Result<&'a [u8], Fault> {
        match self.call.reference() {
            Ref::Rodata(bytes) => Ok(bytes),
            _ => Err(Fault::NotConstant),
        }
    }

    /// An i32.
    pub(crate) fn word(&mut self) -> u32 {
        self.call.i32() as u32
    }

    /// An i64.
    pub(crate) fn long(&mut self) -> u64 {
        self.call.i64() as u64
    }

    /// Passes over arguments of no meaning here.
    pub(crate) fn skip(&mut self, count: usize) {
        self.call.skip(count);
    }

    /// An i64, a size or an offset in bytes.
    pub(crate) fn size(&mut self) -> Result<usize, Fault> {
        self.length_word(false).map(|size| size as usize)
    }

    /// An i64, the length of a range from `offset` on of something with
    /// `available` bytes; -1 stands for all that there is.
    pub(crate) fn length(&mut self, offset: usize, available: usize) -> Result<usize, Fault> {
        Ok(match self.length_word(true)? {
            WHOLE => available.saturating_sub(offset),
            length => length as usize,
        })
    }

    /// An i64 as a size in 32 bits: -1 is [`WHOLE`] when `is_length`, and
    /// nothing otherwise.
    #[inline(never)]
    pub(crate) fn length_word(&mut self, is_length: bool) -> Result<u32, Fault> {
        let value = self.call.i64();
        let (low, high) = (value as u32, (value >> 32) as u32);
        if (high == 0 && low != WHOLE) || (is_length && value == -1) {
            return Ok(low);
        }
        Err(self.device.report.with(Fault::NotASize, low as usize, high as usize))
    }

    /// Gives the result, an object.
    pub(crate) fn give(&mut self, object: Object<'a>) -> Result<(), Fault> {
        self.call.return_ref(Ref::Host(object));
        Ok(())
    }

    /// Gives the result, no object.
    pub(crate) fn give_null(&mut self) -> Result<(), Fault> {
        self.call.return_ref(Ref::Null);
        Ok(())
    }

    /// Gives the next result, an i32.
    pub(crate) fn give_i32(&mut self, value: i32) -> Result<(), Fault> {
        self.call.return_i32(value);
        Ok(())
    }

    /// Gives the next result, an i64.
    pub(crate) fn give_i64(&mut self, value: i64) -> Result<(), Fault> {
        self.call.return_i64(value);
        Ok(())
    }
}

/// The bytes of a buffer of the module.
#[inline(never)]
pub(crate) fn bytes_of<'r>(reference: &'r Ref<'_, Object<'_>>) -> Result<Bytes<'r>, Fault> {
    reference.bytes().map_err(|_| Fault::NoBytes)
}

/// Copies `length` bytes from `offset` on of a buffer of the module to
/// `target_offset` of `target`.
pub(crate) fn copy_bytes(
    report: &Report<'_>,
    source: &Reference<'_>,
    offset: usize,
    target: &Buffer<'_>,
    target_offset: usize,
    length: usize,
) -> Result<(), Fault> {
    let bytes = bytes_of(source)?;
    let end = offset.saturating_add(length);
    match bytes.get(offset..end) {
        Some(source) => target.copy_from(report, target_offset, source),
        None => Err(report.with(Fault::Range, end, bytes.len())),
    }
}

/// A name that the module passes, for an error's subject.
#[cold]
#[inline(never)]
pub(crate) fn subject(name: &[u8]) -> &str {
    name_of(name.strip_suffix(&[0]).unwrap_or(name))
}
