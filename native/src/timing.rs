//! Cycle tables of cores, from their makers' manuals.
//!
//! A table gives the least cycles an instruction takes with memory that has
//! no wait states; operand-dependent times (division) count as their least.
//! So a sum over a program is a floor, and an estimate, never a measurement.

use crate::isa::thumb::{Class, Instruction};

/// The cycles of one core.
#[derive(Debug)]
pub struct Timing {
    /// The core, as boards name it.
    pub core: &'static str,
    /// Where the figures are from.
    pub source: &'static str,
    /// Every instruction takes one cycle: the maker publishes no table.
    flat: bool,
    multiply: u32,
    multiply_accumulate: u32,
    multiply_long: u32,
    multiply_long_accumulate: u32,
    divide: u32,
    /// One load, and one store with a register offset.
    load: u32,
    /// One store with an immediate offset.
    store: u32,
    /// Neighbouring loads and stores overlap, and an address that was just
    /// computed is waited for (Cortex-M4 manual, 3.3.2).
    pipelined: bool,
    special: u32,
    barrier: u32,
    /// BL beside what a branch takes.
    link: u32,
    /// Refill of the pipeline after a taken branch.
    refill: u32,
    /// Refill when the PC came from memory.
    refill_loaded: u32,
}

/// Cores with no published table: instructions stand for cycles.
pub const UNIT: Timing = Timing {
    core: "unit",
    source: "one cycle an instruction: no table is published for this core",
    flat: true,
    multiply: 1,
    multiply_accumulate: 1,
    multiply_long: 1,
    multiply_long_accumulate: 1,
    divide: 1,
    load: 1,
    store: 1,
    pipelined: false,
    special: 1,
    barrier: 1,
    link: 0,
    refill: 0,
    refill_loaded: 0,
};

const TABLES: [Timing; 4] = [
    Timing {
        core: "cortex-m0",
        source: "Arm Cortex-M0 Technical Reference Manual (DDI 0432), 3.3, fast multiplier",
        load: 2,
        store: 2,
        special: 4,
        barrier: 4,
        link: 1,
        refill: 2,
        refill_loaded: 3,
        flat: false,
        ..UNIT
    },
    Timing {
        core: "cortex-m0plus",
        source: "Arm Cortex-M0+ Technical Reference Manual (DDI 0484), 3.3, fast multiplier",
        load: 2,
        store: 2,
        special: 3,
        barrier: 3,
        link: 1,
        refill: 1,
        refill_loaded: 2,
        flat: false,
        ..UNIT
    },
    Timing {
        core: "cortex-m3",
        source: "Arm Cortex-M3 Technical Reference Manual (DDI 0337), 3.3",
        multiply_accumulate: 2,
        multiply_long: 3,
        multiply_long_accumulate: 4,
        divide: 2,
        load: 2,
        pipelined: true,
        refill: 1,
        refill_loaded: 3,
        flat: false,
        ..UNIT
    },
    Timing {
        core: "cortex-m4",
        source: "Arm Cortex-M4 Technical Reference Manual (100166), 3.3 and 7.2.3",
        divide: 2,
        load: 2,
        pipelined: true,
        refill: 1,
        refill_loaded: 3,
        flat: false,
        ..UNIT
    },
];

/// The table of a core; [`UNIT`] where none is published.
pub fn table(core: &str) -> &'static Timing {
    TABLES.iter().find(|table| table.core == core).unwrap_or(&UNIT)
}

/// What the timing of an instruction takes from the one before it.
#[derive(Default)]
pub struct Pipeline {
    /// The last one was a single load.
    after_load: bool,
    /// Core registers that the last load wrote.
    loaded: u16,
    /// Core registers that the last data processing wrote.
    computed: u16,
}

impl Timing {
    /// Cycles of an instruction that falls through.
    pub fn cycles(&self, instruction: &Instruction, pipeline: &mut Pipeline) -> u32 {
        if self.flat {
            return 1;
        }
        let overlaps =
            self.pipelined && pipeline.after_load && instruction.address & pipeline.loaded == 0;
        let waits = self.pipelined && instruction.address & pipeline.computed != 0;
        let class = instruction.class;
        *pipeline = Pipeline {
            after_load: class == Class::Load,
            loaded: if class == Class::Load { instruction.writes } else { 0 },
            computed: if class.is_data_processing() { instruction.writes } else { 0 },
        };
        let cycles = match class {
            Class::Alu | Class::Branch | Class::Float => 1,
            Class::Multiply => self.multiply,
            Class::MultiplyAccumulate => self.multiply_accumulate,
            Class::MultiplyLong => self.multiply_long,
            Class::MultiplyLongAccumulate => self.multiply_long_accumulate,
            Class::Divide => self.divide,
            Class::Load | Class::StoreIndexed => self.load - u32::from(overlaps),
            Class::LoadPc => self.load,
            Class::Store => self.store,
            Class::LoadMultiple(words)
            | Class::LoadMultiplePc(words)
            | Class::StoreMultiple(words)
            | Class::FloatMemory(words) => 1 + u32::from(words),
            Class::BranchLink => 1 + self.link,
            Class::TableBranch => self.load + 1,
            Class::Special => self.special,
            Class::Barrier => self.barrier,
            Class::FloatMultiplyAccumulate => 3,
            Class::FloatDivide => 14,
            Class::FloatTransfer => 2,
        };
        cycles + u32::from(waits)
    }

    /// Cycles to add when control goes elsewhere after the instruction.
    pub fn taken(&self, class: Class) -> u32 {
        match class {
            Class::Branch | Class::BranchLink => self.refill,
            Class::LoadPc | Class::LoadMultiplePc(_) | Class::TableBranch => self.refill_loaded,
            _ => 0,
        }
    }
}
