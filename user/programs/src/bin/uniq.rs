//! uniq: neighbouring equal lines once.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::{io, sys};

rt::main!(main);

const USAGE: &str = "usage: uniq [-cdui] [INPUT [OUTPUT]]
Shows lines that follow each other and are equal only once.
  -c  with their number     -d  only those that come more than once
  -i  case is ignored       -u  only those that come once";

#[derive(Default)]
struct Wanted {
    count: bool,
    repeated: bool,
    single: bool,
    fold: bool,
}

fn main(args: Args) -> i32 {
    let mut wanted = Wanted::default();
    let mut options = args.options("cdui", USAGE);
    while let Some((letter, _)) = options.next() {
        match letter {
            b'c' => wanted.count = true,
            b'd' => wanted.repeated = true,
            b'u' => wanted.single = true,
            _ => wanted.fold = true,
        }
    }
    let files = options.operands();
    if files.len() > 2 {
        options.bad_usage("too many files");
    }
    if let Some(name) = files.get(1)
        && let Err(e) = redirect(name)
    {
        complain!("{name}: {e}");
        return 1;
    }
    let name = files.get(0).unwrap_or(BStr(b"-"));
    match File::open_or_stdin(name).and_then(|file| run(&wanted, file)) {
        Ok(()) => 0,
        Err(e) => {
            complain!("{name}: {e}");
            1
        }
    }
}

/// Makes a new file the standard output.
fn redirect(name: BStr) -> Result<()> {
    let file = File::create(name)?;
    sys::dup2(file.fd(), 1).map(drop)
}

fn run(wanted: &Wanted, file: File) -> Result<()> {
    let mut reader = LineReader::new(file);
    let (mut held, mut line) = (Vec::new(), Vec::new());
    let mut count = 0u32;
    loop {
        let more = reader.next_line(&mut line)?;
        let same = if wanted.fold {
            line.eq_ignore_ascii_case(&held)
        } else {
            line == held
        };
        if more && count > 0 && same {
            count += 1;
            continue;
        }
        if count > 0 && !(wanted.repeated && count == 1 || wanted.single && count > 1) {
            if wanted.count {
                print!("{count:7} ");
            }
            held.push(b'\n');
            io::stdout().write_all(&held)?;
        }
        if !more {
            return Ok(());
        }
        core::mem::swap(&mut held, &mut line);
        count = 1;
    }
}
