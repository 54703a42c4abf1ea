use core::cell::Cell;

use arielml_arena::Shared;
use arielml_vm::Code;

use crate::device::Device;
use crate::fault::{Fault, OrFull, Report};

/// A point in the device's timeline that work waits for or signals.
///
/// Queue operations are done when they return, so a fence is reached as soon
/// as the operation that signals it has returned; nothing ever waits.
pub struct Fence<'a> {
    state: Cell<State>,
    /// The fences that a joined one stands for.
    joined: Option<[Shared<'a, Fence<'a>>; 2]>,
    /// How many joined fences lie in each other here.
    depth: u8,
}

/// Joined fences are followed by recursion, so it must end soon.
const MAX_DEPTH: u8 = 16;

/// How far the work before a fence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not signalled yet.
    Pending,
    /// Done.
    Reached,
    /// The work failed, or something it waited for did.
    Failed(Code),
}

impl<'a> Fence<'a> {
    /// A fence that is not signalled yet.
    pub(crate) fn new(device: &Device<'a>) -> Result<Shared<'a, Fence<'a>>, Fault> {
        Fence { state: Cell::new(State::Pending), joined: None, depth: 0 }.share(device)
    }

    /// A fence that is reached when both are. One of them alone stands for
    /// both when it has failed, or the other one is reached.
    ///
    /// Only fences that are both pending need a new one: they become so when
    /// they are joined before the work that signals them is submitted.
    pub(crate) fn join(
        device: &Device<'a>,
        first: Shared<'a, Fence<'a>>,
        second: &Shared<'a, Fence<'a>>,
    ) -> Result<Shared<'a, Fence<'a>>, Fault> {
        match (first.state(), second.state()) {
            (State::Failed(_), _) | (_, State::Reached) => Ok(first),
            (_, State::Failed(_)) | (State::Reached, _) => Ok(second.clone()),
            _ if Shared::ptr_eq(&first, second) => Ok(first),
            _ => {
                let depth = first.depth.max(second.depth) + 1;
                if depth > MAX_DEPTH {
                    return Err(Fault::FenceDepth);
                }
                let joined = Some([first, second.clone()]);
                Fence { state: Cell::new(State::Pending), joined, depth }.share(device)
            }
        }
    }

    fn share(self, device: &Device<'a>) -> Result<Shared<'a, Fence<'a>>, Fault> {
        Shared::new(device.arena, self).or_full(&device.report)
    }

    /// How far it is. A joined fence has failed when one of the two has, and
    /// is reached when both are.
    pub fn state(&self) -> State {
        let Some([first, second]) = &self.joined else { return self.state.get() };
        match (first.state(), second.state()) {
            (failed @ State::Failed(_), _) | (_, failed @ State::Failed(_)) => failed,
            (State::Reached, State::Reached) => State::Reached,
            _ => State::Pending,
        }
    }

    /// Marks the work as done. A fence that has failed stays failed.
    pub fn signal(&self) {
        self.set(State::Reached);
    }

    /// Marks the work as failed. The first failure stays.
    pub fn fail(&self, code: Code) {
        self.set(State::Failed(code));
    }

    fn set(&self, state: State) {
        if !matches!(self.state.get(), State::Failed(_)) {
            self.state.set(state);
        }
        for fence in self.joined.iter().flatten() {
            fence.set(state);
        }
    }
}

/// Whether work that waits for `fence` can start; no fence is one that is
/// reached. It cannot wait for a pending one: all work submitted before is
/// done, so that would be forever.
pub(crate) fn check_reached(
    report: &Report<'_>,
    fence: Option<&Shared<'_, Fence<'_>>>,
) -> Result<(), Fault> {
    match fence.map_or(State::Reached, |fence| fence.state()) {
        State::Reached => Ok(()),
        State::Pending => Err(Fault::FencePending),
        State::Failed(code) => Err(report.coded(Fault::FenceFailed, code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arielml_arena::Arena;
    use core::mem::MaybeUninit;

    type Fences<'a, const N: usize> = [Shared<'a, Fence<'a>>; N];

    fn fences<'a, const N: usize>(device: &Device<'a>) -> Fences<'a, N> {
        [(); N].map(|()| Fence::new(device).unwrap())
    }

    #[test]
    fn a_failure_stays() {
        let mut region = [MaybeUninit::uninit(); 512];
        let arena = Arena::new(&mut region);
        let fence = Fence::new(&Device::new(&arena, &[])).unwrap();
        assert_eq!(fence.state(), State::Pending);
        fence.fail(Code::DataLoss);
        fence.signal();
        fence.fail(Code::Aborted);
        assert_eq!(fence.state(), State::Failed(Code::DataLoss));
    }

    #[test]
    fn a_join_takes_the_fence_that_decides() {
        let mut region = [MaybeUninit::uninit(); 2048];
        let arena = Arena::new(&mut region);
        let device = Device::new(&arena, &[]);
        let [pending, reached, failed] = fences(&device);
        reached.signal();
        failed.fail(Code::Internal);
        let live = arena.usage().live;
        for (first, second, expected) in [
            (&pending, &reached, &pending),
            (&reached, &pending, &pending),
            (&failed, &pending, &failed),
            (&pending, &failed, &failed),
            (&reached, &failed, &failed),
            (&pending, &pending, &pending),
        ] {
            let joined = Fence::join(&device, first.clone(), second).unwrap();
            assert!(Shared::ptr_eq(&joined, expected));
        }
        assert_eq!(arena.usage().live, live);
    }

    #[test]
    fn a_join_of_pending_fences_waits_for_all_and_fails_with_any() {
        let mut region = [MaybeUninit::uninit(); 4096];
        let arena = Arena::new(&mut region);
        let device = Device::new(&arena, &[]);
        for failing in [None, Some(0), Some(2)] {
            let all @ [a, b, c]: &Fences<'_, 3> = &fences(&device);
            let ab = Fence::join(&device, a.clone(), b).unwrap();
            let abc = Fence::join(&device, c.clone(), &ab).unwrap();
            for (index, fence) in all.iter().enumerate() {
                assert_eq!(abc.state(), State::Pending);
                if failing == Some(index) {
                    fence.fail(Code::Aborted);
                    break;
                }
                fence.signal();
            }
            let expected = failing.map_or(State::Reached, |_| State::Failed(Code::Aborted));
            assert_eq!(abc.state(), expected);
        }
        assert_eq!(arena.usage().live, 0);
    }

    #[test]
    fn signalling_a_join_signals_what_it_joins() {
        let mut region = [MaybeUninit::uninit(); 2048];
        let arena = Arena::new(&mut region);
        let device = Device::new(&arena, &[]);
        let [a, b] = fences(&device);
        Fence::join(&device, a.clone(), &b).unwrap().signal();
        assert_eq!([a.state(), b.state()], [State::Reached; 2]);
    }

    #[test]
    fn joins_do_not_nest_without_end() {
        let mut region = [MaybeUninit::uninit(); 8192];
        let arena = Arena::new(&mut region);
        let device = Device::new(&arena, &[]);
        let mut joined = Fence::new(&device).unwrap();
        for _ in 0..MAX_DEPTH {
            let fence = Fence::new(&device).unwrap();
            joined = Fence::join(&device, joined, &fence).unwrap();
        }
        assert_eq!(joined.state(), State::Pending);
        let fence = Fence::new(&device).unwrap();
        assert_eq!(Fence::join(&device, joined, &fence).err(), Some(Fault::FenceDepth));
    }
}
