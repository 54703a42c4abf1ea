//! Commands as text, read.

/// What the runner asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command<'l> {
    /// An empty command, which some send to have what came before it dropped.
    Nothing,
    Name,
    Profile,
    Timestamp,
    Help,
    Results,
    /// `db load`: this many bytes of input follow.
    Load {
        bytes: u32,
    },
    /// `db`: bytes of input, in pairs of digits that are not checked yet.
    Data {
        digits: &'l [u8],
    },
    /// `db print`: this many bytes, or all, from `offset` on.
    Print {
        count: Option<u32>,
        offset: u32,
    },
    Infer {
        times: u32,
        warmups: u32,
    },
}

/// Why a command is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unusable<'l> {
    Unknown(&'l [u8]),
    Wrong(&'static str),
}

/// Without numbers, `infer` runs once after so many warm-ups.
const WARMUPS: u32 = 10;

/// Reads a command; words are separated by spaces.
pub(crate) fn parse(line: &[u8]) -> Result<Command<'_>, Unusable<'_>> {
    let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let Some(name) = words.next() else { return Ok(Command::Nothing) };
    match name {
        b"name" => Ok(Command::Name),
        b"profile" => Ok(Command::Profile),
        b"timestamp" => Ok(Command::Timestamp),
        b"help" => Ok(Command::Help),
        b"results" => Ok(Command::Results),
        b"db" => buffer(words),
        b"infer" => infer(words),
        _ => Err(Unusable::Unknown(name)),
    }
}

fn buffer<'l>(mut words: impl Iterator<Item = &'l [u8]>) -> Result<Command<'l>, Unusable<'l>> {
    match words.next() {
        None => Err(Unusable::Wrong("db takes load N, print, or hex digits")),
        Some(b"load") => match words.next().and_then(number) {
            Some(bytes @ 1..) => Ok(Command::Load { bytes }),
            _ => Err(Unusable::Wrong("db load takes how many bytes follow, from 1 on")),
        },
        Some(b"print") => {
            let count = words.next().map(number);
            let offset = words.next().map(number);
            match (count, offset) {
                (None, _) => Ok(Command::Print { count: None, offset: 0 }),
                (Some(Some(count)), None | Some(Some(_))) => {
                    Ok(Command::Print { count: Some(count), offset: offset.flatten().unwrap_or(0) })
                }
                _ => Err(Unusable::Wrong("db print takes how many bytes, and from where")),
            }
        }
        Some(digits) => Ok(Command::Data { digits }),
    }
}

fn infer<'l>(mut words: impl Iterator<Item = &'l [u8]>) -> Result<Command<'l>, Unusable<'l>> {
    let times = words.next().map_or(Some(1), number);
    let warmups = words.next().map_or(Some(WARMUPS), number);
    match (times, warmups) {
        (Some(times @ 1..), Some(warmups)) => Ok(Command::Infer { times, warmups }),
        (Some(1..), None) => Err(Unusable::Wrong("infer takes how many warm-ups, from 0 on")),
        _ => Err(Unusable::Wrong("infer takes how many inferences, from 1 on")),
    }
}

/// A number in decimal that fits.
fn number(word: &[u8]) -> Option<u32> {
    word.iter().try_fold(0u32, |value, digit| {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(digit.into())
    })
}

/// The value of a byte in two hexadecimal digits.
pub(crate) fn byte(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    Some((high? << 4 | low?) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_words() {
        assert_eq!(parse(b""), Ok(Command::Nothing));
        assert_eq!(parse(b"   "), Ok(Command::Nothing));
        assert_eq!(parse(b"name"), Ok(Command::Name));
        assert_eq!(parse(b"  profile "), Ok(Command::Profile));
        assert_eq!(parse(b"timestamp"), Ok(Command::Timestamp));
        assert_eq!(parse(b"results"), Ok(Command::Results));
        assert_eq!(parse(b"help me"), Ok(Command::Help));
        assert_eq!(parse(b"names"), Err(Unusable::Unknown(b"names")));
        assert_eq!(parse(b"NAME"), Err(Unusable::Unknown(b"NAME")));
        assert_eq!(parse(b"\xFF\0 x"), Err(Unusable::Unknown(b"\xFF\0")));
    }

    #[test]
    fn infer_has_the_published_defaults() {
        assert_eq!(parse(b"infer"), Ok(Command::Infer { times: 1, warmups: 10 }));
        assert_eq!(parse(b"infer 7"), Ok(Command::Infer { times: 7, warmups: 10 }));
        assert_eq!(parse(b"infer 10 1"), Ok(Command::Infer { times: 10, warmups: 1 }));
        assert_eq!(parse(b"infer  10   0 x"), Ok(Command::Infer { times: 10, warmups: 0 }));
        let most = Command::Infer { times: u32::MAX, warmups: 0 };
        assert_eq!(parse(b"infer 4294967295 0"), Ok(most));
        for wrong in [&b"infer 0"[..], b"infer -1", b"infer x 1", b"infer 4294967296", b"infer 0 x"]
        {
            assert!(
                matches!(parse(wrong), Err(Unusable::Wrong(why)) if why.contains("inferences"))
            );
        }
        for wrong in [&b"infer 1 -1"[..], b"infer 1 x", b"infer 1 99999999999"] {
            assert!(matches!(parse(wrong), Err(Unusable::Wrong(why)) if why.contains("warm-ups")));
        }
    }

    #[test]
    fn db_has_three_forms() {
        assert_eq!(parse(b"db load 490"), Ok(Command::Load { bytes: 490 }));
        assert_eq!(parse(b"db 00fF"), Ok(Command::Data { digits: b"00fF" }));
        assert_eq!(parse(b"db print"), Ok(Command::Print { count: None, offset: 0 }));
        assert_eq!(parse(b"db print 16"), Ok(Command::Print { count: Some(16), offset: 0 }));
        assert_eq!(parse(b"db print 4 8"), Ok(Command::Print { count: Some(4), offset: 8 }));
        for wrong in
            [&b"db"[..], b"db load", b"db load 0", b"db load x", b"db print x", b"db print 1 x"]
        {
            assert!(matches!(parse(wrong), Err(Unusable::Wrong(_))), "{wrong:?}");
        }
    }

    #[test]
    fn bytes_are_two_digits() {
        assert_eq!(byte(*b"00"), Some(0));
        assert_eq!(byte(*b"aF"), Some(0xAF));
        assert_eq!(byte(*b"Fa"), Some(0xFA));
        assert_eq!(byte(*b"g0"), None);
        assert_eq!(byte(*b"0\xFF"), None);
    }
}
