//! A cache in front of a memory: which words it holds.
//!
//! Lines are looked up by address in sets; of a full set the line goes that was
//! used least recently. A miss may bring only a part of a line.

/// How a cache is made; all in bytes but `ways`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// What it holds.
    pub size: u32,
    /// Lines that addresses of one set can be in.
    pub ways: u32,
    /// A line.
    pub line: u32,
    /// What a miss brings, at most a line.
    pub fill: u32,
}

impl Geometry {
    /// Whether there is such a cache: powers of two that divide each other.
    pub fn is_possible(&self) -> bool {
        let Geometry { size, ways, line, fill } = *self;
        let powers = [size, ways, line, fill].iter().all(|value| value.is_power_of_two());
        let fits = u64::from(ways) * u64::from(line) <= u64::from(size);
        powers && fits && fill <= line && line / fill <= 64
    }
}

/// A line that is held, or an empty one.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    tag: u32,
    /// Bit n: part n was brought.
    parts: u64,
}

/// What a cache holds.
#[derive(Debug)]
pub struct Cache {
    geometry: Geometry,
    /// Powers of two: bytes of a line and of a part of it, and how many sets there are.
    line_bits: u32,
    fill_bits: u32,
    set_bits: u32,
    /// Set after set, in each the line first that was used last.
    lines: Vec<Line>,
}

impl Cache {
    /// An empty cache; `None` if there is none of that geometry.
    pub fn new(geometry: Geometry) -> Option<Cache> {
        if !geometry.is_possible() {
            return None;
        }
        let count = geometry.size / geometry.line;
        let lines = vec![Line::default(); count as usize];
        let Geometry { ways, line, fill, .. } = geometry;
        let set_bits = (count / ways).trailing_zeros();
        let (line_bits, fill_bits) = (line.trailing_zeros(), fill.trailing_zeros());
        Some(Cache { geometry, line_bits, fill_bits, set_bits, lines })
    }

    /// Forgets everything.
    pub fn flush(&mut self) {
        self.lines.fill(Line::default());
    }

    /// Reads at `address`: whether it was held. It is from now on.
    pub fn read(&mut self, address: u32) -> bool {
        self.look_up(address, true)
    }

    /// Reads at `address`, which is not brought if it is not held.
    pub fn read_only(&mut self, address: u32) -> bool {
        self.look_up(address, false)
    }

    fn look_up(&mut self, address: u32, brings: bool) -> bool {
        let Geometry { ways, line, .. } = self.geometry;
        let number = address >> self.line_bits;
        let (set, tag) = (number & ((1 << self.set_bits) - 1), number >> self.set_bits);
        let part = 1_u64 << ((address & (line - 1)) >> self.fill_bits);
        let first = (set * ways) as usize;
        let Some(lines) = self.lines.get_mut(first..first + ways as usize) else { return false };
        let found = lines.iter().position(|held| held.parts != 0 && held.tag == tag);
        let place = match found {
            Some(place) => place,
            None if !brings => return false,
            None => {
                // The last one is the one to go.
                if let Some(oldest) = lines.last_mut() {
                    *oldest = Line { tag, parts: 0 };
                }
                lines.len() - 1
            }
        };
        if place > 0
            && let Some(recent) = lines.get_mut(..=place)
        {
            recent.rotate_right(1);
        }
        let Some(held) = lines.first_mut() else { return false };
        let hit = held.parts & part != 0;
        if brings {
            held.parts |= part;
        }
        hit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(size: u32, ways: u32, line: u32, fill: u32) -> Cache {
        Cache::new(Geometry { size, ways, line, fill }).unwrap()
    }

    #[test]
    fn a_line_is_brought_once() {
        let mut cache = cache(64, 2, 16, 16);
        let hits: Vec<bool> = [0, 4, 12, 16, 0, 28].map(|at| cache.read(at)).to_vec();
        assert_eq!(hits, [false, true, true, false, true, true]);
        cache.flush();
        assert!(!cache.read(0));
    }

    #[test]
    fn the_least_recently_used_line_of_a_set_goes() {
        // Two sets of two lines: 0, 32 and 64 are of the same one.
        let mut cache = cache(64, 2, 16, 16);
        assert!(!cache.read(0));
        assert!(!cache.read(32));
        assert!(!cache.read(16), "of the other set");
        assert!(cache.read(0));
        assert!(!cache.read(64), "in place of 32");
        assert!(cache.read(0));
        assert!(!cache.read(32), "in place of 64");
        assert!(!cache.read(64));
        assert!(!cache.read(0));
        assert!(cache.read(16));
    }

    #[test]
    fn a_miss_may_bring_half_a_line() {
        let mut cache = cache(64, 2, 8, 4);
        let hits: Vec<bool> = [0, 4, 0, 4, 8].map(|at| cache.read(at)).to_vec();
        assert_eq!(hits, [false, false, true, true, false]);
    }

    #[test]
    fn in_one_set_every_line_can_be_anywhere() {
        let mut cache = cache(64, 4, 16, 16);
        let lines = [0, 0x1000, 0x2000, 0x3000];
        assert!(lines.iter().all(|&at| !cache.read(at)));
        assert!(lines.iter().all(|&at| cache.read(at)));
        assert!(!cache.read(0x4000));
        assert!(!cache.read(0));
        assert!(cache.read(0x2000));
    }

    #[test]
    fn looking_does_not_bring() {
        let mut cache = cache(64, 2, 16, 8);
        assert!(!cache.read_only(0));
        assert!(!cache.read_only(0));
        assert!(!cache.read(0));
        assert!(cache.read_only(4));
        assert!(!cache.read_only(8), "the other half");
        assert!(!cache.read(8));
    }

    #[test]
    fn a_loop_that_fits_misses_once_and_one_that_does_not_always() {
        // 2 ways of 8 KiB with lines of 8 bytes, filled by halves, as the RP2040 has.
        let misses = |bytes: u32| {
            let mut cache = cache(16 << 10, 2, 8, 4);
            let pass =
                |cache: &mut Cache| (0..bytes).step_by(4).filter(|&at| !cache.read(at)).count();
            (pass(&mut cache), pass(&mut cache))
        };
        assert_eq!(misses(16 << 10), (4096, 0));
        // Three lines for each two places: in order, each is gone when it is wanted.
        assert_eq!(misses(24 << 10), (6144, 6144));
        // Half the sets have three lines, half have two.
        assert_eq!(misses(20 << 10), (5120, 3072));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (size, ways, line, fill) in [
            (0, 1, 8, 8),
            (64, 3, 8, 8),
            (64, 2, 12, 4),
            (64, 2, 8, 16),
            (16, 4, 8, 8),
            (64, 0, 8, 8),
        ] {
            assert!(Cache::new(Geometry { size, ways, line, fill }).is_none());
        }
    }
}
