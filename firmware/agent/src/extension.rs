use arielml_vm::Error;

use crate::Session;
use crate::frame::Sender;

/// Answers what the agent does not know: the session, the body that asks,
/// where the answer goes, its id, and the error that is the answer otherwise.
///
/// Images for bringing a board up have one for CHECK, those that record their
/// dispatches one for RECORD; others have none: it would be dead weight, and so
/// would requests and replies of its own.
pub type Extension<L, P> = fn(&mut Session<'_, P>, &[u8], Sender<'_, L>, u32, &Error<'_>);
