//! Replies: `[id, 0, results...]`, or `[id, code, message, ...]`.

use arielml_hal::{Object, View};
use arielml_vm::{Error, Instance, Message};

use crate::cbor::text_size;
use crate::frame::{MAX_BODY, Reason, Sender};
use crate::{Crew, Identity, Link, PROTOCOL};

/// Bytes that one READ may ask for: a body, less what else is in it.
pub(crate) const MAX_READ: u32 = MAX_BODY as u32 - 16;

/// Bytes that an error's message, or its subject, may have.
pub(crate) const MAX_TEXT: usize = 400;

/// Workers whose stacks a LOAD has room for.
const MAX_WORKERS: usize = 16;

/// Notices: what the device says unasked, as `[0, kind, ...]`.
const NOTICE: u32 = 0;
const GREETING: u32 = 1;
pub(crate) const FAULT: u32 = 2;
const BAD_FRAME: u32 = 3;
pub(crate) const TRACE: u32 = 4;

pub(crate) const OK: u32 = 0;

/// What a request gave.
pub(crate) enum Reply<'r, 'a> {
    Nothing,
    Hello(Hello),
    Loaded {
        measured: Measured,
        crew: &'r dyn Crew,
        instance: Option<&'r Instance<'a, Object<'a>>>,
    },
    Length(u32),
    Called {
        measured: Measured,
        crew: &'r dyn Crew,
    },
    Output(&'r View<'a>),
    Read {
        view: &'r View<'a>,
        offset: usize,
        length: u32,
    },
    Stats(Stats),
    Bytes(&'r [u8]),
}

/// What the device is.
pub(crate) struct Hello {
    pub(crate) identity: Identity,
    pub(crate) image_id: [u8; 8],
    pub(crate) heap_capacity: u32,
    pub(crate) stack_size: u32,
}

/// What a load or a call took.
#[derive(Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) start: u32,
    pub(crate) ticks: u32,
    pub(crate) results: u32,
    pub(crate) heap_used: u32,
    pub(crate) heap_peak: u32,
    pub(crate) stack_peak: u32,
}

/// Memory, now and since boot.
pub(crate) struct Stats {
    pub(crate) heap_capacity: u32,
    pub(crate) heap_used: u32,
    pub(crate) heap_peak: u32,
    pub(crate) heap_live: u32,
    pub(crate) stack_size: u32,
    pub(crate) stack_peak: u32,
}

/// Sends the answer to request `id`.
pub(crate) fn send<L: Link>(
    mut sender: Sender<'_, L>,
    id: u32,
    outcome: Result<Reply<'_, '_>, Error<'_>>,
) {
    match outcome {
        Ok(reply) => success(&mut sender, id, reply),
        Err(error) => failure(&mut sender, id, &error),
    }
    sender.finish();
}

/// Says that the device is up.
pub(crate) fn send_greeting<L: Link>(mut sender: Sender<'_, L>, hello: &Hello) {
    begin(&mut sender, 10, NOTICE, GREETING);
    put_hello(&mut sender, hello);
    sender.finish();
}

/// Says that a frame was dropped, and why.
pub(crate) fn send_bad_frame<L: Link>(mut sender: Sender<'_, L>, reason: Reason) {
    begin(&mut sender, 1, NOTICE, BAD_FRAME);
    sender.text(reason);
    sender.finish();
}

/// Begins a body of `id`, `status` and `results` more items.
#[inline(never)]
pub(crate) fn begin<L: Link>(sender: &mut Sender<'_, L>, results: u32, id: u32, status: u32) {
    sender.array(2 + results);
    put_numbers(sender, &[id, status]);
}

fn success<L: Link>(sender: &mut Sender<'_, L>, id: u32, reply: Reply<'_, '_>) {
    let results = match &reply {
        Reply::Nothing => 0,
        Reply::Length(_) | Reply::Read { .. } | Reply::Bytes(_) => 1,
        Reply::Output(_) => 3,
        Reply::Loaded { .. } => 5,
        Reply::Called { .. } => 6,
        Reply::Stats(_) => 6,
        Reply::Hello(_) => 10,
    };
    begin(sender, results, id, OK);
    match reply {
        Reply::Nothing => {}
        Reply::Hello(hello) => put_hello(sender, &hello),
        Reply::Loaded { measured, crew, instance } => {
            let Measured { ticks, heap_used, heap_peak, stack_peak, .. } = measured;
            put_numbers(sender, &[ticks, heap_used, heap_peak]);
            put_stacks(sender, stack_peak, crew);
            put_exports(sender, instance);
        }
        Reply::Length(length) => sender.unsigned(length),
        Reply::Called { measured, crew } => {
            let Measured { start, ticks, results, heap_used, heap_peak, stack_peak } = measured;
            put_numbers(sender, &[start, ticks, results, heap_used, heap_peak]);
            put_stacks(sender, stack_peak, crew);
        }
        Reply::Output(view) => put_shape(sender, view),
        Reply::Read { view, offset, length } => put_contents(sender, view, offset, length),
        Reply::Stats(stats) => put_numbers(
            sender,
            &[
                stats.heap_capacity,
                stats.heap_used,
                stats.heap_peak,
                stats.heap_live,
                stats.stack_size,
                stats.stack_peak,
            ],
        ),
        Reply::Bytes(bytes) => sender.bytes(bytes),
    }
}

fn failure<L: Link>(sender: &mut Sender<'_, L>, id: u32, error: &Error<'_>) {
    begin(sender, 6, id, error.code as u32);
    message(sender, error.message);
    sender.text(shortened(error.subject));
    put_numbers(sender, &error.values);
    match error.at {
        Some(at) => put_numbers(sender, &[at.function.into(), at.pc]),
        None => {
            sender.null();
            sender.null();
        }
    }
}

/// The module's own words, or a sentence: its place in the ELF, where the host
/// looks it up, or in a host build the sentence itself.
fn message<L: Link>(sender: &mut Sender<'_, L>, message: Message<'_>) {
    match message {
        Message::Own(text) => sender.text(shortened(text)),
        #[cfg(target_os = "none")]
        Message::Text(text) => sender.unsigned(text.address()),
        #[cfg(not(target_os = "none"))]
        Message::Text(text) => sender.text(text.as_str()),
    }
}

/// The first bytes of a text that may be a module's own, and of any length.
pub(crate) fn shortened(text: &str) -> &str {
    let mut length = text.len().min(MAX_TEXT);
    loop {
        // At length 0 there is always something to get.
        match text.get(..length) {
            Some(beginning) => return beginning,
            None => length -= 1,
        }
    }
}

#[inline(never)]
fn put_numbers<L: Link>(sender: &mut Sender<'_, L>, numbers: &[u32]) {
    for &number in numbers {
        sender.unsigned(number);
    }
}

/// The high-water mark of each working core's stack, the first core's being
/// `own`.
fn put_stacks<L: Link>(sender: &mut Sender<'_, L>, own: u32, crew: &dyn Crew) {
    sender.array(crew.workers());
    sender.unsigned(own);
    for worker in 1..crew.workers() {
        sender.unsigned(crew.stack_peak(worker));
    }
}

fn put_hello<L: Link>(sender: &mut Sender<'_, L>, hello: &Hello) {
    let Identity { board, cores, clock_hz, ticks_hz } = hello.identity;
    sender.unsigned(PROTOCOL);
    sender.text(env!("CARGO_PKG_VERSION"));
    sender.text(board);
    sender.bytes(&hello.image_id);
    let numbers =
        [MAX_BODY as u32, cores, clock_hz, ticks_hz, hello.heap_capacity, hello.stack_size];
    put_numbers(sender, &numbers);
}

/// Name and calling convention of each export, as many as one body holds.
fn put_exports<'a, L: Link>(
    sender: &mut Sender<'_, L>,
    instance: Option<&Instance<'a, Object<'a>>>,
) {
    // The heads of the body and of two lists, the id, three numbers and the
    // stacks.
    const BEFORE: usize = 1 + 5 + 1 + 3 * 5 + 1 + MAX_WORKERS * 5 + 3;
    let exports = || instance.into_iter().flat_map(|instance| instance.module().exports());
    let mut room = MAX_BODY - BEFORE;
    let mut fitting = 0;
    for (name, convention) in exports() {
        match room.checked_sub(1 + text_size(name.len()) + text_size(convention.len())) {
            Some(left) => room = left,
            None => break,
        }
        fitting += 1;
    }
    sender.array(fitting);
    for (name, convention) in exports().take(fitting as usize) {
        sender.array(2);
        sender.text(name);
        sender.text(convention);
    }
}

fn put_shape<L: Link>(sender: &mut Sender<'_, L>, view: &View<'_>) {
    sender.unsigned(view.element_type);
    sender.array(view.dims.len() as u32);
    for &dim in view.dims.iter() {
        sender.unsigned(dim as u32);
    }
    sender.unsigned(view.length as u32);
}

/// Copies by way of the stack, a little at a time: a buffer's bytes may not be
/// borrowed. The session has checked the range.
pub(crate) fn put_contents<L: Link>(
    sender: &mut Sender<'_, L>,
    view: &View<'_>,
    mut offset: usize,
    length: u32,
) {
    sender.begin_bytes(length);
    let mut left = length as usize;
    while left > 0 {
        let mut piece = [0; 32];
        let taken = left.min(piece.len());
        if let Some(piece) = piece.get_mut(..taken) {
            let _ = view.buffer.read(view.offset + offset, piece);
            sender.put_all(piece);
        }
        offset += taken;
        left -= taken;
    }
}
