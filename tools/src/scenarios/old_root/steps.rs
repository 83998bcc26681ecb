//! What is typed in the session on the disk, in its order.

use std::time::Duration;

/// For a compilation and the like.
const WHILE: Duration = Duration::from_secs(120);
/// For make.
const LONG: Duration = Duration::from_secs(400);

/// What is typed at the shell, and what must come of it.
pub struct Step {
    pub name: &'static str,
    pub line: &'static str,
    /// A regular expression, which finds the lines and then `#0`, the status.
    pub expected: &'static str,
    pub limit: Duration,
}

const fn step(name: &'static str, line: &'static str, expected: &'static str) -> Step {
    Step {
        name,
        line,
        expected,
        limit: WHILE,
    }
}

pub const STEPS: &[Step] = &[
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

pub const HELLO: &str = r#"#include <stdio.h>
main()
{
    printf("hello, world %d\n", 6 * 7);
    exit(0);
}
"#;

/// Computes with numbers that have a fraction: √2 by Newton's method, the sum of 1/n up to
/// 1000, and that in single precision. None is written with a point: the compiler's own
/// `atof` returns nothing, which its next instruction takes from an empty register. That
/// is a NaN on a 387; QEMU, which knows no empty registers, makes it 0.
pub const DOUBLES: &str = r#"#include <stdio.h>
main()
{
    double x = 1, one = 1, sum = 0;
    float single;
    int n;
    for (n = 0; n < 20; n++)
        x = (x + 2 / x) / 2;
    for (n = 1; n <= 1000; n++)
        sum += one / n;
    single = sum;
    printf("%d %d %d\n", (int) (x * 100000000), (int) (sum * 100000000),
           (int) (single * 10000));
    exit(x * x * 10000 < 19999 || sum > 8);
}
"#;
/// What is typed for it, with a coprocessor and without one.
pub const COMPUTE: Step = step(
    "doubles",
    "gcc -o doubles doubles.c && ./doubles",
    r"^141421356 748547086 74854\n#0",
);

/// Sends a signal: the disk has no such program.
pub const KILL: &str = r#"main(argc, argv)
char **argv;
{
    exit(kill(atoi(argv[1]), atoi(argv[2])));
}
"#;

/// Writes forty files with a function each, a main program and a makefile.
pub const FORTY: &str = r#"i=1
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
