//! chown: changes owner and group.

#![no_std]
#![no_main]

use rt::prelude::*;

use rt::users::Table;

const USAGE: &str = "usage: chown owner[:group] file...

Changes the owner of files, and their group. Names come from /etc/passwd and
/etc/group; numbers will do. ':group' alone changes the group.";

rt::main!(main);

fn main(args: Args) -> i32 {
    let mut options = args.options("", USAGE);
    while options.next().is_some() {}
    let mut operands = options.operands();
    let Some(whom) = operands.next().filter(|_| !operands.is_empty()) else {
        options.bad_usage("an owner and a file are needed")
    };
    let (owner, group) = match whom.split_once(b':').or_else(|| whom.split_once(b'.')) {
        Some((owner, group)) => (owner, Some(group)),
        None => (whom, None),
    };
    let uid = Table::users()
        .id(&owner)
        .and_then(|id| u16::try_from(id).ok());
    if uid.is_none() && !owner.is_empty() {
        options.bad_usage("there is no such user");
    }
    let gid = group.map(|g| Table::groups().id(&g).and_then(|id| u8::try_from(id).ok()));
    if gid == Some(None) {
        options.bad_usage("there is no such group");
    }
    let mut status = 0;
    for name in operands {
        let result = sys::stat(name)
            .and_then(|s| sys::chown(name, uid.unwrap_or(s.uid), gid.flatten().unwrap_or(s.gid)));
        if let Err(e) = result {
            complain!("{name}: {e}");
            status = 1;
        }
    }
    status
}
