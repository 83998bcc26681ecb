//! Commands as a tree. Words are kept as they were written, quotes and all:
//! [`crate::expand`] takes them apart when the command runs.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;

/// A word as it was written.
pub type Word = Vec<u8>;

/// Commands in a row, separated by `;`, `&` or new lines.
pub type List = Vec<Item>;

/// Pipelines joined by `&&` and `||`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// The first pipeline.
    pub first: Pipeline,
    /// The others; `true` for `&&`.
    pub rest: Vec<(bool, Pipeline)>,
    /// Ended by `&`.
    pub background: bool,
    /// The text, for the job list.
    pub text: Vec<u8>,
}

/// Commands joined by `|`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pipeline {
    /// Preceded by `!`.
    pub negated: bool,
    /// The commands, at least one.
    pub commands: Vec<Command>,
}

/// A command with its redirections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    /// What it does.
    pub kind: Kind,
    /// From left to right.
    pub redirections: Vec<Redirection>,
}

/// What a command does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `a=1 b=2 name argument ...`
    Simple {
        /// Name and value of each assignment.
        assignments: Vec<(Vec<u8>, Word)>,
        /// The words.
        words: Vec<Word>,
    },
    /// `( list )`
    Subshell(List),
    /// `{ list }`
    Group(List),
    /// `if`: conditions with what follows each, and the `else` part.
    If(Vec<(List, List)>, Option<List>),
    /// `while`, or `until` if the flag is set.
    Loop {
        /// `until`
        until: bool,
        /// Decides about another round.
        condition: List,
        /// The round.
        body: List,
    },
    /// `for name in words`; without `in`, the positional parameters.
    For {
        /// The variable.
        name: Vec<u8>,
        /// Its values.
        words: Option<Vec<Word>>,
        /// What is done for each.
        body: List,
    },
    /// `case word in pattern | pattern) list ;; esac`
    Case(Word, Vec<(Vec<Word>, List)>),
    /// `name() command`
    Function(Vec<u8>, Rc<Command>),
}

/// One redirection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redirection {
    /// The descriptor that changes.
    pub fd: i32,
    /// What it becomes.
    pub to: Target,
}

/// What a descriptor becomes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// `< file`
    Read(Word),
    /// `> file`
    Write(Word),
    /// `>> file`
    Append(Word),
    /// `<> file`
    ReadWrite(Word),
    /// `>&2`, `<&0`, `>&-`
    Duplicate(Word),
    /// `<< word`: the lines; `true` if they are to be expanded.
    Here(Box<[u8]>, bool),
}
