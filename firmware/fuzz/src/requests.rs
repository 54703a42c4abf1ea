//! What a host sends and what it must hear.
//!
//! A script is a run of items, each begun by one byte: a request with sensible
//! arguments in a good frame, any body in a good frame, raw bytes, or the
//! last frame once more with one byte changed.

use crate::input::Input;

/// Most items of a script.
const MOST: usize = 48;

/// Bytes of a body at most, as the device says of itself.
const MAX_BODY: usize = 1024;

/// Exports of the modules that agents run on, and one of none.
const EXPORTS: [&str; 8] =
    ["layers", "scaled", "main", "copy", "scalar", "__init", "many_results", "nothing"];

/// IREE's numbers for i32, f32, i8, i1, f64 and i4, none, and no such one.
const TYPES: [u32; 8] =
    [0x1000_0020, 0x2100_0020, 0x1100_0008, 0x1000_0001, 0x2100_0040, 0x1100_0004, 0, 0xFFFF_FFFF];

/// Bytes for the device, and the ids that it must answer, in order.
pub struct Script {
    pub bytes: Vec<u8>,
    answers: Vec<u32>,
}

/// The script that the input spells.
pub fn script(input: &mut Input<'_>) -> Script {
    let mut script = Script { bytes: Vec::new(), answers: Vec::new() };
    let mut last = frame(&[]);
    let mut id = 0;
    for _ in 0..MOST {
        if input.is_empty() {
            break;
        }
        let kind = input.u8();
        match kind {
            0..0xC0 => {
                if kind < 0x80 || id == 0 {
                    id += 1;
                }
                last = frame(&request(id, kind % 16, input));
                script.answers.push(id);
                script.bytes.extend(&last);
            }
            0xC0..0xD0 => {
                let length = usize::from(input.u8());
                script.bytes.extend(input.bytes(length));
            }
            0xD0..0xE0 => {
                let length = usize::from(input.u8());
                script.bytes.extend(frame(input.bytes(length)));
            }
            _ => {
                let mut damaged = last.clone();
                let place = usize::from(input.u16()) % damaged.len();
                damaged[place] ^= input.u8();
                script.bytes.extend(damaged);
            }
        }
    }
    // Whatever was left unfinished ends here.
    script.bytes.push(0);
    script
}

fn request(id: u32, op: u8, input: &mut Input<'_>) -> Vec<u8> {
    let mut arguments = Cbor::default();
    let count = match op {
        // One core, greedy.
        2 => {
            arguments.unsigned(1);
            arguments.unsigned(0);
            2
        }
        3 => {
            arguments.unsigned(input.u8().into());
            let element_type = match input.u8() {
                known @ 0..0xF0 => TYPES[usize::from(known % 8)],
                _ => input.u32(),
            };
            arguments.unsigned(element_type);
            let rank = input.u8() % 9;
            arguments.head(4, rank.into());
            for _ in 0..rank {
                arguments.unsigned(match input.u8() {
                    small @ 0..0xF8 => small.into(),
                    _ => input.u32(),
                });
            }
            3
        }
        4 => {
            arguments.unsigned(input.u8().into());
            arguments.unsigned(input.u16().into());
            let length = usize::from(input.u8());
            arguments.bytes(2, input.bytes(length));
            3
        }
        5 => {
            arguments.bytes(3, EXPORTS[usize::from(input.u8() % 8)].as_bytes());
            1
        }
        6 => {
            arguments.unsigned(input.u8().into());
            1
        }
        7 => {
            arguments.unsigned(input.u8().into());
            arguments.unsigned(input.u16().into());
            arguments.unsigned(input.u16().into());
            3
        }
        10 => {
            let length = usize::from(input.u8());
            arguments.bytes(2, input.bytes(length));
            1
        }
        _ => 0,
    };
    let mut body = Cbor::default();
    body.head(4, 2 + count);
    body.unsigned(id);
    body.unsigned(op.into());
    body.0.extend(arguments.0);
    body.0
}

#[derive(Default)]
struct Cbor(Vec<u8>);

impl Cbor {
    fn unsigned(&mut self, value: u32) {
        self.head(0, value);
    }

    fn bytes(&mut self, major: u8, bytes: &[u8]) {
        self.head(major, bytes.len() as u32);
        self.0.extend(bytes);
    }

    fn head(&mut self, major: u8, value: u32) {
        self.0.push(major << 5 | 26);
        self.0.extend(value.to_be_bytes());
    }
}

/// A frame by this crate's own means, so that nothing is held against itself.
fn frame(body: &[u8]) -> Vec<u8> {
    let mut plain = body.to_vec();
    plain.extend(crc(body).to_le_bytes());
    let mut frame = vec![0];
    for run in plain.split(|byte| *byte == 0) {
        let mut rest = run;
        while rest.len() >= 254 {
            frame.push(255);
            frame.extend(&rest[..254]);
            rest = &rest[254..];
        }
        frame.push(rest.len() as u8 + 1);
        frame.extend(rest);
    }
    frame.push(0);
    frame
}

/// CRC-32/ISO-HDLC.
fn crc(bytes: &[u8]) -> u32 {
    static TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut entry = 0;
        while entry < 256 * 8 {
            // Each entry begins as its own number and is shifted eight times.
            let value = if entry % 8 == 0 { entry as u32 / 8 } else { table[entry / 8] };
            table[entry / 8] = (value >> 1) ^ (0xEDB8_8320 * (value & 1));
            entry += 1;
        }
        table
    };
    let step = |crc: u32, byte: &u8| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)];
    !bytes.iter().fold(!0, step)
}

/// Holds what the device sent against the script.
///
/// Panics when something is no frame, a body is too long or no message, or a
/// request has no answer of its own.
pub fn check(script: &Script, sent: &[u8]) {
    let mut answers = script.answers.iter().peekable();
    for frame in sent.split(|byte| *byte == 0).filter(|frame| !frame.is_empty()) {
        let plain = unstuffed(frame);
        let (body, sum) = plain.split_last_chunk().expect("a frame with a CRC");
        assert_eq!(u32::from_le_bytes(*sum), crc(body), "the CRC of a reply");
        assert!(body.len() <= MAX_BODY, "a reply of {} bytes", body.len());
        let mut rest = body;
        let (major, items) = head(&mut rest);
        assert!(major == 4 && items >= 2, "a reply is an array");
        let (major, id) = head(&mut rest);
        assert_eq!(major, 0, "a reply begins with its id");
        for _ in 1..items {
            item(&mut rest);
        }
        assert!(rest.is_empty(), "{} bytes after a reply", rest.len());
        // Raw bytes may happen to ask for something, too.
        answers.next_if(|expected| **expected == id);
    }
    assert!(answers.next().is_none(), "a request has no answer");
}

fn unstuffed(frame: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = frame;
    while let Some((&code, tail)) = rest.split_first() {
        let (block, after) = tail.split_at(usize::from(code) - 1);
        plain.extend(block);
        if code != 255 && !after.is_empty() {
            plain.push(0);
        }
        rest = after;
    }
    plain
}

fn head(rest: &mut &[u8]) -> (u8, u32) {
    let (&first, tail) = rest.split_first().expect("an item");
    let width = match first & 31 {
        0..=23 => 0,
        info @ 24..=26 => 1 << (info - 24),
        info => panic!("the head of an item: {info}"),
    };
    let (bytes, tail) = tail.split_at(width);
    *rest = tail;
    let value = bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte));
    (first >> 5, if width == 0 { u32::from(first & 31) } else { value })
}

fn item(rest: &mut &[u8]) {
    match head(rest) {
        (0, _) | (7, 22) => {}
        (kind @ (2 | 3), length) => {
            let (text, tail) = rest.split_at(length as usize);
            *rest = tail;
            assert!(kind == 2 || str::from_utf8(text).is_ok(), "a text is UTF-8");
        }
        (4, items) => (0..items).for_each(|_| item(rest)),
        (major, value) => panic!("an item of kind {major}: {value}"),
    }
}

/// Inputs of the target `wire` that go through every operation, by name.
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    // The module, plenty of memory, then the items.
    let layers = [1, 2, 3, 0, 0, 1, 16, 4, 0, 0, 0, 4, 1, 2, 3, 4, 5, 0, 6, 0, 7, 0, 0, 0, 32, 0];
    let after = [9, 8, 9, 11, 1];
    let scaled = [2, 3, 0, 0, 1, 5, 3, 1, 0, 0, 5, 1, 6, 0, 7, 0, 0, 0, 20, 0];
    let main = [2, 3, 0, 1, 1, 4, 3, 1, 2, 2, 2, 3, 5, 2, 6, 0, 6, 1, 7, 1, 2, 0, 16, 0];
    let scalar = [2, 5, 4, 5, 7, 0x85, 4, 6, 15];
    let echo =
        [10, 4, b'e', b'c', b'h', b'o', 0xC0, 3, 1, 0, 7, 0xE0, 5, 0, 1, 1, 0xD0, 2, 0x80, 1];
    let with = |module: u8, parts: &[&[u8]]| [&[module, 0], &parts.concat()[..]].concat();
    vec![
        ("layers", with(0, &[&layers, &after])),
        ("scaled", with(0, &[&scaled, &after])),
        ("main", with(1, &[&main, &after])),
        ("scalar", with(1, &[&scalar])),
        ("crowded", with(2, &[&[2, 5, 6, 6, 0, 6, 15]])),
        ("no-tensors", with(3, &[&[2, 5, 2, 9]])),
        ("echo", with(1, &[&echo])),
        ("little-memory", [&[0, 0x90], &layers[..]].concat()),
        ("failing-allocation", [&[0, 0xC0], &layers[..]].concat()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_were() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc(b"123456789"), 0xCBF4_3926);
        for length in [0, 1, 253, 254, 255, 600] {
            let body: Vec<u8> = (0..length).map(|at| (at % 255 + 1) as u8).collect();
            let frame = frame(&body);
            assert!(frame[1..frame.len() - 1].iter().all(|byte| *byte != 0));
            let plain = unstuffed(&frame[1..frame.len() - 1]);
            assert_eq!(plain[..length], body);
        }
    }

    #[test]
    #[should_panic(expected = "a request has no answer")]
    fn silence_is_noticed() {
        check(&script(&mut Input::new(&[1])), &[]);
    }
}
