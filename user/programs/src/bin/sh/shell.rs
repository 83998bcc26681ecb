//! The state of the shell: variables, functions, parameters, flags.

use alloc_crate::rc::Rc;
use rt::alloc as alloc_crate;
use rt::prelude::*;
use rt::{env, num};

use shlib::ast::Command;

use crate::jobs::Jobs;
use crate::signals;

/// A variable.
pub struct Var {
    pub name: Vec<u8>,
    pub value: Vec<u8>,
    pub exported: bool,
}

/// Why commands are being skipped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// They are not.
    Go,
    /// `break` out of so many loops.
    Break(u32),
    /// `continue` with the loop so many levels up.
    Continue(u32),
    /// `return` from a function or a file read by `.`.
    Return,
    /// `exit`.
    Exit,
    /// ^C: back to the prompt.
    Interrupt,
}

/// Flags that `set` changes.
#[derive(Clone, Copy, Default)]
pub struct Flags {
    pub errexit: bool,
    pub nounset: bool,
    pub xtrace: bool,
}

/// The shell.
pub struct Shell {
    pub vars: Vec<Var>,
    pub functions: Vec<(Vec<u8>, Rc<Command>)>,
    /// `$1` and so on.
    pub params: Vec<Vec<u8>>,
    /// `$0`
    name: Vec<u8>,
    /// `$$`, the same in subshells.
    pid: i32,
    /// `$?`
    pub status: i32,
    /// Exit code of the last command substitution.
    pub substitution_status: Option<i32>,
    pub jobs: Jobs,
    /// Prompts, and ^C goes back to the prompt.
    pub interactive: bool,
    pub flow: Flow,
    pub flags: Flags,
    /// How many loops, and how many functions or `.` files, are running.
    pub loops: u32,
    pub calls: u32,
    /// Greater than 0 where a failure is a matter of course (`if`, `&&`):
    /// `set -e` does not count there.
    pub tested: u32,
    /// Commands for signals, and for the exit (0).
    pub traps: Vec<(i32, Vec<u8>)>,
}

impl Shell {
    /// A shell with the variables of its environment.
    pub fn new(name: BStr) -> Self {
        let mut shell = Shell {
            vars: Vec::new(),
            functions: Vec::new(),
            params: Vec::new(),
            name: name.to_vec(),
            pid: sys::getpid(),
            status: 0,
            substitution_status: None,
            jobs: Jobs::new(),
            interactive: false,
            flow: Flow::Go,
            flags: Flags::default(),
            loops: 0,
            calls: 0,
            tested: 0,
            traps: Vec::new(),
        };
        for (name, value) in env::vars() {
            shell.export(&name, Some(&value));
        }
        if shell.get(b"PATH").is_none() {
            shell.export(b"PATH", Some(env::DEFAULT_PATH));
        }
        shell.set(b"IFS", b" \t\n");
        shell.set(b"PPID", sys::getppid().to_string().as_bytes());
        shell
    }

    /// Prompts, ignores ^C and gives each job a process group.
    pub fn become_interactive(&mut self) {
        self.interactive = true;
        signals::be_interactive();
        self.jobs.take_terminal();
        if self.get(b"PS1").is_none() {
            let prompt: &[u8] = if sys::geteuid() == 0 { b"# " } else { b"$ " };
            self.set(b"PS1", prompt);
        }
        if self.get(b"PS2").is_none() {
            self.set(b"PS2", b"> ");
        }
    }

    /// Reads what a login shell reads first.
    pub fn read_profiles(&mut self) {
        if sys::access("/etc/profile", sys::R_OK).is_ok() {
            self.run_file(b"/etc/profile");
        }
        let Some(home) = self.get(b"HOME") else {
            return;
        };
        let own = rt::path::join(home, b".profile");
        if sys::access(&own, sys::R_OK).is_ok() {
            self.run_file(&own);
        }
    }

    /// Sets `$0`.
    pub fn set_name(&mut self, name: BStr) {
        self.name = name.to_vec();
    }

    /// `set -x` and its like; whether there is such a flag.
    pub fn try_flag(&mut self, letter: u8, on: bool) -> bool {
        match letter {
            b'e' => self.flags.errexit = on,
            b'u' => self.flags.nounset = on,
            b'x' => self.flags.xtrace = on,
            _ => return false,
        }
        true
    }

    /// Sets a flag that is known to exist.
    pub fn set_flag(&mut self, letter: u8, on: bool) {
        self.try_flag(letter, on);
    }

    fn position(&self, name: &[u8]) -> Option<usize> {
        self.vars.iter().position(|v| v.name == name)
    }

    /// The value of a variable.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.position(name).map(|i| &self.vars[i].value[..])
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        match self.position(name) {
            Some(i) => self.vars[i].value = value.to_vec(),
            None => self.vars.push(Var {
                name: name.to_vec(),
                value: value.to_vec(),
                exported: false,
            }),
        }
    }

    /// Removes a variable.
    pub fn unset(&mut self, name: &[u8]) {
        self.vars.retain(|v| v.name != name);
    }

    /// Marks a variable for the environment of commands, with a value or with
    /// the one it has.
    pub fn export(&mut self, name: &[u8], value: Option<&[u8]>) {
        if let Some(value) = value {
            self.set(name, value);
        }
        if self.position(name).is_none() {
            self.set(name, b"");
        }
        if let Some(i) = self.position(name) {
            self.vars[i].exported = true;
        }
    }

    /// The function of that name.
    pub fn function(&self, name: &[u8]) -> Option<Rc<Command>> {
        let found = self.functions.iter().find(|f| f.0 == name)?;
        Some(found.1.clone())
    }

    /// Defines a function.
    pub fn define(&mut self, name: &[u8], body: &Rc<Command>) {
        self.functions.retain(|f| f.0 != name);
        self.functions.push((name.to_vec(), body.clone()));
    }

    /// The environment for a command.
    pub fn environment(&self) -> sys::StrVec {
        let exported = self.vars.iter().filter(|v| v.exported);
        exported
            .map(|v| [&v.name[..], b"=", &v.value[..]].concat())
            .collect()
    }

    /// The value of `$?`, `$$` and the others that are no variables.
    pub fn special(&self, name: &[u8]) -> Option<Vec<u8>> {
        let number = match name {
            b"?" => self.status,
            b"$" => self.pid,
            b"!" => self.jobs.last_background?,
            b"#" => self.params.len() as i32,
            b"-" => return Some(self.flag_letters()),
            b"0" => return Some(self.name.clone()),
            _ => {
                let index = num::parse_u32(name)? as usize;
                return self.params.get(index.checked_sub(1)?).cloned();
            }
        };
        Some(number.to_string().into_bytes())
    }

    fn flag_letters(&self) -> Vec<u8> {
        [
            (self.flags.errexit, b'e'),
            (self.interactive, b'i'),
            (self.flags.nounset, b'u'),
            (self.flags.xtrace, b'x'),
        ]
        .iter()
        .filter(|f| f.0)
        .map(|f| f.1)
        .collect()
    }

    /// Runs the commands of `trap ... EXIT` and ends the shell.
    pub fn finish(&mut self) -> ! {
        if let Some(at) = self.traps.iter().position(|t| t.0 == 0) {
            let (_, text) = self.traps.remove(at);
            let status = self.status;
            self.flow = Flow::Go;
            self.run_text(&text);
            if self.flow != Flow::Exit {
                self.status = status;
            }
        }
        sys::exit(self.status)
    }
}
