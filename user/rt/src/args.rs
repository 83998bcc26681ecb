//! Arguments and options.

use core::ffi::CStr;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

use rtcore::{BStr, path};

use crate::{io, sys};

static ARGC: AtomicUsize = AtomicUsize::new(0);
static ARGV: AtomicPtr<*const u8> = AtomicPtr::new(ptr::null_mut());
static ENVP: AtomicPtr<*const u8> = AtomicPtr::new(ptr::null_mut());

/// Remembers what the kernel passed.
///
/// # Safety
/// `argv` holds `argc` pointers to NUL-terminated strings and `envp` such
/// pointers up to a null pointer; all of it stays unchanged for ever.
pub(crate) unsafe fn init(argc: usize, argv: *const *const u8, envp: *const *const u8) {
    ARGC.store(argc, Relaxed);
    ARGV.store(argv.cast_mut(), Relaxed);
    ENVP.store(envp.cast_mut(), Relaxed);
}

/// The string at `table[index]`; `None` for a null pointer.
///
/// # Safety
/// `table` is one of the tables of [`init`] and `index` is not behind its end.
unsafe fn string_at(table: *const *const u8, index: usize) -> Option<BStr<'static>> {
    // SAFETY: the index is inside the table (caller).
    let string = unsafe { *table.add(index) };
    if string.is_null() {
        return None;
    }
    // SAFETY: NUL-terminated and unchanged for ever (init).
    Some(BStr(unsafe { CStr::from_ptr(string.cast()) }.to_bytes()))
}

/// Environment string number `index` (`NAME=value`).
pub(crate) fn env_at(index: usize) -> Option<BStr<'static>> {
    let table = ENVP.load(Relaxed);
    if table.is_null() {
        return None;
    }
    // SAFETY: callers count up from 0 and stop at the first None, which is
    // the end of the table.
    unsafe { string_at(table, index) }
}

/// `argv[index]`, where 0 is the program's name.
pub fn arg(index: usize) -> Option<BStr<'static>> {
    if index >= ARGC.load(Relaxed) {
        return None;
    }
    // SAFETY: the table holds ARGC entries.
    unsafe { string_at(ARGV.load(Relaxed), index) }
}

/// The name the program was started by, without folders and without the `-`
/// of a login shell.
pub fn program_name() -> BStr<'static> {
    let name = arg(0).map_or(&b"?"[..], BStr::bytes);
    BStr(path::basename(name.strip_prefix(b"-").unwrap_or(name)))
}

/// The arguments. As an iterator it yields those behind the program's name.
#[derive(Clone, Copy)]
pub struct Args {
    next: usize,
}

impl Args {
    /// All arguments behind the name.
    pub fn all() -> Self {
        Args { next: 1 }
    }

    /// How many are left.
    #[allow(clippy::len_without_is_empty)] // is_empty is there, by another lint's reckoning
    pub fn len(&self) -> usize {
        ARGC.load(Relaxed).saturating_sub(self.next)
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number `index` of what is left, from 0.
    pub fn get(&self, index: usize) -> Option<BStr<'static>> {
        arg(self.next + index)
    }

    /// The program's name as given (`argv[0]`).
    pub fn name(&self) -> BStr<'static> {
        arg(0).unwrap_or_default()
    }

    /// Starts reading options: see [`Options`].
    pub fn options(self, letters: &'static str, usage: &'static str) -> Options {
        Options {
            args: self,
            letters: letters.as_bytes(),
            usage,
            group: BStr(b""),
        }
    }
}

impl Iterator for Args {
    type Item = BStr<'static>;

    fn next(&mut self) -> Option<BStr<'static>> {
        let arg = arg(self.next)?;
        self.next += 1;
        Some(arg)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

/// Options in front of the operands: `-l -a`, `-la`, `-n 5`, `-n5`.
///
/// ```ignore
/// let mut options = args.options("lan:", USAGE);   // n takes a value
/// while let Some((letter, value)) = options.next() {
///     match letter {
///         b'l' => long = true,
///         b'n' => count = num::parse_u32(&value).unwrap_or_else(|| options.bad_usage("-n needs a number")),
///         _ => all = true,
///     }
/// }
/// for file in options.operands() { }
/// ```
///
/// `--help` prints the usage text and ends the program with 0; an unknown
/// option says so on standard error and ends it with 2. `--` ends the options;
/// a lone `-` is an operand.
pub struct Options {
    args: Args,
    letters: &'static [u8],
    usage: &'static str,
    /// Letters of the current `-abc` that are still to come.
    group: BStr<'static>,
}

impl Options {
    /// The next option letter and its value (empty for one without a value).
    #[allow(clippy::should_implement_trait)] // `options` must stay usable between two calls
    pub fn next(&mut self) -> Option<(u8, BStr<'static>)> {
        if self.group.is_empty() && !self.next_group() {
            return None;
        }
        let letter = self.group[0];
        self.group = BStr(&self.group.bytes()[1..]);
        let known = self.letters.iter().position(|&l| l == letter && l != b':');
        let Some(at) = known else {
            self.bad_usage_args(format_args!("unknown option -{}", BStr(&[letter])))
        };
        if self.letters.get(at + 1) != Some(&b':') {
            return Some((letter, BStr(b"")));
        }
        let value = if self.group.is_empty() {
            self.args.next()
        } else {
            Some(core::mem::take(&mut self.group))
        };
        match value {
            Some(value) => Some((letter, value)),
            None => self.bad_usage_args(format_args!("option -{} needs a value", BStr(&[letter]))),
        }
    }

    /// Steps to the next argument that starts with `-`; whether there is one.
    fn next_group(&mut self) -> bool {
        let Some(arg) = self.args.get(0) else {
            return false;
        };
        if arg == "--help" {
            io::print_args(format_args!("{}\n", self.usage));
            sys::exit(0);
        }
        if arg.len() < 2 || arg[0] != b'-' {
            return false;
        }
        self.args.next();
        if arg == "--" {
            return false;
        }
        if arg.starts_with(b"--") {
            self.bad_usage_args(format_args!("unknown option {arg}"));
        }
        self.group = BStr(&arg.bytes()[1..]);
        true
    }

    /// What follows the options (call it after `next` returned `None`).
    pub fn operands(&self) -> Args {
        self.args
    }

    /// Complains, points to `--help`, and ends the program with 2.
    pub fn bad_usage(&self, message: &str) -> ! {
        self.bad_usage_args(format_args!("{message}"))
    }

    fn bad_usage_args(&self, message: core::fmt::Arguments) -> ! {
        let usage = BStr(self.usage.as_bytes());
        let first = usage.split_once(b'\n').map_or(usage, |(line, _)| line);
        let name = program_name();
        io::complain_args(format_args!(
            "{message}\n{first}\n'{name} --help' tells more"
        ));
        sys::exit(2)
    }
}
