//! `xtask stack`: how deep can a kernel stack get?
//!
//! A task's kernel stack shares its page with the task structure, so the code
//! has to be known to fit. The depth at every call is found by following the
//! stack pointer through each function's instructions; chains of calls add up.
//! Calls through pointers are resolved where they go through a constant table;
//! for all others `tools/stack-rules.txt` says what they can reach.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};
use regex::Regex;

use crate::binary::{Binary, branch_target};

/// Prints the deepest call chains of the kernel's stack and a bound for it.
///
/// The bound is the deepest chain from a way in for programs (a system call, an
/// exception) plus the deepest chain of an interrupt on top of it.
#[derive(Args)]
pub struct Stack {
    /// The linked kernel, made with -Z emit-stack-sizes
    kernel: PathBuf,
    /// Fail if the bound is above this many bytes
    #[arg(long, value_name = "BYTES")]
    limit: Option<u32>,
    /// What calls through pointers can reach, and where analysis ends
    #[arg(long, default_value = "tools/stack-rules.txt")]
    rules: PathBuf,
    /// How many chains to print for each kind of way in
    #[arg(long, default_value_t = 2)]
    chains: usize,
}

impl Stack {
    pub fn run(self) -> Result<()> {
        let binary = Binary::read(&self.kernel)?;
        let text = std::fs::read_to_string(&self.rules)
            .with_context(|| format!("cannot read {}", self.rules.display()))?;
        let rules = Rules::parse(&text).with_context(|| format!("{}", self.rules.display()))?;
        let mut graph = Graph::new(&binary, &rules)?;
        let calls = graph.deepest(&rules.entries, &rules, self.chains)?;
        let interrupts = graph.deepest(&rules.interrupts, &rules, self.chains)?;
        let bound = calls + rules.reserve + interrupts;
        for stack in &rules.stacks {
            let depth = graph.deepest(&[(stack.0.clone(), 4)], &rules, 1)? + interrupts;
            println!("its own stack: at most {depth} of {} bytes", stack.1);
            ensure!(
                depth <= stack.1,
                "the stack of {} is too small: see the chain above",
                stack.0
            );
        }
        println!(
            "stack: {calls} bytes, {} in reserve, {interrupts} of an interrupt: at most {bound}",
            rules.reserve
        );
        graph.report_problems(&rules)?;
        if let Some(limit) = self.limit {
            ensure!(
                bound <= limit,
                "the kernel's stack can grow to {bound} bytes, the limit is {limit}: see the chains above"
            );
        }
        Ok(())
    }
}

/// `tools/stack-rules.txt`.
#[derive(Default)]
struct Rules {
    /// Ways in, with the bytes that the CPU pushes.
    entries: Vec<(Regex, u32)>,
    interrupts: Vec<(Regex, u32)>,
    /// What runs on a stack of its own, with that one's bytes.
    stacks: Vec<(Regex, u32)>,
    /// Caller, callee: what a call through a pointer can reach.
    edges: Vec<(Regex, Regex)>,
    /// Caller, callee: what is in the code but cannot come about.
    without: Vec<(Regex, Regex)>,
    /// Bytes on top of everything else.
    reserve: u32,
    /// Not followed: they never return.
    cuts: Vec<Regex>,
    /// A function that calls itself, and how often at most.
    recursion: Vec<(Regex, u32)>,
}

impl Rules {
    fn parse(text: &str) -> Result<Rules> {
        let mut rules = Rules::default();
        for (nr, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or("").trim();
            let words: Vec<&str> = line.split_whitespace().collect();
            let regex = |word: &str| {
                Regex::new(&format!("^(?:{word})$")).with_context(|| format!("line {}", nr + 1))
            };
            let number = |word: &str| -> Result<u32> {
                word.parse()
                    .with_context(|| format!("line {}: {word:?}", nr + 1))
            };
            match words[..] {
                [] => {}
                ["entry", name, bytes] => rules.entries.push((regex(name)?, number(bytes)?)),
                ["interrupt", name, bytes] => rules.interrupts.push((regex(name)?, number(bytes)?)),
                ["stack", name, bytes] => rules.stacks.push((regex(name)?, number(bytes)?)),
                ["calls", caller, callee] => rules.edges.push((regex(caller)?, regex(callee)?)),
                ["without", caller, callee] => rules.without.push((regex(caller)?, regex(callee)?)),
                ["reserve", bytes] => rules.reserve += number(bytes)?,
                ["cut", name] => rules.cuts.push(regex(name)?),
                ["recursion", name, times] => rules.recursion.push((regex(name)?, number(times)?)),
                _ => bail!("line {}: not a rule: {line}", nr + 1),
            }
        }
        Ok(rules)
    }

    fn cut(&self, name: &str) -> bool {
        self.cuts.iter().any(|cut| cut.is_match(name))
    }
}

/// What one function does to the stack.
#[derive(Default, Debug)]
struct Frame {
    /// Bytes below the return address at the deepest point, callees aside.
    own: u32,
    /// Bytes below the return address at each call, for each callee.
    calls: BTreeMap<u32, u32>,
    /// The deepest call through a pointer that nothing resolved.
    unresolved: Option<u32>,
}

/// Functions and their calls.
struct Graph<'a> {
    binary: &'a Binary,
    frames: BTreeMap<u32, Frame>,
    /// Depth of the deepest chain from a function, with the next function on it.
    known: BTreeMap<u32, (u32, Option<u32>)>,
    /// Of functions that call themselves: the depth of the rounds inside.
    inner: BTreeMap<u32, u32>,
    recursion: BTreeSet<String>,
    unresolved: BTreeSet<String>,
}

impl<'a> Graph<'a> {
    fn new(binary: &'a Binary, rules: &Rules) -> Result<Graph<'a>> {
        let mut graph = Graph {
            binary,
            frames: BTreeMap::new(),
            known: BTreeMap::new(),
            inner: BTreeMap::new(),
            recursion: BTreeSet::new(),
            unresolved: BTreeSet::new(),
        };
        for (address, function) in &binary.functions {
            if rules.cut(&function.name) {
                graph.frames.insert(*address, Frame::default());
                continue;
            }
            let mut frame = follow(binary, *address);
            // The compiler knows its frames; a dynamic one would show here.
            if let Some(size) = binary.stack_sizes.get(address) {
                frame.own = frame.own.max(*size as u32);
            }
            graph.frames.insert(*address, frame);
        }
        graph.apply(rules)?;
        Ok(graph)
    }

    /// Puts the rules' edges in the place of calls through pointers.
    fn apply(&mut self, rules: &Rules) -> Result<()> {
        for (caller, callee) in &rules.edges {
            let targets: Vec<u32> = self.matching(callee);
            let callers = self.matching(caller);
            ensure!(
                !targets.is_empty() && !callers.is_empty(),
                "the rule `calls {caller} {callee}` fits no function any more: mend or remove it"
            );
            let mut used = false;
            for address in callers {
                let frame = self.frames.get_mut(&address);
                let Some((frame, depth)) = frame.and_then(|frame| {
                    let depth = frame.unresolved?;
                    Some((frame, depth))
                }) else {
                    continue;
                };
                used = true;
                for target in &targets {
                    let known = frame.calls.entry(*target).or_default();
                    *known = depth.max(*known);
                }
            }
            ensure!(
                used,
                "the rule `calls {caller} {callee}`: the caller calls through no pointer"
            );
        }
        for (name, _) in &rules.stacks {
            let targets = self.matching(name);
            for frame in self.frames.values_mut() {
                frame.calls.retain(|target, _| !targets.contains(target));
            }
        }
        for (caller, callee) in &rules.without {
            let targets = self.matching(callee);
            for address in self.matching(caller) {
                if let Some(frame) = self.frames.get_mut(&address) {
                    frame.calls.retain(|target, _| !targets.contains(target));
                }
            }
        }
        for (address, frame) in &self.frames {
            let name = &self.binary.functions[address].name;
            if frame.unresolved.is_some() && !rules.edges.iter().any(|edge| edge.0.is_match(name)) {
                self.unresolved.insert(name.clone());
            }
        }
        Ok(())
    }

    fn matching(&self, name: &Regex) -> Vec<u32> {
        let fits = |entry: &(&u32, &crate::binary::Function)| name.is_match(&entry.1.name);
        self.binary
            .functions
            .iter()
            .filter(fits)
            .map(|entry| *entry.0)
            .collect()
    }

    /// Depth of the deepest chain from a function, its return address included.
    fn depth(&mut self, address: u32, rules: &Rules, path: &mut Vec<u32>) -> u32 {
        if let Some((depth, _)) = self.known.get(&address) {
            return *depth;
        }
        if let Some(at) = path.iter().position(|on| *on == address) {
            let names: Vec<_> = path[at..].iter().map(|on| self.binary.place(*on)).collect();
            self.recursion.insert(names.join(" > "));
            return self.inner.get(&address).copied().unwrap_or(0);
        }
        let name = self.binary.place(address);
        let times = rules.recursion.iter().find(|rule| rule.0.is_match(&name));
        for _ in 0..times.map_or(0, |rule| rule.1) {
            // The depth without a further round is what the next round finds
            // inside; what was learned on the way holds for this round only.
            let before = self.known.clone();
            let depth = self.depth_once(address, rules, path);
            self.known = before;
            self.inner.insert(address, depth);
        }
        let depth = self.depth_once(address, rules, path);
        self.inner.remove(&address);
        depth
    }

    fn depth_once(&mut self, address: u32, rules: &Rules, path: &mut Vec<u32>) -> u32 {
        path.push(address);
        let frame = self.frames.get(&address);
        let mut deepest = (frame.map_or(0, |frame| frame.own), None);
        let calls: Vec<(u32, u32)> = frame
            .map(|frame| frame.calls.iter().map(|(to, at)| (*to, *at)).collect())
            .unwrap_or_default();
        for (to, at) in calls {
            let below = at + self.depth(to, rules, path);
            if below > deepest.0 {
                deepest = (below, Some(to));
            }
        }
        path.pop();
        let total = deepest.0 + 4;
        self.known.insert(address, (total, deepest.1));
        total
    }

    /// The deepest of the ways in; prints the first few.
    fn deepest(&mut self, entries: &[(Regex, u32)], rules: &Rules, chains: usize) -> Result<u32> {
        let mut found = Vec::new();
        for (name, pushed) in entries {
            let addresses = self.matching(name);
            ensure!(!addresses.is_empty(), "no function is called {name}");
            for address in addresses {
                // The CPU's words stand in for the return address.
                let depth = self.depth(address, rules, &mut Vec::new()) - 4 + pushed;
                found.push((depth, address));
            }
        }
        found.sort_unstable();
        found.reverse();
        for (depth, address) in found.iter().take(chains) {
            println!("{depth:6}  {}", self.binary.place(*address));
            let mut at = *address;
            let mut shown = BTreeSet::new();
            while let Some((_, Some(next))) = self.known.get(&at)
                && shown.insert(at)
            {
                let depth = self.known.get(next).map_or(0, |known| known.0);
                println!("{depth:8}  {}", self.binary.place(*next));
                at = *next;
            }
        }
        Ok(found.first().map_or(0, |deepest| deepest.0))
    }

    /// Recursion and calls that nobody knows make the bound worthless.
    fn report_problems(&self, rules: &Rules) -> Result<()> {
        let reachable: BTreeSet<String> = self
            .known
            .keys()
            .map(|address| self.binary.place(*address))
            .collect();
        let mut problems = 0;
        for cycle in &self.recursion {
            let known = |name: &str| rules.recursion.iter().any(|rule| rule.0.is_match(name));
            if !cycle.split(" > ").any(known) {
                println!("recursion: {cycle}");
                problems += 1;
            }
        }
        for name in self.unresolved.intersection(&reachable) {
            println!("calls through a pointer: {name}");
            problems += 1;
        }
        ensure!(
            problems == 0,
            "{problems} places make the bound meaningless: avoid them, or say in tools/stack-rules.txt what they can reach"
        );
        Ok(())
    }
}

/// Where the stack and frame pointers stand, in bytes below the return address.
#[derive(Clone, Copy)]
struct Depth {
    esp: i64,
    ebp: Option<i64>,
}

/// Follows every path through a function and notes how deep the stack is.
fn follow(binary: &Binary, start: u32) -> Frame {
    let size = binary.functions[&start].size;
    let inside = |address: u32| match size {
        // A label of assembly: up to the next label that is somebody's start.
        0 => binary
            .symbol_at(address)
            .is_some_and(|found| found.0.address == start),
        size => (start..start + size).contains(&address),
    };
    let mut frame = Frame::default();
    let mut seen = BTreeSet::new();
    let mut todo = vec![(start, Depth { esp: 0, ebp: None })];
    while let Some((address, mut depth)) = todo.pop() {
        if !seen.insert(address) {
            continue;
        }
        let Some(instruction) = binary.decode(address).filter(|found| !found.is_invalid()) else {
            continue;
        };
        let here = depth.esp;
        note_call(binary, &instruction, here, inside, &mut frame);
        step(binary, &instruction, &mut depth);
        frame.own = frame.own.max(depth.esp.max(0) as u32);
        if let Some(target) = branch_target(&instruction)
            && !instruction.is_call_near()
            && inside(target)
        {
            todo.push((target, depth));
        }
        let goes_on = matches!(
            instruction.flow_control(),
            FlowControl::Next
                | FlowControl::ConditionalBranch
                | FlowControl::Call
                | FlowControl::IndirectCall
                | FlowControl::Interrupt
        );
        let next = instruction.next_ip32();
        if goes_on && inside(next) {
            todo.push((next, depth));
        } else if goes_on && size == 0 {
            // Assembly falls through into the next label.
            let entry = frame.calls.entry(next).or_default();
            *entry = (depth.esp.max(0) as u32).saturating_sub(4).max(*entry);
        }
    }
    frame
}

/// Notes calls, and jumps that leave the function.
fn note_call(
    binary: &Binary,
    instruction: &Instruction,
    here: i64,
    inside: impl Fn(u32) -> bool,
    frame: &mut Frame,
) {
    let here = here.max(0) as u32;
    let mut add = |target: u32, at: u32| {
        let entry = frame.calls.entry(target).or_default();
        *entry = at.max(*entry);
    };
    match instruction.flow_control() {
        FlowControl::Call => {
            if let Some(target) = branch_target(instruction) {
                add(target, here);
            }
        }
        FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch => {
            // A tail call: no return address of its own.
            if let Some(target) = branch_target(instruction)
                && !inside(target)
            {
                add(target, here.saturating_sub(4));
            }
        }
        // A far jump is the switch to another task and its stack.
        FlowControl::IndirectCall | FlowControl::IndirectBranch
            if !instruction.is_jmp_far_indirect() =>
        {
            let targets = table(binary, instruction);
            if targets.iter().any(|target| inside(*target)) {
                // The jump table of a `match`.
                return;
            }
            if targets.is_empty() {
                frame.unresolved = Some(frame.unresolved.unwrap_or(0).max(here));
            }
            for target in targets {
                add(target, here);
            }
        }
        _ => {}
    }
}

/// The targets of a call through a constant table: `call *table(, %eax, 4)`.
fn table(binary: &Binary, instruction: &Instruction) -> Vec<u32> {
    if instruction.op0_kind() != OpKind::Memory || instruction.memory_base() != Register::None {
        return Vec::new();
    }
    let start = instruction.memory_displacement32();
    let Some(section) = binary
        .sections
        .iter()
        .find(|section| section.contains(start))
    else {
        return Vec::new();
    };
    let indexed = instruction.memory_index() != Register::None;
    let bytes = &section.bytes[(start - section.address) as usize..];
    bytes
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
        .take_while(|target| binary.code_at(*target).is_some())
        .take(if indexed { usize::MAX } else { 1 })
        .collect()
}

/// What an instruction does to the stack pointer.
fn step(binary: &Binary, instruction: &Instruction, depth: &mut Depth) {
    let first = (instruction.op_count() > 0 && instruction.op0_kind() == OpKind::Register)
        .then(|| instruction.op0_register());
    let second = (instruction.op_count() > 1 && instruction.op1_kind() == OpKind::Register)
        .then(|| instruction.op1_register());
    let immediate = || instruction.immediate(1) as u32 as i32 as i64;
    match (instruction.mnemonic(), first) {
        (Mnemonic::Sub, Some(Register::ESP)) if second.is_none() => depth.esp += immediate(),
        (Mnemonic::Add, Some(Register::ESP)) if second.is_none() => depth.esp -= immediate(),
        // Alignment: at most this much more.
        (Mnemonic::And, Some(Register::ESP)) => depth.esp += -immediate() - 4,
        (Mnemonic::Mov, Some(Register::EBP)) if second == Some(Register::ESP) => {
            depth.ebp = Some(depth.esp);
        }
        (Mnemonic::Mov, Some(Register::ESP)) if second == Some(Register::EBP) => {
            depth.esp = depth.ebp.unwrap_or(depth.esp);
        }
        (Mnemonic::Lea, Some(Register::ESP)) => {
            let offset = i64::from(instruction.memory_displacement32() as i32);
            match instruction.memory_base() {
                Register::EBP => depth.esp = depth.ebp.unwrap_or(depth.esp) - offset,
                Register::ESP => depth.esp -= offset,
                _ => {}
            }
        }
        (Mnemonic::Leave, _) => depth.esp = depth.ebp.unwrap_or(depth.esp) - 4,
        (Mnemonic::Pop, Some(Register::EBP)) => {
            depth.esp -= 4;
            depth.ebp = None;
        }
        (Mnemonic::Call, _) => {
            // A callee may pop the address that its result went to.
            if let Some(target) = branch_target(instruction) {
                depth.esp -= popped(binary, target);
            }
        }
        _ => depth.esp -= i64::from(instruction.stack_pointer_increment()),
    }
}

/// Bytes of arguments that a function removes itself (`ret $4`).
fn popped(binary: &Binary, address: u32) -> i64 {
    let Some(function) = binary.functions.get(&address) else {
        return 0;
    };
    let mut at = address;
    while at < address + function.size
        && let Some(instruction) = binary.decode(at)
    {
        if instruction.mnemonic() == Mnemonic::Ret && instruction.op_count() == 1 {
            return instruction.immediate(0) as i64;
        }
        at = instruction.next_ip32();
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bound of `entry` in a small program under these rules.
    fn bound(functions: &[(&str, &[u8])], rules: &str) -> Result<u32> {
        let binary = Binary::of_functions(functions);
        let rules = Rules::parse(rules)?;
        let mut graph = Graph::new(&binary, &rules)?;
        let depth = graph.deepest(&rules.entries, &rules, 0)?;
        graph.report_problems(&rules)?;
        Ok(depth)
    }

    const LEAF: (&str, &[u8]) = (
        "leaf",
        &[0x53, 0x83, 0xec, 0x14, 0x83, 0xc4, 0x14, 0x5b, 0xc3],
    );

    #[test]
    fn frames_and_calls_add_up() {
        // push ebx; sub esp, 20: 24 bytes.
        assert_eq!(bound(&[LEAF], "entry leaf 4").unwrap(), 28);
        // push ebp; mov ebp, esp; sub esp, 8; call +2 (the next function); leave; ret
        let caller: &[u8] = &[
            0x55, 0x89, 0xe5, 0x83, 0xec, 0x08, 0xe8, 2, 0, 0, 0, 0xc9, 0xc3,
        ];
        let depth = bound(&[("caller", caller), LEAF], "entry caller 20").unwrap();
        assert_eq!(depth, 20 + 12 + 4 + 24);
        // Cut: the caller's own frame is what remains, with the return address.
        let depth = bound(&[("caller", caller), LEAF], "entry caller 20\ncut leaf").unwrap();
        assert_eq!(depth, 20 + 12 + 4);
    }

    #[test]
    fn a_branch_takes_the_deeper_side() {
        // test eax, eax; jz +3; sub esp, 64; ret
        let code: &[u8] = &[0x85, 0xc0, 0x74, 0x03, 0x83, 0xec, 0x40, 0xc3];
        assert_eq!(bound(&[("f", code)], "entry f 4").unwrap(), 4 + 64);
    }

    #[test]
    fn recursion_needs_a_rule() {
        // sub esp, 12; call itself; add esp, 12; ret
        let code: &[u8] = &[
            0x83, 0xec, 0x0c, 0xe8, 0xf8, 0xff, 0xff, 0xff, 0x83, 0xc4, 0x0c, 0xc3,
        ];
        assert!(bound(&[("f", code)], "entry f 4").is_err());
        let depth = bound(&[("f", code)], "entry f 4\nrecursion f 2").unwrap();
        assert_eq!(depth, 4 + 3 * 12 + 2 * 4);
    }

    #[test]
    fn calls_through_pointers_need_a_rule() {
        // sub esp, 12; call *%eax; add esp, 12; ret
        let code: &[u8] = &[0x83, 0xec, 0x0c, 0xff, 0xd0, 0x83, 0xc4, 0x0c, 0xc3];
        let functions = [("f", code), LEAF];
        assert!(bound(&functions, "entry f 4").is_err());
        let depth = bound(&functions, "entry f 4\ncalls f leaf").unwrap();
        assert_eq!(depth, 4 + 12 + 4 + 24);
        assert!(bound(&functions, "entry f 4\ncalls f gone").is_err());
        assert!(bound(&functions, "entry f 4\ncalls leaf f").is_err());
    }

    #[test]
    fn rules_are_checked() {
        assert!(Rules::parse("entry f").is_err());
        assert!(Rules::parse("entry f x").is_err());
        assert!(Rules::parse("nonsense").is_err());
        assert!(Rules::parse("cut (").is_err());
        assert_eq!(
            Rules::parse("# nothing\nreserve 5 # a\nreserve 6")
                .unwrap()
                .reserve,
            11
        );
    }
}
