//! The rows of the table: what is measured, what Linux 0.11 needs for it, what
//! this kernel is to need, and what a 386 spends on the parts that the manual
//! gives clocks for.

/// A part of a path whose clocks the 386's manual gives.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// `int` or a fault to ring 0, and `iret` back: 99 + 82.
    Gate,
    /// A task switch by a jump to a TSS.
    Switch,
    /// `rep movsl` of that many bytes: 5 + 4 for each word.
    Copied(u32),
    /// `rep stosl` of that many bytes: 5 + 5 for each word.
    Cleared(u32),
}

use Part::{Cleared, Copied, Gate, Switch};

const PAGE: u32 = 4096;

impl Part {
    pub fn clocks(self) -> u32 {
        match self {
            Gate => 181,
            Switch => 309,
            Copied(bytes) => 5 + 4 * bytes.div_ceil(4),
            Cleared(bytes) => 5 + 5 * bytes.div_ceil(4),
        }
    }

    fn name(self) -> String {
        match self {
            Gate => "int+iret".into(),
            Switch => "task switch".into(),
            Copied(bytes) => format!("copy {}", size(bytes)),
            Cleared(bytes) => format!("clear {}", size(bytes)),
        }
    }
}

fn size(bytes: u32) -> String {
    if bytes < 1024 {
        format!("{bytes} B")
    } else {
        format!("{} KB", bytes / 1024)
    }
}

/// A row of the table.
pub struct Row {
    /// As the guest program prints it.
    pub key: &'static str,
    pub name: &'static str,
    /// Instructions of Linux 0.11, compiled by gcc 12 at -O2.
    pub original: u32,
    /// Instructions that this kernel is to need at most; `None`: the original's.
    pub target: Option<u32>,
    /// How often the path has each part at least.
    pub parts: &'static [(u32, Part)],
}

impl Row {
    /// Clocks of the parts on a 386.
    pub fn clocks(&self) -> u32 {
        self.parts
            .iter()
            .map(|(count, part)| count * part.clocks())
            .sum()
    }

    /// What [`Self::clocks`] counts.
    pub fn parts_text(&self) -> String {
        let words: Vec<String> = self
            .parts
            .iter()
            .map(|&(count, part)| match count {
                1 => part.name(),
                _ => format!("{count} {}", part.name()),
            })
            .collect();
        words.join(", ")
    }

    /// Instructions that are enough.
    pub fn limit(&self) -> u32 {
        self.target.unwrap_or(self.original)
    }
}

const fn row(
    key: &'static str,
    name: &'static str,
    original: u32,
    target: u32,
    parts: &'static [(u32, Part)],
) -> Row {
    Row {
        key,
        name,
        original,
        target: if target == 0 { None } else { Some(target) },
        parts,
    }
}

/// fork, waitpid and exit: three times into the kernel, three times out of it
/// (the child's first way out is fork's), to the child and back.
const FORK: [(u32, Part); 2] = [(3, Gate), (2, Switch)];

/// All rows, in the order in which they are shown. A target of 0 is the
/// original's figure.
pub const ROWS: &[Row] = &[
    row("getpid", "getpid", 51, 55, &[(1, Gate)]),
    row(
        "fork_exit_wait",
        "fork + exit + wait",
        37_864,
        10_000,
        &FORK,
    ),
    row(
        "fork_exit_wait_256k",
        "the same, 256 KB touched",
        39_770,
        0,
        &FORK,
    ),
    row(
        "fork_exit_wait_1m",
        "the same, 1 MB touched",
        45_401,
        14_000,
        &FORK,
    ),
    row(
        "fork_exec_exit_wait",
        "fork + exec + exit + wait",
        74_984,
        20_000,
        &[(5, Gate), (2, Switch), (1, Copied(PAGE))],
    ),
    row(
        "cow_copy",
        "copy-on-write fault, copied",
        2_573,
        1_250,
        &[(1, Gate), (1, Copied(PAGE))],
    ),
    row(
        "cow_sole_owner",
        "write fault, sole owner",
        67,
        80,
        &[(1, Gate)],
    ),
    row(
        "zero_fill",
        "zero-fill fault",
        2_636,
        1_250,
        &[(1, Gate), (1, Cleared(PAGE))],
    ),
    row("brk", "brk", 64, 75, &[(1, Gate)]),
    row(
        "page_in_cached",
        "page-in, cached",
        4_267,
        1_600,
        &[(1, Gate), (4, Copied(1024))],
    ),
    row(
        "pipe_self",
        "pipe write + read 1 B, one process",
        350,
        260,
        &[(2, Gate)],
    ),
    row(
        "pipe_round_trip",
        "pipe round trip, two processes",
        2_308,
        1_500,
        &[(4, Gate), (2, Switch)],
    ),
    row("pipe_transfer_1", "pipe transfer 1 B", 215, 0, &[(1, Gate)]),
    row(
        "pipe_transfer_64",
        "pipe transfer 64 B",
        1_405,
        0,
        &[(1, Gate), (2, Copied(64))],
    ),
    row(
        "pipe_transfer_512",
        "pipe transfer 512 B",
        8_698,
        0,
        &[(1, Gate), (2, Copied(512))],
    ),
    row(
        "pipe_transfer_1024",
        "pipe transfer 1 KB",
        17_107,
        1_300,
        &[(1, Gate), (2, Copied(1024))],
    ),
    row(
        "pipe_transfer_4096",
        "pipe transfer 4 KB",
        67_573,
        4_500,
        &[(2, Gate), (2, Switch), (2, Copied(PAGE))],
    ),
    row(
        "file_write_1k",
        "file write 1 KB",
        7_630,
        800,
        &[(1, Gate), (1, Copied(1024))],
    ),
    row(
        "file_read_1k",
        "file read 1 KB, cached",
        7_660,
        600,
        &[(1, Gate), (1, Copied(1024))],
    ),
    row(
        "file_read_4k",
        "file read 4 KB, cached",
        30_125,
        2_000,
        &[(1, Gate), (4, Copied(1024))],
    ),
    row("file_read_1b", "file read 1 B", 381, 200, &[(1, Gate)]),
    row("lseek", "lseek", 81, 0, &[(1, Gate)]),
    row(
        "creat_close_unlink",
        "creat + close + unlink",
        4_655,
        2_500,
        &[(3, Gate)],
    ),
    row(
        "creat_4k_unlink",
        "creat + write 4 KB + close + unlink",
        39_385,
        8_000,
        &[(4, Gate), (4, Copied(1024))],
    ),
    row(
        "mkdir_rmdir",
        "mkdir + rmdir",
        6_631,
        3_500,
        &[(2, Gate), (1, Cleared(1024))],
    ),
    row("stat_root", "stat /", 484, 300, &[(1, Gate)]),
    row(
        "stat_7_deep",
        "stat seven levels deep",
        6_064,
        2_800,
        &[(1, Gate)],
    ),
    row(
        "open_close_7_deep",
        "open + close seven levels deep",
        5_763,
        2_900,
        &[(2, Gate)],
    ),
    row(
        "open_close_tiny",
        "open + close /bench/tiny",
        2_010,
        0,
        &[(2, Gate)],
    ),
    row(
        "stat_missing_in_141",
        "stat of a missing name in 141",
        4_532,
        2_200,
        &[(1, Gate)],
    ),
    row("sigaction", "sigaction", 484, 150, &[(1, Gate)]),
    row(
        "signal_self",
        "signal to self, with handler",
        691,
        500,
        &[(3, Gate)],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_the_manuals() {
        assert_eq!(Gate.clocks(), 181);
        assert_eq!(Switch.clocks(), 309);
        assert_eq!(Copied(PAGE).clocks(), 4_101);
        assert_eq!(Cleared(PAGE).clocks(), 5_125);
        let copy = ROWS.iter().find(|row| row.key == "cow_copy").unwrap();
        assert_eq!(copy.clocks(), 4_282);
        assert_eq!(copy.parts_text(), "int+iret, copy 4 KB");
    }

    #[test]
    fn keys_are_different() {
        let keys: std::collections::BTreeSet<_> = ROWS.iter().map(|row| row.key).collect();
        assert_eq!(keys.len(), ROWS.len());
    }
}
