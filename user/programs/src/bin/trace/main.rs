//! trace and strace: what the kernel does for a process.

#![no_std]
#![no_main]

use rt::abi::Timeval;
use rt::prelude::*;
use rt::{args, env, io};

#[path = "../../../../../kernel/trace/abi.rs"]
#[allow(dead_code, reason = "the kernel and the host use the rest")]
mod abi;
mod calls;
#[path = "../../run.rs"]
mod run;

use abi::{EVENTS, Event, RECORD_SIZE, Record};
use calls::Calls;

rt::main!(main);

const USAGE: &str = "usage: trace [-e KIND,...] [-f] [-o FILE] [-p PID | COMMAND [ARGUMENT]...]
       trace -s
       strace [-f] [-o FILE] [-p PID | COMMAND [ARGUMENT]...]

Shows what the kernel does for a command, or for process PID until it ends.
  -e  kinds of events (all): boot fork exec mm page sched sleep signal sys block exit
  -f  show its children, too          -o  write to FILE, not to standard error
  -s  record the kernel's tables, where recording is on (trace= at boot)
strace shows the system calls and the signals.";

/// Time between two looks at the ring, in microseconds.
const PAUSE: i32 = 20_000;

/// What is to be done.
struct Wanted {
    mask: u32,
    pid: i32,
    children: bool,
    out: i32,
    strace: bool,
}

fn main(args: Args) -> i32 {
    let strace = args::program_name() == "strace";
    let mut wanted = Wanted {
        mask: if strace {
            abi::SYS | abi::SIGNAL | abi::EXIT
        } else {
            abi::ALL
        },
        pid: 0,
        children: false,
        out: 2,
        strace,
    };
    let mut snapshot = false;
    let mut options = args.options("e:fo:p:s", USAGE);
    while let Some((letter, value)) = options.next() {
        match letter {
            b'f' => wanted.children = true,
            b's' => snapshot = true,
            b'e' => match mask(value) {
                Some(kinds) => wanted.mask = kinds,
                None => options.bad_usage("there is no such kind of event"),
            },
            b'p' => match rt::num::parse_u32(&value) {
                Some(pid) if pid > 0 => wanted.pid = pid as i32,
                _ => options.bad_usage("a process number is needed"),
            },
            _ => match File::create(value) {
                Ok(file) => wanted.out = file.into_fd(),
                Err(e) => {
                    complain!("{value}: {e}");
                    return 1;
                }
            },
        }
    }
    let command = options.operands();
    if !snapshot && command.is_empty() == (wanted.pid == 0) {
        options.bad_usage("a command or a process number is needed");
    }
    let result = if snapshot {
        device()
            .and_then(|device| control(&device, abi::TRACE_SNAPSHOT, 0))
            .map(|_| 0)
    } else {
        follow(&wanted, command)
    };
    result.unwrap_or_else(|e| {
        complain!("/dev/trace: {e}");
        1
    })
}

/// The kinds in a list of names.
fn mask(list: BStr) -> Option<u32> {
    let mut mask = 0;
    for word in list.split(|&byte| byte == b',') {
        mask |= match abi::CLASSES.iter().position(|name| name.as_bytes() == word) {
            Some(kind) => 1 << kind,
            None if word == b"all" => abi::ALL,
            None => return None,
        };
    }
    Some(mask)
}

fn device() -> Result<File> {
    File::open("/dev/trace")
}

fn control(device: &File, command: u32, argument: i32) -> Result<i32> {
    // SAFETY: all commands of /dev/trace take a number.
    unsafe { sys::ioctl(device.fd(), command, argument as usize) }
}

/// Records and shows until the command, or the process, has ended.
fn follow(wanted: &Wanted, command: Args) -> Result<i32> {
    let mut device = device()?;
    if control(&device, abi::TRACE_MASK, 0)? != 0 {
        complain!("events are being recorded already, by another trace or by trace= at boot");
        return Ok(1);
    }
    let (pid, go) = if wanted.pid != 0 {
        (wanted.pid, None)
    } else {
        let (pid, go) = start(command, &device, wanted.out)?;
        (pid, Some(go))
    };
    let begun = control(&device, abi::TRACE_PID, pid)
        .and_then(|_| control(&device, abi::TRACE_ENABLE, wanted.mask as i32));
    if let Err(e) = begun {
        let _ = control(&device, abi::TRACE_RELEASE, 0);
        return Err(e);
    }
    let is_child = go.is_some();
    if let Some(mut go) = go {
        go.write_all(b".")?;
    }
    let mut show = Show::new(wanted, pid);
    let mut code = 0;
    loop {
        let ended = if is_child {
            let (ended, status) = sys::waitpid(pid, sys::WNOHANG)?;
            code = status.exit_code().unwrap_or(1);
            ended == pid
        } else {
            sys::kill(pid, 0).is_err()
        };
        if ended {
            control(&device, abi::TRACE_ENABLE, 0)?;
        }
        show.all(&mut device)?;
        if ended {
            break;
        }
        let mut time = Timeval {
            sec: 0,
            usec: PAUSE,
        };
        let _ = sys::select(0, None, None, None, Some(&mut time));
    }
    show.calls.end(wanted.out);
    control(&device, abi::TRACE_RELEASE, 0)?;
    Ok(code)
}

/// Starts the command, which waits for a byte in the pipe before it goes on.
fn start(command: Args, device: &File, out: i32) -> Result<(i32, File)> {
    let (from, to) = sys::pipe()?;
    let pid = sys::fork()?;
    let (mut from, to) = (File::from_fd(from), File::from_fd(to));
    if pid == 0 {
        to.close()?;
        sys::close(device.fd())?;
        if out > 2 {
            sys::close(out)?;
        }
        let read = from.read(&mut [0])?;
        from.close()?;
        if read == 0 {
            sys::exit_now(1);
        }
        sys::exit(run::exec(command, &env::strings().collect()));
    }
    from.close()?;
    Ok((pid, to))
}

/// Writes events as lines.
struct Show {
    out: i32,
    /// Only events of this process; 0: of all that are recorded.
    only: i32,
    strace: bool,
    calls: Calls,
}

impl Show {
    fn new(wanted: &Wanted, pid: i32) -> Show {
        Show {
            out: wanted.out,
            only: if wanted.children { 0 } else { pid },
            strace: wanted.strace,
            calls: Calls::new(wanted.children, wanted.pid == 0),
        }
    }

    /// Shows all records that are there.
    fn all(&mut self, device: &mut File) -> Result<()> {
        let mut bytes = [0; RECORD_SIZE * 64];
        loop {
            let n = device.read(&mut bytes)?;
            if n == 0 {
                return Ok(());
            }
            for piece in bytes[..n].chunks_exact(RECORD_SIZE) {
                let record = decode(piece);
                let own = self.only == 0 || i32::from(record.pid) == self.only;
                if own || record.event == Event::Lost as u8 {
                    self.one(&record);
                }
            }
        }
    }

    fn one(&mut self, record: &Record) {
        let Some(info) = EVENTS.iter().find(|info| info.event as u8 == record.event) else {
            return;
        };
        let line = if self.strace {
            self.calls.line(info.event, record)
        } else {
            Some(plain(info, record))
        };
        if let Some(line) = line {
            let _ = io::write_all(self.out, line.as_bytes());
        }
    }
}

/// Slot, process, tick, event and arguments.
fn plain(info: &abi::Info, record: &Record) -> String {
    let mut line = format!("{:5} {:5} {:<12}", record.tick, record.pid, info.name);
    if info
        .args
        .first()
        .is_some_and(|name| name.ends_with('0') && info.args.len() == 4)
    {
        let bytes = calls::text(&record.args);
        return format!("{line} {}\n", rt::abi::until_nul(&bytes));
    }
    for (name, value) in info.args.iter().zip(record.args) {
        if value < 1000 {
            line += &format!(" {name}={value}");
        } else {
            line += &format!(" {name}={value:#x}");
        }
    }
    line += "\n";
    line
}

fn decode(bytes: &[u8]) -> Record {
    let word =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    Record {
        event: bytes[0],
        nr: bytes[1],
        pid: u16::from_le_bytes([bytes[2], bytes[3]]),
        tick: word(4),
        time: [word(8), word(12)],
        args: [word(16), word(20), word(24), word(28)],
    }
}
