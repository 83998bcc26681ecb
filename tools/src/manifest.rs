//! `xtask image`: a Minix image from a manifest; `image-ls` and `image-cat`
//! look into one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::minix::{Node, Options, Owner, Reader, S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, Tree};
use crate::util::write_if_changed;

/// The manifest's language, as `xtask image --help` shows it.
const FORMAT: &str = "\
A manifest has one entry a line; # begins a comment. MODE is octal. Host paths
(HOST) count from the current folder, the top of the source tree.

  dir     PATH MODE UID GID                 a directory
  file    PATH MODE UID GID HOST            a file with the contents of HOST
  files   DIR  MODE UID GID HOST-PATTERN    every file that matches, under its own name
  node    PATH c|b MODE UID GID MAJOR MINOR a character or block device
  fifo    PATH MODE UID GID                 a named pipe
  link    PATH EXISTING-PATH                a further name of a file
  symlink PATH TARGET UID GID               a symbolic link
  include HOST                              another manifest, relative to this one

Directories come before what is in them. A later line replaces an earlier one
of the same path and kind, so an image can include another and change it.
The image is the same, byte for byte, whenever its contents are: files carry
the time in SOURCE_DATE_EPOCH, or 8 December 1991.";

/// 8 December 1991, when 0.11 came out.
pub const MTIME: u32 = 692_150_400;

/// Makes a Minix image (version 1, names of 14 bytes) from a manifest.
#[derive(Args)]
#[command(after_help = FORMAT)]
pub struct Image {
    /// What goes into the image; see below for the format
    #[arg(long)]
    manifest: PathBuf,
    /// The image to write
    #[arg(long)]
    out: PathBuf,
    /// Size of the image in KB [default: what it needs, and --free]
    #[arg(long, value_name = "KB")]
    size: Option<usize>,
    /// Room to leave free where --size is not given
    #[arg(long, value_name = "KB", default_value_t = 256)]
    free: usize,
    /// Number of inodes [default: the used ones and one for each 4 KB]
    #[arg(long, value_name = "N")]
    inodes: Option<usize>,
    /// Also writes a make rule that names every host file the image is made of
    #[arg(long, value_name = "FILE")]
    depfile: Option<PathBuf>,
    /// The files' modification time, seconds since 1970
    #[arg(long, env = "SOURCE_DATE_EPOCH", default_value_t = MTIME)]
    mtime: u32,
}

impl Image {
    pub fn run(self) -> Result<()> {
        let mut manifest = Manifest::default();
        manifest.read(&self.manifest)?;
        let image = manifest
            .tree
            .image(Options {
                blocks: self.size,
                free: self.free,
                inodes: self.inodes,
                mtime: self.mtime,
            })
            .with_context(|| format!("cannot make {}", self.out.display()))?;
        if let Some(depfile) = &self.depfile {
            let mut rule = format!("{}:", self.out.display());
            for source in &manifest.sources {
                rule.push_str(&format!(" \\\n  {}", source.display()));
            }
            write_if_changed(depfile, format!("{rule}\n").as_bytes())?;
        }
        if write_if_changed(&self.out, &image)? {
            println!("{}: {} KB", self.out.display(), image.len() / 1024);
        }
        Ok(())
    }
}

/// A tree that is being read from manifests.
#[derive(Default)]
pub struct Manifest {
    pub tree: Tree,
    /// Every host file that was read.
    sources: BTreeSet<PathBuf>,
    /// Manifests that are open, against one that includes itself.
    open: Vec<PathBuf>,
}

impl Manifest {
    /// Takes in a manifest and those that it includes.
    pub fn read(&mut self, path: &Path) -> Result<()> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the manifest {}", path.display()))?;
        ensure!(
            !self.open.iter().any(|open| open == path),
            "{} includes itself",
            path.display()
        );
        self.open.push(path.to_path_buf());
        self.sources.insert(path.to_path_buf());
        for (nr, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or("");
            let words: Vec<&str> = line.split_whitespace().collect();
            if !words.is_empty() {
                self.line(path, &words)
                    .with_context(|| format!("{}:{}", path.display(), nr + 1))?;
            }
        }
        self.open.pop();
        Ok(())
    }

    fn line(&mut self, manifest: &Path, words: &[&str]) -> Result<()> {
        match *words {
            ["dir", path, mode, uid, gid] => {
                self.tree.insert(path, owner(mode, uid, gid)?, Node::Dir)
            }
            ["file", path, mode, uid, gid, host] => {
                self.file(path, owner(mode, uid, gid)?, Path::new(host))
            }
            ["files", dir, mode, uid, gid, pattern] => {
                self.files(dir, owner(mode, uid, gid)?, pattern)
            }
            ["node", path, kind, mode, uid, gid, major, minor] => {
                let kind = match kind {
                    "c" => S_IFCHR,
                    "b" => S_IFBLK,
                    _ => bail!("a device is c or b, not {kind:?}"),
                };
                let node = Node::Device(kind, number(major, "major")?, number(minor, "minor")?);
                self.tree.insert(path, owner(mode, uid, gid)?, node)
            }
            ["fifo", path, mode, uid, gid] => {
                self.tree.insert(path, owner(mode, uid, gid)?, Node::Fifo)
            }
            ["link", path, target] => self.tree.link(path, target),
            ["symlink", path, target, uid, gid] => {
                let node = Node::Symlink(target.as_bytes().to_vec());
                self.tree.insert(path, owner("0777", uid, gid)?, node)
            }
            ["include", other] => {
                let folder = manifest.parent().unwrap_or(Path::new(""));
                self.read(&normal(&folder.join(other)))
            }
            [kind, ..] => bail!(
                "`{kind}` is no entry, or has the wrong number of fields (see `xtask image --help`)"
            ),
            [] => Ok(()),
        }
    }

    fn file(&mut self, path: &str, owner: Owner, host: &Path) -> Result<()> {
        let bytes = fs::read(host).with_context(|| format!("cannot read {}", host.display()))?;
        self.sources.insert(host.to_path_buf());
        self.tree.insert(path, owner, Node::File(bytes))
    }

    fn files(&mut self, dir: &str, owner: Owner, pattern: &str) -> Result<()> {
        let mut found = false;
        // `glob` sorts by name.
        for host in glob::glob(pattern).with_context(|| format!("bad pattern {pattern}"))? {
            let host = host?;
            if !host.is_file() {
                continue;
            }
            let name = host.file_name().and_then(|name| name.to_str());
            let name = name.with_context(|| format!("{}: not UTF-8", host.display()))?;
            self.file(
                &format!("{}/{name}", dir.trim_end_matches('/')),
                owner,
                &host,
            )?;
            found = true;
        }
        ensure!(found, "no file matches {pattern}");
        Ok(())
    }
}

/// `a/../b` as `b`: include paths stay readable in messages and rules.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

fn owner(mode: &str, uid: &str, gid: &str) -> Result<Owner> {
    let bits = u16::from_str_radix(mode, 8)
        .ok()
        .filter(|bits| *bits <= 0o7777);
    Ok(Owner {
        mode: bits.with_context(|| format!("{mode:?} is no octal mode of 0 to 7777"))?,
        uid: number(uid, "user")?,
        gid: number(gid, "group")?,
    })
}

fn number<T: std::str::FromStr>(word: &str, what: &str) -> Result<T> {
    word.parse()
        .ok()
        .with_context(|| format!("{word:?} is no {what} number"))
}

/// Lists what is in a Minix image: mode, links, owner, size or device, path.
#[derive(Args)]
pub struct ImageLs {
    image: PathBuf,
    /// Where to begin
    #[arg(default_value = "/")]
    path: String,
}

impl ImageLs {
    pub fn run(self) -> Result<()> {
        let bytes = read_image(&self.image)?;
        let reader = Reader::new(&bytes)?;
        for (path, inode) in reader.walk(&self.path)? {
            let size = match inode.device() {
                Some((major, minor)) => format!("{major}, {minor}"),
                None => inode.size.to_string(),
            };
            let target = match inode.kind() {
                S_IFLNK => format!(" -> {}", String::from_utf8_lossy(&reader.contents(&inode)?)),
                S_IFDIR if path != "/" => "/".to_string(),
                _ => String::new(),
            };
            println!(
                "{:06o} {:3} {:5} {:3} {size:>9} {:5} {path}{target}",
                inode.mode, inode.links, inode.uid, inode.gid, inode.number
            );
        }
        Ok(())
    }
}

/// Writes a file of a Minix image to standard output.
#[derive(Args)]
pub struct ImageCat {
    image: PathBuf,
    path: String,
}

impl ImageCat {
    pub fn run(self) -> Result<()> {
        let bytes = read_image(&self.image)?;
        let reader = Reader::new(&bytes)?;
        let inode = reader.find(&self.path)?;
        ensure!(inode.kind() != S_IFDIR, "{} is a directory", self.path);
        std::io::Write::write_all(&mut std::io::stdout(), &reader.contents(&inode)?)?;
        Ok(())
    }
}

fn read_image(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(folder: &Path, text: &str) -> Result<Manifest> {
        fs::write(folder.join("m"), text)?;
        let mut manifest = Manifest::default();
        manifest.read(&folder.join("m"))?;
        Ok(manifest)
    }

    fn options() -> Options {
        Options {
            blocks: Some(200),
            free: 0,
            inodes: None,
            mtime: MTIME,
        }
    }

    #[test]
    fn all_kinds_of_lines() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path();
        let at = folder.display();
        fs::create_dir(folder.join("bin")).unwrap();
        fs::write(folder.join("bin/one"), "1").unwrap();
        fs::write(folder.join("bin/two"), "2").unwrap();
        let base = format!(
            "dir /bin 0755 0 0 # programs\n\nfiles /bin 0755 0 0 {at}/bin/*\nlink /bin/[ /bin/one\n"
        );
        fs::write(folder.join("base"), base).unwrap();
        let text = format!(
            "include base\nfile /bin/two 4711 1 2 {at}/bin/one\nnode /tty c 0620 0 5 4 1\n\
             node /hd b 600 0 0 3 0\nfifo /pipe 600 0 0\nsymlink /s bin/two 0 0\n"
        );
        let manifest = read(folder, &text).unwrap();
        let image = manifest.tree.image(options()).unwrap();
        let reader = Reader::new(&image).unwrap();
        let two = reader.find("/bin/two").unwrap();
        assert_eq!((two.mode, two.uid, two.gid), (0o104711, 1, 2));
        assert_eq!(reader.contents(&two).unwrap(), b"1");
        assert_eq!(reader.find("/bin/[").unwrap().links, 2);
        assert_eq!(reader.find("/tty").unwrap().device(), Some((4, 1)));
        assert_eq!(reader.find("/hd").unwrap().kind(), S_IFBLK);
        assert_eq!(manifest.sources.len(), 4);
        // The same contents are the same bytes.
        let again = read(folder, &text).unwrap().tree.image(options()).unwrap();
        assert!(image == again);
    }

    #[test]
    fn mistakes_name_their_line() {
        let temp = tempfile::tempdir().unwrap();
        for text in [
            "\nfile /x 0644 0 0 missing",
            "\ndir /x 0888 0 0",
            "\ndir /x 10000 0 0",
            "\ndir /x 0755 0",
            "\nnode /x x 0644 0 0 1 1",
            "\nnode /x c 0644 0 0 256 1",
            "\nnonsense",
            "\nfiles / 0644 0 0 missing/*",
            "\ninclude m",
        ] {
            let error = read(temp.path(), text).err().map(|e| format!("{e:#}"));
            assert!(error.is_some_and(|e| e.contains("m:2")), "{text}");
        }
    }
}
