//! Signals: what the shell does with them itself, and `trap`.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rt::prelude::*;
use rt::signal::{self, *};

use crate::shell::{Flow, Shell};

/// Signals that came, by number.
static CAME: [AtomicBool; 33] = [const { AtomicBool::new(false) }; 33];

extern "C" fn note(signal: i32) {
    if let Some(flag) = CAME.get(signal as usize) {
        flag.store(true, Relaxed);
    }
}

/// Whether the signal came since this was last asked.
pub fn take(signal: i32) -> bool {
    CAME[signal as usize].load(Relaxed) && {
        CAME[signal as usize].store(false, Relaxed);
        true
    }
}

/// From now on [`take`] tells about the signal, and system calls that it
/// interrupts end with EINTR.
pub fn watch(signal: i32) {
    let _ = signal::set(signal, Action::Handler(note));
}

/// What an interactive shell does: ^C goes back to the prompt, the other keys
/// and a hang-up from a background job do nothing.
pub fn be_interactive() {
    watch(SIGINT);
    for ignored in [SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU] {
        let _ = signal::set(ignored, Action::Ignore);
    }
}

/// What a child of the shell starts with.
pub fn reset(interactive: bool, traps: &mut Vec<(i32, Vec<u8>)>) {
    if interactive {
        for changed in [SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU] {
            let _ = signal::set(changed, Action::Default);
        }
    }
    // Ignored signals stay ignored; commands for signals are the shell's own.
    for (signal, _) in traps.iter().filter(|t| t.0 != 0 && !t.1.is_empty()) {
        let _ = signal::set(*signal, Action::Default);
    }
    traps.retain(|t| t.0 != 0 && t.1.is_empty());
}

/// Makes a background command of a shell without job control deaf to the keys.
pub fn ignore_keys() {
    for ignored in [SIGINT, SIGQUIT] {
        let _ = signal::set(ignored, Action::Ignore);
    }
}

impl Shell {
    /// Runs the commands for signals that came; ^C makes an interactive shell
    /// drop what it is doing.
    pub fn check_signals(&mut self) {
        if self.interactive && self.trap_for(SIGINT).is_none() && take(SIGINT) {
            self.flow = Flow::Interrupt;
            self.status = 130;
            // Behind the ^C that the terminal showed.
            eprintln!();
        }
        for index in 0..self.traps.len() {
            let Some((signal, text)) = self.traps.get(index).cloned() else {
                break;
            };
            if signal != 0 && take(signal) {
                let status = self.status;
                self.run_text(&text);
                self.status = status;
            }
        }
    }

    fn trap_for(&self, signal: i32) -> Option<&[u8]> {
        let found = self.traps.iter().find(|t| t.0 == signal)?;
        Some(&found.1)
    }

    /// Sets what a signal does: commands, nothing (empty), or the default.
    pub fn set_trap(&mut self, signal: i32, text: Option<&[u8]>) {
        self.traps.retain(|t| t.0 != signal);
        if let Some(text) = text {
            self.traps.push((signal, text.to_vec()));
        }
        if signal == 0 {
            return;
        }
        match text {
            Some([]) => {
                let _ = signal::set(signal, Action::Ignore);
            }
            Some(_) => watch(signal),
            None if self.interactive => be_interactive(),
            None => {
                let _ = signal::set(signal, Action::Default);
            }
        }
    }
}
