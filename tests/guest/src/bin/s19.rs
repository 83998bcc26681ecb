//! S19: `str1`: recursion at least six deep with a 2 KB local array that it
//! clears, printing address and pid and pausing at each level, grows the stack
//! page by page; str1, str2, str3 at once from the shell do not disturb each
//! other.

#![no_std]
#![no_main]
use guest::prelude::*;
use rt::sys::StrVec;

cases! { "S19"; output_of_str1, stack_grows_page_by_page, three_from_the_shell, three_at_once_pages, all_freed_at_exit }

/// What a level printed.
#[derive(Debug)]
struct Level {
    name: String,
    pid: i32,
    depth: u32,
    start: u32,
    new_page: bool,
}

/// Runs a program with arguments; what it prints and its exit code.
fn output(path: &str, args: &[&str]) -> core::result::Result<(String, i32), Errno> {
    let (from, to) = sys::pipe()?;
    let child = Child::run(|| {
        let _ = sys::dup2(to, 1);
        let _ = (sys::close(from), sys::close(to));
        let argv: StrVec = core::iter::once(&path).chain(args).collect();
        let env: StrVec = ["PATH=/bin"].iter().collect();
        sys::execve(path, &argv, &env).0
    })?;
    sys::close(to)?;
    let mut text = vec![];
    File::from_fd(from).read_to_end(&mut text)?;
    Ok((String::from_utf8_lossy(&text).into_owned(), child.code()?))
}

/// `str1 [7] level 3: array at 0x03ffe4d0..0x03ffecd0, new stack page 0x03ffe`
fn levels(text: &str) -> Vec<Level> {
    let parse = |line: &str| -> Option<Level> {
        let (head, rest) = line.split_once("] level ")?;
        let (name, pid) = head.split_once(" [")?;
        let (depth, rest) = rest.split_once(": array at 0x")?;
        let (start, rest) = rest.split_once("..")?;
        Some(Level {
            name: name.to_string(),
            pid: pid.parse().ok()?,
            depth: depth.parse().ok()?,
            start: u32::from_str_radix(start, 16).ok()?,
            new_page: rest.contains("new stack page"),
        })
    };
    text.lines().filter_map(parse).collect()
}

/// Are these the levels of one process, from 1 to `deepest`?
fn check_levels(list: &[&Level], deepest: u32) -> Outcome {
    equal!(list.len() as u32, deepest, "levels: {list:?}");
    let mut lowest = list[0].start / 4096 + 1;
    for (index, level) in list.iter().enumerate() {
        equal!(level.depth, index as u32 + 1);
        if index > 0 {
            let step = list[index - 1].start - level.start;
            check!((2048..2400).contains(&step), "a step of {step} bytes");
            equal!(
                level.new_page,
                level.start / 4096 < lowest,
                "level {}",
                level.depth
            );
        }
        lowest = lowest.min(level.start / 4096);
    }
    check!(list.iter().filter(|level| level.new_page).count() as u32 >= (deepest - 1) / 2);
    Ok(())
}

fn output_of_str1() -> Outcome {
    for (args, deepest) in [(&["-t", "2"][..], 6), (&["-t", "1", "-d", "20"], 20)] {
        let (text, code) = output("/bin/str1", args)?;
        equal!(code, 0, "{text}");
        let list = levels(&text);
        check_levels(&list.iter().collect::<Vec<_>>(), deepest)?;
        check!(
            list.iter()
                .all(|level| level.name == "str1" && level.pid > 1)
        );
        check!(text.contains("done: the stack grew by"), "{text}");
    }
    Ok(())
}

/// One level of the recursion, with its array of 2 KB: a page more is mapped
/// exactly where the array reaches into the next page.
#[inline(never)]
fn level(depth: u32, lowest: usize) -> Outcome {
    let before = peep::me()?.pages;
    let mut array = core::hint::black_box([depth as u8; 2048]);
    core::hint::black_box(&mut array).fill(depth as u8);
    let page = (&raw const array).addr() / PAGE;
    let me = peep::me()?;
    check!(
        me.pages - before <= 1,
        "level {depth}: {} pages more",
        me.pages - before
    );
    check!(me.entry(page * PAGE) & peep::P != 0);
    // What lies more than a page below the stack pointer is not mapped.
    let below = (me.user_esp as usize - 2 * PAGE) & !0xfff;
    if below / PAGE < lowest {
        equal!(me.entry(below), 0, "a page below the stack, level {depth}");
    }
    if depth < 8 {
        level(depth + 1, lowest.min(page))?;
    }
    check!(
        core::hint::black_box(&array)
            .iter()
            .all(|b| *b == depth as u8),
        "level {depth}"
    );
    Ok(())
}

fn stack_grows_page_by_page() -> Outcome {
    let here = 0u8;
    let first = peep::me()?.pages;
    level(1, (&raw const here).addr() / PAGE)?;
    let grown = peep::me()?.pages - first;
    check!((4..=10).contains(&grown), "the stack grew by {grown} pages");
    Ok(())
}

/// `str1 & str2 & str3` typed to the shell.
fn three_from_the_shell() -> Outcome {
    let (text, code) = output(
        "/bin/sh",
        &["-c", "str1 -t 4 & str2 -t 4 & str3 -t 4; wait"],
    )?;
    equal!(code, 0, "{text}");
    let list = levels(&text);
    for name in ["str1", "str2", "str3"] {
        let own: Vec<&Level> = list.iter().filter(|level| level.name == name).collect();
        check_levels(&own, 6)?;
        check!(own.iter().all(|level| level.pid == own[0].pid), "{own:?}");
    }
    // They ran at the same time: the first line of the last comes before the
    // last line of the first.
    let position = |name: &str, last: bool| {
        let mut at = list
            .iter()
            .enumerate()
            .filter(|(_, l)| l.name == name)
            .map(|(at, _)| at);
        if last { at.next_back() } else { at.next() }
    };
    check!(
        position("str3", false) < position("str1", true),
        "one after the other: {text}"
    );
    check!(!text.contains("not what was written"), "{text}");
    Ok(())
}

/// Three instances: stack pages of their own, text pages in common.
fn three_at_once_pages() -> Outcome {
    let (from, to) = sys::pipe()?;
    let mut children = vec![];
    for name in ["/bin/str1", "/bin/str2", "/bin/str3"] {
        children.push(Child::run(|| {
            let _ = sys::dup2(to, 1);
            sys::execve(
                name,
                &[name, "-t", "60", "-d", "4"].iter().collect(),
                &StrVec::new(),
            )
            .0
        })?);
    }
    nap(40);
    let tasks: Vec<_> = children
        .iter()
        .filter_map(|child| peep::find(child.pid).ok())
        .collect();
    equal!(tasks.len(), 3);
    let mut stacks = vec![];
    for task in &tasks {
        equal!(task.executable, tasks[0].executable, "one inode");
        equal!(
            task.entry(0) & !0xfff,
            tasks[0].entry(0) & !0xfff,
            "the first page of the text"
        );
        check!(peep::count(task.entry(0))? >= 3);
        let page = task.entry(task.user_esp as usize);
        check!(page & peep::P != 0);
        equal!(peep::count(page)?, 1, "a stack page is its own");
        stacks.push(page & !0xfff);
    }
    stacks.sort_unstable();
    stacks.dedup();
    equal!(stacks.len(), 3, "different stack pages");
    sys::close(to)?;
    let mut text = vec![];
    File::from_fd(from).read_to_end(&mut text)?;
    for child in children {
        child.pass()?;
    }
    Ok(())
}

fn all_freed_at_exit() -> Outcome {
    output("/bin/str1", &["-t", "0"])?;
    peep::free_and_mine()?;
    let before = peep::free_and_mine()?;
    output("/bin/str1", &["-t", "0", "-d", "500"])?;
    let after = peep::free_and_mine()?;
    equal!(after, before, "pages");
    Ok(())
}
