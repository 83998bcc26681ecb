//! System calls as strace writes them: name, arguments, result.

use rt::prelude::*;

use crate::abi::{Event, Record};

/// Name and kinds of arguments of each call: `s` text, `d` number, `x` address or
/// bits, `o` octal, `w` the text that is written.
const CALLS: &str = "setup exit:d fork read:dxd write:dwd open:sxo close:d waitpid:dxx creat:so \
link:ss unlink:s execve:sxx chdir:s time:x mknod:sox chmod:so chown:sdd break stat:sx lseek:ddd \
getpid mount:ssd umount:s setuid:d getuid stime:x ptrace:ddx alarm:d fstat:dx pause utime:sx \
stty gtty access:so nice:d ftime:x sync kill:dd rename:ss mkdir:so rmdir:s dup:d pipe:x times:x \
prof brk:x setgid:d getgid signal:dxx geteuid getegid acct:s phys lock ioctl:dxx fcntl:ddx mpx \
setpgid:dd ulimit:dd uname:x umask:o chroot:s ustat:xx dup2:dd getppid getpgrp setsid \
sigaction:dxx sgetmask ssetmask:x setreuid:dd setregid:dd sigsuspend:ddx sigpending:x \
sethostname:xd setrlimit:dx getrlimit:dx getrusage:dx gettimeofday:xx settimeofday:xx \
getgroups:dx setgroups:dx select:x symlink:ss lstat:sx readlink:sxd uselib:s ? reboot:xxx";

/// A call that has not returned.
struct Open {
    pid: u16,
    call: u32,
    args: [u32; 3],
    /// Texts of the arguments, in pieces of 16 bytes.
    text: Vec<u8>,
}

/// The calls that have not returned.
pub struct Calls {
    open: Vec<Open>,
    with_pid: bool,
    /// Our own calls come first, up to the one that executes the command.
    ours: bool,
}

const EXECVE: u32 = 11;

/// The 16 bytes in a record's arguments.
pub fn text(args: &[u32; 4]) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (to, word) in bytes.chunks_exact_mut(4).zip(args) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

impl Calls {
    /// No call yet; `with_pid`: say whose it is; `ours`: what comes before the
    /// first `execve` is not the command's.
    pub fn new(with_pid: bool, ours: bool) -> Calls {
        Calls {
            open: Vec::new(),
            with_pid,
            ours,
        }
    }

    /// The line for an event, if it completes one.
    pub fn line(&mut self, event: Event, record: &Record) -> Option<String> {
        let [a, b, c, d] = record.args;
        if event == Event::SysEnter && a == EXECVE {
            self.ours = false;
        }
        if self.ours && event != Event::Lost {
            return None;
        }
        let line = match event {
            Event::SysEnter => {
                // The last one of this process has not returned, nor will it.
                self.open.retain(|open| open.pid != record.pid);
                self.open.push(Open {
                    pid: record.pid,
                    call: a,
                    args: [b, c, d],
                    text: Vec::new(),
                });
                return None;
            }
            Event::SysText => {
                let open = self.open.iter_mut().find(|open| open.pid == record.pid)?;
                open.text.extend_from_slice(&text(&record.args));
                return None;
            }
            Event::SysExit => {
                let at = self.open.iter().position(|open| open.pid == record.pid)?;
                let open = self.open.remove(at);
                format!("{} = {}", open.describe(), result(b as i32))
            }
            Event::SigHandler => format!("--- signal {a}: handler {b:#x} ---"),
            Event::SigDeath => format!("+++ killed by signal {a} +++"),
            Event::ExitBegin if a & 0x7f == 0 => {
                let at = self.open.iter().position(|open| open.pid == record.pid)?;
                let exit = self.open.remove(at).describe();
                let exit = self.with_pid(record.pid, format!("{exit} = ?"));
                let end = self.with_pid(record.pid, format!("+++ exited with {} +++", a >> 8));
                return Some(exit + &end);
            }
            Event::Lost => format!("... {a} events lost ..."),
            _ => return None,
        };
        Some(self.with_pid(record.pid, line))
    }

    /// Writes the calls that never returned.
    pub fn end(&mut self, out: i32) {
        for open in core::mem::take(&mut self.open) {
            let line = self.with_pid(open.pid, format!("{} = ?", open.describe()));
            let _ = rt::io::write_all(out, line.as_bytes());
        }
    }

    fn with_pid(&self, pid: u16, line: String) -> String {
        if self.with_pid {
            format!("[{pid}] {line}\n")
        } else {
            format!("{line}\n")
        }
    }
}

impl Open {
    /// `open("/etc/rc", 0x0, 00)`
    fn describe(&self) -> String {
        let entry = CALLS.split_whitespace().nth(self.call as usize);
        let Some((name, kinds)) = entry.map(|e| e.split_once(':').unwrap_or((e, ""))) else {
            return format!("call {}", self.call);
        };
        let mut words = Vec::new();
        let mut text = &self.text[..];
        for (kind, value) in kinds.bytes().zip(self.args) {
            words.push(match kind {
                b'd' => format!("{}", value as i32),
                b'o' => format!("{value:#o}"),
                b's' => quoted(&mut text, 48, true),
                b'w' => quoted(&mut text, self.args[2], false),
                _ => format!("{value:#x}"),
            });
        }
        format!("{name}({})", words.join(", "))
    }
}

/// Takes the next text of at most `len` bytes, in quotes.
fn quoted(text: &mut &[u8], len: u32, to_zero: bool) -> String {
    let all = text.len().min(48);
    let end = if to_zero {
        text.iter().take(all).position(|&b| b == 0)
    } else {
        Some(all.min(len as usize))
    };
    let mut out = String::from("\"");
    for &byte in &text[..end.unwrap_or(all)] {
        match byte {
            b'\n' => out += "\\n",
            b'\t' => out += "\\t",
            b'"' | b'\\' => out += &format!("\\{}", byte as char),
            0x20..0x7f => out.push(byte as char),
            _ => out += &format!("\\{byte:o}"),
        }
    }
    out.push('"');
    if end.is_none() || !to_zero && len > 48 {
        out += "...";
    }
    // The next text begins in a piece of its own.
    let used = end.map_or(all, |end| if to_zero { end / 16 * 16 + 16 } else { end });
    *text = &text[used.min(text.len())..];
    out
}

/// A call's result: an error by its name, an address in hexadecimal.
fn result(value: i32) -> String {
    match value {
        -133..0 => format!("-{} ({})", -value, Errno(-value)),
        0x1_0000.. => format!("{value:#x}"),
        _ => format!("{value}"),
    }
}
