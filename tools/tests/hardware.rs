//! `docs/hardware.md` tells what the menus' letters start and what each message
//! means that can be the last one on the screen: it must know them all, and none
//! that there is not.

use regex::Regex;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PAGE: &str = "docs/hardware.md";
const LOADER: &str = "arch/boot/bootsect.S";
/// Whose messages it explains.
const SOURCES: &[&str] = &[
    LOADER,
    "arch/boot/head.S",
    "arch/boot/setup.rs",
    "init/main.rs",
    "fs/super.rs",
    "arch/power.rs",
    "kernel/exit.rs",
    "kernel/panic.rs",
    "kernel/printk.rs",
    "kernel/blk_drv/floppy.rs",
    "kernel/blk_drv/hd.rs",
    "kernel/blk_drv/hd/drives.rs",
    "kernel/blk_drv/ll_rw_blk.rs",
    "kernel/chr_drv/keyboard.rs",
];
const MENUS: &[&str] = &["grub.cfg", "hd.cfg", "hd386.menu", "fd.menu"];
/// What every boot or every panic prints, and needs no explanation.
const USUAL: &[&str] = &[
    " KB of memory: ",
    " free blocks",
    " free inodes",
    "\nchild ",
    "running: ",
    "backtrace:",
    "EIP: ",
    "EFLAGS: ",
    "  ESP: ",
    "  CR2: ",
    "eax ",
    "esi ",
    "Kernel panic within a panic: ",
    "at {",
];
/// What the table has of others: GRUB's words, `root=` and other words to type.
const OTHERS: &[&str] = &[
    "GRUB",
    "Geom Error",
    "Read Error",
    "Hard Disk Error",
    "GRUB loading.",
    "error: attempt to read or write outside of disk",
    "fdroot.img",
    "hd386.img",
    "fd.img",
    "fsck.minix",
    "/dev/ram",
    "/bin/sh",
    "root=/dev/fd0",
    "hd=poll",
];

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

/// The texts that a source file prints, with their placeholders.
fn messages(path: &str) -> Vec<String> {
    let pattern = if path.ends_with(".S") {
        r#"\.asciz\s+"((?:[^"\\]|\\.)*)""#
    } else {
        r#"print[kf]!\(\s*"((?:[^"\\]|\\.)*)""#
    };
    let found: Vec<String> = regex(pattern)
        .captures_iter(&text(path))
        .map(|text| text[1].replace("\\r", "").replace("\\n", "\n"))
        .collect();
    found
        .into_iter()
        .filter(|text| !text.trim().is_empty())
        .collect()
}

/// The longest part of a message that is always the same, up to a line's end.
fn constant_part(message: &str) -> String {
    regex(r"\{[^}]*\}|\n")
        .split(message)
        .map(|part| part.trim_matches([' ', ':', ',', '.', '\\']))
        .max_by_key(|part| part.len())
        .unwrap_or_default()
        .to_string()
}

#[test]
fn every_message_is_explained() {
    let page = text(PAGE);
    let mut count = 0;
    for source in SOURCES {
        for message in messages(source) {
            if USUAL.iter().any(|usual| message.contains(usual)) {
                continue;
            }
            let part = constant_part(&message);
            if part.len() < 4 {
                continue; // all of it is values, such as a register's
            }
            count += 1;
            assert!(
                page.contains(&part),
                "{source}: {message:?} is not in {PAGE}"
            );
        }
    }
    assert!(count > 35, "{count} messages");
}

#[test]
fn every_explanation_is_of_a_message() {
    let sources: String = SOURCES.iter().map(|path| text(path)).collect();
    let page = text(PAGE);
    let section = page.split_once("## When it does not boot").expect(PAGE).1;
    let quoted = regex("`([^`]+)`");
    let mut count = 0;
    for row in section.lines().filter(|line| line.starts_with("| ")) {
        let first = row.split('|').nth(1).unwrap_or_default();
        for text in quoted.captures_iter(first).map(|text| text[1].to_string()) {
            if OTHERS.contains(&text.as_str()) {
                continue;
            }
            // Three dots stand for values; the number of a drive is one, too.
            for part in regex(r"\.\.\.|[hf]d[0-9]:").split(&text) {
                let part = part.trim_matches([' ', ':', ',']);
                let part = regex("64 MB").replace(part, "{} MB");
                assert!(sources.contains(&*part), "{part:?} is said by no one");
                count += usize::from(part.len() > 3);
            }
        }
    }
    assert!(count > 40, "{count} messages");
}

#[test]
fn every_letter_of_the_loader_is_explained() {
    let page = text(PAGE);
    let source = text(LOADER);
    let letters: BTreeSet<String> = regex(r"movb\s+\$'(.)', %al\s+call put")
        .captures_iter(&source)
        .map(|letter| letter[1].to_string())
        .collect();
    assert_eq!(letters.len(), 3, "{letters:?}");
    for letter in letters {
        assert!(page.contains(&format!("`{letter}`")), "{letter:?}");
    }
}

#[test]
fn every_letter_of_the_menus_is_explained() {
    let row = regex(r"(?m)^\| `([a-z])` \|");
    let page = text(PAGE);
    let told: BTreeSet<&str> = row
        .captures_iter(&page)
        .filter_map(|letter| letter.get(1))
        .map(|letter| letter.as_str())
        .collect();
    let menus: String = MENUS
        .iter()
        .map(|name| text(&format!("grub/{name}")))
        .collect();
    let letters: BTreeSet<&str> = regex(r"(?m)--hotkey=([a-z])|^([a-z]) \|")
        .captures_iter(&menus)
        .filter_map(|letter| letter.get(1).or(letter.get(2)))
        .map(|letter| letter.as_str())
        .collect();
    assert_eq!(told, letters);
}
