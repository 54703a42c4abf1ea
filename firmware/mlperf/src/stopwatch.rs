//! Time that does not wrap while somebody looks often enough.

/// Counts on where a counter of 32 bits wraps.
pub(crate) struct Stopwatch {
    hertz: u32,
    last: u32,
    total: u64,
}

impl Stopwatch {
    /// At 0 when the counter, which has `hertz` a second, is at `ticks`.
    pub(crate) fn new(hertz: u32, ticks: u32) -> Self {
        Stopwatch { hertz: hertz.max(1), last: ticks, total: 0 }
    }

    /// Tells it what the counter is at; to be done at least once a turn of it.
    pub(crate) fn look(&mut self, ticks: u32) {
        self.total += u64::from(ticks.wrapping_sub(self.last));
        self.last = ticks;
    }

    /// Microseconds up to the last look.
    pub(crate) fn microseconds(&self) -> u64 {
        let hertz = u64::from(self.hertz);
        let seconds = self.total / hertz;
        seconds * 1_000_000 + self.total % hertz * 1_000_000 / hertz
    }
}

#[cfg(test)]
mod tests {
    use super::Stopwatch;

    #[test]
    fn it_counts_on_where_the_counter_wraps() {
        let mut watch = Stopwatch::new(16_000_000, u32::MAX - 7);
        watch.look(8);
        assert_eq!(watch.microseconds(), 1);
        for _ in 0..40 {
            watch.look(watch.last.wrapping_add(1 << 31));
        }
        assert_eq!(watch.microseconds(), 1 + 40 * (1u64 << 31) / 16);
    }

    #[test]
    fn any_frequency_will_do() {
        let mut watch = Stopwatch::new(3, 0);
        watch.look(10);
        assert_eq!(watch.microseconds(), 3_333_333);
        assert_eq!(Stopwatch::new(0, 5).microseconds(), 0);
    }
}
