//! Counts of chosen functions, callees included.

/// What all finished calls of one function took together.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Finished calls.
    pub count: u64,
    /// Instructions in them.
    pub instructions: u64,
    /// Estimated cycles from their begin to their end, sleep included.
    pub cycles: u64,
    /// Instructions of other cores from their begin to their end.
    pub others: u64,
}

/// Counts of a core at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Its instructions.
    pub instructions: u64,
    /// Its cycles, sleep included.
    pub cycles: u64,
    /// The instructions of other cores.
    pub others: u64,
}

#[derive(Debug)]
struct Frame {
    function: usize,
    returns_to: u32,
    stack: u32,
    begin: Counts,
}

/// The watched functions and the calls of them that are open.
///
/// A call begins when control reaches the function's first instruction, and
/// ends when it reaches the address the link register held, with the stack
/// no deeper than it was. A jump back to the function's own first
/// instruction with the same return address is a loop, not a call. A
/// recursive function counts its inner calls again.
#[derive(Debug, Default)]
pub struct Spans {
    finished: Vec<Span>,
    open: Vec<Frame>,
    missed: u64,
}

impl Spans {
    /// Open calls beyond this are not followed (only counted as missed).
    pub const DEPTH: usize = 64;
    /// A return address no block begins at.
    pub const NOWHERE: u32 = 1;

    /// Adds a function to watch; gives its index.
    pub fn watch(&mut self) -> usize {
        self.finished.push(Span::default());
        self.finished.len() - 1
    }

    /// The counts of a function's finished calls.
    pub fn get(&self, function: usize) -> Option<Span> {
        self.finished.get(function).copied()
    }

    /// Calls that were too deep to follow.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Where the innermost open call returns to.
    pub fn returns_to(&self) -> u32 {
        self.open.last().map_or(Spans::NOWHERE, |frame| frame.returns_to)
    }

    /// Control reached a watched function.
    pub fn enter(&mut self, function: usize, returns_to: u32, stack: u32, begin: Counts) {
        if let Some(top) = self.open.last()
            && (top.function, top.returns_to, top.stack) == (function, returns_to, stack)
        {
            return;
        }
        if self.open.len() == Spans::DEPTH {
            self.missed += 1;
            return;
        }
        self.open.push(Frame { function, returns_to, stack, begin });
    }

    /// Control reached `address`: ends every call that returns here.
    pub fn arrive(&mut self, address: u32, stack: u32, end: Counts) {
        while let Some(top) = self.open.last()
            && top.returns_to == address
            && stack >= top.stack
        {
            if let Some(span) = self.finished.get_mut(top.function) {
                span.count += 1;
                span.instructions += end.instructions - top.begin.instructions;
                span.cycles += end.cycles - top.begin.cycles;
                span.others += end.others - top.begin.others;
            }
            self.open.pop();
        }
    }

    /// The core was reset: open calls never end.
    pub fn abandon(&mut self) {
        self.open.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(instructions: u64, cycles: u64) -> Counts {
        Counts { instructions, cycles, others: 2 * instructions }
    }

    #[test]
    fn nested_calls_count_their_callees() {
        let mut spans = Spans::default();
        let (outer, inner) = (spans.watch(), spans.watch());
        spans.enter(outer, 0x100, 0x80, at(10, 20));
        spans.enter(inner, 0x40, 0x70, at(15, 30));
        spans.arrive(0x40, 0x70, at(25, 50));
        spans.arrive(0x100, 0x80, at(40, 90));
        assert_eq!(
            spans.get(inner),
            Some(Span { count: 1, instructions: 10, cycles: 20, others: 20 })
        );
        assert_eq!(
            spans.get(outer),
            Some(Span { count: 1, instructions: 30, cycles: 70, others: 60 })
        );
    }

    #[test]
    fn a_tail_call_ends_with_its_caller() {
        let mut spans = Spans::default();
        let (outer, inner) = (spans.watch(), spans.watch());
        spans.enter(outer, 0x100, 0x80, at(0, 0));
        spans.enter(inner, 0x100, 0x80, at(5, 5));
        spans.arrive(0x100, 0x80, at(9, 9));
        assert_eq!(spans.get(inner).map(|span| span.instructions), Some(4));
        assert_eq!(spans.get(outer).map(|span| span.instructions), Some(9));
    }

    #[test]
    fn recursion_is_told_from_a_loop() {
        let mut spans = Spans::default();
        let function = spans.watch();
        spans.enter(function, 0x100, 0x80, at(0, 0));
        spans.enter(function, 0x100, 0x80, at(3, 3)); // a loop to its own start
        spans.enter(function, 0x40, 0x70, at(4, 4)); // recursion, twice to 0x40
        spans.enter(function, 0x40, 0x60, at(6, 6));
        spans.arrive(0x40, 0x60, at(8, 8));
        assert_eq!(spans.get(function).map(|span| span.count), Some(1));
        spans.arrive(0x40, 0x70, at(10, 10));
        spans.arrive(0x100, 0x80, at(12, 12));
        let span = Span { count: 3, instructions: 2 + 6 + 12, cycles: 20, others: 40 };
        assert_eq!(spans.get(function), Some(span));
    }

    #[test]
    fn depth_is_bounded() {
        let mut spans = Spans::default();
        let function = spans.watch();
        for depth in 0..100 {
            spans.enter(function, 0x40, 0x1000 - depth, at(0, 0));
        }
        assert_eq!(spans.missed(), 36);
    }
}
