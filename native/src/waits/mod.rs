//! What memories make cores wait for: wait states, caches, each other.
//!
//! Off by default; on, it adds cycles and never instructions. Code is fetched
//! by words of 32 bits, those of a block when the block begins; data is read and
//! written by the engine's hooks, access by access. Each word that a memory does not
//! have at hand holds the core up for its wait states: nothing but a prefetch
//! overlaps with execution. What cores make each other wait is in [`contention`].

pub mod cache;
pub mod contention;

use cache::{Cache, Geometry};
use contention::Traffic;

/// Bytes that a core fetches at once.
const WORD: u32 = 4;

/// Parts of a cycle that waits for other cores are kept in.
const UNIT: u64 = 1 << 16;

/// So many banks in turns of some bytes, one after the other in a memory.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stripes {
    /// Bytes of all of them together.
    pub length: u32,
    /// How many they are.
    pub banks: u32,
    /// Bytes in a row that are of one bank.
    pub stripe: u32,
}

/// How a memory is read.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Its first address.
    pub base: u32,
    /// Its bytes.
    pub length: u32,
    /// Cycles beyond the first that an access to it takes.
    pub wait_states: u32,
    /// Bytes that a read of code gives, which stay at hand until the next one.
    pub width: u32,
    /// While these are used, the next ones are read.
    pub prefetch: bool,
    /// Cores can write to it.
    pub writable: bool,
    /// The cache for code.
    pub code: Option<Geometry>,
    /// The cache for data.
    pub data: Option<Geometry>,
    /// The one for code is for data too.
    pub unified: bool,
    /// Its banks, from its start on.
    pub stripes: Vec<Stripes>,
}

impl Rules {
    fn is_possible(&self) -> bool {
        let caches = self.code.iter().chain(&self.data).all(Geometry::is_possible);
        let covered = self.stripes.iter().map(|part| u64::from(part.length)).sum::<u64>();
        let parts = self.stripes.iter().all(|part| part.banks > 0 && part.stripe >= WORD);
        let width = self.width >= WORD && self.width.is_power_of_two();
        let length = u64::from(self.length);
        caches && parts && width && length > 0 && covered == length
    }

    fn banks(&self) -> usize {
        self.stripes.iter().map(|part| part.banks as usize).sum()
    }

    fn holds(&self, address: u32) -> bool {
        address.wrapping_sub(self.base) < self.length
    }
}

/// A memory and where its caches and banks are among all.
#[derive(Debug)]
struct Memory {
    rules: Rules,
    code: Option<usize>,
    data: Option<usize>,
    first_bank: usize,
}

impl Memory {
    /// The bank of an address that it holds.
    fn bank(&self, address: u32) -> usize {
        let (mut offset, mut first) = (address.wrapping_sub(self.rules.base), self.first_bank);
        for part in &self.rules.stripes {
            if offset < part.length {
                return first + (offset / part.stripe % part.banks) as usize;
            }
            offset -= part.length;
            first += part.banks as usize;
        }
        self.first_bank
    }
}

/// Cycles that a core waited for one memory.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waited {
    /// By its wait states.
    pub states: u64,
    /// For other cores.
    pub contention: u64,
}

/// A core's way to one memory.
#[derive(Debug, Default)]
struct Path {
    /// The code that its last read gave, by its first address.
    at_hand: Option<u32>,
    /// The core's cycle at which that was there.
    since: u64,
    /// Where the last block ended.
    next: u32,
    /// Waited for other cores, but not counted yet, in [`UNIT`]s of a cycle.
    owed: u64,
    waited: Waited,
}

/// One core, as memories see it.
#[derive(Debug)]
struct Lane {
    clock_hz: u64,
    /// There are other cores.
    contends: bool,
    paths: Vec<Path>,
    traffic: Traffic,
    /// By bank: what an access waits for other cores, in [`UNIT`]s of a cycle.
    delays: Vec<u64>,
}

impl Lane {
    /// An access to `address` in a memory, whose bank is taken for a cycle and `states`
    /// more; all that it waits.
    fn wait(&mut self, index: usize, memory: &Memory, address: u32, states: u64) -> u64 {
        let Some(path) = self.paths.get_mut(index) else { return states };
        path.waited.states += states;
        if !self.contends {
            return states;
        }
        let bank = memory.bank(address);
        path.owed += self.delays.get(bank).copied().unwrap_or(0);
        let contention = path.owed / UNIT;
        path.owed %= UNIT;
        path.waited.contention += contention;
        self.traffic.add(bank, 1 + states, contention);
        states + contention
    }
}

/// The memories of a board as its cores wait for them.
#[derive(Debug, Default)]
pub struct Waits {
    memories: Vec<Memory>,
    caches: Vec<Cache>,
    lanes: Vec<Lane>,
    banks: usize,
}

impl Waits {
    /// Adds a memory; gives its index, or `None` when there can be no such one.
    pub fn add(&mut self, rules: Rules) -> Option<usize> {
        if !rules.is_possible() {
            return None;
        }
        let mut place = |geometry: Option<Geometry>| {
            self.caches.push(Cache::new(geometry?)?);
            Some(self.caches.len() - 1)
        };
        let code = place(rules.code);
        let data = if rules.unified { code } else { place(rules.data) };
        let first_bank = self.banks;
        self.banks += rules.banks();
        self.memories.push(Memory { rules, code, data, first_bank });
        Some(self.memories.len() - 1)
    }

    /// All memories are there: cores of these clocks use them.
    pub fn start(&mut self, clocks_hz: impl Iterator<Item = u64>) {
        let (memories, banks) = (self.memories.len(), self.banks);
        let clocks_hz: Vec<u64> = clocks_hz.collect();
        let contends = clocks_hz.len() > 1;
        let lane = |clock_hz| Lane {
            clock_hz,
            contends,
            paths: (0..memories).map(|_| Path::default()).collect(),
            traffic: Traffic::new(banks),
            delays: vec![0; banks],
        };
        self.lanes = clocks_hz.into_iter().map(lane).collect();
    }

    /// Where loads, or with `stores` stores, have to be looked at: first and last
    /// address of each range.
    pub fn watched(&self, stores: bool) -> impl Iterator<Item = (u32, u32)> {
        let several = self.lanes.len() > 1;
        self.memories.iter().filter_map(move |memory| {
            let Rules { base, length, wait_states, writable, .. } = memory.rules;
            let costs = several || wait_states > 0;
            let wanted = costs && (writable || !stores);
            wanted.then(|| (base, base.wrapping_add(length - 1)))
        })
    }

    fn find(&self, address: u32) -> Option<usize> {
        self.memories.iter().position(|memory| memory.rules.holds(address))
    }

    /// Fetches `size` bytes of code, which then take `cycles`; what the core waits.
    /// `now` is the core's cycle, sleep left out.
    pub fn fetch(&mut self, core: usize, address: u32, size: u32, cycles: u32, now: u64) -> u64 {
        if let Some(lane) = self.lanes.get_mut(core)
            && lane.contends
        {
            lane.traffic.advance(now);
        }
        let Some(index) = self.find(address) else { return 0 };
        let Waits { memories, caches, lanes, .. } = self;
        let Some((memory, lane)) = memories.get(index).zip(lanes.get_mut(core)) else { return 0 };
        let end = address.wrapping_add(size);
        let Some(path) = lane.paths.get_mut(index) else { return 0 };
        // The rest of the word that the block before ended in came with it.
        let goes_on = path.next == address && address % WORD != 0;
        path.next = end;
        let mut word = address & !(WORD - 1);
        if goes_on {
            word = word.wrapping_add(WORD);
        }
        let mut waited = 0;
        while word < end {
            let mut at = now + waited;
            if memory.rules.prefetch {
                let before = word.saturating_sub(address);
                at += u64::from(cycles) * u64::from(before) / u64::from(size.max(1));
            }
            let states = fetch_word(memory, caches, lane, index, word, at);
            waited += lane.wait(index, memory, word, states);
            word = word.wrapping_add(WORD);
        }
        waited
    }

    /// Reads or writes `size` bytes of data; what the core waits.
    pub fn access(&mut self, core: usize, address: u32, size: u32, store: bool) -> u64 {
        let Some(index) = self.find(address) else { return 0 };
        let Waits { memories, caches, lanes, .. } = self;
        let Some((memory, lane)) = memories.get(index).zip(lanes.get_mut(core)) else { return 0 };
        let end = address.wrapping_add(size);
        let (mut word, mut waited) = (address & !(WORD - 1), 0);
        while word < end {
            let cache = memory.data.filter(|_| !store).and_then(|at| caches.get_mut(at));
            let held = cache.is_some_and(|cache| cache.read(word));
            let states = if held { 0 } else { u64::from(memory.rules.wait_states) };
            waited += lane.wait(index, memory, word, states);
            word = word.wrapping_add(WORD);
        }
        waited
    }

    /// It is the turn of `core` while `others` run.
    pub fn meet(&mut self, core: usize, others: impl Iterator<Item = usize>) {
        let others: Vec<usize> = others.collect();
        let Some(lane) = self.lanes.get(core) else { return };
        let delay = |bank| {
            let own = lane.traffic.rates(bank);
            let waits = others.iter().filter_map(|&other| self.lanes.get(other)).map(|other| {
                let scale = lane.clock_hz as f64 / other.clock_hz.max(1) as f64;
                own.wait(&other.traffic.rates(bank), scale)
            });
            (waits.sum::<f64>() * UNIT as f64) as u64
        };
        let delays = (0..self.banks).map(delay).collect();
        if let Some(lane) = self.lanes.get_mut(core) {
            lane.delays = delays;
        }
    }

    /// What `core` waited for a memory.
    pub fn waited(&self, core: usize, memory: usize) -> Option<Waited> {
        self.lanes.get(core)?.paths.get(memory).map(|path| path.waited)
    }

    /// The board was reset: nothing is at hand any more.
    pub fn reset(&mut self) {
        self.caches.iter_mut().for_each(Cache::flush);
        for lane in &mut self.lanes {
            lane.delays.fill(0);
            lane.paths.iter_mut().for_each(|path| path.at_hand = None);
        }
    }
}

/// Wait states of fetching a word at the core's cycle `now`.
fn fetch_word(
    memory: &Memory,
    caches: &mut [Cache],
    lane: &mut Lane,
    index: usize,
    word: u32,
    now: u64,
) -> u64 {
    let Rules { width, prefetch, wait_states, .. } = memory.rules;
    let Some(path) = lane.paths.get_mut(index) else { return 0 };
    let wanted = word & !(width - 1);
    // A single word is not kept: after a branch to it, it is read again.
    if width > WORD && path.at_hand == Some(wanted) {
        return 0;
    }
    let mut cache = memory.code.and_then(|at| caches.get_mut(at));
    let next = path.at_hand.map(|at| at.wrapping_add(width));
    let states = if cache.as_mut().is_some_and(|cache| cache.read_only(word)) {
        0
    } else if prefetch && next == Some(wanted) {
        // It was begun when the last one came, and does not go into the cache.
        (u64::from(wait_states) + 1).saturating_sub(now.saturating_sub(path.since))
    } else {
        if let Some(cache) = cache {
            cache.read(word);
        }
        u64::from(wait_states)
    };
    path.at_hand = Some(wanted);
    path.since = now + states;
    states
}

#[cfg(test)]
mod tests;
