//! Traced tensors: `[0, 4, key, index, element type, dimensions, offset, data]`,
//! unasked, in as many frames as it takes.

use arielml_hal::{Import, Sink, Tracer, View, dense_length};

use crate::Link;
use crate::frame::{MAX_BODY, Sender, Staging};
use crate::reply::{TRACE as NOTICE, begin, put_contents, shortened};

/// `hal.buffer_view.trace` as images have it.
pub const TRACE: Import = Import::tracing::<Frames>();

/// The most dimensions that fit a frame beside a key and data.
const MAX_RANK: usize = 64;

/// Bytes of a tensor in one frame: a body, less the longest that the rest of
/// it can be.
const PIECE: usize = MAX_BODY - (2 + 3 + crate::reply::MAX_TEXT + 2 * 5 + 2 + 5 * MAX_RANK + 5 + 3);

pub(crate) enum Frames {}

impl Tracer for Frames {
    fn trace(sink: &mut dyn Sink, key: &[u8], index: u32, view: &View<'_>) {
        let key = shortened(core::str::from_utf8(key).unwrap_or("(not UTF-8)"));
        let dims = view.dims.get(..view.dims.len().min(MAX_RANK)).unwrap_or_default();
        let length = dense_length(view.element_type, &view.dims).unwrap_or(0).min(view.length);
        let mut link = Outlet(sink);
        let mut offset = 0;
        loop {
            let taken = PIECE.min(length - offset);
            let mut staging: Staging = [0; size_of::<Staging>()];
            let mut sender = Sender::new(&mut link, &mut staging);
            begin(&mut sender, 6, 0, NOTICE);
            sender.text(key);
            sender.unsigned(index);
            sender.unsigned(view.element_type);
            sender.array(dims.len() as u32);
            for &dim in dims {
                sender.unsigned(dim as u32);
            }
            sender.unsigned(offset as u32);
            put_contents(&mut sender, view, offset, taken as u32);
            sender.finish();
            offset += taken;
            if offset >= length {
                return;
            }
        }
    }
}

/// A link that is written to alone.
struct Outlet<'s>(&'s mut dyn Sink);

impl Link for Outlet<'_> {
    fn read(&mut self) -> u8 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }
}

/// A link as a sink.
pub(crate) struct Inlet<'l, L>(pub(crate) &'l mut L);

impl<L: Link> Sink for Inlet<'_, L> {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }
}
