//! `xtask profile`: what the instructions from a kernel function to the return
//! to the program are spent on. Single-steps QEMU over gdb's remote protocol.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use tempfile::TempDir;

use super::machine::own;
use crate::binary::{Binary, short_name};
use crate::machine::Qemu;

/// Counts instructions by function, from a call of FUNCTION until the kernel
/// returns to a program.
///
/// The image's bench program runs, so the N-th call of sys_stat, say, is a known
/// one (`sys_stat --nth 20` is in a path seven levels deep).
#[derive(Args)]
pub struct Profile {
    /// A kernel function or label: a name, or the end of a path (`namei::lookup`)
    function: String,
    /// Which call
    #[arg(long, default_value_t = 1)]
    nth: u32,
    /// Counts functions that the compiler has put into others with those
    #[arg(long)]
    whole: bool,
    /// Stops where the function returns, not the kernel
    #[arg(long)]
    to_return: bool,
    /// Most instructions that are counted
    #[arg(long, default_value_t = 200_000)]
    limit: u32,
    /// Functions that are shown
    #[arg(long, default_value_t = 30)]
    top: usize,
    #[arg(long, default_value = "build/linux011.elf")]
    kernel: PathBuf,
    #[arg(long, default_value = "build/bench.img")]
    image: PathBuf,
    /// The first process
    #[arg(long, default_value = "/bench/bench")]
    program: String,
}

impl Profile {
    pub fn run(self) -> Result<()> {
        let binary = Binary::read(&self.kernel)?;
        let address = self.address(&binary)?;
        let counts = self.step(address)?;
        let total: u32 = counts.values().sum();
        let mut names: BTreeMap<String, u32> = BTreeMap::new();
        if self.whole {
            for (&at, count) in &counts {
                let name = binary
                    .symbol_at(at)
                    .map_or("?".into(), |(function, _)| function.name.clone());
                *names.entry(name).or_default() += count;
            }
        } else {
            for (at, name) in self.inlined(counts.keys())? {
                *names.entry(name).or_default() += counts[&at];
            }
        }
        let mut sorted: Vec<_> = names.into_iter().collect();
        sorted.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), name.clone()));
        println!(
            "{total} instructions from {}, call {}:",
            self.function, self.nth
        );
        for (name, count) in sorted.iter().take(self.top) {
            println!(
                "{count:>8} {:>5.1} %  {name}",
                f64::from(*count) * 100.0 / f64::from(total)
            );
        }
        Ok(())
    }

    /// Where the function is.
    fn address(&self, binary: &Binary) -> Result<u32> {
        let fits = |name: &str| {
            name.strip_suffix(&self.function)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
        };
        let found: Vec<_> = binary
            .functions
            .values()
            .filter(|function| fits(&function.name))
            .collect();
        match found[..] {
            [function] => Ok(function.address),
            [] => bail!(
                "the kernel has no function {}: the compiler may have put it into its only caller",
                self.function
            ),
            _ => bail!(
                "which one? {}",
                found
                    .iter()
                    .map(|function| function.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        }
    }

    /// How often each instruction runs.
    fn step(&self, address: u32) -> Result<BTreeMap<u32, u32>> {
        let folder = TempDir::new()?;
        let socket = folder.path().join("gdb");
        let mut setup = own(&self.kernel, &self.image, &self.program);
        setup.extra.extend([
            "-S".into(),
            "-chardev".into(),
            format!("socket,path={},server=on,wait=off,id=g0", socket.display()),
            "-gdb".into(),
            "chardev:g0".into(),
        ]);
        let _machine = Qemu::start(&setup)?;
        let mut remote = Remote::connect(UnixStream::connect(&socket)?)?;
        for nr in 0..self.nth {
            if nr > 0 {
                remote.ask("s")?;
            }
            remote.ask(&format!("Z1,{address:x},1"))?;
            remote.ask("c")?;
            remote.ask(&format!("z1,{address:x},1"))?;
            ensure!(
                remote.registers()?.eip == address,
                "the machine stopped elsewhere"
            );
        }
        let stack = remote.registers()?.esp;
        let mut counts = BTreeMap::new();
        for _ in 0..self.limit {
            let now = remote.registers()?;
            if now.cs & 3 != 0 || (self.to_return && now.esp > stack) {
                break;
            }
            *counts.entry(now.eip).or_default() += 1;
            remote.ask("s")?;
        }
        Ok(counts)
    }

    /// The innermost function at each address, among those that the compiler
    /// has put into others, too.
    fn inlined<'a>(&self, addresses: impl Iterator<Item = &'a u32>) -> Result<Vec<(u32, String)>> {
        let words: Vec<String> = addresses.map(|address| format!("{address:#x}")).collect();
        let output = Command::new("addr2line")
            .args(["-a", "-f", "-e"])
            .arg(&self.kernel)
            .args(&words)
            .output()
            .context("cannot run addr2line (binutils)")?;
        ensure!(output.status.success(), "addr2line failed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        lines
            .chunks(3)
            .map(|lines| {
                let &[address, name, place] = lines else {
                    bail!("addr2line printed something else");
                };
                let address = u32::from_str_radix(address.trim_start_matches("0x"), 16)?;
                let file = place.split([':', ' ']).next().unwrap_or("");
                let file = file.rsplit('/').next().unwrap_or(file);
                Ok((address, format!("{} ({file})", short_name(name))))
            })
            .collect()
    }
}

/// The registers that matter here.
struct Registers {
    esp: u32,
    eip: u32,
    cs: u32,
}

/// QEMU's end of gdb's remote protocol.
struct Remote(BufReader<UnixStream>);

impl Remote {
    fn connect(stream: UnixStream) -> Result<Remote> {
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        let mut remote = Remote(BufReader::new(stream));
        remote.ask("QStartNoAckMode")?;
        remote.ask("?")?;
        Ok(remote)
    }

    /// Sends a command, gives the answer.
    fn ask(&mut self, command: &str) -> Result<String> {
        let sum = command.bytes().fold(0u8, u8::wrapping_add);
        write!(self.0.get_mut(), "${command}#{sum:02x}")?;
        let mut answer = Vec::new();
        self.0
            .skip_until(b'$')
            .context("QEMU does not answer: is the function ever called?")?;
        self.0.read_until(b'#', &mut answer)?;
        self.0.read_exact(&mut [0; 2])?;
        answer.pop();
        let answer = String::from_utf8(answer)?;
        ensure!(!answer.starts_with('E'), "QEMU refuses {command}: {answer}");
        Ok(answer)
    }

    fn registers(&mut self) -> Result<Registers> {
        let text = self.ask("g")?;
        let register = |nr: usize| {
            let digits = text.get(nr * 8..nr * 8 + 8).context("too few registers")?;
            anyhow::Ok(u32::from_str_radix(digits, 16)?.swap_bytes())
        };
        Ok(Registers {
            esp: register(4)?,
            eip: register(8)?,
            cs: register(10)?,
        })
    }
}
