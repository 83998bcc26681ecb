//! All instructions of the 387, by their codes.

use crate::machine::Value;

/// How the result compares with the host's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Bit for bit.
    Exact,
    /// Within a unit of the last place.
    Function,
}

/// An instruction: first byte less D8, second byte.
#[derive(Clone, Copy, Debug)]
pub struct Instruction {
    pub op: u8,
    pub modrm: u8,
    pub kind: Kind,
}

/// Names as Intel's manual has them.
pub fn name(op: u8, modrm: u8) -> String {
    const BASIC: [&str; 8] = [
        "fadd", "fmul", "fcom", "fcomp", "fsub", "fsubr", "fdiv", "fdivr",
    ];
    let reg = usize::from(modrm >> 3 & 7);
    let i = modrm & 7;
    if modrm < 0xc0 {
        let number = ["m32", "m32i", "m64", "m16i"][usize::from(op >> 1)];
        return match (op, reg) {
            (0 | 4, _) => format!("{} {number}", BASIC[reg]),
            (2 | 6, _) => format!("fi{} {number}", &BASIC[reg][1..]),
            (1 | 5, 0) => format!("fld {number}"),
            (1 | 5, 2) => format!("fst {}", ["m32", "m64"][usize::from(op == 5)]),
            (1 | 5, 3) => format!("fstp {}", ["m32", "m64"][usize::from(op == 5)]),
            (_, 0) => format!("fild {number}"),
            (_, 2) => format!("fist {number}"),
            (_, 3) => format!("fistp {number}"),
            (1, 4) => "fldenv".into(),
            (1, 5) => "fldcw".into(),
            (1, 6) => "fnstenv".into(),
            (1, 7) => "fnstcw".into(),
            (3, 5) => "fld m80".into(),
            (3, 7) => "fstp m80".into(),
            (5, 4) => "frstor".into(),
            (5, 6) => "fnsave".into(),
            (5, 7) => "fnstsw".into(),
            (7, 4) => "fbld".into(),
            (7, 5) => "fild m64i".into(),
            (7, 6) => "fbstp".into(),
            (7, 7) => "fistp m64i".into(),
            _ => "none".into(),
        };
    }
    const SINGLE: [&str; 32] = [
        "fchs", "fabs", "", "", "ftst", "fxam", "", "", "fld1", "fldl2t", "fldl2e", "fldpi",
        "fldlg2", "fldln2", "fldz", "", "f2xm1", "fyl2x", "fptan", "fpatan", "fxtract", "fprem1",
        "fdecstp", "fincstp", "fprem", "fyl2xp1", "fsqrt", "fsincos", "frndint", "fscale", "fsin",
        "fcos",
    ];
    match (op, reg) {
        (0, _) => format!("{} st,st({i})", BASIC[reg]),
        (1, 4..) => SINGLE[usize::from(modrm - 0xe0)].into(),
        (1 | 5 | 7, 1) => format!(
            "fxch{} st({i})",
            ["", "4", "7"][usize::from(op / 2 - op / 5)]
        ),
        (1, 0) => format!("fld st({i})"),
        (1, 2) => "fnop".into(),
        (2, _) => "fucompp".into(),
        (3, _) => ["fneni", "fndisi", "fnclex", "fninit", "fnsetpm"][usize::from(i.min(4))].into(),
        (4, 2 | 3) => format!("{}/dc st({i})", BASIC[reg]),
        (6, 2) => format!("fcomp/de st({i})"),
        (6, 3) => "fcompp".into(),
        // The assembler's names follow who is subtracted.
        (4, _) => format!("{} st({i}),st", BASIC[if reg < 4 { reg } else { reg ^ 1 }]),
        (6, _) => format!("{}p st({i}),st", BASIC[if reg < 4 { reg } else { reg ^ 1 }]),
        (5, 0) => format!("ffree st({i})"),
        (7, 0) => format!("ffreep st({i})"),
        (5, 2) => format!("fst st({i})"),
        (5, 4) => format!("fucom st({i})"),
        (5, 5) => format!("fucomp st({i})"),
        (7, 4) => "fnstsw ax".into(),
        _ => format!("fstp/d{} st({i})", 8 + op),
    }
}

/// Those that a 387 has, its unlisted doubles included.
pub fn all() -> Vec<Instruction> {
    let mut list = Vec::new();
    for op in 0..8u8 {
        for modrm in (0..=0xffu8).filter(|&modrm| modrm >= 0xc0 || modrm < 0x40 && modrm & 7 == 6) {
            let reg = modrm >> 3 & 7;
            let exists = if modrm < 0xc0 {
                match op {
                    0 | 2 | 4 | 6 => true,
                    1 => reg != 1,
                    3 => !matches!(reg, 1 | 4 | 6),
                    5 => !matches!(reg, 1 | 5),
                    _ => reg != 1,
                }
            } else {
                match op {
                    0 | 4 => true,
                    1 => !matches!(modrm, 0xd1..=0xd7 | 0xe2 | 0xe3 | 0xe6 | 0xe7 | 0xef),
                    2 => modrm == 0xe9,
                    3 => matches!(modrm, 0xe0..=0xe4),
                    5 => modrm < 0xf0,
                    6 => reg != 3 || modrm == 0xd9,
                    _ => modrm <= 0xe0,
                }
            };
            let function = op == 1 && matches!(modrm, 0xf0..=0xf3 | 0xf9 | 0xfb | 0xfe | 0xff);
            let kind = if function {
                Kind::Function
            } else {
                Kind::Exact
            };
            if exists {
                list.push(Instruction { op, modrm, kind });
            }
        }
    }
    list
}

impl Instruction {
    /// Is it tried on every two numbers of the table? Those are that take two from
    /// registers, and by that also all that take one.
    pub fn takes_table(&self) -> bool {
        match self.op {
            0 | 2 | 4 | 6 => self.modrm == 0xe9 || self.modrm >= 0xc0 && self.modrm & 7 == 1,
            1 => self.modrm >= 0xe0,
            5 => matches!(self.modrm, 0xe1 | 0xe9),
            _ => false,
        }
    }

    /// Does the 387 manual say what it gives for this `ST(0)`?
    pub fn is_defined_for(&self, x: Value) -> bool {
        let exp = x.se & 0x7fff;
        let number = exp != 0x7fff && (exp == 0 || x.sig >> 63 != 0);
        match (self.op, self.modrm) {
            (1, 0xf0) => !number || exp < 0x3fff || x.sig == 1 << 63 && exp == 0x3fff,
            (1, 0xf9) => {
                let limit = (0x3ffd, 0x95f6_1998_0c43_36f7);
                !number && x.se != 0x7fff || (exp, x.sig) <= limit
            }
            _ => true,
        }
    }
}
