//! cmp: where two files differ.

#![no_std]
#![no_main]

use rt::prelude::*;

rt::main!(main);

const USAGE: &str = "usage: cmp [-ls] FILE1 FILE2
Says where two files differ first.
  -l  every difference: position, both bytes in octal    -s  nothing
Exit code: 0 they are the same, 1 they differ, 2 an error.";

fn main(args: Args) -> i32 {
    let (mut list, mut silent) = (false, false);
    let mut options = args.options("ls", USAGE);
    while let Some((letter, _)) = options.next() {
        match letter {
            b'l' => list = true,
            _ => silent = true,
        }
    }
    let files = options.operands();
    let (Some(a), Some(b), 2) = (files.get(0), files.get(1), files.len()) else {
        options.bad_usage("two files are needed");
    };
    let open = |name: BStr| {
        File::open_or_stdin(name).unwrap_or_else(|e| {
            complain!("{name}: {e}");
            sys::exit(2)
        })
    };
    match compare(open(a), open(b), list, silent, (a, b)) {
        Ok(same) => i32::from(!same),
        Err(e) => {
            complain!("{e}");
            2
        }
    }
}

fn compare(
    mut first: File,
    mut second: File,
    list: bool,
    silent: bool,
    names: (BStr, BStr),
) -> Result<bool> {
    let (mut a, mut b) = ([0; 1024], [0; 1024]);
    let (mut at, mut line, mut same) = (0u32, 1u32, true);
    loop {
        let (n, m) = (first.read_full(&mut a)?, second.read_full(&mut b)?);
        for (x, y) in a[..n].iter().zip(&b[..m]) {
            at += 1;
            if x != y {
                same = false;
                if list && !silent {
                    println!("{at:6} {x:3o} {y:3o}");
                } else {
                    if !silent {
                        println!("{} {} differ: byte {at}, line {line}", names.0, names.1);
                    }
                    return Ok(false);
                }
            }
            line += u32::from(*x == b'\n');
        }
        if n != m {
            let shorter = if n < m { names.0 } else { names.1 };
            if !silent {
                complain!("{shorter} ends after byte {at}");
            }
            return Ok(false);
        }
        if n == 0 {
            return Ok(same);
        }
    }
}
