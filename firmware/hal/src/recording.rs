//! How a command buffer's commands are kept: as 32-bit words, because they
//! stay in RAM as long as the model does.
//!
//! A command begins with a head word and goes on by its kind:
//!
//! | kind | words after the head |
//! |---|---|
//! | fill | target, offset, length, pattern (2 words) |
//! | copy | source, its offset, target, its offset, length |
//! | dispatch | function and executable, workgroups x y z, constants, bindings |
//! | indirect dispatch | the same, but where x y z lie: slot, offset, 0 |
//!
//! A binding is three words: slot, offset, length. Slots below the command
//! buffer's capacity are bound by the caller at each execution; those from
//! there on are the buffers that the commands name themselves.

/// The length of a range that reaches to its buffer's end.
pub(crate) const WHOLE: u32 = u32::MAX;

/// A command's first word.
#[derive(Clone, Copy)]
pub(crate) struct Head(pub u32);

/// What a command does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Fill,
    Copy,
    Dispatch,
    DispatchIndirect,
}

impl Head {
    const AFTER_BARRIER: u32 = 4;

    /// `constants` is the pattern's length in a fill.
    pub(crate) fn new(kind: Kind, after_barrier: bool, constants: u8, bindings: u8) -> Self {
        let barrier = if after_barrier { Self::AFTER_BARRIER } else { 0 };
        Head(kind as u32 | barrier | u32::from(constants) << 8 | u32::from(bindings) << 16)
    }

    pub(crate) fn kind(self) -> Kind {
        match self.0 & 3 {
            0 => Kind::Fill,
            1 => Kind::Copy,
            2 => Kind::Dispatch,
            _ => Kind::DispatchIndirect,
        }
    }

    /// Whether a barrier lies between this command and the one before it.
    pub(crate) fn is_after_barrier(self) -> bool {
        self.0 & Self::AFTER_BARRIER != 0
    }

    pub(crate) fn constants(self) -> usize {
        (self.0 >> 8 & 0xFF) as usize
    }

    pub(crate) fn bindings(self) -> usize {
        (self.0 >> 16 & 0xFF) as usize
    }
}

/// A function of an executable, in one word.
#[derive(Clone, Copy)]
pub(crate) struct FunctionWord(pub u32);

impl FunctionWord {
    /// `None` when either number takes more than 16 bits.
    pub(crate) fn new(executable: usize, function: usize) -> Option<Self> {
        let executable = u16::try_from(executable).ok()?;
        let function = u16::try_from(function).ok()?;
        Some(FunctionWord(u32::from(executable) << 16 | u32::from(function)))
    }

    pub(crate) fn executable(self) -> usize {
        (self.0 >> 16) as usize
    }

    pub(crate) fn function(self) -> usize {
        (self.0 & 0xFFFF) as usize
    }
}

/// The number of workgroups, when there is a number for each of them.
pub(crate) fn workgroups(x: u32, y: u32, z: u32) -> Option<u32> {
    u16::try_from(z).ok()?;
    x.checked_mul(y)?.checked_mul(z)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_keep_what_they_are_given() {
        for kind in [Kind::Fill, Kind::Copy, Kind::Dispatch, Kind::DispatchIndirect] {
            for barrier in [false, true] {
                let head = Head::new(kind, barrier, 64, 63);
                assert!(head.kind() == kind && head.is_after_barrier() == barrier);
                assert_eq!((head.constants(), head.bindings()), (64, 63));
            }
        }
    }

    #[test]
    fn functions_beyond_sixteen_bits_do_not_fit() {
        let word = FunctionWord::new(0xFFFF, 0xFFFE).unwrap();
        assert_eq!((word.executable(), word.function()), (0xFFFF, 0xFFFE));
        assert!(FunctionWord::new(0x1_0000, 0).is_none());
        assert!(FunctionWord::new(0, 0x1_0000).is_none());
    }

    #[test]
    fn workgroups_are_counted_in_32_bits() {
        assert_eq!(workgroups(12, 1, 1), Some(12));
        assert_eq!(workgroups(3, 0, 5), Some(0));
        assert_eq!(workgroups(0x1_0000, 0xFFFF, 1), Some(0xFFFF_0000));
        assert_eq!(workgroups(0x1_0000, 0x1_0000, 1), None);
        assert_eq!(workgroups(1, 1, 0x1_0000), None);
    }
}
