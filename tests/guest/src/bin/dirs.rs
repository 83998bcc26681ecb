//! Directories: mkdir, rmdir, `.` and `..`, `//`, long names, rename, chdir,
//! chroot, mount points.

#![no_std]
#![no_main]
use guest::prelude::*;

cases! {
    "dirs";
    make_and_remove, entries, link_counts, slashes, dot_dot, long_names, rmdir_errors, unlink_errors,
    rename_directories, chdir_and_cwd, chroot_jail, removed_directory, growing_directory, deep_path, path_errors
}

/// Names in a directory, sorted, without `.` and `..`.
fn names(path: &str) -> rt::Result<Vec<String>> {
    let mut list = vec![];
    let mut file = File::open(BStr(path.as_bytes()))?;
    let mut entry = [0; 16];
    while file.read_full(&mut entry)? == 16 {
        let name = abi::until_nul(&entry[2..]);
        if entry[..2] != [0, 0] && name != "." && name != ".." {
            list.push(String::from_utf8_lossy(name.bytes()).into_owned());
        }
    }
    list.sort();
    Ok(list)
}

fn touch(path: &str) -> rt::Result<()> {
    sys::close(sys::creat(path, 0o644)?)
}

fn make_and_remove() -> Outcome {
    sys::umask(0o22);
    sys::mkdir("/tmp/d", 0o777)?;
    let stat = sys::stat("/tmp/d")?;
    equal!((stat.mode, stat.nlink, stat.size), (0o40755, 2, 32));
    fails!(sys::mkdir("/tmp/d", 0o777), EEXIST);
    fails!(sys::mkdir("/tmp/none/d", 0o777), ENOENT);
    sys::rmdir("/tmp/d")?;
    fails!(sys::stat("/tmp/d"), ENOENT);
    fails!(sys::rmdir("/tmp/d"), ENOENT);
    Ok(())
}

fn entries() -> Outcome {
    sys::mkdir("/tmp/d", 0o755)?;
    for name in ["one", "two", "three"] {
        touch(&format!("/tmp/d/{name}"))?;
    }
    equal!(names("/tmp/d")?, vec!["one", "three", "two"]);
    sys::unlink("/tmp/d/two")?;
    equal!(names("/tmp/d")?, vec!["one", "three"]);
    // A freed entry is used again: the directory does not grow.
    let size = sys::stat("/tmp/d")?.size;
    touch("/tmp/d/four")?;
    equal!(sys::stat("/tmp/d")?.size, size);
    fails!(sys::rmdir("/tmp/d"), ENOTEMPTY);
    for name in ["one", "three", "four"] {
        sys::unlink(format!("/tmp/d/{name}"))?;
    }
    sys::rmdir("/tmp/d")?;
    Ok(())
}

/// A directory's link count is 2 and one for each directory in it.
fn link_counts() -> Outcome {
    sys::mkdir("/tmp/d", 0o755)?;
    let above = sys::stat("/tmp")?.nlink;
    for number in 1..=5 {
        sys::mkdir(format!("/tmp/d/{number}"), 0o755)?;
        equal!(sys::stat("/tmp/d")?.nlink, 2 + number);
    }
    equal!(sys::stat("/tmp")?.nlink, above);
    for number in 1..=5 {
        sys::rmdir(format!("/tmp/d/{number}"))?;
    }
    equal!(sys::stat("/tmp/d")?.nlink, 2);
    sys::rmdir("/tmp/d")?;
    equal!(sys::stat("/tmp")?.nlink, above - 1);
    Ok(())
}

/// Several slashes are one; one behind a directory does no harm.
fn slashes() -> Outcome {
    let ino = sys::stat("/etc/passwd")?.ino;
    for path in [
        "//etc/passwd",
        "/etc//passwd",
        "///etc///passwd",
        "/./etc/./passwd",
    ] {
        equal!(sys::stat(path)?.ino, ino, "{path}");
    }
    let tmp = sys::stat("/tmp")?.ino;
    for path in ["/tmp/", "/tmp//", "/tmp/.", "//tmp/./"] {
        equal!(sys::stat(path)?.ino, tmp, "{path}");
    }
    equal!(sys::stat("/")?.ino, 1);
    equal!(sys::stat("//")?.ino, 1);
    sys::mkdir("/tmp//d", 0o755)?;
    touch("/tmp//d//file")?;
    equal!(names("/tmp/d")?, vec!["file"]);
    sys::unlink("//tmp/d/file")?;
    sys::rmdir("/tmp/d")?;
    let result = sys::stat("/etc/passwd/");
    check!(
        matches!(result, Err(Errno::ENOTDIR)),
        "a slash behind a file: {result:?}"
    );
    Ok(())
}

fn dot_dot() -> Outcome {
    equal!(sys::stat("/..")?.ino, 1, "above the root");
    equal!(sys::stat("/../../tmp/..")?.ino, 1);
    sys::mkdir("/tmp/d", 0o755)?;
    equal!(sys::stat("/tmp/d/..")?.ino, sys::stat("/tmp")?.ino);
    equal!(sys::stat("/tmp/d/.")?.ino, sys::stat("/tmp/d")?.ino);
    equal!(sys::stat("/tmp/d/../d/../d")?.ino, sys::stat("/tmp/d")?.ino);
    sys::rmdir("/tmp/d")?;
    Ok(())
}

/// 14 bytes are a whole name; a longer one is cut there, as in 0.11, or
/// ENAMETOOLONG, but never another file's by accident.
fn long_names() -> Outcome {
    touch("/tmp/abcdefghijklmn")?;
    equal!(
        names("/tmp")?
            .iter()
            .filter(|n| *n == "abcdefghijklmn")
            .count(),
        1
    );
    fails!(sys::stat("/tmp/abcdefghijklm"), ENOENT);
    match sys::stat("/tmp/abcdefghijklmno") {
        Ok(stat) => equal!(stat.ino, sys::stat("/tmp/abcdefghijklmn")?.ino),
        Err(error) => check!(
            error == Errno::ENAMETOOLONG || error == Errno::ENOENT,
            "{error:?}"
        ),
    }
    sys::unlink("/tmp/abcdefghijklmn")?;
    Ok(())
}

fn rmdir_errors() -> Outcome {
    touch("/tmp/file")?;
    sys::mkdir("/tmp/d", 0o755)?;
    fails!(sys::rmdir("/tmp/file"), ENOTDIR);
    for path in ["/tmp/d/.", "/tmp/d/..", "/", "/tmp/none"] {
        check!(sys::rmdir(path).is_err(), "rmdir of {path} works");
    }
    check!(sys::stat("/tmp/d/.").is_ok() && sys::stat("/tmp").is_ok());
    sys::rmdir("/tmp/d")?;
    sys::unlink("/tmp/file")?;
    Ok(())
}

fn unlink_errors() -> Outcome {
    sys::mkdir("/tmp/d", 0o755)?;
    let result = sys::unlink("/tmp/d");
    check!(
        matches!(result, Err(Errno::EPERM | Errno::EISDIR)),
        "unlink of a directory: {result:?}"
    );
    check!(sys::stat("/tmp/d/.").is_ok());
    sys::rmdir("/tmp/d")?;
    Ok(())
}

fn rename_directories() -> Outcome {
    sys::mkdir("/tmp/a", 0o755)?;
    sys::mkdir("/tmp/b", 0o755)?;
    touch("/tmp/a/file")?;
    sys::rename("/tmp/a", "/tmp/b/c")?;
    equal!(names("/tmp/b/c")?, vec!["file"]);
    equal!(
        sys::stat("/tmp/b/c/..")?.ino,
        sys::stat("/tmp/b")?.ino,
        ".."
    );
    equal!(sys::stat("/tmp/b")?.nlink, 3);
    fails!(sys::stat("/tmp/a"), ENOENT);
    fails!(sys::rename("/tmp/b", "/tmp/b/c/d"), EINVAL);
    sys::mkdir("/tmp/e", 0o755)?;
    let result = sys::rename("/tmp/e", "/tmp/b/c");
    check!(
        matches!(result, Err(Errno::ENOTEMPTY | Errno::EEXIST)),
        "over a full one: {result:?}"
    );
    touch("/tmp/f")?;
    fails!(sys::rename("/tmp/f", "/tmp/e"), EISDIR);
    fails!(sys::rename("/tmp/e", "/tmp/f"), ENOTDIR);
    sys::unlink("/tmp/f")?;
    sys::unlink("/tmp/b/c/file")?;
    sys::rename("/tmp/e", "/tmp/b/c")?;
    for path in ["/tmp/b/c", "/tmp/b"] {
        sys::rmdir(path)?;
    }
    Ok(())
}

fn chdir_and_cwd() -> Outcome {
    sys::mkdir("/tmp/d", 0o755)?;
    sys::chdir("/tmp/d")?;
    touch("here")?;
    equal!(names("/tmp/d")?, vec!["here"]);
    sys::chdir("..")?;
    equal!(sys::stat(".")?.ino, sys::stat("/tmp")?.ino);
    equal!(sys::stat("d/here")?.size, 0);
    fails!(sys::chdir("d/here"), ENOTDIR);
    fails!(sys::chdir("none"), ENOENT);
    sys::unlink("d/here")?;
    sys::rmdir("d")?;
    Ok(())
}

fn chroot_jail() -> Outcome {
    sys::mkdir("/tmp/jail", 0o755)?;
    touch("/tmp/jail/inside")?;
    let prisoner = Child::test(|| {
        sys::chdir("/tmp/jail")?;
        sys::chroot("/tmp/jail")?;
        equal!(names("/")?, vec!["inside"]);
        equal!(sys::stat("/..")?.ino, sys::stat("/")?.ino);
        equal!(sys::stat("../../..")?.ino, sys::stat("/")?.ino);
        fails!(sys::stat("/etc"), ENOENT);
        Ok(())
    })?;
    prisoner.pass()?;
    fails!(sys::chroot("/tmp/jail/inside"), ENOTDIR);
    fails!(sys::chroot("/tmp/none"), ENOENT);
    let user = Child::test(|| {
        sys::setuid(3)?;
        fails!(sys::chroot("/tmp/jail"), EPERM);
        Ok(())
    })?;
    user.pass()?;
    sys::unlink("/tmp/jail/inside")?;
    sys::rmdir("/tmp/jail")?;
    Ok(())
}

/// The working directory may be removed (or is busy); nothing can be made in it
/// then.
fn removed_directory() -> Outcome {
    sys::mkdir("/tmp/d", 0o755)?;
    let child = Child::test(|| {
        sys::chdir("/tmp/d")?;
        match sys::rmdir("/tmp/d") {
            Ok(()) => {
                check!(
                    sys::creat("file", 0o644).is_err(),
                    "a file in a removed directory"
                );
                check!(
                    sys::mkdir("dir", 0o755).is_err(),
                    "a directory in a removed one"
                );
            }
            Err(error) => equal!(error, Errno::EBUSY),
        }
        Ok(())
    })?;
    child.pass()?;
    let _ = sys::rmdir("/tmp/d");
    fails!(sys::stat("/tmp/d"), ENOENT);
    Ok(())
}

/// 64 entries fill a block; 200 need four.
fn growing_directory() -> Outcome {
    sys::mkdir("/tmp/d", 0o755)?;
    touch("/tmp/file")?;
    for number in 0..200 {
        sys::link("/tmp/file", format!("/tmp/d/entry{number}"))?;
    }
    equal!(sys::stat("/tmp/file")?.nlink, 201);
    equal!(sys::stat("/tmp/d")?.size, 202 * 16);
    equal!(names("/tmp/d")?.len(), 200);
    equal!(
        sys::stat("/tmp/d/entry199")?.ino,
        sys::stat("/tmp/file")?.ino
    );
    for number in 200..249 {
        sys::link("/tmp/file", format!("/tmp/d/entry{number}"))?;
    }
    let mut last = Ok(());
    for number in 249..260 {
        last = sys::link("/tmp/file", format!("/tmp/d/entry{number}"));
        if last.is_err() {
            break;
        }
    }
    equal!(
        last,
        Err(Errno::EMLINK),
        "more links than the inode can count"
    );
    for name in names("/tmp/d")? {
        sys::unlink(format!("/tmp/d/{name}"))?;
    }
    sys::rmdir("/tmp/d")?;
    sys::unlink("/tmp/file")?;
    Ok(())
}

fn deep_path() -> Outcome {
    let mut path = "/tmp".to_string();
    for _ in 0..20 {
        path += "/dir";
        sys::mkdir(&path, 0o755)?;
    }
    touch(&format!("{path}/file"))?;
    equal!(sys::stat(format!("{path}/file"))?.size, 0);
    sys::unlink(format!("{path}/file"))?;
    while path != "/tmp" {
        sys::rmdir(&path)?;
        path.truncate(path.len() - 4);
    }
    Ok(())
}

fn path_errors() -> Outcome {
    fails!(sys::stat("/etc/passwd/x"), ENOTDIR);
    fails!(sys::stat("/none/x"), ENOENT);
    fails!(sys::stat(""), ENOENT);
    let long = "/x".repeat(1200);
    let path = alloc_path(&long);
    // SAFETY: a string with a final zero, and a page of the area.
    let result = unsafe {
        rt::sys::call(
            Nr::Stat,
            path.as_ptr().expose_provenance(),
            area::address(0),
            0,
        )
    };
    check!(
        matches!(result, Err(Errno::ENOENT | Errno::ENAMETOOLONG)),
        "a path of 2 400 bytes: {result:?}"
    );
    Ok(())
}

fn alloc_path(text: &str) -> Vec<u8> {
    let mut path = text.as_bytes().to_vec();
    path.push(0);
    path
}
