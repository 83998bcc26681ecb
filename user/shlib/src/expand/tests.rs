use super::*;
use alloc::string::ToString;
use alloc::vec;

struct Fake {
    vars: Vec<(Vec<u8>, Vec<u8>)>,
    params: Vec<Vec<u8>>,
}

impl Host for Fake {
    fn value(&self, name: &[u8]) -> Option<Vec<u8>> {
        if name == b"#" {
            return Some(self.params.len().to_string().into_bytes());
        }
        if let Some(n) = rtcore::num::parse_u32(name) {
            return self.params.get(n as usize - 1).cloned();
        }
        self.vars.iter().find(|v| v.0 == name).map(|v| v.1.clone())
    }
    fn assign(&mut self, name: &[u8], value: &[u8]) {
        self.vars.push((name.to_vec(), value.to_vec()));
    }
    fn positional(&self) -> &[Vec<u8>] {
        &self.params
    }
    fn substitute(&mut self, commands: &[u8]) -> Result<Vec<u8>> {
        Ok([b"<", commands, b"> x\n\n"].concat())
    }
    fn names_in(&mut self, dir: &[u8]) -> Vec<Vec<u8>> {
        let names: &[&str] = match dir {
            b"." => &["b.rs", "a.rs", ".hidden", "dir"],
            b"dir/" => &["z", "y*"],
            _ => &[],
        };
        names.iter().map(|n| n.as_bytes().to_vec()).collect()
    }
    fn exists(&mut self, path: &[u8]) -> bool {
        path == b"dir/z"
    }
}

fn host() -> Fake {
    let var = |n: &str, v: &str| (n.as_bytes().to_vec(), v.as_bytes().to_vec());
    Fake {
        vars: vec![
            var("x", "one two"),
            var("empty", ""),
            var("star", "*.rs"),
            var("HOME", "/usr/root"),
            var("path", "/usr/lib/a.b.c"),
        ],
        params: vec![b"p q".to_vec(), b"r".to_vec()],
    }
}

fn args(words: &str) -> Vec<String> {
    let mut host = host();
    let words = Vec::from([words.as_bytes().to_vec()]);
    arguments(&mut host, &words)
        .unwrap()
        .into_iter()
        .map(|w| String::from_utf8(w).unwrap())
        .collect()
}

#[test]
fn quotes() {
    assert_eq!(args("'a $x'\"b $x\"c\\ d"), ["a $xb one twoc d"]);
    assert_eq!(args("''"), [""]);
    assert_eq!(args("\"\""), [""]);
    assert_eq!(args("\"a\\\"b\\c\\$\""), ["a\"b\\c$"]);
    assert_eq!(args("a\\\nb"), ["ab"]);
}

#[test]
fn variables_are_split() {
    assert_eq!(args("$x"), ["one", "two"]);
    assert_eq!(args("a${x}b"), ["aone", "twob"]);
    assert_eq!(args("\"$x\""), ["one two"]);
    assert!(args("$unset").is_empty());
    assert!(args("$empty").is_empty());
    assert_eq!(args("\"$empty\""), [""]);
    assert_eq!(args("$"), ["$"]);
    assert_eq!(args("a$"), ["a$"]);
    assert_eq!(args("$1$2"), ["p", "qr"]);
    assert_eq!(args("$#"), ["2"]);
}

#[test]
fn separators_that_are_no_blanks() {
    let mut host = host();
    host.assign(b"IFS", b":");
    host.assign(b"p", b"a b::c");
    let words = Vec::from([b"$p".to_vec()]);
    let fields = arguments(&mut host, &words).unwrap();
    assert_eq!(fields, [b"a b".to_vec(), b"".to_vec(), b"c".to_vec()]);
}

#[test]
fn all_parameters() {
    assert_eq!(args("\"$@\""), ["p q", "r"]);
    assert_eq!(args("\"a$@b\""), ["ap q", "rb"]);
    assert_eq!(args("$@"), ["p", "q", "r"]);
    assert_eq!(args("\"$*\""), ["p q r"]);
    let mut none = host();
    none.params.clear();
    let words = Vec::from([b"\"$@\"".to_vec()]);
    assert!(arguments(&mut none, &words).unwrap().is_empty());
}

#[test]
fn braces() {
    assert_eq!(args("${unset:-a b}"), ["a b"]);
    assert_eq!(args("\"${unset:-a b}\""), ["a b"]);
    assert_eq!(args("${empty:-d}"), ["d"]);
    assert!(args("${empty-d}").is_empty());
    assert_eq!(args("${x:+yes}"), ["yes"]);
    assert!(args("${unset:+yes}").is_empty());
    assert_eq!(args("${new:=v}$new"), ["vv"]);
    assert_eq!(args("${#x}"), ["7"]);
    assert_eq!(args("${path##*/}"), ["a.b.c"]);
    assert_eq!(args("${path#*/}"), ["usr/lib/a.b.c"]);
    assert_eq!(args("${path%.*}"), ["/usr/lib/a.b"]);
    assert_eq!(args("${path%%.*}"), ["/usr/lib/a"]);
    assert_eq!(string(&mut host(), b"${x?}"), Ok(b"one two".to_vec()));
    assert_eq!(string(&mut host(), b"${no:?gone}"), Err("no: gone".into()));
    assert!(string(&mut host(), b"${%}").is_err());
}

#[test]
fn substitution_and_arithmetic() {
    assert_eq!(args("$(ls -l)"), ["<ls", "-l>", "x"]);
    assert_eq!(args("\"$(ls)\""), ["<ls> x"]);
    assert_eq!(args("`a \\`b\\``"), ["<a", "`b`>", "x"]);
    assert_eq!(args("$((1 + 2))"), ["3"]);
    assert_eq!(args("$(($# * 2))x"), ["4x"]);
    assert!(string(&mut host(), b"$((1/0))").is_err());
}

#[test]
fn patterns() {
    assert_eq!(args("*.rs"), ["a.rs", "b.rs"]);
    assert_eq!(args("\"*.rs\""), ["*.rs"]);
    assert_eq!(args("$star"), ["a.rs", "b.rs"]);
    assert_eq!(args("\"$star\""), ["*.rs"]);
    assert_eq!(args("*.c"), ["*.c"]);
    assert_eq!(args(".h*"), [".hidden"]);
    assert_eq!(args("d*/*"), ["dir/y*", "dir/z"]);
    assert_eq!(args("*/z"), ["dir/z"]);
    assert_eq!(args("d*/y\\*"), ["d*/y*"]);
    assert_eq!(args("[ab].rs"), ["a.rs", "b.rs"]);
    assert_eq!(pattern(&mut host(), b"a'*'*").unwrap(), b"a\\**");
}

#[test]
fn home() {
    assert_eq!(args("~"), ["/usr/root"]);
    assert_eq!(args("~/bin"), ["/usr/root/bin"]);
    assert_eq!(args("~you"), ["~you"]);
    assert_eq!(args("'~'"), ["~"]);
}

#[test]
fn here_documents() {
    let out = text(&mut host(), b"a \"$x\" 'b' \\$x \\n $((1+1))\n").unwrap();
    assert_eq!(out, b"a \"one two\" 'b' $x \\n 2\n");
}
