//! Devices: null, zero, full, mem, port, ps, ram; nodes without a device.

#![no_std]
#![no_main]
use guest::prelude::*;
use rt::sys::{O_RDONLY, O_RDWR, O_WRONLY, SEEK_END, SEEK_SET};

cases! {
    "devices";
    null, null_as_block_node, zero, full, mem, mem_needs_root, port, ps, ram_disk, no_such_device,
    not_a_terminal, device_files_survive
}

fn null() -> Outcome {
    let file = sys::open("/dev/null", O_RDWR, 0)?;
    equal!(sys::read(file, &mut [0; 10])?, 0);
    equal!(sys::write(file, &[0; 100_000])?, 100_000);
    let stat = sys::fstat(file)?;
    equal!((stat.mode & 0o170000, stat.rdev), (0o020000, 0x103));
    Ok(())
}

/// Some disks of the time have /dev/null as block node (1,3).
fn null_as_block_node() -> Outcome {
    sys::mknod("/tmp/null", 0o060666, 0x103)?;
    let file = sys::open("/tmp/null", O_RDWR, 0)?;
    equal!(sys::read(file, &mut [0; 10])?, 0);
    equal!(sys::write(file, b"gone")?, 4);
    sys::close(file)?;
    sys::unlink("/tmp/null")?;
    Ok(())
}

fn zero() -> Outcome {
    let file = sys::open("/dev/zero", O_RDWR, 0)?;
    let mut buf = [7; 10_000];
    equal!(sys::read(file, &mut buf)?, 10_000);
    check!(buf.iter().all(|b| *b == 0));
    equal!(sys::write(file, &buf)?, 10_000);
    Ok(())
}

fn full() -> Outcome {
    let file = sys::open("/dev/full", O_RDWR, 0)?;
    fails!(sys::write(file, b"x"), ENOSPC);
    let mut buf = [7; 10];
    equal!(sys::read(file, &mut buf)?, 10);
    equal!(buf, [0; 10]);
    Ok(())
}

/// /dev/mem shows what the peep-hole shows.
fn mem() -> Outcome {
    let file = sys::open("/dev/mem", O_RDONLY, 0)?;
    for address in [0x12000, 0x10_0000, peep::info()?.last_main] {
        let mut buf = [0; 256];
        equal!(sys::lseek(file, address as i32, SEEK_SET)?, address as i32);
        equal!(sys::read(file, &mut buf)?, 256);
        let words = peep::read(address)?;
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        check!(buf[..] == bytes[..], "at {address:#x}");
    }
    // Behind the end of memory there is nothing.
    sys::lseek(file, 0x7000_0000, SEEK_SET)?;
    check!(matches!(sys::read(file, &mut [0; 16]), Ok(0) | Err(_)));
    Ok(())
}

fn mem_needs_root() -> Outcome {
    let child = Child::test(|| {
        sys::setgid(5)?;
        sys::setuid(5)?;
        for name in [
            "/dev/mem",
            "/dev/kmem",
            "/dev/port",
            "/dev/ram",
            "/dev/peep",
        ] {
            fails!(sys::open(name, O_RDONLY, 0), EACCES);
        }
        // A node of the user's own making would not help: mknod is root's.
        fails!(sys::mknod("/tmp/mem", 0o020666, 0x101), EPERM);
        Ok(())
    })?;
    child.pass()?;
    // An open peep-hole is of no use to another user either.
    let device = sys::open("/dev/peep", O_RDONLY, 0)?;
    let child = Child::test(|| {
        sys::setuid(5)?;
        fails!(
            // SAFETY: the command takes a number.
            unsafe { sys::ioctl(device, peep::PEEP_COUNT, 0x10_0000) },
            EPERM
        );
        Ok(())
    })?;
    child.pass()
}

/// The CMOS clock through /dev/port: seconds count in BCD or binary, below 60.
fn port() -> Outcome {
    let file = sys::open("/dev/port", O_RDWR, 0)?;
    let read = |port: i32| -> rt::Result<u8> {
        let mut byte = [0];
        sys::lseek(file, port, SEEK_SET)?;
        sys::read(file, &mut byte)?;
        Ok(byte[0])
    };
    sys::lseek(file, 0x70, SEEK_SET)?;
    sys::write(file, &[0x80])?;
    let seconds = read(0x71)?;
    check!(seconds < 0x60, "{seconds:#x} seconds");
    Ok(())
}

/// /dev/ps: a head line that names the columns, one line for each task.
fn ps() -> Outcome {
    let (go, child) = sleeper()?;
    let mut text = vec![];
    File::open(BStr(b"/dev/ps"))?.read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or("").split_whitespace().collect();
    let column = |name: &str| head.iter().position(|word| *word == name).unwrap_or(99);
    for name in [
        "PID", "PPID", "PGRP", "SID", "UID", "STATE", "PRI", "CNT", "TTY", "PAGES", "NAME",
    ] {
        check!(column(name) < 99, "no column {name} in {head:?}");
    }
    let rows: Vec<Vec<&str>> = lines
        .map(|line| line.split_whitespace().collect())
        .collect();
    equal!(rows.len(), peep::tasks().count(), "{text}");
    let row = |pid: i32| {
        rows.iter()
            .find(|row| row[column("PID")] == format!("{pid}"))
    };
    let Some(mine) = row(sys::getpid()) else {
        return Err(Failure("I am not listed".to_string()));
    };
    equal!(mine[column("NAME")], "devices");
    equal!(mine[column("STATE")], "R");
    equal!(mine[column("PPID")], format!("{}", sys::getppid()));
    let Some(other) = row(child.pid) else {
        return Err(Failure("no child".to_string()));
    };
    equal!(other[column("STATE")], "S");
    equal!(
        other[column("PAGES")],
        format!("{}", peep::find(child.pid)?.pages)
    );
    go.open();
    child.pass()
}

/// /dev/ram is the root's device: its second block is the super block.
fn ram_disk() -> Outcome {
    let info = peep::info()?;
    equal!(sys::stat("/")?.dev, 0x101);
    let file = sys::open("/dev/ram", O_RDONLY, 0)?;
    sys::lseek(file, 1024, SEEK_SET)?;
    let mut buf = [0; 32];
    equal!(sys::read(file, &mut buf)?, 32);
    equal!(buf[16..18], [0x7f, 0x13], "Minix magic");
    // It ends where the RAM disk does.
    sys::lseek(file, info.ramdisk_len as i32 - 10, SEEK_SET)?;
    equal!(sys::read(file, &mut buf)?, 10);
    equal!(sys::read(file, &mut buf)?, 0);
    // Odd offsets and lengths across blocks.
    let mut big = vec![0; 3000];
    sys::lseek(file, 1023, SEEK_SET)?;
    equal!(sys::read(file, &mut big)?, 3000);
    equal!(big[17..19], [0x7f, 0x13]);
    let _ = sys::lseek(file, 0, SEEK_END);
    Ok(())
}

fn no_such_device() -> Outcome {
    for (kind, device) in [
        (0o020000, 0x7f01),
        (0o060000, 0x7f01),
        (0o020000, 0x01ff),
        (0o060000, 0x0109),
    ] {
        sys::mknod("/tmp/odd", kind | 0o600, device)?;
        let result = sys::open("/tmp/odd", O_RDWR, 0).and_then(|fd| {
            let read = sys::read(fd, &mut [0; 4]);
            sys::close(fd)?;
            read
        });
        check!(
            matches!(result, Err(Errno::ENXIO | Errno::ENODEV | Errno::EIO)),
            "device {device:#x}: {result:?}"
        );
        sys::unlink("/tmp/odd")?;
    }
    Ok(())
}

fn not_a_terminal() -> Outcome {
    for name in ["/etc/passwd", "/dev/null", "/dev/ram"] {
        let file = sys::open(name, O_RDONLY, 0)?;
        fails!(sys::tcgetattr(file), ENOTTY);
        sys::close(file)?;
    }
    let (from, _to) = sys::pipe()?;
    fails!(sys::tcgetattr(from), ENOTTY);
    fails!(sys::tcgetattr(19), EBADF);
    Ok(())
}

/// Writing to a device changes nothing in its node.
fn device_files_survive() -> Outcome {
    let before = sys::stat("/dev/null")?;
    let file = sys::open(
        "/dev/null",
        O_WRONLY | rt::sys::O_TRUNC | rt::sys::O_CREAT,
        0o600,
    )?;
    sys::write(file, b"x")?;
    sys::close(file)?;
    let after = sys::stat("/dev/null")?;
    equal!(
        (before.rdev, before.mode, before.size),
        (after.rdev, after.mode, after.size)
    );
    Ok(())
}
