//! Lets every program that depends on `rt` find `link.ld` by `-Tlink.ld`.

use std::{env, path::Path};

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let user = Path::new(&here)
        .parent()
        .expect("rt lies in a folder of its workspace");
    println!("cargo::rustc-link-search=native={}", user.display());
    println!("cargo::rerun-if-changed=build.rs");
}
