/// A calling convention: version `0`, the letters of the arguments, `_`, the
/// letters of the results (`iree/vm/module.h`).
///
/// Letters: `i` i32, `I` i64, `f` f32, `F` f64, `r` reference, `C...D` a
/// variadic segment of tuples; a lone `v` stands for none, and is left out
/// here.
#[derive(Clone, Copy, Default)]
pub struct Signature<'a> {
    /// Letters of the arguments.
    pub arguments: &'a [u8],
    /// Letters of the results.
    pub results: &'a [u8],
}

impl<'a> Signature<'a> {
    /// The two halves of `text`; `None` when it is of another version. The
    /// letters are not looked at.
    #[inline(never)]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let Some((b'0', letters)) = text.split_first() else {
            return text.is_empty().then_some(Signature::default());
        };
        let end = letters.iter().position(|&letter| letter == b'_').unwrap_or(letters.len());
        let (arguments, results) = letters.split_at_checked(end)?;
        let results = results.get(1..).unwrap_or_default();
        let none = |letters: &'a [u8]| matches!(letters, b"v");
        Some(Signature {
            arguments: if none(arguments) { &[] } else { arguments },
            results: if none(results) { &[] } else { results },
        })
    }

    /// Whether there are only letters that a function of a module may have:
    /// only imports may be variadic.
    pub fn is_plain(&self) -> bool {
        let known = |letter: &u8| matches!(letter, b'i' | b'I' | b'f' | b'F' | b'r');
        let count = self.arguments.len().max(self.results.len());
        count <= 255 && self.arguments.iter().chain(self.results).all(known)
    }
}

/// Where arguments go in the banks of a callee: value registers and reference
/// registers each count from 0, pairs start at even ordinals.
#[derive(Clone, Copy, Default)]
pub struct Placement {
    /// Value registers taken so far.
    pub values: u16,
    /// Reference registers taken so far.
    pub refs: u16,
}

impl Placement {
    /// The register of the next argument, which is of this letter.
    pub fn place(&mut self, letter: u8) -> u16 {
        let (bank, size) = match letter {
            b'r' => (&mut self.refs, 1),
            b'I' | b'F' => {
                self.values = (self.values + 1) & !1;
                (&mut self.values, 2)
            }
            _ => (&mut self.values, 1),
        };
        let register = *bank;
        *bank += size;
        register
    }

    /// The registers that all of `letters`, at most 255 of them, take.
    pub fn of(letters: &[u8]) -> Placement {
        let mut placement = Placement::default();
        for &letter in letters {
            placement.place(letter);
        }
        placement
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &'static str) -> Option<Signature<'static>> {
        Signature::parse(text.as_bytes())
    }

    #[test]
    fn arguments_and_results_are_the_letters_around_the_underscore() {
        let signature = parse("0iICrID_rI").unwrap();
        assert_eq!((signature.arguments, signature.results), (&b"iICrID"[..], &b"rI"[..]));
        for none in ["", "0", "0v", "0v_v", "0_", "0_v", "0v_"] {
            let signature = parse(none).unwrap();
            assert!(signature.arguments.is_empty() && signature.results.is_empty(), "{none}");
        }
        assert_eq!(parse("0v_ir").unwrap().results, b"ir");
        assert_eq!(parse("0ir").unwrap().arguments, b"ir");
        assert_eq!(parse("0ir_v").unwrap().arguments, b"ir");
    }

    #[test]
    fn unknown_letters_versions_and_segments_are_refused() {
        assert!(parse("1i").is_none() && parse("i").is_none());
        for text in ["0x", "0i_x", "0CiD", "0i_CiD", "0i_i_i", "0iv", "0vi", "0_iv", "0v_i_"] {
            assert!(!parse(text).unwrap().is_plain(), "{text}");
        }
        let long = std::format!("0{}", "i".repeat(256));
        assert!(!Signature::parse(long.as_bytes()).unwrap().is_plain());
    }

    #[test]
    fn pairs_start_at_even_registers() {
        let mut placement = Placement::default();
        let registers = [b'i', b'I', b'r', b'f', b'F', b'r'].map(|letter| placement.place(letter));
        assert_eq!(registers, [0, 2, 0, 4, 6, 1]);
        assert_eq!((placement.values, placement.refs), (8, 2));
    }
}
