//! What expansion needs from the shell.

use rt::prelude::*;

use shlib::expand::Host;

use crate::shell::Shell;

impl Host for Shell {
    fn value(&self, name: &[u8]) -> Option<Vec<u8>> {
        match name.first() {
            Some(b) if b.is_ascii_alphabetic() || *b == b'_' => self.get(name).map(<[u8]>::to_vec),
            _ => self.special(name),
        }
    }

    fn assign(&mut self, name: &[u8], value: &[u8]) {
        self.set(name, value);
    }

    fn positional(&self) -> &[Vec<u8>] {
        &self.params
    }

    fn substitute(&mut self, commands: &[u8]) -> core::result::Result<Vec<u8>, String> {
        let text = |e: Errno| format!("command substitution: {e}");
        let (from, to) = sys::pipe().map_err(text)?;
        let pid = match sys::fork() {
            Ok(0) => {
                self.enter_subshell();
                let _ = sys::close(from);
                if to != 1 {
                    let _ = sys::dup2(to, 1);
                    let _ = sys::close(to);
                }
                self.run_text(commands);
                self.finish()
            }
            Ok(pid) => pid,
            Err(e) => {
                let _ = sys::close(from);
                let _ = sys::close(to);
                return Err(text(e));
            }
        };
        let _ = sys::close(to);
        let mut output = Vec::new();
        let read = File::from_fd(from).read_to_end(&mut output);
        if let Ok(status) = sys::wait_for(pid) {
            self.substitution_status = Some(status.shell_code());
        }
        read.map_err(text)?;
        // A NUL cannot be passed on in an argument.
        output.retain(|&b| b != 0);
        Ok(output)
    }

    fn names_in(&mut self, dir: &[u8]) -> Vec<Vec<u8>> {
        rt::dir::names(dir).unwrap_or_default()
    }

    fn exists(&mut self, path: &[u8]) -> bool {
        sys::lstat(path).is_ok()
    }

    fn strict(&self) -> bool {
        self.flags.nounset
    }
}
