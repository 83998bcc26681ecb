//! DOSBox-X under control: another author's idea of a PC with an 80386, of its
//! drives and of their controllers.
//!
//! DOSBox itself will not do: its copy on write is wrong (docs/hardware.md).

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::console::Console;
use super::qemu::{Boot, end};

/// The disk's sectors for each head, and its heads, as far as DOSBox-X is told.
const SECTORS: u64 = 63;
const HEADS: u64 = 16;
const SECTOR: u64 = 512;

/// A DOSBox-X that runs. It ends with this value.
pub struct DosBoxX {
    child: Child,
    pub console: Console,
    folder: TempDir,
}

impl DosBoxX {
    /// Boots a floppy or a disk with this memory, in MB. `program` is what
    /// `tools/dosbox-x.sh` prints.
    pub fn start(program: &Path, boot: &Boot, memory: u32) -> Result<DosBoxX> {
        let folder = tempfile::tempdir()?;
        let (image, commands) = commands(boot)?;
        // It may write to the image.
        std::fs::copy(&image, folder.path().join("image"))?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        // A floppy as slow as a real one would take a minute.
        let config = format!(
            "[sdl]\noutput=surface\n\
             [dosbox]\nmemsize={memory}\nquit warning=false\nfastbioslogo=true\n\
             [dos]\nfloppy drive data rate limit=0\n\
             [cpu]\ncore=normal\ncputype=386\ncycles=max\n\
             [mixer]\nnosound=true\n\
             [serial]\nserial1=nullmodem server:127.0.0.1 port:{} transparent:1 rxdelay:0\n\
             serial2=disabled\n\
             [autoexec]\n{commands}\n",
            listener.local_addr()?.port()
        );
        std::fs::write(folder.path().join("dosbox.conf"), config)?;
        let messages = std::fs::File::create(folder.path().join("messages"))?;
        let mut child = Command::new(program)
            .args(["-fastlaunch", "-conf", "dosbox.conf"])
            .current_dir(folder.path())
            .env("SDL_VIDEODRIVER", "dummy")
            .env("SDL_AUDIODRIVER", "dummy")
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(messages.try_clone()?)
            .stderr(messages)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        listener.set_nonblocking(true)?;
        let deadline = Instant::now() + Duration::from_secs(30);
        let stream = loop {
            if let Ok((stream, _)) = listener.accept() {
                break stream;
            }
            if child.try_wait()?.is_some() || Instant::now() > deadline {
                end(&mut child);
                bail!("DOSBox-X did not start: {}", last_message(&folder));
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        stream.set_nonblocking(false)?;
        Ok(DosBoxX {
            child,
            console: Console::new(stream.try_clone()?, stream),
            folder,
        })
    }

    /// What it has said last: why it ended, if it did by itself.
    pub fn last_message(&self) -> String {
        last_message(&self.folder)
    }
}

impl Drop for DosBoxX {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// The image to boot from, and the commands for that when its copy is `image`.
fn commands(boot: &Boot) -> Result<(PathBuf, String)> {
    match boot {
        Boot::FloppyAlone(image) => Ok((image.clone(), "boot image".into())),
        Boot::Disk(image) => {
            let size = std::fs::metadata(image)
                .with_context(|| format!("{} is not there: `make` it", image.display()))?
                .len();
            let cylinders = size / (SECTOR * SECTORS * HEADS);
            let geometry = format!("{SECTOR},{SECTORS},{HEADS},{cylinders}");
            let mount = format!("imgmount 2 image -t hdd -fs none -size {geometry}");
            Ok((image.clone(), format!("{mount}\nboot -l c")))
        }
        other => bail!("DOSBox-X does not boot {other:?}"),
    }
}

/// The last line of what it has printed.
fn last_message(folder: &TempDir) -> String {
    let messages = std::fs::read(folder.path().join("messages")).unwrap_or_default();
    let messages = String::from_utf8_lossy(&messages);
    let last = messages.lines().rfind(|line| !line.trim().is_empty());
    last.unwrap_or("nothing").to_string()
}
