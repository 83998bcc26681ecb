//! Users and groups by name: `/etc/passwd` and `/etc/group`.

use alloc::vec::Vec;

use crate::io::{File, Read};
use crate::{BStr, num};

/// One of the two files, read into memory.
pub struct Table {
    text: Vec<u8>,
}

impl Table {
    /// `/etc/passwd`; empty if it cannot be read.
    pub fn users() -> Table {
        Self::read("/etc/passwd")
    }

    /// `/etc/group`; empty if it cannot be read.
    pub fn groups() -> Table {
        Self::read("/etc/group")
    }

    fn read(path: &str) -> Table {
        let mut text = Vec::new();
        if let Ok(mut file) = File::open(path) {
            let _ = file.read_to_end(&mut text);
        }
        Table { text }
    }

    /// Name and number of each entry, in the order of the file.
    pub fn entries(&self) -> impl Iterator<Item = (BStr<'_>, u32)> {
        self.text.split(|&b| b == b'\n').filter_map(|line| {
            let mut fields = line.split(|&b| b == b':');
            let name = fields.next()?;
            let id = num::parse_u32(fields.nth(1)?)?;
            Some((BStr(name), id))
        })
    }

    /// The name of a number.
    pub fn name(&self, id: u32) -> Option<BStr<'_>> {
        self.entries().find(|e| e.1 == id).map(|e| e.0)
    }

    /// The number of a name, or the number that the text itself is.
    pub fn id(&self, name: &[u8]) -> Option<u32> {
        let known = self.entries().find(|e| e.0.bytes() == name).map(|e| e.1);
        known.or_else(|| num::parse_u32(name))
    }
}
