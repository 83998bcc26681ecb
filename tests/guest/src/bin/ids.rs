//! Users, groups, process groups and sessions.

#![no_std]
#![no_main]
use guest::prelude::*;

cases! {
    "ids";
    root_sets_all_three, user_cannot_change, setreuid_swaps, setregid_swaps, saved_ids, zero_is_an_id,
    process_groups, sessions, supplementary_groups
}

fn test(f: impl FnOnce() -> Outcome) -> Outcome {
    Child::test(f)?.pass()
}

fn ids() -> (u16, u16) {
    (sys::getuid(), sys::geteuid())
}

fn root_sets_all_three() -> Outcome {
    test(|| {
        sys::setgid(8)?;
        sys::setuid(7)?;
        let me = (sys::getuid(), sys::geteuid(), sys::getgid(), sys::getegid());
        equal!(me, (7, 7, 8, 8));
        fails!(sys::setuid(0), EPERM);
        fails!(sys::setgid(0), EPERM);
        Ok(())
    })
}

fn user_cannot_change() -> Outcome {
    test(|| {
        sys::setgid(8)?;
        sys::setuid(7)?;
        fails!(sys::setuid(9), EPERM);
        fails!(sys::setgid(9), EPERM);
        fails!(sys::setreuid(9, -1), EPERM);
        fails!(sys::setreuid(-1, 9), EPERM);
        fails!(sys::setregid(9, -1), EPERM);
        sys::setuid(7)?;
        sys::setreuid(7, 7)?;
        sys::setreuid(-1, -1)?;
        equal!(ids(), (7, 7));
        Ok(())
    })
}

fn setreuid_swaps() -> Outcome {
    test(|| {
        sys::setreuid(7, 0)?;
        equal!(ids(), (7, 0));
        sys::setreuid(0, 7)?;
        equal!(ids(), (0, 7));
        sys::setreuid(7, 0)?;
        equal!(ids(), (7, 0));
        sys::setreuid(-1, 7)?;
        equal!(ids(), (7, 7));
        Ok(())
    })
}

fn setregid_swaps() -> Outcome {
    test(|| {
        sys::setregid(8, 9)?;
        equal!((sys::getgid(), sys::getegid()), (8, 9));
        sys::setuid(5)?;
        sys::setregid(9, 8)?;
        equal!((sys::getgid(), sys::getegid()), (9, 8));
        fails!(sys::setregid(10, -1), EPERM);
        Ok(())
    })
}

/// A set-user-id program can go back and forth.
fn saved_ids() -> Outcome {
    test(|| {
        sys::setreuid(7, 0)?; // real 7, effective 0: as after exec of a root's 4755
        let me = peep::me()?;
        equal!((me.uid, me.euid), (7, 0));
        // Effective away and back by the real and saved one.
        sys::setreuid(-1, 7)?;
        equal!(ids(), (7, 7));
        Ok(())
    })
}

/// 0 is an id like others, not "no change".
fn zero_is_an_id() -> Outcome {
    test(|| {
        sys::setregid(0, 5)?;
        equal!((sys::getgid(), sys::getegid()), (0, 5));
        sys::setregid(5, 0)?;
        equal!((sys::getgid(), sys::getegid()), (5, 0));
        sys::setreuid(5, 0)?;
        sys::setreuid(0, 5)?;
        equal!(ids(), (0, 5));
        Ok(())
    })
}

fn process_groups() -> Outcome {
    let (go, child) = sleeper()?;
    sys::setpgid(child.pid, child.pid)?;
    equal!(peep::find(child.pid)?.pgrp, child.pid);
    let (go2, second) = sleeper()?;
    sys::setpgid(second.pid, child.pid)?;
    equal!(peep::find(second.pid)?.pgrp, child.pid);
    fails!(sys::setpgid(second.pid, 31_000), EPERM);
    fails!(sys::setpgid(31_000, 0), ESRCH);
    fails!(sys::setpgid(1, 0), ESRCH);
    fails!(sys::setpgid(second.pid, -1), EINVAL);
    go.open();
    go2.open();
    child.pass()?;
    second.pass()
}

fn sessions() -> Outcome {
    // The leader of a group of several cannot start a session.
    equal!(sys::getpgrp(), sys::getpid());
    let (go, member) = sleeper()?;
    fails!(sys::setsid(), EPERM);
    go.open();
    member.pass()?;
    test(|| {
        let me = sys::getpid();
        equal!(sys::setsid()?, me);
        let task = peep::me()?;
        equal!(
            (task.pgrp, task.session, task.leader, task.tty),
            (me, me, 1, -1)
        );
        fails!(sys::setsid(), EPERM);
        fails!(sys::setpgid(0, 0), EPERM);
        // Without a terminal /dev/tty is not there.
        let result = sys::open("/dev/tty", rt::sys::O_RDWR, 0);
        check!(
            matches!(result, Err(Errno::ENXIO | Errno::EPERM | Errno::EIO)),
            "{result:?}"
        );
        Ok(())
    })
}

fn supplementary_groups() -> Outcome {
    // SAFETY: getgroups with size 0 stores nothing.
    let number = unsafe { rt::sys::call(Nr::Getgroups, 0, 0, 0) };
    check!(
        matches!(number, Ok(0..=32) | Err(Errno::ENOSYS)),
        "{number:?}"
    );
    Ok(())
}
