//! What core 1 does in the boot ROM of either chip: it waits for core 0 to say
//! where it begins (datasheets, "Launching Code On Processor Core 1").
//!
//! It empties its mailbox, sends a 0, and expects 1, a vector table, a stack
//! pointer and an entry, each of which it sends back. A 0, or another word
//! than 1 in its place, lets it begin again with the 0. In between it sleeps:
//! without an event (SEV) it does not see what was sent. What it does takes no
//! time here.

use super::Fifo;
use crate::bus::Start;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expects {
    #[default]
    One,
    Vectors,
    Stack,
    Entry,
}

/// The ROM's state; it does nothing before `begin`, and after the launch.
#[derive(Debug, Default)]
pub(super) struct Rom {
    runs: bool,
    expects: Expects,
    /// What it sends as soon as there is room.
    answer: Option<u32>,
    vectors: u32,
    stack: u32,
    launch: Option<Start>,
}

impl Rom {
    /// The core comes out of reset.
    pub fn begin(&mut self, incoming: &mut Fifo) {
        *self = Rom { runs: true, ..Rom::default() };
        self.begin_again(incoming);
    }

    fn begin_again(&mut self, incoming: &mut Fifo) {
        incoming.words.clear();
        self.expects = Expects::One;
        self.answer = Some(0);
    }

    /// Runs until it would sleep; whether it sent something, and where the
    /// core begins once it is launched.
    pub fn run(&mut self, incoming: &mut Fifo, outgoing: &mut Fifo) -> (bool, Option<Start>) {
        let mut sent = false;
        while self.runs {
            if let Some(word) = self.answer {
                if !outgoing.push(word) {
                    break;
                }
                (self.answer, sent) = (None, true);
            }
            if self.launch.is_some() {
                self.runs = false;
                return (sent, self.launch.take());
            }
            let Some(word) = incoming.words.pop_front() else { break };
            self.take(word, incoming);
        }
        (sent, None)
    }

    fn take(&mut self, word: u32, incoming: &mut Fifo) {
        let next = match self.expects {
            _ if word == 0 => return self.begin_again(incoming),
            Expects::One if word != 1 => return self.begin_again(incoming),
            Expects::One => Expects::Vectors,
            Expects::Vectors => {
                self.vectors = word;
                Expects::Stack
            }
            Expects::Stack => {
                self.stack = word;
                Expects::Entry
            }
            Expects::Entry => {
                let (vectors, stack) = (self.vectors, self.stack);
                self.launch = Some(Start { vectors, stack, entry: word });
                Expects::Entry
            }
        };
        self.expects = next;
        self.answer = Some(word);
    }
}
