use core::mem;

use arielml_arena::Vector;

/// The blocks of a function, by where they begin: those that were met and
/// those that a branch leads to.
pub struct Blocks<'w, 'a> {
    /// Ascending; each is the pc, shifted left, and below it whether a block
    /// marker was met there.
    blocks: &'w mut Vector<'a, u32>,
    limit: usize,
}

impl<'w, 'a> Blocks<'w, 'a> {
    /// None yet, and room for `limit` in `storage`.
    pub fn new(storage: &'w mut Vector<'a, u32>, limit: u16) -> Self {
        storage.truncate(0);
        Blocks { blocks: storage, limit: usize::from(limit) }
    }

    /// Adds the block at `pc`; `false` when there are more than the limit.
    pub fn add(&mut self, pc: u32, defined: bool) -> bool {
        let block = pc << 1 | u32::from(defined);
        match self.blocks.binary_search_by_key(&pc, |block| block >> 1) {
            Ok(index) => {
                if let Some(known) = self.blocks.get_mut(index) {
                    *known |= block;
                }
                true
            }
            Err(index) => {
                if self.blocks.len() >= self.limit || self.blocks.push(0).is_err() {
                    return false;
                }
                let mut carried = block;
                for slot in self.blocks.iter_mut().skip(index) {
                    mem::swap(slot, &mut carried);
                }
                true
            }
        }
    }

    /// A place that a branch leads to where no block begins.
    pub fn undefined(&self) -> Option<u32> {
        self.blocks.iter().find(|&&block| block & 1 == 0).map(|block| block >> 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arielml_arena::Arena;
    use core::mem::MaybeUninit;

    #[test]
    fn targets_need_a_block_and_blocks_have_a_limit() {
        let mut region = [MaybeUninit::uninit(); 512];
        let arena = Arena::new(&mut region);
        let mut storage = Vector::new(&arena);
        let mut blocks = Blocks::new(&mut storage, 3);
        assert!(blocks.add(0, true));
        assert!(blocks.add(40, false));
        assert!(blocks.add(20, false));
        assert!(blocks.add(40, true));
        assert_eq!(blocks.undefined(), Some(20));
        assert!(blocks.add(20, true));
        assert!(blocks.add(20, false));
        assert_eq!(blocks.undefined(), None);
        assert!(!blocks.add(30, true));
    }
}
