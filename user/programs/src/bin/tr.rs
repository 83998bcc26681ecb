//! tr: changes or drops bytes.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::{io, select};

rt::main!(main);

const USAGE: &str = "usage: tr [-cds] SET1 [SET2]
Copies standard input to standard output; bytes of SET1 become those of SET2.
  -d  drop the bytes of SET1    -s  runs of a byte of the last set become one
  -c  SET1 means all others
Sets: abc a-z \\n \\t \\\\ \\OCTAL [:upper:] [:lower:] [:alpha:] [:digit:] [:alnum:]
[:space:] [:punct:] [:cntrl:] [:print:]. The last byte of SET2 is repeated.";

fn main(args: Args) -> i32 {
    let (mut complement, mut delete, mut squeeze) = (false, false, false);
    let mut options = args.options("cds", USAGE);
    while let Some((letter, _)) = options.next() {
        match letter {
            b'c' => complement = true,
            b'd' => delete = true,
            _ => squeeze = true,
        }
    }
    let mut sets = [None, None];
    for (place, text) in sets.iter_mut().zip(options.operands()) {
        *place = Some(select::expand_set(&text).unwrap_or_else(|| {
            complain!("{text}: not a set");
            sys::exit(2)
        }));
    }
    let [Some(mut from), to] = sets else {
        options.bad_usage("no set");
    };
    let expected = if delete {
        1 + usize::from(squeeze)
    } else {
        2 - usize::from(squeeze)
    };
    let given = options.operands().len();
    if given > 2 || given < expected || (delete && given > expected) {
        options.bad_usage("the number of sets is wrong");
    }
    if complement {
        let mut inside = [false; 256];
        from.iter().for_each(|&b| inside[usize::from(b)] = true);
        from = (0..=255).filter(|&b| !inside[usize::from(b)]).collect();
    }
    let table = Table::new(&from, to.as_deref(), delete, squeeze);
    match table.run() {
        Ok(()) => 0,
        Err(e) => {
            complain!("{e}");
            1
        }
    }
}

struct Table {
    /// What becomes of each byte; `None`: it is dropped.
    map: [Option<u8>; 256],
    /// Of which bytes runs become one.
    squeeze: [bool; 256],
}

impl Table {
    fn new(from: &[u8], to: Option<&[u8]>, delete: bool, squeeze: bool) -> Table {
        let mut table = Table {
            map: [None; 256],
            squeeze: [false; 256],
        };
        for (byte, place) in (0..=255).zip(&mut table.map) {
            *place = Some(byte);
        }
        for (i, &byte) in from.iter().enumerate() {
            let place = &mut table.map[usize::from(byte)];
            match to {
                _ if delete => *place = None,
                Some(to) if !to.is_empty() => *place = Some(to[i.min(to.len() - 1)]),
                _ => {}
            }
        }
        if squeeze {
            for &byte in to.unwrap_or(from) {
                table.squeeze[usize::from(byte)] = true;
            }
        }
        table
    }

    fn run(&self) -> Result<()> {
        let mut buf = [0; 1024];
        let mut before = None;
        loop {
            let n = match io::Stdin.read(&mut buf) {
                Ok(0) => return Ok(()),
                Err(Errno::EINTR) => continue,
                other => other?,
            };
            let mut used = 0;
            for i in 0..n {
                let Some(byte) = self.map[usize::from(buf[i])] else {
                    continue;
                };
                if before == Some(byte) && self.squeeze[usize::from(byte)] {
                    continue;
                }
                before = Some(byte);
                buf[used] = byte;
                used += 1;
            }
            io::stdout().write_all(&buf[..used])?;
        }
    }
}
