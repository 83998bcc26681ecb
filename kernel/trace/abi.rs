//! Events, records and commands of `/dev/trace`. Not in 0.11.
//!
//! This file is compiled into the kernel, into the programs that read a trace,
//! and into the host's tools, so that they cannot disagree. The kernel keeps only
//! the numbers; names, arguments and the places in 0.11 are for the others.

/// Version of the record and of the table; in [`Event::Start`].
pub const VERSION: u32 = 1;
/// Bytes of a [`Record`].
pub const RECORD_SIZE: usize = 32;

/// Kinds of events, bit n for the n-th one: words of `trace=` and of `-e`.
pub const CLASSES: [&str; 11] = [
    "boot", "fork", "exec", "mm", "page", "sched", "sleep", "signal", "sys", "block", "exit",
];
/// All kinds.
pub const ALL: u32 = (1 << CLASSES.len()) - 1;
/// Steps of the start of the kernel.
pub const BOOT: u32 = 1 << 0;
pub const FORK: u32 = 1 << 1;
pub const EXEC: u32 = 1 << 2;
/// Page tables and page faults.
pub const MM: u32 = 1 << 3;
/// Pages taken and given back.
pub const PAGE: u32 = 1 << 4;
pub const SCHED: u32 = 1 << 5;
/// Sleeping and waking.
pub const SLEEP: u32 = 1 << 6;
pub const SIGNAL: u32 = 1 << 7;
/// System calls.
pub const SYS: u32 = 1 << 8;
/// The buffer cache and block devices.
pub const BLOCK: u32 = 1 << 9;
pub const EXIT: u32 = 1 << 10;
/// What there is whenever anything is traced: the start and the tables.
const ANY: u32 = u32::MAX;

/// Sets which kinds are recorded, 0 for none: the argument is the mask. The first
/// time it takes memory for the ring. `ENOMEM`.
pub const TRACE_ENABLE: u32 = 0x7100;
/// The result is the mask. What a process began that is gone since ends first.
pub const TRACE_MASK: u32 = 0x7101;
/// From now on only events of process `argument`, and of its children to be, are
/// recorded; of more processes by further calls; of all again for 0. `ESRCH`.
pub const TRACE_PID: u32 = 0x7102;
/// Records the kernel's tables: slots, page tables, `mem_map`.
pub const TRACE_SNAPSHOT: u32 = 0x7103;
/// Ends recording and gives the ring's memory back.
pub const TRACE_RELEASE: u32 = 0x7104;

/// An event, as it lies in the ring and goes over the line: little-endian.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Record {
    /// An [`Event`].
    pub event: u8,
    /// The running task's slot, and its number.
    pub nr: u8,
    pub pid: u16,
    /// Clock ticks since boot.
    pub tick: u32,
    /// The CPU's time stamp counter, low word and high word; 0 without one.
    pub time: [u32; 2],
    /// What the event's row in the table says.
    pub args: [u32; 4],
}

const _: () = assert!(size_of::<Record>() == RECORD_SIZE);

/// A row of the table, for those who show a trace.
#[allow(dead_code, reason = "the kernel has no use for names")]
pub struct Info {
    pub event: Event,
    pub name: &'static str,
    pub class: u32,
    /// Names of the arguments. `lin...` are linear addresses, `page...` physical
    /// ones, `entry...` and `dir...` entries of tables.
    pub args: &'static [&'static str],
    /// The place in 0.11: file, line, function. Empty if it has no such thing.
    pub old: (&'static str, u32, &'static str),
}

macro_rules! events {
    ($($(#[$doc:meta])* $id:literal $name:ident $class:ident [$($arg:ident)*] $file:literal $line:literal $function:literal;)*) => {
        /// What has happened. `trace!(Name, ...)` in the source marks the place.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Event { $($(#[$doc])* $name = $id,)* }

        impl Event {
            /// The kind that it belongs to.
            #[inline(always)]
            pub const fn class(self) -> u32 {
                match self { $(Event::$name => $class,)* }
            }
        }

        /// All events.
        #[allow(dead_code, reason = "the kernel has no use for names")]
        pub const EVENTS: &[Info] = &[$(Info {
            event: Event::$name,
            name: stringify!($name),
            class: $class,
            args: &[$(stringify!($arg)),*],
            old: ($file, $line, $function),
        },)*];
    };
}

// Number, name, kind, arguments; file, line and function of 0.11.
events! {
    /// Recording begins: which kinds, with a time stamp counter or not.
    1 Start ANY [mask has_time version pages] "" 0 "";
    /// The ring was full: so many records are missing here.
    2 Lost ANY [records] "" 0 "";
    /// The kernel's tables follow, until `SnapEnd`.
    3 SnapBegin ANY [tasks] "" 0 "";
    /// Slot and number in the record's head are this task's, here and in the next.
    4 SnapTask ANY [state father page counter] "include/linux/sched.h" 78 "task_struct";
    5 SnapName ANY [name0 name1 name2 name3] "" 0 "";
    6 SnapTable ANY [lin dir] "boot/head.s" 16 "pg_dir";
    7 SnapEntry ANY [lin entry] "mm/memory.c" 216 "put_page";
    8 SnapCount ANY [page count] "mm/memory.c" 57 "mem_map";
    9 SnapEnd ANY [main_start main_end free] "" 0 "";

    10 BootMemory BOOT [main_start memory_end buffer_end ram_disk] "init/main.c" 126 "main";
    11 BootTraps BOOT [] "init/main.c" 127 "main";
    12 BootDevices BOOT [] "init/main.c" 128 "main";
    13 BootTerminals BOOT [] "init/main.c" 130 "main";
    14 BootTime BOOT [seconds] "init/main.c" 131 "main";
    15 BootSched BOOT [task page] "init/main.c" 132 "main";
    16 BootBuffers BOOT [buffers] "init/main.c" 133 "main";
    17 BootUser BOOT [free] "init/main.c" 137 "main";

    20 ForkSlot FORK [child pid] "kernel/fork.c" 144 "find_empty_process";
    21 ForkPage FORK [child page] "kernel/fork.c" 77 "copy_process";
    22 ForkCopied FORK [child pid counter father] "kernel/fork.c" 81 "copy_process";
    23 ForkTss FORK [child eip esp ldt] "kernel/fork.c" 92 "copy_process";
    24 ForkSegments FORK [child lin limit] "kernel/fork.c" 52 "copy_mem";
    25 ForkShared FORK [lin_from lin entry count] "mm/memory.c" 178 "copy_page_tables";
    26 ForkTables FORK [child pages tables] "kernel/fork.c" 56 "copy_mem";
    27 ForkFiles FORK [child files pwd_count executable_count] "kernel/fork.c" 120 "copy_process";
    28 ForkGdt FORK [child tss_entry ldt_entry] "kernel/fork.c" 129 "copy_process";
    29 ForkReady FORK [child pid] "kernel/fork.c" 131 "copy_process";
    30 ForkFailed FORK [child error] "kernel/fork.c" 116 "copy_process";

    40 ExecFile EXEC [name0 name1 name2 name3] "fs/exec.c" 199 "do_execve";
    41 ExecInode EXEC [device inode size mode] "fs/exec.c" 209 "do_execve";
    42 ExecHeader EXEC [text data bss start] "fs/exec.c" 225 "do_execve";
    43 ExecArgs EXEC [argc envc p pages] "fs/exec.c" 311 "do_execve";
    44 ExecSignals EXEC [close_on_exec] "fs/exec.c" 322 "do_execve";
    45 ExecLdt EXEC [lin code_limit data_limit] "fs/exec.c" 154 "change_ldt";
    46 ExecTask EXEC [end_code end_data brk start_stack] "fs/exec.c" 335 "do_execve";
    47 ExecDone EXEC [eip esp argc envc] "fs/exec.c" 344 "do_execve";

    50 Fault MM [lin code eip esp] "mm/page.s" 14 "page_fault";
    51 TableMade MM [lin dir] "mm/memory.c" 213 "put_page";
    52 PutPage MM [lin entry count] "mm/memory.c" 216 "put_page";
    53 Unmap MM [lin entry count] "mm/memory.c" 122 "free_page_tables";
    54 TableFreed MM [lin dir] "mm/memory.c" 126 "free_page_tables";
    55 TablesFreed MM [lin] "mm/memory.c" 129 "free_page_tables";
    56 LoadPage MM [lin page blocks01 blocks23] "mm/memory.c" 384 "do_no_page";
    57 ZeroFill MM [lin end_data brk] "mm/memory.c" 375 "do_no_page";
    58 StackGrow MM [lin esp start_stack] "mm/memory.c" 375 "do_no_page";
    59 SharePage MM [lin lin_from entry count] "mm/memory.c" 327 "try_to_share";
    60 WpGivenBack MM [lin entry] "mm/memory.c" 227 "un_wp_page";
    61 CopyPage MM [page_old page_new count_old] "mm/memory.c" 237 "un_wp_page";
    62 WpCopied MM [lin entry page_old count_old] "mm/memory.c" 235 "un_wp_page";
    63 FaultSignal MM [lin error] "mm/memory.c" 36 "oom";

    70 PageAlloc PAGE [page free] "mm/memory.c" 63 "get_free_page";
    71 PageFree PAGE [page free] "mm/memory.c" 89 "free_page";

    80 Switch SCHED [from to state counters] "kernel/sched.c" 141 "schedule";
    81 Recharge SCHED [] "kernel/sched.c" 138 "schedule";

    90 Sleep SLEEP [queue state] "kernel/sched.c" 161 "sleep_on";
    91 Pause SLEEP [] "kernel/sched.c" 146 "sys_pause";
    92 Wake SLEEP [slot number queue] "kernel/sched.c" 191 "wake_up";
    93 WakeSignal SLEEP [slot number signal] "kernel/sched.c" 119 "schedule";
    94 WakeTimeout SLEEP [slot number] "" 0 "";
    95 Awake SLEEP [] "kernel/sched.c" 164 "sleep_on";

    100 SigSend SIGNAL [signal slot number] "kernel/exit.c" 40 "send_sig";
    101 SigHandler SIGNAL [signal handler esp eip] "kernel/signal.c" 104 "do_signal";
    102 SigDeath SIGNAL [signal] "kernel/signal.c" 100 "do_signal";
    103 SigStop SIGNAL [signal] "" 0 "";
    104 SigCont SIGNAL [slot number] "" 0 "";

    110 SysEnter SYS [call ebx ecx edx] "kernel/system_call.s" 80 "_system_call";
    111 SysText SYS [text0 text1 text2 text3] "" 0 "";
    112 SysExit SYS [call result] "kernel/system_call.s" 95 "_system_call";

    120 CacheHit BLOCK [device block] "fs/buffer.c" 273 "bread";
    121 CacheMiss BLOCK [device block] "fs/buffer.c" 275 "bread";
    122 Request BLOCK [device block write] "kernel/blk_drv/ll_rw_blk.c" 64 "add_request";
    123 RequestDone BLOCK [device block uptodate] "kernel/blk_drv/blk.h" 109 "end_request";

    130 ExitBegin EXIT [code] "kernel/exit.c" 102 "do_exit";
    131 ExitFiles EXIT [files] "kernel/exit.c" 115 "do_exit";
    132 ExitZombie EXIT [father code] "kernel/exit.c" 130 "do_exit";
    133 WaitFound EXIT [slot number status] "kernel/exit.c" 171 "sys_waitpid";
    134 Release EXIT [slot number page] "kernel/exit.c" 27 "release";
}
