//! Commands that the shell runs itself.

mod process;

use rt::num;
use rt::prelude::*;

use crate::condition;
use crate::files;
use crate::shell::{Flow, Shell};

/// A command of the shell: gets all words, gives the exit code.
pub type Builtin = fn(&mut Shell, &[Vec<u8>]) -> i32;

static BUILTINS: [(&str, Builtin); 30] = [
    (":", |_, _| 0),
    (".", source),
    ("[", test),
    ("bg", |shell, args| process::resume(shell, args, false)),
    ("break", leave_loop),
    ("cd", cd),
    ("continue", leave_loop),
    ("echo", echo),
    ("eval", eval),
    // Run by the caller, because its redirections stay.
    ("exec", |_, _| 0),
    ("exit", exit),
    ("export", export),
    ("false", |_, _| 1),
    ("fg", |shell, args| process::resume(shell, args, true)),
    ("jobs", process::jobs),
    ("kill", process::kill),
    ("logout", exit),
    ("pwd", pwd),
    ("read", read),
    ("return", leave_call),
    ("set", set),
    ("shift", shift),
    ("test", test),
    ("times", process::times),
    ("trap", process::trap),
    ("true", |_, _| 0),
    ("type", what_is),
    ("umask", umask),
    ("unset", unset),
    ("wait", process::wait),
];

/// The builtin of that name.
pub fn find(name: &[u8]) -> Option<Builtin> {
    let found = BUILTINS.iter().find(|b| b.0.as_bytes() == name)?;
    Some(found.1)
}

/// Complains with the builtin's name; the exit code for wrong usage.
fn misused(args: &[Vec<u8>], message: &str) -> i32 {
    complain!("{}: {message}", BStr(&args[0]));
    2
}

/// The number in an argument, or a default where there is none.
fn number(args: &[Vec<u8>], default: u32) -> Option<u32> {
    args.get(1).map_or(Some(default), |n| num::parse_u32(n))
}

fn source(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    let Some(name) = args.get(1) else {
        return misused(args, "usage: . file [argument...]");
    };
    let search = shell.get(b"PATH").unwrap_or_default().to_vec();
    let found = rt::env::candidates(name, &search).find(|f| sys::access(f, sys::R_OK).is_ok());
    let file = found.unwrap_or_else(|| name.clone());
    let own = (args.len() > 2).then(|| core::mem::replace(&mut shell.params, args[2..].to_vec()));
    shell.status = 0;
    shell.run_file(&file);
    if let Some(params) = own {
        shell.params = params;
    }
    shell.status
}

fn eval(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    shell.status = 0;
    shell.run_text(&args[1..].join(&b' '));
    shell.status
}

fn exit(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    let Some(code) = number(args, shell.status.cast_unsigned()) else {
        return misused(args, "a number is needed");
    };
    shell.flow = Flow::Exit;
    code.cast_signed() & 0xff
}

fn leave_call(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    let Some(code) = number(args, shell.status.cast_unsigned()) else {
        return misused(args, "a number is needed");
    };
    if shell.calls == 0 {
        return misused(args, "there is no function to return from");
    }
    shell.flow = Flow::Return;
    code.cast_signed()
}

/// `break` and `continue`.
fn leave_loop(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    match number(args, 1) {
        Some(levels) if levels > 0 => {
            let levels = levels.min(shell.loops);
            if levels > 0 {
                shell.flow = match args[0][0] {
                    b'b' => Flow::Break(levels),
                    _ => Flow::Continue(levels),
                };
            }
            0
        }
        _ => misused(args, "a number of loops is needed"),
    }
}

fn cd(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    let back = args.get(1).is_some_and(|a| a == b"-");
    let target = match args.get(1) {
        Some(_) if back => shell.get(b"OLDPWD"),
        Some(dir) => Some(&dir[..]),
        None => shell.get(b"HOME"),
    };
    let Some(target) = target.map(<[u8]>::to_vec) else {
        return misused(
            args,
            if back {
                "OLDPWD is not set"
            } else {
                "HOME is not set"
            },
        );
    };
    let before = working_directory(shell);
    if let Err(e) = sys::chdir(&target) {
        complain!("cd: {}: {e}", BStr(&target));
        return 1;
    }
    let after = rt::path::normalize(&before, &target);
    let after = if is_here(&after) {
        after
    } else {
        rt::dir::current().unwrap_or(after)
    };
    shell.export(b"OLDPWD", Some(&before));
    shell.export(b"PWD", Some(&after));
    if back {
        println!("{}", BStr(&after));
    }
    0
}

/// Whether the path names the working directory.
fn is_here(path: &[u8]) -> bool {
    match (sys::stat("."), sys::stat(path)) {
        (Ok(here), Ok(there)) => (here.dev, here.ino) == (there.dev, there.ino),
        _ => false,
    }
}

/// The path of the working directory: `$PWD` if that is true.
fn working_directory(shell: &Shell) -> Vec<u8> {
    match shell.get(b"PWD") {
        Some(path) if path.starts_with(b"/") && is_here(path) => path.to_vec(),
        _ => rt::dir::current().unwrap_or_else(|_| b"/".to_vec()),
    }
}

fn pwd(shell: &mut Shell, _: &[Vec<u8>]) -> i32 {
    println!("{}", BStr(&working_directory(shell)));
    0
}

fn echo(_: &mut Shell, args: &[Vec<u8>]) -> i32 {
    let bare = args.get(1).is_some_and(|a| a == b"-n");
    let mut line = args[1 + usize::from(bare)..].join(&b' ');
    if !bare {
        line.push(b'\n');
    }
    // An error is found by the caller, when the buffer is written.
    let _ = rt::io::stdout().write_all(&line);
    0
}

fn test(_: &mut Shell, args: &[Vec<u8>]) -> i32 {
    match condition::test(&args[0], args[1..].iter().map(|a| &a[..]).collect()) {
        Ok(holds) => i32::from(!holds),
        Err(message) => misused(args, message),
    }
}

fn is_name(text: &[u8]) -> bool {
    text.first().is_some_and(|b| !b.is_ascii_digit())
        && text.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

fn export(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    for arg in &args[1..] {
        let (name, value) = match BStr(arg).split_once(b'=') {
            Some((name, value)) => (name, Some(value.bytes())),
            None => (BStr(arg), None),
        };
        if !is_name(&name) {
            return misused(args, &format!("{name}: not a name"));
        }
        shell.export(&name, value);
    }
    if args.len() == 1 {
        for var in shell.vars.iter().filter(|v| v.exported) {
            println!("export {}={}", BStr(&var.name), BStr(&var.value));
        }
    }
    0
}

fn unset(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    let functions = args.get(1).is_some_and(|a| a == b"-f");
    for name in &args[1..] {
        if functions {
            shell.functions.retain(|f| f.0 != *name);
        } else {
            shell.unset(name);
        }
    }
    0
}

fn set(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    if args.len() == 1 {
        for var in &shell.vars {
            println!("{}={}", BStr(&var.name), BStr(&var.value));
        }
        return 0;
    }
    let mut rest = &args[1..];
    while let Some((first, more)) = rest.split_first() {
        let (on, letters) = match &first[..] {
            b"--" => {
                shell.params = more.to_vec();
                return 0;
            }
            [b'-', letters @ ..] => (true, letters),
            [b'+', letters @ ..] => (false, letters),
            _ => break,
        };
        for &letter in letters {
            if !shell.try_flag(letter, on) {
                return misused(args, "the flags are -e, -u and -x");
            }
        }
        rest = more;
    }
    if !rest.is_empty() {
        shell.params = rest.to_vec();
    }
    0
}

fn shift(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    match number(args, 1) {
        Some(count) if count as usize <= shell.params.len() => {
            shell.params.drain(..count as usize);
            0
        }
        Some(_) => 1,
        None => misused(args, "a number is needed"),
    }
}

fn umask(_: &mut Shell, args: &[Vec<u8>]) -> i32 {
    match args.get(1) {
        None => {
            let mask = sys::umask(0);
            sys::umask(mask);
            println!("{mask:04o}");
        }
        Some(text) => match num::parse_radix(text, 8) {
            Some(mask) if mask <= 0o777 => {
                sys::umask(mask as u16);
            }
            _ => return misused(args, "an octal number up to 777 is needed"),
        },
    }
    0
}

fn what_is(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    let mut status = 0;
    let search = shell.get(b"PATH").unwrap_or_default().to_vec();
    for name in &args[1..] {
        let text = BStr(name);
        if shell.function(name).is_some() {
            println!("{text} is a function");
        } else if find(name).is_some() {
            println!("{text} is built into the shell");
        } else {
            let mut files = rt::env::candidates(name, &search);
            match files.find(|f| sys::access(f, sys::X_OK).is_ok()) {
                Some(file) => println!("{text} is {}", BStr(&file)),
                None => {
                    complain!("{text}: not found");
                    status = 1;
                }
            }
        }
    }
    status
}

/// Cuts a line into as many fields as there are names; the last gets the rest.
fn cut_fields(line: &[u8], ifs: &[u8], names: usize) -> Vec<Vec<u8>> {
    let blank = |b: &u8| ifs.contains(b) && b.is_ascii_whitespace();
    let mut rest = line;
    let mut fields = Vec::new();
    while fields.len() < names {
        let skip = rest.iter().take_while(|b| blank(b)).count();
        rest = &rest[skip..];
        if fields.len() + 1 == names {
            let end = rest.iter().rposition(|b| !blank(b)).map_or(0, |at| at + 1);
            fields.push(rest[..end].to_vec());
            break;
        }
        let len = rest
            .iter()
            .position(|b| ifs.contains(b))
            .unwrap_or(rest.len());
        fields.push(rest[..len].to_vec());
        rest = &rest[len..];
        let skip = rest.iter().take_while(|b| blank(b)).count();
        rest = &rest[skip..];
        // One separator that is no blank ends one field.
        if skip == 0 && !rest.is_empty() {
            rest = &rest[1..];
        }
    }
    fields
}

fn read(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    let mut names = &args[1..];
    let raw = names.first().is_some_and(|a| a == b"-r");
    if raw {
        names = &names[1..];
    }
    if let Some(bad) = names.iter().find(|n| !is_name(n)) {
        return misused(args, &format!("{}: not a name", BStr(bad)));
    }
    let mut line = Vec::new();
    let mut status = 0;
    loop {
        match files::read_line(0, &mut line) {
            Ok(true) => {}
            Ok(false) => status = 1,
            Err(Errno::EINTR) => return 130,
            Err(e) => {
                complain!("read: {e}");
                return 1;
            }
        }
        if line.last() == Some(&b'\n') {
            line.pop();
            // A line that ends with a backslash goes on in the next.
            if !raw && line.last() == Some(&b'\\') {
                line.pop();
                continue;
            }
        } else {
            status = 1;
        }
        break;
    }
    if !raw {
        let mut escaped = false;
        line.retain(|&b| {
            escaped = b == b'\\' && !escaped;
            !escaped
        });
    }
    let ifs = shell.get(b"IFS").unwrap_or(b" \t\n").to_vec();
    let reply = [b"REPLY".to_vec()];
    let names = if names.is_empty() { &reply[..] } else { names };
    let fields = cut_fields(&line, &ifs, names.len());
    for (name, value) in names.iter().zip(&fields) {
        shell.set(name, value);
    }
    status
}
