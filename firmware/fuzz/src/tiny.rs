//! The MLPerf Tiny runner's protocol: a description that may be damaged, and
//! what a host sends.

use arielml_mlperf::{Description, Device};

use crate::input::Input;

/// Digits of a number of inferences: what is asked for is done, however long
/// it takes.
const MOST_DIGITS: usize = 2;

const READY: &str = "m-ready";

/// Words of 32 bits that describe the function `copy` of `agent-model`.
const WORDS: [u32; 14] =
    [1, 1, 0, 300, 0, 0x3F80_0000, 0, 0x3F00_0000, 0, 0, 0, 0x1100_0008, 1, 300];

/// What is sent to a device, and its description.
pub struct Script {
    pub bytes: Vec<u8>,
    description: Vec<u8>,
    commands: usize,
}

/// From a count of changes, each a place and a byte, and what is sent.
pub fn script(input: &mut Input<'_>) -> Script {
    let mut description: Vec<u8> = WORDS.iter().flat_map(|word| word.to_le_bytes()).collect();
    for text in ["fuzz", "copy01", "copy"] {
        description.extend_from_slice(&(text.len() as u32).to_le_bytes());
        description.extend_from_slice(text.as_bytes());
    }
    for _ in 0..input.u8() % 4 {
        let place = usize::from(input.u8()) % description.len();
        description[place] = input.u8();
    }
    let mut bytes = Vec::new();
    while !input.is_empty() {
        bytes.push(input.u8());
    }
    let bytes = bounded(&bytes);
    let commands = bytes.iter().filter(|byte| **byte == b'%').count();
    Script { bytes, description, commands }
}

/// Without the digits that would make it infer for long, and without ends of
/// lines, over which a number goes on.
fn bounded(bytes: &[u8]) -> Vec<u8> {
    let mut kept: Vec<u8> = Vec::new();
    let plain = bytes.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n'));
    let plain: Vec<u8> = plain.collect();
    for command in plain.split_inclusive(|byte| *byte == b'%') {
        let infers = command.windows(3).any(|word| word == b"inf");
        let mut digits = 0;
        for &byte in command {
            digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
            if !infers || digits <= MOST_DIGITS {
                kept.push(byte);
            }
        }
    }
    kept
}

/// The description, if it is one.
pub fn description(script: &Script) -> Option<Description<'_>> {
    Description::read(&script.description)
}

/// Everything that was sent is lines, and every command was answered.
pub fn check(script: &Script, sent: &[u8]) {
    let text = str::from_utf8(sent).expect("text");
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert!(text.ends_with("\r\n") && lines.iter().all(|line| !line.contains(['\r', '\n'])));
    assert!(lines.iter().all(|line| line.bytes().all(|byte| (b' '..=b'~').contains(&byte))));
    let answers = lines.iter().filter(|line| **line == READY).count();
    assert_eq!(answers, script.commands + 1, "an answer to each command, and the greeting");
    assert_eq!(lines.last(), Some(&READY));
}

/// Starts a device and feeds it.
pub fn feed<L: arielml_agent::Link, P: arielml_agent::Platform>(
    device: &mut Device<'_, L, P>,
    script: &Script,
) {
    device.start();
    for &byte in &script.bytes {
        device.receive(byte);
    }
}

/// Inputs that go through every command, by name.
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let zeros = "00".repeat(30);
    let load = format!("db load 300%{}", format!("db {zeros}%").repeat(10));
    let all = format!("name%profile%timestamp%help%{load}db print%db print 9 3%infer 3 1%results%");
    let wrong = "%x%db%db load%db load 0%db load 301%db load 4%db 0%db zz%db 01%db 020304%\
                 db 05%infer 0%infer 1 x%infer 1 0%results%infer%";
    let with = |head: &[u8], text: &str| [head, text.as_bytes()].concat();
    vec![
        ("all", with(&[0, 0], &all)),
        ("wrong", with(&[0, 0], wrong)),
        // 1,200 bytes of floats, whose error is the result.
        ("floats", with(&[0, 3, 12, 0xB0, 13, 4, 16, 2], &all.replace("300", "1200"))),
        ("unsigned", with(&[0, 1, 16, 1], &all)),
        ("little-memory", with(&[0x84, 0], &all)),
        ("failing-allocation", with(&[0xC0, 0], &all)),
    ]
}
