//! The interrupt state of a core, as an NVIC or a PLIC keeps it.

/// Interrupt lines and their enable and pending bits, as an NVIC keeps them.
#[derive(Debug, Default)]
pub struct Interrupts {
    enabled: [u32; Interrupts::WORDS],
    pending: [u32; Interrupts::WORDS],
    lines: [u32; Interrupts::WORDS],
    claimed: [u32; Interrupts::WORDS],
    /// What is pending is what is high, no more.
    by_level: bool,
}

impl Interrupts {
    /// Words of 32 lines: 240 lines at most (Armv7-M).
    pub const WORDS: usize = 8;

    /// Drives a peripheral's line; a high line makes its interrupt pending.
    pub fn drive(&mut self, number: u32, high: bool) {
        let (word, bit) = ((number / 32) as usize, 1 << (number % 32));
        let Some(lines) = self.lines.get_mut(word) else { return };
        *lines = if high { *lines | bit } else { *lines & !bit };
        let claimed = self.claimed.get(word).copied().unwrap_or(0);
        if let Some(pending) = self.pending.get_mut(word) {
            *pending |= *lines & bit & !claimed;
            if self.by_level {
                *pending &= *lines;
            }
        }
    }

    /// From now on nothing is pending any more once its line has fallen.
    pub fn follow_levels(&mut self) {
        self.by_level = true;
        self.pending = self.lines;
    }

    /// Takes the lowest that is ready, as from a PLIC: it is not pending
    /// again before `complete`.
    pub fn claim(&mut self) -> Option<u32> {
        let number = self.ready()?;
        let (word, bit) = ((number / 32) as usize, 1 << (number % 32));
        *self.claimed.get_mut(word)? |= bit;
        *self.pending.get_mut(word)? &= !bit;
        Some(number)
    }

    /// Ends a claim: a line that is still high is pending again.
    pub fn complete(&mut self, number: u32) {
        let (word, bit) = ((number / 32) as usize, 1 << (number % 32));
        if let Some(claimed) = self.claimed.get_mut(word) {
            *claimed &= !bit;
        }
        let high = self.lines.get(word).copied().unwrap_or(0) & bit;
        self.change_pending(word, high, 0);
    }

    /// One word of the enable bits.
    pub fn enabled(&mut self, word: usize) -> Option<&mut u32> {
        self.enabled.get_mut(word)
    }

    /// One word of the pending bits.
    pub fn pending(&self, word: usize) -> Option<u32> {
        self.pending.get(word).copied()
    }

    /// Sets and clears pending bits; a line that is still high stays pending.
    pub fn change_pending(&mut self, word: usize, set: u32, clear: u32) {
        let claimed = self.claimed.get(word).copied().unwrap_or(0);
        let high = self.lines.get(word).copied().unwrap_or(0) & !claimed;
        if let Some(pending) = self.pending.get_mut(word) {
            *pending = *pending & !clear | set | high;
        }
    }

    /// The core was reset: nothing is enabled, and what is high pends.
    pub fn reset(&mut self) {
        *self = Interrupts { pending: self.lines, lines: self.lines, ..Interrupts::default() };
    }

    pub(super) fn is_high(&self, number: u32) -> bool {
        let word = self.lines.get((number / 32) as usize);
        word.is_some_and(|word| word & 1 << (number % 32) != 0)
    }

    /// The lowest interrupt that is enabled and pending.
    pub fn ready(&self) -> Option<u32> {
        let words = self.enabled.iter().zip(&self.pending);
        words.zip(0_u32..).find_map(|((enabled, pending), word)| {
            let both = enabled & pending;
            (both != 0).then(|| word * 32 + both.trailing_zeros())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_claimed_pends_again_once_complete() {
        let mut interrupts = Interrupts::default();
        *interrupts.enabled(0).unwrap() = 1 << 10;
        interrupts.drive(10, true);
        assert_eq!(interrupts.claim(), Some(10));
        interrupts.drive(10, true);
        assert_eq!(interrupts.claim(), None);
        interrupts.complete(10);
        assert_eq!(interrupts.claim(), Some(10));
        interrupts.drive(10, false);
        interrupts.complete(10);
        assert_eq!(interrupts.ready(), None);
    }

    #[test]
    fn by_level_nothing_pends_once_its_line_has_fallen() {
        let mut interrupts = Interrupts::default();
        interrupts.follow_levels();
        *interrupts.enabled(0).unwrap() = 1 << 21 | 1 << 3;
        interrupts.drive(21, true);
        interrupts.drive(3, true);
        interrupts.drive(3, false);
        assert_eq!(interrupts.ready(), Some(21));
        interrupts.drive(21, false);
        assert_eq!(interrupts.ready(), None);
    }

    #[test]
    fn a_high_line_pends_until_it_falls() {
        let mut interrupts = Interrupts::default();
        interrupts.drive(34, true);
        assert_eq!(interrupts.ready(), None);
        *interrupts.enabled(1).unwrap() = 1 << 2;
        assert_eq!(interrupts.ready(), Some(34));
        interrupts.change_pending(1, 0, 1 << 2);
        assert_eq!(interrupts.ready(), Some(34));
        interrupts.drive(34, false);
        interrupts.change_pending(1, 0, 1 << 2);
        assert_eq!(interrupts.ready(), None);
    }
}
