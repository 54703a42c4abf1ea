//! What cores wait for: rules from Python, waits to it.

use super::{Board, IMPOSSIBLE, UNKNOWN, caught, checked};
use crate::hooks;
use crate::waits::cache::Geometry;
use crate::waits::{Rules, Stripes, Waited, Waits};

/// How a memory is read: [`Rules`].
#[repr(C)]
pub struct MemoryRecord {
    /// Its first address.
    pub base: u32,
    /// Its bytes.
    pub length: u32,
    /// Cycles beyond the first that an access to it takes.
    pub wait_states: u32,
    /// Bytes that a read of code gives.
    pub width: u32,
    /// 1 when the next ones are read while these are used.
    pub prefetch: u32,
    /// 1 when cores can write to it.
    pub writable: u32,
    /// 1 when the cache for code is for data too.
    pub unified: u32,
    /// The cache for code; of size 0, none.
    pub code: Geometry,
    /// The cache for data; of size 0, none.
    pub data: Geometry,
    /// How many `stripes` there are.
    pub stripe_count: u32,
    /// Its banks, from its start on.
    pub stripes: *const Stripes,
}

impl MemoryRecord {
    /// # Safety
    /// `stripes` points to as many as it says.
    unsafe fn rules(&self) -> Rules {
        let cache = |geometry: Geometry| (geometry.size > 0).then_some(geometry);
        // SAFETY: by this function's contract.
        let stripes =
            unsafe { std::slice::from_raw_parts(self.stripes, self.stripe_count as usize) };
        Rules {
            base: self.base,
            length: self.length,
            wait_states: self.wait_states,
            width: self.width,
            prefetch: self.prefetch != 0,
            writable: self.writable != 0,
            code: cache(self.code),
            data: cache(self.data),
            unified: self.unified != 0,
            stripes: stripes.to_vec(),
        }
    }
}

/// Makes cores wait for memories, which are numbered in order.
///
/// # Safety
/// `board` is alive, and nothing is mapped yet; `memories` points to `count` records,
/// which with what they point to are valid during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_wait_for(
    board: *mut Board,
    memories: *const MemoryRecord,
    count: u32,
) -> i32 {
    caught(|| {
        // SAFETY: by this function's contract.
        let memories = unsafe { std::slice::from_raw_parts(memories, count as usize) };
        let mut waits = Waits::default();
        for memory in memories {
            // SAFETY: by this function's contract.
            if waits.add(unsafe { memory.rules() }).is_none() {
                return IMPOSSIBLE;
            }
        }
        // SAFETY: by this function's contract; the board stays where it is.
        unsafe {
            let machine = &mut (*board).machine;
            machine.wait_for(waits);
            checked(hooks::wait(&raw mut (*board).machine))
        }
    })
}

/// What `core` waited for `memory` so far.
///
/// # Safety
/// `board` is alive; `waited` can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_waited(
    board: *mut Board,
    core: u32,
    memory: u32,
    waited: *mut Waited,
) -> i32 {
    caught(|| {
        // SAFETY: by this function's contract.
        let (machine, waited) = unsafe { (&(*board).machine, &mut *waited) };
        let waits = machine.waits.as_ref();
        let found = waits.and_then(|waits| waits.waited(core as usize, memory as usize));
        let Some(found) = found else { return UNKNOWN };
        *waited = found;
        0
    })
}
