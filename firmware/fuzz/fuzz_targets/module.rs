//! The module loader and verifier: see [`arielml_fuzz::module`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| arielml_fuzz::module(data));
