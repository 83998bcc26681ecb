//! The guest's serial line, as the host sees it: everything that came is kept,
//! text can be waited for, text can be typed.

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use regex::bytes::Regex;

/// The host's end of a serial line.
pub struct Console {
    shared: Arc<Shared>,
    writer: Box<dyn Write + Send>,
    /// What lies before this was already matched.
    taken: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    /// All that came, carriage returns left out.
    bytes: Vec<u8>,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A reader that panicked leaves bytes that are still right.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What [`Console::line`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    Text(String),
    Timeout,
    /// The emulator has closed its end.
    Closed,
}

impl Console {
    /// A console on a connection; a thread reads it from now on.
    pub fn new(
        mut reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
    ) -> Console {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                let new = buffer[..length].iter().filter(|byte| **byte != b'\r');
                theirs.lock().bytes.extend(new);
                theirs.more.notify_all();
            }
            theirs.lock().closed = true;
            theirs.more.notify_all();
        });
        Console {
            shared,
            writer: Box::new(writer),
            taken: 0,
        }
    }

    /// Types text, as it is.
    pub fn send(&mut self, text: &str) -> Result<()> {
        self.writer
            .write_all(text.as_bytes())
            .and_then(|()| self.writer.flush())
            .context("the emulator takes no more input")
    }

    /// Waits until the regular expression matches in what has come since the
    /// last match; gives the text up to the end of the match.
    pub fn expect(&mut self, pattern: &str, timeout: Duration) -> Result<String> {
        let regex = Regex::new(pattern).context("bad regular expression")?;
        let found = self.wait(timeout, |new, _| regex.find(new).map(|found| found.end()));
        if let Some(length) = found {
            return Ok(self.take(length));
        }
        let closed = self.shared.lock().closed;
        let why = if closed {
            "the emulator ended"
        } else {
            "nothing came in time"
        };
        bail!(
            "waited {:.1} s for /{pattern}/: {why}. The end of the output:\n{}",
            timeout.as_secs_f64(),
            indent(&self.tail(1500))
        )
    }

    /// The next whole line, without its end.
    pub fn line(&mut self, timeout: Duration) -> Line {
        let found = self.wait(timeout, |new, closed| {
            let end = new.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            end.or_else(|| (closed && !new.is_empty()).then_some(new.len()))
        });
        match found {
            Some(length) => Line::Text(self.take(length).trim_end_matches('\n').to_string()),
            None if self.shared.lock().closed => Line::Closed,
            None => Line::Timeout,
        }
    }

    /// Calls `judge` with what is new (and whether more can come) until it says
    /// how many bytes to take, the time is over, or nothing can come any more.
    fn wait(
        &self,
        timeout: Duration,
        judge: impl Fn(&[u8], bool) -> Option<usize>,
    ) -> Option<usize> {
        let deadline = Instant::now() + timeout;
        let mut state = self.shared.lock();
        loop {
            if let Some(length) = judge(&state.bytes[self.taken..], state.closed) {
                return Some(length);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.closed || left.is_zero() {
                return None;
            }
            state = self
                .shared
                .more
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn take(&mut self, length: usize) -> String {
        let state = self.shared.lock();
        let text =
            String::from_utf8_lossy(&state.bytes[self.taken..self.taken + length]).into_owned();
        self.taken += length;
        text
    }

    /// Everything that came so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&self.shared.lock().bytes).into_owned()
    }

    /// The last bytes that came.
    pub fn tail(&self, bytes: usize) -> String {
        let state = self.shared.lock();
        let start = state.bytes.len().saturating_sub(bytes);
        String::from_utf8_lossy(&state.bytes[start..]).into_owned()
    }
}

/// Sets text off from what surrounds it.
pub fn indent(text: &str) -> String {
    text.lines().map(|line| format!("    | {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    fn pair() -> (Console, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Console::new(ours.try_clone().unwrap(), ours), theirs)
    }

    const SOON: Duration = Duration::from_millis(50);
    const LATER: Duration = Duration::from_secs(5);

    #[test]
    fn expects_and_sends() {
        let (mut console, mut guest) = pair();
        guest.write_all(b"one\r\ntwo # ").unwrap();
        assert_eq!(console.expect("t.o", LATER).unwrap(), "one\ntwo");
        assert!(console.expect("one", SOON).is_err());
        console.send("hi").unwrap();
        let mut got = [0; 2];
        guest.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"hi");
        assert_eq!(console.log(), "one\ntwo # ");
    }

    #[test]
    fn lines_and_the_end() {
        let (mut console, mut guest) = pair();
        guest.write_all(b"a\nb").unwrap();
        assert_eq!(console.line(LATER), Line::Text("a".into()));
        assert_eq!(console.line(SOON), Line::Timeout);
        drop(guest);
        assert_eq!(console.line(LATER), Line::Text("b".into()));
        assert_eq!(console.line(LATER), Line::Closed);
        let error = console.expect("x", LATER).unwrap_err().to_string();
        assert!(error.contains("ended"), "{error}");
    }
}
