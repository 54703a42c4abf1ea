//! What the host's requests do.

use arielml_arena::{Arena, Shared, Usage, Vector};
use arielml_hal::{Buffer, DENSE_ROW_MAJOR, Object, Sink, View, dense_length};
use arielml_scheduler::Policy;
use arielml_vm::{Code, Error, Instance, Ref, Value, text};

use crate::measured::{arielml_call, arielml_load};
use crate::reply::{Hello, MAX_READ, Measured, Reply, Stats};
use crate::request::{Dims, Request};
use crate::{Hal, Identity, Platform};

/// Inputs, and outputs, that can be held at a time.
const SLOTS: usize = 16;

type Slot<'a> = Option<Shared<'a, View<'a>>>;

/// A model on its device: loaded or not, its inputs and its outputs.
pub struct Session<'a, P> {
    pub(crate) platform: P,
    identity: Identity,
    image_id: &'a [u8; 8],
    pub(crate) arena: &'a Arena<'a>,
    pub(crate) hal: Hal<'a>,
    module: &'a [u8],
    instance: Option<Instance<'a, Object<'a>>>,
    inputs: [Slot<'a>; SLOTS],
    outputs: [Slot<'a>; SLOTS],
    /// High-water marks since boot; the arena and the stack have their own
    /// set back before each call.
    heap_peak: usize,
    stack_peak: u32,
    done: Option<Done<'a>>,
}

/// A request that must not run twice, and how it went: the answer may get
/// lost on the wire, and the host asks again.
struct Done<'a> {
    id: u32,
    outcome: Result<Measured, Error<'a>>,
}

// What is inlined by force has one caller in each image, and several in the
// archive: without it images would grow.
impl<'a, P: Platform> Session<'a, P> {
    /// A session with nothing loaded. `image_id` is how the host knows which
    /// image it talks to.
    #[inline(always)]
    pub fn new(
        platform: P,
        identity: Identity,
        image_id: &'a [u8; 8],
        arena: &'a Arena<'a>,
        hal: Hal<'a>,
        module: &'a [u8],
    ) -> Self {
        Session {
            platform,
            identity,
            image_id,
            arena,
            hal,
            module,
            instance: None,
            inputs: [const { None }; SLOTS],
            outputs: [const { None }; SLOTS],
            heap_peak: 0,
            stack_peak: 0,
            done: None,
        }
    }

    /// Ticks a second.
    pub fn ticks_hz(&self) -> u32 {
        self.identity.ticks_hz
    }

    /// The model, and what it runs with.
    pub(crate) fn loaded(
        &mut self,
    ) -> Result<(&mut Instance<'a, Object<'a>>, &mut Hal<'a>), Error<'a>> {
        Ok((self.instance.as_mut().ok_or(NOT_LOADED)?, &mut self.hal))
    }

    pub(crate) fn clear_outputs(&mut self) {
        clear(&mut self.outputs);
    }

    pub(crate) fn first_output(&self) -> Option<&View<'a>> {
        self.outputs.first()?.as_deref()
    }

    /// What the device is.
    pub(crate) fn hello(&self) -> Hello {
        Hello {
            identity: self.identity,
            image_id: *self.image_id,
            heap_capacity: self.arena.usage().capacity as u32,
            stack_size: self.platform.stack_size(),
        }
    }

    /// Does what request `id` asks for; what the model traces goes to `sink`.
    pub(crate) fn execute<'r>(
        &'r mut self,
        id: u32,
        request: Request<'r>,
        sink: &mut dyn Sink,
    ) -> Result<Reply<'r, 'a>, Error<'a>> {
        match request {
            Request::Hello => {
                // A host that begins anew may count from 1 again.
                self.done = None;
                Ok(Reply::Hello(self.hello()))
            }
            Request::Load { workers, policy } => {
                let measured = self.once(id, |session| session.load(workers, policy, sink))?;
                let crew = &**self.hal.scheduler();
                Ok(Reply::Loaded { measured, crew, instance: self.instance.as_ref() })
            }
            Request::Input { index, element_type, dims } => {
                self.input(index, element_type, dims).map(Reply::Length)
            }
            Request::Write { index, offset, bytes } => {
                self.write(index, offset, bytes).map(|()| Reply::Nothing)
            }
            Request::Call { export } => {
                let measured = self.once(id, |session| session.call(export, sink))?;
                Ok(Reply::Called { measured, crew: &**self.hal.scheduler() })
            }
            Request::Output { index } => held(&self.outputs, index).map(Reply::Output),
            Request::Read { index, offset, length } => self.read(index, offset, length),
            Request::Release => {
                self.release();
                Ok(Reply::Nothing)
            }
            Request::Stats => Ok(Reply::Stats(self.stats())),
            Request::Echo { bytes } => Ok(Reply::Bytes(bytes)),
            Request::Reset => Ok(Reply::Nothing),
        }
    }

    /// Runs `work`, unless `id` has run already: then its outcome stands.
    fn once(
        &mut self,
        id: u32,
        work: impl FnOnce(&mut Self) -> Result<Measured, Error<'a>>,
    ) -> Result<Measured, Error<'a>> {
        if let Some(done) = &self.done
            && done.id == id
        {
            return done.outcome;
        }
        let outcome = work(self);
        self.done = Some(Done { id, outcome });
        outcome
    }

    /// A second load starts the model anew.
    #[inline(never)]
    pub(crate) fn load(
        &mut self,
        workers: u32,
        policy: Policy,
        sink: &mut dyn Sink,
    ) -> Result<Measured, Error<'a>> {
        self.release();
        self.instance = None;
        self.hal.scheduler_mut().employ(policy, workers);
        let start = begin(self.arena, &mut self.platform, &mut self.hal, &mut self.heap_peak);
        let (module, arena) = (self.module, self.arena);
        let instance = self.hal.tracing_to(sink, |hal| arielml_load(module, hal, arena));
        let measured = self.end(start);
        self.instance = Some(instance?);
        Ok(measured)
    }

    fn call(&mut self, export: &[u8], sink: &mut dyn Sink) -> Result<Measured, Error<'a>> {
        clear(&mut self.outputs);
        let arguments = self.arguments()?;
        let mut results = Vector::new(self.arena);
        let instance = self.instance.as_mut().ok_or(NOT_LOADED)?;
        let export = instance
            .module()
            .exports()
            .find_map(|(name, _)| (name.as_bytes() == export).then_some(name))
            .ok_or(NO_EXPORT)?;
        let start = begin(self.arena, &mut self.platform, &mut self.hal, &mut self.heap_peak);
        self.hal.tracing_to(sink, |hal| {
            arielml_call(instance, hal, export, &arguments, &mut results)
        })?;
        let mut measured = self.end(start);
        measured.results = results.len() as u32;
        self.keep(&results)?;
        drop(results);
        drop(arguments);
        measured.heap_used = self.arena.usage().used as u32;
        Ok(measured)
    }

    /// What was taken since `begin`, which gave `start`.
    #[inline(never)]
    fn end(&mut self, start: u32) -> Measured {
        let ticks = self.platform.ticks().wrapping_sub(start);
        let stack_peak = self.platform.stack_peak();
        self.stack_peak = self.stack_peak.max(stack_peak);
        let Usage { used, peak, .. } = self.arena.usage();
        Measured {
            start,
            ticks,
            results: 0,
            heap_used: used as u32,
            heap_peak: peak.max(used) as u32,
            stack_peak,
        }
    }

    /// The inputs up to the first that is not set.
    #[inline(always)]
    pub(crate) fn arguments(&self) -> Result<Vector<'a, Value<'a, Object<'a>>>, Error<'a>> {
        let mut arguments = Vector::new(self.arena);
        let set = self.inputs.iter().map_while(Option::as_ref);
        arguments.reserve_exact(set.clone().count()).map_err(|_| self.full())?;
        for view in set {
            arguments.fill_up(1, || Value::Ref(Ref::Host(Object::View(view.clone()))));
        }
        Ok(arguments)
    }

    #[cold]
    fn full(&self) -> Error<'a> {
        Error::arena_full(self.arena)
    }

    #[inline(always)]
    pub(crate) fn keep(&mut self, results: &[Value<'a, Object<'a>>]) -> Result<(), Error<'a>> {
        if results.len() > SLOTS {
            return Err(Error::new(
                Code::ResourceExhausted,
                text!("too many results: found, at most"),
            )
            .with(results.len() as u32, SLOTS as u32));
        }
        for (index, (slot, result)) in self.outputs.iter_mut().zip(results).enumerate() {
            let Value::Ref(Ref::Host(Object::View(view))) = result else {
                return Err(Error::new(
                    Code::Unimplemented,
                    text!("result is not a tensor: its index"),
                )
                .with(index as u32, 0));
            };
            *slot = Some(view.clone());
        }
        Ok(())
    }

    /// Its length in bytes; `next` gives the sizes, outermost first.
    pub(crate) fn make_input(
        &mut self,
        index: u32,
        element_type: u32,
        rank: u32,
        mut next: impl FnMut() -> u32,
    ) -> Result<u32, Error<'a>> {
        let slot = self.inputs.get_mut(index as usize).ok_or_else(|| no_slot(index))?;
        // The old one goes first: there may not be room for both.
        *slot = None;
        let dims = Vector::from_fn(self.arena, rank as usize, |_| next() as usize)
            .map_err(|_| Error::arena_full(self.arena))?;
        let length =
            dense_length(element_type, &dims).ok_or(
                const {
                    Error::new(
                        Code::ResourceExhausted,
                        text!("tensor larger than the address space"),
                    )
                },
            )?;
        let buffer = Buffer::allocate(self.arena, length)?;
        *slot =
            Some(View::new(self.arena, buffer, 0, length, element_type, DENSE_ROW_MAJOR, dims)?);
        Ok(length as u32)
    }

    fn input(
        &mut self,
        index: u32,
        element_type: u32,
        mut dims: Dims<'_>,
    ) -> Result<u32, Error<'a>> {
        self.make_input(index, element_type, dims.rank, || dims.next())
    }

    #[inline(always)]
    pub(crate) fn write(&mut self, index: u32, offset: u32, bytes: &[u8]) -> Result<(), Error<'a>> {
        held(&self.inputs, index)?.buffer.write(offset as usize, bytes)
    }

    fn read<'r>(
        &'r self,
        index: u32,
        offset: u32,
        length: u32,
    ) -> Result<Reply<'r, 'a>, Error<'a>> {
        if length > MAX_READ {
            return Err(Error::new(Code::OutOfRange, text!("read too long: asked, at most"))
                .with(length, MAX_READ));
        }
        let view = held(&self.outputs, index)?;
        let offset = offset as usize;
        let end = offset.checked_add(length as usize);
        if end.is_none_or(|end| end > view.length) {
            return Err(Error::new(
                Code::OutOfRange,
                text!("read beyond the tensor: offset, its length"),
            )
            .with(offset as u32, view.length as u32));
        }
        // Nothing to copy, but it tells whether the bytes are still there.
        view.buffer.read(view.offset + offset, &mut [])?;
        Ok(Reply::Read { view, offset, length })
    }

    fn release(&mut self) {
        clear(&mut self.inputs);
        clear(&mut self.outputs);
    }

    fn stats(&mut self) -> Stats {
        let usage = self.arena.usage();
        Stats {
            heap_capacity: usage.capacity as u32,
            heap_used: usage.used as u32,
            heap_peak: self.heap_peak.max(usage.peak) as u32,
            heap_live: usage.live as u32,
            stack_size: self.platform.stack_size(),
            stack_peak: self.stack_peak.max(self.platform.stack_peak()),
        }
    }
}

const NOT_LOADED: Error<'static> =
    Error::new(Code::FailedPrecondition, text!("no model is loaded"));
const NO_EXPORT: Error<'static> = Error::new(Code::NotFound, text!("no such export"));

/// Sets the marks of heap and stack anew; the time now.
#[inline(never)]
fn begin<P: Platform>(
    arena: &Arena<'_>,
    platform: &mut P,
    hal: &mut Hal<'_>,
    heap_peak: &mut usize,
) -> u32 {
    *heap_peak = arena.usage().peak.max(*heap_peak);
    arena.restart_peak();
    platform.paint_stack();
    hal.scheduler_mut().paint_stacks();
    platform.ticks()
}

#[inline(never)]
fn clear(slots: &mut [Slot<'_>; SLOTS]) {
    for slot in slots {
        *slot = None;
    }
}

fn held<'r, 'a>(slots: &'r [Slot<'a>; SLOTS], index: u32) -> Result<&'r View<'a>, Error<'a>> {
    let slot = slots.get(index as usize).ok_or_else(|| no_slot(index))?;
    slot.as_deref().ok_or_else(|| {
        Error::new(Code::FailedPrecondition, text!("no tensor at this index")).with(index, 0)
    })
}

fn no_slot<'a>(index: u32) -> Error<'a> {
    Error::new(Code::OutOfRange, text!("no such index: found, at most"))
        .with(index, SLOTS as u32 - 1)
}
