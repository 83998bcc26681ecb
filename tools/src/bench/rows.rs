//! The rows of the table: what is measured, what Linux 0.11 needs for it, what
//! this kernel is to need.

/// A row of the table.
pub struct Row {
    /// As the guest program prints it.
    pub key: &'static str,
    pub name: &'static str,
    /// Instructions of Linux 0.11, compiled by gcc 12 at -O2.
    pub original: u32,
    /// Instructions that this kernel is to need at most; `None`: the original's.
    pub target: Option<u32>,
}

impl Row {
    /// Instructions that are enough.
    pub fn limit(&self) -> u32 {
        self.target.unwrap_or(self.original)
    }
}

const fn row(key: &'static str, name: &'static str, original: u32, target: u32) -> Row {
    Row {
        key,
        name,
        original,
        target: if target == 0 { None } else { Some(target) },
    }
}

/// All rows, in the order in which they are shown. A target of 0 is the
/// original's figure.
pub const ROWS: &[Row] = &[
    row("getpid", "getpid", 51, 55),
    row("fork_exit_wait", "fork + exit + wait", 37_864, 10_000),
    row("fork_exit_wait_256k", "the same, 256 KB touched", 39_770, 0),
    row(
        "fork_exit_wait_1m",
        "the same, 1 MB touched",
        45_401,
        14_000,
    ),
    row(
        "fork_exec_exit_wait",
        "fork + exec + exit + wait",
        74_984,
        20_000,
    ),
    row("cow_copy", "copy-on-write fault, copied", 2_573, 1_250),
    row("cow_sole_owner", "write fault, sole owner", 67, 80),
    row("zero_fill", "zero-fill fault", 2_636, 1_250),
    row("brk", "brk", 64, 75),
    row("page_in_cached", "page-in, cached", 4_267, 1_600),
    row("pipe_self", "pipe write + read 1 B, one process", 350, 260),
    row(
        "pipe_round_trip",
        "pipe round trip, two processes",
        2_308,
        1_500,
    ),
    row("pipe_transfer_1", "pipe transfer 1 B", 215, 0),
    row("pipe_transfer_64", "pipe transfer 64 B", 1_405, 0),
    row("pipe_transfer_512", "pipe transfer 512 B", 8_698, 0),
    row("pipe_transfer_1024", "pipe transfer 1 KB", 17_107, 1_300),
    row("pipe_transfer_4096", "pipe transfer 4 KB", 67_573, 4_500),
    row("file_write_1k", "file write 1 KB", 7_630, 800),
    row("file_read_1k", "file read 1 KB, cached", 7_660, 600),
    row("file_read_4k", "file read 4 KB, cached", 30_125, 2_000),
    row("file_read_1b", "file read 1 B", 381, 200),
    row("lseek", "lseek", 81, 0),
    row("creat_close_unlink", "creat + close + unlink", 4_655, 2_500),
    row(
        "creat_4k_unlink",
        "creat + write 4 KB + close + unlink",
        39_385,
        8_000,
    ),
    row("mkdir_rmdir", "mkdir + rmdir", 6_631, 3_500),
    row("stat_root", "stat /", 484, 300),
    row("stat_7_deep", "stat seven levels deep", 6_064, 2_800),
    row(
        "open_close_7_deep",
        "open + close seven levels deep",
        5_763,
        2_900,
    ),
    row("open_close_tiny", "open + close /bench/tiny", 2_010, 0),
    row(
        "stat_missing_in_141",
        "stat of a missing name in 141",
        4_532,
        2_200,
    ),
    row("sigaction", "sigaction", 484, 150),
    row("signal_self", "signal to self, with handler", 691, 500),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_different() {
        let keys: std::collections::BTreeSet<_> = ROWS.iter().map(|row| row.key).collect();
        assert_eq!(keys.len(), ROWS.len());
    }
}
