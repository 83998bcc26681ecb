//! Child processes and how they keep step with their parent.

use rt::abi::{Timeval, WaitStatus};
use rt::prelude::*;
use rt::signal::SIGKILL;
use rt::sys::StrVec;

use crate::harness::{Failure, Outcome};

/// A child process; killed and waited for when dropped.
#[derive(Debug)]
pub struct Child {
    /// Its number.
    pub pid: i32,
    waited: bool,
}

impl Child {
    /// A copy of this process that runs `f` and exits with its result.
    ///
    /// # Errors
    /// As `fork`.
    pub fn run(f: impl FnOnce() -> i32) -> Result<Child> {
        let pid = sys::fork()?;
        if pid == 0 {
            sys::exit(f());
        }
        Ok(Child { pid, waited: false })
    }

    /// A copy of this process that runs `f`; what `f` complains about goes to
    /// descriptor 2, from where it reaches the report of the case.
    ///
    /// # Errors
    /// As `fork`.
    pub fn test(f: impl FnOnce() -> Outcome) -> Result<Child> {
        Child::run(|| match f() {
            Ok(()) => 0,
            Err(Failure(message)) => {
                let _ = sys::write(2, format!("(child) {message}; ").as_bytes());
                1
            }
        })
    }

    /// A child that executes a program; it exits with 127 if that fails.
    ///
    /// # Errors
    /// As `fork`.
    pub fn exec(path: &str, args: &[&str]) -> Result<Child> {
        Child::run(|| {
            let argv: StrVec = core::iter::once(&path)
                .chain(args)
                .map(|a| a.as_bytes())
                .collect();
            let _ = sys::execve(path, &argv, &StrVec::new());
            127
        })
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// ECHILD.
    pub fn wait(mut self) -> Result<WaitStatus> {
        self.waited = true;
        sys::wait_for(self.pid)
    }

    /// Waits for its end; its exit code, or 128 and the signal.
    ///
    /// # Errors
    /// ECHILD.
    pub fn code(self) -> Result<i32> {
        self.wait().map(WaitStatus::shell_code)
    }

    /// Waits for its end, which must be exit code 0.
    ///
    /// # Errors
    /// Another end.
    #[track_caller]
    pub fn pass(self) -> Outcome {
        let line = core::panic::Location::caller().line();
        match self.code() {
            Ok(0) => Ok(()),
            other => Err(Failure(format!(
                "line {line}: a child ended with {other:?}"
            ))),
        }
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// As `kill`.
    pub fn kill(&self, signal: i32) -> Result<()> {
        sys::kill(self.pid, signal)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.waited {
            let _ = sys::kill(self.pid, SIGKILL);
            let _ = sys::wait_for(self.pid);
        }
    }
}

/// Runs `f` in a child and tells which signal kills it; 0 if it lives on.
///
/// # Errors
/// As `fork`.
pub fn death(f: impl FnOnce()) -> Result<i32> {
    let child = Child::run(|| {
        f();
        0
    })?;
    Ok(child.wait()?.term_signal().unwrap_or(0))
}

/// A child that says when it is there, then waits; and the gate that lets it
/// end.
///
/// # Errors
/// As `fork` and `pipe`.
pub fn sleeper() -> core::result::Result<(Gate, Child), Failure> {
    let (go, ready) = (Gate::new()?, Gate::new()?);
    let child = Child::run(|| {
        ready.open();
        i32::from(go.wait().is_err())
    })?;
    ready.wait()?;
    ready.close();
    Ok((go, child))
}

/// A gate between processes: one waits until another opens it. It is a pipe,
/// so it can be opened any number of times before someone waits.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    from: i32,
    to: i32,
}

impl Gate {
    /// A closed gate.
    ///
    /// # Errors
    /// As `pipe`.
    pub fn new() -> Result<Gate> {
        let (from, to) = sys::pipe()?;
        Ok(Gate { from, to })
    }

    /// Closes both descriptors.
    pub fn close(self) {
        let _ = sys::close(self.from);
        let _ = sys::close(self.to);
    }

    /// The descriptors as a program's arguments.
    pub fn args(&self) -> [String; 2] {
        [self.from, self.to].map(|fd| format!("{fd}"))
    }

    /// The gate that [`Gate::args`] of another process describes.
    pub fn from_args(args: &mut rt::args::Args) -> Gate {
        let mut fd = || {
            args.next()
                .and_then(|a| rt::num::parse_u32(a.bytes()))
                .unwrap_or(99)
        };
        Gate {
            from: fd() as i32,
            to: fd() as i32,
        }
    }

    /// Lets one through.
    pub fn open(&self) {
        let _ = sys::write(self.to, b"!");
    }

    /// Waits until it is open.
    ///
    /// # Errors
    /// As `read`; EPIPE if no one is left who could open it.
    pub fn wait(&self) -> Result<()> {
        let mut byte = [0];
        loop {
            match sys::read(self.from, &mut byte) {
                Ok(1) => return Ok(()),
                Ok(_) => return Err(Errno::EPIPE),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Sleeps so many ticks of 10 ms; falls back to yielding by busy looking where
/// there is no `select`.
pub fn nap(ticks: u32) {
    let mut time = Timeval {
        sec: (ticks / 100) as i32,
        usec: (ticks % 100 * 10_000) as i32,
    };
    if sys::select(0, None, None, None, Some(&mut time)) == Err(Errno::ENOSYS) {
        let start = ticks_now();
        while ticks_now().wrapping_sub(start) < ticks {
            // Gives the CPU away: a wait for a child that ends at once.
            if let Ok(child) = Child::run(|| 0) {
                let _ = child.wait();
            }
        }
    }
}

/// Clock ticks since boot.
pub fn ticks_now() -> u32 {
    sys::times().map_or(0, |(_, ticks)| ticks)
}

/// Runs `f` until it gives true, for at most so many ticks.
pub fn until(ticks: u32, mut f: impl FnMut() -> bool) -> bool {
    let start = ticks_now();
    while ticks_now().wrapping_sub(start) < ticks {
        if f() {
            return true;
        }
        nap(1);
    }
    f()
}
