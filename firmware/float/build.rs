//! Tells the crate which architecture it is built for, in Rust's name of it:
//! `cfg(target_arch)` says no more than `arm`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(architecture, values(any()))");
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-cfg=architecture=\"{target}\"");
}
