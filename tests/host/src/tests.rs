mod console;
mod keyboard;
mod mktime;
mod queue;
mod serial;
mod terminal;
