//! What the kernel's source files define: functions, methods, types, macros and
//! assembly labels, with their lines and comments.

use anyhow::{Context, Result};
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use regex::Regex;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use syn::spanned::Spanned;

/// The folders that hold the kernel.
pub const FOLDERS: &[&str] = &["arch", "init", "mm", "kernel", "fs", "lib"];

/// Something with a name in a source file.
#[derive(Clone, Debug)]
pub struct Item {
    /// `name`, or `Type::name` for what is in an `impl`.
    pub name: String,
    /// The line of the name.
    pub line: usize,
    /// First and last line, comments and attributes included.
    pub first: usize,
    pub last: usize,
    /// The text of its comment, on one line.
    pub doc: String,
    /// Is it a function, and not a type, static or the like?
    pub is_function: bool,
}

impl Item {
    /// The functions of 0.11 that the comment names: "0.11 `name`", several as
    /// in "0.11 `name`, `other` and `third`".
    pub fn counterparts(&self) -> Vec<String> {
        static LIST: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"\b0\.11 `\w+`(?:(?:, and |, | and )`\w+`)*").expect("a pattern")
        });
        let lists = LIST.find_iter(&self.doc);
        lists
            .flat_map(|list| list.as_str().split('`').skip(1).step_by(2))
            .map(str::to_string)
            .collect()
    }
}

/// The items of all source files, by the file's path from the root.
pub type Sources = BTreeMap<String, Vec<Item>>;

/// Reads the kernel's files below `root`.
pub fn read(root: &Path) -> Result<Sources> {
    let mut sources = Sources::new();
    for folder in FOLDERS {
        for path in files_below(&root.join(folder))? {
            let name = path
                .strip_prefix(root)?
                .to_string_lossy()
                .replace('\\', "/");
            let text = std::fs::read_to_string(&path).with_context(|| name.clone())?;
            let items = match path.extension().and_then(|e| e.to_str()) {
                Some("rs") => rust_items(&text).with_context(|| name.clone())?,
                Some("S") => assembly_items(&text),
                _ => continue,
            };
            sources.insert(name, items);
        }
    }
    Ok(sources)
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = vec![];
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The items of a Rust file.
pub fn rust_items(text: &str) -> Result<Vec<Item>> {
    let file = syn::parse_file(text)?;
    let mut items = vec![];
    collect(&file.items, "", &mut items);
    items.sort_by_key(|item| item.line);
    Ok(items)
}

/// The comment that the attributes hold, its lines joined.
fn doc_of(attributes: &[syn::Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        let syn::Expr::Lit(literal) = &pair.value else {
            return None;
        };
        match (&literal.lit, pair.path.is_ident("doc")) {
            (syn::Lit::Str(text), true) => Some(text.value().trim().to_string()),
            _ => None,
        }
    });
    lines.collect::<Vec<_>>().join(" ")
}

fn item(name: String, at: Span, whole: Span, attrs: &[syn::Attribute], function: bool) -> Item {
    let first = attrs.first().map_or(whole, |a| a.span());
    Item {
        name,
        line: at.start().line,
        first: first.start().line.min(whole.start().line),
        last: whole.end().line,
        doc: doc_of(attrs),
        is_function: function,
    }
}

fn collect(from: &[syn::Item], prefix: &str, to: &mut Vec<Item>) {
    use syn::Item as I;
    for it in from {
        let whole = it.span();
        let (ident, attrs, function) = match it {
            I::Fn(f) => (&f.sig.ident, &f.attrs, true),
            I::Struct(s) => (&s.ident, &s.attrs, false),
            I::Enum(e) => (&e.ident, &e.attrs, false),
            I::Static(s) => (&s.ident, &s.attrs, false),
            I::Const(c) => (&c.ident, &c.attrs, false),
            I::Type(t) => (&t.ident, &t.attrs, false),
            I::Trait(t) => (&t.ident, &t.attrs, false),
            I::Impl(block) => {
                collect_impl(block, to);
                continue;
            }
            I::Mod(module) => {
                if let Some((_, inner)) = &module.content {
                    collect(inner, &format!("{prefix}{}::", module.ident), to);
                }
                continue;
            }
            I::Macro(call) => {
                match &call.ident {
                    Some(ident) => {
                        let name = ident.to_string();
                        to.push(item(name, ident.span(), whole, &call.attrs, false));
                    }
                    None => collect_tokens(call.mac.tokens.clone(), to),
                }
                continue;
            }
            _ => continue,
        };
        let name = format!("{prefix}{ident}");
        to.push(item(name, ident.span(), whole, attrs, function));
    }
}

fn collect_impl(block: &syn::ItemImpl, to: &mut Vec<Item>) {
    let syn::Type::Path(path) = &*block.self_ty else {
        return;
    };
    let Some(last) = path.path.segments.last() else {
        return;
    };
    for inner in &block.items {
        if let syn::ImplItem::Fn(f) = inner {
            let name = format!("{}::{}", last.ident, f.sig.ident);
            to.push(item(name, f.sig.ident.span(), f.span(), &f.attrs, true));
        }
    }
}

/// What a macro's arguments define: each name that has a comment before it.
fn collect_tokens(tokens: TokenStream, to: &mut Vec<Item>) {
    let mut doc: Vec<(usize, String)> = vec![];
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                if let Some(TokenTree::Group(group)) = tokens.peek()
                    && group.delimiter() == Delimiter::Bracket
                    && let Ok(pair) = syn::parse2::<syn::MetaNameValue>(group.stream())
                    && let syn::Expr::Lit(literal) = &pair.value
                    && let syn::Lit::Str(text) = &literal.lit
                {
                    let line = mark.span().start().line;
                    doc.push((line, text.value().trim().to_string()));
                    tokens.next();
                }
            }
            TokenTree::Ident(ident) if !doc.is_empty() => {
                let line = ident.span().start().line;
                to.push(Item {
                    name: ident.to_string(),
                    line,
                    first: doc[0].0,
                    last: line,
                    doc: doc
                        .drain(..)
                        .map(|(_, text)| text)
                        .collect::<Vec<_>>()
                        .join(" "),
                    is_function: true,
                });
            }
            _ => doc.clear(),
        }
    }
}

/// The labels of an assembly file, also those that its own macros make; each
/// with the comment right above it.
pub fn assembly_items(text: &str) -> Vec<Item> {
    let label = Regex::new(r"^(?:\.globl\s+)?([A-Za-z_]\w*):").expect("a pattern");
    let call = Regex::new(r"^\s+([A-Z_]{3,})\s+([A-Za-z_]\w*)\s*$").expect("a pattern");
    let lines: Vec<&str> = text.lines().collect();
    let mut items: Vec<Item> = vec![];
    let mut in_macro = false;
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with(".macro") {
            in_macro = true;
        } else if line.starts_with(".endm") {
            in_macro = false;
        } else if !in_macro {
            let name = label
                .captures(line)
                .map(|c| c[1].to_string())
                .or_else(|| call.captures(line).map(|c| c[2].to_string()));
            if let Some(name) = name {
                let (first, doc) = comment_above(&lines, index);
                items.push(Item {
                    name,
                    line: index + 1,
                    first,
                    last: index + 1,
                    doc,
                    is_function: true,
                });
            }
        }
    }
    // A label's code goes on to the next one's comment.
    for at in 0..items.len() {
        let next = items.get(at + 1).map_or(lines.len() + 1, |next| next.first);
        let mut last = next - 1;
        while last > items[at].line && lines[last - 1].trim().is_empty() {
            last -= 1;
        }
        items[at].last = last.max(items[at].line);
    }
    items
}

/// The comment above line `index` (directives may be between), and the number of
/// the line it begins in.
fn comment_above(lines: &[&str], index: usize) -> (usize, String) {
    let directive = |line: &str| {
        let word = line.split_whitespace().next().unwrap_or("");
        matches!(
            word,
            ".globl" | ".align" | ".section" | ".text" | ".data" | ".bss"
        )
    };
    let mut end = index;
    while end > 0 && directive(lines[end - 1]) {
        end -= 1;
    }
    if end == 0 || !lines[end - 1].trim_end().ends_with("*/") {
        return (end + 1, String::new());
    }
    let mut start = end;
    while start > 0 && !lines[start - 1].contains("/*") {
        start -= 1;
    }
    let start = start.max(1);
    let text: Vec<&str> = lines[start - 1..end]
        .iter()
        .map(|line| line.trim_matches(|c: char| c.is_whitespace() || c == '/' || c == '*'))
        .collect();
    (start, text.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_functions_methods_and_what_macros_make() {
        let text = "\
/// Does it (0.11
/// `do_it`, `do_that`).
fn does() {
}
impl X {
    /// 0.11 `m`.
    fn m() {}
}
faults! {
    /// 0.11 `do_int3`: a breakpoint.
    do_int3, SIGTRAP, \"x\";
    do_none, SIGSEGV, \"y\";
}
";
        let items = rust_items(text).expect("valid Rust");
        let seen: Vec<_> = items
            .iter()
            .map(|i| (i.name.as_str(), i.first, i.line, i.last, i.counterparts()))
            .collect();
        let names = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
        assert_eq!(
            seen,
            [
                ("does", 1, 3, 4, names(&["do_it", "do_that"])),
                ("X::m", 6, 7, 7, names(&["m"])),
                ("do_int3", 10, 11, 11, names(&["do_int3"])),
            ]
        );
    }

    #[test]
    fn finds_labels_and_their_comments() {
        let text = "\
.macro TRAP name
\\name:
.endm
\tTRAP debug

/* Waits
 * (0.11 `other`). */
\t.align 4
one:
\tret
";
        let items = assembly_items(text);
        let seen: Vec<_> = items
            .iter()
            .map(|i| (i.name.as_str(), i.first, i.line, i.last))
            .collect();
        assert_eq!(seen, [("debug", 4, 4, 4), ("one", 6, 9, 10)]);
        assert_eq!(items[1].counterparts(), ["other"]);
    }
}
