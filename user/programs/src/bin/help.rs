//! help: which commands there are, and what each one does.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::{dir, env, io, path, sys};

rt::main!(main);

const USAGE: &str = "usage: help [COMMAND | TOPIC]...
Lists the commands with a line each, or tells all about one.
The texts of topics lie in /etc/help.";

/// Where the texts of topics lie.
const TOPICS: &str = "/etc/help";

/// Groups of commands: their headings, then names and what they do.
static COMMANDS: &[(&str, &[(&str, &str)])] = &[
    (
        "Files and directories",
        &[
            ("ls", "list files"),
            ("cp", "copy files"),
            ("mv", "move or rename files"),
            ("rm", "remove files"),
            ("ln", "give a file another name"),
            ("mkdir", "make directories"),
            ("rmdir", "remove empty directories"),
            ("touch", "make files, set their times"),
            ("find", "look for files"),
            ("stat", "show all about a file"),
            ("chmod", "change permissions"),
            ("chown", "change owners"),
            ("mknod", "make devices and pipes"),
            ("pwd", "show this directory"),
            ("du", "show the room files take"),
            ("df", "show the room left"),
        ],
    ),
    (
        "Text",
        &[
            ("cat", "show files, or join them"),
            ("more", "show one screen at a time"),
            ("head", "show the first lines"),
            ("tail", "show the last lines"),
            ("grep", "show lines that match"),
            ("sort", "sort lines"),
            ("uniq", "show equal lines once"),
            ("wc", "count lines, words, bytes"),
            ("cut", "show parts of lines"),
            ("tr", "change or drop characters"),
            ("tee", "copy input to files as well"),
            ("cmp", "compare two files"),
            ("hexdump", "show bytes as numbers"),
            ("echo", "show the arguments"),
            ("yes", "say yes again and again"),
        ],
    ),
    (
        "Processes",
        &[
            ("sh", "the shell"),
            ("ps", "list processes"),
            ("kill", "send a signal"),
            ("sleep", "wait"),
            ("time", "measure a command"),
            ("env", "show, change the environment"),
            ("test", "conditions, also ["),
            ("true", "succeed"),
            ("false", "fail"),
            ("which", "show where a command is"),
            ("id", "show who you are"),
            ("chroot", "run with another root"),
        ],
    ),
    (
        "System",
        &[
            ("mount", "attach a disk"),
            ("umount", "detach it"),
            ("mkfs", "make a file system"),
            ("sync", "write all to the disks"),
            ("date", "show or set the time"),
            ("cal", "show a calendar"),
            ("uname", "show the system's name"),
            ("clear", "clear the screen"),
            ("stty", "settings of a terminal"),
            ("getty", "offer shells on terminals"),
            ("halt", "stop the machine"),
            ("reboot", "start it again"),
            ("poweroff", "switch it off"),
            ("help", "this list"),
        ],
    ),
    (
        "Demonstrations",
        &[
            ("str1", "a growing stack"),
            ("cow", "pages shared until written"),
            ("strace", "the system calls of a program"),
            ("trace", "what the kernel does for one"),
            ("hello", "a small program in Rust"),
            ("hello-c", "a small program in C"),
            ("life", "Conway's game of life"),
        ],
    ),
];

fn main(args: Args) -> i32 {
    let mut options = args.options("", USAGE);
    while options.next().is_some() {}
    let words = options.operands();
    if words.is_empty() {
        list();
        return 0;
    }
    let mut code = 0;
    for word in words {
        code |= explain(word);
    }
    code
}

/// Shows the commands that are there; those without a line of ours come last.
fn list() {
    let mut others = dir::names("/bin").unwrap_or_default();
    for (heading, commands) in COMMANDS {
        let there = |name: &str| others.iter().any(|other| other == name.as_bytes());
        let present: Vec<_> = commands.iter().filter(|c| there(c.0)).collect();
        if present.is_empty() {
            continue;
        }
        println!("{heading}:");
        // Two columns fill the screen's 80 characters.
        let half = present.len().div_ceil(2);
        for i in 0..half {
            let (name, text) = present[i];
            match present.get(half + i) {
                Some((second, more)) => println!("  {name:9}{text:29}{second:9}{more}"),
                None => println!("  {name:9}{text}"),
            }
        }
        others.retain(|other| !commands.iter().any(|c| c.0.as_bytes() == other));
    }
    others.retain(|other| other != b"[");
    show_names("More:", &others);
    show_names("Topics:", &dir::names(TOPICS).unwrap_or_default());
    println!("'help NAME' tells more about one, as 'NAME --help' does.");
}

/// One line, or several, of names.
fn show_names(heading: &str, names: &[Vec<u8>]) {
    if names.is_empty() {
        return;
    }
    let mut column = heading.len();
    print!("{heading}");
    for name in names {
        if column + 1 + name.len() >= 80 {
            print!("\n  ");
            column = 2;
        }
        print!(" {}", BStr(name));
        column += 1 + name.len();
    }
    println!();
}

/// Shows the text of a topic, or lets a command explain itself.
fn explain(word: BStr) -> i32 {
    let topic = path::join(TOPICS.as_bytes(), path::basename(&word));
    if let Ok(mut file) = File::open(&topic) {
        if let Err(e) = io::copy(&mut file, &mut io::stdout()) {
            complain!("{word}: {e}");
            return 1;
        }
        return 0;
    }
    let Some(program) = env::find_program(&word) else {
        complain!("{word}: no such command or topic ('help' lists them)");
        return 1;
    };
    let known = COMMANDS.iter().flat_map(|group| group.1);
    if let Some((name, text)) = known.into_iter().find(|c| word == *c.0) {
        println!("{name} - {text}\n");
    }
    match run_help(&program, word) {
        Ok(code) => code,
        Err(e) => {
            complain!("{word}: {e}");
            1
        }
    }
}

/// Runs `PROGRAM --help`; its exit code.
fn run_help(program: &[u8], word: BStr) -> Result<i32> {
    let pid = sys::fork()?;
    if pid == 0 {
        let argv = [word, BStr(b"--help")].into_iter().collect();
        let error = sys::execve(program, &argv, &env::to_pass_on());
        complain!("{word}: {error}");
        sys::exit_now(126);
    }
    Ok(sys::wait_for(pid)?.shell_code())
}
