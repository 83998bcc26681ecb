//! S3: paging follows protected mode; the kernel's linear addresses are
//! physical ones; four tables, more with more memory, lie behind the directory.

#![no_std]
#![no_main]
use guest::prelude::*;

cases! { "S03"; paging_is_on, tables_behind_directory, identity, no_more_tables }

/// Protected mode, then paging, with the directory at 0.
fn paging_is_on() -> Outcome {
    let info = peep::info()?;
    equal!(info.cr0 & 0x8000_0001, 0x8000_0001, "PG and PE");
    // A 386 reads ones where it has no bits, and it has no WP; others read zeros.
    const RESERVED: u32 = 1 << 19;
    if info.cr0 & RESERVED == 0 {
        equal!(info.cr0 & 1 << 16, 0, "WP must stay 0, as on a 386");
    }
    equal!(info.cr3, 0);
    Ok(())
}

/// How many tables map the kernel: one for each 4 MB, at least four.
fn tables() -> core::result::Result<u32, Errno> {
    Ok(peep::info()?
        .memory_end
        .min(peep::SLOT)
        .div_ceil(0x40_0000)
        .max(4))
}

/// Table n lies at (n + 1) * 4096. Ring 3 may not use it while another task
/// than task 0 runs.
fn tables_behind_directory() -> Outcome {
    for index in 0..tables()? {
        let entry = peep::directory(index)?;
        equal!(entry & !0xfff, (index + 1) * 4096, "table {index}");
        equal!(entry & 7, peep::P | peep::W, "flags of table {index}");
    }
    Ok(())
}

/// Each table entry maps its own address, for all of memory.
fn identity() -> Outcome {
    let end = peep::info()?.memory_end.min(peep::SLOT);
    let first = peep::read(0x1000)?;
    check!(
        first[0] & 1 == 0 || first[0] & !0xfff == 0,
        "page 0 is mapped to {:#x}",
        first[0]
    );
    for table in 0..tables()? {
        for piece in (0..1024u32).step_by(peep::WORDS) {
            let words = peep::read((table + 1) * 4096 + piece * 4)?;
            for (word, page) in words.iter().zip(table * 1024 + piece..) {
                if page == 0 || page * 4096 >= end {
                    continue;
                }
                equal!(word & !0xfff, page * 4096, "page {page}");
                equal!(
                    word & (peep::P | peep::W),
                    peep::P | peep::W,
                    "flags of page {page}"
                );
            }
        }
    }
    Ok(())
}

/// What is left of slot 0's 16 directory entries is empty.
fn no_more_tables() -> Outcome {
    for index in tables()?..16 {
        equal!(peep::directory(index)?, 0, "directory entry {index}");
    }
    Ok(())
}
