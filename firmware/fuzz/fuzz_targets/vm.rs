//! The virtual machine and the HAL: see [`arielml_fuzz::vm`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| arielml_fuzz::vm(data));
