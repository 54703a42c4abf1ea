//! The memory protection unit: takes accesses away that a board leaves open.
//!
//! On most chips nothing lies below RAM, where a stack that overflows goes,
//! and flash refuses writes: the bus faults. Where it does not, a core with an
//! MPU can (Armv7-M Architecture Reference Manual, B3.5, and Armv8-M's).

use crate::registers::Registers;

const MPU: usize = 0xE000_ED90;
const TYPE: usize = 0x00;
const CTRL: usize = 0x04;
const RNR: usize = 0x08;
const RBAR: usize = 0x0C;
/// RLAR in Armv8-M.
const RASR: usize = 0x10;

const TYPE_REGIONS: u32 = 0xFF << 8;
/// On, but not in fault handlers; what no region is about is as without it.
const CTRL_ON: u32 = 1 | 1 << 2;
const REGION_ON: u32 = 1;

/// A range of 2 to the power of `bits` bytes, at a multiple of its length.
#[derive(Clone, Copy)]
pub struct Block {
    /// Its first address.
    pub base: u32,
    /// Its length, as a power of 2.
    pub bits: u32,
}

/// Lets nothing write to `constant` and nothing touch `forbidden`, if the core
/// has an MPU.
#[cfg(not(armv8_m))]
pub fn protect(constant: Block, forbidden: Block) {
    /// Never executed.
    const XN: u32 = 1 << 28;
    const READ_ONLY: u32 = 6 << 24;
    /// Normal memory, written through.
    const NORMAL: u32 = 1 << 17;

    let mpu = mpu();
    if mpu.read(TYPE) & TYPE_REGIONS == 0 {
        return;
    }
    let regions = [(constant, READ_ONLY | NORMAL), (forbidden, XN)];
    for ((block, access), number) in regions.into_iter().zip(0..) {
        mpu.write(RNR, number);
        mpu.write(RBAR, block.base);
        mpu.write(RASR, access | (block.bits - 1) << 1 | REGION_ON);
    }
    enable(mpu);
}

/// Lets nothing write to `constant`, if the core has an MPU.
///
/// That of Armv8-M takes nothing else away from privileged code; the limit of
/// the stack is a register there.
#[cfg(armv8_m)]
pub fn protect(constant: Block) {
    const MAIR0: usize = 0x30;
    /// Normal memory, not cached.
    const NORMAL: u32 = 0x44;
    const READ_ONLY: u32 = 2 << 1;
    /// The upper bits of a region's last address; the lower five are ones.
    const LIMIT: u32 = !0x1F;

    let mpu = mpu();
    if mpu.read(TYPE) & TYPE_REGIONS == 0 {
        return;
    }
    mpu.write(MAIR0, NORMAL);
    mpu.write(RNR, 0);
    mpu.write(RBAR, constant.base | READ_ONLY);
    mpu.write(RASR, (constant.base + ((1 << constant.bits) - 1)) & LIMIT | REGION_ON);
    enable(mpu);
}

fn mpu() -> Registers {
    // SAFETY: every core of Armv7-M and Armv8-M has its type register, which
    // says whether there are the others; used here alone.
    unsafe { Registers::at(MPU) }
}

fn enable(mpu: Registers) {
    mpu.write(CTRL, CTRL_ON);
    // SAFETY: what comes next is held against the regions.
    unsafe { core::arch::asm!("dsb", "isb", options(nostack, preserves_flags)) };
}
