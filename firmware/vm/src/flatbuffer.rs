//! A FlatBuffer, read in place. Every access is checked against the bytes.
//!
//! Layout: <https://flatbuffers.dev/internals/>. A table begins with the
//! signed distance back to its vtable: u16 size of the vtable, u16 size of the
//! table, then for each field the u16 offset of its value in the table (0 when
//! absent). Strings, vectors and tables are named by a u32 distance forward.

/// Something that does not lie where the FlatBuffer says it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

type Result<T> = core::result::Result<T, Damaged>;

/// A table.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    /// The whole FlatBuffer.
    bytes: &'a [u8],
    /// Where the table is.
    position: usize,
    /// Its vtable.
    fields: &'a [u8],
}

impl<'a> Table<'a> {
    /// The root table of a FlatBuffer.
    pub fn root(bytes: &'a [u8]) -> Result<Self> {
        Self::at(bytes, follow(bytes, 0)?)
    }

    fn at(bytes: &'a [u8], position: usize) -> Result<Self> {
        let back = word(bytes, position)?;
        // Signed: the vtable may lie before or behind.
        let vtable = bytes.get(position.wrapping_sub(back as i32 as usize)..).ok_or(Damaged)?;
        let length = usize::from(u16::from_le_bytes(*vtable.first_chunk().ok_or(Damaged)?));
        Ok(Table { bytes, position, fields: vtable.get(..length).ok_or(Damaged)? })
    }

    /// Where the value of a field is; 0 when the table does not have it.
    #[inline(never)]
    fn field(&self, index: usize) -> usize {
        let entry = self.fields.get(4 + 2 * index..).and_then(|entries| entries.first_chunk());
        match entry.map_or(0, |entry| u16::from_le_bytes(*entry)) {
            0 => 0,
            offset => self.position.wrapping_add(usize::from(offset)),
        }
    }

    /// The first byte of a field, 0 when absent.
    pub fn u8(&self, index: usize) -> Result<u8> {
        match self.field(index) {
            0 => Ok(0),
            position => self.bytes.get(position).copied().ok_or(Damaged),
        }
    }

    /// A field of four bytes, 0 when absent.
    #[inline(never)]
    pub fn u32(&self, index: usize) -> Result<u32> {
        match self.field(index) {
            0 => Ok(0),
            position => word(self.bytes, position),
        }
    }

    /// A field of eight bytes that is to fit an address, 0 when absent.
    pub fn size(&self, index: usize) -> Result<usize> {
        match self.field(index) {
            0 => Ok(0),
            position => {
                let high = word(self.bytes, position.wrapping_add(4))?;
                let value = u64::from(high) << 32 | u64::from(word(self.bytes, position)?);
                usize::try_from(value).map_err(|_| Damaged)
            }
        }
    }

    /// A table within this one.
    pub fn table(&self, index: usize) -> Result<Option<Table<'a>>> {
        match self.field(index) {
            0 => Ok(None),
            position => Self::at(self.bytes, follow(self.bytes, position)?).map(Some),
        }
    }

    /// The elements, `size` bytes each, of a vector; `None` when absent.
    pub fn elements(&self, index: usize, size: usize) -> Result<Option<&'a [u8]>> {
        match self.field(index) {
            0 => Ok(None),
            position => self.vector(position, size).map(|(_, elements)| Some(elements)),
        }
    }

    /// The bytes of a string, empty when absent. Whether they are UTF-8 is for
    /// the few to ask that show them.
    #[inline(never)]
    pub fn string(&self, index: usize) -> Result<&'a [u8]> {
        self.elements(index, 1).map(Option::unwrap_or_default)
    }

    /// A vector of tables, empty when absent.
    #[inline(never)]
    pub fn tables(&self, index: usize) -> Result<Tables<'a>> {
        match self.field(index) {
            0 => Ok(Tables::default()),
            position => {
                let (next, elements) = self.vector(position, 4)?;
                Ok(Tables { bytes: self.bytes, next, left: elements.len() / 4 })
            }
        }
    }

    /// Where the elements of a vector begin, and their bytes.
    #[inline(never)]
    fn vector(&self, position: usize, size: usize) -> Result<(usize, &'a [u8])> {
        let start = follow(self.bytes, position)?;
        let length = (word(self.bytes, start)? as usize).checked_mul(size).ok_or(Damaged)?;
        let elements = self.bytes.get(start + 4..).and_then(|bytes| bytes.get(..length));
        elements.map(|elements| (start + 4, elements)).ok_or(Damaged)
    }
}

/// The u32 at `position`.
#[inline(never)]
fn word(bytes: &[u8], position: usize) -> Result<u32> {
    let word = bytes.get(position..).and_then(|bytes| bytes.first_chunk()).ok_or(Damaged)?;
    Ok(u32::from_le_bytes(*word))
}

/// Where the distance at `position` leads. One that wraps around leads
/// somewhere else in the bytes, which is no worse than other damage.
fn follow(bytes: &[u8], position: usize) -> Result<usize> {
    word(bytes, position).map(|distance| position.wrapping_add(distance as usize))
}

/// The tables of a vector, in order.
#[derive(Clone, Copy, Default)]
pub struct Tables<'a> {
    bytes: &'a [u8],
    next: usize,
    left: usize,
}

impl Tables<'_> {
    /// How many are to come.
    pub fn len(&self) -> usize {
        self.left
    }
}

impl<'a> Iterator for Tables<'a> {
    type Item = Result<Table<'a>>;

    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let position = self.next;
        self.next += 4;
        Some(follow(self.bytes, position).and_then(|table| Table::at(self.bytes, table)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Root table with: field 0 a u32, field 1 absent, field 2 a string,
    /// field 3 a vector of one table whose field 0 is a u64.
    const SAMPLE: [u8; 64] = [
        16, 0, 0, 0, // 0: root is at 16
        12, 0, 16, 0, // 4: vtable of the root
        4, 0, 0, 0, 8, 0, 12, 0, // 8: fields
        12, 0, 0, 0, // 16: root, vtable 12 back
        7, 0, 0, 0, // 20: field 0
        8, 0, 0, 0, // 24: field 2 leads to 32
        12, 0, 0, 0, // 28: field 3 leads to 40
        2, 0, 0, 0, b'h', b'i', 0, 0, // 32: string
        1, 0, 0, 0, // 40: one table
        8, 0, 0, 0, // 44: at 52
        6, 0, 12, 0, // 48: its vtable begins here
        // 52: the table; its vtable lies 4 back, and its first field entry is
        // the low half of that distance.
        4, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0,
    ];

    #[test]
    fn fields_are_found_and_absent_ones_are_zero() {
        let root = Table::root(&SAMPLE).unwrap();
        assert_eq!((root.u32(0), root.u8(0)), (Ok(7), Ok(7)));
        assert_eq!((root.u32(1), root.u8(1)), (Ok(0), Ok(0)));
        assert_eq!(root.size(30), Ok(0));
        assert_eq!(root.string(2), Ok(&b"hi"[..]));
        assert_eq!(root.string(1), Ok(&b""[..]));
        assert_eq!(root.elements(2, 1), Ok(Some(&b"hi"[..])));
        assert_eq!(root.elements(1, 1), Ok(None));
        let mut tables = root.tables(3).unwrap();
        assert_eq!(tables.len(), 1);
        assert_eq!(tables.next().unwrap().unwrap().size(0), Ok(0x0201));
        assert!(tables.next().is_none());
    }

    #[test]
    fn no_cut_and_no_damage_reads_outside() {
        let visit = |bytes: &[u8]| -> Result<()> {
            let root = Table::root(bytes)?;
            root.u32(0)?;
            root.string(2)?;
            let _ = root.elements(3, usize::MAX);
            for table in root.tables(3)? {
                table?.size(0)?;
            }
            Ok(())
        };
        assert_eq!(visit(&SAMPLE), Ok(()));
        for length in 0..SAMPLE.len() {
            assert!(visit(&SAMPLE[..length]).is_err(), "{length}");
        }
        for place in 0..SAMPLE.len() {
            for value in 0..=255 {
                let mut bytes = SAMPLE;
                bytes[place] = value;
                let _ = visit(&bytes);
            }
        }
    }
}
