//! What the runner sends for an input, made into a tensor.

use crate::values::Quantization;

/// What the bytes of the input are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// The tensor as it lies in memory.
    Tensor,
    /// Unsigned bytes where the tensor has signed ones: 128 less each.
    Unsigned,
    /// Floats of 32 bits, little endian, where the tensor has signed bytes
    /// that stand for them.
    Floats,
}

impl Encoding {
    /// As a description numbers it.
    pub(crate) fn numbered(number: u32) -> Option<Encoding> {
        const ENCODINGS: [Encoding; 3] = [Encoding::Tensor, Encoding::Unsigned, Encoding::Floats];
        ENCODINGS.get(number as usize).copied()
    }

    /// Gives the bytes of the tensor for `data`, with where each piece begins.
    pub(crate) fn decode<E>(
        self,
        data: &[u8],
        quantization: Quantization,
        mut put: impl FnMut(u32, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        const PIECE: usize = 32;
        if self == Encoding::Tensor {
            return put(0, data);
        }
        let width = if self == Encoding::Floats { 4 } else { 1 };
        let mut offset = 0;
        for piece in data.chunks(PIECE * width) {
            let mut decoded = [0; PIECE];
            let mut length = 0;
            for (slot, element) in decoded.iter_mut().zip(piece.chunks_exact(width)) {
                *slot = match *element {
                    [a, b, c, d] => {
                        let value = f32::from_le_bytes([a, b, c, d]);
                        quantization.quantized(value, i8::MIN.into(), i8::MAX.into()) as u8
                    }
                    [byte, ..] => byte ^ 0x80,
                    [] => 0,
                };
                length += 1;
            }
            put(offset, decoded.get(..length).unwrap_or_default())?;
            offset += length as u32;
        }
        Ok(())
    }
}

/// The floats that bytes are, as many as there are.
pub(crate) fn floats(data: &[u8]) -> impl Iterator<Item = f32> {
    data.chunks_exact(4).map(|bytes| match *bytes {
        [a, b, c, d] => f32::from_le_bytes([a, b, c, d]),
        _ => 0.0,
    })
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use super::*;

    fn decoded(encoding: Encoding, data: &[u8]) -> Vec<u8> {
        let mut tensor = vec![];
        let scaled = Quantization { scale: 0.5, zero: 1 };
        encoding
            .decode(data, scaled, |offset, piece| {
                assert_eq!(offset as usize, tensor.len());
                tensor.extend_from_slice(piece);
                Ok::<(), ()>(())
            })
            .unwrap();
        tensor
    }

    #[test]
    fn data_become_tensors() {
        let bytes: Vec<u8> = (0..=255).chain(0..9).collect();
        assert_eq!(decoded(Encoding::Tensor, &bytes), bytes);
        let shifted: Vec<u8> =
            bytes.iter().map(|&byte| (i16::from(byte) - 128) as i8 as u8).collect();
        assert_eq!(decoded(Encoding::Unsigned, &bytes), shifted);
        let values: Vec<u8> = (0..70).flat_map(|n| (n as f32 - 20.0).to_le_bytes()).collect();
        let quantized: Vec<u8> =
            (0..70).map(|n| (2 * (n - 20) + 1).clamp(-128, 127) as i8 as u8).collect();
        assert_eq!(decoded(Encoding::Floats, &values), quantized);
        assert_eq!(floats(&values[..9]).collect::<Vec<_>>(), [-20.0, -19.0]);
    }

    #[test]
    fn a_failure_ends_it() {
        let mut pieces = 0;
        let outcome = Encoding::Unsigned.decode(
            &[0; 100],
            Quantization { scale: 1.0, zero: 0 },
            |offset, _| {
                pieces += 1;
                if offset == 32 { Err("full") } else { Ok(()) }
            },
        );
        assert_eq!((outcome, pieces), (Err("full"), 2));
    }
}
