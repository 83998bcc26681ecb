//! S8: fork: find_empty_process, copy_process. Each field of the child compared
//! with its parent's.

#![no_std]
#![no_main]
use guest::prelude::*;
use signal::{Action, SIGUSR1, SIGUSR2};

cases! { "S08"; identity, scheduling, signals, memory, registers, files_and_inodes, numbers, runnable_last }

extern "C" fn nothing(_: i32) {}

/// A child that waits; parent and child as the kernel sees them.
struct Pair {
    parent: peep::TaskInfo,
    child: peep::TaskInfo,
    gate: Gate,
    process: Child,
}

fn pair() -> core::result::Result<Pair, Failure> {
    let (gate, process) = sleeper()?;
    let child = peep::find(process.pid)?;
    Ok(Pair {
        parent: peep::me()?,
        child,
        gate,
        process,
    })
}

impl Pair {
    fn end(self) -> Outcome {
        self.gate.open();
        self.process.pass()
    }
}

fn identity() -> Outcome {
    sys::umask(0o27);
    let pair = pair()?;
    let (parent, child) = (pair.parent, pair.child);
    equal!(parent.pid, sys::getpid());
    check!(child.pid != parent.pid && child.pid == pair.process.pid);
    equal!(child.father, parent.pid);
    equal!((child.pgrp, child.session), (parent.pgrp, parent.session));
    equal!(child.leader, 0);
    equal!(
        (child.uid, child.euid, child.suid),
        (parent.uid, parent.euid, parent.suid)
    );
    equal!(
        (child.gid, child.egid, child.sgid),
        (parent.gid, parent.egid, parent.sgid)
    );
    equal!((child.tty, child.umask), (parent.tty, 0o27));
    equal!(child.comm, parent.comm);
    check!(child.nr != parent.nr && child.nr != 0);
    pair.end()
}

/// Counter and priority, times, alarm.
fn scheduling() -> Outcome {
    sys::alarm(100);
    sys::nice(3)?;
    let ready = Gate::new()?;
    // The child looks at itself at once.
    let child = Child::test(|| {
        let me = peep::me()?;
        check!(
            me.counter <= me.priority,
            "counter {} of {}",
            me.counter,
            me.priority
        );
        check!(
            me.counter >= me.priority - 2,
            "counter {} of {}",
            me.counter,
            me.priority
        );
        equal!(me.alarm, 0, "the alarm is the parent's");
        check!(me.utime + me.stime <= 2, "times {} {}", me.utime, me.stime);
        equal!((me.cutime, me.cstime), (0, 0));
        ready.open();
        Ok(())
    })?;
    ready.wait()?;
    let parent = peep::me()?;
    equal!(parent.priority, 12);
    check!(parent.alarm != 0);
    child.pass()?;
    let pair = pair()?;
    equal!(pair.child.priority, 12);
    let now = guest::child::ticks_now();
    check!(
        now - pair.child.start_time < 50,
        "start {} now {now}",
        pair.child.start_time
    );
    check!(pair.child.start_time >= pair.parent.start_time);
    pair.end()
}

/// Handlers and the blocked mask are inherited, signals that wait are not.
fn signals() -> Outcome {
    signal::set_with(SIGUSR1, Action::Handler(nothing), 0x40, signal::SA_ONESHOT)?;
    signal::set(SIGUSR2, Action::Ignore)?;
    sys::ssetmask(signal::bit(SIGUSR1));
    sys::kill(sys::getpid(), SIGUSR1)?;
    equal!(
        peep::me()?.signal & signal::bit(SIGUSR1),
        signal::bit(SIGUSR1)
    );
    let pair = pair()?;
    equal!(pair.child.signal, 0, "waiting signals");
    equal!(pair.child.blocked, signal::bit(SIGUSR1));
    equal!(pair.child.sigaction, pair.parent.sigaction);
    equal!(
        pair.child.sigaction[SIGUSR1 as usize - 1][0],
        (nothing as *const ()).addr() as u32
    );
    equal!(pair.child.sigaction[SIGUSR2 as usize - 1][0], 1);
    pair.end()
}

/// Slot, segments, tables, sizes.
fn memory() -> Outcome {
    area::fill(0, 1);
    pair()?.end()?; // the stack and the heap grow before the fork that counts
    let pair = pair()?;
    let (parent, child) = (pair.parent, pair.child);
    equal!(child.start_code, child.nr * peep::SLOT);
    equal!(
        (child.end_code, child.end_data),
        (parent.end_code, parent.end_data)
    );
    equal!(
        (child.brk, child.start_stack),
        (parent.brk, parent.start_stack)
    );
    equal!(child.pages, parent.pages);
    for index in 0..3 {
        let (a, b) = (
            peep::base_and_limit(child.ldt[index]),
            peep::base_and_limit(parent.ldt[index]),
        );
        equal!(a.1, b.1, "limit of LDT entry {index}");
        if index > 0 {
            equal!(a.0, child.start_code);
        }
    }
    for index in 0..16 {
        equal!(child.dir[index] & 1, parent.dir[index] & 1, "table {index}");
        if child.dir[index] & 1 != 0 {
            check!(
                child.dir[index] & !0xfff != parent.dir[index] & !0xfff,
                "table {index} is one"
            );
        }
    }
    check!(child.address != parent.address);
    equal!(child.canary, parent.canary);
    equal!(
        peep::base_and_limit(child.gdt_tss),
        (child.tss_address, 103)
    );
    equal!(peep::base_and_limit(child.gdt_ldt), (child.ldt_address, 23));
    pair.end()
}

core::arch::global_asm!(
    // fork_registers(out): forks with known values in all registers and stores
    // what they hold afterwards: eax ebx ecx edx esi edi ebp eflags.
    ".globl fork_registers",
    "fork_registers:",
    "    push ebp",
    "    push ebx",
    "    push esi",
    "    push edi",
    "    mov eax, 2",
    "    mov ebx, 0x11111111",
    "    mov ecx, 0x22222222",
    "    mov edx, 0x33333333",
    "    mov esi, 0x44444444",
    "    mov edi, 0x55555555",
    "    mov ebp, 0x66666666",
    "    std",
    "    stc",
    "    int 0x80",
    "    pushfd",
    "    cld",
    "    push ebp",
    "    mov ebp, [esp + 28]",
    "    mov [ebp], eax",
    "    mov [ebp + 4], ebx",
    "    mov [ebp + 8], ecx",
    "    mov [ebp + 12], edx",
    "    mov [ebp + 16], esi",
    "    mov [ebp + 20], edi",
    "    pop eax",
    "    mov [ebp + 24], eax",
    "    pop eax",
    "    mov [ebp + 28], eax",
    "    pop edi",
    "    pop esi",
    "    pop ebx",
    "    pop ebp",
    "    ret",
);

unsafe extern "C" {
    fn fork_registers(out: *mut [u32; 8]);
}

/// Registers and flags: the child has its parent's, but 0 in eax.
fn registers() -> Outcome {
    let mut after = [0u32; 8];
    // SAFETY: fills the array; fork returns in both processes.
    unsafe { fork_registers(&raw mut after) };
    // Carry in the parent only: QEMU loses the arithmetic flags of the child in
    // the task switch by which it begins.
    let flags = if after[0] == 0 { 0x400 } else { 0x401 };
    let kept = after[1..7]
        == [
            0x1111_1111,
            0x2222_2222,
            0x3333_3333,
            0x4444_4444,
            0x5555_5555,
            0x6666_6666,
        ]
        && after[7] & flags == flags;
    if after[0] == 0 {
        if !kept {
            let _ = sys::write(2, format!("registers in the child: {after:x?} ").as_bytes());
        }
        sys::exit_now(if kept { 7 } else { 8 });
    }
    let status = sys::wait_for(after[0] as i32)?;
    check!(kept, "registers in the parent: {after:x?}");
    equal!(status.shell_code(), 7, "registers in the child");
    Ok(())
}

/// What a child of `pair` shares: open files and the directories, counted up.
fn files_and_inodes() -> Outcome {
    let file = sys::open("/etc/passwd", sys::O_RDONLY, 0)?;
    sys::fcntl(file, rt::sys::F_SETFD, 1)?;
    sys::chdir("/tmp")?;
    let before = peep::me()?;
    let pair = pair()?;
    let (parent, child) = (pair.parent, pair.child);
    for fd in [0, 1, 2, file as usize] {
        equal!(child.filp[fd], parent.filp[fd], "file {fd}");
        let again = before
            .filp
            .iter()
            .filter(|file| **file == before.filp[fd])
            .count();
        equal!(
            parent.f_count[fd],
            before.f_count[fd] + again as u32,
            "count of file {fd}"
        );
    }
    check!(parent.filp[file as usize] != 0);
    equal!(child.close_on_exec & 1 << file, 1 << file);
    equal!((child.pwd, child.root), (parent.pwd, parent.root));
    equal!(child.executable, parent.executable);
    equal!(
        parent.pwd_count,
        before.pwd_count + if parent.pwd == parent.root { 2 } else { 1 }
    );
    equal!(parent.executable_count, before.executable_count + 1);
    pair.end()?;
    let after = peep::me()?;
    equal!(after.pwd_count, before.pwd_count);
    equal!(after.root_count, before.root_count);
    equal!(after.executable_count, before.executable_count);
    equal!(after.f_count[file as usize], before.f_count[file as usize]);
    // One position for both.
    let reader = Child::run(|| i32::from(sys::read(file, &mut [0; 10]) != Ok(10)))?;
    reader.pass()?;
    equal!(sys::lseek(file, 0, sys::SEEK_CUR)?, 10);
    sys::close(file)?;
    Ok(())
}

/// Process numbers go up by one and skip what is in use, groups included.
fn numbers() -> Outcome {
    let first = Child::run(|| 0)?;
    let second = Child::run(|| 0)?;
    check!(second.pid > first.pid, "{} after {}", second.pid, first.pid);
    first.pass()?;
    second.pass()?;
    // A group that outlives its leader keeps the leader's number in use.
    let (go, ready) = (Gate::new()?, Gate::new()?);
    let leader = Child::run(|| {
        let _ = sys::setpgid(0, 0);
        // The member is an orphan as soon as its leader is gone.
        let _ = sys::fork().map(|pid| {
            if pid == 0 {
                ready.open();
                let _ = go.wait();
                sys::exit_now(0);
            }
        });
        0
    })?;
    let group = leader.pid;
    ready.wait()?;
    leader.pass()?;
    check!(
        peep::tasks().any(|task| task.pgrp == group),
        "the group is there"
    );
    for _ in 0..70 {
        let child = Child::run(|| 0)?;
        check!(child.pid != group);
        child.pass()?;
    }
    go.open();
    Ok(())
}

/// A child that runs is complete, however busy the machine is with signals and
/// with the end of time slices.
fn runnable_last() -> Outcome {
    signal::set(SIGUSR2, Action::Handler(nothing))?;
    let group = sys::getpgrp();
    let noise = Child::run(|| {
        let _ = signal::set(SIGUSR2, Action::Ignore);
        loop {
            let _ = sys::kill(-group, SIGUSR2);
        }
    })?;
    for _ in 0..50 {
        let parent = sys::getpid();
        let child = loop {
            let child = Child::test(|| {
                let me = peep::me()?;
                equal!((me.pid, me.father), (sys::getpid(), parent));
                equal!(me.start_code, me.nr * peep::SLOT);
                equal!(peep::base_and_limit(me.gdt_tss), (me.tss_address, 103));
                equal!(me.state, 0, "state");
                Ok(())
            });
            match child {
                Err(Errno::EINTR) => {}
                other => break other?,
            }
        };
        child.pass()?;
    }
    noise.kill(signal::SIGKILL)?;
    Ok(())
}
