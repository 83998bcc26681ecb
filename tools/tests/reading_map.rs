//! docs/reading-map.tsv agrees with 0.11's list of functions and with the source,
//! and a map that does not is found out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn check(root: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["reading-map", "--root"])
        .arg(root)
        .output()
        .expect("xtask runs")
}

#[test]
fn the_map_is_complete() {
    let output = check(&repository());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.starts_with("reading map: "), "{said}");
    eprint!("{said}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        let kind = path.extension().and_then(|e| e.to_str());
        if path.is_dir() {
            copy(&path, &target);
        } else if matches!(kind, Some("rs" | "S" | "tsv" | "md")) {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}

/// What the check says of a copy in which `from` became `to` in `file`.
fn complaint(file: &str, from: &str, to: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    for part in ["arch", "init", "mm", "kernel", "fs", "lib", "docs"] {
        copy(&repository().join(part), &folder.path().join(part));
    }
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).expect("a file");
    assert!(text.contains(from), "{file} does not have {from:?}");
    fs::write(&path, text.replacen(from, to, 1)).expect("written");
    let output = check(folder.path());
    assert!(!output.status.success(), "{from:?} -> {to:?} is accepted");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_is_missing_or_moved_is_found() {
    let said = complaint("docs/reading-map.tsv", "mm/memory.c\t33\toom\t", "#\t");
    assert!(said.contains("mm/memory.c:33 oom has no row"), "{said}");

    let said = complaint("mm/memory.rs", "fn share_page(", "fn share_a_page(");
    assert!(said.contains("mm/memory.rs has no share_page"), "{said}");

    let said = complaint("mm/memory.rs", "(0.11 `put_page`)", "");
    assert!(said.contains("must say \"0.11 `put_page`\""), "{said}");

    let said = complaint(
        "docs/reading-map.tsv",
        "\tfs/super.rs\tmount_root\t",
        "\t-\t-\t",
    );
    assert!(said.contains("neither a function nor a reason"), "{said}");

    // `order:` marks a function that 0.11 has elsewhere in its file.
    let said = complaint(
        "docs/reading-map.tsv",
        "order: with the coprocessor's error",
        "-",
    );
    assert!(said.contains("do_device_not_available"), "{said}");
    assert!(
        said.contains("a note that begins with \"order:\""),
        "{said}"
    );

    let said = complaint("docs/reading-map.md", "# Reading map", "# Map");
    assert!(said.contains("make reading-map"), "{said}");
}
