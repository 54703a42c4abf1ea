//! The names that LLVM calls, before `compiler_builtins`' weak ones.
//!
//! Floats are passed as their bits: without an FPU both are in the same
//! registers (AAPCS, base standard; RISC-V ELF psABI, integer calling
//! convention).

use crate::{SIGN, arithmetic, select};

#[cfg(target_arch = "arm")]
unsafe extern "C" {
    fn __addsf3(a: u32, b: u32) -> u32;
    fn __mulsf3(a: u32, b: u32) -> u32;
}

#[cfg(target_arch = "arm")]
#[unsafe(no_mangle)]
extern "C" fn __aeabi_fadd(a: u32, b: u32) -> u32 {
    // SAFETY: it is `compiler_builtins`'.
    arithmetic::add(a, b).unwrap_or_else(|| unsafe { __addsf3(a, b) })
}

#[cfg(target_arch = "arm")]
#[unsafe(no_mangle)]
extern "C" fn __aeabi_fsub(a: u32, b: u32) -> u32 {
    __aeabi_fadd(a, b ^ SIGN)
}

#[cfg(target_arch = "arm")]
#[unsafe(no_mangle)]
extern "C" fn __aeabi_fmul(a: u32, b: u32) -> u32 {
    // SAFETY: it is `compiler_builtins`'.
    arithmetic::multiply(a, b).unwrap_or_else(|| unsafe { __mulsf3(a, b) })
}

#[cfg(target_arch = "riscv32")]
#[unsafe(no_mangle)]
extern "C" fn __addsf3(a: u32, b: u32) -> u32 {
    arithmetic::add(a, b).unwrap_or_else(|| crate::wide::add(a, b))
}

#[cfg(target_arch = "riscv32")]
#[unsafe(no_mangle)]
extern "C" fn __subsf3(a: u32, b: u32) -> u32 {
    __addsf3(a, b ^ SIGN)
}

#[cfg(target_arch = "riscv32")]
#[unsafe(no_mangle)]
extern "C" fn __mulsf3(a: u32, b: u32) -> u32 {
    arithmetic::multiply(a, b).unwrap_or_else(|| crate::wide::multiply(a, b))
}

#[unsafe(no_mangle)]
extern "C" fn fmaxf(a: u32, b: u32) -> u32 {
    select::maximum_number(a, b)
}

#[unsafe(no_mangle)]
extern "C" fn fminf(a: u32, b: u32) -> u32 {
    select::minimum_number(a, b)
}

#[unsafe(no_mangle)]
extern "C" fn fmaximumf(a: u32, b: u32) -> u32 {
    select::maximum(a, b)
}

#[unsafe(no_mangle)]
extern "C" fn fminimumf(a: u32, b: u32) -> u32 {
    select::minimum(a, b)
}

#[unsafe(no_mangle)]
extern "C" fn roundf(x: u32) -> u32 {
    select::round(x)
}

#[unsafe(no_mangle)]
extern "C" fn roundevenf(x: u32) -> u32 {
    select::round_even(x)
}
