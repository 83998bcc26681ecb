//! The disk's full-screen programs, on the screen and the keyboard.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::super::Context;
use super::super::shell::{BOOT_LIMIT, PROMPT, SOON};
use super::start;
use super::transcript::Transcript;
use crate::machine::{Qemu, indent};

/// Between ESC, which the editors tell from an arrow key by time, and the next.
const KEY_PAUSE: Duration = Duration::from_millis(400);
/// The shell waits in the last line.
const AT_PROMPT: &str = r"/work\]# *\s*\z";

/// What the tests have in hand.
struct Screen<'a> {
    machine: Qemu,
    context: &'a Context<'a>,
    transcript: &'a mut Transcript,
}

/// vi, em, less and kermit on the screen: how many of them failed.
pub fn on_screen(disk: &Path, context: &Context, transcript: &mut Transcript) -> Result<usize> {
    let mut machine = start(disk, "root=0301", &[])?;
    machine.wait_for_screen(PROMPT, BOOT_LIMIT)?;
    machine.type_text("cd work; TERM=console; PATH=/bin:/usr/bin:/usr/local/bin:.\n")?;
    machine.wait_for_screen(r"/work\]# *\n", SOON)?;
    transcript.heading("On the screen");
    let mut screen = Screen {
        machine,
        context,
        transcript,
    };
    type Test = fn(&mut Screen) -> Result<()>;
    let tests: [(&str, Test); 5] = [
        ("vi", vi),
        ("em", em),
        ("compile", compile),
        ("less", less),
        ("kermit", kermit),
    ];
    let mut failed = 0;
    for (name, test) in tests {
        let begin = Instant::now();
        let name = format!("old_root.{name}_on_screen");
        match test(&mut screen) {
            Ok(()) => context.report.passed(&name, begin.elapsed()),
            Err(error) => {
                failed += 1;
                context.report.failed(&name, &format!("{error:#}"), "");
                // An editor that hangs takes the others' keys.
                return Ok(failed);
            }
        }
    }
    screen.types("clear; sync; sync; echo all written\n")?;
    screen.shows(r"(?m)^all written")?;
    Ok(failed)
}

impl Screen<'_> {
    fn types(&mut self, text: &str) -> Result<()> {
        self.machine.type_text(text)
    }

    fn keys(&mut self, keys: &str) -> Result<()> {
        self.machine.keys(keys)
    }

    /// Waits until the screen shows what the regular expression matches.
    fn shows(&mut self, pattern: &str) -> Result<String> {
        self.machine.wait_for_screen(pattern, SOON)
    }

    fn escape(&mut self) -> Result<()> {
        self.keys("esc")?;
        std::thread::sleep(KEY_PAUSE);
        Ok(())
    }

    fn picture(&mut self, name: &str, words: &str) -> Result<()> {
        let name = format!("old-root-{name}");
        self.context.report.keep_picture(&name, &mut self.machine)?;
        self.transcript.picture(&name, words);
        Ok(())
    }
}

/// Inserts, goes about with the arrow keys, deletes, redraws, writes.
fn vi(screen: &mut Screen) -> Result<()> {
    screen.types("vi t.txt\n")?;
    screen.shows(r"(?m)^~ *\n(.*\n)*.*NEW FILE")?;
    screen.types("ione\ntwo\nthree")?;
    screen.escape()?;
    screen.keys("up up left left left x")?;
    screen.shows(r"(?m)\Ane *\ntwo *\nthree *\n~")?;
    screen.types("Gonew line")?;
    screen.escape()?;
    screen.keys("ctrl-l")?;
    screen.shows(r"(?m)\Ane *\ntwo *\nthree *\nnew line *\n~")?;
    screen.picture(
        "vi",
        "vi, after moving with the arrow keys, deleting, adding a line and `^L`",
    )?;
    screen.types(":wq\n")?;
    screen.shows(AT_PROMPT)?;
    screen.types("cmp t.txt t.txt && cat t.txt\n")?;
    screen.shows(r"(?m)^ne *\ntwo *\nthree *\nnew line *\n\[")?;
    Ok(())
}

/// Two windows on the file, changed in one, seen in both, then saved.
fn em(screen: &mut Screen) -> Result<()> {
    screen.types("em t.txt\n")?;
    screen.shows(r"MicroEMACS .*\n.*Read 4 lines")?;
    screen.types("zero\n")?;
    screen.keys("down ctrl-e")?;
    screen.types("!")?;
    // 0.11 hands ^S to a program that reads without ICANON; this one has no use for it.
    screen.keys("ctrl-x ctrl-s")?;
    screen.shows("Key not bound")?;
    screen.keys("ctrl-x 2")?;
    screen.shows(r"(?m)\Azero *\nne *\ntwo! *\n(.*\n)*.*MicroEMACS.*\nzero *\nne *\ntwo! *\n")?;
    screen.picture(
        "em",
        "em, with the same file in two windows, changed in the upper one",
    )?;
    screen.keys("ctrl-x s")?;
    screen.shows("Wrote 5 lines")?;
    // This opens a shell inside the editor.
    screen.keys("ctrl-x c")?;
    screen.shows(r"(?m)^bash# *\s*\z")?;
    screen.types("exit\n")?;
    screen.shows(r"MicroEMACS(.*\n)*.*MicroEMACS")?;
    std::thread::sleep(KEY_PAUSE);
    screen.keys("ctrl-x ctrl-c")?;
    screen.shows(AT_PROMPT)?;
    screen.types("echo status $?; cat t.txt\n")?;
    screen.shows(r"(?m)^status 0 *\nzero *\nne *\ntwo! *\nthree *\nnew line *\n\[")?;
    Ok(())
}

/// The compiler, as someone at the screen uses it.
fn compile(screen: &mut Screen) -> Result<()> {
    screen.types("clear\nls -l /bin/*sh*\ngcc -O -o h hello.c\nls -l h\nh\n")?;
    screen.shows(r"(?m)^hello, world 42 *\n\[")?;
    screen.picture("gcc", "The shell and the compiler")
}

/// Forward and back in a long file.
fn less(screen: &mut Screen) -> Result<()> {
    screen.types("less /usr/include/stdio.h\n")?;
    let first = screen.shows(r"\A#ifndef _STDIO_H")?;
    screen.keys("spc")?;
    std::thread::sleep(KEY_PAUSE);
    let second = screen.machine.screen()?;
    ensure!(
        first != second,
        "the blank does not turn the page:\n{}",
        indent(&second)
    );
    screen.picture("less", "less, on the second page of a file")?;
    screen.types("b")?;
    std::thread::sleep(KEY_PAUSE);
    let back = screen.machine.screen()?;
    ensure!(
        back.lines().next() == first.lines().next(),
        "b does not turn back:\n{}",
        indent(&back)
    );
    screen.types("q")?;
    screen.shows(AT_PROMPT)?;
    Ok(())
}

/// Starts and ends.
fn kermit(screen: &mut Screen) -> Result<()> {
    screen.types("clear\nkermit\n")?;
    screen.shows(r"C-Kermit>")?;
    screen.types("show\n")?;
    screen.shows(r"Packet Length(.*\n)+.*C-Kermit>")?;
    screen.picture("kermit", "kermit's settings")?;
    screen.types("exit\n")?;
    screen.shows(AT_PROMPT)?;
    Ok(())
}
