//! Text to the host.

use arielml_agent::Link;

/// Bytes that are sent at a time.
const STAGED: usize = 64;

/// Digits of the largest number.
const MAX_DIGITS: usize = 20;

/// Puts lines together in RAM, where a link wants them.
pub(crate) struct Output<L> {
    pub(crate) link: L,
    staged: [u8; STAGED],
    length: usize,
}

impl<L: Link> Output<L> {
    pub(crate) const fn new(link: L) -> Self {
        Output { link, staged: [0; STAGED], length: 0 }
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        if let Some(slot) = self.staged.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
        if self.length == STAGED {
            self.send();
        }
    }

    #[inline(never)]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.byte(byte);
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Bytes of whatever origin, within brackets: those that would end them,
    /// or a line, become `?`.
    pub(crate) fn foreign(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let shown = (b' '..=b'~').contains(&byte) && byte != b']';
            self.byte(if shown { byte } else { b'?' });
        }
    }

    /// A number in decimal, with at least `least` digits.
    #[inline(never)]
    pub(crate) fn number(&mut self, mut value: u64, least: usize) {
        let mut digits = [b'0'; MAX_DIGITS];
        let mut used = 0;
        for digit in digits.iter_mut().rev() {
            if value == 0 && used >= least.max(1) {
                break;
            }
            *digit = b'0' + (value % 10) as u8;
            value /= 10;
            used += 1;
        }
        self.bytes(digits.get(MAX_DIGITS - used..).unwrap_or_default());
    }

    /// A number in hexadecimal, with `digits` digits.
    #[inline(never)]
    pub(crate) fn hexadecimal(&mut self, value: u32, digits: u32) {
        for place in (0..digits.min(8)).rev() {
            let digit = char::from_digit(value >> (4 * place) & 15, 16).unwrap_or('0');
            self.byte(digit as u8);
        }
    }

    /// Ends a line, and sends it.
    pub(crate) fn end(&mut self) {
        self.text("\r\n");
        self.send();
    }

    /// A line.
    #[inline(never)]
    pub(crate) fn line(&mut self, text: &str) {
        self.text(text);
        self.end();
    }

    fn send(&mut self) {
        if let Some(bytes) = self.staged.get(..self.length) {
            self.link.write(bytes);
        }
        self.length = 0;
    }
}
