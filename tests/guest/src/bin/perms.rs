//! Permissions: owner, group, others, directories, root, the sticky bit, umask,
//! chmod, chown, access, utime, device nodes.

#![no_std]
#![no_main]
use guest::prelude::*;
use rt::sys::{O_CREAT, O_RDONLY, O_RDWR, O_WRONLY, R_OK, W_OK, X_OK};

cases! {
    "perms";
    owner_group_others, directories_need_x, creating_needs_w, root_may_all, sticky_directory, chmod_rules,
    chown_rules, access_uses_real_ids, umask_masks, utime_rules, mknod_rules, setid_bits_fall, link_and_rename,
    users_make_directories
}

/// Runs `f` as another user and group.
fn as_user(uid: u16, gid: u16, f: impl FnOnce() -> Outcome) -> Outcome {
    let child = Child::test(|| {
        sys::setgid(gid)?;
        sys::setuid(uid)?;
        f()
    })?;
    child.pass()
}

/// A file of user 10, group 20, with this mode.
fn file(mode: u16) -> Outcome {
    sys::close(sys::creat("/tmp/p", 0o600)?)?;
    sys::chown("/tmp/p", 10, 20)?;
    sys::chmod("/tmp/p", mode)?;
    Ok(())
}

/// Reading and writing work for the owner by the first three bits, for the
/// group by the next, for others by the last.
fn owner_group_others() -> Outcome {
    for (uid, gid, shift) in [(10, 99, 6), (11, 20, 3), (11, 99, 0)] {
        for bits in 0..8u16 {
            file(bits << shift)?;
            as_user(uid, gid, || {
                for (flags, need) in [(O_RDONLY, 4), (O_WRONLY, 2), (O_RDWR, 6)] {
                    let result = sys::open("/tmp/p", flags, 0);
                    if bits & need == need {
                        check!(result.is_ok(), "mode {:o}, {uid}, {flags}", bits << shift);
                    } else {
                        equal!(
                            result,
                            Err(Errno::EACCES),
                            "mode {:o}, {uid}, {flags}",
                            bits << shift
                        );
                    }
                }
                Ok(())
            })?;
        }
    }
    // The owner is judged by the owner's bits, though others may more.
    file(0o077)?;
    as_user(10, 99, || {
        fails!(sys::open("/tmp/p", O_RDONLY, 0), EACCES);
        Ok(())
    })?;
    sys::unlink("/tmp/p")?;
    Ok(())
}

fn directories_need_x() -> Outcome {
    sys::mkdir("/tmp/pd", 0o755)?;
    sys::close(sys::creat("/tmp/pd/file", 0o666)?)?;
    sys::chmod("/tmp/pd", 0o744)?;
    as_user(10, 20, || {
        fails!(sys::open("/tmp/pd/file", O_RDONLY, 0), EACCES);
        fails!(sys::stat("/tmp/pd/file"), EACCES);
        fails!(sys::chdir("/tmp/pd"), EACCES);
        sys::close(sys::open("/tmp/pd", O_RDONLY, 0)?)?;
        Ok(())
    })?;
    sys::chmod("/tmp/pd", 0o711)?;
    as_user(10, 20, || {
        sys::close(sys::open("/tmp/pd/file", O_RDONLY, 0)?)?;
        fails!(sys::open("/tmp/pd", O_RDONLY, 0), EACCES);
        Ok(())
    })?;
    sys::unlink("/tmp/pd/file")?;
    sys::rmdir("/tmp/pd")?;
    Ok(())
}

fn creating_needs_w() -> Outcome {
    sys::umask(0);
    sys::mkdir("/tmp/pd", 0o755)?;
    sys::close(sys::creat("/tmp/pd/file", 0o666)?)?;
    as_user(10, 20, || {
        fails!(sys::creat("/tmp/pd/new", 0o644), EACCES);
        fails!(sys::mkdir("/tmp/pd/dir", 0o755), EACCES);
        fails!(sys::unlink("/tmp/pd/file"), EACCES);
        fails!(sys::link("/tmp/pd/file", "/tmp/pd/link"), EACCES);
        fails!(sys::rename("/tmp/pd/file", "/tmp/pd/other"), EACCES);
        fails!(sys::rmdir("/tmp/pd"), EPERM); // /tmp is sticky
        Ok(())
    })?;
    sys::chmod("/tmp/pd", 0o777)?;
    as_user(10, 20, || {
        sys::close(sys::creat("/tmp/pd/new", 0o644)?)?;
        let stat = sys::stat("/tmp/pd/new")?;
        equal!((stat.uid, stat.gid), (10, 20));
        sys::mkdir("/tmp/pd/dir", 0o755)?;
        let stat = sys::stat("/tmp/pd/dir")?;
        equal!((stat.uid, stat.gid), (10, 20));
        sys::rmdir("/tmp/pd/dir")?;
        sys::unlink("/tmp/pd/new")?;
        sys::unlink("/tmp/pd/file")?;
        Ok(())
    })?;
    sys::rmdir("/tmp/pd")?;
    Ok(())
}

fn root_may_all() -> Outcome {
    sys::umask(0);
    file(0)?;
    sys::close(sys::open("/tmp/p", O_RDWR, 0)?)?;
    sys::mkdir("/tmp/pd", 0)?;
    sys::close(sys::creat("/tmp/pd/file", 0)?)?;
    sys::unlink("/tmp/pd/file")?;
    sys::rmdir("/tmp/pd")?;
    sys::unlink("/tmp/p")?;
    Ok(())
}

/// In /tmp (1777) everyone may create, but remove only what is his.
fn sticky_directory() -> Outcome {
    equal!(sys::stat("/tmp")?.mode, 0o41777);
    sys::umask(0);
    as_user(10, 20, || Ok(sys::close(sys::creat("/tmp/mine", 0o666)?)?))?;
    as_user(11, 20, || {
        fails!(sys::unlink("/tmp/mine"), EPERM);
        fails!(sys::rename("/tmp/mine", "/tmp/yours"), EPERM);
        sys::close(sys::open("/tmp/mine", O_RDWR, 0)?)?;
        Ok(())
    })?;
    as_user(10, 99, || Ok(sys::unlink("/tmp/mine")?))
}

fn chmod_rules() -> Outcome {
    file(0o600)?;
    as_user(11, 20, || {
        fails!(sys::chmod("/tmp/p", 0o666), EPERM);
        Ok(())
    })?;
    as_user(10, 20, || {
        sys::chmod("/tmp/p", 0o640)?;
        equal!(sys::stat("/tmp/p")?.mode, 0o100640);
        Ok(())
    })?;
    sys::chmod("/tmp/p", 0o7777)?;
    equal!(sys::stat("/tmp/p")?.mode, 0o107777);
    fails!(sys::chmod("/tmp/none", 0o666), ENOENT);
    sys::unlink("/tmp/p")?;
    Ok(())
}

fn chown_rules() -> Outcome {
    file(0o600)?;
    as_user(10, 20, || {
        fails!(sys::chown("/tmp/p", 11, 20), EPERM);
        Ok(())
    })?;
    sys::chown("/tmp/p", 12, 13)?;
    let stat = sys::stat("/tmp/p")?;
    equal!((stat.uid, stat.gid), (12, 13));
    fails!(sys::chown("/tmp/none", 1, 1), ENOENT);
    sys::unlink("/tmp/p")?;
    Ok(())
}

/// access asks for the real user, not the effective one.
fn access_uses_real_ids() -> Outcome {
    file(0o640)?;
    equal!(sys::access("/tmp/p", R_OK | W_OK), Ok(()), "root");
    as_user(10, 99, || {
        equal!(sys::access("/tmp/p", R_OK | W_OK), Ok(()));
        fails!(sys::access("/tmp/p", X_OK), EACCES);
        Ok(())
    })?;
    as_user(11, 20, || {
        equal!(sys::access("/tmp/p", R_OK), Ok(()), "the group");
        fails!(sys::access("/tmp/p", W_OK), EACCES);
        Ok(())
    })?;
    as_user(11, 99, || {
        equal!(sys::access("/tmp/p", 0), Ok(()), "it is there");
        fails!(sys::access("/tmp/p", R_OK), EACCES);
        fails!(sys::access("/tmp/none", 0), ENOENT);
        Ok(())
    })?;
    let child = Child::test(|| {
        sys::setreuid(11, 0)?;
        equal!((sys::getuid(), sys::geteuid()), (11, 0));
        sys::close(sys::open("/tmp/p", O_RDWR, 0)?)?;
        fails!(sys::access("/tmp/p", W_OK), EACCES);
        Ok(())
    })?;
    child.pass()?;
    sys::unlink("/tmp/p")?;
    Ok(())
}

fn umask_masks() -> Outcome {
    for mask in [0o000, 0o022, 0o077, 0o777] {
        sys::umask(mask);
        equal!(sys::umask(mask), mask);
        sys::close(sys::open("/tmp/p", O_CREAT | O_WRONLY, 0o777)?)?;
        equal!(sys::stat("/tmp/p")?.mode & 0o777, 0o777 & !mask);
        sys::unlink("/tmp/p")?;
        sys::mkdir("/tmp/pd", 0o777)?;
        equal!(sys::stat("/tmp/pd")?.mode & 0o777, 0o777 & !mask);
        sys::rmdir("/tmp/pd")?;
    }
    equal!(sys::umask(0o1777 | 0o4000), 0o777);
    equal!(sys::umask(0), 0o777, "only the nine bits count");
    Ok(())
}

fn utime_rules() -> Outcome {
    file(0o644)?;
    let times = Some(abi::Utimbuf {
        actime: 1,
        modtime: 2,
    });
    as_user(11, 20, || {
        let result = sys::utime("/tmp/p", times);
        check!(
            matches!(result, Err(Errno::EPERM | Errno::EACCES)),
            "{result:?}"
        );
        fails!(sys::utime("/tmp/p", None), EACCES);
        Ok(())
    })?;
    as_user(10, 20, || Ok(sys::utime("/tmp/p", times)?))?;
    equal!(sys::stat("/tmp/p")?.mtime, 2);
    sys::unlink("/tmp/p")?;
    Ok(())
}

fn mknod_rules() -> Outcome {
    as_user(10, 20, || {
        fails!(sys::mknod("/tmp/node", 0o020666, abi::makedev(1, 3)), EPERM);
        Ok(())
    })?;
    sys::mknod("/tmp/node", 0o020666, abi::makedev(1, 3))?;
    let stat = sys::stat("/tmp/node")?;
    equal!((stat.mode & 0o170000, stat.rdev), (0o020000, 0x103));
    fails!(sys::mknod("/tmp/node", 0o020666, 1), EEXIST);
    let node = sys::open("/tmp/node", O_RDWR | rt::sys::O_TRUNC, 0)?;
    equal!(sys::write(node, b"gone")?, 4);
    equal!(sys::read(node, &mut [0; 4])?, 0);
    equal!(
        sys::stat("/tmp/node")?.rdev,
        0x103,
        "O_TRUNC leaves the device number"
    );
    sys::close(node)?;
    sys::unlink("/tmp/node")?;
    Ok(())
}

/// Set-user-id does not survive a change of owner by another than root, or a
/// write.
fn setid_bits_fall() -> Outcome {
    file(0o4755)?;
    as_user(11, 99, || {
        fails!(sys::open("/tmp/p", O_WRONLY, 0), EACCES);
        Ok(())
    })?;
    equal!(sys::stat("/tmp/p")?.mode & 0o7000, 0o4000);
    sys::unlink("/tmp/p")?;
    Ok(())
}

fn link_and_rename() -> Outcome {
    file(0o600)?;
    sys::mkdir("/tmp/pd", 0o755)?;
    sys::chown("/tmp/pd", 11, 20)?;
    as_user(11, 20, || {
        // Into the own directory, but out of a sticky one: not someone else's.
        fails!(sys::rename("/tmp/p", "/tmp/pd/p"), EPERM);
        Ok(())
    })?;
    sys::rmdir("/tmp/pd")?;
    sys::unlink("/tmp/p")?;
    Ok(())
}

/// mkdir and rmdir are for everyone who may write to the directory.
fn users_make_directories() -> Outcome {
    as_user(10, 20, || {
        sys::mkdir("/tmp/own", 0o755)?;
        equal!(sys::stat("/tmp/own")?.uid, 10);
        sys::mkdir("/tmp/own/inner", 0o700)?;
        sys::rmdir("/tmp/own/inner")?;
        sys::rmdir("/tmp/own")?;
        fails!(sys::mkdir("/etc/none", 0o755), EACCES);
        Ok(())
    })
}
