//! Users, groups, process groups, sessions, names of the machine, and what is
//! for root alone.

#![no_std]
#![no_main]
use guest::prelude::*;
use signal::{SIGCONT, SIGKILL, SIGTERM, SIGUSR1};

cases! {
    "calls_ids";
    root_sets_all, saved_ids, supplementary_groups, groups_open_files, process_groups, sessions,
    kill_errors, kill_everybody, nice_and_umask, chroot_is_a_cage, names_of_the_machine, reboot_asks,
    access_asks_for_the_real_user, parents
}

/// An address at which no program has memory.
const BAD: usize = 0x200_0000;

fn raw(nr: Nr, a: usize, b: usize, c: usize) -> Result<usize> {
    // SAFETY: addresses are of this program's own buffers, or bad on purpose.
    unsafe { sys::call(nr, a, b, c) }
}

/// Runs `f` in a child, as user 1000 of group 100.
fn as_user(f: impl FnOnce() -> Outcome) -> Outcome {
    Child::test(|| {
        raw(Nr::Setgroups, 0, 0, 0)?;
        sys::setgid(100)?;
        sys::setuid(1000)?;
        f()
    })?
    .pass()
}

fn ids() -> [u16; 4] {
    [sys::getuid(), sys::geteuid(), sys::getgid(), sys::getegid()]
}

fn root_sets_all() -> Outcome {
    equal!(ids(), [0; 4]);
    as_user(|| {
        equal!(ids(), [1000, 1000, 100, 100]);
        fails!(sys::setuid(0), EPERM);
        fails!(sys::setgid(0), EPERM);
        fails!(sys::setreuid(-1, 0), EPERM);
        fails!(sys::setreuid(0, -1), EPERM);
        fails!(sys::setregid(-1, 0), EPERM);
        fails!(sys::setregid(0, -1), EPERM);
        equal!(ids(), [1000, 1000, 100, 100], "after refusals");
        sys::setuid(1000)?;
        sys::setgid(100)?;
        Ok(())
    })
}

/// setreuid takes 0 for 0, exchanges the ids, and keeps a saved one.
fn saved_ids() -> Outcome {
    Child::test(|| {
        sys::setregid(100, 101)?;
        sys::setreuid(1000, 0)?;
        equal!(ids(), [1000, 0, 100, 101]);
        sys::setreuid(-1, 1000)?;
        fails!(sys::setreuid(1001, -1), EPERM);
        sys::setregid(101, 100)?;
        equal!(ids(), [1000, 1000, 101, 100]);
        Ok(())
    })?
    .pass()?;
    Child::test(|| {
        sys::setreuid(0, 7)?;
        sys::setreuid(7, 0)?; // exchanged
        equal!(ids()[..2], [7, 0]);
        sys::setreuid(-1, 7)?;
        sys::setuid(0)?; // the saved one
        equal!(ids()[..2], [7, 0]);
        Ok(())
    })?
    .pass()
}

fn getgroups(size: usize, list: &mut [u8]) -> Result<usize> {
    raw(
        Nr::Getgroups,
        size,
        list.as_mut_ptr().expose_provenance(),
        0,
    )
}

fn setgroups(list: &[u8]) -> Result<usize> {
    raw(
        Nr::Setgroups,
        list.len(),
        list.as_ptr().expose_provenance(),
        0,
    )
}

fn supplementary_groups() -> Outcome {
    let mut list = [0u8; 40];
    let all: Vec<u8> = (1..=32).collect();
    setgroups(&all)?;
    equal!(getgroups(0, &mut list)?, 32);
    equal!(list, [0; 40], "size 0 stores nothing");
    equal!(getgroups(40, &mut list)?, 32);
    equal!(list[..32], all[..]);
    equal!(list[32], 0, "behind the last");
    fails!(
        raw(Nr::Getgroups, 31, list.as_mut_ptr().expose_provenance(), 0),
        EINVAL
    );
    fails!(
        raw(
            Nr::Getgroups,
            usize::MAX,
            list.as_mut_ptr().expose_provenance(),
            0
        ),
        EINVAL
    );
    fails!(raw(Nr::Getgroups, 32, BAD, 0), EFAULT);
    fails!(
        raw(Nr::Setgroups, 33, list.as_ptr().expose_provenance(), 0),
        EINVAL
    );
    fails!(
        raw(
            Nr::Setgroups,
            usize::MAX,
            list.as_ptr().expose_provenance(),
            0
        ),
        EINVAL
    );
    fails!(raw(Nr::Setgroups, 4, BAD, 0), EFAULT);
    equal!(getgroups(40, &mut list)?, 32, "failures change nothing");
    setgroups(&[7, 9])?;
    Child::test(|| {
        let mut list = [0u8; 4];
        equal!(getgroups(4, &mut list)?, 2, "inherited");
        equal!(list, [7, 9, 0, 0]);
        sys::setuid(1000)?;
        fails!(raw(Nr::Setgroups, 0, 0, 0), EPERM);
        Ok(())
    })?
    .pass()
}

/// A file of group 9, readable by it: open to who has 9 among his groups.
fn groups_open_files() -> Outcome {
    let path = "/tmp/group9";
    let fd = sys::creat(path, 0o640)?;
    sys::close(fd)?;
    sys::chown(path, 0, 9)?;
    as_user(|| {
        fails!(sys::open(path, sys::O_RDONLY, 0), EACCES);
        fails!(sys::access(path, sys::R_OK), EACCES);
        Ok(())
    })?;
    Child::test(|| {
        setgroups(&[3, 9])?;
        sys::setgid(100)?;
        sys::setuid(1000)?;
        let fd = sys::open(path, sys::O_RDONLY, 0)?;
        sys::close(fd)?;
        sys::access(path, sys::R_OK)?;
        fails!(sys::open(path, sys::O_RDWR, 0), EACCES);
        Ok(())
    })?
    .pass()?;
    sys::unlink(path)?;
    Ok(())
}

fn process_groups() -> Outcome {
    let me = sys::getpid();
    equal!(sys::getpgrp(), me, "a case leads its group");
    let (go, child) = sleeper()?;
    sys::setpgid(child.pid, child.pid)?;
    sys::setpgid(child.pid, me)?;
    sys::setpgid(child.pid, 0)?;
    equal!(peep::find(child.pid)?.pgrp, child.pid);
    fails!(sys::setpgid(child.pid, -5), EINVAL);
    fails!(sys::setpgid(child.pid, 31_999), EPERM); // no such group
    fails!(sys::setpgid(31_999, 0), ESRCH);
    fails!(sys::setpgid(sys::getppid(), 0), ESRCH); // not a child
    go.open();
    child.pass()?;
    // Another session's process, and a leader.
    let ready = Gate::new()?;
    let other = Child::run(|| {
        let result = sys::setsid();
        ready.open();
        sys::pause();
        i32::from(result.is_err())
    })?;
    ready.wait()?;
    fails!(sys::setpgid(other.pid, me), EPERM);
    other.kill(SIGKILL)?;
    ready.close();
    Ok(())
}

fn sessions() -> Outcome {
    // Its number is the group of another.
    let (go, child) = sleeper()?;
    fails!(sys::setsid(), EPERM);
    go.open();
    child.pass()?;
    Child::test(|| {
        let me = sys::getpid();
        equal!(sys::setsid()?, me);
        let task = peep::me()?;
        equal!((task.pgrp, task.session, task.tty), (me, me, -1));
        fails!(sys::setsid(), EPERM);
        fails!(sys::setpgid(0, 0), EPERM);
        Ok(())
    })?
    .pass()
}

fn parents() -> Outcome {
    let me = sys::getpid();
    Child::test(|| {
        equal!(sys::getppid(), me);
        check!(sys::getpid() != me);
        Ok(())
    })?
    .pass()
}

fn kill_errors() -> Outcome {
    let (go, child) = sleeper()?;
    sys::kill(child.pid, 0)?;
    fails!(sys::kill(child.pid, 33), EINVAL);
    fails!(sys::kill(child.pid, -1), EINVAL);
    fails!(sys::kill(31_999, SIGTERM), ESRCH);
    fails!(sys::kill(-31_999, SIGTERM), ESRCH);
    let pid = child.pid;
    as_user(|| {
        fails!(sys::kill(pid, SIGTERM), EPERM);
        fails!(sys::kill(pid, 0), EPERM);
        fails!(sys::kill(1, SIGKILL), EPERM);
        sys::kill(pid, SIGCONT)?; // the same session
        sys::kill(sys::getpid(), 0)?;
        Ok(())
    })?;
    go.open();
    child.pass()?;
    // init has no handler: even root cannot kill it.
    sys::kill(1, SIGKILL)?;
    sys::kill(1, 0)?;
    Ok(())
}

/// kill(-1) of a user reaches his processes, not others, not himself, and
/// empty slots are no error.
fn kill_everybody() -> Outcome {
    let (go, bystander) = sleeper()?;
    let ready = Gate::new()?;
    let (from, to) = sys::pipe()?;
    let victim = Child::run(|| {
        let _ = sys::setuid(1000);
        ready.open();
        let _ = sys::read(from, &mut [0]);
        0
    })?;
    ready.wait()?;
    as_user(|| Ok(sys::kill(-1, SIGUSR1)?))?;
    equal!(victim.wait()?.term_signal(), Some(SIGUSR1));
    sys::kill(bystander.pid, 0)?;
    go.open();
    bystander.pass()?;
    sys::close(from)?;
    sys::close(to)?;
    ready.close();
    // With no one but himself to reach, a user gets ESRCH or EPERM, not EINVAL.
    as_user(|| match sys::kill(-1, 0) {
        Err(Errno::ESRCH | Errno::EPERM) => Ok(()),
        other => Err(Failure(format!("kill(-1) alone gives {other:?}"))),
    })
}

fn nice_and_umask() -> Outcome {
    Child::test(|| {
        let priority = peep::me()?.priority;
        sys::setreuid(0, 1000)?;
        fails!(sys::nice(-1), EPERM);
        sys::nice(3)?;
        sys::setreuid(-1, 0)?;
        equal!(peep::me()?.priority, priority - 3);
        sys::nice(i32::MAX)?;
        equal!(peep::me()?.priority, 1, "never below 1");
        sys::nice(-5)?;
        equal!(peep::me()?.priority, 6, "root may");
        Ok(())
    })?
    .pass()?;
    let old = sys::umask(0o77);
    equal!(sys::umask(0o7777), 0o77);
    equal!(sys::umask(old), 0o777, "permissions only");
    Ok(())
}

fn chroot_is_a_cage() -> Outcome {
    as_user(|| {
        fails!(sys::chroot("/tmp"), EPERM);
        Ok(())
    })?;
    fails!(sys::chroot("/etc/passwd"), ENOTDIR);
    sys::mkdir("/tmp/cage", 0o755)?;
    sys::mkdir("/tmp/cage/inside", 0o755)?;
    Child::test(|| {
        sys::chroot("/tmp/cage")?;
        sys::chdir("/")?;
        sys::chdir("/..")?;
        sys::chdir("/inside/../..")?;
        sys::stat("inside")?;
        fails!(sys::stat("/etc"), ENOENT);
        Ok(())
    })?
    .pass()?;
    sys::rmdir("/tmp/cage/inside")?;
    sys::rmdir("/tmp/cage")?;
    Ok(())
}

fn names_of_the_machine() -> Outcome {
    let before = sys::uname()?;
    equal!(abi::until_nul(&before.release), "0.11");
    fails!(raw(Nr::Uname, BAD, 0, 0), EFAULT);
    sys::sethostname(b"12345678")?;
    equal!(abi::until_nul(&sys::uname()?.nodename), "12345678");
    sys::sethostname(b"x")?;
    equal!(abi::until_nul(&sys::uname()?.nodename), "x");
    fails!(sys::sethostname(b"123456789"), EINVAL);
    fails!(raw(Nr::Sethostname, BAD, usize::MAX, 0), EINVAL);
    fails!(raw(Nr::Sethostname, BAD, 4, 0), EFAULT);
    as_user(|| {
        fails!(sys::sethostname(b"mine"), EPERM);
        Ok(())
    })?;
    sys::sethostname(abi::until_nul(&before.nodename).bytes())?;
    Ok(())
}

fn reboot_asks() -> Outcome {
    const MAGIC: (usize, usize) = (0xfee1_dead, 672_274_793);
    fails!(raw(Nr::Reboot, 0, MAGIC.1, 0x0123_4567), EINVAL);
    fails!(raw(Nr::Reboot, MAGIC.0, 0, 0x0123_4567), EINVAL);
    fails!(raw(Nr::Reboot, MAGIC.0, MAGIC.1, 5), EINVAL);
    as_user(|| {
        fails!(raw(Nr::Reboot, MAGIC.0, MAGIC.1, 0x0123_4567), EPERM);
        Ok(())
    })
}

/// access() asks for the real ids, and shifts the group's rights by 3.
fn access_asks_for_the_real_user() -> Outcome {
    let path = "/tmp/access";
    sys::close(sys::creat(path, 0o600)?)?;
    sys::chown(path, 5, 100)?;
    sys::chmod(path, 0o040)?;
    Child::test(|| {
        sys::setgid(100)?;
        sys::setreuid(1000, 0)?;
        sys::access(path, sys::R_OK)?; // by the group
        fails!(sys::access(path, sys::W_OK), EACCES);
        fails!(sys::access(path, sys::X_OK), EACCES);
        fails!(sys::access("/tmp/nothing", sys::F_OK), ENOENT);
        sys::chmod(path, 0o704)?;
        fails!(sys::access(path, sys::R_OK), EACCES); // others do not count
        Ok(())
    })?
    .pass()?;
    sys::access(path, sys::R_OK | sys::W_OK)?; // root
    sys::unlink(path)?;
    Ok(())
}
