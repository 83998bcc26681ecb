//! id: who one is.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::sys;
use rt::users::Table;

rt::main!(main);

const USAGE: &str = "usage: id [-u | -g] [-n]
Shows user and group of this process.
  -u  only the user    -g  only the group    -n  their names";

fn main(args: Args) -> i32 {
    let (mut user_only, mut group_only, mut names) = (false, false, false);
    let mut options = args.options("ugn", USAGE);
    while let Some((letter, _)) = options.next() {
        match letter {
            b'u' => user_only = true,
            b'g' => group_only = true,
            _ => names = true,
        }
    }
    let (users, groups) = (Table::users(), Table::groups());
    let (uid, euid) = (u32::from(sys::getuid()), u32::from(sys::geteuid()));
    let (gid, egid) = (u32::from(sys::getgid()), u32::from(sys::getegid()));
    if user_only || group_only {
        let (table, id) = if user_only {
            (&users, euid)
        } else {
            (&groups, egid)
        };
        match table.name(id) {
            Some(name) if names => println!("{name}"),
            _ => println!("{id}"),
        }
        return 0;
    }
    let show = |what: &str, table: &Table, id: u32| {
        print!("{what}={id}");
        if let Some(name) = table.name(id) {
            print!("({name})");
        }
    };
    show("uid", &users, uid);
    show(" gid", &groups, gid);
    if euid != uid {
        show(" euid", &users, euid);
    }
    if egid != gid {
        show(" egid", &groups, egid);
    }
    println!();
    0
}
