//! The file around a module's FlatBuffer (`iree/vm/bytecode/archive.c`):
//! optionally a ZIP local file header, then a u32 size, the FlatBuffer of that
//! size, and from the next multiple of 64 bytes on the data segments that are
//! not embedded in it.

use crate::{Code, Error, Text, text};

/// Alignment of a module in memory, and of what follows its FlatBuffer.
const ALIGNMENT: usize = 64;

/// The parts of a module file.
pub struct Archive<'a> {
    pub flatbuffer: &'a [u8],
    /// What external segments' offsets count from; to the end of the file.
    pub external: &'a [u8],
}

impl<'a> Archive<'a> {
    pub fn open(bytes: &'a [u8]) -> Result<Self, Error<'a>> {
        let misaligned = bytes.as_ptr() as usize % ALIGNMENT;
        if misaligned != 0 {
            return Err(refused(text!("module misaligned in memory: bytes off, alignment"))
                .with(misaligned as u32, ALIGNMENT as u32));
        }
        if bytes.is_empty() {
            return Err(refused(text!("no module: this image is for bringing a board up")));
        }
        let start = zip_header(bytes).ok_or_else(|| {
            refused(text!("module cut short within its ZIP header: bytes found"))
                .with(bytes.len() as u32, 0)
        })?;
        let body = bytes.get(start..).unwrap_or_default();
        let short = |needed: usize| {
            refused(text!("module cut short: bytes found, bytes needed"))
                .with(body.len() as u32, needed as u32)
        };
        let (size, body) = body.split_first_chunk().ok_or_else(|| short(4))?;
        let size = u32::from_le_bytes(*size) as usize;
        let flatbuffer = body.get(..size).ok_or_else(|| short(size.saturating_add(4)))?;
        // The identifier follows the offset of the root table.
        if flatbuffer.get(4..8) != Some(b"IREE") {
            return Err(refused(text!("not an IREE VM module: no `IREE` identifier")));
        }
        let external = (start + 4 + size).next_multiple_of(ALIGNMENT);
        Ok(Archive { flatbuffer, external: bytes.get(external..).unwrap_or_default() })
    }
}

/// Length of the ZIP local file header that `bytes` begin with: 0 without
/// one, `None` when it is cut short.
fn zip_header(bytes: &[u8]) -> Option<usize> {
    const SIGNATURE: &[u8] = b"PK\x03\x04";
    const FIXED: usize = 30;
    if !bytes.starts_with(SIGNATURE) {
        return Some(0);
    }
    let lengths = bytes.get(FIXED - 4..FIXED)?.first_chunk::<4>()?;
    let [name_low, name_high, extra_low, extra_high] = *lengths;
    let name = usize::from(u16::from_le_bytes([name_low, name_high]));
    let extra = usize::from(u16::from_le_bytes([extra_low, extra_high]));
    let length = FIXED + name + extra;
    (length <= bytes.len()).then_some(length)
}

#[cold]
#[inline(never)]
fn refused<'a>(message: Text) -> Error<'a> {
    Error::new(Code::InvalidArgument, message)
}
