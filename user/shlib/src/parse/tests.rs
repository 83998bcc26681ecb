use super::*;
use alloc::vec;

fn all(text: &str) -> Result<List> {
    let mut parser = Parser::new(text.as_bytes(), true);
    let mut list = List::new();
    while let Some(line) = parser.next_line()? {
        list.extend(line);
    }
    Ok(list)
}

fn incomplete(text: &str) -> bool {
    Parser::new(text.as_bytes(), false).next_line() == Err(Error::Incomplete)
}

fn words(command: &Command) -> Vec<&str> {
    match &command.kind {
        Kind::Simple { words, .. } => words
            .iter()
            .map(|w| core::str::from_utf8(w).unwrap())
            .collect(),
        other => panic!("not a simple command: {other:?}"),
    }
}

#[test]
fn simple_commands() {
    let list = all("ls -l /bin; echo 'a b' \"c d\" e\\ f &\n# nothing\npwd").unwrap();
    assert_eq!(list.len(), 3);
    assert_eq!(words(&list[0].first.commands[0]), ["ls", "-l", "/bin"]);
    assert_eq!(
        words(&list[1].first.commands[0]),
        ["echo", "'a b'", "\"c d\"", "e\\ f"]
    );
    assert!(list[1].background && !list[0].background);
    assert_eq!(list[1].text, b"echo 'a b' \"c d\" e\\ f");
    assert_eq!(words(&list[2].first.commands[0]), ["pwd"]);
}

#[test]
fn str1_three_times() {
    let list = all("str1 & str2 & str3").unwrap();
    let background: Vec<bool> = list.iter().map(|i| i.background).collect();
    assert_eq!(background, [true, true, false]);
}

#[test]
fn pipelines_and_conditions() {
    let list = all("! a | b |\n c && d ||\n\n e").unwrap();
    assert_eq!(list.len(), 1);
    assert!(list[0].first.negated);
    assert_eq!(list[0].first.commands.len(), 3);
    assert_eq!(list[0].rest.len(), 2);
    assert!(list[0].rest[0].0 && !list[0].rest[1].0);
}

#[test]
fn redirections() {
    let list = all("cmd <in >out 2>>log 2>&1 3<>rw a2>x").unwrap();
    let command = &list[0].first.commands[0];
    assert_eq!(words(command), ["cmd", "a2"]);
    let r = &command.redirections;
    assert_eq!(r.len(), 6);
    assert_eq!((r[0].fd, &r[0].to), (0, &Target::Read(b"in".to_vec())));
    assert_eq!((r[2].fd, &r[2].to), (2, &Target::Append(b"log".to_vec())));
    assert_eq!((r[3].fd, &r[3].to), (2, &Target::Duplicate(b"1".to_vec())));
    assert_eq!((r[4].fd, &r[4].to), (3, &Target::ReadWrite(b"rw".to_vec())));
    assert_eq!((r[5].fd, &r[5].to), (1, &Target::Write(b"x".to_vec())));
}

#[test]
fn here_documents() {
    let list = all("cat <<A - <<'B' # don't\none $x\nA\ntwo\nB\necho 3").unwrap();
    assert_eq!(list.len(), 2);
    let r = &list[0].first.commands[0].redirections;
    assert_eq!(r[0].to, Target::Here(b"one $x\n".to_vec().into(), true));
    assert_eq!(r[1].to, Target::Here(b"two\n".to_vec().into(), false));
    assert_eq!(words(&list[1].first.commands[0]), ["echo", "3"]);
    let list = all("cat <<-E\n\t\tx\n\tE\n").unwrap();
    let r = &list[0].first.commands[0].redirections;
    assert_eq!(r[0].to, Target::Here(b"x\n".to_vec().into(), true));
    assert!(incomplete("cat <<E\nx\n"));
    assert!(!incomplete("cat <<E\nx\nE\n"));
}

#[test]
fn compound_commands() {
    let list = all("if a; then b; elif c; then d; else e; fi").unwrap();
    let Kind::If(arms, Some(_)) = &list[0].first.commands[0].kind else {
        panic!("{list:?}")
    };
    assert_eq!(arms.len(), 2);
    let list = all("while read x\ndo\n echo $x\ndone < file").unwrap();
    let command = &list[0].first.commands[0];
    assert!(matches!(command.kind, Kind::Loop { until: false, .. }));
    assert_eq!(command.redirections.len(), 1);
    let list = all("for i in 1 2 3; do echo $i; done; for j do :; done").unwrap();
    let Kind::For { words, .. } = &list[0].first.commands[0].kind else {
        panic!("{list:?}")
    };
    assert_eq!(words.as_ref().unwrap().len(), 3);
    assert!(matches!(
        list[1].first.commands[0].kind,
        Kind::For { words: None, .. }
    ));
}

#[test]
fn case_and_functions() {
    let list = all("case $x in\n a|b) echo 1;;\n (*) ;;\nesac").unwrap();
    let Kind::Case(word, arms) = &list[0].first.commands[0].kind else {
        panic!("{list:?}")
    };
    assert_eq!(word, b"$x");
    assert_eq!(arms.len(), 2);
    assert_eq!(arms[0].0, vec![b"a".to_vec(), b"b".to_vec()]);
    let list = all("f() { echo $1; }\nf x").unwrap();
    assert!(matches!(&list[0].first.commands[0].kind, Kind::Function(n, _) if n == b"f"));
}

#[test]
fn subshells_and_substitutions() {
    let list = all("(a; b) | { c; d; }").unwrap();
    assert!(matches!(list[0].first.commands[0].kind, Kind::Subshell(_)));
    assert!(matches!(list[0].first.commands[1].kind, Kind::Group(_)));
    let list =
        all("echo $(a | (b); case x in x) y;; esac) `c d` \"$(e \")\" f)\" $((1+(2)))").unwrap();
    assert_eq!(words(&list[0].first.commands[0]).len(), 5);
}

#[test]
fn asks_for_more() {
    for text in [
        "if a",
        "if a; then\n",
        "while a; do b",
        "echo 'a",
        "echo \"$(b",
        "a |",
        "a &&\n",
        "(a",
        "{ a;",
        "case x in",
        "f() ",
        "echo a\\\n",
        "for i in a b\n",
        "echo ${x",
    ] {
        assert!(incomplete(text), "{text:?}");
    }
    assert!(!incomplete("echo a\n"));
}

#[test]
fn refuses() {
    for text in [
        "fi",
        "a;;",
        "| a",
        "a | | b",
        "if a; fi",
        ")",
        "(a",
        "echo 'a",
        "a && ;",
        "for 1 in a; do b; done",
        "{ }",
    ] {
        assert!(matches!(all(text), Err(Error::Syntax(..))), "{text:?}");
    }
    assert_eq!(
        all("a\nb\nfi"),
        Err(Error::Syntax(3, "unexpected 'fi'".into()))
    );
}

#[test]
fn one_line_at_a_time() {
    let text = b"echo 1\nexit\n) nonsense";
    let mut parser = Parser::new(text, true);
    assert!(parser.next_line().unwrap().is_some());
    assert_eq!(parser.position(), 7);
    assert!(parser.next_line().unwrap().is_some());
    assert!(parser.next_line().is_err());
}
