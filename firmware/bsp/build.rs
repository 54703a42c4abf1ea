//! Tells the crate which architecture it is built for, in Rust's name of it:
//! `cfg(target_arch)` says no more than `arm`. `cfg(armv8_m)` is both ways to
//! pass floats.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(architecture, values(any()))");
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-cfg=architecture=\"{target}\"");
    println!("cargo::rustc-check-cfg=cfg(armv8_m)");
    if target.starts_with("thumbv8m.main-") {
        println!("cargo::rustc-cfg=armv8_m");
    }
}
