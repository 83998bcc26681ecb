//! getty: offers login shells on further terminals.
//!
//! One process looks after all of them, so that a console that no one uses costs
//! no memory.

#![no_std]
#![no_main]

use core::sync::atomic::{AtomicI32, Ordering::Relaxed};
use rt::prelude::*;
use rt::signal::{self, Action, SIGCHLD};
use rt::sys::{O_NOCTTY, O_NONBLOCK, O_RDWR, StrVec};

rt::main!(main);

const USAGE: &str = "usage: getty TERMINAL...
Goes into the background and waits for the Enter key on each of the terminals,
such as /dev/tty3; then runs a login shell there. After its end it waits again.
Terminals that the machine does not have, and the one that it writes to, are
left out.";

/// Descriptors of a process.
const NR_OPEN: i32 = 20;

/// Where the handler says that a shell has ended.
static ENDED: AtomicI32 = AtomicI32::new(-1);

extern "C" fn note(_: i32) {
    let _ = sys::write(ENDED.load(Relaxed), b"!");
}

/// A terminal.
struct Terminal {
    path: String,
    /// Open for as long as no shell has it.
    fd: Option<i32>,
    /// Its shell.
    shell: i32,
}

impl Terminal {
    /// Opens it and says what to do.
    fn offer(&mut self) -> Result<()> {
        let fd = sys::open(&self.path, O_RDWR | O_NOCTTY | O_NONBLOCK, 0)?;
        let text = format!("\n{}: press Enter for a shell.\n", self.path);
        let _ = sys::write(fd, text.as_bytes());
        self.fd = Some(fd);
        self.shell = 0;
        Ok(())
    }

    /// Someone has pressed Enter: starts the shell.
    fn begin(&mut self) {
        let Some(fd) = self.fd.take() else {
            return;
        };
        let _ = sys::read(fd, &mut [0; 256]);
        match sys::fork() {
            Ok(0) => {
                let error = self.run();
                complain!("/bin/sh: {error}");
                sys::sleep(5);
                sys::exit(1)
            }
            Ok(pid) => {
                self.shell = pid;
                let _ = sys::close(fd);
            }
            // No memory: the next Enter may have more luck.
            Err(_) => self.fd = Some(fd),
        }
    }

    /// Becomes a login shell with the terminal as its own.
    fn run(&self) -> Errno {
        for fd in 0..NR_OPEN {
            let _ = sys::close(fd);
        }
        let _ = signal::set(SIGCHLD, Action::Default);
        let _ = sys::setsid();
        if let Err(error) = sys::open(&self.path, O_RDWR, 0)
            .and_then(sys::dup)
            .and_then(sys::dup)
        {
            return error;
        }
        let argv: StrVec = core::iter::once("-/bin/sh").collect();
        let envp: StrVec = ["HOME=/usr/root", "PATH=/bin:/usr/bin:/usr/local/bin"]
            .into_iter()
            .collect();
        sys::execve("/bin/sh", &argv, &envp)
    }
}

fn main(args: Args) -> i32 {
    let mut options = args.options("", USAGE);
    while options.next().is_some() {}
    let mut terminals = Vec::new();
    let own = sys::fstat(1).map_or(0, |stat| stat.rdev);
    for path in options.operands() {
        if sys::stat(path).is_ok_and(|stat| stat.rdev == own) {
            continue;
        }
        let path = String::from_utf8_lossy(path.bytes()).into_owned();
        let mut terminal = Terminal {
            path,
            fd: None,
            shell: 0,
        };
        match terminal.offer() {
            Ok(()) => terminals.push(terminal),
            Err(Errno::ENXIO) => {}
            Err(error) => complain!("{}: {error}", terminal.path),
        }
    }
    if terminals.is_empty() {
        return 1;
    }
    match sys::fork() {
        Ok(0) => serve(&mut terminals),
        Ok(_) => 0,
        Err(error) => {
            complain!("{error}");
            1
        }
    }
}

/// Waits for keys and for the ends of shells, for ever.
fn serve(terminals: &mut [Terminal]) -> i32 {
    let _ = sys::setsid();
    for fd in 0..3 {
        let _ = sys::close(fd);
    }
    let Ok((ended, to)) = sys::pipe() else {
        return 1;
    };
    ENDED.store(to, Relaxed);
    if signal::set(SIGCHLD, Action::Handler(note)).is_err() {
        return 1;
    }
    loop {
        let mut ready = terminals
            .iter()
            .filter_map(|terminal| terminal.fd)
            .fold(1 << ended, |set, fd| set | 1 << fd);
        if sys::select(NR_OPEN, Some(&mut ready), None, None, None).is_err() {
            continue; // the end of a shell, which the pipe tells too
        }
        for terminal in &mut *terminals {
            if terminal.fd.is_some_and(|fd| ready & 1 << fd != 0) {
                terminal.begin();
            }
        }
        if ready & 1 << ended != 0 {
            let _ = sys::read(ended, &mut [0; 8]);
            while let Ok((pid @ 1.., _)) = sys::waitpid(-1, sys::WNOHANG) {
                let of_shell = terminals.iter_mut().find(|t| t.shell == pid);
                if let Some(terminal) = of_shell
                    && terminal.offer().is_err()
                {
                    terminal.shell = 0;
                }
            }
        }
    }
}
