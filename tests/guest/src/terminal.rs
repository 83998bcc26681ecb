//! What the tests of terminals have in common.

use rt::prelude::*;
use rt::sys::{O_NOCTTY, O_RDWR};
use rt::{abi, sys};

use crate::child::{Child, until};
use crate::harness::{Failure, Outcome};
use crate::{equal, peep};

/// The screen's terminal, not as controlling one, with nothing waiting.
///
/// # Errors
/// As `open` and `ioctl`.
pub fn open() -> Result<i32> {
    let tty = sys::open("/dev/tty0", O_RDWR | O_NOCTTY, 0)?;
    reset(tty)?;
    Ok(tty)
}

/// Lines, echo and signals; nothing waits.
///
/// # Errors
/// As `ioctl`.
pub fn reset(tty: i32) -> Result<()> {
    let mut settings = sys::tcgetattr(tty)?;
    settings.lflag |= abi::ICANON | abi::ECHO | abi::ISIG;
    sys::tcsetattr(tty, abi::TCSETSF, &settings)
}

/// Changes the terminal's settings.
///
/// # Errors
/// As `ioctl`.
pub fn change(tty: i32, f: impl FnOnce(&mut abi::Termios)) -> Result<()> {
    let mut settings = sys::tcgetattr(tty)?;
    f(&mut settings);
    sys::tcsetattr(tty, abi::TCSETSW, &settings)
}

/// One read, as text.
///
/// # Errors
/// As `read`.
pub fn read(tty: i32) -> Result<String> {
    let mut buf = [0; 200];
    let length = sys::read(tty, &mut buf)?;
    Ok(String::from_utf8_lossy(&buf[..length]).into_owned())
}

/// A session of its own with the screen as its terminal.
///
/// # Errors
/// As `setsid` and `open`; that the terminal is another session's.
pub fn own_session() -> core::result::Result<i32, Failure> {
    sys::setsid()?;
    let tty = sys::open("/dev/tty0", O_RDWR, 0)?;
    is_own(tty)?;
    reset(tty)?;
    Ok(tty)
}

fn is_own(tty: i32) -> Outcome {
    equal!(peep::me()?.tty, 0, "controlling terminal");
    equal!(sys::tcgetpgrp(tty)?, sys::getpgrp());
    Ok(())
}

/// Runs `f` in a child with such a session; it gets the terminal.
///
/// # Errors
/// Those of `f`.
pub fn in_session(f: impl FnOnce(i32) -> Outcome) -> Outcome {
    let child = Child::test(|| f(own_session()?))?;
    child.pass()
}

/// Waits until the child sleeps: is it?
pub fn sleeps(child: &Child) -> bool {
    until(200, || {
        peep::find(child.pid).is_ok_and(|task| task.state == 1)
    })
}
