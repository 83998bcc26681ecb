//! cow: watch a page being copied on write.

#![no_std]
#![no_main]

use core::hint::black_box;

use rt::prelude::*;

const USAGE: &str = "usage: cow

Writes to a page, forks, and lets parent and child write to the page, which
they share until one of them does. Both print what they see.";

rt::main!(main);

/// A page of its own, so that nothing else is copied with it.
#[repr(align(4096))]
struct Page([u8; 4096]);

impl Page {
    fn fill(&mut self, text: &str) {
        let page = black_box(self);
        page.0.fill(0);
        page.0[..text.len()].copy_from_slice(text.as_bytes());
    }

    /// The text in it.
    fn text(&self) -> BStr<'_> {
        rt::abi::until_nul(&black_box(self).0)
    }
}

/// One process's ends of the two pipes by which they take turns.
struct Turns {
    mine: File,
    yours: File,
}

impl Turns {
    fn wait(&mut self) -> Result<()> {
        let n = self.mine.read_full(&mut [0])?;
        if n == 0 { Err(Errno::EPIPE) } else { Ok(()) }
    }

    fn pass(&mut self) -> Result<()> {
        self.yours.write_all(b".")
    }
}

fn main(args: Args) -> i32 {
    while args.options("", USAGE).next().is_some() {}
    match run() {
        Ok(true) => 0,
        Ok(false) => {
            complain!("a process saw what the other one wrote: copy on write is broken");
            1
        }
        Err(e) => {
            complain!("{e}");
            1
        }
    }
}

/// Shows it; whether each saw what it should.
fn run() -> Result<bool> {
    let (to_child, to_parent) = (sys::pipe()?, sys::pipe()?);
    let mut page = Box::new(Page([0; 4096]));
    page.fill("written before fork");
    say("parent", &page, "has written to the page");
    let pid = sys::fork()?;
    let (mine, yours) = if pid == 0 {
        (to_child, to_parent)
    } else {
        (to_parent, to_child)
    };
    sys::close(mine.1)?;
    sys::close(yours.0)?;
    let turns = Turns {
        mine: File::from_fd(mine.0),
        yours: File::from_fd(yours.1),
    };
    if pid == 0 {
        let right = child(&mut page, turns)?;
        sys::exit(i32::from(!right));
    }
    let right = parent(&mut page, turns);
    let status = sys::wait_for(pid)?;
    Ok(right? && status.exit_code() == Some(0))
}

fn child(page: &mut Page, mut turns: Turns) -> Result<bool> {
    let mut right = page.text() == "written before fork";
    say("child", page, "shares the page, reads");
    page.fill("written by the child");
    say(
        "child",
        page,
        "wrote first: the kernel copied the page for it",
    );
    turns.pass()?;
    turns.wait()?;
    right &= page.text() == "written by the child";
    say("child", page, "still has its own");
    Ok(right)
}

fn parent(page: &mut Page, mut turns: Turns) -> Result<bool> {
    turns.wait()?;
    let right = page.text() == "written before fork";
    say("parent", page, "still has the old one, now alone");
    page.fill("written by the parent");
    say(
        "parent",
        page,
        "wrote last: only the write access came back, no copy",
    );
    turns.pass()?;
    Ok(right && page.text() == "written by the parent")
}

/// Prints who sees what at which address.
fn say(who: &str, page: &Page, what: &str) {
    let address = (&raw const *page).addr();
    println!(
        "{who:6} [{}] {address:#x} '{}': {what}",
        sys::getpid(),
        page.text()
    );
    let _ = rt::io::flush();
}
