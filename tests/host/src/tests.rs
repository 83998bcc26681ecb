mod console;
mod hard_disk;
mod keyboard;
mod mktime;
mod queue;
mod serial;
mod terminal;
