use crate::frame::{Reason, Receiver, Sender, Staging};
use crate::request::{Request, Unusable, parse};
use crate::trace::Inlet;
use crate::{Extension, Link, Platform, Session, reply};

/// The memory that frames pass through.
pub struct Buffers {
    receiver: Receiver,
    /// For the frame that is being sent.
    pub staging: Staging,
}

impl Buffers {
    /// Buffers between two frames.
    pub const fn new() -> Self {
        Buffers { receiver: Receiver::new(), staging: [0; size_of::<Staging>()] }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}

/// Answers the host.
pub struct Agent<'a, L, P> {
    link: L,
    buffers: &'a mut Buffers,
    session: Session<'a, P>,
    /// What answers requests that only some images know.
    pub extension: Option<Extension<L, P>>,
}

impl<'a, L: Link, P: Platform> Agent<'a, L, P> {
    /// An agent that has said nothing yet.
    pub fn new(link: L, buffers: &'a mut Buffers, session: Session<'a, P>) -> Self {
        Agent { link, buffers, session, extension: None }
    }

    /// Greets, then answers for good.
    pub fn serve(&mut self) -> ! {
        self.greet();
        loop {
            let byte = self.link.read();
            self.receive(byte);
        }
    }

    /// Says that the device is up; [`Agent::serve`] does.
    #[inline(never)]
    pub fn greet(&mut self) {
        self.session.platform.paint_stack();
        let hello = self.session.hello();
        reply::send_greeting(Sender::new(&mut self.link, &mut self.buffers.staging), &hello);
    }

    /// Takes one byte from the host, and answers when it ends a request.
    pub fn receive(&mut self, byte: u8) {
        let Buffers { receiver, staging } = &mut *self.buffers;
        if let Some(frame) = receiver.push(byte) {
            answer(&mut self.session, self.extension, frame, &mut self.link, staging);
        }
    }
}

/// Kept apart from what runs for each byte.
#[inline(never)]
fn answer<L: Link, P: Platform>(
    session: &mut Session<'_, P>,
    extension: Option<Extension<L, P>>,
    frame: Result<&[u8], Reason>,
    link: &mut L,
    staging: &mut Staging,
) {
    match frame.map_err(Unusable::Body).and_then(parse) {
        Ok((id, request)) => {
            let reset = matches!(request, Request::Reset);
            let outcome = session.execute(id, request, &mut Inlet(link));
            reply::send(Sender::new(link, staging), id, outcome);
            if reset {
                session.platform.reset();
            }
        }
        Err(Unusable::Request { id, error }) => {
            let sender = Sender::new(link, staging);
            match (extension, frame) {
                (Some(extension), Ok(body)) => extension(session, body, sender, id, &error),
                _ => reply::send(sender, id, Err(error)),
            }
        }
        Err(Unusable::Body(reason)) => {
            reply::send_bad_frame(Sender::new(link, staging), reason);
        }
    }
}
