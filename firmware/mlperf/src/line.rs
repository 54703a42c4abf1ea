//! Bytes to commands.

/// Bytes of a command at most, the one that ends it aside.
pub(crate) const MAX_COMMAND: usize = 80;

const TERMINATOR: u8 = b'%';

/// Takes a command in byte by byte.
pub(crate) struct Line {
    buffer: [u8; MAX_COMMAND],
    length: usize,
    overflowed: bool,
}

/// A command was longer than [`MAX_COMMAND`] bytes, and is dropped.
pub(crate) struct TooLong;

impl Line {
    pub(crate) const fn new() -> Self {
        Line { buffer: [0; MAX_COMMAND], length: 0, overflowed: false }
    }

    /// Takes one byte; at the end of a command, gives it.
    pub(crate) fn push(&mut self, byte: u8) -> Option<Result<&[u8], TooLong>> {
        match byte {
            TERMINATOR => {
                let (length, overflowed) = (self.length, self.overflowed);
                self.length = 0;
                self.overflowed = false;
                let command = self.buffer.get(..length).unwrap_or_default();
                return Some(if overflowed { Err(TooLong) } else { Ok(command) });
            }
            // What terminals send when somebody types.
            b'\r' | b'\n' => {}
            byte => match self.buffer.get_mut(self.length) {
                Some(slot) => {
                    *slot = byte;
                    self.length += 1;
                }
                None => self.overflowed = true,
            },
        }
        None
    }
}
