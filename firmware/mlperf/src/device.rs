//! What commands do.

use arielml_agent::{Link, Platform, Session};
use arielml_arena::Vector;
use arielml_vm::{Code, Error, Message};

use crate::Description;
use crate::command::{Command, Unusable, byte, parse};
use crate::data::floats;
use crate::line::{Line, MAX_COMMAND, TooLong};
use crate::output::Output;
use crate::stopwatch::Stopwatch;
use crate::values::write;

/// What the runner takes a device by. The name is the protocol's, not ours.
const PROFILE: &str = "ULPMark for tinyML Firmware V0.0.1";

/// Bytes of input to a line that shows them.
const SHOWN: usize = 8;

/// Answers the runner.
pub struct Device<'a, L, P> {
    line: Line,
    program: Program<'a, L, P>,
}

struct Program<'a, L, P> {
    output: Output<L>,
    session: Session<'a, P>,
    description: Description<'a>,
    stopwatch: Stopwatch,
    /// What `db` sent so far, of `expected` bytes.
    data: Vector<'a, u8>,
    expected: usize,
    /// The model is loaded, and there is room for its input.
    ready: bool,
    /// It has run since, and the last time to its end.
    ran: bool,
}

impl<'a, L: Link, P: Platform> Device<'a, L, P> {
    /// A device that has said nothing yet, with `session` for the model.
    pub fn new(link: L, mut session: Session<'a, P>, description: Description<'a>) -> Self {
        let stopwatch = Stopwatch::new(session.ticks_hz(), session.ticks());
        let data = Vector::new(session.arena());
        let program = Program {
            output: Output::new(link),
            session,
            description,
            stopwatch,
            data,
            expected: 0,
            ready: false,
            ran: false,
        };
        Device { line: Line::new(), program }
    }

    /// Starts, then answers for good.
    pub fn serve(&mut self) -> ! {
        self.start();
        loop {
            let byte = self.program.output.link.read();
            self.receive(byte);
        }
    }

    /// Loads the model and says that the device is up; [`Device::serve`] does.
    #[inline(never)]
    pub fn start(&mut self) {
        let program = &mut self.program;
        program.output.line("m-timestamp-mode-performance");
        program.timestamp();
        match program.load() {
            Ok(()) => program.ready = true,
            Err(error) => program.fail("the model cannot be loaded", &error),
        }
        program.output.line("m-init-done");
        program.output.line("m-ready");
    }

    /// Takes one byte from the runner, and answers when it ends a command.
    pub fn receive(&mut self, byte: u8) {
        if let Some(line) = self.line.push(byte) {
            self.program.answer(line);
        }
    }
}

impl<'a, L: Link, P: Platform> Program<'a, L, P> {
    fn load(&mut self) -> Result<(), Error<'a>> {
        let Description { workers, policy, data, element_type, dims, .. } = self.description;
        self.session.start(workers, policy)?;
        let mut sizes = dims.iter();
        self.session.shape_input(element_type, dims.rank, || sizes.next().unwrap_or(0))?;
        let arena = self.session.arena();
        self.data.reserve_exact(data as usize).map_err(|_| Error::arena_full(arena))
    }

    /// Kept apart from what runs for each byte.
    #[inline(never)]
    fn answer(&mut self, line: Result<&[u8], TooLong>) {
        match line.map(parse) {
            Ok(Ok(command)) => self.obey(command),
            Ok(Err(Unusable::Unknown(name))) => {
                self.output.text("e-[unknown command: ");
                self.output.foreign(name);
                self.output.line("]");
            }
            Ok(Err(Unusable::Wrong(why))) => self.refuse(why),
            Err(TooLong) => {
                self.output.text("e-[command too long: at most ");
                self.output.number(MAX_COMMAND as u64, 1);
                self.output.line(" bytes]");
            }
        }
        self.output.line("m-ready");
    }

    fn obey(&mut self, command: Command<'_>) {
        match command {
            Command::Nothing => {}
            Command::Name => self.bracketed("m-name-dut-[", self.description.name),
            Command::Profile => {
                self.bracketed("m-profile-[", PROFILE);
                self.bracketed("m-model-[", self.description.model);
            }
            Command::Timestamp => self.timestamp(),
            Command::Help => self.help(),
            Command::Load { bytes } => self.expect(bytes),
            Command::Data { digits } => self.fill(digits),
            Command::Print { count, offset } => self.print(count, offset),
            Command::Infer { times, warmups } => self.infer(times, warmups),
            Command::Results => self.results(),
        }
    }

    fn expect(&mut self, bytes: u32) {
        if bytes > self.description.data || !self.ready {
            self.output.text("e-[there is room for ");
            let room = if self.ready { self.description.data } else { 0 };
            self.output.number(room.into(), 1);
            self.output.text(" bytes of input, not for ");
            self.output.number(bytes.into(), 1);
            return self.output.line("]");
        }
        self.data.truncate(0);
        self.expected = bytes as usize;
        self.output.text("m-[Expecting ");
        self.output.number(bytes.into(), 1);
        self.output.line(" bytes]");
    }

    /// All of `digits` or nothing; those beyond the last byte do not count.
    fn fill(&mut self, digits: &[u8]) {
        let room = self.expected - self.data.len();
        if room == 0 {
            return self.refuse("all bytes are here, or none were announced by db load");
        }
        let (pairs, odd) = digits.as_chunks::<2>();
        if !odd.is_empty() {
            return self.refuse("an odd number of hex digits");
        }
        let bytes = pairs.iter().map(|&pair| byte(pair));
        if bytes.clone().any(|byte| byte.is_none()) {
            return self.refuse("not a hex digit");
        }
        for byte in bytes.flatten().take(room) {
            // There is room for all that were announced.
            let _ = self.data.push(byte);
        }
        if self.data.len() == self.expected {
            self.output.line("m-load-done");
        }
    }

    fn print(&mut self, count: Option<u32>, offset: u32) {
        let data = self.data.get(offset as usize..).unwrap_or_default();
        let count = count.map_or(data.len(), |count| data.len().min(count as usize));
        for shown in data.get(..count).unwrap_or_default().chunks(SHOWN) {
            self.output.text("m-buffer");
            for &byte in shown {
                self.output.text("-");
                self.output.hexadecimal(byte.into(), 2);
            }
            self.output.end();
        }
    }

    fn infer(&mut self, times: u32, warmups: u32) {
        if !self.ready {
            return self.refuse("the model is not loaded");
        }
        if self.data.len() != self.description.data as usize {
            self.output.text("e-[the input has ");
            self.output.number(self.data.len() as u64, 1);
            self.output.text(" bytes of ");
            self.output.number(self.description.data.into(), 1);
            return self.output.line("]");
        }
        self.ran = false;
        match self.measure(times, warmups) {
            Ok(()) => {
                self.ran = true;
                self.results();
            }
            Err(error) => self.fail("the inference failed", &error),
        }
    }

    fn measure(&mut self, times: u32, warmups: u32) -> Result<(), Error<'a>> {
        let Description { encoding, input, .. } = self.description;
        let session = &mut self.session;
        encoding.decode(&self.data, input, |offset, piece| session.write_input(offset, piece))?;
        self.counted("m-warmup-start-", warmups);
        self.repeat(warmups)?;
        self.output.line("m-warmup-done");
        self.counted("m-infer-start-", times);
        self.timestamp();
        self.repeat(times)?;
        self.timestamp();
        self.output.line("m-infer-done");
        Ok(())
    }

    fn repeat(&mut self, times: u32) -> Result<(), Error<'a>> {
        let Program { session, description, stopwatch, .. } = self;
        session.repeat(description.export, times, |ticks| stopwatch.look(ticks))
    }

    fn results(&mut self) {
        if !self.ran {
            return self.refuse("there are no results: infer first");
        }
        self.output.text("m-results-[");
        if self.description.error {
            let error = self.squared_error();
            write(&mut self.output, error);
        } else {
            for index in 0..self.count() {
                if index > 0 {
                    self.output.text(",");
                }
                let value = self.value(index);
                write(&mut self.output, value);
            }
        }
        self.output.line("]");
    }

    /// How many values the first output has.
    fn count(&self) -> usize {
        self.session.output_length() / self.description.kind.size()
    }

    fn value(&self, index: usize) -> f32 {
        let Description { kind, output, .. } = self.description;
        let mut bytes = [0; 4];
        if let Some(element) = bytes.get_mut(..kind.size()) {
            self.session.read_output(index * kind.size(), element);
        }
        output.value(kind, bytes)
    }

    fn squared_error(&self) -> f32 {
        let mut sum = 0.0;
        let mut count = 0.0;
        for (index, input) in floats(&self.data).enumerate().take(self.count()) {
            let difference = self.value(index) - input;
            sum += difference * difference;
            count += 1.0;
        }
        sum / count
    }

    fn timestamp(&mut self) {
        self.stopwatch.look(self.session.ticks());
        self.output.text("m-lap-us-");
        self.output.number(self.stopwatch.microseconds(), 1);
        self.output.end();
    }

    fn bracketed(&mut self, before: &str, text: &str) {
        self.output.text(before);
        self.output.foreign(text.as_bytes());
        self.output.line("]");
    }

    fn counted(&mut self, before: &str, count: u32) {
        self.output.text(before);
        self.output.number(count.into(), 1);
        self.output.end();
    }

    fn refuse(&mut self, why: &str) {
        self.output.text("e-[");
        self.output.text(why);
        self.output.line("]");
    }

    /// The runtime's sentences are not on the device: where this one begins in
    /// the image's ELF stands for it.
    #[cold]
    fn fail(&mut self, what: &str, error: &Error<'_>) {
        let Error { code, message, values: [first, second], .. } = *error;
        self.output.text("e-[");
        self.output.text(what);
        self.output.text(": status ");
        self.output.number(u64::from(code as u32), 1);
        match message {
            Message::Own(text) => {
                self.output.text(", ");
                self.output.foreign(text.as_bytes());
            }
            #[cfg(target_os = "none")]
            Message::Text(text) => {
                self.output.text(", message 0x");
                self.output.hexadecimal(text.address(), 8);
            }
            #[cfg(not(target_os = "none"))]
            Message::Text(text) => {
                self.output.text(", ");
                self.output.foreign(text.as_str().as_bytes());
            }
        }
        self.output.text(", values ");
        self.output.number(first.into(), 1);
        self.output.text(" ");
        self.output.number(second.into(), 1);
        self.output.line("]");
        if code == Code::ResourceExhausted {
            self.output.line("e-[the model needs more RAM than the board has left]");
        }
    }

    fn help(&mut self) {
        for line in [
            "name            what the device is called",
            "profile         what it speaks, and the model",
            "timestamp       microseconds since it started",
            "db load N       N bytes of input follow",
            "db HH..         some of them, in hexadecimal",
            "db print [N] [O] N of the bytes that came, from O on",
            "infer N [W]     N inferences, after W that do not count (10)",
            "results         what the last inference gave",
        ] {
            self.output.line(line);
        }
    }
}
