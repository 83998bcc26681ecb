//! Tables and disks that are full: ENOSPC, EMFILE, ENFILE, and that everything
//! goes on afterwards.

#![no_std]
#![no_main]
use guest::prelude::*;
use rt::sys::{O_CREAT, O_RDONLY, O_WRONLY};

cases! {
    "full";
    disk_full, partial_write, directory_on_full_disk, inodes_used_up, too_many_descriptors,
    too_many_files, too_many_inodes, pipes_to_the_limit
}

fn space() -> rt::Result<abi::Ustat> {
    sys::ustat(sys::stat("/")?.dev)
}

/// Fills the disk; the number of bytes written.
fn fill(path: &str) -> core::result::Result<usize, Failure> {
    let file = File::from_fd(sys::open(path, O_CREAT | O_WRONLY, 0o600)?);
    let mut written = 0;
    loop {
        match sys::write(file.fd(), &[0x77; 1024]) {
            Ok(number) if number > 0 => written += number,
            Ok(_) => return Err(Failure("write gives 0".to_string())),
            Err(Errno::ENOSPC) => return Ok(written),
            Err(error) => return Err(error.into()),
        }
    }
}

fn disk_full() -> Outcome {
    let before = space()?;
    let written = fill("/tmp/full")?;
    equal!(space()?.tfree, 0);
    equal!(sys::stat("/tmp/full")?.size as usize, written);
    // All but the indirect blocks.
    check!(
        before.tfree as usize * 1024 - written <= 3 * 1024,
        "{written} of {} KB",
        before.tfree
    );
    // Everything else works on: reading, overwriting, removing.
    let file = sys::open("/tmp/full", O_WRONLY, 0)?;
    equal!(sys::write(file, &[1; 2048])?, 2048);
    sys::close(file)?;
    sys::unlink("/tmp/full")?;
    equal!(space()?.tfree, before.tfree);
    equal!(space()?.tinode, before.tinode);
    Ok(())
}

/// What fits is written and told.
fn partial_write() -> Outcome {
    let before = space()?;
    let written = fill("/tmp/full")?;
    let mut file = File::from_fd(sys::open("/tmp/full", O_WRONLY | rt::sys::O_TRUNC, 0)?);
    let big = vec![3u8; 70_000];
    let mut total = 0;
    let error = loop {
        match sys::write(file.fd(), &big) {
            Ok(number) => {
                check!(number > 0);
                total += number;
            }
            Err(error) => break error,
        }
    };
    equal!(error, Errno::ENOSPC);
    equal!(total, written);
    file.seek(0, rt::sys::SEEK_SET)?;
    drop(file);
    sys::unlink("/tmp/full")?;
    equal!(space()?.tfree, before.tfree);
    Ok(())
}

fn directory_on_full_disk() -> Outcome {
    let before = space()?;
    fill("/tmp/full")?;
    fails!(sys::mkdir("/tmp/dir", 0o755), ENOSPC);
    fails!(sys::stat("/tmp/dir"), ENOENT);
    sys::unlink("/tmp/full")?;
    let after = space()?;
    equal!((after.tfree, after.tinode), (before.tfree, before.tinode));
    Ok(())
}

fn inodes_used_up() -> Outcome {
    let before = space()?;
    sys::mkdir("/tmp/many", 0o755)?;
    let mut number = 0;
    let error = loop {
        match sys::creat(format!("/tmp/many/{number}"), 0o600) {
            Ok(fd) => sys::close(fd)?,
            Err(error) => break error,
        }
        number += 1;
    };
    equal!(error, Errno::ENOSPC);
    equal!(
        number,
        u32::from(before.tinode) - 1,
        "files and a directory"
    );
    equal!(space()?.tinode, 0);
    fails!(sys::mkdir("/tmp/dir", 0o755), ENOSPC);
    for file in 0..number {
        sys::unlink(format!("/tmp/many/{file}"))?;
    }
    sys::rmdir("/tmp/many")?;
    equal!(space()?.tinode, before.tinode);
    equal!(space()?.tfree, before.tfree);
    Ok(())
}

/// 20 descriptors a process; then EMFILE, from every call that makes one.
fn too_many_descriptors() -> Outcome {
    let error = loop {
        if let Err(error) = sys::open("/etc/passwd", O_RDONLY, 0) {
            break error;
        }
    };
    equal!(error, Errno::EMFILE);
    fails!(sys::dup(0), EMFILE);
    fails!(sys::pipe(), EMFILE);
    fails!(sys::creat("/tmp/none", 0o600), EMFILE);
    fails!(sys::fcntl(0, rt::sys::F_DUPFD, 0), EMFILE);
    fails!(sys::stat("/tmp/none"), ENOENT);
    equal!(
        (0..64)
            .filter(|fd| sys::fcntl(*fd, rt::sys::F_GETFD, 0).is_ok())
            .count(),
        20
    );
    equal!(sys::dup2(0, 19)?, 19);
    fails!(sys::dup2(0, 20), EBADF);
    fails!(sys::dup2(0, -1), EBADF);
    // pipe with one descriptor free gives that back.
    sys::close(19)?;
    fails!(sys::pipe(), EMFILE);
    equal!(sys::open("/etc/passwd", O_RDONLY, 0)?, 19);
    Ok(())
}

/// The table of open files is shared by all: ENFILE, then it works again.
fn too_many_files() -> Outcome {
    let go = Gate::new()?;
    let mut children = vec![];
    let mut seen = false;
    for _ in 0..30 {
        let (from, to) = match sys::pipe() {
            Ok(ends) => ends,
            Err(error) => {
                equal!(error, Errno::ENFILE);
                seen = true;
                break;
            }
        };
        let child = Child::run(|| {
            let error = loop {
                if let Err(error) = sys::open("/etc/passwd", O_RDONLY, 0) {
                    break error;
                }
            };
            let _ = sys::write(to, &[error.0 as u8]);
            i32::from(go.wait().is_err())
        })?;
        let mut byte = [0];
        equal!(sys::read(from, &mut byte)?, 1);
        sys::close(from)?;
        sys::close(to)?;
        children.push(child);
        if byte[0] == Errno::ENFILE.0 as u8 {
            seen = true;
            break;
        }
        equal!(i32::from(byte[0]), Errno::EMFILE.0);
    }
    check!(seen, "no ENFILE");
    fails!(sys::open("/etc/passwd", O_RDONLY, 0), ENFILE);
    for _ in &children {
        go.open();
    }
    for child in children {
        child.pass()?;
    }
    sys::close(sys::open("/etc/passwd", O_RDONLY, 0)?)?;
    Ok(())
}

/// The inode table: as many different files open as there are inodes. (Where
/// the table of open files is no larger, that one is full first.)
fn too_many_inodes() -> Outcome {
    sys::mkdir("/tmp/many", 0o755)?;
    for number in 0..120 {
        sys::close(sys::creat(format!("/tmp/many/{number}"), 0o600)?)?;
    }
    let go = Gate::new()?;
    let ready = Gate::new()?;
    let mut children = vec![];
    for part in 0..6 {
        children.push(Child::run(|| {
            for number in part * 20..part * 20 + 20 {
                match sys::open(format!("/tmp/many/{number}"), O_RDONLY, 0) {
                    Ok(_) | Err(Errno::ENFILE | Errno::EMFILE) => {}
                    Err(_) => return 2,
                }
            }
            ready.open();
            i32::from(go.wait().is_err())
        })?);
        ready.wait()?;
    }
    for _ in &children {
        go.open();
    }
    for child in children {
        child.pass()?;
    }
    for number in 0..120 {
        sys::unlink(format!("/tmp/many/{number}"))?;
    }
    sys::rmdir("/tmp/many")?;
    Ok(())
}

/// Nine pipes, all with data in them.
fn pipes_to_the_limit() -> Outcome {
    let mut pipes = vec![];
    loop {
        match sys::pipe() {
            Ok(ends) => pipes.push(ends),
            Err(Errno::EMFILE) => break,
            Err(error) => return Err(error.into()),
        }
    }
    check!(pipes.len() >= 7, "{} pipes", pipes.len());
    for (index, (_, to)) in pipes.iter().enumerate() {
        sys::write(*to, &[index as u8; 1000])?;
    }
    for (index, (from, _)) in pipes.iter().enumerate() {
        let mut buf = [0; 1000];
        equal!(sys::read(*from, &mut buf)?, 1000);
        check!(buf.iter().all(|b| *b == index as u8), "pipe {index}");
    }
    Ok(())
}
