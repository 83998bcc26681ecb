//! Running commands.

use rt::abi::WaitStatus;
use rt::prelude::*;
use rt::signal::SIGINT;
use rt::{env, path};

use shlib::ast::*;
use shlib::expand;

use crate::builtins::{self, Builtin};
use crate::files;
use crate::redirect::{Saved, restore};
use crate::shell::{Flow, Shell};
use crate::signals;

/// Processes of one job while they are being started.
struct Launch {
    foreground: bool,
    group: i32,
    pids: Vec<i32>,
}

impl Launch {
    fn new(foreground: bool) -> Self {
        Launch {
            foreground,
            group: 0,
            pids: Vec::new(),
        }
    }
}

impl Shell {
    /// Runs commands one after the other.
    pub fn run_list(&mut self, list: &[Item]) {
        for item in list {
            if item.background {
                self.run_background(item);
            } else {
                self.run_item(item);
            }
            self.check_signals();
            if self.flow != Flow::Go {
                return;
            }
        }
    }

    /// Runs pipelines joined by `&&` and `||`.
    fn run_item(&mut self, item: &Item) {
        let total = item.rest.len();
        self.run_tested(&item.first, total > 0, &item.text);
        for (i, (and, pipeline)) in item.rest.iter().enumerate() {
            if self.flow != Flow::Go {
                return;
            }
            if *and == (self.status == 0) {
                self.run_tested(pipeline, i + 1 < total, &item.text);
            }
        }
    }

    /// Runs a pipeline; with `tested`, its failure does not end a `set -e`
    /// shell.
    fn run_tested(&mut self, pipeline: &Pipeline, tested: bool, text: &[u8]) {
        let tested = u32::from(tested || pipeline.negated);
        self.tested += tested;
        self.run_pipeline(pipeline, text);
        self.tested -= tested;
        let failed = self.status != 0 && tested == 0 && self.tested == 0;
        if failed && self.flags.errexit && self.flow == Flow::Go {
            self.flow = Flow::Exit;
        }
    }

    fn run_pipeline(&mut self, pipeline: &Pipeline, text: &[u8]) {
        match &pipeline.commands[..] {
            [command] => self.run_command(command, text),
            commands => {
                let mut launch = Launch::new(true);
                match self.start_pipeline(&mut launch, commands) {
                    Ok(()) => self.wait_foreground(launch, text),
                    Err(e) => self.fail(1, &format!("cannot start: {e}")),
                }
            }
        }
        if pipeline.negated && self.flow == Flow::Go {
            self.status = i32::from(self.status == 0);
        }
    }

    /// Complains, and sets the exit code.
    fn fail(&mut self, status: i32, message: &str) {
        complain!("{message}");
        self.status = status;
    }

    /// An expansion failed: a script ends there.
    fn fail_expansion(&mut self, message: &str) {
        self.fail(1, message);
        if !self.interactive {
            self.flow = Flow::Exit;
        } else {
            self.flow = Flow::Interrupt;
        }
    }

    // ----- processes -----

    /// Starts a process of a job: `body` runs in it and gives its exit code.
    fn spawn(&mut self, launch: &mut Launch, body: impl FnOnce(&mut Shell) -> i32) -> Result<()> {
        let pid = sys::fork()?;
        if pid == 0 {
            self.enter_child(launch);
            self.status = body(self);
            self.finish();
        }
        if launch.group == 0 {
            launch.group = pid;
        }
        launch.pids.push(pid);
        if self.jobs.control() {
            // Both sides do it, because nobody knows who runs first.
            let _ = sys::setpgid(pid, launch.group);
            if launch.foreground {
                self.jobs.foreground(launch.group);
            }
        }
        Ok(())
    }

    /// The first thing in a new process of a job.
    fn enter_child(&mut self, launch: &Launch) {
        if self.jobs.control() {
            let own = sys::getpid();
            let group = if launch.group == 0 { own } else { launch.group };
            let _ = sys::setpgid(0, group);
            if launch.foreground {
                self.jobs.foreground(group);
            }
        } else if !launch.foreground {
            signals::ignore_keys();
            if let Ok(null) = sys::open("/dev/null", sys::O_RDONLY, 0) {
                let _ = sys::dup2(null, 0);
                let _ = sys::close(null);
            }
        }
        self.enter_subshell();
    }

    /// Makes this process a subshell: no prompt, no jobs, default signals.
    pub fn enter_subshell(&mut self) {
        signals::reset(self.interactive, &mut self.traps);
        self.interactive = false;
        self.jobs.forget();
    }

    /// Starts the commands of a pipeline, joined by pipes.
    fn start_pipeline(&mut self, launch: &mut Launch, commands: &[Command]) -> Result<()> {
        let mut input: Option<i32> = None;
        for (i, command) in commands.iter().enumerate() {
            let pipe = if i + 1 < commands.len() {
                Some(sys::pipe()?)
            } else {
                None
            };
            let result = self.spawn(launch, |shell| {
                if let Some(from) = input {
                    let _ = sys::dup2(from, 0);
                    let _ = sys::close(from);
                }
                if let Some((from, to)) = pipe {
                    let _ = sys::close(from);
                    let _ = sys::dup2(to, 1);
                    let _ = sys::close(to);
                }
                shell.run_as_child(command)
            });
            if let Some(from) = input.take() {
                let _ = sys::close(from);
            }
            if let Some((from, to)) = pipe {
                let _ = sys::close(to);
                input = Some(from);
            }
            if let Err(e) = result {
                if let Some(from) = input {
                    let _ = sys::close(from);
                }
                // What was started ends by itself: its pipe is closed.
                for pid in &launch.pids {
                    let _ = sys::wait_for(*pid);
                }
                return Err(e);
            }
        }
        Ok(())
    }

    /// Runs a command in a process of its own that ends with it.
    fn run_as_child(&mut self, command: &Command) -> i32 {
        match &command.kind {
            Kind::Simple { assignments, words } => {
                self.run_simple(command, assignments, words, true, b"");
            }
            Kind::Subshell(list) => match self.redirect(&command.redirections, None) {
                Ok(()) => self.run_list(list),
                Err(e) => self.fail(1, &e),
            },
            _ => self.run_command(command, b""),
        }
        self.status
    }

    fn wait_foreground(&mut self, launch: Launch, text: &[u8]) {
        let group = if self.jobs.control() { launch.group } else { 0 };
        let index = self.jobs.add(group, &launch.pids, text.to_vec());
        let status = self.jobs.finish_foreground(index);
        self.note_end(status);
    }

    /// Sets `$?`; ^C on a job also ends the loop that it was in.
    pub fn note_end(&mut self, status: WaitStatus) {
        self.status = status.shell_code();
        if self.interactive && status.term_signal() == Some(SIGINT) {
            self.flow = Flow::Interrupt;
        }
    }

    /// Starts a job in the background.
    fn run_background(&mut self, item: &Item) {
        self.jobs.reap();
        let mut launch = Launch::new(false);
        let result = if item.rest.is_empty() && !item.first.negated {
            self.start_pipeline(&mut launch, &item.first.commands)
        } else {
            self.spawn(&mut launch, |shell| {
                shell.run_item(item);
                shell.status
            })
        };
        if let Err(e) = result {
            return self.fail(1, &format!("cannot start: {e}"));
        }
        let group = if self.jobs.control() { launch.group } else { 0 };
        let index = self.jobs.add(group, &launch.pids, item.text.clone());
        let job = &self.jobs.list[index];
        let (number, pid) = (job.number, job.last_pid());
        self.jobs.last_background = Some(pid);
        if self.interactive {
            eprintln!("[{number}] {pid}");
        }
        self.status = 0;
    }

    // ----- commands -----

    fn run_command(&mut self, command: &Command, text: &[u8]) {
        match &command.kind {
            Kind::Simple { assignments, words } => {
                self.run_simple(command, assignments, words, false, text);
            }
            Kind::Subshell(_) => {
                let mut launch = Launch::new(true);
                match self.spawn(&mut launch, |shell| shell.run_as_child(command)) {
                    Ok(()) => self.wait_foreground(launch, text),
                    Err(e) => self.fail(1, &format!("cannot start: {e}")),
                }
            }
            kind => self.with_redirections(&command.redirections, |shell| shell.run_compound(kind)),
        }
    }

    /// Runs something in this process with redirections that end with it.
    fn with_redirections(&mut self, list: &[Redirection], run: impl FnOnce(&mut Shell)) {
        if list.is_empty() {
            return run(self);
        }
        let mut saved = Saved::new();
        match self.redirect(list, Some(&mut saved)) {
            Ok(()) => run(self),
            Err(e) => self.fail(1, &e),
        }
        restore(saved);
    }

    fn run_compound(&mut self, kind: &Kind) {
        match kind {
            Kind::Group(list) => self.run_list(list),
            Kind::If(arms, otherwise) => self.run_if(arms, otherwise.as_deref()),
            Kind::Loop {
                until,
                condition,
                body,
            } => self.run_loop(*until, condition, body),
            Kind::For { name, words, body } => self.run_for(name, words.as_deref(), body),
            Kind::Case(word, arms) => self.run_case(word, arms),
            Kind::Function(name, body) => {
                self.define(name, body);
                self.status = 0;
            }
            Kind::Simple { .. } | Kind::Subshell(_) => {}
        }
    }

    /// Runs a condition; whether it holds (and nothing else is going on).
    fn condition(&mut self, list: &[Item]) -> bool {
        self.tested += 1;
        self.run_list(list);
        self.tested -= 1;
        self.status == 0
    }

    fn run_if(&mut self, arms: &[(List, List)], otherwise: Option<&[Item]>) {
        for (condition, body) in arms {
            let holds = self.condition(condition);
            if self.flow != Flow::Go {
                return;
            }
            if holds {
                return self.run_list(body);
            }
        }
        self.status = 0;
        if let Some(list) = otherwise {
            self.run_list(list);
        }
    }

    fn run_loop(&mut self, until: bool, condition: &[Item], body: &[Item]) {
        let mut status = 0;
        self.loops += 1;
        loop {
            let holds = self.condition(condition);
            if self.flow == Flow::Go && holds == until {
                break;
            }
            if self.flow == Flow::Go {
                self.run_list(body);
                status = self.status;
            }
            if self.leave_loop() {
                break;
            }
        }
        self.loops -= 1;
        if self.flow == Flow::Go {
            self.status = status;
        }
    }

    /// After a round: whether the loop ends here.
    fn leave_loop(&mut self) -> bool {
        match self.flow {
            Flow::Go => false,
            Flow::Break(levels) => {
                self.flow = match levels {
                    0 | 1 => Flow::Go,
                    _ => Flow::Break(levels - 1),
                };
                true
            }
            Flow::Continue(0 | 1) => {
                self.flow = Flow::Go;
                false
            }
            Flow::Continue(levels) => {
                self.flow = Flow::Continue(levels - 1);
                true
            }
            _ => true,
        }
    }

    fn run_for(&mut self, name: &[u8], words: Option<&[Word]>, body: &[Item]) {
        let values = match words {
            None => self.params.clone(),
            Some(words) => match expand::arguments(self, words) {
                Ok(values) => values,
                Err(e) => return self.fail_expansion(&e),
            },
        };
        self.status = 0;
        self.loops += 1;
        for value in values {
            self.set(name, &value);
            self.run_list(body);
            if self.leave_loop() {
                break;
            }
        }
        self.loops -= 1;
    }

    fn run_case(&mut self, word: &[u8], arms: &[(Vec<Word>, List)]) {
        let word = match expand::string(self, word) {
            Ok(word) => word,
            Err(e) => return self.fail_expansion(&e),
        };
        self.status = 0;
        for (patterns, list) in arms {
            for pattern in patterns {
                match expand::pattern(self, pattern) {
                    Ok(pattern) if rt::glob::matches(&pattern, &word) => {
                        return self.run_list(list);
                    }
                    Ok(_) => {}
                    Err(e) => return self.fail_expansion(&e),
                }
            }
        }
    }

    /// Runs a simple command; with `tail`, this process ends with it.
    fn run_simple(
        &mut self,
        command: &Command,
        assignments: &[(Vec<u8>, Word)],
        words: &[Word],
        tail: bool,
        text: &[u8],
    ) {
        self.substitution_status = None;
        let args = match expand::arguments(self, words) {
            Ok(args) => args,
            Err(e) => return self.fail_expansion(&e),
        };
        let mut values = Vec::new();
        for (name, word) in assignments {
            match expand::string(self, word) {
                Ok(value) => values.push((name.clone(), value)),
                Err(e) => return self.fail_expansion(&e),
            }
        }
        if self.flags.xtrace {
            trace(&values, &args);
        }
        let Some(name) = args.first() else {
            return self.run_assignments(command, values);
        };
        if let Some(function) = self.function(name) {
            self.call_function(command, &function, values, args);
        } else if let Some(builtin) = builtins::find(name) {
            self.run_builtin(command, builtin, values, &args);
        } else if tail {
            self.exec_external(&command.redirections, values, &args);
        } else {
            let mut launch = Launch::new(true);
            let started = self.spawn(&mut launch, |shell| {
                shell.exec_external(&command.redirections, values, &args);
                shell.status
            });
            match started {
                Ok(()) => self.wait_foreground(launch, text),
                Err(e) => self.fail(126, &format!("cannot start {}: {e}", BStr(&args[0]))),
            }
        }
    }

    /// A command without a name: its assignments stay.
    fn run_assignments(&mut self, command: &Command, values: Vec<(Vec<u8>, Vec<u8>)>) {
        for (name, value) in values {
            self.set(&name, &value);
        }
        self.status = self.substitution_status.unwrap_or(0);
        self.with_redirections(&command.redirections, |_| {});
    }

    /// Sets variables for one command; what they were.
    fn set_for_now(&mut self, values: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let mut before = Vec::new();
        for (name, value) in values {
            let old = self.get(&name).map(<[u8]>::to_vec);
            self.set(&name, &value);
            before.push((name, old));
        }
        before
    }

    fn put_back(&mut self, before: Vec<(Vec<u8>, Option<Vec<u8>>)>) {
        for (name, value) in before.into_iter().rev() {
            match value {
                Some(value) => self.set(&name, &value),
                None => self.unset(&name),
            }
        }
    }

    fn call_function(
        &mut self,
        command: &Command,
        function: &Command,
        values: Vec<(Vec<u8>, Vec<u8>)>,
        mut args: Vec<Vec<u8>>,
    ) {
        args.remove(0);
        let params = core::mem::replace(&mut self.params, args);
        let loops = core::mem::take(&mut self.loops);
        let before = self.set_for_now(values);
        self.calls += 1;
        self.with_redirections(&command.redirections, |shell| {
            shell.run_command(function, b"");
        });
        self.calls -= 1;
        self.put_back(before);
        self.loops = loops;
        self.params = params;
        if self.flow == Flow::Return {
            self.flow = Flow::Go;
        }
    }

    fn run_builtin(
        &mut self,
        command: &Command,
        builtin: Builtin,
        values: Vec<(Vec<u8>, Vec<u8>)>,
        args: &[Vec<u8>],
    ) {
        if args[0] == b"exec" {
            return self.run_exec(command, values, args);
        }
        let before = self.set_for_now(values);
        self.with_redirections(&command.redirections, |shell| {
            shell.status = builtin(shell, args);
            if let Some(e) = rt::io::take_error() {
                complain!("{}: {e}", BStr(&args[0]));
                shell.status = 1;
            }
        });
        self.put_back(before);
    }

    /// `exec`: its redirections stay; with a command, the shell ends.
    fn run_exec(&mut self, command: &Command, values: Vec<(Vec<u8>, Vec<u8>)>, args: &[Vec<u8>]) {
        if args.len() == 1 {
            self.status = 0;
            if let Err(e) = self.redirect(&command.redirections, None) {
                self.fail(1, &e);
            }
            return;
        }
        signals::reset(self.interactive, &mut self.traps);
        self.exec_external(&command.redirections, values, &args[1..]);
        if self.interactive {
            signals::be_interactive();
        } else {
            self.flow = Flow::Exit;
        }
    }

    /// Replaces this process by a program. Returns if that is not possible,
    /// with the exit code in `status`; a script without `#!` is run here.
    fn exec_external(
        &mut self,
        redirections: &[Redirection],
        values: Vec<(Vec<u8>, Vec<u8>)>,
        args: &[Vec<u8>],
    ) {
        for (name, value) in values {
            self.export(&name, Some(&value));
        }
        if let Err(e) = self.redirect(redirections, None) {
            return self.fail(1, &e);
        }
        let search = self.get(b"PATH").unwrap_or(env::DEFAULT_PATH).to_vec();
        let argv: sys::StrVec = args.iter().collect();
        let envp = self.environment();
        let mut error = Errno::ENOENT;
        for file in env::candidates(&args[0], &search) {
            match sys::execve(&file, &argv, &envp) {
                Errno::ENOENT | Errno::ENOTDIR => {}
                Errno::ENOEXEC => return self.run_script(&file, args),
                other => error = other,
            }
        }
        let name = BStr(&args[0]);
        match error {
            Errno::ENOENT if !args[0].contains(&b'/') => {
                self.fail(127, &format!("{name}: command not found"));
            }
            Errno::ENOENT => self.fail(127, &format!("{name}: {error}")),
            _ => self.fail(126, &format!("{name}: {error}")),
        }
    }

    /// Runs a script that the kernel does not know, in this process.
    fn run_script(&mut self, file: &[u8], args: &[Vec<u8>]) {
        match files::read_script(file) {
            Ok(text) => {
                self.functions.clear();
                self.vars.retain(|v| v.exported);
                self.set(b"IFS", b" \t\n");
                self.params = args[1..].to_vec();
                self.set_name(BStr(file));
                self.run_text(&text);
            }
            Err(e) => {
                let name = BStr(path::basename(file));
                self.fail(126, &format!("{name}: {e}"));
            }
        }
    }
}

/// `set -x`: shows a command on standard error.
fn trace(values: &[(Vec<u8>, Vec<u8>)], args: &[Vec<u8>]) {
    let mut line = Vec::from(*b"+");
    for (name, value) in values {
        line.push(b' ');
        line.extend_from_slice(&[name, &b"="[..], value].concat());
    }
    for arg in args {
        line.push(b' ');
        line.extend_from_slice(arg);
    }
    line.push(b'\n');
    let _ = rt::io::flush();
    let _ = rt::io::write_all(2, &line);
}
