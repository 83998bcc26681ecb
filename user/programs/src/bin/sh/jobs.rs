//! Jobs: pipelines that run, in the foreground or in the background.

use rt::abi::{Termios, WaitStatus};
use rt::prelude::*;
use rt::signal::{self, SIGCONT, SIGINT, SIGPIPE};

/// A process of a job.
struct Process {
    pid: i32,
    /// How it ended or stopped; `None` while it runs.
    status: Option<WaitStatus>,
}

/// A pipeline that was started.
pub struct Job {
    /// What `%n` means.
    pub number: u32,
    /// Its process group; 0 without job control.
    pub group: i32,
    processes: Vec<Process>,
    pub text: Vec<u8>,
    /// Whether its state changed since it was last shown.
    changed: bool,
}

/// What a job is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    Running,
    Stopped(WaitStatus),
    Done(WaitStatus),
}

impl Job {
    /// What it is doing; a finished job's status is that of its last process.
    pub fn state(&self) -> State {
        if self.processes.iter().any(|p| p.status.is_none()) {
            return State::Running;
        }
        let stopped = self
            .processes
            .iter()
            .filter_map(|p| p.status)
            .find(|s| s.stop_signal().is_some());
        let last = self.processes.last().and_then(|p| p.status);
        match stopped {
            Some(status) => State::Stopped(status),
            None => State::Done(last.unwrap_or_default()),
        }
    }

    /// Id of the last process: what `$!` is.
    pub fn last_pid(&self) -> i32 {
        self.processes.last().map_or(0, |p| p.pid)
    }

    /// Shows the job as `jobs` does.
    pub fn show(&self) {
        let text = BStr(&self.text);
        match self.state() {
            State::Running => println!("[{}] Running    {text}", self.number),
            State::Stopped(_) => println!("[{}] Stopped    {text}", self.number),
            State::Done(status) => match (status.exit_code(), status.term_signal()) {
                (Some(0), _) => println!("[{}] Done       {text}", self.number),
                (Some(code), _) => println!("[{}] Exit {code:<5} {text}", self.number),
                (_, signal) => {
                    let what = describe(signal.unwrap_or(0));
                    println!("[{}] {what:<10} {text}", self.number);
                }
            },
        }
    }
}

/// What people call the death by a signal.
pub fn describe(signal: i32) -> &'static str {
    match signal {
        1 => "Hangup",
        2 => "Interrupt",
        3 => "Quit",
        4 => "Illegal instruction",
        5 => "Trace trap",
        6 => "Aborted",
        8 => "Arithmetic exception",
        9 => "Killed",
        11 => "Segmentation fault",
        13 => "Broken pipe",
        14 => "Alarm clock",
        15 => "Terminated",
        other => signal::name(other).unwrap_or("Unknown signal"),
    }
}

/// All jobs.
pub struct Jobs {
    pub list: Vec<Job>,
    /// `$!`
    pub last_background: Option<i32>,
    /// The terminal and its settings, where there is job control.
    terminal: Option<Termios>,
    group: i32,
}

impl Jobs {
    /// No jobs and no job control.
    pub fn new() -> Self {
        Jobs {
            list: Vec::new(),
            last_background: None,
            terminal: None,
            group: 0,
        }
    }

    /// Starts job control: the shell's group comes to the foreground.
    pub fn take_terminal(&mut self) {
        self.group = sys::getpgrp();
        self.terminal = sys::tcgetattr(0).ok();
        if self.terminal.is_some() {
            let _ = sys::tcsetpgrp(0, self.group);
        }
    }

    /// Whether jobs have process groups.
    pub fn control(&self) -> bool {
        self.terminal.is_some()
    }

    /// For a child of the shell: no jobs and no job control any more.
    pub fn forget(&mut self) {
        self.list.clear();
        self.terminal = None;
    }

    /// Puts a group into the foreground.
    pub fn foreground(&self, group: i32) {
        if self.control() && group != 0 {
            let _ = sys::tcsetpgrp(0, group);
        }
    }

    /// Adds a job that was just started; its index.
    pub fn add(&mut self, group: i32, pids: &[i32], text: Vec<u8>) -> usize {
        let number = self.list.iter().map(|j| j.number).max().unwrap_or(0) + 1;
        let processes = pids.iter().map(|&pid| Process { pid, status: None });
        self.list.push(Job {
            number,
            group,
            processes: processes.collect(),
            text,
            changed: false,
        });
        self.list.len() - 1
    }

    fn record(&mut self, pid: i32, status: WaitStatus) {
        for job in &mut self.list {
            for process in job.processes.iter_mut().filter(|p| p.pid == pid) {
                process.status = Some(status);
                job.changed = true;
            }
        }
    }

    /// Notes which children have ended or stopped, without waiting.
    pub fn reap(&mut self) {
        while let Ok((pid, status)) = sys::waitpid(-1, sys::WNOHANG | sys::WUNTRACED) {
            if pid <= 0 {
                break;
            }
            self.record(pid, status);
        }
    }

    /// Shows and drops the jobs that ended, shows those that stopped.
    pub fn report_changes(&mut self) {
        for job in &mut self.list {
            if core::mem::take(&mut job.changed) && job.state() != State::Running {
                job.show();
            }
        }
        self.drop_finished();
    }

    /// Drops the jobs that ended.
    pub fn drop_finished(&mut self) {
        self.list.retain(|j| !matches!(j.state(), State::Done(_)));
    }

    /// Waits until a job has ended or stopped. EINTR if a signal came first
    /// and `interruptible` is set.
    ///
    /// # Errors
    /// EINTR.
    pub fn wait(&mut self, index: usize, interruptible: bool) -> Result<State> {
        let options = if self.control() { sys::WUNTRACED } else { 0 };
        loop {
            let state = self.list[index].state();
            if state != State::Running {
                return Ok(state);
            }
            match sys::waitpid(-1, options) {
                Ok((pid, status)) => self.record(pid, status),
                Err(Errno::EINTR) if interruptible => return Err(Errno::EINTR),
                Err(Errno::EINTR) => {}
                // No children: what is missing here was waited for elsewhere.
                Err(_) => {
                    let lost = self.list[index].processes.iter_mut();
                    lost.filter(|p| p.status.is_none())
                        .for_each(|p| p.status = Some(WaitStatus(127 << 8)));
                }
            }
        }
    }

    /// Waits for a job in the foreground, takes the terminal back and says
    /// what a signal did to it; how it ended.
    pub fn finish_foreground(&mut self, index: usize) -> WaitStatus {
        let state = self.wait(index, false).unwrap_or(State::Running);
        self.foreground(self.group);
        let (State::Done(status) | State::Stopped(status)) = state else {
            return WaitStatus::default();
        };
        if status.exit_code().is_none()
            && let Some(settings) = &self.terminal
        {
            let _ = sys::tcsetattr(0, rt::abi::TCSETSW, settings);
        }
        if matches!(state, State::Stopped(_)) {
            println!();
            self.list[index].show();
            self.list[index].changed = false;
            let _ = rt::io::flush();
            return status;
        }
        match status.term_signal() {
            Some(SIGINT) if self.control() => eprintln!(),
            None | Some(SIGINT | SIGPIPE) => {}
            Some(signal) => complain!("{}: {}", self.list[index].last_pid(), describe(signal)),
        }
        self.list.remove(index);
        status
    }

    /// Lets a job go on, in the foreground or in the background.
    ///
    /// # Errors
    /// ESRCH if its processes are gone.
    pub fn resume(&mut self, index: usize, foreground: bool) -> Result<()> {
        let job = &mut self.list[index];
        for process in &mut job.processes {
            if process.status.is_some_and(|s| s.stop_signal().is_some()) {
                process.status = None;
            }
        }
        job.changed = false;
        let group = job.group;
        if foreground {
            self.foreground(group);
        }
        sys::kill(-group, SIGCONT)
    }

    /// The index of the job that `%n`, `%%`, `%+` or a process id means;
    /// without a text, the last one.
    pub fn find(&self, text: Option<&[u8]>) -> Option<usize> {
        match text {
            None | Some(b"%" | b"%%" | b"%+") => self.list.len().checked_sub(1),
            Some([b'%', number @ ..]) => {
                let number = rt::num::parse_u32(number)?;
                self.list.iter().position(|j| j.number == number)
            }
            Some(pid) => {
                let pid = rt::num::parse_i32(pid)?;
                self.list
                    .iter()
                    .position(|j| j.processes.iter().any(|p| p.pid == pid))
            }
        }
    }
}
