//! A call of an import, with its arguments read and checked.
//!
//! What an import takes is told by its signature, a string like a calling
//! convention but with a letter for each kind of argument:
//!
//! | letter | argument |
//! |---|---|
//! | `d` `a` `b` `t` `f` `c` `e` `m` | device, allocator, buffer, buffer view (tensor), fence, command buffer, executable, file (in memory) |
//! | `B` `F` | buffer or fence, or null |
//! | `n` | name: constant bytes of the module |
//! | `r` | any reference |
//! | `s` | i64, a size or an offset in bytes |
//! | `l` | i64, a length in bytes, or -1 for all that there is |
//! | `i` `I` | i32, i64 |
//! | `x` `X` | i32, i64 of no meaning here |
//!
//! From the first variadic argument on the import reads them itself.

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
    /// For variadic arguments and results.
    pub(crate) call: &'h mut Call<'c, 'a>,
    references: [Option<&'c Reference<'a>>; 5],
    /// An `I` takes two, the low one first.
    words: [u32; 6],
}

/// Gives methods for the `index`-th of the references, when it is of a type.
macro_rules! objects {
    ($($method:ident $type:ident)*) => {$(
        #[inline(always)]
        pub(crate) fn $method(
            &self,
            index: usize,
        ) -> Result<&'c Shared<'a, $type<'a>>, Fault> {
            match self.reference(index)? {
                Ref::Host(Object::$type(object)) => Ok(object),
                _ => Err(Fault::Convention),
            }
        }
    )*};
}

impl<'h, 'c, 'a> Request<'h, 'c, 'a> {
    /// A request whose arguments are not read yet.
    pub(crate) fn new(
        device: &'h Device<'a>,
        scheduler: &'h mut dyn Scheduler,
        call: &'h mut Call<'c, 'a>,
    ) -> Self {
        Request { device, scheduler, call, references: [None; 5], words: [0; 6] }
    }

    /// Reads the arguments that `signature` tells of, up to the first
    /// variadic one.
    pub(crate) fn read(&mut self, signature: &[u8]) -> Result<(), Fault> {
        let (report, call) = (&self.device.report, &mut *self.call);
        let (mut references, mut words) = (self.references.iter_mut(), self.words.iter_mut());
        // The first letter is the version of the calling convention.
        for &letter in signature.get(1..).unwrap_or_default() {
            let word = match letter {
                b'_' | b'C' | b'v' => break,
                b'i' => call.i32()? as u32,
                b's' => size(report, call.i64()?, false)?,
                b'l' => size(report, call.i64()?, true)?,
                b'I' => {
                    let value = call.i64()?;
                    *words.next().ok_or(Fault::Convention)? = value as u32;
                    (value >> 32) as u32
                }
                b'x' => {
                    call.i32()?;
                    continue;
                }
                b'X' => {
                    call.i64()?;
                    continue;
                }
                _ => {
                    let reference = call.reference()?;
                    check(report, reference, letter)?;
                    *references.next().ok_or(Fault::Convention)? = Some(reference);
                    continue;
                }
            };
            *words.next().ok_or(Fault::Convention)? = word;
        }
        Ok(())
    }

    objects! {
        buffer Buffer
        view View
        fence Fence
        command_buffer CommandBuffer
        executable Executable
        file File
    }

    /// As [`Request::buffer`], `None` for null.
    #[inline(always)]
    pub(crate) fn buffer_or_null(
        &self,
        index: usize,
    ) -> Result<Option<&'c Shared<'a, Buffer<'a>>>, Fault> {
        as_buffer(self.reference(index)?)
    }

    /// As [`Request::fence`], `None` for null.
    #[inline(always)]
    pub(crate) fn fence_or_null(
        &self,
        index: usize,
    ) -> Result<Option<&'c Shared<'a, Fence<'a>>>, Fault> {
        as_fence(self.reference(index)?)
    }

    /// A name: constant bytes of the module.
    #[inline(always)]
    pub(crate) fn name(&self, index: usize) -> Result<&'a [u8], Fault> {
        match self.reference(index)? {
            Ref::Rodata(bytes) => Ok(bytes),
            _ => Err(Fault::Convention),
        }
    }

    /// Any reference.
    #[inline(always)]
    pub(crate) fn reference(&self, index: usize) -> Result<&'c Reference<'a>, Fault> {
        self.references.get(index).copied().flatten().ok_or(Fault::Convention)
    }

    /// An i32, or a size, an offset or a length ([`WHOLE`] for all) in the
    /// 32 bits that they have after being checked.
    #[inline(always)]
    pub(crate) fn word(&self, index: usize) -> u32 {
        self.words.get(index).copied().unwrap_or_default()
    }

    /// An i64, which takes two words.
    #[inline(always)]
    pub(crate) fn long(&self, index: usize) -> u64 {
        u64::from(self.word(index + 1)) << 32 | u64::from(self.word(index))
    }

    /// A size or an offset.
    #[inline(always)]
    pub(crate) fn size(&self, index: usize) -> usize {
        self.word(index) as usize
    }

    /// The length of a range from `offset` on of something with `available`
    /// bytes.
    pub(crate) fn length(&self, index: usize, offset: usize, available: usize) -> usize {
        match self.word(index) {
            WHOLE => available.saturating_sub(offset),
            length => length as usize,
        }
    }

    /// Reads a buffer or null from a variadic argument.
    pub(crate) fn next_buffer(&mut self) -> Result<Option<&'c Shared<'a, Buffer<'a>>>, Fault> {
        let reference = self.call.reference()?;
        check(&self.device.report, reference, b'B')?;
        as_buffer(reference)
    }

    /// Reads a fence or null from a variadic argument.
    pub(crate) fn next_fence(&mut self) -> Result<Option<&'c Shared<'a, Fence<'a>>>, Fault> {
        let reference = self.call.reference()?;
        check(&self.device.report, reference, b'F')?;
        as_fence(reference)
    }

    /// Reads a reference of the kind `letter` from a variadic argument.
    pub(crate) fn next_reference(&mut self, letter: u8) -> Result<(), Fault> {
        check(&self.device.report, self.call.reference()?, letter)
    }

    /// Reads an offset, or a length, from a variadic argument.
    pub(crate) fn next_size(&mut self, is_length: bool) -> Result<u32, Fault> {
        size(&self.device.report, self.call.i64()?, is_length)
    }

    /// Gives the result, an object.
    pub(crate) fn give(&mut self, object: Object<'a>) -> Result<(), Fault> {
        Ok(self.call.return_ref(Ref::Host(object))?)
    }

    /// Gives the result, no object.
    pub(crate) fn give_null(&mut self) -> Result<(), Fault> {
        Ok(self.call.return_ref(Ref::Null)?)
    }

    /// Gives the next result, an i32.
    pub(crate) fn give_i32(&mut self, value: i32) -> Result<(), Fault> {
        Ok(self.call.return_i32(value)?)
    }

    /// Gives the next result, an i64.
    pub(crate) fn give_i64(&mut self, value: i64) -> Result<(), Fault> {
        Ok(self.call.return_i64(value)?)
    }
}

/// The letter of a calling convention that a signature's letter stands for.
pub(crate) fn cconv_letter(letter: u8) -> u8 {
    match letter {
        b's' | b'l' | b'X' => b'I',
        b'x' => b'i',
        b'd' | b'a' | b'b' | b't' | b'f' | b'c' | b'e' | b'm' | b'B' | b'F' | b'n' => b'r',
        other => other,
    }
}

/// Refuses a reference that is not of the kind `letter`.
#[inline(never)]
fn check<'a>(report: &Report<'a>, found: &Reference<'a>, letter: u8) -> Result<(), Fault> {
    let expected = match letter {
        b'd' => DEVICE,
        b'a' => ALLOCATOR,
        b'b' | b'B' => BUFFER,
        b't' => VIEW,
        b'f' | b'F' => FENCE,
        b'c' => COMMAND_BUFFER,
        b'e' => EXECUTABLE,
        b'm' => FILE,
        b'n' if matches!(found, Ref::Rodata(_)) => return Ok(()),
        b'n' => return Err(Fault::NotConstant),
        _ => return Ok(()),
    };
    let fault = match found {
        Ref::Host(object) if object.type_id() == expected => return Ok(()),
        Ref::Null if letter.is_ascii_uppercase() => return Ok(()),
        Ref::Null => Fault::NullArgument,
        _ => Fault::OtherArgument,
    };
    Err(report.about(fault, type_name(expected)))
}

/// An i64 as a size in 32 bits: -1 is [`WHOLE`] for a length, and nothing for
/// anything else.
#[inline(never)]
fn size(report: &Report<'_>, value: i64, is_length: bool) -> Result<u32, Fault> {
    let (low, high) = (value as u32, (value >> 32) as u32);
    match (low, high) {
        (WHOLE, u32::MAX) if is_length => Ok(WHOLE),
        (_, 0) if low != WHOLE => Ok(low),
        _ => Err(report.with(Fault::NotASize, low as usize, high as usize)),
    }
}

fn as_buffer<'c, 'a>(
    reference: &'c Reference<'a>,
) -> Result<Option<&'c Shared<'a, Buffer<'a>>>, Fault> {
    match reference {
        Ref::Null => Ok(None),
        Ref::Host(Object::Buffer(buffer)) => Ok(Some(buffer)),
        _ => Err(Fault::Convention),
    }
}

fn as_fence<'c, 'a>(
    reference: &'c Reference<'a>,
) -> Result<Option<&'c Shared<'a, Fence<'a>>>, Fault> {
    match reference {
        Ref::Null => Ok(None),
        Ref::Host(Object::Fence(fence)) => Ok(Some(fence)),
        _ => Err(Fault::Convention),
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
