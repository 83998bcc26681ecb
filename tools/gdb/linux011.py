"""gdb commands for this kernel. `make gdb` loads them; `help kernel` lists them.

They read the kernel's own tables, by the types that the compiler describes in
the ELF file; nothing is called in the guest. Kernel addresses are linear and
physical at once; a program's addresses are offsets in its slot of 64 MB, so
what a program sees at 0x1000 is at base + 0x1000 for gdb.
"""

import os
import re
import struct

import gdb

PAGE = 4096
SLOT = 64 << 20
LOW_MEM = 1 << 20
USED = 100
STATES = {0: "R", 1: "S", 2: "D", 3: "Z", 4: "T"}
# Where a program's ELF file may be, from the repository's root.
PROGRAMS = ("build/elf/user", "build/elf/c", "build/elf/test")


def complain(text):
    raise gdb.GdbError(text)


def quietly(order):
    """Runs the machine without gdb's own report: it takes a program's offset for a
    kernel address."""
    gdb.execute("with suppress-cli-notifications on -- " + order, to_string=True)


def memory(address, size):
    """`size` bytes at linear `address`."""
    try:
        return bytes(gdb.selected_inferior().read_memory(address, size))
    except gdb.MemoryError:
        complain("nothing is mapped at %#x" % address)


def word(address):
    return struct.unpack("<I", memory(address, 4))[0]


def number(value, signed=False):
    """The integer in a cell or newtype, however deep it is wrapped."""
    raw = memory(int(value.address), value.type.sizeof)
    return int.from_bytes(raw, "little", signed=signed)


def static(path):
    """One of the kernel's statics, as `mm::page::MEM_MAP`."""
    language = gdb.parameter("language")
    gdb.execute("set language rust", to_string=True)
    try:
        return gdb.parse_and_eval("linux011::" + path)
    except gdb.error as error:
        complain("%s: is this the kernel's ELF file?" % error)
    finally:
        gdb.execute("set language " + language, to_string=True)


def typed(address, path):
    return gdb.Value(address).cast(gdb.lookup_type("linux011::" + path).pointer()).dereference()


class Task:
    """A slot's task."""

    def __init__(self, address):
        self.address = address
        self.value = typed(address, "kernel::task::Task")

    def get(self, name, signed=False):
        return number(self.value[name], signed)

    def list(self, name, size=4):
        raw = memory(int(self.value[name].address), self.value[name].type.sizeof)
        return [int.from_bytes(raw[at : at + size], "little") for at in range(0, len(raw), size)]

    def name(self):
        raw = memory(int(self.value["comm"].address), 16)
        return raw.split(b"\0")[0].decode("latin1")

    def nr(self):
        return self.get("nr")

    def base(self):
        return self.get("start_code")

    def tss(self):
        names = (
            "back_link esp0 ss0 esp1 ss1 esp2 ss2 cr3 eip eflags eax ecx edx ebx esp ebp esi "
            "edi es cs ss ds fs gs ldt"
        ).split()
        raw = memory(int(self.value["tss"].address), 4 * len(names))
        return dict(zip(names, struct.unpack("<%dI" % len(names), raw)))

    def pages(self):
        """(page number in the slot, entry) of each mapped page."""
        limit = 160 if self.nr() == 0 else SLOT // PAGE
        found = []
        for table in range(16):
            directory = word((self.base() // (4 << 20) + table) * 4)
            if not directory & 1:
                continue
            entries = struct.unpack("<1024I", memory(directory & ~0xFFF, PAGE))
            for index, entry in enumerate(entries):
                page = table * 1024 + index
                if entry & 1 and page < limit:
                    found.append((page, entry))
        return found


def tasks():
    table = static("kernel::task::TABLE")
    words = struct.unpack("<64I", memory(int(table.address), 256))
    return [Task(address) for address in words if address]


def current():
    address = number(static("kernel::task::CURRENT"))
    if not address:
        complain("no task yet: `hbreak main`, `c`, then go on until `sched_init` has run")
    return Task(address)


def task_of(text):
    """The task in the slot, or with the process number after `pid`."""
    words = text.split()
    if not words:
        return current()
    by_pid = words[0] == "pid"
    wanted = int(words[-1], 0)
    for task in tasks():
        if wanted == (task.get("pid") if by_pid else task.nr()):
            return task
    complain("no task %s: `ps` lists them" % text)


def in_user_mode():
    return int(gdb.parse_and_eval("$cs")) & 3 == 3


def symbol_at(address):
    text = gdb.execute("info symbol %#x" % address, to_string=True).strip()
    return None if text.startswith("No symbol") else text.split(" in section")[0]


def place_of(address):
    """Function and line at a linear address."""
    line = gdb.find_pc_line(address)
    where = symbol_at(address) or "?"
    if line.symtab and line.line:
        # Paths are seen from the crate root, init/main.rs.
        where += " at %s:%d" % (line.symtab.filename.replace("init/../", ""), line.line)
    return where


class Kernel(gdb.Command):
    """Commands that know this kernel: ps, task, pagetable, memmap, buffers, inodes,
    program, fault, ustep, ustepi, uwhere, ucontinue. `help NAME` explains each."""

    def __init__(self):
        super().__init__("kernel", gdb.COMMAND_USER, prefix=True)

    def invoke(self, argument, from_tty):
        gdb.execute("help kernel")


def command(name):
    """Makes a gdb command of a function; its doc string is the help."""

    def make(function):
        class Made(gdb.Command):
            __doc__ = function.__doc__

            def __init__(self):
                super().__init__(name, gdb.COMMAND_USER)

            def invoke(self, argument, from_tty):
                self.dont_repeat()
                function(argument.strip())

        Made()
        return function

    return make


@command("ps")
def ps(_):
    """All tasks: slot, process, father, state, ticks left, pages, program.
    A star marks the running one."""
    running = number(static("kernel::task::CURRENT"))
    print("   SLOT   PID  PPID  PGRP STATE  CNT PAGES  BASE      NAME")
    for task in tasks():
        print(
            " %s %4d %5d %5d %5d   %s   %4d %5d  %08x  %s"
            % (
                "*" if task.address == running else " ",
                task.nr(),
                task.get("pid"),
                task.get("father", True),
                task.get("pgrp"),
                STATES.get(task.get("state"), "?"),
                task.get("counter", True),
                len(task.pages()),
                task.base(),
                task.name(),
            )
        )


@command("task")
def show_task(argument):
    """task [SLOT | pid PID]: all about a task, the running one if none is named."""
    task = task_of(argument)
    get = task.get
    print("slot %d, pid %d, %s: task_struct at %#x" % (task.nr(), get("pid"), task.name(), task.address))
    print(
        "  state %s, counter %d, priority %d, father %d, group %d, session %d, tty %d"
        % (
            STATES.get(get("state"), "?"),
            get("counter", True),
            get("priority", True),
            get("father", True),
            get("pgrp"),
            get("session"),
            get("tty", True),
        )
    )
    print(
        "  uid %d/%d/%d, gid %d/%d/%d, umask %03o"
        % tuple(get(n) for n in ("uid", "euid", "suid", "gid", "egid", "sgid", "umask"))
    )
    print("  signals %08x, blocked %08x, alarm %d" % (get("signal"), get("blocked"), get("alarm")))
    print("  ticks: user %d, kernel %d, began at %d" % (get("utime"), get("stime"), get("start_time")))
    print(
        "  base %08x, text to %#x, data to %#x, heap to %#x, stack from %#x, %d pages"
        % (
            task.base(),
            get("end_code"),
            get("end_data"),
            get("brk"),
            get("start_stack"),
            len(task.pages()),
        )
    )
    print("  GDT: TSS %d, LDT %d" % (4 + 2 * task.nr(), 5 + 2 * task.nr()))
    tss = task.tss()
    if task.address == number(static("kernel::task::CURRENT")):
        print("  on the CPU: the registers are gdb's; its TSS is what it last left")
    print("  TSS: eip %04x:%08x esp %04x:%08x ebp %08x eflags %08x esp0 %08x" % tuple(
        tss[n] for n in ("cs", "eip", "ss", "esp", "ebp", "eflags", "esp0")))
    if tss["cs"] & 3 == 0 and tss["eip"]:
        print("       in the kernel: " + place_of(tss["eip"]))
        trace_back(task, tss["ebp"])
    files = task.list("filp")
    print("  files: " + (" ".join("%d" % fd for fd, file in enumerate(files) if file) or "none"))


def trace_back(task, frame):
    """The chain of frames on the task's kernel stack, which is one page."""
    while frame & ~0xFFF == task.address and frame & 3 == 0 and frame & 0xFFF <= 0xFF8:
        following, back = struct.unpack("<2I", memory(frame, 8))
        if not back:
            break
        print("       called at %08x: %s" % (back, place_of(back - 1)))
        if following <= frame:
            break
        frame = following


def flags(entry):
    bits = ((0, "P"), (1, "W"), (2, "U"), (5, "A"), (6, "D"))
    return "".join(name if entry >> bit & 1 else "-" for bit, name in bits)


def count_of(page):
    index = (page - LOW_MEM) // PAGE
    counts = static("mm::page::MEM_MAP")["count"]
    if page < LOW_MEM or index >= counts.type.sizeof:
        return None
    return memory(int(counts.address) + index, 1)[0]


@command("pagetable")
def pagetable(argument):
    """pagetable ADDRESS [SLOT]: how an address becomes a physical one, entry by entry.

    Without a slot ADDRESS is linear; with one it is the program's, an offset in
    the slot. Flags: Present, Writable, User, Accessed, Dirty."""
    words = argument.split()
    if not words:
        complain("pagetable ADDRESS [SLOT]")
    address = int(gdb.parse_and_eval(words[0])) & 0xFFFFFFFF
    if len(words) > 1:
        address += task_of(words[1]).base()
    directory = address >> 22
    table = address >> 12 & 0x3FF
    print("linear %08x: slot %d, directory entry %d, table entry %d, offset %#x" % (
        address, address // SLOT, directory, table, address & 0xFFF))
    entry = word(directory * 4)
    print("  directory[%d] at %08x = %08x %s" % (directory, directory * 4, entry, flags(entry)))
    if not entry & 1:
        print("  no page table")
        return
    place = (entry & ~0xFFF) + table * 4
    entry = word(place)
    print("  table[%d] at %08x = %08x %s" % (table, place, entry, flags(entry)))
    if not entry & 1:
        print("  no page")
        return
    page = entry & ~0xFFF
    count = count_of(page)
    told = "the kernel's, not counted" if count is None else "mem_map count %d" % count
    print("  physical %08x: page %08x, %s" % (page + (address & 0xFFF), page, told))


@command("memmap")
def memmap(_):
    """mem_map, a character per page from 1 MB up: a dot is free, a digit how many
    refer to the page (+ from 10 on), # what is not main memory; 64 to a line."""
    counts = static("mm::page::MEM_MAP")["count"]
    raw = memory(int(counts.address), counts.type.sizeof)
    end = len(raw)
    while end and raw[end - 1] == USED:
        end -= 1
    show = lambda n: "." if n == 0 else "#" if n == USED else str(n) if n < 10 else "+"
    last = None
    for start in range(0, end, 64):
        line = "".join(show(n) for n in raw[start : start + 64])
        if line == last and set(line) <= {".", "#"}:
            continue
        last = line
        print("%08x %s" % (LOW_MEM + start * PAGE, line))
    free = raw.count(0)
    shared = sum(1 for n in raw if 1 < n < USED)
    used = sum(1 for n in raw if 0 < n < USED)
    print("%d pages free, %d in use, %d of them shared; lines like the one above are left out" % (
        free, used, shared))


@command("buffers")
def buffers(argument):
    """buffers [all]: the buffer cache: those in use, locked or dirty; with all,
    each that holds a block."""
    cache = static("fs::buffer::CACHE")
    start = number(cache["start"])
    count = number(cache["count"])
    size = gdb.lookup_type("linux011::fs::buffer::BufferHead").sizeof
    held = used = dirty = 0
    print("BUFFER   DEV   BLOCK COUNT STATE  DATA")
    for index in range(count):
        head = typed(start + index * size, "fs::buffer::BufferHead")
        dev = number(head["b_dev"])
        if dev in (0, 0xFFFF):
            continue
        held += 1
        users = number(head["b_count"])
        bits = [number(head[n]) for n in ("b_uptodate", "b_dirt", "b_lock")]
        used += users > 0
        dirty += bits[1]
        if argument == "all" or users or bits[1] or bits[2]:
            state = "".join(c if bit else "-" for bit, c in zip(bits, "UDL"))
            print("%08x %04x %6d %5d  %s   %08x" % (
                start + index * size, dev, number(head["b_blocknr"]), users, state, number(head["data"])))
    print("%d buffers, %d with a block, %d in use, %d dirty (U up to date, D dirty, L locked)" % (
        count, held, used, dirty))


@command("inodes")
def inodes(_):
    """The inodes in memory: device, number, references, mode, links, size."""
    table = static("fs::inode::INODE_TABLE")
    size = gdb.lookup_type("linux011::fs::inode::Inode").sizeof
    shown = 0
    print("INODE    DEV  NUMBER COUNT  MODE LINKS     SIZE STATE")
    for index in range(table.type.sizeof // size):
        inode = typed(int(table.address) + index * size, "fs::inode::Inode")
        get = lambda name: number(inode[name])
        if not get("i_count"):
            continue
        shown += 1
        state = [word for word, name in (
            ("dirty", "i_dirt"), ("mount point", "i_mount"), ("pipe", "i_pipe"), ("program", "i_text"),
        ) if get(name)]
        print("%08x %04x %6d %5d %06o %4d %8d %s" % (
            int(inode.address), get("i_dev"), get("i_num"), get("i_count"), get("i_mode"),
            get("i_nlinks"), get("i_size"), ", ".join(state)))
    print("%d of %d in use" % (shown, table.type.sizeof // size))


# --- The running program -------------------------------------------------------

loaded = {}


def file_of(task):
    """The ELF file of the program in `task`'s slot."""
    for folder in PROGRAMS:
        path = os.path.join(folder, task.name())
        if os.path.exists(path):
            return path
    complain("no ELF file for %s in %s: program %s FILE" % (
        task.name(), ", ".join(PROGRAMS), task.name()))


def load_symbols(task, file=None):
    """Adds the symbols of the program in `task`'s slot, at its base."""
    file = file or file_of(task)
    if loaded.get(task.nr()) != file:
        if task.nr() in loaded:
            gdb.execute("remove-symbol-file -a %#x" % (task.base() + entry_of(loaded[task.nr()])),
                        to_string=True)
        gdb.execute("add-symbol-file %s -o %#x" % (file, task.base()), to_string=True)
        loaded[task.nr()] = file
    print("symbols of %s at %08x" % (file, task.base()))


def entry_of(file):
    with open(file, "rb") as elf:
        return struct.unpack("<I", elf.read(28)[24:28])[0]


class FirstFault(gdb.Breakpoint):
    """Stops at the first page fault of a program that is called so: exec loads
    nothing, so its first instruction faults, with its name already in place."""

    def __init__(self, name):
        super().__init__("do_page_fault", internal=True)
        self.silent = True
        self.name = name

    def stop(self):
        return current().name() == self.name


def user_fault_pc():
    """Where the program was that has caused the page fault being handled."""
    return current().base() + struct.unpack("<16I", memory(current().address + PAGE - 64, 64))[11]


class Fault(gdb.Breakpoint):
    """Stops at the page faults of programs that are asked for."""

    def __init__(self, slot, write):
        super().__init__("do_page_fault", internal=True)
        self.silent = True
        self.slot = slot
        self.write = write

    def stop(self):
        error, from_user = fault_error()
        return (
            from_user
            and (self.slot is None or current().nr() == self.slot)
            and (not self.write or error & 3 == 3)
        )


def fault_error():
    """The error code of the page fault that is being handled, and whether a program
    caused it. The trap frame of an entry from ring 3 fills the top of the stack."""
    raw = memory(current().address + PAGE - 64, 64)
    words = struct.unpack("<16I", raw)
    return words[10], words[12] & 3 == 3 and words[10] < 8


@command("fault")
def fault(argument):
    """fault [SLOT] [write]: goes on to the next page fault of a program, of the one in
    that slot; with write, to the next write to a page that is there (copy on write)."""
    words = argument.split()
    slots = [int(word, 0) for word in words if word != "write"]
    point = Fault(slots[0] if slots else None, "write" in words)
    try:
        quietly("continue")
    finally:
        point.delete()
    task = current()
    error, _ = fault_error()
    address = int(gdb.parse_and_eval("$cr2")) & 0xFFFFFFFF
    print("slot %d, %s (pid %d): %s address %#x, the page is %s" % (
        task.nr(), task.name(), task.get("pid"), "writes to" if error & 2 else "reads from",
        address - task.base(), "there" if error & 1 else "absent"))


def stop_in_user(address):
    """Goes on until the instruction at a linear address is reached."""
    point = gdb.Breakpoint("*%#x" % address, internal=True, temporary=False)
    point.silent = True
    try:
        quietly("continue")
    finally:
        point.delete()


@command("program")
def program(argument):
    """program NAME [FILE]: goes on until a program called NAME begins, loads the
    symbols of its ELF file and stops at its first instruction.

    Start the program at the guest's prompt meanwhile. Then: ustep, ustepi, uwhere,
    ucontinue. Without NAME: the symbols of the program that runs now."""
    words = argument.split()
    if not words:
        load_symbols(current())
        uwhere("")
        return
    point = FirstFault(words[0])
    try:
        quietly("continue")
    finally:
        point.delete()
    task = current()
    if task.name() != words[0]:
        complain("stopped elsewhere, in %s" % task.name())
    load_symbols(task, words[1] if len(words) > 1 else None)
    stop_in_user(task.base() + entry_of(loaded[task.nr()]))
    uwhere("")


def user_pc():
    if not in_user_mode():
        complain("the kernel is running, not a program (cs is %#x)" % int(gdb.parse_and_eval("$cs")))
    return current().base() + (int(gdb.parse_and_eval("$eip")) & 0xFFFFFFFF)


def instruction_at(pc):
    """The instruction at a linear address; None where its page is absent."""
    try:
        return gdb.selected_frame().architecture().disassemble(pc)[0]
    except gdb.MemoryError:
        return None


@command("uwhere")
def uwhere(_):
    """Where the running program is: function, line, registers, next instruction."""
    pc = user_pc()
    task = current()
    print("%s (pid %d) at %#x: %s" % (task.name(), task.get("pid"), pc - task.base(), place_of(pc)))
    names = ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp")
    print("  " + " ".join("%s %08x" % (n, int(gdb.parse_and_eval("$" + n)) & 0xFFFFFFFF) for n in names))
    instruction = instruction_at(pc)
    print("  %#x: %s" % (
        pc - task.base(), instruction["asm"] if instruction else "not in memory yet: the next step is a page fault"))


@command("ustepi")
def ustepi(argument):
    """ustepi [N]: N instructions of the program, 1 if not said. What the kernel does
    in between (a page fault, a system call) is passed over."""
    for _ in range(int(argument or 1)):
        step_program()
    uwhere("")


def step_program():
    """One instruction of the program; goes on until it is the program's turn."""
    pc = user_pc()
    task = current()
    back = [pc]  # a fault comes back to the same instruction, a call to the next one
    instruction = instruction_at(pc)
    if instruction:
        back.append(pc + instruction["length"])
    quietly("stepi")
    if in_user_mode():
        return
    points = [gdb.Breakpoint("*%#x" % at, internal=True) for at in back]
    for point in points:
        point.silent = True
    try:
        quietly("continue")
    finally:
        for point in points:
            point.delete()
    if not in_user_mode() or current().address != task.address:
        complain("stopped elsewhere: `bt`, `ps`")


@command("ustep")
def ustep(_):
    """On to the next line of the program's source; without line numbers, to the
    next instruction."""
    start = gdb.find_pc_line(user_pc())
    for _ in range(10000):
        step_program()
        line = gdb.find_pc_line(user_pc())
        if not start.symtab or (line.symtab and line.line and (line.line != start.line or
                                line.symtab.filename != start.symtab.filename)):
            break
    uwhere("")


def functions(file):
    """(symbol, address) of the functions in a program's ELF file."""
    with open(file, "rb") as elf:
        raw = elf.read()
    sections, size, count = struct.unpack_from("<I", raw, 32)[0], *struct.unpack_from("<2H", raw, 46)
    headers = [struct.unpack_from("<10I", raw, sections + n * size) for n in range(count)]
    for _, kind, _, _, start, length, link, *_ in headers:
        if kind != 2:  # SHT_SYMTAB
            continue
        names = headers[link][4]
        for at in range(start, start + length, 16):
            name, value, _, info, _, section = struct.unpack_from("<3I2BH", raw, at)
            if section and info & 15 in (0, 2):
                yield raw[names + name : raw.index(b"\0", names + name)].decode(), value


def linear(place):
    """The linear address of a function of the program, or of its address `*0x123`."""
    task = current()
    if place.startswith("*"):
        return task.base() + int(place[1:], 0)
    # Rust writes a name's length before it: main of x is _RNvCs..._1x4main.
    rust = re.compile(r"^_R.*%d%s($|[A-Z])" % (len(place), re.escape(place)))
    for name, value in functions(loaded.get(task.nr()) or file_of(task)):
        if name == place or rust.match(name):
            return task.base() + value
    complain("%s has no function %s" % (task.name(), place))


@command("ucontinue")
def ucontinue(argument):
    """ucontinue [FUNCTION | *ADDRESS]: goes on until the program that runs now gets
    there, or for ever. ADDRESS is the program's."""
    if argument:
        step_program()  # or it would stop where it is
        stop_in_user(linear(argument))
        uwhere("")
    else:
        gdb.execute("continue")


Kernel()
print("Kernel commands: ps, task, pagetable, memmap, buffers, inodes, program, fault,")
print("uwhere, ustep, ustepi, ucontinue. `help kernel`, docs/debugging.md.")
