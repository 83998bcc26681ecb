//! Assembles the .S files and hands the linker its script.

fn main() {
    let sources = [
        "arch/boot/head.S",
        "kernel/system_call.S",
        "kernel/asm.S",
        "mm/page.S",
        "kernel/chr_drv/keyboard.S",
        "kernel/chr_drv/rs_io.S",
    ];
    let mut assembler = cc::Build::new();
    assembler
        .compiler("gcc")
        .target("i686-unknown-linux-gnu")
        .host("x86_64-unknown-linux-gnu")
        .no_default_flags(true)
        .flag("-m32")
        .flag("-march=i386")
        .flag("-g")
        // No path of this machine's in what is built (see the Makefile).
        .flag(format!(
            "-fdebug-prefix-map={}=.",
            std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default()
        ))
        .flag("-Wa,--fatal-warnings");
    for source in sources {
        println!("cargo:rerun-if-changed={source}");
        assembler.file(source);
    }
    println!("cargo:rerun-if-changed=arch/offsets.h");
    println!("cargo:rerun-if-changed=linker.ld");
    for object in assembler.compile_intermediates() {
        println!("cargo:rustc-link-arg-bins={}", object.display());
    }
    println!("cargo:rustc-link-arg-bins=-Tlinker.ld");
    println!("cargo:rustc-link-arg-bins=--gc-sections");
    println!("cargo:rustc-link-arg-bins=-z");
    println!("cargo:rustc-link-arg-bins=max-page-size=4096");
}
