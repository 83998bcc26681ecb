//! `${...}`: length, defaults, and cutting off what a pattern matches.

use alloc::format;
use alloc::vec::Vec;

use rtcore::{BStr, glob};

use super::{Host, Out, Quotes, Result, field_separators, parameter, string};
use crate::scan::name_len;

/// Expands what stands between `${` and `}`.
pub fn expand(host: &mut dyn Host, inside: &[u8], quotes: Quotes, out: &mut Out) -> Result<()> {
    if let [b'#', name @ ..] = inside
        && !name.is_empty()
        && name_end(name) == name.len()
    {
        let len = host.value(name).unwrap_or_default().len();
        out.value(format!("{len}").as_bytes(), quotes, b"");
        return Ok(());
    }
    let (name, rest) = inside.split_at(name_end(inside));
    if name.is_empty() {
        return Err(format!("bad substitution: ${{{}}}", BStr(inside)));
    }
    match rest {
        [] => parameter(host, name, quotes, out),
        [b':', op @ (b'-' | b'=' | b'+' | b'?'), word @ ..] => {
            default(host, name, (*op, true), word, quotes, out)
        }
        [op @ (b'-' | b'=' | b'+' | b'?'), word @ ..] => {
            default(host, name, (*op, false), word, quotes, out)
        }
        [side @ (b'#' | b'%'), word @ ..] => {
            let value = cut(host, name, *side, word)?;
            let ifs = field_separators(host);
            out.value(&value, quotes, &ifs);
            Ok(())
        }
        _ => Err(format!("bad substitution: ${{{}}}", BStr(inside))),
    }
}

/// Length of the parameter name that the text starts with.
fn name_end(text: &[u8]) -> usize {
    match text.first() {
        Some(b) if b.is_ascii_digit() => text.iter().take_while(|b| b.is_ascii_digit()).count(),
        Some(b) if b"?$!#@*-".contains(b) => 1,
        _ => name_len(text),
    }
}

/// `${x:-word}` and its relatives; the flag tells whether there was a `:`,
/// which makes an empty value count as none.
fn default(
    host: &mut dyn Host,
    name: &[u8],
    (op, or_empty): (u8, bool),
    word: &[u8],
    quotes: Quotes,
    out: &mut Out,
) -> Result<()> {
    let value = match name {
        b"@" | b"*" => Some(host.positional().concat()).filter(|_| !host.positional().is_empty()),
        _ => host.value(name),
    };
    let set = value.is_some_and(|v| !(or_empty && v.is_empty()));
    match (op, set) {
        (b'+', true) | (b'-', false) => super::expand(host, word, quotes, out),
        (b'+', false) => Ok(()),
        (_, true) => parameter(host, name, quotes, out),
        (b'=', false) => {
            let value = string(host, word)?;
            host.assign(name, &value);
            parameter(host, name, quotes, out)
        }
        (_, false) => {
            let message = string(host, word)?;
            let message: &[u8] = if message.is_empty() {
                b"not set"
            } else {
                &message
            };
            Err(format!("{}: {}", BStr(name), BStr(message)))
        }
    }
}

/// `${x#pattern}`, `##`, `%`, `%%`: the value without the shortest (longest)
/// beginning (end) that matches.
fn cut(host: &mut dyn Host, name: &[u8], side: u8, word: &[u8]) -> Result<Vec<u8>> {
    let longest = word.first() == Some(&side);
    let pattern = super::pattern(host, &word[usize::from(longest)..])?;
    let value = host.value(name).unwrap_or_default();
    let mut lengths: Vec<usize> = (0..=value.len()).collect();
    if longest {
        lengths.reverse();
    }
    for len in lengths {
        let rest = value.len() - len;
        if side == b'#' && glob::matches(&pattern, &value[..len]) {
            return Ok(value[len..].to_vec());
        }
        if side == b'%' && glob::matches(&pattern, &value[rest..]) {
            return Ok(value[..rest].to_vec());
        }
    }
    Ok(value)
}
