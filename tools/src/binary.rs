//! What the checks want to know of an ELF file: its code, and its functions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use iced_x86::{Decoder, DecoderOptions, FlowControl, Formatter, GasFormatter, Instruction};
use object::elf::FileHeader32;
use object::read::elf::ElfFile32;
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol, SectionFlags, SymbolKind, elf};

/// A part of an ELF file that is loaded.
pub struct Section {
    pub address: u32,
    pub bytes: Vec<u8>,
    pub executable: bool,
}

impl Section {
    pub fn end(&self) -> u32 {
        self.address + self.bytes.len() as u32
    }

    pub fn contains(&self, address: u32) -> bool {
        (self.address..self.end()).contains(&address)
    }
}

/// A function's place and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    pub address: u32,
    /// Bytes of code; 0 where the symbol does not say (assembly labels).
    pub size: u32,
    /// The short name, see [`short_name`].
    pub name: String,
}

/// A linked ELF file for the 386.
pub struct Binary {
    pub entry: u32,
    /// Loaded sections with contents, by address.
    pub sections: Vec<Section>,
    /// Code symbols by address, one for each address, labels included.
    pub functions: BTreeMap<u32, Function>,
    /// Places of data symbols.
    objects: BTreeSet<u32>,
    /// `.stack_sizes`: function address and bytes of its frame.
    pub stack_sizes: BTreeMap<u32, u64>,
}

impl Binary {
    pub fn read(path: &Path) -> Result<Binary> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Binary::parse(&bytes).with_context(|| format!("{}", path.display()))
    }

    pub fn parse(bytes: &[u8]) -> Result<Binary> {
        let file = ElfFile32::<LittleEndian>::parse(bytes).context("not a 32-bit ELF file")?;
        let header: &FileHeader32<LittleEndian> = file.elf_header();
        ensure!(
            header.e_machine.get(LittleEndian) == elf::EM_386,
            "not for the 386"
        );
        let mut sections = Vec::new();
        let mut stack_sizes = BTreeMap::new();
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else {
                continue;
            };
            if section.name()? == ".stack_sizes" {
                read_stack_sizes(section.data()?, &mut stack_sizes)?;
            }
            let alloc = sh_flags & u64::from(elf::SHF_ALLOC) != 0;
            let data = section.data()?;
            if alloc && !data.is_empty() {
                sections.push(Section {
                    address: section.address() as u32,
                    bytes: data.to_vec(),
                    executable: sh_flags & u64::from(elf::SHF_EXECINSTR) != 0,
                });
            }
        }
        sections.sort_by_key(|section| section.address);

        let mut binary = Binary {
            entry: file.entry() as u32,
            sections,
            functions: BTreeMap::new(),
            objects: BTreeSet::new(),
            stack_sizes,
        };
        for symbol in file.symbols() {
            binary.add_symbol(&symbol);
        }
        Ok(binary)
    }

    fn add_symbol<'a>(&mut self, symbol: &impl ObjectSymbol<'a>) {
        let address = symbol.address() as u32;
        let Ok(name) = symbol.name() else { return };
        if symbol.section_index().is_none() || name.is_empty() || self.code_at(address).is_none() {
            return;
        }
        match symbol.kind() {
            SymbolKind::Text | SymbolKind::Unknown | SymbolKind::Label => {}
            SymbolKind::Data => {
                self.objects.insert(address);
                return;
            }
            _ => return,
        }
        let function = Function {
            address,
            size: symbol.size() as u32,
            name: short_name(name),
        };
        // Of several names at one place the one that knows its size, then the
        // shortest, then the first.
        let better = |old: &Function| {
            (old.size == 0, old.name.len(), &old.name)
                > (function.size == 0, function.name.len(), &function.name)
        };
        if self.functions.get(&address).is_none_or(better) {
            self.functions.insert(address, function);
        }
    }

    /// A binary of functions, one behind the other from 0x1000 on.
    #[cfg(test)]
    pub fn of_functions(functions: &[(&str, &[u8])]) -> Binary {
        let mut section = Section {
            address: 0x1000,
            bytes: Vec::new(),
            executable: true,
        };
        let mut table = BTreeMap::new();
        for (name, code) in functions {
            let function = Function {
                address: section.end(),
                size: code.len() as u32,
                name: name.to_string(),
            };
            table.insert(function.address, function);
            section.bytes.extend_from_slice(code);
        }
        Binary {
            entry: 0x1000,
            sections: vec![section],
            functions: table,
            objects: BTreeSet::new(),
            stack_sizes: BTreeMap::new(),
        }
    }

    /// The executable section at an address.
    pub fn code_at(&self, address: u32) -> Option<&Section> {
        self.sections
            .iter()
            .find(|section| section.executable && section.contains(address))
    }

    /// The function or label at or before an address, with the distance.
    pub fn symbol_at(&self, address: u32) -> Option<(&Function, u32)> {
        let (start, function) = self.functions.range(..=address).next_back()?;
        (function.size == 0 || address < start + function.size)
            .then_some((function, address - start))
    }

    /// `name+0x12`, or the bare address.
    pub fn place(&self, address: u32) -> String {
        match self.symbol_at(address) {
            Some((function, 0)) => function.name.clone(),
            Some((function, offset)) => format!("{}+{offset:#x}", function.name),
            None => format!("{address:#x}"),
        }
    }

    /// All code: the instructions of every function whose size is known, and
    /// those that can be reached from labels without a size. Data between
    /// functions (constants in the text) is thus not taken for code.
    pub fn instructions(&self) -> BTreeMap<u32, Instruction> {
        let mut found = BTreeMap::new();
        let mut starts: Vec<u32> = vec![self.entry];
        for function in self.functions.values() {
            if function.size == 0 {
                // A label that is also the place of a datum is one.
                if !self.objects.contains(&function.address) {
                    starts.push(function.address);
                }
                continue;
            }
            let end = function.address + function.size;
            let mut at = function.address;
            while at < end
                && let Some(instruction) = self.decode(at)
            {
                starts.extend(branch_target(&instruction));
                found.insert(at, instruction);
                at = instruction.next_ip32();
            }
        }
        while let Some(start) = starts.pop() {
            let mut at = start;
            while !found.contains_key(&at)
                && let Some(instruction) = self.decode(at)
            {
                found.insert(at, instruction);
                starts.extend(branch_target(&instruction));
                if ends_flow(&instruction) {
                    break;
                }
                at = instruction.next_ip32();
            }
        }
        found
    }

    /// The instruction at an address, valid or not; `None` outside of code.
    pub fn decode(&self, address: u32) -> Option<Instruction> {
        self.decode_bits(address, 32)
    }

    /// The same of code for segments of 16 or 32 bits.
    fn decode_bits(&self, address: u32, bits: u32) -> Option<Instruction> {
        let section = self.code_at(address)?;
        let bytes = &section.bytes[(address - section.address) as usize..];
        // MOV_TR: the test registers of the 386 are among its instructions.
        let options = DecoderOptions::MOV_TR;
        let mut decoder = Decoder::with_ip(bits, bytes, u64::from(address), options);
        Some(decoder.decode())
    }

    /// Everything from one label to another, taken for code of 16 or 32 bits.
    ///
    /// # Errors
    /// There is no such label, or an instruction does not end at the second one.
    pub fn instructions_between(
        &self,
        first: &str,
        end: &str,
        bits: u32,
    ) -> Result<BTreeMap<u32, Instruction>> {
        let label = |name: &str| {
            let found = self.functions.values().find(|label| label.name == name);
            let found = found.with_context(|| format!("there is no label {name}"))?;
            anyhow::Ok(found.address)
        };
        let (mut at, end_address) = (label(first)?, label(end)?);
        let mut found = BTreeMap::new();
        while at < end_address
            && let Some(instruction) = self.decode_bits(at, bits)
        {
            found.insert(at, instruction);
            at = instruction.next_ip32();
        }
        ensure!(
            at == end_address && !found.is_empty(),
            "what lies from {first} to {end} is not code"
        );
        Ok(found)
    }
}

/// Where a direct branch or call leads.
pub fn branch_target(instruction: &Instruction) -> Option<u32> {
    let direct = matches!(
        instruction.flow_control(),
        FlowControl::Call | FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch
    );
    (direct && instruction.is_near_or_short()).then(|| instruction.near_branch32())
}

trait NearBranch {
    fn is_near_or_short(&self) -> bool;
}

impl NearBranch for Instruction {
    fn is_near_or_short(&self) -> bool {
        self.is_jmp_short_or_near()
            || self.is_jcc_short_or_near()
            || self.is_call_near()
            || self.is_loop()
            || self.is_loopcc()
            || self.is_jcx_short()
    }
}

/// Does nothing follow this instruction?
fn ends_flow(instruction: &Instruction) -> bool {
    instruction.is_invalid()
        || matches!(
            instruction.flow_control(),
            FlowControl::UnconditionalBranch
                | FlowControl::IndirectBranch
                | FlowControl::Return
                | FlowControl::Exception
        )
}

/// An instruction in the assembler's own language.
pub fn text_of(instruction: &Instruction) -> String {
    let mut text = String::new();
    GasFormatter::new().format(instruction, &mut text);
    text
}

/// `.stack_sizes`: address (32 bits), size (ULEB128), again and again.
fn read_stack_sizes(mut data: &[u8], sizes: &mut BTreeMap<u32, u64>) -> Result<()> {
    while let Some((address, rest)) = data.split_first_chunk::<4>() {
        let mut size = 0;
        let mut used = 0;
        for (nr, byte) in rest.iter().enumerate().take(9) {
            size |= u64::from(byte & 0x7f) << (7 * nr);
            used = nr + 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        ensure!(used > 0, ".stack_sizes ends inside an entry");
        let entry = sizes.entry(u32::from_le_bytes(*address)).or_default();
        *entry = size.max(*entry);
        data = &rest[used..];
    }
    Ok(())
}

/// A symbol as people want to read it: demangled, without the crate's name,
/// hashes and type arguments. `<linux011::fs::Inode as Drop>::drop` is
/// `fs::Inode::drop`.
pub fn short_name(symbol: &str) -> String {
    // LTO and outlining add endings that rustc-demangle keeps.
    let plain = symbol.split(".llvm.").next().unwrap_or(symbol);
    let name = format!("{:#}", rustc_demangle::demangle(plain));
    if name == plain {
        return name;
    }
    let name = self_type(&name);
    let mut out = String::new();
    let mut depth = 0u32;
    let mut previous = ' ';
    for sign in name.chars() {
        match sign {
            '<' => depth += 1,
            '>' if previous != '-' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(sign),
            _ => {}
        }
        previous = sign;
    }
    let out = out.replace("linux011::", "").replace("::{closure#", "::{");
    // What is left of `name::<T>` and of `<impl T>::name`.
    let out = out.replace("::::", "::");
    out.trim_end_matches("::")
        .trim_start_matches("::")
        .to_string()
}

/// `<A as B>::f` and `<A>::f` as `A::f`.
fn self_type(name: &str) -> String {
    let Some(inner) = name.strip_prefix('<') else {
        return name.to_string();
    };
    let mut depth = 1;
    let mut end_of_type = None;
    for (at, sign) in inner.char_indices() {
        match sign {
            '<' => depth += 1,
            '>' => depth -= 1,
            ' ' if depth == 1 && inner[at..].starts_with(" as ") && end_of_type.is_none() => {
                end_of_type = Some(at);
            }
            _ => {}
        }
        if depth == 0 {
            let of_type = &inner[..end_of_type.unwrap_or(at)];
            return format!("{}{}", self_type(of_type), &inner[at + 1..]);
        }
    }
    name.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short() {
        for (symbol, expected) in [
            ("main", "main"),
            (
                "_ZN8linux0112fs6buffer6getblk17h0123456789abcdefE",
                "fs::buffer::getblk",
            ),
            (
                "_RNvNtNtCs1234_8linux0112fs6buffer6getblk",
                "fs::buffer::getblk",
            ),
            (
                "_ZN68_$LT$linux011..fs..inode..Inode$u20$as$u20$core..ops..drop..Drop$GT$4drop17h0123456789abcdefE",
                "fs::inode::Inode::drop",
            ),
        ] {
            assert_eq!(short_name(symbol), expected);
        }
        assert_eq!(self_type("<a::B<c> as d::E<f>>::g"), "a::B<c>::g");
        assert_eq!(self_type("<a::B>::g"), "a::B::g");
    }

    #[test]
    fn stack_sizes_are_read() {
        let mut sizes = BTreeMap::new();
        read_stack_sizes(&[0, 16, 1, 0, 0x10, 0, 0x20, 1, 0, 0x80, 0x02], &mut sizes).unwrap();
        assert_eq!(sizes, BTreeMap::from([(0x11000, 16), (0x12000, 256)]));
    }
}
