//! mount and umount, read-only file systems, and what cannot cross their
//! borders. The machine has a file system on its first hard disk, either on the
//! whole of it, or, where that has been booted from, in its first partition. On the
//! second there is none.

#![no_std]
#![no_main]
use abi::Utimbuf;
use guest::prelude::*;

cases! {
    "calls_mount";
    only_root, mounting_errors, unmounting_errors, what_is_written_stays, borders, read_only, busy,
    truncation_while_written
}

/// The file system's device: its name and its number.
fn disk() -> (&'static str, u16) {
    let partition = sys::open("/dev/hd1", 0, 0).is_ok_and(|fd| {
        let found = sys::read(fd, &mut [0]);
        sys::close(fd).is_ok() && found == Ok(1)
    });
    if partition {
        ("/dev/hd1", 0x301)
    } else {
        ("/dev/hd0", 0x300)
    }
}

/// Runs `f` with the disk at /mnt.
fn mounted(read_only: bool, f: impl FnOnce() -> Outcome) -> Outcome {
    sys::mount(disk().0, "/mnt", read_only)?;
    let result = f();
    sys::umount(disk().0)?;
    result
}

fn only_root() -> Outcome {
    Child::test(|| {
        sys::setuid(1000)?;
        fails!(sys::mount(disk().0, "/mnt", false), EPERM);
        fails!(sys::umount(disk().0), EPERM);
        Ok(())
    })?
    .pass()
}

fn mounting_errors() -> Outcome {
    fails!(sys::mount("/dev/null", "/mnt", false), ENOTBLK);
    fails!(sys::mount("/etc/passwd", "/mnt", false), ENOTBLK);
    fails!(sys::mount("/dev/nothing", "/mnt", false), ENOENT);
    fails!(sys::mount(disk().0, "/etc/passwd", false), ENOTDIR);
    fails!(sys::mount(disk().0, "/nothing", false), ENOENT);
    fails!(sys::mount(disk().0, "/", false), EBUSY);
    fails!(sys::mount("/dev/ram", "/mnt", false), EBUSY); // it is the root
    fails!(sys::mount("/dev/hd5", "/mnt", false), EINVAL); // no file system
    fails!(sys::mount("/dev/hd9", "/mnt", false), ENXIO); // no such partition
    // After all this the disk can still be mounted.
    mounted(false, || Ok(sys::stat("/mnt/etc/passwd").map(drop)?))
}

fn unmounting_errors() -> Outcome {
    fails!(sys::umount("/dev/null"), ENOTBLK);
    fails!(sys::umount("/dev/nothing"), ENOENT);
    fails!(sys::umount(disk().0), EINVAL); // not mounted
    fails!(sys::umount("/dev/ram"), EBUSY); // the root
    Ok(())
}

fn what_is_written_stays() -> Outcome {
    let text = [0x5a; 9000];
    mounted(false, || {
        let fd = sys::creat("/mnt/tmp/kept", 0o600)?;
        equal!(sys::write(fd, &text)?, text.len());
        sys::close(fd)?;
        Ok(())
    })?;
    fails!(sys::stat("/mnt/tmp/kept"), ENOENT);
    mounted(false, || {
        let fd = sys::open("/mnt/tmp/kept", 0, 0)?;
        let mut found = [0; 9001];
        equal!(sys::read(fd, &mut found)?, text.len());
        check!(found[..9000] == text);
        sys::close(fd)?;
        sys::unlink("/mnt/tmp/kept")?;
        Ok(())
    })
}

/// Devices of their own; `..` leads out, and no name leads across.
fn borders() -> Outcome {
    mounted(false, || {
        let root = sys::stat("/")?;
        let top = sys::stat("/mnt")?;
        equal!((top.dev, top.ino), (disk().1, 1));
        equal!(sys::stat("/mnt/..")?.ino, root.ino);
        equal!(sys::stat("/mnt/tmp/../..")?.dev, root.dev);
        equal!(sys::ustat(disk().1)?.tinode > 0, true);
        fails!(sys::link("/etc/passwd", "/mnt/tmp/x"), EXDEV);
        fails!(sys::rename("/etc/passwd", "/mnt/tmp/x"), EXDEV);
        fails!(sys::rename("/mnt", "/other"), EBUSY);
        fails!(sys::rmdir("/mnt"), EBUSY);
        // A symbolic link does lead across, from both sides.
        sys::symlink("/mnt/etc", "/tmp/across")?;
        equal!(sys::stat("/tmp/across/passwd")?.dev, disk().1);
        sys::unlink("/tmp/across")?;
        sys::symlink("../etc/passwd", "/mnt/tmp/across")?;
        equal!(sys::stat("/mnt/tmp/across")?.dev, disk().1);
        sys::unlink("/mnt/tmp/across")?;
        Ok(())
    })
}

fn read_only() -> Outcome {
    mounted(true, || {
        let file = "/mnt/etc/passwd";
        let before = sys::stat(file)?;
        fails!(sys::open(file, sys::O_RDWR, 0), EROFS);
        fails!(sys::open("/mnt/tmp/x", sys::O_CREAT, 0o600), EROFS);
        fails!(sys::creat("/mnt/tmp/x", 0o600), EROFS);
        fails!(sys::link(file, "/mnt/tmp/x"), EROFS);
        fails!(sys::unlink(file), EROFS);
        fails!(sys::rename(file, "/mnt/tmp/x"), EROFS);
        fails!(sys::symlink("x", "/mnt/tmp/x"), EROFS);
        fails!(sys::mkdir("/mnt/tmp/x", 0o700), EROFS);
        fails!(sys::rmdir("/mnt/tmp"), EROFS);
        fails!(sys::mknod("/mnt/tmp/x", 0o600, 0), EROFS);
        fails!(sys::chmod(file, 0), EROFS);
        fails!(sys::chown(file, 1, 1), EROFS);
        fails!(sys::utime(file, None), EROFS);
        fails!(
            sys::utime(
                file,
                Some(Utimbuf {
                    actime: 1,
                    modtime: 1
                })
            ),
            EROFS
        );
        fails!(sys::access(file, sys::W_OK), EROFS);
        sys::access(file, sys::R_OK)?;
        let fd = sys::open(file, 0, 0)?;
        check!(sys::read(fd, &mut [0; 100])? > 0);
        sys::close(fd)?;
        let after = sys::stat(file)?;
        equal!(
            (after.mode, after.uid, after.mtime),
            (before.mode, before.uid, before.mtime)
        );
        Ok(())
    })
}

fn busy() -> Outcome {
    mounted(false, || {
        fails!(sys::mount(disk().0, "/tmp", false), EBUSY); // mounted already
        fails!(sys::mount("/dev/hd5", "/mnt", false), EBUSY); // the place is taken
        let fd = sys::open("/mnt/etc/passwd", 0, 0)?;
        fails!(sys::umount(disk().0), EBUSY);
        sys::close(fd)?;
        Child::test(|| {
            sys::chdir("/mnt/tmp")?;
            fails!(sys::umount(disk().0), EBUSY);
            Ok(())
        })?
        .pass()
    })
}

/// Truncating a file whose blocks are on their way to the disk: every zone is given
/// back once.
fn truncation_while_written() -> Outcome {
    mounted(false, || {
        let before = sys::ustat(disk().1)?;
        let writer = Child::test(|| {
            for round in 0..40 {
                let fd = sys::creat("/mnt/tmp/again", 0o600)?;
                equal!(sys::write(fd, &[round; 20_000])?, 20_000);
                sys::close(fd)?;
            }
            Ok(())
        })?;
        let other = Child::test(|| {
            for round in 0..40 {
                sys::sync();
                let fd = sys::creat("/mnt/tmp/other", 0o600)?;
                equal!(sys::write(fd, &[round; 9_000])?, 9_000);
                sys::close(fd)?;
            }
            Ok(())
        })?;
        writer.pass()?;
        other.pass()?;
        for (name, byte, size) in [("again", 39, 20_000), ("other", 39, 9_000)] {
            let path = format!("/mnt/tmp/{name}");
            let fd = sys::open(&path, 0, 0)?;
            let mut text = vec![0; size + 1];
            equal!(sys::read(fd, &mut text)?, size);
            check!(text[..size].iter().all(|found| *found == byte), "{name}");
            sys::close(fd)?;
            sys::unlink(&path)?;
        }
        let after = sys::ustat(disk().1)?;
        equal!((after.tfree, after.tinode), (before.tfree, before.tinode));
        Ok(())
    })
}
