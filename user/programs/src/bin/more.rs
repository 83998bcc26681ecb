//! more: text, one screen at a time.

#![no_std]
#![no_main]

use rt::abi::{ECHO, ICANON, TCSETS, Termios, VMIN, VTIME, Winsize};
use rt::prelude::*;
use rt::{io, sys};

#[path = "../filters.rs"]
mod filters;

rt::main!(main);

const USAGE: &str = "usage: more [FILE]...
Shows files, or standard input, one screen at a time. Then:
  space  the next screen    enter  the next line    q  the end";

/// The screen's size, where the terminal does not know its own.
const SCREEN: (usize, usize) = (25, 80);

fn main(args: Args) -> i32 {
    let mut options = args.options("", USAGE);
    while options.next().is_some() {}
    let files = options.operands();
    if files.is_empty() && io::is_terminal(0) {
        options.bad_usage("no file");
    }
    let mut pager = io::is_terminal(1).then(Pager::new).flatten();
    let mut quit = false;
    let code = filters::each_file(files, |name, mut file| match &mut pager {
        _ if quit => Ok(()),
        None => io::copy(&mut file, &mut io::stdout()).map(drop),
        Some(pager) => {
            if files.len() > 1 {
                println!("::: {name} :::");
                pager.left -= 1;
            }
            quit = !pager.show(file)?;
            Ok(())
        }
    });
    if let Some(pager) = pager {
        pager.restore();
    }
    code
}

struct Pager {
    /// The terminal: standard input may be the text.
    keys: File,
    before: Termios,
    /// Rows and columns of the screen.
    size: (usize, usize),
    /// Rows left until it stops.
    left: usize,
}

impl Pager {
    /// `None` if there is no terminal that keys could come from.
    fn new() -> Option<Pager> {
        let keys = File::open("/dev/tty").ok()?;
        let before = sys::tcgetattr(keys.fd()).ok()?;
        let mut raw = before;
        raw.lflag &= !(ICANON | ECHO);
        raw.cc[VMIN] = 1;
        raw.cc[VTIME] = 0;
        sys::tcsetattr(keys.fd(), TCSETS, &raw).ok()?;
        let size = screen_size();
        Some(Pager {
            keys,
            before,
            size,
            left: size.0 - 1,
        })
    }

    fn restore(&self) {
        let _ = sys::tcsetattr(self.keys.fd(), TCSETS, &self.before);
    }

    /// Shows a file; false if the user has seen enough.
    fn show(&mut self, file: File) -> Result<bool> {
        let mut reader = LineReader::new(file);
        let mut line = Vec::new();
        while reader.next_raw(&mut line)? {
            let rows = rows(&line, self.size.1);
            if rows > self.left && !self.ask()? {
                return Ok(false);
            }
            self.left = self.left.saturating_sub(rows);
            io::stdout().write_all(&line)?;
        }
        Ok(true)
    }

    /// Waits for a key; false if it means the end.
    fn ask(&mut self) -> Result<bool> {
        print!("\x1b[7m--More--\x1b[m");
        io::flush()?;
        let mut key = [0];
        let go_on = loop {
            match self.keys.read(&mut key) {
                Err(Errno::EINTR) => {}
                Err(e) => return Err(e),
                Ok(0) => break false,
                Ok(_) => match key[0] {
                    b' ' | b'f' => {
                        self.left = self.size.0 - 1;
                        break true;
                    }
                    b'\r' | b'\n' | b'j' => {
                        self.left = 1;
                        break true;
                    }
                    b'q' | b'Q' | 3 | 4 => break false,
                    _ => {}
                },
            }
        };
        print!("\r\x1b[K");
        Ok(go_on)
    }
}

/// Rows and columns of the terminal that is standard output.
fn screen_size() -> (usize, usize) {
    const TIOCGWINSZ: u32 = 0x5413;
    let mut size = Winsize::default();
    let address = (&raw mut size).expose_provenance();
    // SAFETY: TIOCGWINSZ takes the address of a Winsize.
    match unsafe { sys::ioctl(1, TIOCGWINSZ, address) } {
        Ok(_) if size.row > 1 && size.col > 0 => (usize::from(size.row), usize::from(size.col)),
        _ => SCREEN,
    }
}

/// How many rows of the screen a line takes.
fn rows(line: &[u8], width: usize) -> usize {
    let mut column = 0usize;
    for &byte in line {
        match byte {
            b'\t' => column += 8 - column % 8,
            b' '..=b'~' => column += 1,
            _ => {}
        }
    }
    column.max(1).div_ceil(width)
}
