//! Linux 0.11 again, in Rust: the crate's root and the start of everything
//! (0.11 `init/main.c`).

#![no_std]
#![no_main]
#![deny(clippy::undocumented_unsafe_blocks)]
#![allow(
    clippy::upper_case_acronyms,
    reason = "names are those of 0.11 and of the field"
)]

#[path = "../arch/mod.rs"]
mod arch;
#[path = "../fs/mod.rs"]
mod fs;
#[path = "../kernel/mod.rs"]
mod kernel;
#[path = "../lib/mod.rs"]
mod lib;
#[path = "../mm/mod.rs"]
mod mm;

use arch::boot::setup::{Range, boot_info, read_boot_params};
use arch::io::{inb_p, outb_p};
use arch::irq::sti;
use core::ffi::CStr;
use core::fmt::Write;
use kernel::blk_drv::{floppy::floppy_init, hd::hd_init, ll_rw_blk::blk_dev_init, ramdisk};
use kernel::chr_drv::{chr_dev_init, serial, tty_io::tty_init};
use kernel::math::math_init;
use kernel::mktime::{Time, kernel_mktime};
use kernel::printk::printk;

use kernel::sched::{current_time, sched_init, set_current_time};
use kernel::task::current;
use kernel::trace::trace;
use kernel::traps::trap_init;
use kernel::types::PhysAddr;
use mm::memory::{MEMORY_MAX, PAGE_SIZE, mem_init, nr_free_pages};

/// Longest path of `init=`, in bytes.
const INIT_PATH_MAX: usize = 64;

/// What init needs to know. It lies on the stack that tasks 0 and 1 begin
/// with, because they must not touch the kernel's statics.
struct InitArguments {
    /// The console: `/dev/tty0`, or `/dev/tty1` with `console=ttyS0` where there
    /// is such a line.
    tty: &'static CStr,
    /// The program of `init=`, with a final 0; empty if there is none.
    program: [u8; INIT_PATH_MAX],
}

unsafe extern "C" {
    /// The end of the kernel, its zeroed data included (linker.ld).
    static _end: u8;
}

/// Reads register `addr` of the real-time clock.
fn cmos_read(addr: u8) -> u32 {
    outb_p(0x80 | addr, 0x70);
    inb_p(0x71) as u32
}

/// The registers of the clock: second, minute, hour, day, month, year.
fn cmos_time() -> [u32; 6] {
    [0, 2, 4, 7, 8, 9].map(cmos_read)
}

/// Sets the time from the battery clock (0.11 `time_init`). Reads until two
/// readings agree, because the clock may be counting on meanwhile; a clock that
/// is broken or absent ends the tries.
fn time_init() {
    const TRIES: u32 = 1000;
    let mut now = cmos_time();
    for _ in 0..TRIES {
        let again = cmos_time();
        if again == now {
            break;
        }
        now = again;
    }
    const BINARY: u32 = 1 << 2;
    const HOURS_24: u32 = 1 << 1;
    const PM: u32 = 1 << 7;
    let form = cmos_read(0x0b);
    let afternoon = form & HOURS_24 == 0 && now[2] & PM != 0;
    now[2] &= !PM;
    if form & BINARY == 0 {
        now = now.map(|bcd| (bcd & 15) + (bcd >> 4) * 10); // BCD_TO_BIN
    }
    if form & HOURS_24 == 0 {
        now[2] = now[2] % 12 + if afternoon { 12 } else { 0 };
    }
    let [sec, min, hour, mday, mon, year] = now;
    set_current_time(kernel_mktime(&Time {
        sec,
        min,
        hour,
        mday,
        mon: mon.wrapping_sub(1),
        year,
    }));
}

/// How physical memory is divided (0.11 `main`: `memory_end`,
/// `buffer_memory_end`, `main_memory_start`).
struct MemoryPlan {
    memory_end: PhysAddr,
    buffer_memory_end: PhysAddr,
    main_memory_start: PhysAddr,
    ram_disk: Option<Range>,
}

/// Divides memory as 0.11 does: buffers up to 4, 2 or 1 MB, then the RAM disk,
/// then main memory. The RAM disk is the module's size.
fn plan_memory() -> MemoryPlan {
    const MB: u32 = 1 << 20;
    let info = boot_info();
    let end_of = |r: &Range| r.end.0.min(MEMORY_MAX) & !(PAGE_SIZE - 1);
    let memory_end = info.regions().iter().map(end_of).max().unwrap_or(MB);
    if info.regions().iter().any(|r| r.end.0 > MEMORY_MAX) {
        printk!("Memory above {} MB is not used.\n", MEMORY_MAX / MB);
    }
    // Buffers and RAM disk need memory without a hole.
    let first_end = info
        .regions()
        .iter()
        .find(|r| r.start.0 == MB)
        .map_or(MB, end_of);
    let buffer_memory_end = match first_end {
        end if end > 12 * MB => 4 * MB,
        end if end > 6 * MB => 2 * MB,
        _ => MB,
    };
    let ram_disk = info.module.filter(|module| {
        // What lies beyond the memory that is mapped cannot be reached.
        let fits =
            module.end.0 <= memory_end && buffer_memory_end + module.len() + MB / 2 <= first_end;
        if !fits {
            printk!(
                "The root image of {} KB does not fit {} KB of memory: going on without it.\n",
                module.len() / 1024,
                first_end / 1024
            );
        }
        fits
    });
    let ram_disk = ram_disk.map(|module| Range {
        start: PhysAddr(buffer_memory_end),
        end: PhysAddr(buffer_memory_end + module.len()),
    });
    let main_memory_start = ram_disk.map_or(buffer_memory_end, |r| r.end.0);
    MemoryPlan {
        memory_end: PhysAddr(memory_end),
        buffer_memory_end: PhysAddr(buffer_memory_end),
        main_memory_start: PhysAddr(main_memory_start.next_multiple_of(PAGE_SIZE)),
        ram_disk,
    }
}

/// Moves the root image from where the loader put it to the RAM disk's place
/// (0.11 `rd_load`).
fn move_root_image(to: Range) {
    if let Some(module) = boot_info().module {
        // SAFETY: both ranges are memory, mapped by `mem_init`, that nothing
        // uses yet: the image lies where the loader reserved it, its new place
        // was planned. They may overlap. Nothing else has been put above 1 MB
        // so far.
        unsafe {
            core::ptr::copy(
                module.start.0 as *const u8,
                to.start.0 as *mut u8,
                to.len() as usize,
            );
        }
    }
}

// ANCHOR: main
/// Where `head.S` goes: sets up everything with interrupts off, then becomes
/// task 0 in ring 3, which forks init (0.11 `main`).
#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    read_boot_params();
    kernel::printk::init();
    let plan = plan_memory();
    mem_init(plan.main_memory_start, plan.memory_end);
    kernel::trace::init();
    trace!(
        BootMemory,
        plan.main_memory_start.0,
        plan.memory_end.0,
        plan.buffer_memory_end.0,
        plan.ram_disk.map_or(0, Range::len),
    );
    if let Some(ram_disk) = plan.ram_disk {
        move_root_image(ram_disk);
    }
    arch::boot::setup::init_8259();
    trap_init();
    math_init();
    trace!(BootTraps);
    blk_dev_init();
    hd_init();
    floppy_init();
    trace!(BootDevices);
    tty_init();
    chr_dev_init();
    trace!(BootTerminals);
    time_init();
    trace!(BootTime, current_time());
    sched_init();
    trace!(BootSched, 0, &raw const *current());
    let kernel_end = PhysAddr((&raw const _end) as u32);
    // SAFETY: `plan_memory` has kept the memory from the kernel's end up to
    // `buffer_memory_end`, but for the hole, and the RAM disk's, out of main
    // memory; both are mapped to themselves.
    unsafe {
        fs::buffer::buffer_init(kernel_end, boot_info().lower_end, plan.buffer_memory_end);
        if let Some(ram_disk) = plan.ram_disk {
            ramdisk::rd_init(ram_disk.start, ram_disk.len());
        }
    }
    trace!(BootBuffers, fs::buffer::stats().buffers);
    printk!(
        "{} KB of memory: {} KB buffers, {} KB RAM disk, {} KB free\n",
        plan.memory_end.0 / 1024,
        fs::buffer::stats().buffers,
        plan.ram_disk.map_or(0, |r| r.len() / 1024),
        nr_free_pages() * PAGE_SIZE / 1024
    );
    let arguments = init_arguments();
    trace!(BootUser, nr_free_pages());
    kernel::bottom_half::begin();
    sti();
    // SAFETY: everything is set up; `arguments` lies on this stack, which stays
    // as it is because this function does not return.
    unsafe { arch::system::move_to_user_mode(init, &raw const arguments as u32) }
}
// ANCHOR_END: main

fn init_arguments() -> InitArguments {
    let mut program = [0; INIT_PATH_MAX];
    if let Some(path) = boot_info().option("init") {
        if path.len() < INIT_PATH_MAX {
            program[..path.len()].copy_from_slice(path.as_bytes());
        } else {
            printk!(
                "init= is longer than {} bytes and ignored.\n",
                INIT_PATH_MAX - 1
            );
        }
    }
    let serial = boot_info().option("console") == Some("ttyS0") && serial::exists(0);
    InitArguments {
        tty: if serial { c"/dev/tty1" } else { c"/dev/tty0" },
        program,
    }
}

/// Writes to file 1 (0.11's `printf` of `init/main.c`).
struct Printf;

impl Write for Printf {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        lib::write(1, text.as_bytes());
        Ok(())
    }
}

/// 0.11 `printf`.
macro_rules! printf {
    ($($argument:tt)*) => {{ let _ = write!(Printf, $($argument)*); }};
}

const O_RDONLY: u32 = 0;
const O_RDWR: u32 = 2;
const SHELL: &CStr = c"/bin/sh";

/// Becomes a shell: `name` is its argv[0].
fn exec_shell(name: &CStr, home: &CStr) -> i32 {
    let argv = [name.as_ptr().cast(), core::ptr::null()];
    let envp = [
        home.as_ptr().cast(),
        c"PATH=/bin:/usr/bin:/usr/local/bin".as_ptr().cast(),
        core::ptr::null(),
    ];
    lib::execve(SHELL, &argv, &envp)
}

/// Opens the console as files 0, 1 and 2.
fn open_console(tty: &CStr) {
    lib::open(tty, O_RDWR);
    lib::dup(0);
    lib::dup(0);
}

/// Process 1, still on the kernel's text, in ring 3 (0.11 `init`): mounts the
/// root, opens the console three times, runs `/etc/rc`, then a login shell,
/// again and again.
extern "C" fn init(arguments: &InitArguments) -> ! {
    lib::setup();
    open_console(arguments.tty);
    if let Ok(program) = CStr::from_bytes_until_nul(&arguments.program)
        && !program.is_empty()
    {
        let argv = [program.as_ptr().cast(), core::ptr::null()];
        let envp = [
            c"HOME=/".as_ptr().cast(),
            c"PATH=/bin:/usr/bin:/usr/local/bin".as_ptr().cast(),
            core::ptr::null(),
        ];
        let error = lib::execve(program, &argv, &envp);
        printf!(
            "init= program failed to start: error {}. Running /bin/sh instead.\n",
            -error
        );
    }
    let mut pid = lib::fork();
    if pid == 0 {
        lib::close(0);
        if lib::open(c"/etc/rc", O_RDONLY) < 0 {
            lib::_exit(1);
        }
        exec_shell(SHELL, c"HOME=/");
        lib::_exit(2);
    }
    while pid > 0 && lib::wait().0 != pid {}
    loop {
        pid = lib::fork();
        if pid < 0 {
            printf!("Fork failed in init\n");
            continue;
        }
        if pid == 0 {
            lib::close(0);
            lib::close(1);
            lib::close(2);
            lib::setsid();
            open_console(arguments.tty);
            let error = exec_shell(c"-/bin/sh", c"HOME=/usr/root");
            printf!(
                "Cannot run /bin/sh: error {}. Is there a shell on the root?\n",
                -error
            );
            lib::exit_after(5);
        }
        let status = loop {
            let (dead, status) = lib::wait();
            if dead == pid {
                break status;
            }
        };
        printf!("\nchild {pid} died with code {status:04x}\n");
        lib::sync();
    }
}
