//! Damage to a module that leaves most of it whole, so that much of what is
//! damaged still passes the verifier and runs.
//!
//! An edit is one byte that says what to do (its top bit: to the whole file,
//! not to the bytecode alone), two bytes that say where, and what is put
//! there. A count of edits comes before them.

use crate::input::Input;

/// Most edits of one input.
const MOST: u8 = 24;

/// Field of `BytecodeModuleDef` (`iree/schemas/bytecode_module_def.fbs`).
const BYTECODE: usize = 14;

/// Opcodes that put references into lists: with both, damage can make a list
/// that holds itself, which reference counts never free.
const LIST_ALLOC: u8 = 0x12;
const LIST_SET_REF: u8 = 0x1B;

/// A module file after its edits.
pub struct Edited {
    pub bytes: Vec<u8>,
    /// Whether its bytecode may tie a list into a cycle.
    pub may_tie_lists: bool,
}

impl Edited {
    pub fn new(module: &[u8], input: &mut Input<'_>) -> Self {
        let mut bytes = module.to_vec();
        let (start, end) = bytecode(&bytes).unwrap_or((0, bytes.len()));
        for _ in 0..input.u8() % (MOST + 1) {
            let kind = input.u8();
            let range = if kind & 0x80 == 0 { start..end } else { 0..module.len() };
            apply(kind & 0x7F, &mut bytes[range], input);
        }
        let (start, end) = bytecode(&bytes).unwrap_or((0, bytes.len()));
        let code = &bytes[start..end];
        let may_tie_lists = code.contains(&LIST_ALLOC) && code.contains(&LIST_SET_REF);
        Edited { bytes, may_tie_lists }
    }
}

fn apply(kind: u8, bytes: &mut [u8], input: &mut Input<'_>) {
    let place = usize::from(input.u16());
    if bytes.is_empty() {
        return;
    }
    let place = place % bytes.len();
    let length = bytes.len();
    let target = &mut bytes[place..];
    match kind % 8 {
        0 => put(target, &[input.u8()]),
        1 => target[0] ^= input.u8(),
        2 => put(target, &input.u16().to_le_bytes()),
        3 => put(target, &input.u32().to_le_bytes()),
        // A register: few ordinals, and the bits for references and moves.
        4 => {
            let byte = input.u8();
            put(target, &[byte & 0x1F, byte & 0xC0]);
        }
        // Bytes of elsewhere, such as a whole instruction.
        5 => {
            let source = usize::from(input.u16()) % length;
            let count = usize::from(input.u8() % 32).min(length - source).min(length - place);
            bytes.copy_within(source..source + count, place);
        }
        // Makes room, or closes a gap; what goes over the end is lost.
        6 => {
            let shift = usize::from(input.u8() % 16).min(length - place);
            if input.u8() & 1 == 0 {
                bytes.copy_within(place..length - shift, place + shift);
            } else {
                bytes.copy_within(place + shift..length, place);
            }
        }
        _ => {
            let count = usize::from(input.u8() % 48);
            put(target, input.bytes(count));
        }
    }
}

fn put(target: &mut [u8], bytes: &[u8]) {
    for (target, byte) in target.iter_mut().zip(bytes) {
        *target = *byte;
    }
}

/// Where the bytecode of all functions lies in a module file without a ZIP
/// header. Damage may put it anywhere, but never outside the file.
fn bytecode(file: &[u8]) -> Option<(usize, usize)> {
    let word = |at: usize| Some(u32::from_le_bytes(*file.get(at..)?.first_chunk()?) as usize);
    let half = |at: usize| Some(u16::from_le_bytes(*file.get(at..)?.first_chunk()?) as usize);
    let root = word(4)?.checked_add(4)?;
    // Signed: the table of fields may lie before or behind.
    let table = root.wrapping_sub(word(root)? as u32 as i32 as usize);
    let field = root + half(table.checked_add(4 + 2 * BYTECODE)?)?;
    let vector = field.checked_add(word(field)?)?;
    let (start, length) = (vector.checked_add(4)?, word(vector)?);
    let end = start.checked_add(length)?;
    (end <= file.len()).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::MODULES;

    #[test]
    fn every_module_has_bytecode_that_edits_can_reach() {
        for module in MODULES {
            if module.name == "vm-external" {
                continue; // Begins with a ZIP header: its edits go anywhere.
            }
            let (start, end) = bytecode(module.bytes).expect(module.name);
            // Functions begin with a block.
            assert_eq!(module.bytes[start], 0x79, "{}", module.name);
            assert!(end > start);
        }
    }
}
