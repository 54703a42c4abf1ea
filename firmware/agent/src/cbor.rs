//! The part of CBOR (RFC 8949) that the protocol uses: unsigned integers
//! below 2^32, byte and text strings, arrays, null; definite lengths only.

use crate::Link;
use crate::frame::Sender;

const UNSIGNED: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const NULL: u8 = 0xF6;

/// The bytes are not what was asked for; nothing more is said, because the
/// host alone can tell what it meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads items off the front of a body.
#[derive(Clone)]
pub(crate) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(crate) fn new(body: &'b [u8]) -> Self {
        Reader { rest: body }
    }

    #[inline(never)]
    pub(crate) fn unsigned(&mut self) -> Result<u32, Malformed> {
        self.head(UNSIGNED)
    }

    /// The number of items that follow.
    pub(crate) fn array(&mut self) -> Result<u32, Malformed> {
        self.head(ARRAY)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'b [u8], Malformed> {
        let length = self.head(BYTES)?;
        self.take(length)
    }

    /// The bytes of a text string; that they are UTF-8 is not checked.
    pub(crate) fn text(&mut self) -> Result<&'b [u8], Malformed> {
        let length = self.head(TEXT)?;
        self.take(length)
    }

    /// Nothing may be left over.
    pub(crate) fn finish(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    fn head(&mut self, major: u8) -> Result<u32, Malformed> {
        let (&first, rest) = self.rest.split_first().ok_or(Malformed)?;
        if first >> 5 != major {
            return Err(Malformed);
        }
        self.rest = rest;
        match first & 31 {
            small @ 0..=23 => Ok(small.into()),
            // 1, 2 or 4 bytes follow; 8 would not fit, 31 is of unstated length.
            width @ 24..=26 => {
                let bytes = self.take(1 << (width - 24))?;
                Ok(bytes.iter().fold(0, |value, &byte| value << 8 | u32::from(byte)))
            }
            _ => Err(Malformed),
        }
    }

    fn take(&mut self, length: u32) -> Result<&'b [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length as usize).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

impl<L: Link> Sender<'_, L> {
    pub(crate) fn unsigned(&mut self, value: u32) {
        self.head(UNSIGNED, value);
    }

    /// Begins an array of `items` items.
    pub(crate) fn array(&mut self, items: u32) {
        self.head(ARRAY, items);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.begin_bytes(bytes.len() as u32);
        self.put_all(bytes);
    }

    /// Begins a byte string of `length` bytes, which the caller then puts.
    pub(crate) fn begin_bytes(&mut self, length: u32) {
        self.head(BYTES, length);
    }

    #[inline(never)]
    pub(crate) fn text(&mut self, text: &str) {
        self.begin_text(text.len());
        self.put_all(text.as_bytes());
    }

    /// Begins a text string of `length` bytes, which the caller then puts.
    pub(crate) fn begin_text(&mut self, length: usize) {
        self.head(TEXT, length as u32);
    }

    pub(crate) fn null(&mut self) {
        self.put(NULL);
    }

    fn head(&mut self, major: u8, value: u32) {
        let (width, info) = match value {
            0..=23 => (0, value as u8),
            24..=0xFF => (1, 24),
            0x100..=0xFFFF => (2, 25),
            _ => (4, 26),
        };
        self.put(major << 5 | info);
        for place in (0..width).rev() {
            self.put((value >> (8 * place)) as u8);
        }
    }
}

/// Bytes that [`Sender::text`] takes for a text of `length` bytes.
pub(crate) fn text_size(length: usize) -> usize {
    length
        + match length {
            0..=23 => 1,
            24..=0xFF => 2,
            _ => 3,
        }
}
