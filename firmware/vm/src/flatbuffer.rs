//! A FlatBuffer, read in place. Every access is checked against the bytes.
//!
//! Layout: <https://flatbuffers.dev/internals/>. A table begins with the
//! signed distance back to its vtable: u16 size of the vtable, u16 size of the
//! table, then for each field the u16 offset of its value in the table (0 when
//! absent). Strings, vectors and tables are named by a u32 distance forward.
//!
//! What does not lie where the FlatBuffer says reads as zero or as empty, and
//! is noted: [`FlatBuffer::is_damaged`] is to be asked before anything that
//! was read is used for more than further reading. Distances that wrap around
//! lead somewhere else in the bytes, which is no worse than other damage.

use core::cell::Cell;

/// A FlatBuffer.
pub struct FlatBuffer<'a> {
    bytes: &'a [u8],
    damaged: Cell<bool>,
}

/// Where a table is.
#[derive(Clone, Copy)]
pub struct Table(usize);

/// Elements that lie end to end.
#[derive(Clone, Copy, Default)]
pub struct Vector {
    start: usize,
    pub count: usize,
}

impl<'a> FlatBuffer<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        FlatBuffer { bytes, damaged: Cell::new(false) }
    }

    /// Whether something did not lie where it should.
    pub fn is_damaged(&self) -> bool {
        self.damaged.get()
    }

    /// The root table.
    pub fn root(&self) -> Table {
        Table(self.follow(0))
    }

    #[inline]
    fn chunk<const N: usize>(&self, position: usize) -> [u8; N] {
        let rest = self.bytes.get(position..).unwrap_or_default();
        rest.first_chunk().copied().unwrap_or_else(|| {
            self.damaged.set(true);
            [0; N]
        })
    }

    #[inline(never)]
    fn word(&self, position: usize) -> u32 {
        u32::from_le_bytes(self.chunk(position))
    }

    fn follow(&self, position: usize) -> usize {
        position.wrapping_add(self.word(position) as usize)
    }

    /// Where the value of a field is; `None` when the table does not have it.
    #[inline(never)]
    fn field(&self, Table(table): Table, index: usize) -> Option<usize> {
        // Signed: the vtable may lie before or behind.
        let vtable = table.wrapping_sub(self.word(table) as i32 as usize);
        let entry = 4 + 2 * index;
        if entry + 2 > usize::from(u16::from_le_bytes(self.chunk(vtable))) {
            return None;
        }
        let offset = u16::from_le_bytes(self.chunk(vtable.wrapping_add(entry)));
        (offset != 0).then(|| table.wrapping_add(usize::from(offset)))
    }

    /// Whether the table has a field.
    pub fn has(&self, table: Table, index: usize) -> bool {
        self.field(table, index).is_some()
    }

    /// The first byte of a field, 0 when absent.
    pub fn u8(&self, table: Table, index: usize) -> u8 {
        let [byte] = self.field(table, index).map_or([0], |position| self.chunk(position));
        byte
    }

    /// A field of four bytes, 0 when absent.
    #[inline(never)]
    pub fn u32(&self, table: Table, index: usize) -> u32 {
        self.field(table, index).map_or(0, |position| self.word(position))
    }

    /// A field of eight bytes that is to fit an address, 0 when absent.
    pub fn size(&self, table: Table, index: usize) -> usize {
        let Some(position) = self.field(table, index) else { return 0 };
        let (low, high) = (self.word(position), self.word(position.wrapping_add(4)));
        usize::try_from(u64::from(high) << 32 | u64::from(low)).unwrap_or(usize::MAX)
    }

    /// A table within a table.
    pub fn table(&self, table: Table, index: usize) -> Option<Table> {
        self.field(table, index).map(|position| Table(self.follow(position)))
    }

    /// A vector, empty when absent.
    #[inline(never)]
    pub fn vector(&self, table: Table, index: usize) -> Vector {
        let Some(position) = self.field(table, index) else { return Vector::default() };
        let start = self.follow(position);
        Vector { start: start.wrapping_add(4), count: self.word(start) as usize }
    }

    /// The table at `index` of a vector of tables.
    #[inline(never)]
    pub fn element(&self, vector: Vector, index: usize) -> Table {
        Table(self.follow(vector.start.wrapping_add(4 * index)))
    }

    /// The bytes of a vector whose elements have `size` each.
    #[inline(never)]
    pub fn elements(&self, vector: Vector, size: usize) -> &'a [u8] {
        let length = vector.count.checked_mul(size);
        let end = length.and_then(|length| vector.start.checked_add(length));
        let elements = end.and_then(|end| self.bytes.get(vector.start..end));
        if elements.is_none() && vector.count > 0 {
            self.damaged.set(true);
        }
        elements.unwrap_or_default()
    }

    /// The bytes of a string, empty when absent. Whether they are UTF-8 is for
    /// the few to ask that show them.
    #[inline(never)]
    pub fn string(&self, table: Table, index: usize) -> &'a [u8] {
        self.elements(self.vector(table, index), 1)
    }

    /// How many tables a vector can have at most, damaged or not.
    pub fn count(&self, vector: Vector) -> usize {
        if vector.count > self.bytes.len() / 4 {
            self.damaged.set(true);
            return 0;
        }
        vector.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root table with fields: u32 5, absent, string "hi", u64 7.
    const BUFFER: [u8; 48] = [
        16, 0, 0, 0, // root at 16
        12, 0, 24, 0, 4, 0, 0, 0, 8, 0, 12, 0, // vtable at 4
        12, 0, 0, 0, // back to it
        5, 0, 0, 0, // field 0
        16, 0, 0, 0, // field 2: the string at 40
        7, 0, 0, 0, 0, 0, 0, 0, // field 3
        0, 0, 0, 0, // padding
        2, 0, 0, 0, b'h', b'i', 0, 0,
    ];

    #[test]
    fn fields_are_read_or_absent() {
        let buffer = FlatBuffer::new(&BUFFER);
        let root = buffer.root();
        assert_eq!((buffer.u32(root, 0), buffer.u8(root, 0)), (5, 5));
        assert_eq!((buffer.u32(root, 1), buffer.u32(root, 9)), (0, 0));
        assert_eq!(buffer.string(root, 2), b"hi");
        assert_eq!(buffer.string(root, 1), b"");
        assert_eq!(buffer.size(root, 3), 7);
        assert!(buffer.table(root, 1).is_none());
        assert_eq!(buffer.vector(root, 1).count, 0);
        assert!(!buffer.is_damaged());
    }

    #[test]
    fn what_lies_outside_is_noted() {
        for (place, value) in [(0, 200), (16, 100), (40, 7), (24, 250)] {
            let mut damaged = BUFFER;
            damaged[place] = value;
            let buffer = FlatBuffer::new(&damaged);
            assert_eq!(buffer.string(buffer.root(), 2), b"", "{place}");
            assert!(buffer.is_damaged() || place == 16, "{place}");
        }
    }

    #[test]
    fn counts_beyond_the_bytes_are_none() {
        let mut damaged = BUFFER;
        damaged[42] = 1;
        let buffer = FlatBuffer::new(&damaged);
        let vector = buffer.vector(buffer.root(), 2);
        assert_eq!(vector.count, 65538);
        assert_eq!(buffer.count(vector), 0);
        assert!(buffer.is_damaged());
    }
}
