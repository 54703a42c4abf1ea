use core::ptr::NonNull;

use crate::team::{Job, Team, lower};
use crate::{Claim, Event, Failure, Scheduler, Work, Worker};

/// How items are spread over the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Each worker takes the next item as soon as it has done one.
    Greedy,
    /// Item `i` is worker `i % workers`'s, whatever that costs.
    RoundRobin,
}

/// Work for the calling core and the helpers of its team.
pub struct Parallel<'t, C, E, const HELPERS: usize> {
    team: &'t Team<C, HELPERS>,
    event: E,
    policy: Policy,
    helpers: u32,
}

/// More items than this run on one core: the counter goes on beyond the last.
const MOST: u32 = u32::MAX / 2;

impl<'t, C: Claim, E: Event, const HELPERS: usize> Parallel<'t, C, E, HELPERS> {
    /// Leads `team`.
    ///
    /// # Safety
    /// It is the team's only leader.
    pub unsafe fn new(team: &'t Team<C, HELPERS>, event: E) -> Self {
        Parallel { team, event, policy: Policy::Greedy, helpers: 0 }
    }

    /// Works with `workers` cores from now on, this one included, as `policy`
    /// says. All of them serve the team, or will.
    pub fn set(&mut self, policy: Policy, workers: u32) {
        self.policy = policy;
        self.helpers = workers.saturating_sub(1).min(HELPERS as u32);
    }

    /// Runs `work` as `policy` says this once.
    pub fn run_as(&mut self, policy: Policy, work: &dyn Work) -> Result<(), Failure> {
        let usual = core::mem::replace(&mut self.policy, policy);
        let result = self.run(work);
        self.policy = usual;
        result
    }

    #[inline(never)]
    fn share(&mut self, work: &dyn Work, items: u32) -> Result<(), Failure> {
        // No more helpers than there is something for.
        let helpers = self.helpers.min(items - 1);
        // SAFETY: only the lifetime changes; `gather` below waits until
        // nobody uses it any more.
        let work: &'static dyn Work = unsafe { core::mem::transmute::<&dyn Work, _>(work) };
        let job =
            Job { work: NonNull::from(work), items, policy: self.policy, workers: helpers + 1 };
        // SAFETY: `new` vouches for the one leader, and `gather` follows.
        unsafe { self.team.call(job, helpers, &self.event) };
        let own = self.team.share(&job, Worker(0)).err();
        let others = self.team.gather(&self.event);
        lower(own, others).map_or(Ok(()), Err)
    }
}

impl<C: Claim, E: Event, const HELPERS: usize> Scheduler for Parallel<'_, C, E, HELPERS> {
    fn workers(&self) -> u32 {
        self.helpers + 1
    }

    fn run(&mut self, work: &dyn Work) -> Result<(), Failure> {
        let items = work.items();
        if self.helpers == 0 || !(2..=MOST).contains(&items) {
            return work.run(0..items, Worker(0));
        }
        self.share(work, items)
    }
}
