//! Keyboard layouts (the tables of 0.11 `kernel/chr_drv/keyboard.S`).
//!
//! A table has a character for each scan code, 0 where there is none. Like
//! 0.11's they hold ASCII only: keys with accented letters give the ASCII
//! character that programmers of the time had there.

/// Scan codes that a table covers.
pub const CODES: usize = 0x59;

/// A layout: what keys give alone, with shift and with the right alt key.
pub struct KeyMap {
    /// Two letters, as in `keyboard=de`.
    pub name: &'static str,
    pub plain: [u8; CODES],
    pub shift: [u8; CODES],
    pub altgr: [u8; CODES],
    /// The keypad's decimal point.
    pub keypad_point: u8,
}

/// Makes a table of its four rows. The third ends with the key left of 1, the
/// fourth begins with the key next to enter; `extra` is the key that European
/// keyboards have next to the left shift key.
const fn table(
    row1: &[u8; 12],
    row2: &[u8; 12],
    row3: &[u8; 12],
    row4: &[u8; 11],
    extra: u8,
) -> [u8; CODES] {
    let mut codes = [0; CODES];
    let mut key = 0;
    while key < 12 {
        codes[0x02 + key] = row1[key];
        codes[0x10 + key] = row2[key];
        codes[0x1e + key] = row3[key];
        if key < 11 {
            codes[0x2b + key] = row4[key];
        }
        key += 1;
    }
    codes[0x01] = 27;
    codes[0x0e] = 127;
    codes[0x0f] = b'\t';
    codes[0x1c] = b'\r';
    codes[0x37] = b'*';
    codes[0x39] = b' ';
    codes[0x56] = extra;
    codes
}

/// The keys that give something together with the right alt key.
const fn sparse(keys: &[(usize, u8)]) -> [u8; CODES] {
    let mut codes = [0; CODES];
    let mut index = 0;
    while index < keys.len() {
        codes[keys[index].0] = keys[index].1;
        index += 1;
    }
    codes
}

/// What 0.11 gives with the right alt key on most layouts.
const ALTGR: [u8; CODES] = sparse(&[
    (0x03, b'@'),
    (0x05, b'$'),
    (0x08, b'{'),
    (0x09, b'['),
    (0x0a, b']'),
    (0x0b, b'}'),
    (0x0c, b'\\'),
    (0x1b, b'~'),
    (0x56, b'|'),
]);

/// United States.
pub static DEFAULT: KeyMap = KeyMap {
    name: "us",
    plain: table(
        b"1234567890-=",
        b"qwertyuiop[]",
        b"asdfghjkl;'`",
        b"\\zxcvbnm,./",
        b'<',
    ),
    shift: table(
        b"!@#$%^&*()_+",
        b"QWERTYUIOP{}",
        b"ASDFGHJKL:\"~",
        b"|ZXCVBNM<>?",
        b'>',
    ),
    altgr: ALTGR,
    keypad_point: b'.',
};

/// All layouts but the default one.
static OTHERS: [KeyMap; 5] = [
    KeyMap {
        name: "uk",
        plain: table(
            b"1234567890-=",
            b"qwertyuiop[]",
            b"asdfghjkl;'`",
            b"#zxcvbnm,./",
            b'\\',
        ),
        shift: table(
            b"!\"#$%^&*()_+",
            b"QWERTYUIOP{}",
            b"ASDFGHJKL:@~",
            b"~ZXCVBNM<>?",
            b'|',
        ),
        altgr: ALTGR,
        keypad_point: b'.',
    },
    KeyMap {
        name: "de",
        plain: table(
            b"1234567890\\'",
            b"qwertzuiop@+",
            b"asdfghjkl[]^",
            b"#yxcvbnm,.-",
            b'<',
        ),
        shift: table(
            b"!\"#$%&/()=?`",
            b"QWERTZUIOP\\*",
            b"ASDFGHJKL{}~",
            b"'YXCVBNM;:_",
            b'>',
        ),
        altgr: sparse(&[
            (0x08, b'{'),
            (0x09, b'['),
            (0x0a, b']'),
            (0x0b, b'}'),
            (0x0c, b'\\'),
            (0x10, b'@'),
            (0x1b, b'~'),
            (0x56, b'|'),
        ]),
        keypad_point: b',',
    },
    KeyMap {
        name: "fr",
        plain: table(
            b"&{\"'(-}_/@)=",
            b"azertyuiop^$",
            b"qsdfghjklm|`",
            b"*wxcvbn,;:!",
            b'<',
        ),
        shift: table(
            b"1234567890]+",
            b"AZERTYUIOP<>",
            b"QSDFGHJKLM%~",
            b"#WXCVBN?./\\",
            b'>',
        ),
        altgr: sparse(&[
            (0x03, b'~'),
            (0x04, b'#'),
            (0x05, b'{'),
            (0x06, b'['),
            (0x07, b'|'),
            (0x08, b'`'),
            (0x09, b'\\'),
            (0x0a, b'^'),
            (0x0b, b'@'),
            (0x0c, b']'),
            (0x0d, b'}'),
            (0x56, b'|'),
        ]),
        keypad_point: b'.',
    },
    KeyMap {
        name: "dk",
        plain: table(
            b"1234567890+'",
            b"qwertyuiop}^",
            b"asdfghjkl{|\\",
            b"'zxcvbnm,.-",
            b'<',
        ),
        shift: table(
            b"!\"#$%&/()=?`",
            b"QWERTYUIOP]~",
            b"ASDFGHJKL[\\|",
            b"*ZXCVBNM;:_",
            b'>',
        ),
        altgr: sparse(&[
            (0x03, b'@'),
            (0x05, b'$'),
            (0x08, b'{'),
            (0x09, b'['),
            (0x0a, b']'),
            (0x0b, b'}'),
            (0x0d, b'|'),
            (0x1b, b'~'),
            (0x56, b'\\'),
        ]),
        keypad_point: b',',
    },
    KeyMap {
        name: "fi",
        plain: table(
            b"1234567890+'",
            b"qwertyuiop}^",
            b"asdfghjkl|{`",
            b"'zxcvbnm,.-",
            b'<',
        ),
        shift: table(
            b"!\"#$%&/()=?`",
            b"QWERTYUIOP]~",
            b"ASDFGHJKL\\[~",
            b"*ZXCVBNM;:_",
            b'>',
        ),
        altgr: ALTGR,
        keypad_point: b',',
    },
];

/// The layout with that name.
pub fn find(name: &str) -> Option<&'static KeyMap> {
    core::iter::once(&DEFAULT)
        .chain(&OTHERS)
        .find(|map| map.name == name)
}
