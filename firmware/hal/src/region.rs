use core::ops::Range;

use arielml_scheduler::{Failure, Items, Work, Worker};

use crate::abi::{DispatchFunction, DispatchState, Environment, LOCAL_MEMORY_PAGE, WorkgroupState};
use crate::recording::FunctionWord;

/// A dispatch, ready to run.
pub(crate) struct Grid {
    pub(crate) state: DispatchState,
    pub(crate) code: DispatchFunction,
    pub(crate) environment: *const Environment,
    /// Number of workgroups.
    pub(crate) items: u32,
    pub(crate) function: FunctionWord,
    pub(crate) local_pages: u16,
}

/// The dispatches between two barriers. Their workgroups, numbered through,
/// are the items.
pub(crate) struct Region<'r> {
    pub(crate) grids: &'r [Grid],
    items: u32,
    local_memory: *mut u8,
    /// Bytes of local memory for each worker.
    local_stride: usize,
}

// SAFETY: workers only read what the region points to, apart from what their
// kernels write: the bindings, which the compiler keeps apart between
// barriers, and local memory, of which each worker has its own.
unsafe impl Sync for Region<'_> {}

impl<'r> Region<'r> {
    /// `items` is the sum over `grids`.
    ///
    /// # Safety
    /// Each grid can be called: its function with its environment and state,
    /// and `local_memory` has `local_stride` bytes for each worker, enough for
    /// every grid.
    pub(crate) unsafe fn new(
        grids: &'r [Grid],
        items: u32,
        local_memory: *mut u8,
        local_stride: usize,
    ) -> Self {
        Region { grids, items, local_memory, local_stride }
    }

    pub(crate) fn local_memory(&self, worker: Worker) -> *mut u8 {
        let offset = (worker.0 as usize).wrapping_mul(self.local_stride);
        self.local_memory.wrapping_add(offset)
    }
}

impl Work for Region<'_> {
    fn items(&self) -> u32 {
        self.items
    }

    fn run(&self, items: Range<u32>, worker: Worker) -> Result<(), Failure> {
        let local_memory = self.local_memory(worker);
        let mut base = 0;
        for grid in self.grids {
            let range = grid.part_of(&items, base);
            if !range.is_empty() {
                grid.run(range, base, worker, local_memory)?;
            }
            base = base.wrapping_add(grid.items);
        }
        Ok(())
    }

    fn drain(&self, items: &mut dyn Items, worker: Worker) -> Result<(), Failure> {
        let local_memory = self.local_memory(worker);
        let mut next = items.next();
        let mut base = 0;
        for grid in self.grids {
            let Some(item) = next else { break };
            let first = item.wrapping_sub(base);
            if first < grid.items {
                next = grid.drain(first, base, items, worker, local_memory)?;
            }
            base = base.wrapping_add(grid.items);
        }
        Ok(())
    }
}

impl Grid {
    /// Which of `items` of the region are this dispatch's, whose first item is
    /// numbered `base` there.
    pub(crate) fn part_of(&self, items: &Range<u32>, base: u32) -> Range<u32> {
        let first = items.start.saturating_sub(base).min(self.items);
        first..items.end.saturating_sub(base).min(self.items)
    }

    /// Runs some of the workgroups, whose first is numbered `base` in the
    /// region, up to the first that fails.
    pub(crate) fn run(
        &self,
        items: Range<u32>,
        base: u32,
        worker: Worker,
        local_memory: *mut u8,
    ) -> Result<(), Failure> {
        let mut workgroup = self.workgroup(items.start, worker, local_memory);
        for item in items {
            let status = self.call(&workgroup);
            if status != 0 {
                return Err(Failure { item: base.wrapping_add(item), status });
            }
            let x = workgroup.id_x + 1;
            self.step(&mut workgroup, x);
        }
        Ok(())
    }

    /// Runs the workgroup numbered `item` and those that `items` gives after
    /// it, as long as they are this dispatch's, whose first item is numbered
    /// `base` in the region. Gives the first item beyond.
    pub(crate) fn drain(
        &self,
        mut item: u32,
        base: u32,
        items: &mut dyn Items,
        worker: Worker,
        local_memory: *mut u8,
    ) -> Result<Option<u32>, Failure> {
        let count_x = self.state.workgroup_count_x;
        let mut workgroup = self.workgroup(item, worker, local_memory);
        loop {
            let status = self.call(&workgroup);
            if status != 0 {
                return Err(Failure { item: base.wrapping_add(item), status });
            }
            let Some(taken) = items.next() else { return Ok(None) };
            let next = taken.wrapping_sub(base);
            if next >= self.items {
                return Ok(Some(taken));
            }
            // The next one taken is near: other workers took those between.
            let x = workgroup.id_x.wrapping_add(next.wrapping_sub(item));
            if x < count_x {
                workgroup.id_x = x;
            } else if x.wrapping_sub(count_x) < count_x {
                self.step(&mut workgroup, x);
            } else {
                self.put(&mut workgroup, next);
            }
            item = next;
        }
    }

    fn workgroup(&self, item: u32, worker: Worker, local_memory: *mut u8) -> WorkgroupState {
        let mut workgroup = WorkgroupState {
            id_x: 0,
            id_y: 0,
            id_z: 0,
            reserved: 0,
            processor_id: worker.0,
            local_memory,
            local_memory_size: u32::from(self.local_pages) * LOCAL_MEMORY_PAGE as u32,
        };
        self.put(&mut workgroup, item);
        workgroup
    }

    fn call(&self, workgroup: &WorkgroupState) -> i32 {
        // SAFETY: whoever made the region vouched for this call.
        unsafe { (self.code)(self.environment, &self.state, workgroup) }
    }

    /// Goes on to `x` in the same row, or over its end into the next row.
    fn step(&self, workgroup: &mut WorkgroupState, x: u32) {
        let (count_x, count_y) = (self.state.workgroup_count_x, self.state.workgroup_count_y);
        workgroup.id_x = x;
        if x >= count_x {
            workgroup.id_x = x.wrapping_sub(count_x);
            workgroup.id_y += 1;
            if workgroup.id_y == count_y {
                workgroup.id_y = 0;
                workgroup.id_z = workgroup.id_z.wrapping_add(1);
            }
        }
    }

    /// Makes it the workgroup numbered `item`. Divisions are avoided for the
    /// first, which is the one that sequential execution asks for.
    fn put(&self, workgroup: &mut WorkgroupState, item: u32) {
        let (count_x, count_y) = (self.state.workgroup_count_x, self.state.workgroup_count_y);
        let [x, y, z] = place(item, count_x, count_y);
        (workgroup.id_x, workgroup.id_y, workgroup.id_z) = (x, y, z as u16);
    }
}

/// The workgroup numbered `item`.
fn place(item: u32, count_x: u32, count_y: u32) -> [u32; 3] {
    if item == 0 || count_x == 0 || count_y == 0 {
        return [0; 3];
    }
    let (row, x) = (item / count_x, item % count_x);
    [x, row % count_y, row / count_y]
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::function;
    use crate::support::{self, Function};
    use core::ptr;
    use std::vec::Vec;

    pub(crate) fn grid(function: Function, [x, y, z]: [u32; 3], constants: &[u32]) -> Grid {
        let state = DispatchState {
            workgroup_size_x: 1,
            workgroup_size_y: 1,
            workgroup_size_z: 1,
            constant_count: constants.len() as u16,
            workgroup_count_x: x,
            workgroup_count_y: y,
            workgroup_count_z: z as u16,
            max_concurrency: 1,
            binding_count: 0,
            constants: constants.as_ptr(),
            bindings: ptr::null(),
            binding_lengths: ptr::null(),
        };
        static ENVIRONMENT: Shareable = Shareable(Environment {
            constants: ptr::null(),
            import_thunk: None,
            import_functions: ptr::null(),
            import_contexts: ptr::null(),
            processor: [0; 8],
        });
        Grid {
            state,
            code: function.code.unwrap(),
            environment: &ENVIRONMENT.0,
            items: x * y * z,
            local_pages: function.local_pages,
            function: FunctionWord(0),
        }
    }

    struct Shareable(Environment);
    // SAFETY: nothing writes to it.
    unsafe impl Sync for Shareable {}

    /// Runs `items` as `worker` and gives the workgroups that ran.
    fn run(
        grids: &[Grid],
        items: Range<u32>,
        worker: u32,
    ) -> (Result<(), Failure>, Vec<support::Ran>) {
        let total = grids.iter().map(|grid| grid.items).sum();
        // SAFETY: the fake functions touch neither bindings nor local memory.
        let region = unsafe { Region::new(grids, total, 0x1000 as *mut u8, 0x2000) };
        assert_eq!(region.items(), total);
        support::ran();
        (region.run(items, Worker(worker)), support::ran())
    }

    #[test]
    fn any_cut_runs_the_same_workgroups() {
        let first = function!("first", 0, 0, 0, |_| 0);
        let second = function!("second", 0, 0, 1, |_| 0);
        let grids = [
            grid(first, [3, 2, 2], &[]),
            grid(first, [0, 5, 1], &[]),
            grid(second, [2, 1, 3], &[]),
        ];
        let (result, whole) = run(&grids, 0..18, 0);
        assert_eq!((result, whole.len()), (Ok(()), 18));
        assert_eq!(whole[11].id, [2, 1, 1]);
        assert_eq!((whole[12].function, whole[12].id), ("second", [0, 0, 0]));
        assert_eq!(whole[17].id, [1, 0, 2]);
        for cut in 0..=18 {
            let (_, mut parts) = run(&grids, 0..cut, 0);
            parts.extend(run(&grids, cut..18, 0).1);
            assert_eq!(parts, whole, "cut at {cut}");
        }
        assert_eq!(run(&grids, 18..40, 0).1, []);
    }

    /// Gives the items of a list.
    pub(crate) struct Listed<'l>(pub(crate) core::slice::Iter<'l, u32>);

    impl Items for Listed<'_> {
        fn next(&mut self) -> Option<u32> {
            self.0.next().copied()
        }
    }

    fn drain(grids: &[Grid], items: &[u32]) -> (Result<(), Failure>, Vec<support::Ran>) {
        let total = grids.iter().map(|grid| grid.items).sum();
        // SAFETY: the fake functions touch neither bindings nor local memory.
        let region = unsafe { Region::new(grids, total, 0x1000 as *mut u8, 0x2000) };
        support::ran();
        (region.drain(&mut Listed(items.iter()), Worker(0)), support::ran())
    }

    #[test]
    fn items_taken_one_by_one_are_the_same_workgroups() {
        let first = function!("first", 0, 0, 0, |_| 0);
        let second = function!("second", 0, 0, 1, |_| 0);
        let grids = [
            grid(first, [3, 2, 2], &[]),
            grid(first, [0, 5, 1], &[]),
            grid(second, [2, 1, 3], &[]),
            grid(first, [1, 4, 2], &[]),
        ];
        let (_, whole) = run(&grids, 0..26, 0);
        assert_eq!(drain(&grids, &(0..26).collect::<Vec<_>>()), (Ok(()), whole.clone()));
        // Every step and every start that two to nine workers may come to.
        for step in 1..=9 {
            for start in 0..step {
                let taken: Vec<u32> = (start..26).step_by(step as usize).collect();
                let expected: Vec<_> =
                    taken.iter().map(|&item| whole[item as usize].clone()).collect();
                assert_eq!(drain(&grids, &taken), (Ok(()), expected), "{start} by {step}");
            }
        }
        assert_eq!(drain(&grids, &[]).1, []);
        assert_eq!(drain(&grids, &[26, 40]).1, []);
    }

    #[test]
    fn a_failure_of_an_item_taken_names_it() {
        let fails = function!("fails", 1, 0, 0, |call| {
            if call.workgroup.id_x == call.constants()[0] { -2 } else { 0 }
        });
        let constants = [2];
        let grids = [grid(fails, [2, 1, 1], &constants), grid(fails, [4, 1, 1], &constants)];
        let (result, ran) = drain(&grids, &[0, 1, 3, 4, 5]);
        assert_eq!(result, Err(Failure { item: 4, status: -2 }));
        assert_eq!(ran.len(), 4);
    }

    #[test]
    fn each_worker_has_its_own_local_memory() {
        let function = function!("local", 0, 0, 1, |_| 0);
        let (_, ran) = run(&[grid(function, [1, 1, 1], &[])], 0..1, 3);
        assert_eq!((ran[0].processor, ran[0].local_memory), (3, (0x7000, 4096)));
    }

    #[test]
    fn a_failure_names_its_item_in_the_whole_region() {
        let fine = function!("fine", 0, 0, 0, |_| 0);
        let fails = function!("fails", 1, 0, 0, |call| {
            if call.workgroup.id_x == call.constants()[0] { -2 } else { 0 }
        });
        let constants = [1];
        let grids = [grid(fine, [5, 1, 1], &[]), grid(fails, [4, 1, 1], &constants)];
        let (result, ran) = run(&grids, 0..9, 0);
        assert_eq!(result, Err(Failure { item: 6, status: -2 }));
        assert_eq!(ran.len(), 7);
        assert_eq!(run(&grids, 7..9, 0).0, Ok(()));
    }
}
