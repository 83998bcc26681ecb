//! S9: exec: arguments and environment up to 128 KB, header and size checks,
//! handlers reset, tables freed, LDT limits, brk, stack, entry; scripts.

#![no_std]
#![no_main]
use guest::aout::{EXIT_42, PAUSE, Program, write_file};
use guest::prelude::*;
use rt::sys::StrVec;
use signal::{Action, SIGUSR1, SIGUSR2};

cases! {
    "S09"; roles show, count, inherit;
    arguments, environment, arguments_to_128_kb, too_many_arguments, bad_headers, bad_sizes,
    not_executable, scripts, bad_scripts, signals, files, task_fields, ids, text_busy, bad_pointers
}

const SELF: &str = "/test/s09";

/// Runs a program and gives back what it writes to descriptor 1 and its code.
fn output(path: &str, args: &[&str], env: &[&str]) -> core::result::Result<(String, i32), Errno> {
    let (from, to) = sys::pipe()?;
    let child = Child::run(|| {
        let _ = sys::dup2(to, 1);
        let _ = (sys::close(from), sys::close(to));
        let argv: StrVec = core::iter::once(&path).chain(args).collect();
        sys::execve(path, &argv, &env.iter().collect::<StrVec>()).0
    })?;
    sys::close(to)?;
    let mut text = vec![];
    File::from_fd(from).read_to_end(&mut text)?;
    Ok((String::from_utf8_lossy(&text).into_owned(), child.code()?))
}

/// The error that executing `path` gives.
fn exec_error(path: &str) -> core::result::Result<i32, Errno> {
    let child = Child::run(|| sys::execve(path, &[path].iter().collect(), &StrVec::new()).0)?;
    child.code()
}

/// The role: prints its arguments and its environment, one in each line.
fn show(args: Args) -> i32 {
    for arg in args {
        println!("{arg}");
    }
    for (name, value) in rt::env::vars() {
        println!("{name}={value}");
    }
    0
}

fn arguments() -> Outcome {
    let (text, code) = output(SELF, &["role:show", "one", "", "two three", "~"], &[])?;
    equal!(code, 0);
    equal!(text, "one\n\ntwo three\n~\n");
    Ok(())
}

fn environment() -> Outcome {
    let (text, code) = output(
        SELF,
        &["role:show", "x"],
        &["HOME=/usr/root", "EMPTY=", "A=b=c"],
    )?;
    equal!(code, 0);
    equal!(text, "x\nHOME=/usr/root\nEMPTY=\nA=b=c\n");
    Ok(())
}

/// The role: adds up the bytes of its arguments, checks that each is all `x`
/// but for its number in front, and prints number and sum.
fn count(args: Args) -> i32 {
    let (mut number, mut bytes) = (0u32, 0);
    for arg in args {
        let digits = format!("{number}");
        if !arg.bytes().starts_with(digits.as_bytes())
            || arg.bytes()[digits.len()..].iter().any(|b| *b != b'x')
        {
            return 3;
        }
        number += 1;
        bytes += arg.len() + 1;
    }
    println!("{number} {bytes}");
    0
}

/// So many arguments, each of so many bytes with its zero.
fn long_list(number: usize, length: usize) -> StrVec {
    let mut argv: StrVec = [SELF, "role:count"].iter().collect();
    for index in 0..number {
        let mut arg = format!("{index}");
        while arg.len() < length - 1 {
            arg.push('x');
        }
        argv.push(&arg);
    }
    argv
}

/// The code with which a child ends that executes this list.
fn run_list(argv: &StrVec) -> core::result::Result<(String, i32), Errno> {
    let (from, to) = sys::pipe()?;
    let child = Child::run(|| {
        let _ = sys::dup2(to, 1);
        let _ = sys::close(from);
        sys::execve(SELF, argv, &StrVec::new()).0
    })?;
    sys::close(to)?;
    let mut text = vec![];
    File::from_fd(from).read_to_end(&mut text)?;
    Ok((String::from_utf8_lossy(&text).into_owned(), child.code()?))
}

/// 30 arguments of 4 KB, 1 of 100 KB, and 2 000 of 40 bytes arrive whole.
fn arguments_to_128_kb() -> Outcome {
    for (number, length) in [(30, 4096), (1, 100 * 1024), (2000, 40), (125, 1000)] {
        let (text, code) = run_list(&long_list(number, length))?;
        equal!(code, 0, "{number} of {length}");
        equal!(text, format!("{number} {}\n", number * length));
    }
    Ok(())
}

/// More than 128 KB are E2BIG, also where it is one string, or the environment.
fn too_many_arguments() -> Outcome {
    for (number, length) in [(33, 4096), (1, 140 * 1024), (4000, 40), (300, 1000)] {
        let (_, code) = run_list(&long_list(number, length))?;
        equal!(code, Errno::E2BIG.0, "{number} of {length}");
    }
    let long = "e".repeat(70 * 1024);
    let (_, code) = output(SELF, &["role:show", &long], &[&long])?;
    equal!(code, Errno::E2BIG.0, "70 KB each");
    Ok(())
}

/// A program that does what it should, to be damaged.
fn good() -> Program {
    Program::new(&EXIT_42, 0, 2, 1)
}

/// Writes it and executes it: exit code or error.
fn try_it(program: &Program) -> core::result::Result<i32, Errno> {
    program.write("/tmp/s09.prog")?;
    let code = exec_error("/tmp/s09.prog")?;
    sys::unlink("/tmp/s09.prog")?;
    Ok(code)
}

/// Magic numbers, relocations, an entry outside.
fn bad_headers() -> Outcome {
    equal!(try_it(&good())?, 42);
    let noexec = Errno::ENOEXEC.0;
    for magic in [0, 0o407, 0o410, 0o314, 0x464c_457f] {
        equal!(
            try_it(&Program { magic, ..good() })?,
            noexec,
            "magic {magic:#o}"
        );
    }
    equal!(
        try_it(&Program {
            a_trsize: 8,
            ..good()
        })?,
        noexec,
        "relocations of the text"
    );
    equal!(
        try_it(&Program {
            a_drsize: 8,
            ..good()
        })?,
        noexec,
        "relocations of the data"
    );
    Ok(())
}

/// Sizes that do not fit the file or the slot.
fn bad_sizes() -> Outcome {
    let noexec = Errno::ENOEXEC.0;
    let sizes: [(&str, Program); 7] = [
        (
            "file cut off",
            Program {
                contents: vec![0x90; 4096],
                ..good()
            },
        ),
        (
            "data behind the file's end",
            Program {
                a_data: 0x10_0000,
                ..good()
            },
        ),
        (
            "text of 4 GB",
            Program {
                a_text: 0xffff_f000,
                ..good()
            },
        ),
        (
            "bss of 64 MB",
            Program {
                a_bss: 0x400_0000,
                ..good()
            },
        ),
        (
            "bss of 4 GB",
            Program {
                a_bss: 0xffff_f000,
                ..good()
            },
        ),
        (
            "sum wraps",
            Program {
                a_text: 0x8000_0000,
                a_data: 0x8000_0000,
                ..good()
            },
        ),
        (
            "symbols behind the end",
            Program {
                a_syms: 0x7fff_ffff,
                ..good()
            },
        ),
    ];
    for (what, program) in &sizes {
        equal!(try_it(program)?, noexec, "{what}");
    }
    // All that 0.11 takes is 48 MB together.
    equal!(
        try_it(&Program {
            a_bss: 0x2ff_d000,
            ..good()
        })?,
        42,
        "bss of 48 MB"
    );
    write_file("/tmp/s09.short", b"\x0b\x01", 0o755)?;
    equal!(exec_error("/tmp/s09.short")?, noexec, "file of two bytes");
    write_file("/tmp/s09.short", b"", 0o755)?;
    equal!(exec_error("/tmp/s09.short")?, noexec, "empty file");
    sys::unlink("/tmp/s09.short")?;
    Ok(())
}

/// What is not there, is no file, or may not be executed.
fn not_executable() -> Outcome {
    equal!(exec_error("/tmp/s09.none")?, Errno::ENOENT.0);
    equal!(exec_error("/etc/passwd/x")?, Errno::ENOTDIR.0);
    equal!(exec_error("/tmp")?, Errno::EACCES.0, "a directory");
    equal!(exec_error("/dev/null")?, Errno::EACCES.0, "a device");
    good().write("/tmp/s09.mode")?;
    sys::chmod("/tmp/s09.mode", 0o644)?;
    equal!(
        exec_error("/tmp/s09.mode")?,
        Errno::EACCES.0,
        "no x bit, root"
    );
    sys::chmod("/tmp/s09.mode", 0o744)?;
    equal!(exec_error("/tmp/s09.mode")?, 42, "root, owner's x bit");
    let user = Child::run(|| {
        let _ = sys::setuid(7);
        sys::execve("/tmp/s09.mode", &["x"].iter().collect(), &StrVec::new()).0
    })?;
    equal!(user.code()?, Errno::EACCES.0, "another user without x bit");
    sys::unlink("/tmp/s09.mode")?;
    Ok(())
}

/// `#!` with and without an argument; the interpreter gets the script's name
/// and the rest.
fn scripts() -> Outcome {
    write_file(
        "/tmp/s09.sh",
        b"#!/test/s09 role:show\nnothing of this is read\n",
        0o755,
    )?;
    let (text, code) = output("/tmp/s09.sh", &["a", "b c"], &["V=1"])?;
    equal!(code, 0);
    equal!(text, "/tmp/s09.sh\na\nb c\nV=1\n");
    write_file("/tmp/s09.sh", b"#! \t /test/s09   role:show  \n", 0o755)?;
    let (text, code) = output("/tmp/s09.sh", &[], &[])?;
    equal!(code, 0);
    equal!(text.trim_end(), "/tmp/s09.sh");
    write_file("/tmp/s09.sh", b"#!/bin/sh\necho script $1\nexit 5\n", 0o755)?;
    let (text, code) = output("/tmp/s09.sh", &["arg"], &["PATH=/bin"])?;
    equal!((text.as_str(), code), ("script arg\n", 5));
    sys::unlink("/tmp/s09.sh")?;
    Ok(())
}

/// Scripts whose interpreter is missing, is a script itself, or has no name.
fn bad_scripts() -> Outcome {
    let path = "/tmp/s09.bad";
    let enoexec = Errno::ENOEXEC.0;
    for (text, error) in [
        (&b"#!/tmp/s09.none\n"[..], Errno::ENOENT.0),
        (b"#!\n", enoexec),
        (b"#!   \n", enoexec),
        (b"#!/tmp/s09.bad\n", enoexec),
        (b"#!/etc/passwd\n", Errno::EACCES.0),
    ] {
        write_file(path, text, 0o755)?;
        equal!(
            exec_error(path)?,
            error,
            "{}",
            String::from_utf8_lossy(text)
        );
    }
    let mut long = b"#!/".to_vec();
    long.resize(2000, b'x');
    write_file(path, &long, 0o755)?;
    let code = exec_error(path)?;
    check!(
        code == enoexec || code == Errno::ENOENT.0 || code == Errno::ENAMETOOLONG.0,
        "{code}"
    );
    sys::unlink(path)?;
    Ok(())
}

extern "C" fn nothing(_: i32) {}

/// The role: prints what it has inherited.
fn inherit(_: Args) -> i32 {
    let handler = |number| signal::get(number).map_or(99, |action| action.handler);
    println!(
        "{} {} {:x} {:x}",
        handler(SIGUSR1),
        handler(SIGUSR2),
        sys::sgetmask(),
        sys::sigpending().unwrap_or(99)
    );
    for fd in 3..20 {
        if sys::fcntl(fd, rt::sys::F_GETFD, 0).is_ok() {
            println!("file {fd}");
        }
    }
    0
}

/// Handlers go back to the default action, ignored signals stay ignored, the
/// mask and what waits behind it stay as they are.
fn signals() -> Outcome {
    signal::set(SIGUSR1, Action::Handler(nothing))?;
    signal::set(SIGUSR2, Action::Ignore)?;
    let mask = signal::bit(signal::SIGTERM);
    sys::ssetmask(mask);
    let (from, to) = sys::pipe()?;
    let child = Child::run(|| {
        let _ = sys::kill(sys::getpid(), signal::SIGTERM);
        let _ = sys::dup2(to, 1);
        for fd in 3..20 {
            let _ = sys::close(fd);
        }
        sys::execve(
            SELF,
            &[SELF, "role:inherit"].iter().collect(),
            &StrVec::new(),
        )
        .0
    })?;
    sys::close(to)?;
    let mut text = vec![];
    File::from_fd(from).read_to_end(&mut text)?;
    equal!(child.code()?, 0, "the signal is still blocked");
    equal!(
        String::from_utf8_lossy(&text),
        format!("0 1 {mask:x} {mask:x}\n")
    );
    Ok(())
}

/// Files stay open, but for those marked close-on-exec.
fn files() -> Outcome {
    let keep = sys::open("/etc/passwd", 0, 0)?;
    let shut = sys::open("/etc/passwd", 0, 0)?;
    sys::fcntl(shut, rt::sys::F_SETFD, 1)?;
    let (from, to) = sys::pipe()?;
    for fd in [from, to] {
        sys::fcntl(fd, rt::sys::F_SETFD, 1)?;
    }
    let child = Child::run(|| {
        let _ = sys::dup2(to, 1);
        sys::execve(
            SELF,
            &[SELF, "role:inherit"].iter().collect(),
            &StrVec::new(),
        )
        .0
    })?;
    sys::close(to)?;
    let mut text = vec![];
    File::from_fd(from).read_to_end(&mut text)?;
    equal!(child.code()?, 0);
    let text = String::from_utf8_lossy(&text);
    equal!(
        text.lines().skip(1).collect::<Vec<_>>(),
        vec![format!("file {keep}")]
    );
    sys::close(keep)?;
    sys::close(shut)?;
    Ok(())
}

/// What exec leaves in the task: sizes, brk, stack, limits, name, file; few
/// pages.
fn task_fields() -> Outcome {
    (0..40).for_each(|index| area::fill(index, 1));
    Program {
        a_bss: 0x5678,
        ..Program::new(&PAUSE, 0x1000, 3, 2)
    }
    .write("/tmp/s09.pause")?;
    let before = peep::me()?;
    let child = Child::exec("/tmp/s09.pause", &["argument"])?;
    let begun = guest::child::until(300, || {
        peep::find(child.pid)
            .is_ok_and(|task| task.comm.starts_with(b"s09.pause\0") && task.state == 1)
    });
    check!(begun, "the program did not begin");
    let task = peep::find(child.pid)?;
    equal!((task.end_code, task.end_data), (0x3000, 0x5000));
    equal!(task.brk, 0x5000 + 0x5678);
    check!(before.pages > 40 && task.pages <= 4, "{} pages", task.pages);
    equal!(peep::base_and_limit(task.ldt[1]).0, task.nr << 26);
    equal!(
        peep::base_and_limit(task.ldt[2]),
        (task.nr << 26, peep::SLOT - 1)
    );
    check!(task.executable != before.executable && task.executable != 0);
    equal!(
        task.sigaction.iter().filter(|action| action[0] > 1).count(),
        0
    );
    // The stack: argc, argv, envp; start_stack is where it began.
    check!(task.start_stack > 0x3fd_0000 && task.start_stack < peep::SLOT);
    let esp = task.user_esp;
    equal!(
        esp & !0xfff,
        task.start_stack & !0xfff,
        "the stack's first page"
    );
    let page = task.entry(esp as usize) & !0xfff;
    let words = peep::read((page | esp & 0xffc) & !0xff)?;
    let at = (esp as usize & 0xff) / 4;
    if at + 3 <= words.len() {
        equal!(words[at], 2, "argc");
        check!(
            words[at + 1] > esp && words[at + 2] > words[at + 1],
            "argv, envp"
        );
    }
    child.kill(signal::SIGKILL)?;
    drop(child);
    sys::unlink("/tmp/s09.pause")?;
    Ok(())
}

/// Set-user-id and set-group-id programs.
fn ids() -> Outcome {
    // getuid's and geteuid's results: exits with uid * 16 + euid.
    let code = [
        0xb8, 24, 0, 0, 0, 0xcd, 0x80, 0xc1, 0xe0, 4, 0x89, 0xc3, // eax = 24; ebx = eax << 4
        0xb8, 49, 0, 0, 0, 0xcd, 0x80, 0x01, 0xc3, // ebx += geteuid
        0xb8, 1, 0, 0, 0, 0xcd, 0x80,
    ];
    Program::new(&code, 0, 1, 0).write("/tmp/s09.id")?;
    sys::chown("/tmp/s09.id", 5, 6)?;
    let as_user = |mode: u16| -> core::result::Result<i32, Errno> {
        sys::chmod("/tmp/s09.id", mode)?;
        let child = Child::run(|| {
            let _ = sys::setuid(3);
            sys::execve("/tmp/s09.id", &["x"].iter().collect(), &StrVec::new()).0
        })?;
        child.code()
    };
    equal!(as_user(0o755)?, 3 * 16 + 3);
    equal!(as_user(0o4755)?, 3 * 16 + 5);
    equal!(as_user(0o2755)?, 3 * 16 + 3);
    sys::unlink("/tmp/s09.id")?;
    Ok(())
}

/// A running program cannot be written, one that is being written cannot run.
fn text_busy() -> Outcome {
    Program::new(&PAUSE, 0, 1, 0).write("/tmp/s09.busy")?;
    let child = Child::exec("/tmp/s09.busy", &[])?;
    let begun = guest::child::until(300, || {
        peep::find(child.pid)
            .is_ok_and(|task| task.comm.starts_with(b"s09.busy\0") && task.state == 1)
    });
    check!(begun, "the program did not begin");
    fails!(sys::open("/tmp/s09.busy", sys::O_WRONLY, 0), ETXTBSY);
    fails!(
        sys::open("/tmp/s09.busy", sys::O_RDWR | sys::O_TRUNC, 0),
        ETXTBSY
    );
    fails!(sys::creat("/tmp/s09.busy", 0o755), ETXTBSY);
    sys::close(sys::open("/tmp/s09.busy", sys::O_RDONLY, 0)?)?;
    drop(child);
    let writer = sys::open("/tmp/s09.busy", sys::O_WRONLY, 0)?;
    equal!(exec_error("/tmp/s09.busy")?, Errno::ETXTBSY.0);
    sys::close(writer)?;
    sys::unlink("/tmp/s09.busy")?;
    Ok(())
}

/// Pointers that lead nowhere: EFAULT, and the old program goes on.
fn bad_pointers() -> Outcome {
    let path = c"/test/s09".as_ptr().expose_provenance();
    let table = [0xffff_0000u32, 0];
    let strings = (&raw const table).expose_provenance();
    // SAFETY: the kernel must refuse the addresses.
    unsafe {
        equal!(
            rt::sys::call(Nr::Execve, 0x3000_0000, 0, 0),
            Err(Errno::EFAULT),
            "path"
        );
        equal!(
            rt::sys::call(Nr::Execve, path, 0x3000_0000, 0),
            Err(Errno::EFAULT),
            "argv"
        );
        equal!(
            rt::sys::call(Nr::Execve, path, strings, 0),
            Err(Errno::EFAULT),
            "a string"
        );
        equal!(
            rt::sys::call(Nr::Execve, path, 0, strings),
            Err(Errno::EFAULT),
            "envp's string"
        );
    }
    Ok(())
}
