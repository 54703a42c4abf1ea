/// A sentence that stays out of flash.
///
/// On a device it is an address in `.arielml.texts`, a section of the ELF that
/// is never loaded: the device sends the number and the host looks it up. In
/// a host build it is the sentence. Made by [`text!`](crate::text).
#[derive(Clone, Copy)]
pub struct Text {
    #[cfg(target_os = "none")]
    address: &'static core::mem::MaybeUninit<u8>,
    #[cfg(not(target_os = "none"))]
    sentence: &'static str,
}

impl Text {
    /// For [`text!`](crate::text): the first byte of a sentence in the
    /// section, which must never be read.
    #[cfg(target_os = "none")]
    #[doc(hidden)]
    pub const fn at(address: &'static core::mem::MaybeUninit<u8>) -> Self {
        Text { address }
    }

    /// For [`text!`](crate::text).
    #[cfg(not(target_os = "none"))]
    #[doc(hidden)]
    pub const fn of(sentence: &'static str) -> Self {
        Text { sentence }
    }

    /// Where the sentence begins in `.arielml.texts`.
    #[cfg(target_os = "none")]
    pub fn address(self) -> u32 {
        core::ptr::from_ref(self.address) as u32
    }

    /// The sentence.
    #[cfg(not(target_os = "none"))]
    pub const fn as_str(self) -> &'static str {
        self.sentence
    }
}

/// A [`Text`](crate::Text) of a string literal.
#[macro_export]
macro_rules! text {
    ($sentence:literal) => {{
        #[cfg(target_os = "none")]
        {
            const LENGTH: usize = $sentence.len() + 1;
            #[unsafe(link_section = ".arielml.texts")]
            static SENTENCE: [::core::mem::MaybeUninit<u8>; LENGTH] =
                $crate::terminated($sentence.as_bytes());
            let [first, ..] = &SENTENCE;
            $crate::Text::at(first)
        }
        #[cfg(not(target_os = "none"))]
        {
            $crate::Text::of($sentence)
        }
    }};
}

/// For [`text!`](crate::text): `sentence` and a NUL.
#[doc(hidden)]
#[cfg(target_os = "none")]
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler alone")]
pub const fn terminated<const N: usize>(sentence: &[u8]) -> [core::mem::MaybeUninit<u8>; N] {
    let mut bytes = [core::mem::MaybeUninit::new(0); N];
    let mut index = 0;
    while index < sentence.len() {
        bytes[index] = core::mem::MaybeUninit::new(sentence[index]);
        index += 1;
    }
    bytes
}

/// What an error says: a sentence of this runtime, or the module's own words
/// (`vm.fail`).
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub enum Message<'a> {
    Text(Text),
    Own(&'a str),
}

impl From<Text> for Message<'_> {
    fn from(text: Text) -> Self {
        Message::Text(text)
    }
}

#[cfg(not(target_os = "none"))]
mod host {
    use super::Message;
    use core::fmt;
    use core::ops::Deref;

    impl Deref for Message<'_> {
        type Target = str;

        fn deref(&self) -> &str {
            match self {
                Message::Text(text) => text.as_str(),
                Message::Own(text) => text,
            }
        }
    }

    impl fmt::Debug for Message<'_> {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Debug::fmt(&**self, formatter)
        }
    }

    impl PartialEq for Message<'_> {
        fn eq(&self, other: &Self) -> bool {
            **self == **other
        }
    }

    impl Eq for Message<'_> {}

    impl PartialEq<&str> for Message<'_> {
        fn eq(&self, other: &&str) -> bool {
            **self == **other
        }
    }
}
