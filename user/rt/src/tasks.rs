//! The task list: the text of `/dev/ps`.

use alloc::string::String;
use alloc::vec::Vec;

use crate::io::{File, Read};
use crate::{BStr, Result, num};

/// One task, as a row of `/dev/ps`.
#[derive(Clone, Debug, Default)]
pub struct Task {
    /// Its id.
    pub pid: i32,
    /// Its father's id.
    pub ppid: i32,
    /// Its process group.
    pub pgrp: i32,
    /// Its session.
    pub sid: i32,
    /// Its effective user.
    pub uid: u32,
    /// R running, S sleeping, D sleeping without being disturbed, T stopped, Z ended.
    pub state: String,
    /// Priority: the ticks of a full time slice.
    pub priority: i32,
    /// What is left of the time slice, in ticks.
    pub counter: i32,
    /// Minor number of its terminal, or -1.
    pub tty: i32,
    /// When it started, in ticks since boot.
    pub start: u32,
    /// Ticks in its own code.
    pub utime: u32,
    /// Ticks in the kernel.
    pub stime: u32,
    /// Pages that are mapped.
    pub pages: u32,
    /// Name of the program.
    pub name: String,
}

impl Task {
    fn set(&mut self, column: &[u8], value: &[u8]) {
        let int = || num::parse_i32(value).unwrap_or(0);
        let word = || num::parse_u32(value).unwrap_or(0);
        let text = || alloc::format!("{}", BStr(value));
        match column {
            b"PID" => self.pid = int(),
            b"PPID" => self.ppid = int(),
            b"PGRP" => self.pgrp = int(),
            b"SID" => self.sid = int(),
            b"UID" => self.uid = word(),
            b"STATE" => self.state = text(),
            b"PRI" => self.priority = int(),
            b"CNT" => self.counter = int(),
            b"TTY" => self.tty = int(),
            b"START" => self.start = word(),
            b"UTIME" => self.utime = word(),
            b"STIME" => self.stime = word(),
            b"PAGES" => self.pages = word(),
            b"NAME" => self.name = text(),
            // A column that came later.
            _ => {}
        }
    }
}

/// All tasks, in the order of the kernel's table.
///
/// # Errors
/// Whatever reading `/dev/ps` reports.
pub fn list() -> Result<Vec<Task>> {
    let mut text = Vec::new();
    File::open("/dev/ps")?.read_to_end(&mut text)?;
    let mut lines = text.split(|&b| b == b'\n');
    let words = |line: &'_ [u8]| -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut at = 0;
        for word in line.split(|&b| b == b' ') {
            if !word.is_empty() {
                found.push((at, at + word.len()));
            }
            at += word.len() + 1;
        }
        found
    };
    let header = lines.next().unwrap_or_default();
    let columns = words(header);
    let mut tasks = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let mut task = Task::default();
        for (column, value) in columns.iter().zip(words(line)) {
            task.set(&header[column.0..column.1], &line[value.0..value.1]);
        }
        tasks.push(task);
    }
    Ok(tasks)
}
