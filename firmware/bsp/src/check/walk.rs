//! A walk through memory that finds bits that stick, cells that follow others
//! and addresses that lead to the same cell: a march test.

use core::alloc::Layout;
use core::ptr;

use arielml_agent::{Code, Error, text};
use arielml_arena::Arena;

/// Words that may be overwritten.
pub(super) trait Words {
    /// How many.
    fn count(&self) -> usize;
    /// Bytes from the first to the end of the last.
    fn bytes(&self) -> u32 {
        4 * self.count() as u32
    }
    /// The address of word `index`.
    fn address(&self, index: usize) -> u32;
    /// What word `index` holds.
    fn read(&mut self, index: usize) -> u32;
    /// Puts `value` into word `index`.
    fn write(&mut self, index: usize, value: u32);
}

/// What a word is to hold, by its place.
#[derive(Clone, Copy)]
enum Pattern {
    /// No bit.
    Zero,
    /// Its own address: two words that are one are found by it.
    Address,
    /// One bit of 32, another in each neighbour.
    WalkingOne,
}

/// A pass over all words: what each is to hold, and what is put there then.
struct Step {
    downwards: bool,
    reads: Option<(Pattern, bool)>,
    writes: Option<(Pattern, bool)>,
}

/// Whether a pattern is inverted.
const INVERTED: bool = true;

const fn up(reads: Option<(Pattern, bool)>, writes: Option<(Pattern, bool)>) -> Step {
    Step { downwards: false, reads, writes }
}

const fn down(reads: Option<(Pattern, bool)>, writes: Option<(Pattern, bool)>) -> Step {
    Step { downwards: true, reads, writes }
}

/// Addresses first, since what they find is plain to read; then the test known
/// as March C-, which finds a word that changes with another, whichever comes
/// first; then single bits, for those that change with others of their word.
const STEPS: [Step; 10] = {
    use Pattern::{Address, WalkingOne, Zero};
    [
        up(None, Some((Address, !INVERTED))),
        up(Some((Address, !INVERTED)), Some((Address, INVERTED))),
        up(Some((Address, INVERTED)), Some((Zero, !INVERTED))),
        up(Some((Zero, !INVERTED)), Some((Zero, INVERTED))),
        up(Some((Zero, INVERTED)), Some((Zero, !INVERTED))),
        down(Some((Zero, !INVERTED)), Some((Zero, INVERTED))),
        down(Some((Zero, INVERTED)), Some((Zero, !INVERTED))),
        up(Some((Zero, !INVERTED)), Some((WalkingOne, !INVERTED))),
        up(Some((WalkingOne, !INVERTED)), Some((WalkingOne, INVERTED))),
        down(Some((WalkingOne, INVERTED)), None),
    ]
};

/// What a walk found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Walked {
    /// Address of the first word.
    pub(super) start: u32,
    /// Bytes from there that were walked through.
    pub(super) bytes: u32,
    /// Words of them that were tried.
    pub(super) words: u32,
    /// Reads that gave something else than was written.
    pub(super) bad: u32,
    /// The first of them: its step, counted from 1, or 0 without any.
    pub(super) step: u32,
    /// Where that was.
    pub(super) address: u32,
    /// What had been written there.
    pub(super) expected: u32,
    /// What was read.
    pub(super) found: u32,
}

/// Walks through all of `words`; what they held is lost.
pub(super) fn walk(words: &mut impl Words) -> Walked {
    let count = words.count();
    let mut walked = Walked {
        start: words.address(0),
        bytes: words.bytes(),
        words: count as u32,
        ..Walked::default()
    };
    for (number, step) in (1..).zip(&STEPS) {
        for place in 0..count {
            let index = if step.downwards { count - 1 - place } else { place };
            if let Some(reads) = step.reads {
                let expected = value(words, index, reads);
                let found = words.read(index);
                if found != expected {
                    if walked.bad == 0 {
                        let address = words.address(index);
                        walked = Walked { step: number, address, expected, found, ..walked };
                    }
                    walked.bad = walked.bad.saturating_add(1);
                }
            }
            if let Some(writes) = step.writes {
                let value = value(words, index, writes);
                words.write(index, value);
            }
        }
    }
    walked
}

fn value(words: &impl Words, index: usize, (pattern, inverted): (Pattern, bool)) -> u32 {
    let value = match pattern {
        Pattern::Zero => 0,
        Pattern::Address => words.address(index),
        Pattern::WalkingOne => 1 << (index % 32),
    };
    if inverted { !value } else { value }
}

/// Memory of its own.
/// Each `stride`th word of `length`.
struct Raw {
    start: *mut u32,
    length: usize,
    stride: usize,
}

impl Raw {
    fn at(&self, index: usize) -> *mut u32 {
        self.start.wrapping_add((index * self.stride).min(self.length - 1))
    }
}

impl Words for Raw {
    fn count(&self) -> usize {
        self.length.div_ceil(self.stride)
    }

    fn bytes(&self) -> u32 {
        4 * self.length as u32
    }

    fn address(&self, index: usize) -> u32 {
        self.at(index) as usize as u32
    }

    fn read(&mut self, index: usize) -> u32 {
        // SAFETY: within the block, and written before it is read: the first
        // step reads nothing and writes every word.
        unsafe { ptr::read_volatile(self.at(index)) }
    }

    fn write(&mut self, index: usize, value: u32) {
        // SAFETY: within the block.
        unsafe { ptr::write_volatile(self.at(index), value) }
    }
}

/// Walks through all of an arena that nothing lives in, or through each
/// `stride`th of its words: an odd stride still takes every address line both
/// ways, in a time that a large RAM allows.
pub(super) fn walk_arena(arena: &Arena<'_>, stride: u32) -> Result<Walked, Error<'static>> {
    let usage = arena.usage();
    if usage.live > 0 {
        return Err(Error::new(
            Code::FailedPrecondition,
            text!("the arena is in use, RELEASE first: blocks, bytes"),
        )
        .with(usage.live as u32, usage.used as u32));
    }
    let none = Error::new(Code::ResourceExhausted, text!("the arena gives no memory to walk"));
    let bytes = usage.capacity & !(size_of::<usize>() - 1);
    let Ok(layout) = Layout::from_size_align(bytes, size_of::<usize>()) else { return Err(none) };
    if bytes == 0 {
        return Err(none);
    }
    let Ok(block) = arena.allocate(layout) else { return Err(none) };
    let walked = walk(&mut Raw {
        start: block.as_ptr().cast(),
        length: bytes / 4,
        stride: stride.max(1) as usize,
    });
    // SAFETY: from this arena with this layout, and not used again.
    unsafe { arena.deallocate(block, layout) };
    Ok(walked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::MaybeUninit;
    use std::vec;
    use std::vec::Vec;

    const ORIGIN: u32 = 0x2000_0100;
    const COUNT: usize = 256;

    /// Memory with a defect: `wire` maps a write to the words it reaches,
    /// `sense` what a cell gives back.
    struct Faulty<W, S> {
        cells: Vec<u32>,
        wire: W,
        sense: S,
    }

    impl<W: Fn(usize) -> usize, S: Fn(usize, u32) -> u32> Words for Faulty<W, S> {
        fn count(&self) -> usize {
            COUNT
        }

        fn address(&self, index: usize) -> u32 {
            ORIGIN + 4 * index as u32
        }

        fn read(&mut self, index: usize) -> u32 {
            let cell = (self.wire)(index);
            (self.sense)(cell, self.cells[cell])
        }

        fn write(&mut self, index: usize, value: u32) {
            let cell = (self.wire)(index);
            self.cells[cell] = value;
        }
    }

    fn walked(wire: impl Fn(usize) -> usize, sense: impl Fn(usize, u32) -> u32) -> Walked {
        walk(&mut Faulty { cells: vec![0xDEAD_BEEF; COUNT], wire, sense })
    }

    #[test]
    fn good_memory_passes_whole() {
        let found = walked(|index| index, |_, value| value);
        let all = Walked {
            start: ORIGIN,
            bytes: 4 * COUNT as u32,
            words: COUNT as u32,
            ..Walked::default()
        };
        assert_eq!(found, all);
    }

    #[test]
    fn every_bit_that_sticks_is_found_in_every_word() {
        for index in [0, 1, 31, 32, 100, COUNT - 1] {
            // Miri takes a thousand times as long.
            for bit in (0..32).step_by(if cfg!(miri) { 31 } else { 1 }) {
                for stuck in [0, 1] {
                    let sense = |at, value| match (at == index, stuck) {
                        (false, _) => value,
                        (true, 0) => value & !(1 << bit),
                        (true, _) => value | 1 << bit,
                    };
                    let found = walked(|index| index, sense);
                    assert!(found.bad >= 1, "word {index}, bit {bit} at {stuck}");
                    assert_eq!(found.address, ORIGIN + 4 * index as u32);
                    assert_eq!(found.expected ^ found.found, 1 << bit);
                    assert!((2..=10).contains(&found.step));
                }
            }
        }
    }

    #[test]
    fn an_address_line_that_leads_nowhere_is_found() {
        for line in 0..8 {
            let found = walked(|index| index & !(1 << line), |_, value| value);
            assert_eq!(found.step, 2, "line {line}");
            // The first word holds what its twin was given.
            assert_eq!((found.address, found.expected), (ORIGIN, ORIGIN));
            assert_eq!(found.found, ORIGIN + (4 << line));
            assert!(found.bad as usize >= COUNT / 2);
        }
    }

    #[test]
    fn two_words_that_are_one_are_found() {
        let found = walked(|index| if index == 200 { 7 } else { index }, |_, value| value);
        assert_eq!((found.step, found.address), (2, ORIGIN + 4 * 7));
        assert_eq!(found.found, ORIGIN + 4 * 200);
    }

    #[test]
    fn a_data_line_that_is_shorted_to_its_neighbour_is_found() {
        for line in 0..31 {
            // Either bit reads as both ORed.
            let both = move |_, value: u32| {
                let either = (value >> line | value >> (line + 1)) & 1;
                value & !(3 << line) | (either | either << 1) << line
            };
            assert!(walked(|index| index, both).bad > 0, "lines {line}");
        }
    }

    /// A write to one word that changes another.
    struct Coupled {
        cells: Vec<u32>,
        from: usize,
        to: usize,
    }

    impl Words for Coupled {
        fn count(&self) -> usize {
            COUNT
        }

        fn address(&self, index: usize) -> u32 {
            ORIGIN + 4 * index as u32
        }

        fn read(&mut self, index: usize) -> u32 {
            self.cells[index]
        }

        fn write(&mut self, index: usize, value: u32) {
            // The bit rises there when it rises here.
            let rises = value & !self.cells[index] & 1 << 5;
            self.cells[index] = value;
            if index == self.from {
                self.cells[self.to] |= rises;
            }
        }
    }

    #[test]
    fn a_cell_that_follows_another_is_found_whichever_comes_first() {
        for (from, to) in [(10, 200), (200, 10), (63, 64), (64, 63)] {
            let found = walk(&mut Coupled { cells: vec![0; COUNT], from, to });
            assert!(found.bad > 0, "{from} changes {to}");
            assert_eq!(found.address, ORIGIN + 4 * to as u32);
        }
    }

    #[test]
    fn an_arena_is_walked_whole_and_usable_after() {
        let mut region = [MaybeUninit::uninit(); 4096];
        let arena = Arena::new(&mut region);
        let walked = walk_arena(&arena, 0).unwrap();
        assert!(walked.bytes as usize > 4096 - 32, "{walked:?}");
        assert_eq!(walked.bad, 0);
        assert_eq!(arena.usage().used, 0);
        assert_eq!(walk_arena(&arena, 1).unwrap(), walked);
        for stride in [3, 17, 1021, u32::MAX] {
            let sparse = walk_arena(&arena, stride).unwrap();
            assert_eq!((sparse.start, sparse.bytes), (walked.start, walked.bytes));
            assert_eq!(sparse.words, walked.words.div_ceil(stride));
            assert_eq!(sparse.bad, 0);
        }
        assert!(arena.allocate(Layout::new::<[u64; 100]>()).is_ok());
    }

    #[test]
    fn an_arena_in_use_is_left_alone() {
        let mut region = [MaybeUninit::uninit(); 1024];
        let arena = Arena::new(&mut region);
        let block = arena.allocate(Layout::new::<u64>()).unwrap();
        let error = walk_arena(&arena, 0).unwrap_err();
        assert_eq!(error.code, Code::FailedPrecondition);
        assert_eq!(error.values[0], 1);
        // SAFETY: from this arena with this layout.
        unsafe { arena.deallocate(block, Layout::new::<u64>()) };
        assert!(walk_arena(&arena, 0).is_ok());
    }

    #[test]
    fn an_arena_without_memory_says_so() {
        let arena = Arena::new(&mut []);
        assert_eq!(walk_arena(&arena, 0).unwrap_err().code, Code::ResourceExhausted);
    }
}
