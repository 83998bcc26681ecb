//! What programs that read their operands one by one have in common. A program
//! takes it in by `#[path = "../filters.rs"] mod filters;`.

use rt::mode;
use rt::prelude::*;

/// Opens each file in turn (standard input where there is none, or for `-`),
/// runs `work` on it, and reports what fails; the exit code.
pub fn each_file(files: Args, mut work: impl FnMut(BStr, File) -> Result<()>) -> i32 {
    let mut code = 0;
    let alone = files.is_empty().then_some(BStr(b"-"));
    for name in alone.into_iter().chain(files) {
        if let Err(e) = open(name).and_then(|file| work(name, file)) {
            complain!("{name}: {e}");
            code = 1;
        }
    }
    code
}

/// Opens a file that is to be read as a text: no directory.
fn open(name: BStr) -> Result<File> {
    let file = File::open_or_stdin(name)?;
    if mode::is_dir(file.stat()?.mode) {
        return Err(Errno::EISDIR);
    }
    Ok(file)
}
