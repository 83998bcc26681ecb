//! Running a command that is given as operands. A program takes it in by
//! `#[path = "../run.rs"] mod run;`.

use rt::env;
use rt::prelude::*;
use rt::sys::StrVec;

/// Becomes the command, found as the shell finds it. Comes back only if that
/// is not possible, with the exit code: 127 not found, 126 not executable.
pub fn exec(words: Args, environment: &StrVec) -> i32 {
    let Some(name) = words.get(0) else {
        return 127;
    };
    let Some(file) = env::find_program(&name) else {
        // A file that is there tells better than a search why it cannot be run.
        let error = if name.contains(&b'/') {
            sys::access(name, sys::X_OK).err()
        } else {
            None
        };
        complain!(
            "{name}: {}",
            error.map_or("command not found", |e| e.message())
        );
        return if error == Some(Errno::EACCES) {
            126
        } else {
            127
        };
    };
    let mut argv: StrVec = words.collect();
    let mut error = sys::execve(&file, &argv, environment);
    if error == Errno::ENOEXEC {
        // A script without #! is for the shell.
        argv = StrVec::new();
        argv.push("sh");
        argv.push(&file);
        words.skip(1).for_each(|word| argv.push(word));
        error = sys::execve("/bin/sh", &argv, environment);
    }
    complain!("{name}: {error}");
    126
}
