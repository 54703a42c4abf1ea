//! What an image says of its model, made when it is linked.

use arielml_scheduler::Policy;

use crate::data::Encoding;
use crate::values::{Kind, Quantization};

/// The layout that this reads.
const LAYOUT: u32 = 1;

/// What the device must know of its model. It is read from words of 32 bits,
/// little endian, in the order of the fields, each text behind its length.
#[derive(Clone, Debug, PartialEq)]
pub struct Description<'d> {
    pub(crate) workers: u32,
    pub(crate) policy: Policy,
    /// Bytes of input that the runner sends.
    pub(crate) data: u32,
    pub(crate) encoding: Encoding,
    pub(crate) input: Quantization,
    pub(crate) output: Quantization,
    pub(crate) kind: Kind,
    /// Results are not the outputs but one number, the mean square of their
    /// differences from the input, which is floats.
    pub(crate) error: bool,
    /// The HAL's number for the elements of the input.
    pub(crate) element_type: u32,
    pub(crate) dims: Dims<'d>,
    pub(crate) name: &'d str,
    pub(crate) model: &'d str,
    pub(crate) export: &'d str,
}

/// Sizes of a tensor, outermost first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dims<'d> {
    pub(crate) rank: u32,
    words: &'d [u8],
}

impl Dims<'_> {
    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        let mut reader = Reader(self.words);
        core::iter::from_fn(move || reader.word())
    }
}

impl<'d> Description<'d> {
    /// The description that `bytes` hold; `None` if it is not one.
    pub fn read(bytes: &'d [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        if reader.word()? != LAYOUT {
            return None;
        }
        let description = Description {
            workers: reader.word()?,
            policy: match reader.word()? {
                0 => Policy::Greedy,
                1 => Policy::RoundRobin,
                _ => return None,
            },
            data: reader.word()?,
            encoding: Encoding::numbered(reader.word()?)?,
            input: reader.quantization()?,
            output: reader.quantization()?,
            kind: Kind::numbered(reader.word()?)?,
            error: reader.word()? != 0,
            element_type: reader.word()?,
            dims: reader.dims()?,
            name: reader.text()?,
            model: reader.text()?,
            export: reader.text()?,
        };
        reader.0.is_empty().then_some(description)
    }
}

struct Reader<'d>(&'d [u8]);

impl<'d> Reader<'d> {
    fn word(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*word))
    }

    fn quantization(&mut self) -> Option<Quantization> {
        let scale = f32::from_bits(self.word()?);
        Some(Quantization { scale, zero: self.word()? as i32 })
    }

    fn dims(&mut self) -> Option<Dims<'d>> {
        let rank = self.word()?;
        let words = self.take(rank.checked_mul(4)?)?;
        Some(Dims { rank, words })
    }

    fn text(&mut self) -> Option<&'d str> {
        let length = self.word()?;
        core::str::from_utf8(self.take(length)?).ok()
    }

    fn take(&mut self, length: u32) -> Option<&'d [u8]> {
        let (taken, rest) = self.0.split_at_checked(length as usize)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::tests::described;

    #[test]
    fn it_is_read_field_by_field() {
        let bytes = described(|_| ());
        let found = Description::read(&bytes).unwrap();
        assert_eq!((found.workers, found.policy), (1, Policy::Greedy));
        assert_eq!((found.data, found.encoding), (300, Encoding::Tensor));
        assert_eq!(found.input, Quantization { scale: 1.0, zero: 0 });
        assert_eq!(found.output, Quantization { scale: 0.5, zero: -1 });
        assert_eq!((found.kind, found.error), (Kind::Int8, false));
        assert_eq!(found.element_type, 0x1100_0008);
        assert_eq!(found.dims.iter().collect::<Vec<_>>(), [300]);
        assert_eq!((found.name, found.model, found.export), ("bench", "copy01", "copy"));
    }

    #[test]
    fn what_is_cut_short_or_goes_on_is_none() {
        let bytes = described(|_| ());
        for length in 0..bytes.len() {
            assert_eq!(Description::read(&bytes[..length]), None, "{length}");
        }
        let longer: Vec<u8> = bytes.iter().copied().chain([0]).collect();
        assert_eq!(Description::read(&longer), None);
    }

    #[test]
    fn numbers_that_stand_for_nothing_are_none() {
        for (word, wrong) in [(0, 2), (2, 2), (4, 3), (9, 7), (12, u32::MAX), (14, 1 << 30)] {
            let bytes = described(|words| words[word] = wrong);
            assert_eq!(Description::read(&bytes), None, "word {word}");
        }
        let mut bytes = described(|_| ());
        let last = bytes.len() - 1;
        bytes[last] = 0xFF;
        assert_eq!(Description::read(&bytes), None);
    }
}
