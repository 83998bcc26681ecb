//! Tests that the host drives: it types at the system's shell, looks at the
//! machine from outside, and boots it in other ways.

mod boot;
mod consoles;
mod floppies;
mod gdb;
mod hard_disks;
mod images;
mod jobs;
mod media;
mod old_root;
mod screen;
mod shell;
mod tables;

pub use shell::Shell;

use std::path::PathBuf;

use anyhow::Result;

use crate::test::Report;

/// What a scenario works with.
pub struct Context<'a> {
    pub report: &'a Report,
}

/// A test that the host drives.
pub struct Scenario {
    pub name: &'static str,
    pub run: fn(&Context) -> Result<()>,
}

const fn scenario(name: &'static str, run: fn(&Context) -> Result<()>) -> Scenario {
    Scenario { name, run }
}

/// What a scenario fails with when it lacks something that few have: it does not
/// count then.
#[derive(Debug)]
pub struct Skipped(pub &'static str);

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Skipped {}

/// All scenarios, those that take longest first.
pub const ALL: &[Scenario] = &[
    scenario("old_root.session", old_root::session),
    scenario("boot.bochs", boot::bochs),
    scenario("floppy.under_load", floppies::under_load),
    scenario("floppy.lost_interrupts", floppies::lost_interrupts),
    scenario("hd.lost_interrupts", hard_disks::lost_interrupts),
    scenario("floppy.large", floppies::large),
    scenario("floppy.small", floppies::small),
    scenario("floppy.root", floppies::root),
    scenario("floppy.changed", floppies::changed),
    scenario("hd.two_drives", hard_disks::two_drives),
    scenario("hd.errors", hard_disks::errors),
    scenario("images.hd_keeps_files", images::hd_keeps_files),
    scenario("images.hd386_keeps_files", images::hd386_keeps_files),
    scenario("images.floppy", images::floppy),
    scenario("images.root_floppy", images::root_floppy),
    scenario("images.a20_off", images::a20_off),
    scenario("images.self_test", images::self_test),
    scenario("images.safe", images::safe),
    scenario("boot.iso_4mb", boot::iso_4mb),
    scenario("boot.iso_16mb", boot::iso_16mb),
    scenario("boot.iso_64mb", boot::iso_64mb),
    scenario("trace.agrees_with_the_tables", |_| {
        crate::trace::scenario(tempfile::tempdir()?.path())
    }),
    scenario("trace.every_event", |_| {
        crate::trace::every_event(tempfile::tempdir()?.path())
    }),
    scenario("trace.figures", |_| {
        crate::trace::figures_scenario(tempfile::tempdir()?.path())
    }),
    scenario("shell.three_at_once", shell::three_at_once),
    scenario("shell.list_and_grep", shell::list_and_grep),
    scenario("shell.pipeline_of_four", shell::pipeline_of_four),
    scenario("shell.hundred_forks", shell::hundred_forks),
    scenario("shell.script", shell::script),
    scenario("shell.interrupt", shell::interrupt),
    scenario("shell.strace", shell::strace),
    scenario("shell.login_again", shell::login_again),
    scenario("shell.c_program", shell::c_program),
    scenario("shell.power_off", shell::power_off),
    scenario("screen.keyboard", screen::keyboard),
    scenario("screen.task_list", screen::task_list),
    scenario("consoles.four", consoles::four),
    scenario("consoles.independent", consoles::independent),
    scenario("consoles.again", consoles::again),
    scenario("consoles.beside_serial", consoles::beside_serial),
    scenario("consoles.colours", consoles::colours),
    scenario("consoles.layouts", consoles::layouts),
    scenario("consoles.restart", consoles::restart),
    scenario("jobs.all", jobs::all),
    scenario("jobs.background_reader", jobs::background_reader),
    scenario("jobs.pipeline", jobs::pipeline),
    scenario("jobs.hang_up", jobs::hang_up),
    scenario("jobs.settings", jobs::settings),
    scenario("tables.identity", tables::identity),
    scenario("tables.user_bits", tables::user_bits),
    scenario("gdb.commands", gdb::commands),
    scenario("boot.no_root", boot::no_root),
    scenario("boot.damaged_root", boot::damaged_root),
    scenario("boot.init_ends", boot::init_ends),
    scenario(
        "boot.init_ends_after_writing",
        boot::init_ends_after_writing,
    ),
    scenario("boot.panic_names_functions", boot::panic_names_functions),
    scenario("boot.under_a_second", boot::under_a_second),
    scenario("boot.kernel_size", boot::kernel_size),
];

/// The programs of the build.
fn product(name: &str) -> PathBuf {
    PathBuf::from("build").join(name)
}
