//! Files, lines, and the buffered standard output.

use core::cell::UnsafeCell;
use core::fmt;

use alloc::vec::Vec;
use rtcore::{BStr, Errno};

use crate::abi::Stat;
use crate::{Result, sys};

/// Something that bytes can be read from.
pub trait Read {
    /// Reads at most `buf.len()` bytes; 0 at the end.
    ///
    /// # Errors
    /// Whatever `read` reports, EINTR included.
    fn read(&mut self, buf: &mut [u8]) -> Result<usize>;

    /// Reads until the buffer is full or the input ends; the bytes read.
    ///
    /// # Errors
    /// As [`Read::read`], but EINTR is tried again.
    fn read_full(&mut self, buf: &mut [u8]) -> Result<usize> {
        let mut used = 0;
        while used < buf.len() {
            match self.read(&mut buf[used..]) {
                Ok(0) => break,
                Ok(n) => used += n,
                Err(Errno::EINTR) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(used)
    }

    /// Reads everything up to the end.
    ///
    /// # Errors
    /// As [`Read::read_full`].
    fn read_to_end(&mut self, out: &mut Vec<u8>) -> Result<()> {
        loop {
            let used = out.len();
            out.resize(used + 1024, 0);
            let n = match self.read_full(&mut out[used..]) {
                Ok(n) => n,
                Err(e) => {
                    out.truncate(used);
                    return Err(e);
                }
            };
            out.truncate(used + n);
            if n < 1024 {
                return Ok(());
            }
        }
    }
}

impl<R: Read + ?Sized> Read for &mut R {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        (**self).read(buf)
    }
}

/// Something that bytes can be written to.
pub trait Write {
    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// Whatever `write` reports; EINTR is tried again.
    fn write_all(&mut self, bytes: &[u8]) -> Result<()>;

    /// Writes formatted text: what `write!` calls.
    ///
    /// # Errors
    /// As [`Write::write_all`].
    fn write_fmt(&mut self, args: fmt::Arguments) -> Result<()> {
        let mut sink = Sink {
            to: self,
            result: Ok(()),
        };
        let _ = fmt::write(&mut sink, args);
        sink.result
    }
}

/// Carries text from `core::fmt` to a [`Write`] and an error back.
struct Sink<'a, W: ?Sized> {
    to: &'a mut W,
    result: Result<()>,
}

impl<W: Write + ?Sized> fmt::Write for Sink<'_, W> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.result = self.to.write_all(s.as_bytes());
        self.result.map_err(|_| fmt::Error)
    }
}

impl Write for Vec<u8> {
    fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// An open file, closed when dropped.
#[derive(Debug)]
pub struct File {
    fd: i32,
}

impl File {
    /// Opens for reading.
    ///
    /// # Errors
    /// Whatever `open` reports.
    pub fn open(path: impl AsRef<[u8]>) -> Result<File> {
        Self::open_with(path, sys::O_RDONLY, 0)
    }

    /// Creates, or empties, and opens for writing (mode 666 less the umask).
    ///
    /// # Errors
    /// Whatever `open` reports.
    pub fn create(path: impl AsRef<[u8]>) -> Result<File> {
        Self::open_with(path, sys::O_WRONLY | sys::O_CREAT | sys::O_TRUNC, 0o666)
    }

    /// Opens with `O_...` flags and the mode of a new file.
    ///
    /// # Errors
    /// Whatever `open` reports.
    pub fn open_with(path: impl AsRef<[u8]>, flags: i32, mode: u16) -> Result<File> {
        sys::open(path, flags, mode).map(|fd| File { fd })
    }

    /// Opens `path`, or takes standard input where it is `-`.
    ///
    /// # Errors
    /// Whatever `open` or `dup` reports.
    pub fn open_or_stdin(path: BStr) -> Result<File> {
        if path == "-" {
            sys::dup(0).map(|fd| File { fd })
        } else {
            Self::open(path)
        }
    }

    /// Takes over an open descriptor.
    pub fn from_fd(fd: i32) -> File {
        File { fd }
    }

    /// The descriptor.
    pub fn fd(&self) -> i32 {
        self.fd
    }

    /// The descriptor, which is not closed any more.
    pub fn into_fd(self) -> i32 {
        let fd = self.fd;
        core::mem::forget(self);
        fd
    }

    /// What `fstat` tells.
    ///
    /// # Errors
    /// Whatever `fstat` reports.
    pub fn stat(&self) -> Result<Stat> {
        sys::fstat(self.fd)
    }

    /// Moves the position: `whence` is `SEEK_...`; the new position.
    ///
    /// # Errors
    /// ESPIPE for a pipe or a terminal, EINVAL for a place before the start.
    pub fn seek(&mut self, offset: i32, whence: i32) -> Result<i32> {
        sys::lseek(self.fd, offset, whence)
    }

    /// Closes and tells whether that worked.
    ///
    /// # Errors
    /// Whatever `close` reports.
    pub fn close(self) -> Result<()> {
        sys::close(self.into_fd())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = sys::close(self.fd);
    }
}

impl Read for File {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        sys::read(self.fd, buf)
    }
}

impl Write for File {
    fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        write_all(self.fd, bytes)
    }
}

/// Standard input, unbuffered.
#[derive(Clone, Copy, Debug)]
pub struct Stdin;

impl Read for Stdin {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        sys::read(0, buf)
    }
}

/// Writes all bytes to a descriptor.
///
/// # Errors
/// Whatever `write` reports; EINTR is tried again.
pub fn write_all(fd: i32, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match sys::write(fd, bytes) {
            Ok(0) => return Err(Errno::EIO),
            Ok(n) => bytes = &bytes[n..],
            Err(Errno::EINTR) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Copies everything from `from` to `to`; the number of bytes.
///
/// # Errors
/// Whatever reading or writing reports.
pub fn copy(from: &mut impl Read, to: &mut impl Write) -> Result<u32> {
    let mut buf = [0; 4096];
    let mut total = 0u32;
    loop {
        match from.read(&mut buf) {
            Ok(0) => return Ok(total),
            Ok(n) => {
                to.write_all(&buf[..n])?;
                total = total.wrapping_add(n as u32);
            }
            Err(Errno::EINTR) => {}
            Err(e) => return Err(e),
        }
    }
}

/// Reads a file line by line.
pub struct LineReader<R> {
    from: R,
    buf: [u8; 1024],
    start: usize,
    end: usize,
}

impl<R: Read> LineReader<R> {
    /// A reader at the current position of `from`.
    pub fn new(from: R) -> Self {
        LineReader {
            from,
            buf: [0; 1024],
            start: 0,
            end: 0,
        }
    }

    /// Puts the next line into `line` (replacing what was there), without its
    /// new line; `false` at the end of the input.
    ///
    /// # Errors
    /// Whatever reading reports.
    pub fn next_line(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        let more = self.next_raw(line)?;
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        Ok(more)
    }

    /// As [`Self::next_line`], with the new line, where there is one.
    ///
    /// # Errors
    /// Whatever reading reports.
    pub fn next_raw(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        line.clear();
        loop {
            if self.start == self.end {
                self.start = 0;
                self.end = loop {
                    match self.from.read(&mut self.buf) {
                        Err(Errno::EINTR) => {}
                        other => break other?,
                    }
                };
                if self.end == 0 {
                    return Ok(!line.is_empty());
                }
            }
            let waiting = &self.buf[self.start..self.end];
            let newline = waiting.iter().position(|&b| b == b'\n');
            let take = newline.map_or(waiting.len(), |at| at + 1);
            line.extend_from_slice(&waiting[..take]);
            self.start += take;
            if newline.is_some() {
                return Ok(true);
            }
        }
    }
}

/// Whether the descriptor is a terminal.
pub fn is_terminal(fd: i32) -> bool {
    sys::tcgetattr(fd).is_ok()
}

const OUT_SIZE: usize = 1024;

struct OutState {
    buf: [u8; OUT_SIZE],
    used: usize,
    /// Whether fd 1 was looked at: is it a terminal?
    looked: bool,
    terminal: bool,
    failed: Option<Errno>,
    /// Set while a call is at work: a signal handler that prints finds it.
    busy: bool,
}

struct Out(UnsafeCell<OutState>);

// SAFETY: a process has one thread; signal handlers are kept out by `busy`.
unsafe impl Sync for Out {}

// All zero at the start: it lies in bss and takes no room in the file.
static OUT: Out = Out(UnsafeCell::new(OutState {
    buf: [0; OUT_SIZE],
    used: 0,
    looked: false,
    terminal: false,
    failed: None,
    busy: false,
}));

/// Runs `f` on the buffer; EAGAIN if a signal handler came in between.
fn with_out(f: impl FnOnce(&mut OutState) -> Result<()>) -> Result<()> {
    let state = OUT.0.get();
    // SAFETY: one thread; the volatile flag keeps a handler from making a
    // second reference while this one is at work.
    unsafe {
        if (&raw const (*state).busy).read_volatile() {
            return Err(Errno::EAGAIN);
        }
        (&raw mut (*state).busy).write_volatile(true);
        let result = f(&mut *state);
        (&raw mut (*state).busy).write_volatile(false);
        result
    }
}

impl OutState {
    fn flush(&mut self) -> Result<()> {
        let used = core::mem::take(&mut self.used);
        let result = write_all(1, &self.buf[..used]);
        if let Err(e) = result {
            self.failed = Some(e);
        }
        result
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        if !self.looked {
            self.terminal = is_terminal(1);
            self.looked = true;
        }
        let newline = bytes.contains(&b'\n');
        while !bytes.is_empty() {
            if self.used == OUT_SIZE {
                self.flush()?;
            }
            let take = bytes.len().min(OUT_SIZE - self.used);
            self.buf[self.used..self.used + take].copy_from_slice(&bytes[..take]);
            self.used += take;
            bytes = &bytes[take..];
        }
        if newline && self.terminal {
            self.flush()?;
        }
        Ok(())
    }
}

/// Standard output, buffered: the same buffer that `print!` uses.
#[derive(Clone, Copy, Debug)]
pub struct Stdout;

/// Standard output.
pub fn stdout() -> Stdout {
    Stdout
}

impl Write for Stdout {
    fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        with_out(|out| out.write(bytes))
    }
}

/// Writes out what is waiting in the buffer of standard output.
///
/// # Errors
/// Whatever `write` reports.
pub fn flush() -> Result<()> {
    with_out(OutState::flush)
}

/// Flushes; the first error of standard output since this was last asked.
pub fn take_error() -> Option<Errno> {
    let mut failed = None;
    let _ = with_out(|out| {
        let _ = out.flush();
        failed = out.failed.take();
        Ok(())
    });
    failed
}

#[doc(hidden)]
pub fn print_args(args: fmt::Arguments) {
    let _ = Stdout.write_fmt(args);
}

#[doc(hidden)]
pub fn println_args(args: fmt::Arguments) {
    print_args(args);
    let _ = Stdout.write_all(b"\n");
}

/// Gathers a message, so that it reaches descriptor 2 in one piece.
struct ErrSink {
    buf: [u8; 256],
    used: usize,
}

impl ErrSink {
    fn flush(&mut self) {
        let used = core::mem::take(&mut self.used);
        let _ = write_all(2, &self.buf[..used]);
    }
}

impl fmt::Write for ErrSink {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        for &b in s.as_bytes() {
            if self.used == self.buf.len() {
                self.flush();
            }
            self.buf[self.used] = b;
            self.used += 1;
        }
        Ok(())
    }
}

#[doc(hidden)]
pub fn eprint_args(args: fmt::Arguments, newline: bool) {
    // What was printed before comes first on a terminal that shows both.
    let _ = flush();
    let mut sink = ErrSink {
        buf: [0; 256],
        used: 0,
    };
    let _ = fmt::write(&mut sink, args);
    if newline {
        let _ = fmt::Write::write_str(&mut sink, "\n");
    }
    sink.flush();
}

#[doc(hidden)]
pub fn complain_args(args: fmt::Arguments) {
    eprint_args(
        format_args!("{}: {}", crate::args::program_name(), args),
        true,
    );
}
