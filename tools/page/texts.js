'use strict';
// What each event says: [English, Chinese]. {name} is an argument of the event,
// {who} the running process, {page...} and so on come in hexadecimal. A test sees
// to it that every event has its line.
const TEXTS = {
  Start: ["Recording begins (kinds {mask:x}); the ring has {pages} pages.", "开始记录（种类 {mask:x}）；环形缓冲区有 {pages} 页。"],
  Lost: ["{records} records are missing here: the ring was full.", "此处缺少 {records} 条记录：环形缓冲区已满。"],
  SnapBegin: ["The kernel's own tables follow, with {tasks} tasks.", "下面是内核自己的各张表，共 {tasks} 个任务。"],
  SnapTask: ["Table task[]: slot {nr} holds process {pid}, father {father}, {state:state}; its task_struct lies in page {page}.", "task[] 表：第 {nr} 项是进程 {pid}，父进程 {father}，{state:state}；task_struct 在页面 {page}。"],
  SnapName: ["Its program is {name}.", "它的程序是 {name}。"],
  SnapTable: ["Page directory: the entry for {lin} is {dir}.", "页目录：{lin} 对应的页目录项是 {dir}。"],
  SnapEntry: ["Page table: the entry for {lin} is {entry}.", "页表：{lin} 对应的页表项是 {entry}。"],
  SnapCount: ["mem_map: page {page} has the count {count}.", "mem_map：页面 {page} 的引用计数是 {count}。"],
  SnapEnd: ["Main memory reaches from {main_start} to {main_end}; {free} pages are free.", "主内存从 {main_start} 到 {main_end}；空闲页面 {free} 个。"],

  BootMemory: ["mem_init: main memory is {main_start} to {memory_end}, all its pages get the count 0. Buffers reach to {buffer_end}; the RAM disk has {ram_disk:d} bytes.", "mem_init：主内存为 {main_start} 到 {memory_end}，每个页面的引用计数都置为 0。缓冲区到 {buffer_end} 为止；虚拟盘 {ram_disk:d} 字节。"],
  BootTraps: ["trap_init: the gates of all exceptions are set; page_fault is number 14.", "trap_init：设置好所有异常的门，页面出错异常 page_fault 是 14 号。"],
  BootDevices: ["The drivers of RAM disk, hard disk and floppy are ready.", "虚拟盘、硬盘和软盘的驱动程序已就绪。"],
  BootTerminals: ["tty_init: screen, keyboard and serial lines are terminals now.", "tty_init：屏幕、键盘和串口成为终端。"],
  BootTime: ["time_init: the clock says {seconds} seconds since 1970.", "time_init：时钟为 1970 年以来的 {seconds} 秒。"],
  BootSched: ["sched_init: what runs now is task 0; its task_struct lies at {page}. TSS and LDT are in the GDT, the timer ticks 100 times a second, int 0x80 is open.", "sched_init：当前执行的就是进程 0，task_struct 在 {page}。TSS 和 LDT 已挂接到 GDT，时钟每秒 100 次，int 0x80 已开放。"],
  BootBuffers: ["buffer_init: the cache has {buffers} buffers of 1 KB.", "buffer_init：高速缓冲区有 {buffers} 个 1 KB 的缓冲块。"],
  BootUser: ["move_to_user_mode: task 0 goes to privilege level 3; {free} pages are free.", "move_to_user_mode：进程 0 进入特权级 3；空闲页面 {free} 个。"],

  ForkSlot: ["find_empty_process: task[{child}] is free, the new process number is {pid}. The slot decides the 64 MB of linear space and the GDT entries.", "find_empty_process：task[{child}] 空闲，新进程号为 {pid}。任务项号决定了 64 MB 线性地址空间以及 GDT 中的两项。"],
  ForkPage: ["get_free_page gives page {page} for the child's task_struct and kernel stack. Only the kernel can reach it.", "get_free_page 申请到页面 {page}，用来存放子进程的 task_struct 和内核栈，只有内核能访问它。"],
  ForkCopied: ["{who} copies its task_struct to the child, whose state is uninterruptible until all is done. Then the child's own: number {pid}, father {father}, time slice {counter}, no signals.", "{who} 把自己的 task_struct 复制给子进程，并先置为不可中断状态；再做个性化设置：进程号 {pid}，父进程 {father}，时间片 {counter}，信号位图清 0。"],
  ForkTss: ["The child's TSS: it will go on at eip {eip} with esp {esp} and eax 0; its LDT selector is {ldt:x}.", "设置子进程的 TSS：将从 eip {eip}、esp {esp} 继续执行，eax 为 0；LDT 选择子为 {ldt:x}。"],
  ForkSegments: ["copy_mem: the child's segments begin at {lin} (slot {child} times 64 MB); the limit {limit:x} comes with the LDT.", "copy_mem：子进程的段基址是 {lin}（{child} × 64 MB）；段限长 {limit:x} 随 LDT 一起复制过来。"],
  ForkShared: ["copy_page_tables: the child's entry for {lin} becomes {entry}, the same page as the father's at {lin_from}, read-only for both. The page's count is {count}.", "copy_page_tables：子进程 {lin} 的页表项设为 {entry}，与父进程 {lin_from} 指向同一页面，双方都只读；该页面引用计数为 {count}。"],
  ForkTables: ["Father and child share {pages} pages, by {tables} page tables of the child's own.", "父子进程共享 {pages} 个页面，子进程自己有 {tables} 个页表。"],
  ForkFiles: ["The child inherits {files} open files; the counts of files and inodes rise by one (working directory {pwd_count}, program {executable_count}).", "子进程继承 {files} 个打开的文件，文件和 i 节点的引用计数加 1（当前目录 {pwd_count}，可执行文件 {executable_count}）。"],
  ForkGdt: ["The child's TSS goes into GDT entry {tss_entry}, its LDT into entry {ldt_entry}.", "把子进程的 TSS 挂接到 GDT 第 {tss_entry} 项，LDT 挂接到第 {ldt_entry} 项。"],
  ForkReady: ["Process {pid} is runnable from here on.", "进程 {pid} 设置为就绪态，可以参与轮转。"],
  ForkFailed: ["fork fails with error {error}; what was taken is given back.", "fork 失败，错误 {error}；已申请的都归还。"],

  ExecFile: ["{who} executes the program {name}.", "{who} 执行程序 {name}。"],
  ExecInode: ["The program's inode is {inode} on device {device:x}: {size} bytes, mode {mode:o}.", "程序文件的 i 节点号为 {inode}，设备 {device:x}，长度 {size} 字节，模式 {mode:o}。"],
  ExecHeader: ["The header: {text} bytes of code, {data} of data, {bss} of bss, entry {start:x}. It fits into 64 MB.", "文件头：代码 {text} 字节，数据 {data} 字节，bss {bss} 字节，入口 {start:x}；能容纳在 64 MB 线性地址空间内。"],
  ExecArgs: ["{argc} arguments and {envc} environment strings fill {pages} pages, down to offset {p:x}.", "{argc} 个参数和 {envc} 个环境变量占用 {pages} 个页面，到偏移 {p:x} 为止。"],
  ExecSignals: ["The signal handlers of the old program are cleared; files to close: {close_on_exec:x}.", "清除旧程序的信号处理函数；需关闭的文件位图：{close_on_exec:x}。"],
  ExecLdt: ["change_ldt: code and data segment begin at {lin}, limits {code_limit:x} and {data_limit:x}. The argument pages are mapped at the end.", "change_ldt：代码段和数据段基址 {lin}，限长 {code_limit:x} 和 {data_limit:x}。参数页面映射到末端。"],
  ExecTask: ["The task_struct: end_code {end_code:x}, end_data {end_data:x}, brk {brk:x}, start_stack {start_stack:x}.", "调整 task_struct：end_code {end_code:x}，end_data {end_data:x}，brk {brk:x}，start_stack {start_stack:x}。"],
  ExecDone: ["eip becomes {eip}, esp {esp}: the way out of the call leads into the new program, none of whose pages is there.", "eip 设为 {eip}，esp 设为 {esp}：系统调用返回时直接进入新程序，而它的页面一个都还不在内存。"],

  Fault: ["Page fault of {who} at {lin}, {code:code}; the instruction is at {eip}.", "{who} 在 {lin} 产生页面出错异常（int 14：{code:code}），指令位于 {eip}。"],
  TableMade: ["A page table for the 4 MB at {lin}: the directory entry becomes {dir}.", "为 {lin} 所在的 4 MB 设置页表：页目录项设为 {dir}。"],
  PutPage: ["put_page: the entry for {lin} becomes {entry}; P is 1 from here on.", "put_page：{lin} 的页表项设为 {entry}，P 位置 1，映射建立。"],
  Unmap: ["The entry for {lin} was {entry} and is cleared, P with it; the page's count is {count}.", "{lin} 的页表项原为 {entry}，现清零，P 位随之清 0；该页面引用计数为 {count}。"],
  TableFreed: ["The directory entry for {lin} was {dir} and is cleared; the page table is freed.", "{lin} 的页目录项原为 {dir}，现清零，并释放页表。"],
  TablesFreed: ["free_page_tables: the slot at {lin} maps nothing any more.", "free_page_tables：从 {lin} 开始的空间不再映射任何页面。"],
  LoadPage: ["The program's part at {lin} is read into page {page}: blocks {blocks01:blocks} and {blocks23:blocks} of its device.", "把程序在 {lin} 处的 4 KB 读入页面 {page}：设备块 {blocks01:blocks} 和 {blocks23:blocks}。"],
  ZeroFill: ["{lin} lies behind the program's data (end {end_data:x}, brk {brk:x}): a page of zeros.", "{lin} 在程序数据之后（end_data {end_data:x}，brk {brk:x}）：给一个清零的页面。"],
  StackGrow: ["The stack grows: {lin} lies below what was mapped, esp is {esp}. A page of zeros.", "栈向下增长：{lin} 尚未映射，esp 为 {esp}，给一个清零的页面。"],
  SharePage: ["share_page: the process in slot {lin_from:slot} runs the same program; {lin} gets its page, entry {entry}, read-only for both, count {count}.", "share_page：任务 {lin_from:slot} 的进程运行同一程序；{lin} 共享它的页面，页表项 {entry}，双方只读，引用计数 {count}。"],
  WpGivenBack: ["un_wp_page: no one else has the page any more (count 1), so {lin} just gets R/W back: {entry}.", "un_wp_page：该页面引用计数为 1，无人共享，{lin} 只需恢复 R/W 位：{entry}。"],
  CopyPage: ["copy_page: the contents of page {page_old} go to page {page_new}.", "copy_page：把原页面 {page_old} 的内容复制到新页面 {page_new}。"],
  WpCopied: ["un_wp_page: {lin} now has the new page, entry {entry}, readable and writable. The old page {page_old} has the count {count_old}.", "un_wp_page：{lin} 的页表项指向新页面，为 {entry}，可读可写；原页面 {page_old} 的引用计数减为 {count_old}。"],
  FaultSignal: ["The fault at {lin} cannot be served: error {error}, a signal for {who}.", "{lin} 的页面出错异常无法处理：错误 {error}，向 {who} 发信号。"],

  PageAlloc: ["get_free_page: page {page} was free and has the count 1 now; {free} are left.", "get_free_page：空闲页面 {page} 的引用计数置为 1；还剩 {free} 个。"],
  PageFree: ["free_page: nobody uses page {page} any more, its count is 0; {free} are free. Its contents stay.", "free_page：页面 {page} 的引用计数减为 0，成为空闲页面；共 {free} 个空闲。其中内容仍在。"],

  Switch: ["switch_to: from slot {from} ({state:why}) to slot {to}.", "switch_to：从任务 {from}（{state:why}）切换到任务 {to}。"],
  Recharge: ["All runnable tasks have used up their time: counter = counter / 2 + priority for each.", "就绪任务的时间片都已用完：重新计算 counter = counter / 2 + priority。"],
  Sleep: ["{who} goes to sleep, waiting for {queue:queue}.", "{who} 进入睡眠，等待 {queue:queue}。"],
  Pause: ["{who} waits for a signal.", "{who} 等待信号。"],
  Wake: ["wake_up: process {number} in slot {slot} is runnable again; it waited for {queue:queue}.", "wake_up：任务 {slot} 的进程 {number} 被唤醒；它等待的是 {queue:queue}。"],
  WakeSignal: ["Signal {signal:signal} wakes process {number}.", "信号 {signal:signal} 唤醒进程 {number}。"],
  WakeTimeout: ["Process {number} has waited long enough and is runnable.", "进程 {number} 等待超时，变为就绪。"],
  Awake: ["{who} is awake and looks whether it has what it waited for.", "{who} 醒来，检查等待的条件是否成立。"],

  SigSend: ["Signal {signal:signal} is sent to process {number}.", "向进程 {number} 发送信号 {signal:signal}。"],
  SigHandler: ["{who} will run its handler {handler} for signal {signal:signal} first; then it goes on at {eip}.", "{who} 将先执行信号 {signal:signal} 的处理函数 {handler}，然后回到 {eip}。"],
  SigDeath: ["Signal {signal:signal} ends {who}.", "信号 {signal:signal} 终止 {who}。"],
  SigStop: ["Signal {signal:signal} stops {who}.", "信号 {signal:signal} 使 {who} 停止。"],
  SigCont: ["Process {number} goes on.", "进程 {number} 继续执行。"],

  SysEnter: ["System call of {who}: {call:call}({ebx:x}, {ecx:x}, {edx:x}).", "{who} 的系统调用：{call:call}({ebx:x}, {ecx:x}, {edx:x})。"],
  SysText: ["Text of an argument: \"{text}\".", "参数中的文字：“{text}”。"],
  SysExit: ["The call {call:call} of {who} returns {result:i}.", "{who} 的系统调用 {call:call} 返回 {result:i}。"],

  CacheHit: ["Block {block} of device {device:x} is in the buffer cache.", "设备 {device:x} 的块 {block} 就在高速缓冲区中。"],
  CacheMiss: ["Block {block} of device {device:x} is not in the cache and must be read.", "设备 {device:x} 的块 {block} 不在高速缓冲区中，需要读盘。"],
  Request: ["A request to device {device:x}: block {block}, {write:rw}.", "向设备 {device:x} 提出请求：块 {block}，{write:rw}。"],
  RequestDone: ["Device {device:x} is done with block {block}.", "设备 {device:x} 完成了块 {block} 的读写。"],

  ExitBegin: ["do_exit: {who} ends with code {code:x}.", "do_exit：{who} 退出，退出码 {code:x}。"],
  ExitFiles: ["{who} lets go of {files} open files, its directories and its program file.", "{who} 释放 {files} 个打开的文件、当前目录和可执行文件的 i 节点。"],
  ExitZombie: ["{who} is a zombie: only its task_struct is left, until its father {father} asks for it.", "{who} 成为僵死进程：只剩 task_struct，等待父进程 {father} 处理。"],
  WaitFound: ["waitpid: {who} finds that its child {number} in slot {slot} has status {status:x}.", "waitpid：{who} 发现任务 {slot} 的子进程 {number}，状态码 {status:x}。"],
  Release: ["release: task[{slot}] is empty, page {page} with the task_struct of process {number} goes back. The next process may have slot {slot} and its linear space.", "release：task[{slot}] 清空，归还进程 {number} 的 task_struct 所在页面 {page}。后来的进程可以再用任务项 {slot} 及其线性地址空间。"],
};

// Words of the page itself.
const WORDS = {
  title: ["What the kernel did", "内核做了什么"],
  program: ["Program", "程序"], agreed: ["Checked: {events} events; at the end {tasks} tasks, {tables} page tables, {entries} mapped pages and {counts} counts agree with the kernel's tables.", "核对：共 {events} 个事件；结束时 {tasks} 个任务、{tables} 个页表、{entries} 个已映射页面和 {counts} 个引用计数都与内核自己的表一致。"], event: ["Event", "事件"],
  of: ["of", "/"], tick: ["tick", "滴答"], time: ["time", "时间"], ours: ["Here", "本内核"], old: ["In 0.11", "0.11 中"],
  none: ["not in 0.11", "0.11 没有"], timeline: ["Timeline", "时间线"], slots: ["Linear space: 64 slots of 64 MB", "线性地址空间：64 × 64 MB"],
  memory: ["Physical memory: mem_map", "物理内存：mem_map"], walk: ["Directory → table → page", "页目录 → 页表 → 页面"],
  stories: ["Stories", "故事"], free_run: ["All events", "全部事件"], prev: ["Back", "上一步"], next: ["Next", "下一步"],
  slot: ["slot", "任务"], empty: ["empty", "空"], pages: ["pages", "页"], address: ["Address", "地址"], linear: ["linear", "线性地址"],
  follow: ["follow the events", "跟随事件"], kind: ["Kinds", "种类"], all: ["all", "全部"],
  directory: ["page directory entry", "页目录项"], table: ["page table entry", "页表项"], page: ["page", "页面"], offset: ["offset", "页内偏移"],
  absent: ["P is 0: nothing is mapped, an access is a page fault.", "P 为 0：没有映射，访问会产生缺页中断。"],
  P1: ["present", "存在"], P0: ["not present", "不存在"], W1: ["writable", "可读可写"], W0: ["read-only", "只读"],
  U1: ["all privilege levels", "所有特权级可访问"], U0: ["not for level 3", "特权级 3 不可访问"], A1: ["accessed", "已访问"], A0: ["not accessed", "未访问"],
  D1: ["written to", "已写过"], D0: ["not written to", "未写过"],
  count: ["count", "引用计数"], owner: ["owner", "所有者"], ad_note: ["The CPU sets A and D by itself; they are shown as the kernel last saw them.", "A 和 D 位由 CPU 自行设置，这里显示内核最后一次看到的值。"],
  free: ["free", "空闲"], task_page: ["task_struct", "task_struct"], table_page: ["page table", "页表"], kernel_page: ["kernel", "内核"], shared: ["shared", "共享"], notmain: ["not main memory", "非主内存"],
  running: ["running", "运行"], ready: ["ready", "就绪"], sleeping: ["sleeping", "睡眠"], fault: ["page fault", "页面出错处理"], syscall: ["system call", "系统调用"], zombie: ["zombie", "僵死"], stopped: ["stopped", "停止"],
  keys: ["Keys: ← → event, ⇧ 10, PgUp PgDn 100, Home End; n p story step; + − zoom; l language, d dark; Tab to mem_map: arrows choose a page", "按键：← → 逐个事件，⇧ 10 个，PgUp PgDn 100 个，Home End；n p 故事步骤；+ − 缩放；l 语言，d 深色；用 Tab 选中 mem_map 后，方向键选择页面"],
  language: ["中文", "English"], dark: ["dark / light", "深色 / 浅色"], click: ["Click a slot, one of its pages, mem_map, a step of the story or the timeline.", "可点击任务、任务的页面、mem_map、故事步骤或时间线。"],
  agrees: ["At this event the page's tables equal the kernel's.", "在此事件处，本页各表与内核自己的表一致。"], differs: ["The page's tables differ from the kernel's!", "本页各表与内核的表不一致！"],
  low: ["identity-mapped: linear = physical", "恒等映射：线性地址 = 物理地址"],
};

// The kinds of events, for readers of Chinese; English has the words of `trace -e`.
const KINDS = {
  boot: "启动", fork: "创建进程", exec: "执行程序", mm: "页表与页面出错", page: "页面分配与释放", sched: "调度",
  sleep: "睡眠与唤醒", signal: "信号", sys: "系统调用", block: "块设备与高速缓冲", exit: "退出",
};

const CALLS = ("setup exit fork read write open close waitpid creat link unlink execve chdir time mknod chmod chown break stat lseek getpid mount umount setuid getuid stime ptrace alarm fstat pause utime stty gtty access nice ftime sync kill rename mkdir rmdir dup pipe times prof brk setgid getgid signal geteuid getegid acct phys lock ioctl fcntl mpx setpgid ulimit uname umask chroot ustat dup2 getppid getpgrp setsid sigaction sgetmask ssetmask setreuid setregid sigsuspend sigpending sethostname setrlimit getrlimit getrusage gettimeofday settimeofday getgroups setgroups select symlink lstat readlink uselib ? reboot").split(' ');
const SIGNALS = "? SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU ? SIGXCPU SIGXFSZ ? ? SIGWINCH".split(' ');
const STATES = [["running", "就绪或运行"], ["asleep (interruptible)", "可中断睡眠"], ["asleep (uninterruptible)", "不可中断睡眠"], ["zombie", "僵死"], ["stopped", "停止"]];
const WHY = [["still runnable: its time is up, or it is idle", "仍可运行：时间片用完或空闲"], ["it sleeps until an event or a signal", "睡眠，等待事件或信号"], ["it sleeps until an event", "睡眠，等待事件"], ["it is a zombie", "已僵死"], ["it is stopped", "已停止"]];
