//! Signals.
//!
//! A handler must not print through `print!` or allocate: it may have
//! interrupted just that. (The heap and the output buffer notice and refuse,
//! so that a mistake is an error and not a corruption.) Setting an atomic and
//! calling functions of [`crate::sys`] is fine.

use crate::abi::SigAction;
use crate::{Result, sys};

pub use names::*;

/// Numbers, 0.11's `include/signal.h`.
#[allow(missing_docs)]
mod names {
    pub const SIGHUP: i32 = 1;
    pub const SIGINT: i32 = 2;
    pub const SIGQUIT: i32 = 3;
    pub const SIGILL: i32 = 4;
    pub const SIGTRAP: i32 = 5;
    pub const SIGABRT: i32 = 6;
    /// 0.11 calls it SIGUNUSED.
    pub const SIGBUS: i32 = 7;
    pub const SIGFPE: i32 = 8;
    pub const SIGKILL: i32 = 9;
    pub const SIGUSR1: i32 = 10;
    pub const SIGSEGV: i32 = 11;
    pub const SIGUSR2: i32 = 12;
    pub const SIGPIPE: i32 = 13;
    pub const SIGALRM: i32 = 14;
    pub const SIGTERM: i32 = 15;
    pub const SIGSTKFLT: i32 = 16;
    pub const SIGCHLD: i32 = 17;
    pub const SIGCONT: i32 = 18;
    pub const SIGSTOP: i32 = 19;
    pub const SIGTSTP: i32 = 20;
    pub const SIGTTIN: i32 = 21;
    pub const SIGTTOU: i32 = 22;
    /// The size of the terminal changed (not in 0.11).
    pub const SIGWINCH: i32 = 28;
    /// No SIGCHLD when a child stops.
    pub const SA_NOCLDSTOP: u32 = 1;
    /// A system call that the signal interrupts begins again (not in 0.11).
    pub const SA_RESTART: u32 = 0x1000_0000;
    /// The signal is not blocked while its handler runs.
    pub const SA_NOMASK: u32 = 0x4000_0000;
    /// Back to the default action before the handler runs.
    pub const SA_ONESHOT: u32 = 0x8000_0000;
}

static NAMES: [(i32, &str); 23] = [
    (SIGHUP, "HUP"),
    (SIGINT, "INT"),
    (SIGQUIT, "QUIT"),
    (SIGILL, "ILL"),
    (SIGTRAP, "TRAP"),
    (SIGABRT, "ABRT"),
    (SIGBUS, "BUS"),
    (SIGFPE, "FPE"),
    (SIGKILL, "KILL"),
    (SIGUSR1, "USR1"),
    (SIGSEGV, "SEGV"),
    (SIGUSR2, "USR2"),
    (SIGPIPE, "PIPE"),
    (SIGALRM, "ALRM"),
    (SIGTERM, "TERM"),
    (SIGSTKFLT, "STKFLT"),
    (SIGCHLD, "CHLD"),
    (SIGCONT, "CONT"),
    (SIGSTOP, "STOP"),
    (SIGTSTP, "TSTP"),
    (SIGTTIN, "TTIN"),
    (SIGTTOU, "TTOU"),
    (SIGWINCH, "WINCH"),
];

/// Name of a signal without `SIG`.
pub fn name(signal: i32) -> Option<&'static str> {
    all().find(|s| s.0 == signal).map(|s| s.1)
}

/// Number of a signal given as `KILL`, `SIGKILL`, `kill` or `9`.
pub fn number(text: &[u8]) -> Option<i32> {
    if let Some(n) = rtcore::num::parse_u32(text) {
        return i32::try_from(n).ok().filter(|n| (0..=32).contains(n));
    }
    let bare = match text {
        [b'S' | b's', b'I' | b'i', b'G' | b'g', rest @ ..] => rest,
        _ => text,
    };
    let found = all().find(|s| s.1.as_bytes().eq_ignore_ascii_case(bare))?;
    Some(found.0)
}

/// All names with their numbers.
pub fn all() -> impl Iterator<Item = (i32, &'static str)> {
    NAMES.iter().copied()
}

/// What a signal does.
#[derive(Clone, Copy)]
pub enum Action {
    /// The kernel's default: most signals end the process.
    Default,
    /// Nothing.
    Ignore,
    /// This function is called with the signal's number.
    Handler(extern "C" fn(i32)),
}

/// Signals as a bit mask: bit 0 is signal 1.
pub const fn bit(signal: i32) -> u32 {
    1 << (signal - 1)
}

core::arch::global_asm!(
    // A handler returns here. The frame above it (0.11's do_signal): signr,
    // the old mask unless SA_NOMASK, eax, ecx, edx, eflags, eip.
    ".globl rt_restore_nomask, rt_restore_mask",
    "rt_restore_nomask:",
    "    add esp, 4",
    "    pop eax",
    "    pop ecx",
    "    pop edx",
    "    popfd",
    "    ret",
    "rt_restore_mask:",
    "    push ebx",
    "    mov ebx, [esp + 8]", // behind ebx and signr: the mask
    "    mov eax, 69",        // ssetmask
    "    int 0x80",
    "    pop ebx",
    "    add esp, 8",
    "    pop eax",
    "    pop ecx",
    "    pop edx",
    "    popfd",
    "    ret",
);

unsafe extern "C" {
    fn rt_restore_nomask();
    fn rt_restore_mask();
}

/// Address of the restorer that fits `flags`: what `sigaction`'s last field or
/// `signal`'s third argument must be.
pub fn restorer(flags: u32) -> usize {
    let function: unsafe extern "C" fn() = if flags & SA_NOMASK != 0 {
        rt_restore_nomask
    } else {
        rt_restore_mask
    };
    function as usize
}

fn raw(action: Action) -> usize {
    match action {
        Action::Default => 0,
        Action::Ignore => 1,
        Action::Handler(function) => function as usize,
    }
}

/// Sets what `signal` does, with a `mask` of signals blocked meanwhile and
/// `SA_...` flags; the action before.
///
/// # Errors
/// EINVAL for a number that does not exist, SIGKILL and SIGSTOP.
pub fn set_with(signal: i32, action: Action, mask: u32, flags: u32) -> Result<SigAction> {
    let new = SigAction {
        handler: raw(action),
        mask,
        flags,
        restorer: restorer(flags),
    };
    let mut old = SigAction::default();
    // SAFETY: the handler is 0, 1 or a function of the right type, and the
    // restorer fits the flags.
    unsafe { sys::sigaction(signal, Some(&new), Some(&mut old)) }?;
    Ok(old)
}

/// Sets what `signal` does; it stays so. The signal is blocked while its
/// handler runs.
///
/// # Errors
/// As [`set_with`].
pub fn set(signal: i32, action: Action) -> Result<SigAction> {
    set_with(signal, action, 0, 0)
}

/// What `signal` does now.
///
/// # Errors
/// EINVAL for a number that does not exist.
pub fn get(signal: i32) -> Result<SigAction> {
    let mut old = SigAction::default();
    // SAFETY: nothing is set.
    unsafe { sys::sigaction(signal, None, Some(&mut old)) }?;
    Ok(old)
}

/// The old call `signal` (number 48) as 0.11's C library made it: one shot,
/// nothing blocked. Returns the address of the handler before.
///
/// # Errors
/// EINVAL for a number that does not exist, SIGKILL and SIGSTOP.
pub fn signal(signal: i32, action: Action) -> Result<usize> {
    // SAFETY: the kernel uses SA_ONESHOT | SA_NOMASK for this call, which is
    // the frame without a mask.
    unsafe { sys::signal(signal, raw(action), restorer(SA_NOMASK)) }
}
