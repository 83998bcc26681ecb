//! A session on a hard disk of 0.11's time, which `OLD_ROOT` names: its own
//! programs, unchanged, on our kernel. It works on a copy of the disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use regex::Regex;

use super::shell::{BOOT_LIMIT, PROMPT, SOON};
use super::{Context, Skipped};
use crate::machine::{Boot, Qemu, Setup, indent};
use crate::old_root::{complaints, drive, minix_partitions};

/// Processes that the shell starts: with the others, all 64 slots but one.
const PROCESSES: usize = 59;
/// Task 0, init, update and the shell.
const OTHERS: usize = 4;
/// For a compilation and the like.
const WHILE: Duration = Duration::from_secs(120);
/// For make.
const LONG: Duration = Duration::from_secs(400);
/// Between ESC, which the editors tell from an arrow key by time, and the next.
const KEY_PAUSE: Duration = Duration::from_millis(400);

/// What is typed at the shell, and what must come of it.
struct Step {
    name: &'static str,
    line: &'static str,
    /// A regular expression, which finds the lines and then `#0`, the status.
    expected: &'static str,
    limit: Duration,
}

const fn step(name: &'static str, line: &'static str, expected: &'static str) -> Step {
    Step {
        name,
        line,
        expected,
        limit: WHILE,
    }
}

const STEPS: &[Step] = &[
    step(
        "login",
        "pwd; id",
        r"^/usr/root/work\nuid=0\(root\) gid=0\(root\)\n#0",
    ),
    step("ls", "ls /", r"(?m)^bin\s+dev\s+etc\s(.*\n)*#0"),
    step("gcc", "gcc hello.c && ./a.out", r"^hello, world 42\n#0"),
    step(
        "gcc_optimizes",
        "gcc -O -o h hello.c && ./h",
        r"^hello, world 42\n#0",
    ),
    step(
        "script",
        "sh forty.sh && tail -1 Makefile | cut -c2-4",
        r"^gcc\n#0",
    ),
    Step {
        name: "make_forty_files",
        line: "make > log && ./prog && tail -1 log",
        expected: r"^sum 1640\ngcc .*-o prog main.o .*f40\.o.*\n#0",
        limit: LONG,
    },
    step("make_again", "make", r"^make: .prog' is up to date.\n#0"),
    step("cp", "cp hello.c q1; cmp hello.c q1", r"^#0"),
    step("mv", "mv q1 q2; ls q1 q2", r"(?m)^ls: q1: .*\nq2\n#"),
    step("ln", "ln q2 q3; ls -l q3", r"^-rw-------   2 .* q3\n#0"),
    step(
        "ln_s",
        "ln -s q2 q4; cmp q2 q4; rm q2 q3; cat q4",
        r"^cat: .*\n#[1-9]",
    ),
    step(
        "rm",
        "mkdir -p d/e; cp hello.c d; rm -r d q4; ls d q4",
        r"^ls: d: .*\nls: q4: .*\n#",
    ),
    step(
        "tar",
        "tar cf x.tar f?.c; mkdir x; cd x; tar xf ../x.tar; cmp f7.c ../f7.c; ls | tail -1; cd ..",
        r"^f9\.c\n#0",
    ),
    step("touch", "touch new; ls new", r"^new\n#0"),
    step(
        "mount",
        "mkdir /mnt; mount /dev/hd2 /mnt; cat /etc/mtab",
        r"^/dev/hd1 /\n/dev/hd2 /mnt\n#0",
    ),
    step(
        "files_on_hd2",
        "cp -r . /mnt/h; cmp prog /mnt/h/prog; df",
        r"(?m)^/dev/hd1 .* /\n/dev/hd2 .* /mnt\n#0",
    ),
    step(
        "umount",
        "umount /dev/hd2; cat /etc/mtab",
        r"^/dev/hd1 /\n#0",
    ),
    step(
        "fsck",
        "fsck -s /dev/hd2",
        r"^\d+ inodes\n\d+ blocks\n(.*=.*\n)*\n#0",
    ),
    step(
        "dd",
        "dd if=/bin/sh of=sh1 bs=4096; cmp /bin/sh sh1",
        r"^\d+\+1 records in\n\d+\+1 records out\n#0",
    ),
    step(
        "dd_device",
        "dd if=/dev/hd1 of=/dev/null bs=16384 count=300",
        r"^300\+0 records in\n300\+0 records out\n#0",
    ),
    step(
        "compress",
        "cp sh1 sh2; compress sh1; ls sh1*; compress -d sh1; cmp sh1 sh2",
        r"^sh1\.Z\n#0",
    ),
    step(
        "gzip",
        "gzip sh1; ls sh1*; gunzip sh1; cmp sh1 sh2",
        r"^sh1\.g?z\n#0",
    ),
    step("kermit", "kermit -h", r"(?m)^ *Usage: kermit(.*\n)*#0"),
    step(
        "pipeline",
        "cat main.c | grep s+=f4 | sed s/f/g/ | tac",
        r"^s\+=g40\(2\);\ns\+=g4\(2\);\n#0",
    ),
    step(
        "awk",
        "echo one two | awk \"{print \\$2, NR}\"",
        r"^two 1\n#0",
    ),
    step("diff", "diff f1.c f2.c", r"(?m)^---\n> .*\n#1"),
    step(
        "loop",
        "for i in 1 2 3; do echo $i; done | tac",
        r"^3\n2\n1\n#0",
    ),
    step(
        "background",
        "(sleep 1; echo late) & wait",
        r"(?m)^late\n#0",
    ),
    step(
        "block_node_null",
        "echo x > /dev/null; cat /dev/null; cat < /dev/null",
        r"^#0",
    ),
];

/// The whole session, and the disk's state after it.
pub fn session(context: &Context) -> Result<()> {
    let Some(original) = std::env::var_os("OLD_ROOT").filter(|name| !name.is_empty()) else {
        bail!(Skipped(
            "OLD_ROOT=path names no hard disk of 0.11's time (docs/old-root.md)"
        ));
    };
    let original = PathBuf::from(original);
    let partitions = minix_partitions(&original)?;
    let folder = tempfile::tempdir()?;
    let disk = folder.path().join("disk");
    std::fs::copy(&original, &disk).context("cannot copy the disk")?;

    let mut session = Session::boot(&disk, context)?;
    session.run_all();
    let failed = session.end()? + on_screen(&disk, context)?;
    for partition in &partitions {
        let before: BTreeSet<_> = complaints(&original, *partition)?.into_iter().collect();
        let new: Vec<_> = complaints(&disk, *partition)?
            .into_iter()
            .filter(|line| !before.contains(line))
            .collect();
        ensure!(
            new.is_empty(),
            "fsck.minix finds new damage on partition {}:\n{}",
            partition.number,
            new.join("\n")
        );
    }
    ensure!(failed == 0, "{failed} steps failed");
    Ok(())
}

fn start(disk: &Path, cmdline: &str) -> Result<Qemu> {
    Qemu::start(&Setup {
        extra: drive(disk),
        ..Setup::new(Boot::Kernel {
            kernel: super::product("linux011.elf"),
            initrd: None,
            cmdline: cmdline.into(),
        })
    })
}

/// The login shell on the serial line.
struct Session<'a> {
    machine: Qemu,
    context: &'a Context<'a>,
    lines: usize,
    failed: usize,
}

impl<'a> Session<'a> {
    fn boot(disk: &Path, context: &'a Context<'a>) -> Result<Session<'a>> {
        let mut machine = start(disk, "root=0301 console=ttyS0")?;
        machine
            .console
            .expect(r"(?m)^ Ok\. ", BOOT_LIMIT)
            .context("/etc/rc did not run")?;
        machine.console.expect(PROMPT, SOON)?;
        Ok(Session {
            machine,
            context,
            lines: 0,
            failed: 0,
        })
    }

    fn run_all(&mut self) {
        if let Err(error) = self.prepare() {
            return self.count("prepare", Err(error), Instant::now());
        }
        for step in STEPS {
            let begin = Instant::now();
            let result = self.step(step);
            self.count(step.name, result, begin);
        }
        for (name, test) in [
            (
                "processes",
                Session::processes as fn(&mut Self) -> Result<()>,
            ),
            ("exit_and_login", Session::login_again),
        ] {
            let begin = Instant::now();
            let result = test(self);
            self.count(name, result, begin);
        }
    }

    fn count(&mut self, name: &str, result: Result<()>, begin: Instant) {
        let name = format!("old_root.{name}");
        match result {
            Ok(()) => self.context.report.passed(&name, begin.elapsed()),
            Err(error) => {
                self.failed += 1;
                self.context.report.failed(&name, &format!("{error:#}"), "");
                // Whatever still runs is in the way of the next step.
                let _ = self.machine.console.send("\x03");
                self.machine.drain();
            }
        }
    }

    /// The programs of the compiler are not in the disk's PATH, and several want
    /// a /tmp, which it lacks.
    fn prepare(&mut self) -> Result<()> {
        self.command("PATH=/bin:/usr/bin:/usr/local/bin:.", SOON)?;
        self.command("mkdir /tmp; mkdir work; cd work", SOON)?;
        self.command("cp /bin/sh /tmp/x && rm /tmp/x", SOON)?;
        self.write("hello.c", HELLO)?;
        self.write("forty.sh", FORTY)
    }

    /// A file, by way of `cat`.
    fn write(&mut self, name: &str, text: &str) -> Result<()> {
        self.machine.console.send(&format!("cat > {name}\n"))?;
        self.machine
            .console
            .expect(&format!("cat > {name}\n"), SOON)?;
        // Until the shell has given the terminal its line editing back.
        std::thread::sleep(Duration::from_secs(1));
        self.machine.console.send(&format!("{text}\x04"))?;
        self.machine.console.expect(PROMPT, SOON)?;
        Ok(())
    }

    /// Types a line: what it prints, and its status behind a `#`.
    fn command(&mut self, line: &str, limit: Duration) -> Result<String> {
        self.lines += 1;
        let number = self.lines;
        let console = &mut self.machine.console;
        // The shell breaks long lines in two as it echoes them: the output begins
        // behind a mark of its own, which the echo does not show in one piece.
        console.send(&format!(
            "echo \"##\"B{number};{line};echo \"##\"E{number} $?\n"
        ))?;
        console.expect(&format!("##B{number}\n"), SOON)?;
        let text = console.expect(&format!(r"##E{number} \d+\n"), limit)?;
        console.expect(PROMPT, SOON)?;
        let mark = Regex::new(&format!(r"##E{number} (\d+)\n$"))?;
        Ok(mark.replace(&text, "#$1").into_owned())
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        let output = self.command(step.line, step.limit)?;
        ensure!(
            Regex::new(step.expected)?.is_match(&output),
            "`{}` prints, with its status behind #:\n{}",
            step.line,
            indent(&output)
        );
        Ok(())
    }

    /// As many processes as there are slots for. The prompt itself must not need
    /// any: root's runs `pwd`.
    fn processes(&mut self) -> Result<()> {
        const SHORT: &str = "ready> ";
        let console = &mut self.machine.console;
        console.send("PS1='ready''> '\n")?;
        console.expect(SHORT, SOON)?;
        let mut seen = BTreeSet::new();
        for _ in 0..PROCESSES {
            console.send("sleep 60 &\n")?;
            seen.insert(console.expect(r"<\d+>\n", SOON)?);
            let rest = console.expect(SHORT, SOON)?;
            ensure!(
                rest.trim() == SHORT.trim(),
                "the shell says:\n{}",
                indent(&rest)
            );
        }
        ensure!(
            seen.len() == PROCESSES,
            "{} different processes",
            seen.len()
        );
        self.machine.keys("f12")?;
        let console = &mut self.machine.console;
        let list = console.expect(r"\d+ pages free", SOON)?;
        let tasks = list.matches("father=").count();
        ensure!(
            tasks >= PROCESSES + OTHERS,
            "F12 lists only {tasks} tasks:\n{}",
            indent(&list)
        );
        console.send("wait; echo all\" \"over\n")?;
        console.expect("all over\n", WHILE)?;
        Ok(())
    }

    /// `exit` ends the login shell; init starts another.
    fn login_again(&mut self) -> Result<()> {
        let console = &mut self.machine.console;
        console.send("exit\n")?;
        console.expect(r"child \d+ died with code 0+\n", SOON)?;
        console.expect(PROMPT, SOON)?;
        let output = self.command("pwd", SOON)?;
        ensure!(output == "/usr/root\n#0", "pwd prints {output:?}");
        Ok(())
    }

    /// Writes everything back, ends the machine: how many steps failed.
    fn end(mut self) -> Result<usize> {
        self.command("cd /; sync; sync", SOON)?;
        let log = self.machine.console.log();
        let path = self.context.report.keep_log("old_root", &log);
        ensure!(!log.contains("Kernel panic"), "panic: {}", path.display());
        Ok(self.failed)
    }
}

/// vi, em, less and kermit on the screen: how many of them failed.
fn on_screen(disk: &Path, context: &Context) -> Result<usize> {
    let mut machine = start(disk, "root=0301")?;
    machine.wait_for_screen(PROMPT, BOOT_LIMIT)?;
    machine.type_text("cd work; TERM=console; PATH=/bin:/usr/bin\n")?;
    machine.wait_for_screen(r"/work\]# *\n", SOON)?;
    type Test = fn(&mut Qemu, &Context) -> Result<()>;
    let tests: [(&str, Test); 4] = [("vi", vi), ("em", em), ("less", less), ("kermit", kermit)];
    let mut failed = 0;
    for (name, test) in tests {
        let begin = Instant::now();
        let name = format!("old_root.{name}_on_screen");
        match test(&mut machine, context) {
            Ok(()) => context.report.passed(&name, begin.elapsed()),
            Err(error) => {
                failed += 1;
                context.report.failed(&name, &format!("{error:#}"), "");
                // An editor that hangs takes the others' keys.
                break;
            }
        }
    }
    machine.type_text("clear; sync; sync; echo all written\n")?;
    machine.wait_for_screen(r"(?m)^all written", SOON)?;
    Ok(failed)
}

/// Inserts, goes about with the arrow keys, deletes, redraws, writes.
fn vi(machine: &mut Qemu, context: &Context) -> Result<()> {
    machine.type_text("vi t.txt\n")?;
    machine.wait_for_screen(r"(?m)^~ *\n(.*\n)*.*NEW FILE", SOON)?;
    machine.type_text("ione\ntwo\nthree")?;
    machine.keys("esc")?;
    std::thread::sleep(KEY_PAUSE);
    machine.keys("up up left left left x")?;
    machine.wait_for_screen(r"(?m)\Ane *\ntwo *\nthree *\n~", SOON)?;
    machine.type_text("Gonew line")?;
    machine.keys("esc")?;
    std::thread::sleep(KEY_PAUSE);
    machine.keys("ctrl-l")?;
    machine.wait_for_screen(r"(?m)\Ane *\ntwo *\nthree *\nnew line *\n~", SOON)?;
    context.report.keep_picture("old-root-vi", machine)?;
    machine.type_text(":wq\n")?;
    machine.wait_for_screen(r"/work\]# *\s*\z", SOON)?;
    machine.type_text("cmp t.txt t.txt && cat t.txt\n")?;
    machine.wait_for_screen(r"(?m)^ne *\ntwo *\nthree *\nnew line *\n\[", SOON)?;
    Ok(())
}

/// Two windows on the file, changed in one, seen in both, then saved.
fn em(machine: &mut Qemu, context: &Context) -> Result<()> {
    machine.type_text("em t.txt\n")?;
    machine.wait_for_screen(r"MicroEMACS .*\n.*Read 4 lines", SOON)?;
    machine.type_text("zero\n")?;
    machine.keys("down ctrl-e")?;
    machine.type_text("!")?;
    // 0.11 hands ^S to a program that reads without ICANON; this one has no use for it.
    machine.keys("ctrl-x ctrl-s")?;
    machine.wait_for_screen("Key not bound", SOON)?;
    machine.keys("ctrl-x 2")?;
    machine.wait_for_screen(
        r"(?m)\Azero *\nne *\ntwo! *\n(.*\n)*.*MicroEMACS.*\nzero *\nne *\ntwo! *\n",
        SOON,
    )?;
    context.report.keep_picture("old-root-em", machine)?;
    machine.keys("ctrl-x s")?;
    machine.wait_for_screen("Wrote 5 lines", SOON)?;
    machine.keys("ctrl-x c")?;
    machine.wait_for_screen(r"/work\]# *\s*\z", SOON)?;
    machine.type_text("cat t.txt\n")?;
    machine.wait_for_screen(r"(?m)^zero *\nne *\ntwo! *\nthree *\nnew line *\n\[", SOON)?;
    Ok(())
}

/// Forward and back in a long file.
fn less(machine: &mut Qemu, _: &Context) -> Result<()> {
    machine.type_text("less /etc/termcap\n")?;
    let first = machine.wait_for_screen(r"termcap", SOON)?;
    machine.keys("spc")?;
    std::thread::sleep(KEY_PAUSE);
    let second = machine.screen()?;
    ensure!(
        first != second,
        "the blank does not turn the page:\n{}",
        indent(&second)
    );
    machine.type_text("q")?;
    machine.wait_for_screen(r"/work\]# *\s*\z", SOON)?;
    Ok(())
}

/// Starts and ends.
fn kermit(machine: &mut Qemu, _: &Context) -> Result<()> {
    machine.type_text("kermit\n")?;
    machine.wait_for_screen(r"C-Kermit>", SOON)?;
    machine.type_text("exit\n")?;
    machine.wait_for_screen(r"/work\]# *\s*\z", SOON)?;
    Ok(())
}

const HELLO: &str = r#"#include <stdio.h>
main()
{
    printf("hello, world %d\n", 6 * 7);
    exit(0);
}
"#;

/// Writes forty files with a function each, a main program and a makefile.
const FORTY: &str = r#"i=1
echo "int main() { int s = 0;" > main.c
while [ $i -le 40 ]; do
echo "int f$i(x) int x; { return x * $i; }" > f$i.c
echo "s+=f$i(2);" >> main.c
objs="$objs f$i.o"
i=$[i+1]
done
echo 'printf("sum %d\n", s);' >> main.c
echo 'return 0; }' >> main.c
echo "CC = gcc" > Makefile
echo "prog: main.o $objs" >> Makefile
echo "	gcc -o prog main.o $objs" >> Makefile
"#;
