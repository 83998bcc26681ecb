//! stty: shows and changes the settings of a terminal.

#![no_std]
#![no_main]

use rt::abi::{self, Termios};
use rt::prelude::*;
use rt::{num, sys};

rt::main!(main);

const USAGE: &str = "usage: stty [-a] [SETTING...]   (the terminal is standard input: < /dev/tty1)
Without settings shows what differs from the usual; -a shows all. Settings:
  NUMBER        bits per second of a serial line: 300 1200 9600 38400 ...
  NAME, -NAME   turns on, off: echo icanon isig ixon ixoff opost onlcr icrnl ...
  intr C        a character: intr quit erase kill eof start stop susp; ^C, - none
  min N, time N of raw input
  rows N, columns N
  sane, raw, -raw";

/// Where in the settings a flag is.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Input,
    Output,
    Control,
    Local,
}

use Mode::{Control, Input, Local, Output};

/// Names, places, bits, and whether they are usually set.
const FLAGS: &[(&str, Mode, u32, bool)] = &[
    ("parenb", Control, 0o400, false),
    ("parodd", Control, 0o1000, false),
    ("cstopb", Control, 0o100, false),
    ("cread", Control, 0o200, true),
    ("hupcl", Control, 0o2000, true),
    ("clocal", Control, 0o4000, true),
    ("ignbrk", Input, 0o1, false),
    ("brkint", Input, 0o2, false),
    ("istrip", Input, 0o40, false),
    ("inlcr", Input, 0o100, false),
    ("igncr", Input, 0o200, false),
    ("icrnl", Input, 0o400, true),
    ("iuclc", Input, 0o1000, false),
    ("ixon", Input, 0o2000, false),
    ("ixany", Input, 0o4000, false),
    ("ixoff", Input, 0o10000, false),
    ("imaxbel", Input, 0o20000, false),
    ("opost", Output, 0o1, true),
    ("olcuc", Output, 0o2, false),
    ("onlcr", Output, 0o4, true),
    ("ocrnl", Output, 0o10, false),
    ("onocr", Output, 0o20, false),
    ("onlret", Output, 0o40, false),
    ("xtabs", Output, 0o14000, false),
    ("isig", Local, 0o1, true),
    ("icanon", Local, 0o2, true),
    ("echo", Local, 0o10, true),
    ("echoe", Local, 0o20, true),
    ("echok", Local, 0o40, true),
    ("echonl", Local, 0o100, false),
    ("noflsh", Local, 0o200, false),
    ("tostop", Local, 0o400, false),
    ("echoctl", Local, 0o1000, true),
    ("echoke", Local, 0o4000, true),
    ("iexten", Local, 0o100000, true),
];

/// Control characters: names, indices, usual values.
const CHARACTERS: &[(&str, usize, u8)] = &[
    ("intr", 0, 3),
    ("quit", 1, 0x1c),
    ("erase", 2, 0x7f),
    ("kill", 3, 0x15),
    ("eof", 4, 4),
    ("start", 8, 0x11),
    ("stop", 9, 0x13),
    ("susp", 10, 0x1a),
    ("eol", 11, 0),
    ("rprnt", 12, 0x12),
    ("werase", 14, 0x17),
    ("lnext", 15, 0x16),
];

/// Bits per second, by their number in the settings.
const SPEEDS: [u32; 16] = [
    0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400,
];

const TIOCGWINSZ: u32 = 0x5413;
const TIOCSWINSZ: u32 = 0x5414;

fn word(settings: &mut Termios, mode: Mode) -> &mut u32 {
    match mode {
        Input => &mut settings.iflag,
        Output => &mut settings.oflag,
        Control => &mut settings.cflag,
        Local => &mut settings.lflag,
    }
}

fn set(settings: &mut Termios, mode: Mode, bits: u32, on: bool) {
    let word = word(settings, mode);
    *word = if on { *word | bits } else { *word & !bits };
}

/// The window: lines and columns.
fn window() -> [u16; 4] {
    let mut size = [0; 4];
    // SAFETY: TIOCGWINSZ fills four 16-bit numbers.
    let _ = unsafe { sys::ioctl(0, TIOCGWINSZ, size.as_mut_ptr().expose_provenance()) };
    size
}

/// `^C` and the like; `-` for none.
fn character(text: &[u8]) -> Option<u8> {
    match text {
        [b'-'] => Some(0),
        [b'^', b'?'] => Some(0x7f),
        [b'^', c] => Some(c.to_ascii_uppercase() & 0x1f),
        [c] => Some(*c),
        _ => None,
    }
}

fn show(mut settings: Termios, all: bool) {
    let speed = SPEEDS[(settings.cflag & 15) as usize];
    let [rows, columns, ..] = window();
    println!("speed {speed} bits a second, {rows} rows, {columns} columns");
    let mut line = String::new();
    for &(name, index, usual) in CHARACTERS {
        let c = settings.cc[index];
        if all || c != usual {
            line += &match c {
                0 => format!("{name} -  "),
                0x7f => format!("{name} ^?  "),
                1..32 => format!("{name} ^{}  ", char::from(c | 0x40)),
                _ => format!("{name} {}  ", char::from(c)),
            };
        }
    }
    if all || settings.lflag & abi::ICANON == 0 {
        let (min, time) = (settings.cc[abi::VMIN], settings.cc[abi::VTIME]);
        line += &format!("min {min}  time {time}");
    }
    if !line.is_empty() {
        println!("{}", line.trim_end());
    }
    let mut line = String::new();
    for &(name, mode, bits, usual) in FLAGS {
        let on = *word(&mut settings, mode) & bits == bits;
        if all || on != usual {
            line += if on { "" } else { "-" };
            line += name;
            line += " ";
            if line.len() > 70 {
                println!("{}", line.trim_end());
                line.clear();
            }
        }
    }
    if !line.is_empty() {
        println!("{}", line.trim_end());
    }
}

/// Everything as usual, but for speed and character size.
fn sane(settings: &mut Termios) {
    for &(_, mode, bits, usual) in FLAGS.iter().filter(|flag| flag.1 != Control) {
        set(settings, mode, bits, usual);
    }
    for &(_, index, usual) in CHARACTERS {
        settings.cc[index] = usual;
    }
    (settings.cc[abi::VMIN], settings.cc[abi::VTIME]) = (1, 0);
}

fn raw(settings: &mut Termios) {
    settings.iflag = 0;
    set(settings, Output, 1, false);
    set(settings, Local, abi::ISIG | abi::ICANON | abi::ECHO, false);
    (settings.cc[abi::VMIN], settings.cc[abi::VTIME]) = (1, 0);
}

/// Changes lines or columns of the window.
fn resize(index: usize, number: u16) -> Result<()> {
    let mut size = window();
    size[index] = number;
    // SAFETY: TIOCSWINSZ takes four 16-bit numbers.
    unsafe { sys::ioctl(0, TIOCSWINSZ, size.as_ptr().expose_provenance()) }.map(drop)
}

/// Applies one setting, with the word behind it if it takes one; `None` if it is
/// no setting.
fn apply(settings: &mut Termios, name: &[u8], next: &mut dyn FnMut() -> Vec<u8>) -> Option<()> {
    let (on, plain) = match name {
        [b'-', rest @ ..] => (false, rest),
        _ => (true, name),
    };
    if let Some(flag) = FLAGS.iter().find(|flag| flag.0.as_bytes() == plain) {
        set(settings, flag.1, flag.2, on);
        return Some(());
    }
    if let Some(entry) = CHARACTERS.iter().find(|entry| entry.0.as_bytes() == name) {
        settings.cc[entry.1] = character(&next())?;
        return Some(());
    }
    let mut number = || num::parse_u32(&next()).and_then(|n| u16::try_from(n).ok());
    match name {
        b"sane" | b"-raw" => sane(settings),
        b"raw" => raw(settings),
        b"min" => settings.cc[abi::VMIN] = number()? as u8,
        b"time" => settings.cc[abi::VTIME] = number()? as u8,
        b"rows" | b"columns" => {
            if let Err(error) = resize(usize::from(name == b"columns"), number()?) {
                complain!("{}: {error}", BStr(name));
            }
        }
        _ => {
            let speed = num::parse_u32(name)?;
            let index = SPEEDS.iter().position(|known| *known == speed)?;
            settings.cflag = settings.cflag & !15 | index as u32;
        }
    }
    Some(())
}

fn main(args: Args) -> i32 {
    if args.get(0).is_some_and(|word| word == "--help") {
        println!("{USAGE}");
        return 0;
    }
    let mut words = args.map(|word| word.bytes().to_vec()).peekable();
    let all = words.next_if(|word| word == b"-a").is_some();
    let mut settings = match sys::tcgetattr(0) {
        Ok(settings) => settings,
        Err(error) => {
            complain!("standard input: {error}");
            return 1;
        }
    };
    if all || words.peek().is_none() {
        show(settings, all);
        return 0;
    }
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap_or_default();
        if apply(&mut settings, &word, &mut next).is_none() {
            complain!("{}: no such setting\n{USAGE}", BStr(&word));
            return 2;
        }
    }
    match sys::tcsetattr(0, abi::TCSETSW, &settings) {
        Ok(()) => 0,
        Err(error) => {
            complain!("{error}");
            1
        }
    }
}
