use arielml_arena::{Arena, Shared, Vector};
use arielml_vm::Error;

use crate::Buffer;
use crate::device::Device;
use crate::fault::{Fault, OrFull};

/// The encoding of a view whose elements lie densely in row-major order.
pub const DENSE_ROW_MAJOR: u32 = 1;

/// A range of a buffer with a shape and an element type: a tensor.
pub struct View<'a> {
    /// Where the elements are.
    pub buffer: Shared<'a, Buffer<'a>>,
    /// Offset of the first element in the buffer, in bytes.
    pub offset: usize,
    /// Length of the range, in bytes.
    pub length: usize,
    /// Element type as IREE numbers it (`iree/hal/buffer_view.h`): the kind in
    /// the top byte, the width in bits in the lowest.
    pub element_type: u32,
    /// How the elements are laid out; [`DENSE_ROW_MAJOR`] or opaque (0).
    pub encoding: u32,
    /// The shape, outermost dimension first.
    pub dims: Vector<'a, usize>,
}

impl<'a> View<'a> {
    /// A view of `length` bytes from `offset` on of `buffer`.
    ///
    /// Errors: `OutOfRange` when the range is not in the buffer or does not
    /// hold the shape's elements; `ResourceExhausted`.
    pub fn new(
        arena: &'a Arena<'a>,
        buffer: Shared<'a, Buffer<'a>>,
        offset: usize,
        length: usize,
        element_type: u32,
        encoding: u32,
        dims: Vector<'a, usize>,
    ) -> Result<Shared<'a, View<'a>>, Error<'a>> {
        let device = Device::new(arena, &[]);
        View { buffer, offset, length, element_type, encoding, dims }
            .share(&device)
            .map_err(|fault| device.report.error(fault))
    }

    /// Checks the view as [`View::new`] does.
    pub(crate) fn share(self, device: &Device<'a>) -> Result<Shared<'a, View<'a>>, Fault> {
        let report = &device.report;
        let (offset, length, available) = (self.offset, self.length, self.buffer.len());
        if offset > available || length > available - offset {
            return Err(report.with(Fault::Range, offset.saturating_add(length), available));
        }
        let needed = dense_length(self.element_type, &self.dims).unwrap_or(usize::MAX);
        if self.encoding == DENSE_ROW_MAJOR && needed > length {
            return Err(report.with(Fault::ViewLength, needed, length));
        }
        Shared::new(device.arena, self).or_full(report)
    }

    /// The view's bytes as a buffer: the buffer itself where the view covers
    /// it, and otherwise a span of it.
    pub(crate) fn as_buffer(&self, device: &Device<'a>) -> Result<Shared<'a, Buffer<'a>>, Fault> {
        if self.offset == 0 && self.length == self.buffer.len() {
            Ok(self.buffer.clone())
        } else {
            Buffer::span(device, &self.buffer, self.offset, self.length)
        }
    }
}

/// How many bytes the elements of a dense tensor take, `None` when that is
/// more than an address can tell. Elements of less than a byte are packed.
pub fn dense_length(element_type: u32, dims: &[usize]) -> Option<usize> {
    let width = (element_type & 0xFF) as usize;
    let elements = dims.iter().try_fold(1usize, |count, &dim| count.checked_mul(dim))?;
    if width.is_multiple_of(8) {
        elements.checked_mul(width / 8)
    } else {
        Some(elements.checked_mul(width)?.div_ceil(8))
    }
}

/// Whether a tensor of type `found` serves where `expected` is asked for:
/// opaque elements pass as anything, and integers of one width as each other.
pub(crate) fn is_compatible(found: u32, expected: u32) -> bool {
    let kind = |element_type: u32| element_type >> 24;
    let is_integer = |element_type: u32| kind(element_type) & 0x10 != 0;
    found == expected
        || kind(found) == 0
        || (is_integer(found) && is_integer(expected) && (found ^ expected) & 0xFF == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arielml_vm::Code;
    use core::mem::MaybeUninit;

    const FLOAT32: u32 = 0x2100_0020;
    const SINT8: u32 = 0x1100_0008;
    const INT8: u32 = 0x1000_0008;
    const INT4: u32 = 0x1000_0004;

    #[test]
    fn dense_lengths() {
        assert_eq!(dense_length(FLOAT32, &[1, 10]), Some(40));
        assert_eq!(dense_length(FLOAT32, &[]), Some(4));
        assert_eq!(dense_length(SINT8, &[2, 0, 3]), Some(0));
        assert_eq!(dense_length(INT4, &[3]), Some(2));
        assert_eq!(dense_length(FLOAT32, &[usize::MAX, 2]), None);
    }

    #[test]
    fn integers_of_one_width_are_compatible() {
        assert!(is_compatible(SINT8, INT8));
        assert!(is_compatible(0x0000_0008, FLOAT32));
        assert!(!is_compatible(SINT8, INT4));
        assert!(!is_compatible(FLOAT32, 0x1000_0020));
    }

    #[test]
    fn a_view_holds_its_elements_or_is_refused() {
        let mut region = [MaybeUninit::uninit(); 1024];
        let arena = Arena::new(&mut region);
        let view = |offset, length, dims: &[usize]| {
            let buffer = Buffer::allocate(&arena, 64).unwrap();
            let dims = Vector::from_fn(&arena, dims.len(), |index| dims[index]).unwrap();
            View::new(&arena, buffer, offset, length, FLOAT32, DENSE_ROW_MAJOR, dims)
        };
        assert!(view(0, 64, &[4, 4]).is_ok());
        assert_eq!(view(0, 60, &[4, 4]).err().unwrap().values, [64, 60]);
        assert_eq!(view(8, 60, &[1]).err().unwrap().code, Code::OutOfRange);
        let part = view(16, 8, &[2]).unwrap().as_buffer(&Device::new(&arena, &[])).unwrap();
        assert_eq!(part.len(), 8);
        drop(part);
        assert_eq!(arena.usage().live, 0);
    }
}
