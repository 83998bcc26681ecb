//! Regular expressions, in the extended form: `.` `[a-z]` `[^a-z]` `[:digit:]`
//! in brackets, `*` `+` `?`, `( )`, `|`, `^`, `$`, and `\` before a character that
//! stands for itself.
//!
//! An expression becomes a small program; matching follows all its paths at
//! once, byte by byte, so no expression makes it slow.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::select::class;

/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 32;

/// A set of bytes, one bit each.
type Set = [u32; 8];

/// What an expression is made of.
enum Node {
    Bytes(Set),
    Start,
    End,
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
    /// The node, repeated: at least once?, more than once?
    Repeat(Box<Node>, bool, bool),
}

/// A step of the program.
enum Step {
    Byte(Set),
    Start,
    End,
    /// Goes on at both places.
    Split(usize, usize),
    Jump(usize),
    Match,
}

/// A compiled expression.
pub struct Regex {
    steps: Vec<Step>,
}

/// How an expression is read.
#[derive(Clone, Copy, Default)]
pub struct Options {
    /// Upper and lower case are the same.
    pub ignore_case: bool,
    /// It must match the whole line.
    pub whole_line: bool,
    /// No character is special.
    pub literal: bool,
}

impl Regex {
    /// Compiles an expression.
    ///
    /// # Errors
    /// A text that says what is wrong with it.
    pub fn new(pattern: &[u8], options: Options) -> Result<Regex, &'static str> {
        let mut parser = Parser {
            rest: pattern,
            depth: 0,
            options,
        };
        let mut node = if options.literal {
            Node::Sequence(pattern.iter().map(|&b| parser.byte(b)).collect())
        } else {
            parser.choice()?
        };
        if !options.literal && !parser.rest.is_empty() {
            return Err("unmatched )");
        }
        if options.whole_line {
            node = Node::Sequence(vec![Node::Start, node, Node::End]);
        }
        let mut steps = Vec::new();
        emit(&node, &mut steps);
        steps.push(Step::Match);
        Ok(Regex { steps })
    }

    /// Whether it matches somewhere in `line` (which has no new line at its end).
    pub fn is_match(&self, line: &[u8]) -> bool {
        let mut now = Places::new(self.steps.len());
        let mut next = Places::new(self.steps.len());
        for at in 0..=line.len() {
            // A match may begin here.
            if self.follow(0, at, line.len(), &mut now) {
                return true;
            }
            let Some(&byte) = line.get(at) else { break };
            for &place in &now.list {
                if let Step::Byte(set) = &self.steps[place]
                    && contains(set, byte)
                    && self.follow(place + 1, at + 1, line.len(), &mut next)
                {
                    return true;
                }
            }
            core::mem::swap(&mut now, &mut next);
            next.clear();
        }
        false
    }

    /// Adds `place`, and what can be reached from it without a byte; true if
    /// that is the end of the expression.
    fn follow(&self, place: usize, at: usize, end: usize, places: &mut Places) -> bool {
        places.waiting.push(place);
        while let Some(place) = places.waiting.pop() {
            if core::mem::replace(&mut places.seen[place], true) {
                continue;
            }
            match self.steps[place] {
                Step::Byte(_) => places.list.push(place),
                Step::Start if at == 0 => places.waiting.push(place + 1),
                Step::End if at == end => places.waiting.push(place + 1),
                Step::Start | Step::End => {}
                Step::Split(a, b) => places.waiting.extend([a, b]),
                Step::Jump(to) => places.waiting.push(to),
                Step::Match => return true,
            }
        }
        false
    }
}

/// Where the program is: all paths at once.
struct Places {
    list: Vec<usize>,
    seen: Vec<bool>,
    waiting: Vec<usize>,
}

impl Places {
    fn new(steps: usize) -> Places {
        Places {
            list: Vec::with_capacity(steps),
            seen: vec![false; steps],
            waiting: Vec::new(),
        }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.seen.fill(false);
    }
}

fn contains(set: &Set, byte: u8) -> bool {
    set[usize::from(byte / 32)] >> (byte % 32) & 1 == 1
}

fn insert(set: &mut Set, byte: u8) {
    set[usize::from(byte / 32)] |= 1 << (byte % 32);
}

/// Translates a node to steps.
fn emit(node: &Node, steps: &mut Vec<Step>) {
    match node {
        Node::Bytes(set) => steps.push(Step::Byte(*set)),
        Node::Start => steps.push(Step::Start),
        Node::End => steps.push(Step::End),
        Node::Sequence(nodes) => nodes.iter().for_each(|n| emit(n, steps)),
        Node::Choice(nodes) => emit_choice(nodes, steps),
        Node::Repeat(inner, at_least_once, many) => {
            let start = steps.len();
            if !at_least_once {
                steps.push(Step::Match); // a place for the split
            }
            emit(inner, steps);
            match (at_least_once, many) {
                (true, _) => steps.push(Step::Split(start, steps.len() + 1)),
                (false, true) => steps.push(Step::Jump(start)),
                (false, false) => {}
            }
            if !at_least_once {
                steps[start] = Step::Split(start + 1, steps.len());
            }
        }
    }
}

fn emit_choice(nodes: &[Node], steps: &mut Vec<Step>) {
    let mut jumps = Vec::new();
    for (i, node) in nodes.iter().enumerate() {
        let split = steps.len();
        let last = i + 1 == nodes.len();
        if !last {
            steps.push(Step::Match); // a place for the split
        }
        emit(node, steps);
        if !last {
            jumps.push(steps.len());
            steps.push(Step::Match); // a place for the jump
            steps[split] = Step::Split(split + 1, steps.len());
        }
    }
    for jump in jumps {
        steps[jump] = Step::Jump(steps.len());
    }
}

struct Parser<'a> {
    rest: &'a [u8],
    depth: usize,
    options: Options,
}

type Parsed = Result<Node, &'static str>;

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.rest = &self.rest[1..];
        Some(byte)
    }

    fn byte(&self, byte: u8) -> Node {
        let mut set = Set::default();
        insert(&mut set, byte);
        self.set(set)
    }

    /// A set, with the letters' other case if that is asked for.
    fn set(&self, mut set: Set) -> Node {
        if self.options.ignore_case {
            for letter in b'a'..=b'z' {
                let upper = letter.to_ascii_uppercase();
                if contains(&set, letter) || contains(&set, upper) {
                    insert(&mut set, letter);
                    insert(&mut set, upper);
                }
            }
        }
        Node::Bytes(set)
    }

    fn choice(&mut self) -> Parsed {
        let mut nodes = vec![self.sequence()?];
        while self.peek() == Some(b'|') {
            self.take();
            nodes.push(self.sequence()?);
        }
        Ok(Node::Choice(nodes))
    }

    fn sequence(&mut self) -> Parsed {
        let mut nodes = Vec::new();
        while !matches!(self.peek(), None | Some(b'|' | b')')) {
            let mut node = self.atom(nodes.is_empty())?;
            while let Some(sign @ (b'*' | b'+' | b'?')) = self.peek() {
                self.take();
                node = Node::Repeat(Box::new(node), sign == b'+', sign != b'?');
            }
            nodes.push(node);
        }
        Ok(Node::Sequence(nodes))
    }

    /// `first`: nothing is before it, so that a `*` stands for itself.
    fn atom(&mut self, first: bool) -> Parsed {
        match self.take() {
            None => Ok(Node::Sequence(Vec::new())),
            Some(b'.') => Ok(Node::Bytes([u32::MAX; 8])),
            Some(b'^') => Ok(Node::Start),
            Some(b'$') => Ok(Node::End),
            Some(b'[') => self.bracket(),
            Some(b'(') => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err("too many parentheses inside each other");
                }
                let node = self.choice()?;
                if self.take() != Some(b')') {
                    return Err("unmatched (");
                }
                self.depth -= 1;
                Ok(node)
            }
            Some(b'\\') => match self.take() {
                Some(byte) => Ok(self.byte(byte)),
                None => Err("a \\ at the end"),
            },
            Some(b'+' | b'?') if first => Err("nothing to repeat"),
            Some(byte) => Ok(self.byte(byte)),
        }
    }

    /// What follows a `[`.
    fn bracket(&mut self) -> Parsed {
        let mut set = Set::default();
        let negated = self.peek() == Some(b'^');
        if negated {
            self.take();
        }
        let mut first = true;
        loop {
            let low = self.take().ok_or("unmatched [")?;
            match low {
                b']' if !first => break,
                b'[' if self.peek() == Some(b':') => self.class(&mut set)?,
                _ => match self.rest {
                    [b'-', high, ..] if *high != b']' => {
                        let high = *high;
                        self.rest = &self.rest[2..];
                        if high < low {
                            return Err("a range that ends before it begins");
                        }
                        (low..=high).for_each(|b| insert(&mut set, b));
                    }
                    _ => insert(&mut set, low),
                },
            }
            first = false;
        }
        let Node::Bytes(mut set) = self.set(set) else {
            return Err("unmatched [");
        };
        if negated {
            set.iter_mut().for_each(|word| *word = !*word);
        }
        Ok(Node::Bytes(set))
    }

    /// `:name:]` of `[:name:]`.
    fn class(&mut self, set: &mut Set) -> Result<(), &'static str> {
        let end = self.rest.windows(2).position(|w| w == b":]");
        let test = end.and_then(|end| class(self.rest.get(1..end)?));
        let (Some(end), Some(test)) = (end, test) else {
            return Err("an unknown [:class:]");
        };
        self.rest = &self.rest[end + 2..];
        for byte in (0..=255).filter(|&b| test(b)) {
            insert(set, byte);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, line: &str) -> bool {
        Regex::new(pattern.as_bytes(), Options::default())
            .unwrap()
            .is_match(line.as_bytes())
    }

    #[test]
    fn finds_anywhere_unless_anchored() {
        assert!(matches("ell", "hello"));
        assert!(!matches("elo", "hello"));
        assert!(matches("^he", "hello") && !matches("^el", "hello"));
        assert!(matches("lo$", "hello") && !matches("ll$", "hello"));
        assert!(matches("^$", "") && !matches("^$", "x"));
        assert!(matches("", "anything"));
    }

    #[test]
    fn repeats() {
        assert!(matches("^ab*c$", "ac") && matches("^ab*c$", "abbbc"));
        assert!(!matches("^ab+c$", "ac") && matches("^ab+c$", "abbc"));
        assert!(matches("^ab?c$", "ac") && matches("^ab?c$", "abc") && !matches("^ab?c$", "abbc"));
        assert!(matches("^(ab)+$", "ababab") && !matches("^(ab)+$", "ababa"));
        assert!(matches("^.*x.*y$", "..x..x..y"));
        assert!(matches("(a*)*b", "aaab"));
        assert!(
            matches("*a", "*a"),
            "a star with nothing before it is a star"
        );
    }

    #[test]
    fn chooses() {
        assert!(matches("^(cat|dog|)s$", "dogs") && matches("^(cat|dog|)s$", "s"));
        assert!(!matches("^(cat|dog)$", "catdog"));
        assert!(matches("a|b|c", "xxc"));
    }

    #[test]
    fn brackets() {
        assert!(matches("^[a-c]+$", "abcabc") && !matches("^[a-c]+$", "abd"));
        assert!(matches("[^a-c]", "d") && !matches("[^a-c]", "abc"));
        assert!(matches("^[]x]$", "]") && matches("^[a-]$", "-") && matches("^[^]]$", "x"));
        assert!(matches("^[[:digit:]x]+$", "1x2") && !matches("^[[:alpha:]]$", "1"));
        assert!(matches(r"^a\.b$", "a.b") && !matches(r"^a\.b$", "axb"));
    }

    #[test]
    fn options() {
        let with = |pattern: &str, options, line: &str| {
            Regex::new(pattern.as_bytes(), options)
                .unwrap()
                .is_match(line.as_bytes())
        };
        let ignore_case = Options {
            ignore_case: true,
            ..Options::default()
        };
        assert!(with("hElLo", ignore_case, "HeLlO") && with("^[a-z]+$", ignore_case, "AbC"));
        assert!(!with("[^a]", ignore_case, "A"));
        let literal = Options {
            literal: true,
            ..Options::default()
        };
        assert!(with("a.*", literal, "xa.*y") && !with("a.*", literal, "abc"));
        let whole = Options {
            whole_line: true,
            ..Options::default()
        };
        assert!(with("a|bc", whole, "bc") && !with("a|bc", whole, "abc"));
    }

    #[test]
    fn refuses_nonsense() {
        for bad in [
            "(",
            ")",
            "a(b",
            "a)b",
            "[a",
            "[",
            "\\",
            "[z-a]",
            "[[:nope:]]",
            "+a",
            "[[:]",
        ] {
            assert!(
                Regex::new(bad.as_bytes(), Options::default()).is_err(),
                "{bad}"
            );
        }
        let deep = [b'('; 1000];
        assert!(Regex::new(&deep, Options::default()).is_err());
    }

    #[test]
    fn stays_fast() {
        let mut pattern = alloc::string::String::from("^");
        for _ in 0..25 {
            pattern.push_str("a?");
        }
        for _ in 0..25 {
            pattern.push('a');
        }
        pattern.push('$');
        let line = "a".repeat(25);
        assert!(matches(&pattern, &line) && !matches(&pattern, &line[1..]));
    }
}
