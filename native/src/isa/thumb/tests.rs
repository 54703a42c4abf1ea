use super::*;
use crate::timing;
use Class::*;

/// Text and encoding as LLVM's assembler and disassembler give them.
const KNOWN: &[(&str, u16, u16, Class)] = &[
    ("add r0, r1", 0x4408, 0, Alu),
    ("movs r0, #1", 0x2001, 0, Alu),
    ("cmp r0, #3", 0x2803, 0, Alu),
    ("adds r2, r3, #1", 0x1c5a, 0, Alu),
    ("muls r0, r1, r0", 0x4348, 0, Multiply),
    ("bx lr", 0x4770, 0, Branch),
    ("blx r3", 0x4798, 0, Branch),
    ("mov pc, r1", 0x468f, 0, Branch),
    ("add r8, r9", 0x44c8, 0, Alu),
    ("cmp r8, r9", 0x45c8, 0, Alu),
    ("ldr r0, [pc, #8]", 0x4802, 0, Load),
    ("str r0, [r1, r2]", 0x5088, 0, StoreIndexed),
    ("ldrsh r0, [r1, r2]", 0x5e88, 0, Load),
    ("ldr r3, [r4, #8]", 0x68a3, 0, Load),
    ("strh r3, [r4, #8]", 0x8123, 0, Store),
    ("ldrb r3, [r4, #8]", 0x7a23, 0, Load),
    ("str r1, [sp, #4]", 0x9101, 0, Store),
    ("ldr r1, [sp, #4]", 0x9901, 0, Load),
    ("add r1, sp, #8", 0xa902, 0, Alu),
    ("add sp, #16", 0xb004, 0, Alu),
    ("cbz r1, label", 0xb141, 0, Branch),
    ("sxth r1, r2", 0xb211, 0, Alu),
    ("push {r4, r5, lr}", 0xb530, 0, StoreMultiple(3)),
    ("pop {r4, r5, pc}", 0xbd30, 0, LoadMultiplePc(3)),
    ("pop {r4}", 0xbc10, 0, LoadMultiple(1)),
    ("cpsid i", 0xb672, 0, Alu),
    ("rev r0, r1", 0xba08, 0, Alu),
    ("bkpt #1", 0xbe01, 0, Alu),
    ("it eq", 0xbf08, 0, Alu),
    ("moveq r0, r1", 0x4608, 0, Alu),
    ("stm r0!, {r1, r2}", 0xc006, 0, StoreMultiple(2)),
    ("ldm r0!, {r1, r2, r3}", 0xc80e, 0, LoadMultiple(3)),
    ("beq label", 0xd0fc, 0, Branch),
    ("svc #1", 0xdf01, 0, Branch),
    ("b label", 0xe7fa, 0, Branch),
    ("push.w {r4, r8, lr}", 0xe92d, 0x4110, StoreMultiple(3)),
    ("pop.w {r4, r8, pc}", 0xe8bd, 0x8110, LoadMultiplePc(3)),
    ("ldmdb r0, {r1, r2}", 0xe910, 0x0006, LoadMultiple(2)),
    ("ldrd r0, r1, [r2, #8]", 0xe9d2, 0x0102, LoadMultiple(2)),
    ("strd r0, r1, [r2, #8]!", 0xe9e2, 0x0102, StoreMultiple(2)),
    ("ldrex r0, [r1]", 0xe851, 0x0f00, Load),
    ("strex r0, r1, [r2]", 0xe842, 0x1000, Load),
    ("tbb [pc, r0]", 0xe8df, 0xf000, TableBranch),
    ("tbh [pc, r0, lsl #1]", 0xe8df, 0xf010, TableBranch),
    ("add.w r0, r1, r2, lsl #2", 0xeb01, 0x0082, Alu),
    ("cmp.w r1, r2, lsl #3", 0xebb1, 0x0fc2, Alu),
    ("movw r0, #1234", 0xf240, 0x40d2, Alu),
    ("add.w r0, r1, #256", 0xf501, 0x7080, Alu),
    ("cmp.w r0, #256", 0xf5b0, 0x7f80, Alu),
    ("ubfx r0, r1, #3, #4", 0xf3c1, 0x00c3, Alu),
    ("bl label", 0xf7ff, 0xffdb, BranchLink),
    ("b.w label", 0xf7ff, 0xbfd9, Branch),
    ("beq.w label", 0xf43f, 0xafd7, Branch),
    ("msr primask, r0", 0xf380, 0x8810, Special),
    ("mrs r3, primask", 0xf3ef, 0x8310, Special),
    ("dmb sy", 0xf3bf, 0x8f5f, Barrier),
    ("dsb sy", 0xf3bf, 0x8f4f, Barrier),
    ("isb sy", 0xf3bf, 0x8f6f, Barrier),
    ("nop.w", 0xf3af, 0x8000, Alu),
    ("str.w r0, [r1, #256]", 0xf8c1, 0x0100, Store),
    ("str.w r0, [r1, r8, lsl #2]", 0xf841, 0x0028, StoreIndexed),
    ("str r0, [r1, #-4]!", 0xf841, 0x0d04, Store),
    ("ldr.w r0, [r1, #256]", 0xf8d1, 0x0100, Load),
    ("ldr.w r0, [r1, r8, lsl #2]", 0xf851, 0x0028, Load),
    ("ldrsb r0, [r1, #-4]", 0xf911, 0x0c04, Load),
    ("ldr.w pc, [r1, r2, lsl #2]", 0xf851, 0xf022, LoadPc),
    ("ldr.w r9, [pc, #16]", 0xf8df, 0x9010, Load),
    ("pld [r0]", 0xf890, 0xf000, Alu),
    ("lsl.w r0, r1, r2", 0xfa01, 0xf002, Alu),
    ("sxtab r0, r1, r2", 0xfa41, 0xf082, Alu),
    ("mul r0, r1, r8", 0xfb01, 0xf008, Multiply),
    ("mla r0, r1, r2, r3", 0xfb01, 0x3002, MultiplyAccumulate),
    ("mls r0, r1, r2, r3", 0xfb01, 0x3012, MultiplyAccumulate),
    ("smlad r0, r1, r2, r3", 0xfb21, 0x3002, MultiplyAccumulate),
    ("smuad r0, r1, r2", 0xfb21, 0xf002, Multiply),
    ("smmul r0, r1, r2", 0xfb51, 0xf002, Multiply),
    ("smull r0, r1, r2, r3", 0xfb82, 0x0103, MultiplyLong),
    ("umull r0, r1, r2, r3", 0xfba2, 0x0103, MultiplyLong),
    ("smlal r0, r1, r2, r3", 0xfbc2, 0x0103, MultiplyLongAccumulate),
    ("umaal r0, r1, r2, r3", 0xfbe2, 0x0163, MultiplyLongAccumulate),
    ("sdiv r0, r1, r2", 0xfb91, 0xf0f2, Divide),
    ("udiv r0, r1, r2", 0xfbb1, 0xf0f2, Divide),
    ("vadd.f32 s0, s1, s2", 0xee30, 0x0a81, Float),
    ("vmul.f32 s0, s1, s2", 0xee20, 0x0a81, Float),
    ("vmla.f32 s0, s1, s2", 0xee00, 0x0a81, FloatMultiplyAccumulate),
    ("vnmls.f32 s0, s1, s2", 0xee10, 0x0a81, FloatMultiplyAccumulate),
    ("vfma.f32 s0, s1, s2", 0xeea0, 0x0a81, FloatMultiplyAccumulate),
    ("vfnma.f32 s0, s1, s2", 0xee90, 0x0ac1, FloatMultiplyAccumulate),
    ("vdiv.f32 s0, s1, s2", 0xee80, 0x0a81, FloatDivide),
    ("vsqrt.f32 s0, s1", 0xeeb1, 0x0ae0, FloatDivide),
    ("vcvt.s32.f32 s0, s1", 0xeebd, 0x0ae0, Float),
    ("vabs.f32 s0, s1", 0xeeb0, 0x0ae0, Float),
    ("vcmp.f32 s0, s1", 0xeeb4, 0x0a60, Float),
    ("vmrs APSR_nzcv, fpscr", 0xeef1, 0xfa10, Float),
    ("vmov s0, r1", 0xee00, 0x1a10, FloatTransfer),
    ("vmov r1, s1", 0xee10, 0x1a90, FloatTransfer),
    ("vmov.32 d0[1], r1", 0xee20, 0x1b10, Float),
    ("vmsr fpscr, r1", 0xeee1, 0x1a10, Float),
    ("vmov s0, s1, r1, r2", 0xec42, 0x1a10, FloatTransfer),
    ("vmov d0, r1, r2", 0xec42, 0x1b10, FloatTransfer),
    ("vldr s0, [r1, #4]", 0xed91, 0x0a01, FloatMemory(1)),
    ("vstr d0, [r1, #8]", 0xed81, 0x0b02, FloatMemory(2)),
    ("vldmia r0!, {s0, s1, s2, s3}", 0xecb0, 0x0a04, FloatMemory(4)),
    ("vstmdb r0!, {d0, d1, d2, d3}", 0xed20, 0x0b08, FloatMemory(8)),
    ("vpush {d8, d9}", 0xed2d, 0x8b04, FloatMemory(4)),
];

fn decode(first: u16, second: u16) -> Instruction {
    if length(first) == 2 { decode16(first) } else { decode32(first, second) }
}

#[test]
fn known_instructions_have_their_class() {
    for &(text, first, second, class) in KNOWN {
        assert_eq!(length(first) == 4, second != 0, "length of {text}");
        assert_eq!(decode(first, second).class, class, "{text}");
    }
}

#[test]
fn registers_of_loads_and_arithmetic_are_seen() {
    // ldr.w r0, [r1, r8, lsl #2]
    let load = decode(0xf851, 0x0028);
    assert_eq!((load.address, load.writes), (1 << 1 | 1 << 8, 1));
    // add r8, r9
    assert_eq!(decode(0x44c8, 0).writes, 1 << 8);
    // cmp.w r0, #256 writes nothing
    assert_eq!(decode(0xf5b0, 0x7f80).writes, 0);
    // pop {r4, r5, pc}
    assert_eq!(decode(0xbd30, 0).writes, 1 << 4 | 1 << 5 | 1 << 15);
}

/// The half words of a program as bytes.
fn bytes(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn cycles(core: &str, words: &[u16]) -> (u32, u32) {
    let cost = measure(&bytes(words), timing::table(core));
    (cost.cycles, cost.taken)
}

/// The pairs that the Cortex-M4 manual gives in 3.3.2.
#[test]
fn neighbouring_loads_and_stores_overlap() {
    let ldr_r0_r1 = 0x6808;
    let ldr_r1_r2 = 0x6811;
    let ldr_r0_r1_r2 = 0x5888;
    let str_r0_r3_20 = 0x6158;
    let str_r1_r3_r2 = 0x5099;
    let ldr_r1_r0 = 0x6801;
    assert_eq!(cycles("cortex-m4", &[ldr_r0_r1, ldr_r1_r2]).0, 3);
    assert_eq!(cycles("cortex-m4", &[ldr_r0_r1_r2, str_r0_r3_20]).0, 3);
    assert_eq!(cycles("cortex-m4", &[ldr_r0_r1_r2, str_r1_r3_r2]).0, 3);
    // The second address needs the first load's result: no overlap.
    assert_eq!(cycles("cortex-m4", &[ldr_r0_r1, ldr_r1_r0]).0, 4);
    // Nothing overlaps after a store.
    assert_eq!(cycles("cortex-m4", &[str_r0_r3_20, ldr_r1_r2]).0, 3);
    // The M0+ overlaps nothing.
    assert_eq!(cycles("cortex-m0plus", &[ldr_r0_r1, ldr_r1_r2]).0, 4);
}

#[test]
fn an_address_just_computed_is_waited_for() {
    // adds r1, r1, #4; ldr r0, [r1]
    assert_eq!(cycles("cortex-m4", &[0x1d09, 0x6808]).0, 4);
    // adds r2, r2, #4; ldr r0, [r1]
    assert_eq!(cycles("cortex-m4", &[0x1d12, 0x6808]).0, 3);
}

#[test]
fn branches_cost_a_refill_when_taken() {
    assert_eq!(cycles("cortex-m4", &[0xd0fc]), (1, 1)); // beq
    assert_eq!(cycles("cortex-m4", &[0xbd30]), (4, 3)); // pop {r4, r5, pc}
    assert_eq!(cycles("cortex-m4", &[0xf851, 0xf022]), (2, 3)); // ldr pc: 5 in all
    assert_eq!(cycles("cortex-m4", &[0xe8df, 0xf000]), (3, 3)); // tbb: 6 in all
    assert_eq!(cycles("cortex-m0plus", &[0xf7ff, 0xffdb]), (2, 1)); // bl: 3 in all
    assert_eq!(cycles("cortex-m0", &[0xd0fc]), (1, 2)); // beq: 3 taken
    assert_eq!(cycles("cortex-m7", &[0xd0fc]), (1, 0)); // no table: one each
}

/// DDI 0484, table 3-1.
#[test]
fn the_m0_plus_costs_what_its_manual_says() {
    let m0_plus = |words: &[u16]| cycles("cortex-m0plus", words);
    assert_eq!(m0_plus(&[0x4348]), (1, 0)); // muls
    assert_eq!(m0_plus(&[0x6808]), (2, 0)); // ldr r0, [r1]
    assert_eq!(m0_plus(&[0x5088]), (2, 0)); // str r0, [r1, r2]
    assert_eq!(m0_plus(&[0xc80e]), (4, 0)); // ldm r0!, {r1, r2, r3}
    assert_eq!(m0_plus(&[0xb530]), (4, 0)); // push {r4, r5, lr}
    assert_eq!(m0_plus(&[0xbd30]), (4, 2)); // pop {r4, r5, pc}: 6 in all
    assert_eq!(m0_plus(&[0xd0fc]), (1, 1)); // beq: 2 when taken
    assert_eq!(m0_plus(&[0x4770]), (1, 1)); // bx lr
    assert_eq!(m0_plus(&[0x4798]), (1, 1)); // blx r3
    assert_eq!(m0_plus(&[0x468f]), (1, 1)); // mov pc, r1
    assert_eq!(m0_plus(&[0xb672]), (1, 0)); // cpsid i
    assert_eq!(m0_plus(&[0xf3ef, 0x8310]), (3, 0)); // mrs r3, primask
    assert_eq!(m0_plus(&[0xf3bf, 0x8f5f]), (3, 0)); // dmb
}

#[test]
fn arithmetic_costs_what_the_manual_says() {
    assert_eq!(cycles("cortex-m4", &[0xfb01, 0x3002]).0, 1); // mla
    // DDI 0337, 3.3: on a Cortex-M3 what takes a range counts as its least.
    assert_eq!(cycles("cortex-m3", &[0xfb01, 0x3002]).0, 2);
    assert_eq!(cycles("cortex-m3", &[0xfba2, 0x0103]).0, 3); // umull, 3 to 5
    assert_eq!(cycles("cortex-m3", &[0xfbe2, 0x0103]).0, 4); // umlal, 4 to 7
    assert_eq!(cycles("cortex-m3", &[0xfbb1, 0xf0f2]).0, 2); // udiv, 2 to 12
    assert_eq!(cycles("cortex-m4", &[0xfba2, 0x0103]).0, 1);
    assert_eq!(cycles("cortex-m4", &[0xfb91, 0xf0f2]).0, 2); // sdiv, least
    assert_eq!(cycles("cortex-m4", &[0xee80, 0x0a81]).0, 14); // vdiv.f32
    assert_eq!(cycles("cortex-m4", &[0xee00, 0x0a81]).0, 3); // vmla.f32
    assert_eq!(cycles("cortex-m4", &[0xecb0, 0x0a04]).0, 5); // vldmia {s0-s3}
    assert_eq!(cycles("cortex-m4", &[0xed91, 0x0b01]).0, 3); // vldr d0, [r1, #4]
    assert_eq!(cycles("cortex-m4", &[0xee00, 0x1a10]).0, 2); // vmov s0, r1
    assert_eq!(cycles("cortex-m4", &[0xec42, 0x1a10]).0, 2); // vmov s0, s1, r1, r2
    assert_eq!(cycles("cortex-m4", &[0xee20, 0x1b10]).0, 1); // vmov.32 d0[1], r1
    assert_eq!(cycles("cortex-m4", &[0xeef1, 0xfa10]).0, 1); // vmrs APSR_nzcv, fpscr
    assert_eq!(cycles("cortex-m4", &[0xee30, 0x0a81]).0, 1); // vadd.f32
    assert_eq!(cycles("cortex-m4", &[0xeebd, 0x0ae0]).0, 1); // vcvt.s32.f32
}

#[test]
fn floating_point_is_noticed() {
    let table = timing::table("cortex-m4");
    assert_eq!(measure(&bytes(&[0x4408, 0xee30, 0x0a81]), table).floating_point, Some(2));
    assert_eq!(measure(&bytes(&[0x4408, 0xfb01, 0x3002]), table).floating_point, None);
}
