//! exec (0.11 `fs/exec.c`): nothing of the program is loaded here; its first
//! instruction faults, and `do_no_page` brings the page.

use crate::arch::desc::Descriptor;
use crate::arch::system::load_user_segments;
use crate::fs::buffer::{BLOCK_SIZE, bread};
use crate::fs::inode::InodeRef;
use crate::fs::namei::{MAY_EXEC, namei, namei_kernel, permission};
use crate::fs::{S_ISGID, S_ISUID};
use crate::kernel::errno::{
    E2BIG, EACCES, EFAULT, ENOENT, ENOEXEC, ENOMEM, ETXTBSY, Errno, SysResult,
};
use crate::kernel::sched::math_state_drop;
use crate::kernel::signal::{SIG_IGN, SIGKILL, SIGTRAP, SigAction};
use crate::kernel::task::{NR_OPEN, TASK_SIZE, Task, current};
use crate::kernel::trace::{self, abi::Event, trace};
use crate::kernel::traps::TrapFrame;
use crate::kernel::types::{Block, UserAddr};
use crate::mm::memory::{PAGE_SIZE, Page, free_page_tables, put_page};

/// Pages for arguments and environment: 128 KB, as in 0.11.
const MAX_ARG_PAGES: usize = 32;
/// The magic number of demand-paged programs (0.11 `ZMAGIC`).
const ZMAGIC: u32 = 0o413;
/// Longest `#!` line that is looked at, in bytes.
const SCRIPT_LINE_MAX: usize = 127;
/// Scripts whose interpreter is a script itself end here.
const SCRIPT_DEPTH_MAX: u32 = 4;

/// The header of a program (0.11 `include/a.out.h`, `struct exec`).
#[derive(Clone, Copy)]
#[repr(C)]
struct Exec {
    magic: u32,
    text: u32,
    data: u32,
    bss: u32,
    syms: u32,
    entry: u32,
    trsize: u32,
    drsize: u32,
}

const _: () = assert!(size_of::<Exec>() == 32);

impl Exec {
    /// Reads the header from the first bytes of a file.
    fn parse(block: &[u8; BLOCK_SIZE]) -> Exec {
        let word = |index: usize| {
            let at = index * 4;
            u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
        };
        Exec {
            magic: word(0),
            text: word(1),
            data: word(2),
            bss: word(3),
            syms: word(4),
            entry: word(5),
            trsize: word(6),
            drsize: word(7),
        }
    }

    /// May `file_size` bytes with this header be run (the checks in the middle
    /// of 0.11 `do_execve`)? Text begins in the second block; all of it must
    /// fit the slot and leave room for arguments.
    fn check(&self, file_size: u32) -> Result<(), Errno> {
        let sum = |parts: &[u32]| {
            parts
                .iter()
                .try_fold(0u32, |sum, &part| sum.checked_add(part))
        };
        let in_memory = sum(&[self.text, self.data, self.bss]).ok_or(ENOEXEC)?;
        let in_file = sum(&[self.text, self.data, self.syms, BLOCK_SIZE as u32]).ok_or(ENOEXEC)?;
        let fits = in_memory <= TASK_SIZE - MAX_ARG_PAGES as u32 * PAGE_SIZE - PAGE_SIZE;
        let plain = self.magic == ZMAGIC && self.trsize == 0 && self.drsize == 0;
        if plain && fits && file_size >= in_file && self.entry < self.text.max(1) {
            Ok(())
        } else {
            Err(ENOEXEC)
        }
    }
}

/// The file whose pages `task` is made of, counted so that it is known which
/// files are being executed.
///
/// Erratum `exec-5`.
pub fn set_executable(task: &Task, file: Option<InodeRef>) {
    if let Some(new) = &file {
        new.i_text.set(new.i_text.get() + 1);
    }
    if let Some(old) = task.executable.replace(file) {
        old.i_text.set(old.i_text.get() - 1);
    }
}

/// The new program's arguments and environment, as they will lie at the end of
/// its slot.
struct Arguments {
    page: [Option<Page>; MAX_ARG_PAGES],
    /// Offset of the first used byte (0.11 `p`).
    p: u32,
}

impl Arguments {
    const SIZE: u32 = MAX_ARG_PAGES as u32 * PAGE_SIZE;

    fn new() -> Self {
        // The last word stays free, as in 0.11.
        Arguments {
            page: [const { None }; MAX_ARG_PAGES],
            p: Self::SIZE - 4,
        }
    }

    /// The page that holds offset `at`.
    fn page_at(&mut self, at: u32) -> Result<&mut Page, Errno> {
        let place = self.page.get_mut((at / PAGE_SIZE) as usize).ok_or(E2BIG)?;
        if place.is_none() {
            *place = Some(Page::zeroed().ok_or(ENOMEM)?);
        }
        place.as_mut().ok_or(ENOMEM)
    }

    /// Room for a string of `len` bytes and its final 0, below what is there.
    ///
    /// Erratum `exec-1`.
    fn reserve(&mut self, len: u32) -> Result<u32, Errno> {
        self.p = self.p.checked_sub(len + 1).ok_or(E2BIG)?;
        // Offset 0 stays unused, so that the pointers below have a page's room.
        Ok(self.p)
    }

    /// Puts the `len` bytes of the running program at `from` below what is
    /// there.
    fn push_user(&mut self, from: UserAddr, len: u32) -> Result<(), Errno> {
        let mut at = self.reserve(len)?;
        let (mut from, mut left) = (from, len);
        while left > 0 {
            let part = left.min(PAGE_SIZE - at % PAGE_SIZE);
            let start = (at % PAGE_SIZE) as usize;
            let page = self.page_at(at)?;
            from.slice(part)?
                .copy_in(&mut page.data_mut()[start..start + part as usize])?;
            (at, from, left) = (at + part, from.add(part), left - part);
        }
        self.page_at(at).map(|_| ()) // the final 0: pages come cleared
    }

    /// Puts a string of the kernel's below what is there.
    fn push_kernel(&mut self, text: &[u8]) -> Result<(), Errno> {
        let at = self.reserve(text.len() as u32)?;
        for (offset, &byte) in (at..).zip(text.iter().chain(&[0])) {
            self.page_at(offset)?.data_mut()[(offset % PAGE_SIZE) as usize] = byte;
        }
        Ok(())
    }
}

/// Where the stack begins: below the strings at `p`, the tables of pointers to
/// them, and argc, argv and envp.
fn stack_pointer(p: u32, argc: u32, envc: u32) -> u32 {
    (p & !3) - 4 * (envc + 1) - 4 * (argc + 1) - 12
}

/// Writes the tables of pointers to arguments and environment below the
/// strings, and argc, argv and envp below those (0.11 `create_tables`). `p` is
/// where the strings begin.
///
/// # Errors
/// `ENOMEM`, `EFAULT`.
fn create_tables(p: u32, argc: u32, envc: u32) -> Result<(), Errno> {
    let sp = stack_pointer(p, argc, envc);
    let argv = sp + 12;
    let envp = argv + 4 * (argc + 1);
    UserAddr(sp).write(&[argc, argv, envp])?;
    let mut string = p;
    for (table, entries) in [(argv, argc), (envp, envc)] {
        for index in 0..entries {
            UserAddr(table + 4 * index).write(&string)?;
            string += strlen(UserAddr(string))? + 1;
        }
        UserAddr(table + 4 * entries).write(&0u32)?;
    }
    Ok(())
}

/// How long the string at `from` is, without its final 0.
///
/// # Errors
/// `EFAULT`, `ENOMEM`.
fn strlen(from: UserAddr) -> Result<u32, Errno> {
    let limit = current().data_limit();
    let mut at = from.0;
    while at < limit {
        let len = (PAGE_SIZE - at % PAGE_SIZE).min(limit - at);
        let mut end = None;
        UserAddr(at)
            .slice(len)?
            .read_pages(|_, chunk| end = chunk.find_zero())?;
        if let Some(end) = end {
            return Ok(at - from.0 + end);
        }
        at += len;
    }
    Err(EFAULT)
}

/// How many pointers there are in the table at `argv`, up to a null one (0.11
/// `count`).
///
/// # Errors
/// `E2BIG` for more than could have room for their strings, `EFAULT`.
fn count(argv: UserAddr) -> Result<u32, Errno> {
    if argv.is_null() {
        return Ok(0);
    }
    for index in 0..Arguments::SIZE {
        if argv.add(4 * index).read::<u32>()? == 0 {
            return Ok(index);
        }
    }
    Err(E2BIG)
}

/// Copies the strings of the `argc` first pointers at `argv`, the last one
/// first (0.11 `copy_strings`, whose check for overflow never strikes).
///
/// # Errors
/// `E2BIG`, `EFAULT`, `ENOMEM`.
fn copy_strings(arguments: &mut Arguments, argc: u32, argv: UserAddr) -> Result<(), Errno> {
    for index in (0..argc).rev() {
        let string = UserAddr(argv.add(4 * index).read::<u32>()?);
        let len = strlen(string)?;
        arguments.push_user(string, len)?;
    }
    Ok(())
}

/// Gives `task` the segments of a program and maps the argument pages at their
/// end (0.11 `change_ldt`). Both reach to the end of the slot: the stack needs
/// the data segment, and 0.11's limit for code, the text alone, would forbid
/// programs that run code from their data.
///
/// # Errors
/// `ENOMEM`.
fn change_ldt(task: &Task, arguments: &mut Arguments) -> Result<(), Errno> {
    let base = task.start_code.get();
    let pages = TASK_SIZE / PAGE_SIZE;
    task.set_segments(
        Descriptor::user(base, pages, true),
        Descriptor::user(base, pages, false),
    );
    load_user_segments();
    trace!(ExecLdt, base.0, TASK_SIZE, TASK_SIZE);
    let first = TASK_SIZE - Arguments::SIZE;
    for (index, place) in arguments.page.iter_mut().enumerate() {
        if let Some(page) = place.take() {
            put_page(task, page, UserAddr(first + index as u32 * PAGE_SIZE), true)?;
        }
    }
    Ok(())
}

/// May the running process execute `inode`?
///
/// # Errors
/// `EACCES`; `ETXTBSY` while someone has it open for writing.
fn check_executable(inode: &InodeRef) -> Result<(), Errno> {
    let mode = inode.i_mode.get();
    if !inode.is_regular() || mode & 0o111 == 0 || !permission(inode, MAY_EXEC) {
        return Err(EACCES);
    }
    if inode.is_open_for_writing() {
        return Err(ETXTBSY);
    }
    Ok(())
}

/// A `#!` line: the interpreter and at most one argument, in a buffer.
struct ScriptLine {
    text: [u8; SCRIPT_LINE_MAX],
    interpreter: (usize, usize),
    argument: Option<(usize, usize)>,
}

impl ScriptLine {
    /// Reads the line from the first block of a script. `None` if it does not
    /// begin with `#!`.
    ///
    /// # Errors
    /// `ENOEXEC` if no interpreter is named.
    #[inline(never)] // its copies of the line are gone before exec goes on
    fn parse(block: &[u8; BLOCK_SIZE]) -> Result<Option<ScriptLine>, Errno> {
        if !block.starts_with(b"#!") {
            return Ok(None);
        }
        let mut text = [0; SCRIPT_LINE_MAX];
        text.copy_from_slice(&block[2..2 + SCRIPT_LINE_MAX]);
        let end = text
            .iter()
            .position(|&b| b == b'\n' || b == 0)
            .ok_or(ENOEXEC)?;
        let is_blank = |&byte: &u8| byte == b' ' || byte == b'\t';
        let skip = |from: usize| from + text[from..end].iter().take_while(|b| is_blank(b)).count();
        let start = skip(0);
        let stop = start + text[start..end].iter().take_while(|b| !is_blank(b)).count();
        if start == stop {
            return Err(ENOEXEC);
        }
        let rest = skip(stop);
        let rest_end = end
            - text[rest..end]
                .iter()
                .rev()
                .take_while(|b| is_blank(b))
                .count();
        let argument = (rest < rest_end).then_some((rest, rest_end));
        Ok(Some(ScriptLine {
            text,
            interpreter: (start, stop),
            argument,
        }))
    }

    fn interpreter(&self) -> &[u8] {
        &self.text[self.interpreter.0..self.interpreter.1]
    }

    fn argument(&self) -> Option<&[u8]> {
        self.argument.map(|(start, end)| &self.text[start..end])
    }
}

/// The last part of a path, for `ps`.
fn base_name(path: &[u8]) -> [u8; 16] {
    let start = path
        .iter()
        .rposition(|&byte| byte == b'/')
        .map_or(0, |slash| slash + 1);
    let mut name = [0; 16];
    for (to, &from) in name[..15].iter_mut().zip(&path[start..]) {
        *to = if from.is_ascii_graphic() { from } else { b'?' };
    }
    name
}

/// The base name of the path that the program passed.
fn user_base_name(path: UserAddr) -> Result<[u8; 16], Errno> {
    const TAIL: u32 = 15;
    let len = strlen(path)?;
    let skip = len.saturating_sub(TAIL);
    let mut tail = [0; TAIL as usize];
    let part = (len - skip) as usize;
    path.add(skip)
        .slice(len - skip)?
        .copy_in(&mut tail[..part])?;
    Ok(base_name(&tail[..part]))
}

/// What exec has found out before it gives up the old program.
struct Image<'a> {
    inode: InodeRef,
    header: Exec,
    arguments: &'a mut Arguments,
    argc: u32,
    envc: u32,
    euid: u16,
    egid: u16,
    name: [u8; 16],
}

/// Finds the program, follows `#!` lines, checks headers and collects the
/// strings: the part of 0.11 `do_execve` that can fail.
#[inline(always)]
fn prepare(
    arguments: &mut Arguments,
    filename: UserAddr,
    argv: UserAddr,
    envp: UserAddr,
) -> Result<Image<'_>, Errno> {
    let task = current();
    let inode = namei(filename)?;
    let name = user_base_name(filename)?;
    check_executable(&inode)?;
    let (argc, envc) = (count(argv)?, count(envp)?);
    let (euid, egid) = (task.euid.get(), task.egid.get());
    let header = Exec {
        magic: 0,
        text: 0,
        data: 0,
        bss: 0,
        syms: 0,
        entry: 0,
        trsize: 0,
        drsize: 0,
    };
    let mut image = Image {
        inode,
        header,
        arguments,
        argc,
        envc,
        euid,
        egid,
        name,
    };
    copy_strings(image.arguments, envc, envp)?;
    copy_script_arguments(&mut image, filename, argv)?;
    set_ids(&mut image);
    Ok(image)
}

/// The ids that the program's owner lends to who executes it. A script's set-id
/// bits do not count: between the look at it and the interpreter's, its name may
/// get another file. Who is traced gains no rights: the tracer would have them.
fn set_ids(image: &mut Image) {
    let inode = &image.inode;
    let mode = if current().is_traced() {
        0
    } else {
        inode.i_mode.get()
    };
    if mode & S_ISUID != 0 {
        image.euid = inode.i_uid.get();
    }
    if mode & S_ISGID != 0 {
        image.egid = inode.i_gid.get() as u16;
    }
}

/// Reads the header. For a script: puts the interpreter's arguments and the
/// script's name before the rest, and goes on with the interpreter.
///
/// Erratum `exec-2`.
fn copy_script_arguments(
    image: &mut Image<'_>,
    filename: UserAddr,
    argv: UserAddr,
) -> Result<(), Errno> {
    for depth in 0..=SCRIPT_DEPTH_MAX {
        let block = image.inode.bmap(0)?;
        if block == Block(0) {
            return Err(ENOEXEC);
        }
        let buffer = bread(image.inode.i_dev.get(), block)?;
        let parsed = ScriptLine::parse(&buffer.data());
        // By reference: a moved line would lie on the stack twice.
        let script = match &parsed {
            Ok(Some(script)) => script,
            Ok(None) => {
                if depth == 0 {
                    copy_strings(image.arguments, image.argc, argv)?;
                }
                image.header = Exec::parse(&buffer.data());
                return image.header.check(image.inode.i_size.get());
            }
            Err(error) => return Err(*error),
        };
        drop(buffer);
        if depth == 0 {
            // argv[0] gives way to the script's name.
            let rest = image.argc.saturating_sub(1);
            copy_strings(image.arguments, rest, argv.add(4))?;
            let len = strlen(filename)?;
            image.arguments.push_user(filename, len)?;
            image.argc = rest + 1;
        }
        if let Some(argument) = script.argument() {
            image.arguments.push_kernel(argument)?;
            image.argc += 1;
        }
        image.arguments.push_kernel(script.interpreter())?;
        image.argc += 1;
        image.inode = namei_kernel(script.interpreter()).map_err(|_| ENOENT)?;
        check_executable(&image.inode)?;
    }
    Err(ENOEXEC)
}

/// Records what will be executed.
#[inline(always)]
fn trace_image(image: &Image) {
    if trace::wants(Event::ExecFile) {
        trace_found(image);
    }
}

#[cold]
#[inline(never)]
fn trace_found(image: &Image) {
    let Image { inode, header, .. } = image;
    let name = trace::words(image.name);
    trace!(ExecFile, name[0], name[1], name[2], name[3]);
    trace!(
        ExecInode,
        inode.i_dev.get().0,
        inode.i_num.get().0,
        inode.i_size.get(),
        inode.i_mode.get()
    );
    trace!(
        ExecHeader,
        header.text, header.data, header.bss, header.entry
    );
    let pages = image.arguments.page.iter().flatten().count();
    trace!(ExecArgs, image.argc, image.envc, image.arguments.p, pages);
}

/// Records what has become of the task.
#[inline(always)]
fn trace_end(image: &Image, sp: u32) {
    if trace::wants(Event::ExecDone) {
        trace_task(image, sp);
    }
}

#[cold]
#[inline(never)]
fn trace_task(image: &Image, sp: u32) {
    let task = current();
    trace!(
        ExecTask,
        task.end_code.get(),
        task.end_data.get(),
        task.brk.get().0,
        task.start_stack.get().0
    );
    trace!(ExecDone, image.header.entry, sp, image.argc, image.envc);
}

// ANCHOR: replace
/// Replaces the old program by the new one: the part of 0.11 `do_execve`
/// behind the point of no return.
///
/// # Errors
/// `ENOMEM`: the process cannot go on.
///
/// Erratum `exec-3`.
/// Erratum `exec-4`.
fn replace(frame: &mut TrapFrame, image: &mut Image<'_>) -> Result<(), Errno> {
    let task = current();
    // No sleep until the new file is ours: or another process that runs it
    // would find us running it too, and share the old program's pages.
    trace_image(image); // Traced: ExecFile, ExecInode, ExecHeader, ExecArgs.
    for action in &task.sigaction {
        if action.get().handler != SIG_IGN {
            action.set(SigAction::DEFAULT);
        }
    }
    trace!(ExecSignals, task.close_on_exec.get());
    free_page_tables(&task);
    set_executable(&task, Some(image.inode.clone()));
    for fd in 0..NR_OPEN {
        if task.close_on_exec.get() & 1 << fd != 0 {
            drop(task.filp[fd].take());
        }
    }
    task.close_on_exec.set(0);
    math_state_drop(&task);
    let header = &image.header;
    task.end_code.set(header.text);
    task.end_data.set(header.text + header.data);
    task.brk
        .set(UserAddr(header.text + header.data + header.bss));
    let p = TASK_SIZE - Arguments::SIZE + image.arguments.p;
    // All that `create_tables` writes lies in the stack, whatever esp is yet.
    let sp = stack_pointer(p, image.argc, image.envc);
    task.start_stack.set(UserAddr(sp & !(PAGE_SIZE - 1)));
    task.euid.set(image.euid);
    task.suid.set(image.euid);
    task.egid.set(image.egid);
    task.sgid.set(image.egid);
    task.comm.set(image.name);
    change_ldt(&task, image.arguments)?;
    create_tables(p, image.argc, image.envc)?;
    trace_end(image, sp); // Traced: ExecTask, ExecDone.
    frame.eip = header.entry;
    frame.esp = sp;
    if task.is_traced() {
        task.raise(SIGTRAP);
    }
    Ok(())
}
// ANCHOR_END: replace

/// Executes the file whose name is in ebx with arguments ecx and environment
/// edx (0.11 `sys_execve` and `do_execve`).
///
/// # Errors
/// `ENOENT` and what else `namei` returns; `EACCES`, `ENOEXEC`, `E2BIG`,
/// `ETXTBSY`, `EFAULT`, `ENOMEM`. The old program goes on then.
pub fn sys_execve(frame: &mut TrapFrame) -> SysResult {
    let (filename, argv, envp) = (
        UserAddr(frame.ebx),
        UserAddr(frame.ecx),
        UserAddr(frame.edx),
    );
    // Its pages' table lies here, once: the image is moved, the stack is small.
    let mut arguments = Arguments::new();
    let mut image = prepare(&mut arguments, filename, argv, envp)?;
    // Again: someone may have opened it while we slept. From here to the point
    // where it counts as executed there is no sleep.
    if image.inode.is_open_for_writing() {
        return Err(ETXTBSY);
    }
    if replace(frame, &mut image).is_err() {
        current().raise(SIGKILL);
        return Err(ENOMEM);
    }
    Ok(0)
}
