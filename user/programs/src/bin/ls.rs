//! ls: lists files and directories.

#![no_std]
#![no_main]

use rt::abi::{Stat, major, minor};
use rt::prelude::*;
use rt::users::Table;
use rt::{mode, path, time};

const USAGE: &str = "usage: ls [-1AadFilRrt] [file...]

Lists files, and what is in directories, in columns on a terminal.
  -1  one name a line
  -a  names that start with a dot, too (-A: without . and ..)
  -d  directories themselves, not what is in them
  -F  a mark behind directories (/), programs (*) and pipes (|)
  -i  inode numbers
  -l  permissions, links, owner, group, size (or device numbers), time
  -R  directories in directories, too
  -r  in reverse
  -t  newest first";

/// Width of a terminal in columns.
const WIDTH: usize = 80;
/// A time further away than this is shown with its year: half a year.
const RECENT: u32 = 182 * 86_400;

rt::main!(main);

/// What the options say, and what is needed to show names of users.
struct List {
    all: bool,
    almost_all: bool,
    dirs_as_files: bool,
    marks: bool,
    inodes: bool,
    long: bool,
    deep: bool,
    reverse: bool,
    by_time: bool,
    columns: bool,
    now: u32,
    users: Option<Table>,
    groups: Option<Table>,
    status: i32,
    /// Whether something was shown already, so that a gap comes next.
    shown: bool,
}

struct Entry {
    name: Vec<u8>,
    ino: u16,
    /// Asked for only where an option needs it.
    stat: Option<Stat>,
}

fn main(args: Args) -> i32 {
    let mut options = args.options("1AadFilRrt", USAGE);
    let mut list = List {
        all: false,
        almost_all: false,
        dirs_as_files: false,
        marks: false,
        inodes: false,
        long: false,
        deep: false,
        reverse: false,
        by_time: false,
        columns: rt::io::is_terminal(1),
        now: sys::time(),
        users: None,
        groups: None,
        status: 0,
        shown: false,
    };
    while let Some((letter, _)) = options.next() {
        match letter {
            b'1' => list.columns = false,
            b'A' => list.almost_all = true,
            b'a' => list.all = true,
            b'd' => list.dirs_as_files = true,
            b'F' => list.marks = true,
            b'i' => list.inodes = true,
            b'l' => list.long = true,
            b'R' => list.deep = true,
            b'r' => list.reverse = true,
            _ => list.by_time = true,
        }
    }
    if list.long {
        list.users = Some(Table::users());
        list.groups = Some(Table::groups());
    }
    let mut names: Vec<BStr> = options.operands().collect();
    if names.is_empty() {
        names.push(BStr(b"."));
    }
    list.arguments(&names);
    list.status
}

impl List {
    fn fail(&mut self, name: &[u8], e: Errno) {
        complain!("{}: {e}", BStr(name));
        self.status = 1;
    }

    /// Lists the files among the arguments, then the directories.
    fn arguments(&mut self, names: &[BStr]) {
        let (mut files, mut dirs) = (Vec::new(), Vec::new());
        for name in names {
            match sys::lstat(name) {
                Ok(stat) => {
                    let entry = Entry {
                        name: name.to_vec(),
                        ino: stat.ino,
                        stat: Some(stat),
                    };
                    if mode::is_dir(stat.mode) && !self.dirs_as_files {
                        dirs.push(entry);
                    } else {
                        files.push(entry);
                    }
                }
                Err(e) => self.fail(name, e),
            }
        }
        self.sort(&mut files);
        self.sort(&mut dirs);
        self.show(&files);
        self.shown = !files.is_empty();
        let titles = names.len() > 1 || self.deep;
        for dir in dirs {
            self.directory(&dir.name, titles);
        }
    }

    /// Lists what is in a directory, and with -R what is in those in it.
    fn directory(&mut self, dir: &[u8], title: bool) {
        let entries = match self.read(dir) {
            Ok(entries) => entries,
            Err(e) => return self.fail(dir, e),
        };
        if core::mem::replace(&mut self.shown, true) && title {
            println!();
        }
        if title {
            println!("{}:", BStr(dir));
        }
        self.show(&entries);
        if !self.deep {
            return;
        }
        for entry in entries {
            let is_dir = entry.stat.is_some_and(|s| mode::is_dir(s.mode));
            if is_dir && !matches!(&entry.name[..], b"." | b"..") {
                self.directory(&path::join(dir, &entry.name), true);
            }
        }
    }

    fn read(&mut self, dir: &[u8]) -> Result<Vec<Entry>> {
        let need_stat = self.long || self.deep || self.by_time || self.marks;
        let mut entries = Vec::new();
        for entry in rt::dir::open(dir)? {
            let entry = entry?;
            let name = entry.name();
            let hidden = name.starts_with(b".");
            if hidden && !(self.all || (self.almost_all && !entry.is_dot())) {
                continue;
            }
            let stat = if need_stat {
                match sys::lstat(path::join(dir, &name)) {
                    Ok(stat) => Some(stat),
                    Err(e) => {
                        self.fail(&path::join(dir, &name), e);
                        continue;
                    }
                }
            } else {
                None
            };
            entries.push(Entry {
                name: name.to_vec(),
                ino: entry.ino(),
                stat,
            });
        }
        self.sort(&mut entries);
        Ok(entries)
    }

    fn sort(&self, entries: &mut [Entry]) {
        let time = |e: &Entry| e.stat.map_or(0, |s| s.mtime);
        entries.sort_unstable_by(|a, b| {
            let names = a.name.cmp(&b.name);
            let order = if self.by_time {
                time(b).cmp(&time(a)).then(names)
            } else {
                names
            };
            if self.reverse { order.reverse() } else { order }
        });
    }

    fn show(&self, entries: &[Entry]) {
        if self.long {
            self.show_long(entries);
        } else if self.columns {
            self.show_columns(entries);
        } else {
            for entry in entries {
                self.show_name(entry);
                println!();
            }
        }
    }

    /// The mark of -F; a blank where there is none.
    fn mark(&self, entry: &Entry) -> u8 {
        let mode = entry.stat.map_or(0, |s| s.mode);
        match mode & mode::S_IFMT {
            _ if !self.marks => b' ',
            mode::S_IFDIR => b'/',
            mode::S_IFIFO => b'|',
            mode::S_IFLNK => b'@',
            mode::S_IFREG if mode & 0o111 != 0 => b'*',
            _ => b' ',
        }
    }

    /// Writes inode number, name and mark; the columns that it took.
    fn show_name(&self, entry: &Entry) -> usize {
        if self.inodes {
            print!("{:5} ", entry.ino);
        }
        // An error shows up in the exit code, when the buffer is written.
        let mut out = rt::io::stdout();
        let _ = out.write_all(&entry.name);
        let mark = self.mark(entry);
        if mark != b' ' {
            let _ = out.write_all(&[mark]);
        }
        self.width(entry)
    }

    fn width(&self, entry: &Entry) -> usize {
        let marked = self.mark(entry) != b' ';
        entry.name.len() + usize::from(marked) + if self.inodes { 6 } else { 0 }
    }

    /// Columns of equal width, filled from top to bottom.
    fn show_columns(&self, entries: &[Entry]) {
        let widest = entries.iter().map(|e| self.width(e)).max().unwrap_or(0);
        let columns = (WIDTH / (widest + 2)).max(1);
        let rows = entries.len().div_ceil(columns);
        for row in 0..rows {
            for (i, entry) in entries[row..].iter().step_by(rows).enumerate() {
                let used = self.show_name(entry);
                let more = row + (i + 1) * rows < entries.len();
                if more {
                    print!("{:1$}", "", widest + 2 - used);
                }
            }
            println!();
        }
    }

    fn show_long(&self, entries: &[Entry]) {
        for entry in entries {
            let Some(stat) = &entry.stat else { continue };
            if self.inodes {
                print!("{:5} ", entry.ino);
            }
            self.show_stat(stat);
            let mut out = rt::io::stdout();
            let _ = out.write_all(&entry.name);
            let mark = self.mark(entry);
            if mark != b' ' {
                let _ = out.write_all(&[mark]);
            }
            println!();
        }
    }

    fn show_stat(&self, stat: &Stat) {
        print!("{} {:3} ", BStr(&mode::text(stat.mode)), stat.nlink);
        show_owner(self.users.as_ref(), stat.uid.into());
        show_owner(self.groups.as_ref(), stat.gid.into());
        if mode::is_device(stat.mode) {
            print!("{:3}, {:3} ", major(stat.rdev), minor(stat.rdev));
        } else {
            print!("{:8} ", stat.size);
        }
        let tm = time::gmtime(stat.mtime);
        print!("{} {:2} ", tm.month_name(), tm.day);
        if self.now.abs_diff(stat.mtime) < RECENT {
            print!("{:02}:{:02} ", tm.hour, tm.minute);
        } else {
            print!(" {} ", tm.year);
        }
    }
}

/// A user or group by name, or by number if it has none.
fn show_owner(table: Option<&Table>, id: u32) {
    match table.and_then(|t| t.name(id)) {
        Some(name) => print!("{name:8} "),
        None => print!("{id:<8} "),
    }
}
