//! S6: shared pages are read-only; a slot's present directory entries carry the
//! user bit only while its task runs, so that protection holds without segment
//! limits.

#![no_std]
#![no_main]
use core::arch::asm;
use guest::prelude::*;
use signal::SIGSEGV;

cases! {
    "S06";
    user_bit_of_directory, table_entries_keep_user_bit, kernel_is_out_of_reach,
    neighbour_is_out_of_reach, absent_neighbour_pages, calls_refuse_wild_pointers
}

/// Of all present directory entries only those of this task have the user bit.
fn user_bit_of_directory() -> Outcome {
    let (go, child) = sleeper()?;
    let me = peep::info()?.current;
    for index in 0..1024 {
        let entry = peep::directory(index)?;
        if entry & peep::P != 0 {
            let user = if index / 16 == me { peep::U } else { 0 };
            equal!(
                entry & peep::U,
                user,
                "directory entry {index}, slot {}",
                index / 16
            );
        }
    }
    go.open();
    child.pass()
}

/// Table entries of programs keep 7 (or 5 where shared), running or not.
fn table_entries_keep_user_bit() -> Outcome {
    area::fill(3, 1);
    let (go, child) = sleeper()?;
    for task in [peep::me()?, peep::find(child.pid)?] {
        equal!(task.entry(area::address(3)) & 7, peep::P | peep::U);
    }
    area::fill(3, 2);
    equal!(
        peep::me()?.entry(area::address(3)) & 7,
        peep::P | peep::W | peep::U
    );
    go.open();
    child.pass()
}

/// Reads, writes and jumps to `linear` die with SIGSEGV.
fn all_die(linear: u32) -> Outcome {
    let address = linear.wrapping_sub(peep::me()?.start_code) as usize;
    // The child has another slot, so another offset leads there.
    let there = move || {
        let own = peep::me().map_or(0, |me| me.start_code);
        linear.wrapping_sub(own) as usize
    };
    equal!(
        death(|| _ = area::peek(there()))?,
        SIGSEGV,
        "reading {linear:#x}"
    );
    equal!(
        // SAFETY: outside of this process: the write must fault.
        death(|| unsafe { area::poke(there(), 0x11) })?,
        SIGSEGV,
        "writing {linear:#x}"
    );
    equal!(
        // SAFETY: must fault.
        death(|| unsafe { asm!("call {}", in(reg) there()) })?,
        SIGSEGV,
        "jumping to {linear:#x}"
    );
    // A read-modify-write, and a string instruction that runs into it.
    equal!(
        // SAFETY: must fault.
        death(|| unsafe { asm!("lock inc dword ptr [{}]", in(reg) there()) })?,
        SIGSEGV
    );
    // SAFETY: must fault.
    let movs = || unsafe {
        asm!("rep stosb", in("al") 0u8, inout("ecx") 16 => _, inout("edi") there() => _);
    };
    equal!(death(movs)?, SIGSEGV, "rep stos at {address:#x}");
    Ok(())
}

/// The kernel's page directory, tables, text, task_structs, buffers, RAM disk.
fn kernel_is_out_of_reach() -> Outcome {
    let info = peep::info()?;
    let places = [
        0,
        0x1000,
        0x11000,
        info.gdt,
        0xa0000,
        0x10_0000,
        info.ramdisk,
        peep::me()?.address,
    ];
    for place in places {
        let before = peep::read(place & !0xff)?;
        let count = peep::count(place)?;
        all_die(place)?;
        equal!(peep::count(place)?, count, "count of {place:#x}");
        if place == 0x11000 || place == info.ramdisk {
            equal!(peep::read(place & !0xff)?, before, "contents of {place:#x}");
        }
    }
    Ok(())
}

/// A neighbour's page: neither its count nor its contents nor its entry change.
fn neighbour_is_out_of_reach() -> Outcome {
    let (go, ready) = (Gate::new()?, Gate::new()?);
    let neighbour = Child::test(|| {
        area::fill(5, 0x5a);
        ready.open();
        go.wait()?;
        check!(area::is_filled(5, 0x5a), "the neighbour's page has changed");
        Ok(())
    })?;
    ready.wait()?;
    let task = peep::find(neighbour.pid)?;
    let entry = task.entry(area::address(5));
    equal!(peep::count(entry)?, 1);
    all_die(task.start_code + area::address(5) as u32)?;
    equal!(task.entry(area::address(5)), entry, "entry");
    equal!(peep::count(entry)?, 1, "count");
    // A page that neighbour and we share: the write must not be taken for the
    // first write to a shared page.
    area::fill(6, 0x6b);
    let (go2, sharer) = sleeper()?;
    let other = peep::find(sharer.pid)?;
    let shared = other.entry(area::address(6));
    equal!(peep::count(shared)?, 2);
    let copied = peep::info()?.wp_page;
    all_die(other.start_code + area::address(6) as u32)?;
    equal!(other.entry(area::address(6)), shared, "shared entry");
    equal!(peep::count(shared)?, 2, "shared count");
    check!(peep::info()?.wp_page >= copied);
    check!(area::is_filled(6, 0x6b));
    go2.open();
    sharer.pass()?;
    go.open();
    neighbour.pass()
}

/// Pages that a neighbour does not have, and slots without a task: no page
/// comes into being.
fn absent_neighbour_pages() -> Outcome {
    let (go, child) = sleeper()?;
    let task = peep::find(child.pid)?;
    equal!(task.entry(area::address(60)), 0);
    all_die(task.start_code + area::address(60) as u32)?;
    equal!(task.entry(area::address(60)), 0, "entry of the neighbour");
    equal!(
        peep::find(child.pid)?.pages,
        task.pages,
        "pages of the neighbour"
    );
    all_die(63 * peep::SLOT + 0x1000)?;
    equal!(peep::directory(63 * 16)?, 0, "directory of an empty slot");
    go.open();
    child.pass()
}

/// System calls refuse pointers that lead out of the slot or wrap around.
fn calls_refuse_wild_pointers() -> Outcome {
    let start = peep::me()?.start_code;
    let wild = [
        0u32.wrapping_sub(start),
        peep::SLOT,
        peep::SLOT - 2,
        0xffff_fff0,
        0x8000_0000,
    ];
    let file = sys::open("/dev/zero", sys::O_RDWR, 0)?;
    for address in wild {
        for (number, argument) in [
            (Nr::Read, 16),
            (Nr::Write, 16),
            (Nr::Fstat, 0),
            (Nr::Read, 0x7fff_ffff),
        ] {
            // SAFETY: the kernel must refuse the address.
            let result =
                unsafe { rt::sys::call(number, file as usize, address as usize, argument) };
            if number == Nr::Write && result.is_ok() {
                continue; // a device that takes everything need not look at it
            }
            equal!(result, Err(Errno::EFAULT), "{number:?} at {address:#x}");
        }
        if address != peep::SLOT - 2 {
            // SAFETY: as above. (The last bytes of a slot are the string's end.)
            let result = unsafe { rt::sys::call(Nr::Open, address as usize, 0, 0) };
            equal!(result, Err(Errno::EFAULT), "open at {address:#x}");
        }
        // SAFETY: as above.
        let result = unsafe { rt::sys::call(Nr::Pipe, address as usize, 0, 0) };
        equal!(result, Err(Errno::EFAULT), "pipe at {address:#x}");
    }
    sys::close(file)?;
    Ok(())
}
