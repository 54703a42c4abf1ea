//! The names that LLVM calls, before `compiler_builtins`' weak ones.
//!
//! Floats are passed as their bits: without an FPU both are in the same
//! registers (AAPCS, base standard).

use crate::{SIGN, arithmetic, select};

unsafe extern "C" {
    fn __addsf3(a: u32, b: u32) -> u32;
    fn __mulsf3(a: u32, b: u32) -> u32;
}

#[unsafe(no_mangle)]
extern "C" fn __aeabi_fadd(a: u32, b: u32) -> u32 {
    // SAFETY: it is `compiler_builtins`'.
    arithmetic::add(a, b).unwrap_or_else(|| unsafe { __addsf3(a, b) })
}

#[unsafe(no_mangle)]
extern "C" fn __aeabi_fsub(a: u32, b: u32) -> u32 {
    __aeabi_fadd(a, b ^ SIGN)
}

#[unsafe(no_mangle)]
extern "C" fn __aeabi_fmul(a: u32, b: u32) -> u32 {
    // SAFETY: it is `compiler_builtins`'.
    arithmetic::multiply(a, b).unwrap_or_else(|| unsafe { __mulsf3(a, b) })
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
