//! Exact counts from a block hook.
//!
//! What is counted: every instruction that was issued, one whose condition
//! did not hold included (it takes its slot, as in QEMU's -icount). An
//! instruction that faulted was not completed and is not counted. A block's
//! cost is added when the next one begins, so that a block left early
//! (fault, stop) can be counted up to the instruction it was left at.

use crate::spans::{Counts, Spans};

/// What is known of one translated block.
#[derive(Clone, Copy, Debug, Default)]
pub struct Block {
    /// Guest address of its first instruction.
    pub address: u32,
    /// Bytes.
    pub size: u16,
    /// Instructions.
    pub instructions: u16,
    /// Cycles when it falls through.
    pub cycles: u32,
    /// Cycles to add when it does not.
    pub taken: u8,
    /// What else is to be done when it begins: see [`mark`].
    pub marks: u8,
    /// The watched function that it begins.
    pub function: u16,
}

impl Block {
    /// Nothing of it is to be counted any more.
    fn clear(&mut self) {
        (self.size, self.instructions, self.cycles, self.taken) = (0, 0, 0, 0);
    }
}

/// Bits of [`Block::marks`].
pub mod mark {
    /// It begins a watched function.
    pub const WATCHED: u8 = 1;
    /// It sends an event to every core (SEV).
    pub const EVENT: u8 = 1 << 1;
    /// An exclusive load is left open at its end.
    pub const OPENS: u8 = 1 << 2;
    /// An exclusive store, or what takes its place, ends one.
    pub const CLOSES: u8 = 1 << 3;
    /// Cores agree by it: they run it in the order of their times.
    pub const ORDERED: u8 = 1 << 4;
}

/// Blocks by their address; a colliding or changed one is decoded again.
struct Cache {
    blocks: Box<[Block]>,
}

impl Cache {
    const SLOTS: usize = 1 << 14;

    fn slot(address: u32) -> usize {
        (address as usize >> 1) % Cache::SLOTS
    }
}

/// Running totals.
pub struct Counter {
    /// Instructions of all blocks before the running one.
    pub instructions: u64,
    /// Estimated cycles of the same, and those it waited for memories.
    pub cycles: u64,
    /// Cycles slept while another core ran.
    pub idle: u64,
    /// The hook looks at limits once this many instructions are reached.
    pub check_at: u64,
    /// Watched functions.
    pub spans: Spans,
    /// Where the innermost watched call returns to.
    returns_to: u32,
    running: Block,
    next: u32,
    cache: Cache,
}

impl Default for Counter {
    fn default() -> Counter {
        Counter {
            instructions: 0,
            cycles: 0,
            idle: 0,
            check_at: 0,
            spans: Spans::default(),
            returns_to: Spans::NOWHERE,
            running: Block::default(),
            next: 0,
            cache: Cache { blocks: vec![Block::default(); Cache::SLOTS].into_boxed_slice() },
        }
    }
}

impl Counter {
    /// Control reached `address`: adds the block that ran before.
    pub fn finish_block(&mut self, address: u32) {
        self.instructions += u64::from(self.running.instructions);
        self.cycles += u64::from(self.running.cycles);
        if address != self.next {
            self.cycles += u64::from(self.running.taken);
        }
        self.running.clear();
        self.next = address;
    }

    /// The cached block, if it is the same one.
    pub fn cached(&self, address: u32, size: u32) -> Option<Block> {
        let block = self.cache.blocks.get(Cache::slot(address))?;
        (block.address == address && u32::from(block.size) == size).then_some(*block)
    }

    /// Keeps a decoded block.
    pub fn keep(&mut self, block: Block) {
        if let Some(slot) = self.cache.blocks.get_mut(Cache::slot(block.address)) {
            *slot = block;
        }
    }

    /// Forgets what was decoded at an address.
    pub fn forget(&mut self, address: u32) {
        self.keep(Block { address, ..Block::default() });
    }

    /// A block is about to run.
    pub fn begin_block(&mut self, block: Block) {
        self.next = block.address.wrapping_add(u32::from(block.size));
        self.running = block;
    }

    /// Cycles since power-on, sleep included: the core's own time.
    pub fn elapsed(&self) -> u64 {
        self.cycles + self.idle
    }

    /// Whether more than counting is to be done at this block.
    pub fn is_marked(&self, block: &Block) -> bool {
        block.marks != 0 || block.address == self.returns_to
    }

    /// Whether calls end or begin at this block.
    pub fn is_span_edge(&self, block: &Block) -> bool {
        block.marks & mark::WATCHED != 0 || block.address == self.returns_to
    }

    /// Ends the calls that return here and begins the one that starts here.
    /// Other cores have issued `others` instructions so far.
    pub fn span_edge(&mut self, block: &Block, link: u32, stack: u32, others: u64) {
        let now = Counts { instructions: self.instructions, cycles: self.elapsed(), others };
        self.spans.arrive(block.address, stack, now);
        if block.marks & mark::WATCHED != 0 {
            let function = usize::from(block.function);
            self.spans.enter(function, link, stack, now);
        }
        self.returns_to = self.spans.returns_to();
    }

    /// The block that runs: where it begins, its bytes, its cycles.
    pub fn running(&self) -> Option<(u32, u32, u32)> {
        let Block { address, size, cycles, .. } = self.running;
        (size > 0).then_some((address, u32::from(size), cycles))
    }

    /// The part of the running block in front of `pc`, if it was left there.
    pub fn left_inside(&self, pc: u32) -> Option<(u32, usize)> {
        let start = self.running.address;
        let inside = pc.wrapping_sub(start) < u32::from(self.running.size);
        inside.then(|| (start, pc.wrapping_sub(start) as usize))
    }

    /// Replaces the running block's cost by that of its part that ran.
    pub fn cut(&mut self, instructions: u32, cycles: u32) {
        self.running.instructions = instructions as u16;
        self.running.cycles = cycles;
        self.running.taken = 0;
    }

    /// The core was reset to `pc`.
    pub fn reset(&mut self, pc: u32) {
        self.finish_block(self.next);
        self.next = pc;
        self.spans.abandon();
        self.returns_to = Spans::NOWHERE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(address: u32, instructions: u16) -> Block {
        let size = instructions * 2;
        Block { address, size, instructions, cycles: 10, taken: 3, ..Block::default() }
    }

    #[test]
    fn a_block_counts_when_the_next_begins() {
        let mut counter = Counter::default();
        counter.reset(0x100);
        counter.finish_block(0x100);
        counter.begin_block(block(0x100, 4));
        assert_eq!(counter.instructions, 0);
        counter.finish_block(0x108);
        assert_eq!((counter.instructions, counter.cycles), (4, 10));
        counter.begin_block(block(0x108, 4));
        counter.finish_block(0x100); // taken
        assert_eq!((counter.instructions, counter.cycles), (8, 23));
        counter.finish_block(0x100); // stopped before it ran, and resumed
        assert_eq!((counter.instructions, counter.cycles), (8, 23));
    }

    #[test]
    fn a_block_left_early_counts_in_part() {
        let mut counter = Counter::default();
        counter.begin_block(block(0x100, 4));
        assert_eq!(counter.left_inside(0x108), None);
        assert_eq!(counter.left_inside(0x104), Some((0x100, 4)));
        counter.cut(2, 5);
        counter.finish_block(0x104);
        assert_eq!((counter.instructions, counter.cycles), (2, 5));
    }
}
