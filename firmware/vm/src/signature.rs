use crate::error::name_of;

/// A calling convention: version `0`, the letters of the arguments, `_`, the
/// letters of the results (`iree/vm/module.h`).
///
/// Letters: `i` i32, `I` i64, `f` f32, `F` f64, `r` reference, `C...D` a
/// variadic segment of tuples; a lone `v` stands for none.
#[derive(Clone, Copy, Default)]
pub struct Signature<'a> {
    text: &'a [u8],
    /// Where the arguments end and where the results begin; they are as the
    /// text says but for `v`, which is left out.
    arguments_end: u8,
    results_start: u8,
}

impl<'a> Signature<'a> {
    /// Checks the letters of `text`; `None` when they are not as above, or
    /// when segments stand where none may be: only imports may be variadic.
    pub fn parse(text: &'a [u8], variadic: bool) -> Option<Self> {
        let signature = Self::known(text)?;
        let valid =
            well_formed(signature.arguments(), variadic) && well_formed(signature.results(), false);
        valid.then_some(signature)
    }

    /// As [`Signature::parse`], for a text that the host knows: its letters
    /// are as the host wants them.
    pub fn known(text: &'a [u8]) -> Option<Self> {
        let length = u8::try_from(text.len()).ok()?;
        let Some((b'0', letters)) = text.split_first() else {
            return text.is_empty().then_some(Signature::default());
        };
        let end = letters.iter().position(|&letter| letter == b'_').unwrap_or(letters.len());
        let arguments = letters.get(..end)?;
        let results = letters.get(end + 1..).unwrap_or_default();
        let arguments_end = if arguments == b"v" { 1 } else { 1 + arguments.len() as u8 };
        let results_start = if results == b"v" { length } else { length - results.len() as u8 };
        Some(Signature { text, arguments_end, results_start })
    }

    /// The calling convention as it was written.
    pub fn text(&self) -> &'a str {
        name_of(self.text)
    }

    /// Letters of the arguments.
    #[inline]
    pub fn arguments(&self) -> &'a [u8] {
        self.text.get(1..usize::from(self.arguments_end)).unwrap_or_default()
    }

    /// Letters of the results.
    #[inline]
    pub fn results(&self) -> &'a [u8] {
        self.text.get(usize::from(self.results_start)..).unwrap_or_default()
    }
}

fn well_formed(letters: &[u8], variadic: bool) -> bool {
    // Fields of the segment so far, when in one.
    let mut segment = None;
    for letter in letters {
        match (letter, &mut segment) {
            (b'i' | b'I' | b'f' | b'F' | b'r', None) => {}
            (b'i' | b'I' | b'f' | b'F' | b'r', Some(fields)) => *fields += 1,
            (b'C', None) if variadic => segment = Some(0u8),
            (b'D', Some(1..)) => segment = None,
            _ => return false,
        }
    }
    segment.is_none()
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

    fn parse(text: &'static str, variadic: bool) -> Option<Signature<'static>> {
        Signature::parse(text.as_bytes(), variadic)
    }

    #[test]
    fn arguments_and_results_are_the_letters_around_the_underscore() {
        let signature = parse("0iICrID_rI", true).unwrap();
        assert_eq!(signature.arguments(), b"iICrID");
        assert_eq!(signature.results(), b"rI");
        assert_eq!(signature.text(), "0iICrID_rI");
        for none in ["", "0", "0v", "0v_v", "0_", "0_v", "0v_"] {
            let signature = parse(none, false).unwrap();
            assert!(signature.arguments().is_empty(), "{none}");
            assert!(signature.results().is_empty(), "{none}");
        }
        assert_eq!(parse("0v_ir", false).unwrap().results(), b"ir");
        assert_eq!(parse("0ir", false).unwrap().arguments(), b"ir");
        assert_eq!(parse("0ir_v", false).unwrap().arguments(), b"ir");
    }

    #[test]
    fn unknown_letters_versions_and_segments_are_refused() {
        for text in ["1i", "i", "0x", "0i_x", "0CiD", "0i_CiD", "0i_i_i", "0iv", "0vi", "0_iv"] {
            assert!(parse(text, false).is_none(), "{text}");
        }
        for text in ["0_vi", "0vv", "0_vv", "0v_i_"] {
            assert!(parse(text, false).is_none(), "{text}");
        }
        for text in ["0C", "0CD", "0CiCiDD", "0D", "0_CiD", "0Ci", "0Ci_"] {
            assert!(parse(text, true).is_none(), "{text}");
        }
    }

    #[test]
    fn pairs_start_at_even_registers() {
        let mut placement = Placement::default();
        let registers = [b'i', b'I', b'r', b'f', b'F', b'r'].map(|letter| placement.place(letter));
        assert_eq!(registers, [0, 2, 0, 4, 6, 1]);
        assert_eq!((placement.values, placement.refs), (8, 2));
    }
}
