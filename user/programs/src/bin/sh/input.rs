//! Where commands come from: the terminal, a script, a string.

use rt::prelude::*;

use shlib::Error;
use shlib::ast::List;
use shlib::expand;
use shlib::parse::Parser;

use crate::files;
use crate::shell::{Flow, Shell};
use crate::signals;

impl Shell {
    /// Runs a text that is there as a whole.
    pub fn run_text(&mut self, text: &[u8]) {
        let mut parser = Parser::new(text, true);
        while self.flow == Flow::Go {
            match parser.next_line() {
                Ok(Some(list)) => self.run_list(&list),
                Ok(None) => break,
                Err(e) => {
                    self.report_syntax(&e);
                    break;
                }
            }
        }
    }

    /// Runs the commands of a file in this shell.
    pub fn run_file(&mut self, path: &[u8]) {
        match files::read_script(path) {
            Ok(text) => {
                self.calls += 1;
                self.run_text(&text);
                self.calls -= 1;
                if self.flow == Flow::Return {
                    self.flow = Flow::Go;
                }
            }
            Err(e) => {
                complain!("{}: {e}", BStr(path));
                self.status = 1;
            }
        }
    }

    /// Runs the commands that come from standard input.
    pub fn run_stdin(&mut self) {
        while let Some(list) = self.read_commands() {
            self.run_list(&list);
            match self.flow {
                Flow::Exit => return,
                Flow::Interrupt if !self.interactive => return,
                _ => self.flow = Flow::Go,
            }
        }
        if self.interactive {
            eprintln!("exit");
        }
    }

    /// Reads lines until they make a command; `None` at the end of the input.
    fn read_commands(&mut self) -> Option<List> {
        let mut text = Vec::new();
        loop {
            self.before_line(!text.is_empty());
            let more = match files::read_line(0, &mut text) {
                Ok(more) => more,
                Err(Errno::EINTR) => {
                    self.check_signals();
                    self.flow = Flow::Go;
                    if self.interactive {
                        text.clear();
                    }
                    continue;
                }
                Err(e) => {
                    complain!("cannot read commands: {e}");
                    self.status = 1;
                    return None;
                }
            };
            if text.is_empty() && !more {
                return None;
            }
            match Parser::new(&text, !more).next_line() {
                Ok(Some(list)) => return Some(list),
                // Only blanks and comments.
                Ok(None) if more => text.clear(),
                Ok(None) => return None,
                Err(Error::Incomplete) => {}
                Err(e) => {
                    self.report_syntax(&e);
                    text.clear();
                    if !self.interactive {
                        return None;
                    }
                }
            }
        }
    }

    /// What is done before a line is read: news of the jobs, the prompt.
    fn before_line(&mut self, continued: bool) {
        if !self.interactive {
            return;
        }
        signals::take(rt::signal::SIGINT);
        if !continued {
            self.jobs.reap();
            self.jobs.report_changes();
        }
        let name: &[u8] = if continued { b"PS2" } else { b"PS1" };
        let prompt = self.get(name).unwrap_or_default().to_vec();
        let status = self.status;
        let prompt = expand::text(self, &prompt).unwrap_or(prompt);
        self.status = status;
        let _ = rt::io::flush();
        let _ = rt::io::write_all(2, &prompt);
    }

    fn report_syntax(&mut self, error: &Error) {
        if let Error::Syntax(line, message) = error {
            if self.interactive && self.calls == 0 {
                complain!("{message}");
            } else {
                complain!("line {line}: {message}");
            }
        }
        self.status = 2;
    }
}
