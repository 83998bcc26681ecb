//! S10: exec loads nothing; the first instruction faults; pages come in 4 KB at
//! a time as they are touched; bss is zero.

#![no_std]
#![no_main]
use guest::aout::{PAUSE, Program};
use guest::prelude::*;

cases! { "S10"; first_instruction_faults, pages_come_as_touched, odd_sizes, bss_is_zero, large_program }

const PATH: &str = "/tmp/s10.prog";

/// Starts the program and waits until it sleeps in `pause`.
fn start(program: &Program) -> core::result::Result<(Child, peep::TaskInfo), Failure> {
    program.write(PATH)?;
    let child = Child::exec(PATH, &[])?;
    for _ in 0..500 {
        if let Ok(task) = peep::find(child.pid)
            && task.comm.starts_with(b"s10.prog\0")
            && task.state == 1
        {
            return Ok((child, task));
        }
        nap(1);
    }
    Err(Failure("the program did not begin".to_string()))
}

/// The pages of text, data and bss that are present.
fn present(task: &peep::TaskInfo) -> Vec<u32> {
    (0..task.brk.div_ceil(4096))
        .filter(|page| task.entry(*page as usize * PAGE) & 1 != 0)
        .collect()
}

/// A program whose entry lies in its third page: only that page is there.
fn first_instruction_faults() -> Outcome {
    let before = peep::info()?.loaded;
    let (child, task) = start(&Program::new(&PAUSE, 0x2000, 6, 4))?;
    equal!(present(&task), vec![2], "pages of text and data");
    equal!(
        peep::info()?.loaded - before,
        1,
        "pages loaded from the file"
    );
    // The other pages are those of the stack with the arguments.
    equal!(task.pages, 2);
    drop(child);
    sys::unlink(PATH)?;
    Ok(())
}

/// Code that touches pages 4 and 7 (data) and 9 (bss), then pauses.
fn toucher() -> Vec<u8> {
    let mut code = vec![];
    for page in [4u8, 7, 9] {
        // mov al, [page * 4096]
        code.extend([0xa0, 0, page << 4, 0, 0]);
    }
    code.extend(PAUSE);
    code
}

fn pages_come_as_touched() -> Outcome {
    let program = Program {
        a_bss: 5 * 4096,
        ..Program::new(&toucher(), 0x1000, 3, 5)
    };
    let before = peep::info()?;
    let (child, task) = start(&program)?;
    equal!(present(&task), vec![1, 4, 7, 9]);
    let after = peep::info()?;
    equal!(
        after.loaded - before.loaded,
        3,
        "pages loaded from the file"
    );
    // What is there is what the file holds: data page n is filled with n - 2.
    for (page, value) in [(4, 2u32), (7, 5), (9, 0)] {
        let words = peep::read(task.entry(page * PAGE) & !0xfff)?;
        check!(
            words.iter().all(|word| *word == value * 0x0101_0101),
            "page {page}: {words:x?}"
        );
    }
    drop(child);
    sys::unlink(PATH)?;
    Ok(())
}

/// Data that ends inside a page: the rest of the page is zero, though the file
/// goes on (symbols).
fn odd_sizes() -> Outcome {
    let mut program = Program::new(&toucher(), 0x1000, 3, 5);
    program.a_data = 4 * 4096 + 100; // page 7 holds 100 bytes of data
    program.a_bss = 4 * 4096;
    program.a_syms = 3996;
    let (child, task) = start(&program)?;
    let words = peep::read(task.entry(7 * PAGE) & !0xfff)?;
    check!(
        words[..25].iter().all(|word| *word == 0x0505_0505),
        "data: {words:x?}"
    );
    check!(
        words[25..].iter().all(|word| *word == 0),
        "behind the data: {words:x?}"
    );
    drop(child);
    sys::unlink(PATH)?;
    Ok(())
}

/// bss of this program, in memory that was dirty before.
fn bss_is_zero() -> Outcome {
    peep::hog(0).map(drop)?;
    for index in 0..area::PAGES {
        check!(area::is_filled(index, 0), "page {index}");
    }
    Ok(())
}

/// A program of 1 MB of holes and pages that touches three of them takes five
/// pages of memory, whatever its size.
fn large_program() -> Outcome {
    let mut program = Program::new(&toucher(), 0x1000, 3, 5);
    program.a_bss = 40 << 20;
    let before = peep::info()?;
    let (child, task) = start(&program)?;
    equal!(task.brk, (8 << 12) + (40 << 20));
    equal!(task.pages, 5, "4 pages and the stack");
    let used = before.free_pages - peep::info()?.free_pages;
    check!(used < 30, "{used} pages are gone");
    drop(child);
    sys::unlink(PATH)?;
    Ok(())
}
