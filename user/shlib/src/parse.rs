//! Text to commands.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use rtcore::BStr;

use crate::Error;
use crate::ast::*;
use crate::scan;

type Result<T> = core::result::Result<T, Error>;

/// The smallest piece of the language.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    /// A word as it was written: where it lies in the text.
    Word(usize, usize),
    /// `;` `&` `|` `&&` `||` `;;` `(` `)` `<` `>` `>>` `<<` `<<-` `<&` `>&` `<>`
    Op(&'static str),
    /// The end of a line.
    Newline,
    /// The end of the text.
    End,
}

/// Longest first, so that `&&` is not taken for two `&`.
static OPERATORS: [&str; 17] = [
    "<<-", "&&", "||", ";;", ">>", "<<", "<&", ">&", "<>", ">|", ";", "&", "|", "(", ")", "<", ">",
];

/// Words that end a list inside a compound command.
static CLOSERS: [&[u8]; 8] = [
    b"then", b"else", b"elif", b"fi", b"do", b"done", b"esac", b"}",
];

/// Reads commands from a text.
pub struct Parser<'a> {
    src: &'a [u8],
    pos: usize,
    /// Whether the end of `src` is the end of the input.
    last: bool,
    token: Token,
    /// Where `token` starts, and where the one before it ended.
    start: usize,
    previous_end: usize,
    /// Behind the here-documents of this line, where there are any.
    resume: Option<usize>,
}

impl<'a> Parser<'a> {
    /// A parser for `src`; `last` tells whether no more text can follow.
    pub fn new(src: &'a [u8], last: bool) -> Self {
        Parser {
            src,
            pos: 0,
            last,
            token: Token::Newline,
            start: 0,
            previous_end: 0,
            resume: None,
        }
    }

    /// How much of the text has been used.
    pub fn position(&self) -> usize {
        self.pos
    }

    /// The commands up to the end of the next line that holds any; `None` at
    /// the end of the text.
    ///
    /// # Errors
    /// [`Error::Incomplete`] if they go on behind the text, [`Error::Syntax`].
    pub fn next_line(&mut self) -> Result<Option<List>> {
        self.advance()?;
        while self.token == Token::Newline {
            self.advance()?;
        }
        if self.token == Token::End {
            return Ok(None);
        }
        let mut list = List::new();
        loop {
            list.push(self.item()?);
            if matches!(self.token, Token::Newline | Token::End) {
                return Ok(Some(list));
            }
            if !list.last().is_some_and(|i| i.background) && !self.take_op(";")? {
                return Err(self.unexpected());
            }
            if matches!(self.token, Token::Newline | Token::End) {
                return Ok(Some(list));
            }
        }
    }

    /// The length of the text up to and with the `)` that closes it.
    pub(crate) fn skip_to_paren(&mut self) -> Result<usize> {
        self.advance()?;
        self.list_or_nothing()?;
        match self.token {
            Token::Op(")") => Ok(self.pos),
            Token::End => Err(Error::Incomplete),
            _ => Err(self.unexpected()),
        }
    }

    // ----- tokens -----

    /// Reads the next token.
    fn advance(&mut self) -> Result<()> {
        self.previous_end = self.pos;
        self.skip_blanks()?;
        self.start = self.pos;
        self.token = self.lex()?;
        Ok(())
    }

    /// Skips blanks, comments, and new lines behind a `\`.
    fn skip_blanks(&mut self) -> Result<()> {
        loop {
            match self.src[self.pos..] {
                [b' ' | b'\t' | b'\r', ..] => self.pos += 1,
                [b'\\', b'\n'] if !self.last => return Err(Error::Incomplete),
                [b'\\', b'\n', ..] => self.pos += 2,
                [b'#', ..] => {
                    let rest = &self.src[self.pos..];
                    let len = rest.iter().position(|&b| b == b'\n');
                    self.pos += len.unwrap_or(rest.len());
                }
                _ => return Ok(()),
            }
        }
    }

    fn lex(&mut self) -> Result<Token> {
        let rest = &self.src[self.pos..];
        if rest.is_empty() {
            return Ok(Token::End);
        }
        if rest[0] == b'\n' {
            self.pos = self.resume.take().unwrap_or(self.pos + 1);
            return Ok(Token::Newline);
        }
        for op in OPERATORS {
            if rest.starts_with(op.as_bytes()) {
                self.pos += op.len();
                return Ok(Token::Op(op));
            }
        }
        let start = self.pos;
        self.pos = self.complete(scan::word(self.src, start))?;
        Ok(Token::Word(start, self.pos))
    }

    /// Turns "incomplete" into a syntax error where nothing can follow.
    fn complete<T>(&self, result: Result<T>) -> Result<T> {
        match result {
            Err(Error::Incomplete) if self.last => Err(self.error(String::from(
                "unexpected end of file: a quote or bracket is open",
            ))),
            other => other,
        }
    }

    fn error(&self, message: String) -> Error {
        let before = &self.src[..self.start.min(self.src.len())];
        let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
        Error::Syntax(line as u32, message)
    }

    /// The error for a token that does not fit here.
    fn unexpected(&self) -> Error {
        match self.token {
            Token::End if !self.last => Error::Incomplete,
            Token::End => self.error(String::from("unexpected end of file")),
            Token::Newline => self.error(String::from("unexpected end of line")),
            Token::Op(op) => self.error(format!("unexpected '{op}'")),
            Token::Word(from, to) => {
                self.error(format!("unexpected '{}'", BStr(&self.src[from..to])))
            }
        }
    }

    /// The word that the current token is.
    fn word(&self) -> Option<&'a [u8]> {
        match self.token {
            Token::Word(from, to) => Some(&self.src[from..to]),
            _ => None,
        }
    }

    fn at_word(&self, word: &[u8]) -> bool {
        self.word() == Some(word)
    }

    fn take_op(&mut self, op: &str) -> Result<bool> {
        let here = matches!(self.token, Token::Op(o) if o == op);
        if here {
            self.advance()?;
        }
        Ok(here)
    }

    fn take_word(&mut self, word: &[u8]) -> Result<bool> {
        let here = self.at_word(word);
        if here {
            self.advance()?;
        }
        Ok(here)
    }

    fn expect_word(&mut self, word: &[u8]) -> Result<()> {
        if self.take_word(word)? {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn expect_op(&mut self, op: &str) -> Result<()> {
        if self.take_op(op)? {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn skip_newlines(&mut self) -> Result<()> {
        while self.token == Token::Newline {
            self.advance()?;
        }
        Ok(())
    }

    // ----- commands -----

    /// A list inside a compound command, up to a word or operator that closes
    /// it.
    fn list(&mut self) -> Result<List> {
        let list = self.list_or_nothing()?;
        if list.is_empty() {
            return Err(self.unexpected());
        }
        Ok(list)
    }

    fn list_or_nothing(&mut self) -> Result<List> {
        let mut list = List::new();
        loop {
            self.skip_newlines()?;
            let closed = match self.token {
                Token::End | Token::Op(")" | ";;") => true,
                Token::Word(from, to) => CLOSERS.contains(&&self.src[from..to]),
                _ => false,
            };
            if closed {
                return Ok(list);
            }
            let item = self.item()?;
            let background = item.background;
            list.push(item);
            if !background && !self.take_op(";")? && self.token != Token::Newline {
                return Ok(list);
            }
        }
    }

    /// Pipelines joined by `&&` and `||`, with the `&` behind them.
    fn item(&mut self) -> Result<Item> {
        let start = self.start;
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let and = matches!(self.token, Token::Op("&&"));
            if !and && !matches!(self.token, Token::Op("||")) {
                break;
            }
            self.advance()?;
            self.skip_newlines()?;
            rest.push((and, self.pipeline()?));
        }
        let end = self.previous_end.max(start);
        let background = self.take_op("&")?;
        Ok(Item {
            first,
            rest,
            background,
            text: self.src[start..end].to_vec(),
        })
    }

    fn pipeline(&mut self) -> Result<Pipeline> {
        let mut negated = false;
        while self.take_word(b"!")? {
            negated = !negated;
        }
        let mut commands = Vec::from([self.command()?]);
        while self.take_op("|")? {
            self.skip_newlines()?;
            commands.push(self.command()?);
        }
        Ok(Pipeline { negated, commands })
    }

    fn command(&mut self) -> Result<Command> {
        let kind = match self.compound()? {
            Some(kind) => kind,
            None => return self.simple(),
        };
        let mut redirections = Vec::new();
        while let Some(redirection) = self.redirection()? {
            redirections.push(redirection);
        }
        Ok(Command { kind, redirections })
    }

    /// A compound command, if one starts here.
    fn compound(&mut self) -> Result<Option<Kind>> {
        if self.take_op("(")? {
            let list = self.list()?;
            self.expect_op(")")?;
            return Ok(Some(Kind::Subshell(list)));
        }
        let Some(word) = self.word() else {
            return Ok(None);
        };
        let parse: fn(&mut Self) -> Result<Kind> = match word {
            b"{" => Self::group,
            b"if" => Self::if_command,
            b"while" => |p| p.loop_command(false),
            b"until" => |p| p.loop_command(true),
            b"for" => Self::for_command,
            b"case" => Self::case_command,
            _ => return Ok(None),
        };
        self.advance()?;
        parse(self).map(Some)
    }

    fn group(&mut self) -> Result<Kind> {
        let list = self.list()?;
        self.expect_word(b"}")?;
        Ok(Kind::Group(list))
    }

    fn if_command(&mut self) -> Result<Kind> {
        let mut arms = Vec::new();
        loop {
            let condition = self.list()?;
            self.expect_word(b"then")?;
            arms.push((condition, self.list()?));
            if !self.take_word(b"elif")? {
                break;
            }
        }
        let otherwise = if self.take_word(b"else")? {
            Some(self.list()?)
        } else {
            None
        };
        self.expect_word(b"fi")?;
        Ok(Kind::If(arms, otherwise))
    }

    fn loop_command(&mut self, until: bool) -> Result<Kind> {
        let condition = self.list()?;
        let body = self.do_group()?;
        Ok(Kind::Loop {
            until,
            condition,
            body,
        })
    }

    fn do_group(&mut self) -> Result<List> {
        self.expect_word(b"do")?;
        let body = self.list()?;
        self.expect_word(b"done")?;
        Ok(body)
    }

    fn for_command(&mut self) -> Result<Kind> {
        let name = self.name()?;
        self.skip_newlines()?;
        let words = if self.take_word(b"in")? {
            let mut words = Vec::new();
            while let Some(word) = self.word() {
                words.push(word.to_vec());
                self.advance()?;
            }
            Some(words)
        } else {
            None
        };
        self.take_op(";")?;
        self.skip_newlines()?;
        let body = self.do_group()?;
        Ok(Kind::For { name, words, body })
    }

    /// The current token, which must be a name.
    fn name(&mut self) -> Result<Vec<u8>> {
        match self.word() {
            Some(word) if scan::name_len(word) == word.len() => {
                let name = word.to_vec();
                self.advance()?;
                Ok(name)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn case_command(&mut self) -> Result<Kind> {
        let Some(word) = self.word() else {
            return Err(self.unexpected());
        };
        self.advance()?;
        self.skip_newlines()?;
        self.expect_word(b"in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.take_word(b"esac")? {
                return Ok(Kind::Case(word.to_vec(), arms));
            }
            self.take_op("(")?;
            let mut patterns = Vec::new();
            loop {
                let Some(pattern) = self.word() else {
                    return Err(self.unexpected());
                };
                patterns.push(pattern.to_vec());
                self.advance()?;
                if !self.take_op("|")? {
                    break;
                }
            }
            self.expect_op(")")?;
            arms.push((patterns, self.list_or_nothing()?));
            if !self.take_op(";;")? && !self.at_word(b"esac") {
                return Err(self.unexpected());
            }
        }
    }

    /// Assignments, words and redirections; or a function definition.
    fn simple(&mut self) -> Result<Command> {
        let mut assignments = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut redirections = Vec::new();
        loop {
            if let Some(redirection) = self.redirection()? {
                redirections.push(redirection);
                continue;
            }
            let Some(word) = self.word() else { break };
            if words.is_empty() && CLOSERS.contains(&word) {
                return Err(self.unexpected());
            }
            self.advance()?;
            let name = scan::name_len(word);
            if words.is_empty() && name > 0 && word.get(name) == Some(&b'=') {
                assignments.push((word[..name].to_vec(), word[name + 1..].to_vec()));
                continue;
            }
            if words.is_empty() && name == word.len() && self.take_op("(")? {
                return self.function(word);
            }
            words.push(word.to_vec());
        }
        if words.is_empty() && assignments.is_empty() && redirections.is_empty() {
            return Err(self.unexpected());
        }
        Ok(Command {
            kind: Kind::Simple { assignments, words },
            redirections,
        })
    }

    /// What follows `name(`.
    fn function(&mut self, name: &[u8]) -> Result<Command> {
        self.expect_op(")")?;
        self.skip_newlines()?;
        let body = Rc::new(self.command()?);
        Ok(Command {
            kind: Kind::Function(name.to_vec(), body),
            redirections: Vec::new(),
        })
    }

    /// A redirection, if one starts here.
    fn redirection(&mut self) -> Result<Option<Redirection>> {
        let number = self.descriptor();
        if number.is_some() {
            self.advance()?;
        }
        let Token::Op(op) = self.token else {
            return Ok(None);
        };
        let (standard, make): (i32, fn(Word) -> Target) = match op {
            "<" => (0, Target::Read),
            ">" | ">|" => (1, Target::Write),
            ">>" => (1, Target::Append),
            "<>" => (0, Target::ReadWrite),
            "<&" => (0, Target::Duplicate),
            ">&" => (1, Target::Duplicate),
            "<<" | "<<-" => (0, Target::Read),
            _ => return Ok(None),
        };
        self.advance()?;
        let Some(word) = self.word() else {
            return Err(self.unexpected());
        };
        let to = if op.starts_with("<<") {
            self.here_document(word, op == "<<-")?
        } else {
            make(word.to_vec())
        };
        self.advance()?;
        let fd = number.unwrap_or(standard);
        Ok(Some(Redirection { fd, to }))
    }

    /// The number in front of a redirection: digits, and `<` or `>` at once
    /// behind them.
    fn descriptor(&self) -> Option<i32> {
        let word = self.word()?;
        if !matches!(self.src.get(self.pos), Some(b'<' | b'>')) {
            return None;
        }
        let number = rtcore::num::parse_u32(word)?;
        i32::try_from(number).ok()
    }

    /// Reads the lines up to `delimiter`, from the line behind this one or
    /// from behind the here-document before.
    fn here_document(&mut self, delimiter: &[u8], strip_tabs: bool) -> Result<Target> {
        let end: Vec<u8> = unquote(delimiter);
        let expand = end.len() == delimiter.len();
        let mut at = match self.resume {
            Some(at) => at,
            None => self.end_of_line()?,
        };
        let mut body = Vec::new();
        loop {
            let rest = &self.src[at..];
            if rest.is_empty() {
                if self.last {
                    break;
                }
                return Err(Error::Incomplete);
            }
            let len = rest.iter().position(|&b| b == b'\n');
            let mut line = &rest[..len.unwrap_or(rest.len())];
            at += len.map_or(rest.len(), |len| len + 1);
            if strip_tabs {
                let tabs = line.iter().take_while(|&&b| b == b'\t').count();
                line = &line[tabs..];
            }
            if line == end {
                break;
            }
            body.extend_from_slice(line);
            body.push(b'\n');
        }
        self.resume = Some(at);
        Ok(Target::Here(body.into_boxed_slice(), expand))
    }

    /// The index behind the end of the current line, seen from `pos`.
    fn end_of_line(&self) -> Result<usize> {
        let mut at = self.pos;
        while let Some(&b) = self.src.get(at) {
            match b {
                b'\n' => return Ok(at + 1),
                b'#' if matches!(self.src[at - 1], b' ' | b'\t') => {
                    let rest = &self.src[at..];
                    let len = rest.iter().position(|&b| b == b'\n');
                    at += len.unwrap_or(rest.len());
                }
                _ => at = self.complete(scan::element(self.src, at, true))?,
            }
        }
        if self.last {
            Ok(at)
        } else {
            Err(Error::Incomplete)
        }
    }
}

/// A word without its quotes, nothing expanded.
fn unquote(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut bytes = word.iter();
    while let Some(&b) = bytes.next() {
        match b {
            b'\'' | b'"' => {}
            b'\\' => out.extend(bytes.next()),
            _ => out.push(b),
        }
    }
    out
}

#[cfg(test)]
mod tests;
