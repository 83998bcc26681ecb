//! The kernel: its own files, and what they call of the rest.

#[path = "../../../../kernel/bottom_half.rs"]
pub mod bottom_half;
#[path = "../../../../kernel/errno.rs"]
pub mod errno;
#[path = "../../../../kernel/mktime.rs"]
pub mod mktime;
#[path = "../../../../kernel/printk.rs"]
pub mod printk;
#[path = "../../../../kernel/shared.rs"]
pub mod shared;
#[path = "../../../../kernel/types.rs"]
pub mod types;

pub mod blk_drv;
pub mod chr_drv;

pub mod exit {
    use super::types::Pid;

    pub fn kill_pg(pgrp: Pid, sig: u32) {
        crate::machine::note_signal(pgrp.0, sig);
    }

    pub fn hang_up_session(session: Pid) {
        crate::machine::note_signal(session.0, super::signal::SIGHUP);
    }

    pub fn is_orphaned_pgrp(_pgrp: Pid) -> bool {
        false
    }
}

pub mod sched {
    use super::types::Ticks;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    pub const HZ: u32 = 100;

    /// Who looks at the clock has let time pass.
    pub fn jiffies() -> Ticks {
        static TICKS: AtomicU32 = AtomicU32::new(0);
        Ticks(TICKS.fetch_add(1, Relaxed))
    }

    pub fn add_timer(_ticks: u32, _action: fn()) -> bool {
        true
    }

    pub fn schedule() {}

    pub fn show_stat() {}
}

pub mod signal {
    pub const SIGHUP: u32 = 1;
    pub const SIGINT: u32 = 2;
    pub const SIGQUIT: u32 = 3;
    pub const SIGTSTP: u32 = 20;
    pub const SIGTTIN: u32 = 21;
    pub const SIGTTOU: u32 = 22;
    pub const SIG_IGN: u32 = 1;

    pub const fn bit(sig: u32) -> u32 {
        1 << (sig - 1)
    }

    #[derive(Clone, Copy)]
    pub struct SigAction {
        pub handler: u32,
    }
}

pub mod task {
    use super::shared::IrqCell;
    use super::signal::SigAction;
    use super::types::Pid;
    use std::cell::Cell;

    /// What the terminals look at of the running task.
    pub struct Task {
        pub pid: Cell<Pid>,
        pub tty: Cell<i32>,
        pub pgrp: Cell<Pid>,
        pub session: Cell<Pid>,
        pub leader: Cell<bool>,
        pub counter: IrqCell<i32>,
        pub blocked: IrqCell<u32>,
        pub sigaction: [Cell<SigAction>; 32],
    }

    impl Task {
        pub fn suser(&self) -> bool {
            false
        }
    }

    /// Process 1, whose terminal is the screen, in group 7.
    pub fn current() -> Task {
        Task {
            pid: Cell::new(Pid(1)),
            tty: Cell::new(0),
            pgrp: Cell::new(Pid(7)),
            session: Cell::new(Pid(7)),
            leader: Cell::new(true),
            counter: IrqCell::new(1),
            blocked: IrqCell::new(0),
            sigaction: [const { Cell::new(SigAction { handler: 0 }) }; 32],
        }
    }
}

pub mod wait {
    use super::errno::{ERESTARTSYS, Errno};

    /// A queue in which no one can wait.
    pub struct WaitQueue;

    impl WaitQueue {
        pub const fn new() -> Self {
            WaitQueue
        }

        pub fn wake_up(&self) {}

        pub fn wait_while(&self, mut busy: impl FnMut() -> bool) {
            assert!(!busy(), "this would sleep for ever");
        }

        pub fn wait_while_interruptible(
            &self,
            mut busy: impl FnMut() -> bool,
        ) -> Result<(), Errno> {
            if busy() { Err(ERESTARTSYS) } else { Ok(()) }
        }
    }
}

pub mod trace {
    pub fn uses_line(_line: usize) -> bool {
        false
    }
}
