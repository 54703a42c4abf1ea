//! The device's end of the wire: see [`arielml_fuzz::wire`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| arielml_fuzz::wire(data));
