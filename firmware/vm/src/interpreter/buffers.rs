use core::cell::Cell;
use core::ops::Range;

use arielml_arena::Shared;

use super::{Machine, Stop};
use crate::hash::siphash;
use crate::isa::core as op;
use crate::{Buffer, Bytes, Object, Ref};

/// The largest alignment that a buffer may ask for.
const MAX_ALIGNMENT: usize = 4096;

/// Alignment of a buffer that asks for none: of the largest element.
const MIN_ALIGNMENT: usize = 8;

/// Bytes of a buffer that an operation is about.
struct Span {
    /// The buffer's register.
    buffer: u16,
    range: Range<usize>,
}

/// Where a span begins, while its length is still to be read.
type Place = (u16, u64);

impl<'a, O: Object> Machine<'a, O> {
    /// Operations on buffers. Loads, stores and fills count in elements, the
    /// others in bytes.
    #[inline(never)]
    pub(super) fn buffer(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            op::BUFFER_LOAD_I8_U..=op::BUFFER_LOAD_I64 => self.load(opcode),
            op::BUFFER_STORE_I8..=op::BUFFER_STORE_I64 => {
                self.set_elements(opcode - op::BUFFER_STORE_I8, false)
            }
            op::BUFFER_FILL_I8..=op::BUFFER_FILL_I64 => {
                self.set_elements(opcode - op::BUFFER_FILL_I8, true)
            }
            op::BUFFER_ALLOC => {
                let length = self.scalars.next64();
                let buffer = self.new_buffer(length)?;
                self.put_ref(Ref::Buffer(buffer));
                Ok(())
            }
            op::BUFFER_CLONE => self.clone_buffer(),
            op::BUFFER_LENGTH => {
                let buffer = self.scalars.operand();
                let length = self.buffer_length(buffer)?;
                self.scalars.put64(length as u64);
                Ok(())
            }
            op::BUFFER_COPY => self.copy(),
            op::BUFFER_COMPARE => self.compare(),
            _ => {
                let place = self.next_place();
                let length = self.scalars.next64();
                let span = self.span(place, length, 0)?;
                let hash = siphash(slice(&self.bytes(&span)?, &span));
                self.scalars.put64(hash);
                Ok(())
            }
        }
    }

    fn load(&mut self, opcode: u8) -> Result<(), Stop> {
        let shift = match opcode {
            op::BUFFER_LOAD_I8_U | op::BUFFER_LOAD_I8_S => 0,
            op::BUFFER_LOAD_I16_U | op::BUFFER_LOAD_I16_S => 1,
            op::BUFFER_LOAD_I32 => 2,
            _ => 3,
        };
        let place = self.next_place();
        let span = self.span(place, 1, shift)?;
        let mut value = 0u64;
        for byte in slice(&self.bytes(&span)?, &span).iter().rev() {
            value = value << 8 | u64::from(*byte);
        }
        let value = match opcode {
            op::BUFFER_LOAD_I8_S => value as i8 as u64,
            op::BUFFER_LOAD_I16_S => value as i16 as u64,
            _ => value,
        };
        self.scalars.write(value, shift == 3);
        Ok(())
    }

    /// A store to one element of `1 << shift` bytes or, when `counted`, to as
    /// many as an operand says.
    fn set_elements(&mut self, shift: u8, counted: bool) -> Result<(), Stop> {
        let place = self.next_place();
        let count = if counted { self.scalars.next64() } else { 1 };
        let span = self.span(place, count, shift)?;
        let value = self.scalars.read(shift == 3).to_le_bytes();
        let mut bytes = self.writable(&span)?.write().ok_or(Stop::InUse)?;
        let bytes = bytes.get_mut(span.range).unwrap_or_default();
        for element in bytes.chunks_exact_mut(1 << shift) {
            for (byte, value) in element.iter_mut().zip(value) {
                *byte = value;
            }
        }
        Ok(())
    }

    fn copy(&mut self) -> Result<(), Stop> {
        let source = self.next_place();
        let target = self.next_place();
        let length = self.scalars.next64();
        let source = self.span(source, length, 0)?;
        let target = self.span(target, length, 0)?;
        let mut bytes = self.writable(&target)?.write().ok_or(Stop::InUse)?;
        if self.get_ref(source.buffer).same(self.get_ref(target.buffer)) {
            copy_within(&mut bytes, source.range, target.range.start);
        } else {
            let bytes = bytes.get_mut(target.range).unwrap_or_default();
            copy_bytes(slice(&self.bytes(&source)?, &source), bytes);
        }
        Ok(())
    }

    fn compare(&mut self) -> Result<(), Stop> {
        let left = self.next_place();
        let right = self.next_place();
        let length = self.scalars.next64();
        let left = self.span(left, length, 0)?;
        let right = self.span(right, length, 0)?;
        let same = slice(&self.bytes(&left)?, &left) == slice(&self.bytes(&right)?, &right);
        self.scalars.put(u32::from(same));
        Ok(())
    }

    fn clone_buffer(&mut self) -> Result<(), Stop> {
        let place = self.next_place();
        let length = self.scalars.next64();
        let span = self.span(place, length, 0)?;
        let buffer = self.new_buffer(length)?;
        if let Some(mut bytes) = buffer.write() {
            copy_bytes(slice(&self.bytes(&span)?, &span), &mut bytes);
        }
        self.put_ref(Ref::Buffer(buffer));
        Ok(())
    }

    /// A buffer of `length` zero bytes at the alignment that the next operand
    /// names.
    fn new_buffer(&mut self, length: u64) -> Result<Shared<'a, Buffer<'a>>, Stop> {
        let alignment = (self.scalars.next() as usize).max(MIN_ALIGNMENT);
        if !alignment.is_power_of_two() || alignment > MAX_ALIGNMENT {
            return Err(self.stop(Stop::Alignment, alignment, MAX_ALIGNMENT));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Buffer::zeroed(self.arena, length, alignment)
            .and_then(|buffer| Shared::new(self.arena, buffer))
            .map_err(|error| self.out_of_memory(error))
    }

    fn next_place(&mut self) -> Place {
        let buffer = self.scalars.operand();
        (buffer, self.scalars.next64())
    }

    /// `count` elements of `1 << shift` bytes from `place` on, all within the
    /// buffer.
    #[inline(never)]
    fn span(&mut self, (buffer, offset): Place, count: u64, shift: u8) -> Result<Span, Stop> {
        let length = self.buffer_length(buffer)?;
        let bytes = |elements: u64| usize::try_from(elements).ok()?.checked_mul(1 << shift);
        if let (Some(start), Some(bytes)) = (bytes(offset), bytes(count))
            && let Some(end) = start.checked_add(bytes)
            && end <= length
        {
            return Ok(Span { buffer, range: start..end });
        }
        let end = usize::try_from(offset.saturating_add(count)).unwrap_or(usize::MAX);
        Err(self.stop(Stop::BufferRange, end, length))
    }

    fn buffer_length(&self, buffer: u16) -> Result<usize, Stop> {
        match self.get_ref(buffer) {
            Ref::Rodata(bytes) => Ok(bytes.len()),
            Ref::Buffer(buffer) => Ok(buffer.len()),
            _ => Err(Stop::NoBuffer),
        }
    }

    fn bytes(&self, span: &Span) -> Result<Bytes<'_>, Stop> {
        self.get_ref(span.buffer).contents().ok_or(Stop::InUse)
    }

    fn writable(&self, span: &Span) -> Result<&Buffer<'a>, Stop> {
        match self.get_ref(span.buffer) {
            Ref::Buffer(buffer) => Ok(buffer),
            _ => Err(Stop::ReadOnly),
        }
    }
}

/// The span's bytes among those of its buffer.
fn slice<'b>(bytes: &'b Bytes<'_>, span: &Span) -> &'b [u8] {
    bytes.get(span.range.clone()).unwrap_or_default()
}

fn copy_bytes(source: &[u8], target: &mut [u8]) {
    for (target, source) in target.iter_mut().zip(source) {
        *target = *source;
    }
}

/// As `slice::copy_within`, byte by byte: a copy of `memmove` in the image
/// would cost more than that gains.
fn copy_within(bytes: &mut [u8], source: Range<usize>, target: usize) {
    let length = source.len();
    let cells = Cell::from_mut(bytes).as_slice_of_cells();
    for index in 0..length {
        // From the end when the bytes move up, so that none is overwritten
        // before it was read.
        let index = if target > source.start { length - 1 - index } else { index };
        if let (Some(from), Some(to)) = (cells.get(source.start + index), cells.get(target + index))
        {
            to.set(from.get());
        }
    }
}
