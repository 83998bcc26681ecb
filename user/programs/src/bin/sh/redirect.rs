//! Redirections.

use rt::prelude::*;

use shlib::ast::{Redirection, Target};
use shlib::expand;

use crate::shell::Shell;

/// Saved descriptors lie from here on, out of the way of scripts.
const FIRST_SAVED: i32 = 10;
/// What a pipe takes without a reader.
const PIPE_ROOM: usize = 4095;

/// What the descriptors were before: (descriptor, its copy, if it was open).
pub type Saved = Vec<(i32, Option<i32>)>;

impl Shell {
    /// Does the redirections from left to right. With `saved`, what was there
    /// before is kept, for [`restore`].
    ///
    /// # Errors
    /// What went wrong, for people.
    pub fn redirect(
        &mut self,
        list: &[Redirection],
        mut saved: Option<&mut Saved>,
    ) -> core::result::Result<(), String> {
        for redirection in list {
            let fd = redirection.fd;
            // What is waiting belongs to where the descriptor goes now.
            let _ = rt::io::flush();
            let (source, close) = self.open_target(&redirection.to)?;
            if let Some(saved) = saved.as_deref_mut()
                && !saved.iter().any(|s| s.0 == fd)
            {
                saved.push((fd, save(fd)));
            }
            let result = match source {
                None => sys::close(fd).or(Ok(())),
                Some(source) if source == fd => Ok(()),
                Some(source) => {
                    let result = sys::dup2(source, fd).map(drop);
                    if close {
                        let _ = sys::close(source);
                    }
                    result
                }
            };
            result.map_err(|e| format!("{fd}: {e}"))?;
        }
        Ok(())
    }

    /// The descriptor that a redirection leads to (`None`: close it), and
    /// whether it was opened just for that.
    fn open_target(&mut self, to: &Target) -> core::result::Result<(Option<i32>, bool), String> {
        let (word, flags) = match to {
            Target::Read(word) => (word, sys::O_RDONLY),
            Target::Write(word) => (word, sys::O_WRONLY | sys::O_CREAT | sys::O_TRUNC),
            Target::Append(word) => (word, sys::O_WRONLY | sys::O_CREAT | sys::O_APPEND),
            Target::ReadWrite(word) => (word, sys::O_RDWR | sys::O_CREAT),
            Target::Duplicate(word) => return self.duplicate(word).map(|fd| (fd, false)),
            Target::Here(body, expand) => {
                let body = if *expand {
                    expand::text(self, body)?
                } else {
                    body.to_vec()
                };
                let fd = here_document(&body).map_err(|e| format!("here-document: {e}"))?;
                return Ok((Some(fd), true));
            }
        };
        let name = expand::string(self, word)?;
        match sys::open(&name, flags, 0o666) {
            Ok(fd) => Ok((Some(fd), true)),
            Err(e) => Err(format!("{}: {e}", BStr(&name))),
        }
    }

    /// The descriptor that `>&word` names; `None` for `-`.
    fn duplicate(&mut self, word: &[u8]) -> core::result::Result<Option<i32>, String> {
        let text = expand::string(self, word)?;
        if text == b"-" {
            return Ok(None);
        }
        match rt::num::parse_u32(&text) {
            Some(fd) if sys::fcntl(fd as i32, sys::F_GETFD, 0).is_ok() => Ok(Some(fd as i32)),
            _ => Err(format!("{}: {}", BStr(&text), Errno::EBADF)),
        }
    }
}

/// A copy of a descriptor that programs do not get; `None` if it is closed.
fn save(fd: i32) -> Option<i32> {
    let copy = sys::fcntl(fd, sys::F_DUPFD, FIRST_SAVED).ok()?;
    let _ = sys::fcntl(copy, sys::F_SETFD, 1);
    Some(copy)
}

/// Puts back what [`Shell::redirect`] saved.
pub fn restore(saved: Saved) {
    let _ = rt::io::flush();
    for (fd, copy) in saved.into_iter().rev() {
        match copy {
            Some(copy) => {
                let _ = sys::dup2(copy, fd);
                let _ = sys::close(copy);
            }
            None => {
                let _ = sys::close(fd);
            }
        }
    }
}

/// A descriptor from which `body` can be read: a pipe if it fits into one,
/// else a file that has no name any more.
fn here_document(body: &[u8]) -> Result<i32> {
    if body.len() <= PIPE_ROOM {
        let (from, to) = sys::pipe()?;
        let result = rt::io::write_all(to, body);
        let _ = sys::close(to);
        return result.map(|()| from);
    }
    let name = format!("/tmp/sh{}", sys::getpid());
    let flags = sys::O_RDWR | sys::O_CREAT | sys::O_EXCL;
    let mut file = File::open_with(&name, flags, 0o600)?;
    sys::unlink(&name)?;
    file.write_all(body)?;
    file.seek(0, sys::SEEK_SET)?;
    Ok(file.into_fd())
}
