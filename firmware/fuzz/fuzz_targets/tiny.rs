//! The device's end of MLPerf Tiny's protocol: see [`arielml_fuzz::tiny`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| arielml_fuzz::tiny(data));
