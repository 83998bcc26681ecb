//! date: shows or sets the time.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::time::{self, Tm};
use rt::{num, sys};

rt::main!(main);

const USAGE: &str = "usage: date [-u] [+FORMAT]
       date -s 'YEAR-MONTH-DAY HOUR:MINUTE[:SECOND]'    or MMDDhhmm[YYYY]
Shows the time (UTC), or sets it, which is only for root.
In FORMAT: %Y %m %d %H %M %S %y %j %e %a %b %w, %F %T %D, %s seconds since
1970, %n new line, %t tab, %% a percent sign";

fn main(args: Args) -> i32 {
    let mut set = None;
    let mut options = args.options("us:", USAGE);
    while let Some((letter, value)) = options.next() {
        if letter == b's' {
            set = Some(value);
        }
    }
    let word = options.operands().get(0);
    if options.operands().len() > 1 {
        options.bad_usage("too many words: put quotes around them");
    }
    let format = word.and_then(|w| w.bytes().strip_prefix(b"+"));
    if format.is_none() {
        set = set.or(word);
    }
    if let Some(text) = set {
        let Some(seconds) = parse(&text).and_then(|tm| time::mktime(&tm)) else {
            options.bad_usage("a time is like '1991-12-08 18:30' or 120818301991");
        };
        if let Err(e) = sys::stime(seconds) {
            complain!("cannot set the time: {e}");
            return 1;
        }
    }
    let now = sys::time();
    let tm = time::gmtime(now);
    match format {
        Some(format) => show(format, &tm, now),
        None => show(b"%a %b %e %T UTC %Y", &tm, now),
    }
    println!();
    0
}

fn show(format: &[u8], tm: &Tm, now: u32) {
    let mut bytes = format.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            let _ = rt::io::stdout().write_all(&[byte]);
            continue;
        }
        match bytes.next() {
            Some(b'Y') => print!("{}", tm.year),
            Some(b'y') => print!("{:02}", tm.year % 100),
            Some(b'm') => print!("{:02}", tm.month + 1),
            Some(b'd') => print!("{:02}", tm.day),
            Some(b'e') => print!("{:2}", tm.day),
            Some(b'H') => print!("{:02}", tm.hour),
            Some(b'M') => print!("{:02}", tm.minute),
            Some(b'S') => print!("{:02}", tm.second),
            Some(b'j') => print!("{:03}", tm.yearday + 1),
            Some(b'w') => print!("{}", tm.weekday),
            Some(b'a') => print!("{}", tm.day_name()),
            Some(b'b' | b'h') => print!("{}", tm.month_name()),
            Some(b'F') => show(b"%Y-%m-%d", tm, now),
            Some(b'T') => show(b"%H:%M:%S", tm, now),
            Some(b'D') => show(b"%m/%d/%y", tm, now),
            Some(b'Z') => print!("UTC"),
            Some(b's') => print!("{now}"),
            Some(b'n') => println!(),
            Some(b't') => print!("\t"),
            Some(b'%') | None => print!("%"),
            Some(other) => print!("%{}", *other as char),
        }
    }
}

/// Reads `1991-12-08 18:30:15`, or `120818301991` as 1991's `date` took it.
fn parse(text: &[u8]) -> Option<Tm> {
    let mut tm = time::gmtime(sys::time());
    if matches!(text.len(), 8 | 12) && text.iter().all(u8::is_ascii_digit) {
        let pair = |at: usize| num::parse_u32(&text[at..at + 2]);
        (tm.month, tm.day) = (pair(0)?.checked_sub(1)?, pair(2)?);
        (tm.hour, tm.minute, tm.second) = (pair(4)?, pair(6)?, 0);
        if text.len() == 12 {
            tm.year = num::parse_u32(&text[8..])?;
        }
        return Some(tm);
    }
    let mut parts = text.splitn(2, |b| matches!(b, b' ' | b'T'));
    let mut date = parts.next()?.split(|&b| b == b'-').map(num::parse_u32);
    tm.year = date.next()??;
    tm.month = date.next()??.checked_sub(1)?;
    tm.day = date.next()??;
    let mut clock = parts.next()?.split(|&b| b == b':').map(num::parse_u32);
    tm.hour = clock.next()??;
    tm.minute = clock.next()??;
    tm.second = clock.next().unwrap_or(Some(0))?;
    (date.next().is_none() && clock.next().is_none()).then_some(tm)
}
