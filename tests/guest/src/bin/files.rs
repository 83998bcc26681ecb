//! Files: create, read, write, seek, append, truncate, indirect and double
//! indirect blocks, holes, links, times.

#![no_std]
#![no_main]
use guest::prelude::*;
use rt::sys::{
    O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, SEEK_CUR, SEEK_END, SEEK_SET,
};

cases! {
    "files";
    create_and_read_back, every_block_kind, holes_are_zero, truncation_frees, append, seek, open_flags,
    open_modes_are_kept, an_own_new_file_is_writable, links, unlink_while_open, rename_files, times, two_descriptors, many_files,
    parallel_writers, parallel_appends, file_size_limit, contents_survive_the_cache, directories_cannot_be_written
}

const NAME: &str = "/tmp/file";

fn byte(at: usize) -> u8 {
    (at * 13 + at / 253) as u8
}

fn pattern(from: usize, len: usize) -> Vec<u8> {
    (from..from + len).map(byte).collect()
}

fn create(flags: i32) -> rt::Result<File> {
    sys::open(NAME, O_CREAT | flags, 0o644).map(File::from_fd)
}

/// Free blocks of the root file system.
fn free_blocks() -> rt::Result<i32> {
    Ok(sys::ustat(sys::stat("/")?.dev)?.tfree)
}

fn create_and_read_back() -> Outcome {
    for size in [
        0,
        1,
        100,
        1023,
        1024,
        1025,
        5000,
        7 * 1024,
        7 * 1024 + 1,
        20_000,
    ] {
        let mut file = create(O_RDWR | O_TRUNC)?;
        file.write_all(&pattern(0, size))?;
        equal!(file.stat()?.size, size as i32);
        file.seek(0, SEEK_SET)?;
        let mut back = vec![];
        file.read_to_end(&mut back)?;
        check!(back == pattern(0, size), "{size} bytes");
    }
    sys::unlink(NAME)?;
    fails!(sys::stat(NAME), ENOENT);
    Ok(())
}

/// Direct, indirect and double indirect blocks, first and last of each.
fn every_block_kind() -> Outcome {
    let blocks = [0, 6, 7, 8, 100, 518, 519, 520, 1030, 1031, 1032, 5000];
    let before = free_blocks()?;
    let mut file = create(O_RDWR | O_TRUNC)?;
    for block in blocks {
        file.seek(block * 1024 + 10, SEEK_SET)?;
        file.write_all(&pattern(block as usize, 20))?;
    }
    equal!(file.stat()?.size, 5000 * 1024 + 30);
    for block in blocks {
        let mut back = [0; 20];
        file.seek(block * 1024 + 10, SEEK_SET)?;
        equal!(file.read_full(&mut back)?, 20);
        check!(back[..] == pattern(block as usize, 20), "block {block}");
    }
    // 12 data blocks, one indirect, one double indirect with tables for the
    // blocks 519.., 1031.. and 5000.
    equal!(before - free_blocks()?, 12 + 1 + 1 + 3, "blocks in use");
    drop(file);
    sys::unlink(NAME)?;
    equal!(free_blocks()?, before, "after unlink");
    Ok(())
}

fn holes_are_zero() -> Outcome {
    let mut file = create(O_RDWR | O_TRUNC)?;
    file.seek(600_000, SEEK_SET)?;
    file.write_all(b"end")?;
    file.seek(0, SEEK_SET)?;
    let mut buf = [1; 4096];
    let mut at = 0;
    loop {
        let read = file.read(&mut buf)?;
        if read == 0 {
            break;
        }
        let zeros = 600_000usize.saturating_sub(at).min(read);
        check!(buf[..zeros].iter().all(|b| *b == 0), "at {at}");
        at += read;
    }
    equal!(at, 600_003);
    drop(file);
    sys::unlink(NAME)?;
    Ok(())
}

fn truncation_frees() -> Outcome {
    let before = free_blocks()?;
    create(O_WRONLY)?.write_all(&pattern(0, 60_000))?;
    check!(before - free_blocks()? >= 60);
    let file = create(O_WRONLY | O_TRUNC)?;
    equal!(file.stat()?.size, 0);
    equal!(free_blocks()?, before);
    drop(file);
    create(O_WRONLY)?.write_all(b"abc")?;
    sys::close(sys::creat(NAME, 0o600)?)?;
    equal!(sys::stat(NAME)?.size, 0, "creat truncates");
    equal!(sys::stat(NAME)?.mode & 0o7777, 0o644, "and keeps the mode");
    sys::unlink(NAME)?;
    Ok(())
}

fn append() -> Outcome {
    create(O_WRONLY)?.write_all(b"one ")?;
    let mut file = create(O_RDWR | O_APPEND)?;
    file.write_all(b"two ")?;
    file.seek(0, SEEK_SET)?;
    file.write_all(b"three")?;
    equal!(file.seek(0, SEEK_CUR)?, 13);
    // Two that append to one file overwrite nothing.
    let mut other = create(O_WRONLY | O_APPEND)?;
    other.write_all(b"+")?;
    file.write_all(b"-")?;
    file.seek(0, SEEK_SET)?;
    let mut text = vec![];
    file.read_to_end(&mut text)?;
    equal!(String::from_utf8_lossy(&text), "one two three+-");
    sys::unlink(NAME)?;
    Ok(())
}

fn seek() -> Outcome {
    let mut file = create(O_RDWR)?;
    file.write_all(&pattern(0, 100))?;
    equal!(file.seek(10, SEEK_SET)?, 10);
    equal!(file.seek(5, SEEK_CUR)?, 15);
    equal!(file.seek(-1, SEEK_END)?, 99);
    equal!(file.seek(50, SEEK_END)?, 150);
    equal!(file.read(&mut [0; 10])?, 0, "behind the end");
    fails!(file.seek(-1, SEEK_SET), EINVAL);
    fails!(file.seek(-200, SEEK_END), EINVAL);
    fails!(file.seek(0, 3), EINVAL);
    equal!(file.seek(0, SEEK_CUR)?, 150, "unchanged");
    fails!(sys::lseek(15, 0, SEEK_SET), EBADF);
    sys::unlink(NAME)?;
    Ok(())
}

fn open_flags() -> Outcome {
    fails!(sys::open(NAME, O_RDONLY, 0), ENOENT);
    drop(create(O_EXCL | O_WRONLY)?);
    fails!(sys::open(NAME, O_CREAT | O_EXCL | O_WRONLY, 0o644), EEXIST);
    fails!(
        sys::open("/tmp/none/file", O_CREAT | O_WRONLY, 0o644),
        ENOENT
    );
    fails!(sys::open("/tmp/file/x", O_CREAT | O_WRONLY, 0o644), ENOTDIR);
    fails!(sys::open("", O_RDONLY, 0), ENOENT);
    // umask, and the lowest free descriptor.
    sys::unlink(NAME)?;
    sys::umask(0o27);
    let file = sys::open(NAME, O_CREAT | O_RDWR, 0o777)?;
    equal!(sys::stat(NAME)?.mode, 0o100750);
    let next = sys::open(NAME, O_RDONLY, 0)?;
    check!(next > file);
    sys::close(file)?;
    equal!(sys::dup(next)?, file);
    sys::unlink(NAME)?;
    Ok(())
}

/// A file opened for reading cannot be written, and the other way round.
fn open_modes_are_kept() -> Outcome {
    create(O_WRONLY)?.write_all(b"text")?;
    let file = sys::open(NAME, O_RDONLY, 0)?;
    fails!(sys::write(file, b"x"), EBADF);
    let file = sys::open(NAME, O_WRONLY, 0)?;
    fails!(sys::read(file, &mut [0]), EBADF);
    fails!(sys::write(19, b"x"), EBADF);
    fails!(sys::read(-1, &mut [0]), EBADF);
    equal!(sys::stat(NAME)?.size, 4);
    sys::unlink(NAME)?;
    Ok(())
}

/// 0.11's `mount` writes to a lock file that it has created with O_RDONLY.
fn an_own_new_file_is_writable() -> Outcome {
    let fd = sys::open(NAME, O_CREAT | O_EXCL | O_RDONLY, 0o600)?;
    equal!(sys::write(fd, b"/dev/hd1 /\n")?, 11);
    equal!(sys::lseek(fd, 5, SEEK_SET)?, 5);
    let mut back = [0; 6];
    equal!(sys::read(fd, &mut back)?, 6);
    check!(&back == b"hd1 /\n", "{back:?}");
    sys::close(fd)?;
    // One that was there is not this program's own, and none that is not asked
    // to be new counts as that.
    fails!(sys::open(NAME, O_CREAT | O_EXCL | O_RDONLY, 0o600), EEXIST);
    for flags in [O_RDONLY, O_CREAT | O_RDONLY, O_EXCL | O_RDONLY] {
        let fd = sys::open(NAME, flags, 0o600)?;
        fails!(sys::write(fd, b"x"), EBADF);
        sys::close(fd)?;
    }
    sys::unlink(NAME)?;
    let fd = sys::open(NAME, O_CREAT | O_RDONLY, 0o600)?;
    fails!(sys::write(fd, b"x"), EBADF);
    sys::close(fd)?;
    sys::unlink(NAME)?;
    Ok(())
}

fn links() -> Outcome {
    create(O_WRONLY)?.write_all(b"linked")?;
    sys::link(NAME, "/tmp/file2")?;
    let (one, two) = (sys::stat(NAME)?, sys::stat("/tmp/file2")?);
    equal!((one.ino, one.nlink), (two.ino, 2));
    fails!(sys::link(NAME, "/tmp/file2"), EEXIST);
    fails!(sys::link("/tmp/none", "/tmp/file3"), ENOENT);
    fails!(sys::link("/tmp", "/tmp/file3"), EPERM);
    fails!(sys::link(NAME, "/dev/none/x"), ENOENT);
    sys::unlink(NAME)?;
    equal!(sys::stat("/tmp/file2")?.nlink, 1);
    let mut text = vec![];
    File::open(BStr(b"/tmp/file2"))?.read_to_end(&mut text)?;
    equal!(text, b"linked");
    sys::unlink("/tmp/file2")?;
    fails!(sys::unlink("/tmp/file2"), ENOENT);
    Ok(())
}

/// The contents stay until the last descriptor is closed.
fn unlink_while_open() -> Outcome {
    let before = free_blocks()?;
    let mut file = create(O_RDWR)?;
    file.write_all(&pattern(0, 3000))?;
    sys::unlink(NAME)?;
    fails!(sys::stat(NAME), ENOENT);
    equal!(file.stat()?.nlink, 0);
    file.seek(0, SEEK_SET)?;
    let mut back = vec![];
    file.read_to_end(&mut back)?;
    check!(back == pattern(0, 3000));
    equal!(before - free_blocks()?, 3);
    drop(file);
    equal!(free_blocks()?, before);
    Ok(())
}

fn rename_files() -> Outcome {
    create(O_WRONLY)?.write_all(b"first")?;
    sys::rename(NAME, "/tmp/other")?;
    fails!(sys::stat(NAME), ENOENT);
    equal!(sys::stat("/tmp/other")?.size, 5);
    create(O_WRONLY)?.write_all(b"second one")?;
    sys::rename(NAME, "/tmp/other")?;
    let stat = sys::stat("/tmp/other")?;
    equal!((stat.size, stat.nlink), (10, 1));
    fails!(sys::rename("/tmp/none", NAME), ENOENT);
    fails!(sys::rename("/tmp/other", "/tmp/none/x"), ENOENT);
    sys::rename("/tmp/other", "/tmp/other")?;
    equal!(sys::stat("/tmp/other")?.size, 10);
    sys::unlink("/tmp/other")?;
    Ok(())
}

fn times() -> Outcome {
    let start = sys::time();
    create(O_WRONLY)?.write_all(b"x")?;
    let stat = sys::stat(NAME)?;
    check!(
        stat.mtime >= start && stat.mtime <= sys::time(),
        "{} {start}",
        stat.mtime
    );
    sys::utime(
        NAME,
        Some(abi::Utimbuf {
            actime: 1000,
            modtime: 2000,
        }),
    )?;
    let stat = sys::stat(NAME)?;
    equal!((stat.atime, stat.mtime), (1000, 2000));
    check!(stat.ctime >= start);
    create(O_WRONLY)?.write_all(b"y")?;
    check!(sys::stat(NAME)?.mtime >= start, "a write sets the time");
    File::open(BStr(NAME.as_bytes()))?.read(&mut [0])?;
    check!(sys::stat(NAME)?.atime >= start, "a read sets the time");
    sys::utime(NAME, None)?;
    sys::unlink(NAME)?;
    Ok(())
}

/// dup shares the position, a second open has its own.
fn two_descriptors() -> Outcome {
    create(O_WRONLY)?.write_all(&pattern(0, 100))?;
    let one = sys::open(NAME, O_RDONLY, 0)?;
    let same = sys::dup(one)?;
    let other = sys::open(NAME, O_RDONLY, 0)?;
    let mut buf = [0; 10];
    sys::read(one, &mut buf)?;
    equal!(sys::lseek(same, 0, SEEK_CUR)?, 10);
    equal!(sys::lseek(other, 0, SEEK_CUR)?, 0);
    sys::unlink(NAME)?;
    Ok(())
}

/// A hundred files in one directory, removed in another order.
fn many_files() -> Outcome {
    sys::mkdir("/tmp/many", 0o755)?;
    for number in 0..100 {
        let mut file = File::from_fd(sys::creat(format!("/tmp/many/f{number}"), 0o644)?);
        write!(file, "file {number}")?;
    }
    for number in (0..100).rev() {
        let mut text = vec![];
        let name = format!("/tmp/many/f{number}");
        File::open(BStr(name.as_bytes()))?.read_to_end(&mut text)?;
        equal!(text, format!("file {number}").into_bytes());
    }
    for number in (0..100).step_by(2).chain((1..100).step_by(2)) {
        sys::unlink(format!("/tmp/many/f{number}"))?;
    }
    sys::rmdir("/tmp/many")?;
    Ok(())
}

/// Four processes that write to a file each, at the same time.
fn parallel_writers() -> Outcome {
    let mut children = vec![];
    for number in 0..4usize {
        children.push(Child::test(|| {
            let name = format!("/tmp/par{number}");
            let mut file = File::from_fd(sys::creat(&name, 0o644)?);
            for piece in 0..40 {
                file.write_all(&pattern(number * 1000 + piece * 500, 500))?;
            }
            drop(file);
            let mut back = vec![];
            File::open(BStr(name.as_bytes()))?.read_to_end(&mut back)?;
            check!(back == pattern(number * 1000, 20_000), "file {number}");
            sys::unlink(&name)?;
            Ok(())
        })?);
    }
    for child in children {
        child.pass()?;
    }
    Ok(())
}

/// Who appends writes at the end, wherever others have moved it: no record is lost
/// or torn.
fn parallel_appends() -> Outcome {
    const RECORDS: usize = 200;
    sys::close(sys::creat(NAME, 0o644)?)?;
    let writers = (0..4u8)
        .map(|number| {
            Child::test(|| {
                let fd = sys::open(NAME, O_WRONLY | O_APPEND, 0)?;
                // 1500 bytes go over the end of a block, each time elsewhere.
                for _ in 0..RECORDS / 4 {
                    equal!(sys::write(fd, &[b'a' + number; 1500])?, 1500);
                }
                Ok(())
            })
        })
        .collect::<Result<Vec<Child>>>()?;
    for writer in writers {
        writer.pass()?;
    }
    let mut text = vec![];
    File::open(NAME)?.read_to_end(&mut text)?;
    equal!(text.len(), RECORDS * 1500);
    for record in text.chunks(1500) {
        check!(record.iter().all(|byte| *byte == record[0]));
    }
    for letter in b"abcd" {
        equal!(
            text.iter().filter(|byte| *byte == letter).count(),
            RECORDS / 4 * 1500
        );
    }
    sys::unlink(NAME)?;
    Ok(())
}

/// What the file system cannot hold is EFBIG (or EINVAL for the seek).
fn file_size_limit() -> Outcome {
    let file = create(O_RDWR)?;
    let limit = (7 + 512 + 512 * 512) * 1024;
    let at = sys::lseek(file.fd(), limit, SEEK_SET);
    if at.is_ok() {
        fails!(sys::write(file.fd(), b"x"), EFBIG);
    } else {
        fails!(at, EINVAL);
    }
    equal!(file.stat()?.size, 0);
    drop(file);
    sys::unlink(NAME)?;
    Ok(())
}

/// More data than there are buffers in between: contents come back from the
/// device.
fn contents_survive_the_cache() -> Outcome {
    create(O_WRONLY)?.write_all(&pattern(0, 30_000))?;
    sys::sync();
    let disk = sys::open("/dev/ram", O_RDONLY, 0)?;
    let mut buf = vec![0; 8192];
    while sys::read(disk, &mut buf)? > 0 {}
    sys::close(disk)?;
    let mut back = vec![];
    File::open(BStr(NAME.as_bytes()))?.read_to_end(&mut back)?;
    check!(back == pattern(0, 30_000));
    sys::unlink(NAME)?;
    Ok(())
}

fn directories_cannot_be_written() -> Outcome {
    fails!(sys::open("/tmp", O_WRONLY, 0), EISDIR);
    fails!(sys::open("/tmp", O_RDWR, 0), EISDIR);
    fails!(sys::creat("/tmp", 0o644), EISDIR);
    sys::close(sys::open("/tmp", O_RDONLY, 0)?)?;
    Ok(())
}
