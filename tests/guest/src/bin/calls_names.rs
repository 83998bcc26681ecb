//! Paths: link, unlink, rename, mkdir, rmdir, mknod, chmod, chown, utime, stat,
//! symlink, readlink, chdir, sync.

#![no_std]
#![no_main]
use abi::Utimbuf;
use guest::prelude::*;

cases! {
    "calls_names";
    linking, link_count, renaming, directories, nodes, modes_and_owners, times, stats,
    working_directory, symbolic_links, links_in_the_middle, link_loops, sticky, free_counts, dots
}

const BAD: usize = 0x200_0000;
const DIR: &str = "/tmp/names";

fn raw(nr: Nr, a: usize, b: usize, c: usize) -> Result<usize> {
    // SAFETY: addresses are of this program's own buffers, or bad on purpose.
    unsafe { sys::call(nr, a, b, c) }
}

/// Runs `f` in an empty directory, which must be empty again afterwards.
fn inside(f: impl FnOnce() -> Outcome) -> Outcome {
    sys::mkdir(DIR, 0o777)?;
    sys::chmod(DIR, 0o777)?;
    sys::chdir(DIR)?;
    let result = f();
    sys::chdir("/")?;
    match (result, sys::rmdir(DIR)) {
        (Ok(()), Err(error)) => Err(error.into()),
        (Err(failure), Err(_)) => {
            // The next case needs the place.
            let _ = Child::exec("/bin/rm", &["-r", DIR])?.wait();
            Err(failure)
        }
        (result, Ok(())) => result,
    }
}

fn as_user(f: impl FnOnce() -> Outcome) -> Outcome {
    Child::test(|| {
        sys::setgid(100)?;
        sys::setuid(1000)?;
        f()
    })?
    .pass()
}

fn touch(path: &str) -> Result<()> {
    sys::close(sys::creat(path, 0o644)?)
}

fn linking() -> Outcome {
    inside(|| {
        touch("a")?;
        sys::link("a", "b")?;
        equal!(sys::stat("b")?.ino, sys::stat("a")?.ino);
        equal!(sys::stat("b")?.nlink, 2);
        fails!(sys::link("a", "b"), EEXIST);
        fails!(sys::link("a", "/"), EEXIST);
        fails!(sys::link("nothing", "c"), ENOENT);
        fails!(sys::link(".", "c"), EPERM);
        fails!(sys::unlink("."), EPERM);
        fails!(sys::unlink("/"), EPERM);
        fails!(sys::unlink("nothing"), ENOENT);
        fails!(sys::unlink("a/"), ENOTDIR);
        fails!(raw(Nr::Unlink, BAD, 0, 0), EFAULT);
        sys::unlink("a")?;
        fails!(sys::unlink("a"), ENOENT);
        equal!(sys::stat("b")?.nlink, 1);
        sys::unlink("b")?;
        Ok(())
    })
}

/// A file has at most 250 names, a directory at most that many links.
fn link_count() -> Outcome {
    inside(|| {
        touch("f")?;
        for n in 1..250 {
            sys::link("f", format!("{n}"))?;
        }
        fails!(sys::link("f", "250"), EMLINK);
        for n in 1..250 {
            sys::unlink(format!("{n}"))?;
        }
        sys::unlink("f")?;
        sys::mkdir("d", 0o755)?;
        sys::mkdir("move", 0o755)?;
        // Names enough, without as many inodes: directories that go again.
        let mut made = 0;
        while sys::stat("d")?.nlink < 250 {
            match sys::mkdir(format!("d/{made}"), 0o755) {
                Ok(()) => made += 1,
                Err(error) => return Err(error.into()),
            }
        }
        fails!(sys::mkdir("d/more", 0o755), EMLINK);
        fails!(sys::rename("move", "d/move"), EMLINK);
        for n in 0..made {
            sys::rmdir(format!("d/{n}"))?;
        }
        equal!(sys::stat("d")?.nlink, 2);
        sys::rmdir("d")?;
        sys::rmdir("move")?;
        Ok(())
    })
}

fn renaming() -> Outcome {
    inside(|| {
        touch("a")?;
        let ino = sys::stat("a")?.ino;
        sys::rename("a", "b")?;
        equal!(sys::stat("b")?.ino, ino);
        fails!(sys::stat("a"), ENOENT);
        touch("c")?;
        sys::rename("b", "c")?; // replaces
        equal!(sys::stat("c")?.ino, ino);
        sys::mkdir("d", 0o755)?;
        sys::mkdir("d/e", 0o755)?;
        fails!(sys::rename("c", "d"), EISDIR);
        fails!(sys::rename("d", "c"), ENOTDIR);
        fails!(sys::rename("c", "x/"), ENOTDIR);
        fails!(sys::rename("d", "d/e/f"), EINVAL);
        sys::rename("d", "d")?; // nothing happens
        fails!(sys::rename("d/.", "x"), EINVAL);
        fails!(sys::rename("nothing", "x"), ENOENT);
        fails!(sys::rename("/", "x"), EBUSY);
        sys::mkdir("full", 0o755)?;
        touch("full/f")?;
        fails!(sys::rename("d", "full"), ENOTEMPTY);
        sys::rename("d/e", "e")?;
        equal!(sys::stat("d")?.nlink, 2);
        equal!(sys::stat("e/..")?.ino, sys::stat(".")?.ino);
        sys::rename("e", "d")?; // an empty directory is replaced
        sys::unlink("full/f")?;
        sys::rmdir("full")?;
        sys::rmdir("d")?;
        sys::unlink("c")?;
        Ok(())
    })
}

fn directories() -> Outcome {
    inside(|| {
        sys::mkdir("d", 0o755)?;
        equal!(sys::stat("d")?.mode, 0o040755);
        equal!((sys::stat("d")?.nlink, sys::stat(".")?.nlink), (2, 3));
        fails!(sys::mkdir("d", 0o755), EEXIST);
        fails!(sys::mkdir("/", 0o755), EEXIST);
        fails!(sys::mkdir("x/y", 0o755), ENOENT);
        touch("d/f")?;
        fails!(sys::rmdir("d"), ENOTEMPTY);
        fails!(sys::rmdir("d/."), EINVAL);
        fails!(sys::rmdir("d/.."), ENOTEMPTY);
        fails!(sys::rmdir("/"), EBUSY);
        fails!(sys::rmdir("d/f"), ENOTDIR);
        fails!(sys::rmdir("nothing"), ENOENT);
        sys::unlink("d/f")?;
        as_user(|| {
            sys::mkdir("mine", 0o700)?; // not for root only
            sys::rmdir("mine")?;
            fails!(sys::mkdir("/mine", 0o700), EACCES);
            fails!(sys::rmdir("/usr"), EACCES);
            Ok(())
        })?;
        sys::rmdir("d")?;
        equal!(sys::stat(".")?.nlink, 2);
        Ok(())
    })
}

fn nodes() -> Outcome {
    inside(|| {
        sys::mknod("c", 0o020600, abi::makedev(1, 3))?;
        sys::mknod("b", 0o060600, abi::makedev(1, 3))?;
        sys::mknod("f", 0o100600, 0)?;
        sys::mknod("g", 0o600, 0)?;
        sys::mknod("p", 0o010600, 0)?;
        equal!(
            (sys::stat("c")?.mode, sys::stat("c")?.rdev),
            (0o020600, 0x103)
        );
        equal!(sys::stat("g")?.mode, 0o100600);
        fails!(sys::mknod("c", 0o020600, 0), EEXIST);
        fails!(sys::mknod("d", 0o040700, 0), EPERM);
        fails!(sys::mknod("d", 0o120700, 0), EINVAL);
        as_user(|| {
            fails!(sys::mknod("mine", 0o020600, 0x103), EPERM);
            sys::mknod("mine", 0o100600, 0)?;
            sys::unlink("mine")?;
            Ok(())
        })?;
        // Root disks of the time have /dev/null as a block node.
        let fd = sys::open("b", sys::O_RDWR, 0)?;
        equal!(sys::write(fd, b"gone")?, 4);
        equal!(sys::read(fd, &mut [0])?, 0);
        sys::close(fd)?;
        for name in ["c", "b", "f", "g", "p"] {
            sys::unlink(name)?;
        }
        Ok(())
    })
}

fn modes_and_owners() -> Outcome {
    inside(|| {
        touch("f")?;
        sys::chmod("f", 0o7777)?;
        equal!(sys::stat("f")?.mode, 0o107777);
        sys::chown("f", 1000, 100)?;
        let stat = sys::stat("f")?;
        equal!((stat.uid, stat.gid), (1000, 100));
        equal!(stat.mode & 0o6000, 0, "what ran as another does so no more");
        as_user(|| {
            sys::chmod("f", 0o600)?;
            fails!(sys::chown("f", 0, 0), EPERM);
            fails!(sys::chmod("/etc/passwd", 0o666), EPERM);
            fails!(sys::chown("/etc/passwd", 1000, 100), EPERM);
            Ok(())
        })?;
        equal!(sys::stat("f")?.mode, 0o100600);
        fails!(sys::chmod("nothing", 0), ENOENT);
        fails!(sys::chown("nothing", 0, 0), ENOENT);
        sys::unlink("f")?;
        Ok(())
    })
}

fn times() -> Outcome {
    inside(|| {
        touch("f")?;
        sys::utime(
            "f",
            Some(Utimbuf {
                actime: 1000,
                modtime: 2000,
            }),
        )?;
        let stat = sys::stat("f")?;
        equal!((stat.atime, stat.mtime), (1000, 2000));
        check!(stat.ctime > 2000);
        let now = sys::time();
        sys::utime("f", None)?;
        check!(sys::stat("f")?.mtime >= now);
        as_user(|| {
            fails!(
                sys::utime(
                    "f",
                    Some(Utimbuf {
                        actime: 1,
                        modtime: 1
                    })
                ),
                EPERM
            );
            fails!(sys::utime("f", None), EACCES);
            Ok(())
        })?;
        fails!(sys::utime("nothing", None), ENOENT);
        sys::unlink("f")?;
        Ok(())
    })
}

fn stats() -> Outcome {
    inside(|| {
        fails!(sys::stat("nothing"), ENOENT);
        fails!(sys::lstat("nothing"), ENOENT);
        fails!(sys::stat("/etc/passwd/x"), ENOTDIR);
        let path = c"/".as_ptr().expose_provenance();
        fails!(raw(Nr::Stat, path, BAD, 0), EFAULT);
        fails!(raw(Nr::Lstat, path, BAD, 0), EFAULT);
        fails!(raw(Nr::Stat, BAD, 0, 0), EFAULT);
        equal!(
            sys::stat("//etc///passwd")?.ino,
            sys::stat("/etc/passwd")?.ino
        );
        sys::mkdir("locked", 0o700)?;
        as_user(|| {
            fails!(sys::stat("locked/x"), EACCES);
            fails!(sys::chdir("locked"), EACCES);
            Ok(())
        })?;
        sys::rmdir("locked")?;
        Ok(())
    })
}

fn working_directory() -> Outcome {
    inside(|| {
        fails!(sys::chdir("/etc/passwd"), ENOTDIR);
        fails!(sys::chdir("nothing"), ENOENT);
        sys::mkdir("d", 0o755)?;
        sys::chdir("d")?;
        equal!(sys::stat("..")?.ino, sys::stat(DIR)?.ino);
        sys::chdir("..")?;
        sys::rmdir("d")?;
        Ok(())
    })
}

fn symbolic_links() -> Outcome {
    inside(|| {
        touch("f")?;
        sys::symlink("f", "l")?;
        let (link, file) = (sys::lstat("l")?, sys::stat("l")?);
        equal!((link.mode, link.size), (0o120777, 1));
        equal!(file.ino, sys::stat("f")?.ino);
        equal!(sys::readlink("l")?, b"f");
        fails!(sys::readlink("f"), EINVAL);
        fails!(sys::readlink("nothing"), ENOENT);
        let (path, mut buffer) = (c"l".as_ptr().expose_provenance(), [7u8; 4]);
        fails!(
            raw(
                Nr::Readlink,
                path,
                buffer.as_mut_ptr().expose_provenance(),
                0
            ),
            EINVAL
        );
        fails!(raw(Nr::Readlink, path, BAD, 4), EFAULT);
        equal!(
            raw(
                Nr::Readlink,
                path,
                buffer.as_mut_ptr().expose_provenance(),
                4
            )?,
            1
        );
        equal!(core::hint::black_box(buffer), [b'f', 7, 7, 7], "no final 0");
        fails!(sys::symlink("f", "l"), EEXIST);
        fails!(sys::symlink("f", "/"), EEXIST);
        fails!(sys::symlink("", "m"), ENOENT);
        let mut long = vec![b'x'; 1025];
        long[1024] = 0;
        let target = long.as_ptr().expose_provenance();
        fails!(
            raw(Nr::Symlink, target, c"m".as_ptr().expose_provenance(), 0),
            ENAMETOOLONG
        );
        long[1023] = 0;
        raw(Nr::Symlink, target, c"m".as_ptr().expose_provenance(), 0)?;
        equal!(sys::readlink("m")?.len(), 1023);
        fails!(
            raw(Nr::Symlink, BAD, c"n".as_ptr().expose_provenance(), 0),
            EFAULT
        );
        fails!(sys::lstat("n"), ENOENT);
        sys::unlink("m")?;
        // Writing goes through, also to what is not there yet; O_EXCL does not.
        sys::unlink("f")?;
        fails!(sys::open("l", 0, 0), ENOENT);
        fails!(sys::open("l", sys::O_CREAT | sys::O_EXCL, 0o600), EEXIST);
        sys::close(sys::open("l", sys::O_CREAT | sys::O_WRONLY, 0o600)?)?;
        sys::stat("f")?;
        // Names of links, not of what they lead to.
        sys::rename("l", "k")?;
        equal!(sys::readlink("k")?, b"f");
        sys::unlink("k")?;
        sys::stat("f")?;
        sys::unlink("f")?;
        as_user(|| {
            sys::symlink("/etc/passwd", "p")?;
            fails!(sys::open("p", sys::O_WRONLY, 0), EACCES);
            sys::close(sys::open("p", 0, 0)?)?;
            sys::unlink("p")?;
            fails!(sys::symlink("x", "/etc/x"), EACCES);
            Ok(())
        })
    })
}

fn links_in_the_middle() -> Outcome {
    inside(|| {
        sys::mkdir("d", 0o755)?;
        sys::mkdir("d/e", 0o755)?;
        touch("d/e/f")?;
        let ino = sys::stat("d/e/f")?.ino;
        sys::symlink("d", "l")?;
        sys::symlink("e/", "d/m")?;
        sys::symlink("/tmp/names/l//m/", "n")?;
        sys::symlink("..//e/../m/./f", "d/e/up")?;
        for path in [
            "l/e/f", "l//m/f", "d/m//f", "n/f", "n//f", "n/up", "l/m/up", "n/../m/f",
        ] {
            equal!(sys::stat(path)?.ino, ino, "{path}");
        }
        equal!(
            sys::lstat("l/")?.mode & 0o170000,
            0o040000,
            "a slash behind it"
        );
        equal!(sys::lstat("n/.")?.ino, sys::stat("d/e")?.ino);
        fails!(sys::stat("n/up/"), ENOTDIR);
        fails!(sys::rmdir("l"), ENOTDIR);
        sys::symlink("/", "root")?;
        equal!(sys::stat("root")?.ino, sys::stat("/")?.ino);
        equal!(
            sys::stat("root/etc/passwd")?.ino,
            sys::stat("/etc/passwd")?.ino
        );
        equal!(sys::stat("root/tmp/names/n/f")?.ino, ino);
        for name in ["root", "d/e/up", "d/e/f", "d/m", "l", "n"] {
            sys::unlink(name)?;
        }
        sys::rmdir("d/e")?;
        sys::rmdir("d")?;
        Ok(())
    })
}

fn link_loops() -> Outcome {
    inside(|| {
        sys::symlink("b", "a")?;
        sys::symlink("a", "b")?;
        fails!(sys::stat("a"), ELOOP);
        fails!(sys::open("a", sys::O_CREAT, 0), ELOOP);
        fails!(sys::chdir("a/x"), ELOOP);
        sys::lstat("a")?;
        sys::unlink("a")?;
        sys::unlink("b")?;
        // A row of links, the last one to the first.
        touch("0")?;
        for n in 1..=9 {
            sys::symlink(format!("{}", n - 1), format!("{n}"))?;
        }
        sys::stat("8")?;
        fails!(sys::stat("9"), ELOOP);
        for n in 0..=9 {
            sys::unlink(format!("{n}"))?;
        }
        Ok(())
    })
}

/// In a sticky directory only owners remove.
fn sticky() -> Outcome {
    inside(|| {
        sys::chmod(".", 0o1777)?;
        touch("roots")?;
        sys::mkdir("rootsdir", 0o777)?;
        as_user(|| {
            fails!(sys::unlink("roots"), EPERM);
            fails!(sys::rmdir("rootsdir"), EPERM);
            touch("own")?;
            sys::unlink("own")?;
            Ok(())
        })?;
        sys::unlink("roots")?;
        sys::rmdir("rootsdir")?;
        Ok(())
    })
}

fn free_counts() -> Outcome {
    let dev = sys::stat("/")?.dev;
    let before = sys::ustat(dev)?;
    let fd = sys::creat("/tmp/ustat", 0o600)?;
    sys::write(fd, &[1; 3000])?;
    sys::close(fd)?;
    sys::sync();
    let with = sys::ustat(dev)?;
    equal!(
        (before.tfree - with.tfree, before.tinode - with.tinode),
        (3, 1)
    );
    sys::unlink("/tmp/ustat")?;
    equal!(sys::ustat(dev)?.tfree, before.tfree);
    fails!(sys::ustat(0x7777), EINVAL);
    fails!(raw(Nr::Ustat, dev.into(), BAD, 0), EFAULT);
    raw(Nr::Sync, 0, 0, 0)?;
    Ok(())
}

fn dots() -> Outcome {
    equal!(sys::stat("/..")?.ino, sys::stat("/")?.ino);
    equal!(sys::stat("/../..//./etc/..")?.ino, sys::stat("/")?.ino);
    Ok(())
}
