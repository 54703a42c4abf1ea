//! Frames: a zero byte, COBS of the body and its CRC-32 (little endian), a
//! zero byte.
//!
//! COBS (Cheshire and Baker, 1999) replaces each zero by the distance to the
//! next one, so a zero on the wire always ends a frame and a receiver that
//! lost its place finds it again at the next zero.

use crate::Link;
use crate::crc::Crc32;

/// Bytes of a body at most, either way.
pub const MAX_BODY: usize = 1024;

const CRC_LENGTH: usize = 4;

/// Why a frame was dropped; the text goes to the host.
pub(crate) type Reason = &'static str;

/// Takes a frame in byte by byte.
pub struct Receiver {
    buffer: [u8; MAX_BODY + CRC_LENGTH],
    length: usize,
    /// Bytes of the current COBS block still to come.
    left: u8,
    /// The block ends in a zero, unless the frame ends first.
    owes_zero: bool,
    overflowed: bool,
}

impl Receiver {
    /// A receiver between two frames.
    pub const fn new() -> Self {
        Receiver {
            buffer: [0; MAX_BODY + CRC_LENGTH],
            length: 0,
            left: 0,
            owes_zero: false,
            overflowed: false,
        }
    }

    /// Takes one byte; at the end of a frame, gives its body or says why the
    /// frame is dropped.
    pub(crate) fn push(&mut self, byte: u8) -> Option<Result<&[u8], Reason>> {
        if byte == 0 {
            return self.end();
        }
        if self.left > 0 {
            self.left -= 1;
            self.store(byte);
        } else {
            if self.owes_zero {
                self.store(0);
            }
            self.left = byte - 1;
            self.owes_zero = byte != u8::MAX;
        }
        None
    }

    fn store(&mut self, byte: u8) {
        match self.buffer.get_mut(self.length) {
            Some(slot) => {
                *slot = byte;
                self.length += 1;
            }
            None => self.overflowed = true,
        }
    }

    fn end(&mut self) -> Option<Result<&[u8], Reason>> {
        let untouched = self.length == 0 && self.left == 0 && !self.owes_zero;
        let (length, left, overflowed) = (self.length, self.left, self.overflowed);
        self.length = 0;
        self.left = 0;
        self.owes_zero = false;
        self.overflowed = false;
        if untouched {
            return None;
        }
        if overflowed {
            return Some(Err("frame too long"));
        }
        if left > 0 {
            return Some(Err("frame cut short"));
        }
        Some(self.checked(length).ok_or("bad CRC"))
    }

    fn checked(&self, length: usize) -> Option<&[u8]> {
        let (body, crc) = self.buffer.get(..length)?.split_last_chunk::<CRC_LENGTH>()?;
        let mut expected = Crc32::new();
        for &byte in body {
            expected.update(byte);
        }
        (u32::from_le_bytes(*crc) == expected.value()).then_some(body)
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

/// The longest COBS block: its code and 254 bytes.
const MAX_BLOCK: usize = 255;

/// Where a frame is put together before it is sent: room for one block and
/// its end, and as much again so that short blocks leave together.
pub type Staging = [u8; 2 * MAX_BLOCK + 2];

/// Sends one frame, encoding as the body is given.
pub struct Sender<'s, L> {
    link: &'s mut L,
    staging: &'s mut Staging,
    /// Where the open block's code byte goes.
    code: usize,
    length: usize,
    crc: Crc32,
}

impl<'s, L: Link> Sender<'s, L> {
    /// Begins a frame.
    pub(crate) fn new(link: &'s mut L, staging: &'s mut Staging) -> Self {
        let mut sender = Sender { link, staging, code: 1, length: 2, crc: Crc32::new() };
        sender.set(0, 0);
        sender
    }

    /// Adds one byte to the body.
    #[inline(never)]
    pub(crate) fn put(&mut self, byte: u8) {
        self.crc.update(byte);
        self.encode(byte);
    }

    /// Adds bytes to the body.
    #[inline(never)]
    pub(crate) fn put_all(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.put(byte);
        }
    }

    /// Ends the frame: the CRC, the last block, the final zero.
    #[inline(never)]
    pub(crate) fn finish(mut self) {
        for byte in self.crc.value().to_le_bytes() {
            self.encode(byte);
        }
        self.set(self.code, self.length - self.code);
        self.set(self.length, 0);
        self.send(self.length + 1);
    }

    fn encode(&mut self, byte: u8) {
        if self.length - self.code == MAX_BLOCK {
            self.close();
        }
        if byte == 0 {
            self.close();
        } else {
            self.set(self.length, byte.into());
            self.length += 1;
        }
    }

    /// Ends the open block and opens the next.
    fn close(&mut self) {
        self.set(self.code, self.length - self.code);
        if self.length + MAX_BLOCK + 1 > self.staging.len() {
            self.send(self.length);
            self.length = 0;
        }
        self.code = self.length;
        self.length += 1;
    }

    /// `value` is below 256 at each caller.
    fn set(&mut self, index: usize, value: usize) {
        if let Some(slot) = self.staging.get_mut(index) {
            *slot = value as u8;
        }
    }

    fn send(&mut self, length: usize) {
        if let Some(bytes) = self.staging.get(..length) {
            self.link.write(bytes);
        }
    }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
