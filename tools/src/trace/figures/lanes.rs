//! What each process does over the time: a lane for each slot.

use super::super::abi::{Event, Record};
use super::super::replay::Tables;
use super::svg::{At, DIM, INK, Svg, WIDTH, slot_color};

/// What a process does; `tools/page/replay.js` tells it apart in the same way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Gone,
    Zombie,
    Sleeping,
    Ready,
    Running,
    Call,
    Fault,
}

const MODES: [(Mode, &str, &str); 6] = [
    (Mode::Running, "#2e9e4f", "runs"),
    (Mode::Call, "#3b7dd8", "in a system call"),
    (Mode::Fault, "#d8432f", "in a page fault"),
    (Mode::Ready, "#e0b100", "ready"),
    (Mode::Sleeping, "#a9b2bd", "sleeps"),
    (Mode::Zombie, "#7b5ea7", "zombie"),
];

/// Height of a lane, and what is left of the lanes.
const LANE: u32 = 26;
const LEFT: u32 = 100;

/// A process: what it would do if it ran, and what it does.
#[derive(Clone, Copy)]
struct Now {
    in_call: bool,
    in_fault: bool,
    mode: Mode,
}

impl Now {
    fn running(self) -> Mode {
        match (self.in_fault, self.in_call) {
            (true, _) => Mode::Fault,
            (_, true) => Mode::Call,
            _ => Mode::Running,
        }
    }
}

/// All slots, followed through the trace.
struct Lanes([Now; 64]);

impl Lanes {
    fn new() -> Lanes {
        let gone = Now {
            in_call: false,
            in_fault: false,
            mode: Mode::Gone,
        };
        Lanes([gone; 64])
    }

    fn apply(&mut self, record: &Record) {
        let [a, b, c, _] = record.args;
        let Lanes(slots) = self;
        let own = &mut slots[record.nr as usize % 64];
        let event = record.event;
        let is = |wanted: Event| event == wanted as u8;
        if is(Event::SysEnter) || is(Event::SysExit) {
            own.in_call = is(Event::SysEnter);
            own.in_fault = false;
            own.mode = own.running();
        } else if is(Event::Fault) {
            own.in_fault = true;
            own.mode = own.running();
        } else if is(Event::SnapTask) {
            own.mode = waiting(a);
        } else if is(Event::ForkReady) {
            slots[a as usize % 64] = Now {
                in_call: false,
                in_fault: false,
                mode: Mode::Ready,
            };
        } else if is(Event::Switch) {
            slots[a as usize % 64].mode = waiting(c);
            let to = &mut slots[b as usize % 64];
            to.mode = to.running();
        } else if is(Event::Wake) || is(Event::WakeSignal) || is(Event::WakeTimeout) {
            let woken = &mut slots[a as usize % 64];
            if woken.mode == Mode::Sleeping {
                woken.mode = Mode::Ready;
            }
        } else if is(Event::Release) {
            slots[a as usize % 64].mode = Mode::Gone;
        } else if ENDS.iter().any(|end| is(*end)) && own.in_fault {
            own.in_fault = false;
            own.mode = own.running();
        }
    }
}

/// With these a fault has been served.
const ENDS: [Event; 5] = [
    Event::PutPage,
    Event::WpCopied,
    Event::WpGivenBack,
    Event::SharePage,
    Event::FaultSignal,
];

/// What a process in this state does when it does not run.
fn waiting(state: u32) -> Mode {
    match state {
        0 => Mode::Ready,
        3 => Mode::Zombie,
        _ => Mode::Sleeping,
    }
}

fn time(record: &Record) -> u64 {
    u64::from(record.time[1]) << 32 | u64::from(record.time[0])
}

/// The lanes of the slots in `shown`, from event `from` to event `to`; `marks` are
/// events with a word for each; `tables` has the names.
pub fn draw(
    records: &[Record],
    (from, to): (usize, usize),
    shown: &[u32],
    marks: &[(usize, &str)],
    tables: &Tables,
) -> String {
    let mut lanes = Lanes::new();
    records[..from]
        .iter()
        .for_each(|record| lanes.apply(record));
    let (start, end) = (
        time(&records[from]),
        time(&records[to]).max(time(&records[from]) + 1),
    );
    let columns = WIDTH - LEFT;
    let column = |time: u64| ((time - start) * u64::from(columns) / (end - start)) as u32;
    // For each column what comes last in the list of modes: the shortest things
    // are there, and they should be seen.
    let mut pictures = vec![vec![Mode::Gone; columns as usize + 1]; shown.len()];
    for (index, record) in records[from..=to].iter().enumerate() {
        lanes.apply(record);
        let next = records[(from + index + 1).min(to)];
        let (a, b) = (column(time(record)), column(time(&next)));
        for (picture, nr) in pictures.iter_mut().zip(shown) {
            let mode = lanes.0[*nr as usize].mode;
            for cell in &mut picture[a as usize..=b as usize] {
                *cell = mode.max(*cell);
            }
        }
    }
    let mut svg = Svg::new();
    for (row, (nr, picture)) in shown.iter().zip(&pictures).enumerate() {
        let y = row as u32 * LANE;
        let name = tables
            .tasks
            .get(nr)
            .map_or(String::new(), |task| task.name());
        svg.bold(
            0,
            y + 16,
            At::Start,
            &slot_color(*nr),
            &format!("{nr} {name}"),
        );
        draw_lane(&mut svg, y, picture);
    }
    let below = shown.len() as u32 * LANE + 4;
    for (index, (event, word)) in marks.iter().enumerate() {
        let x = LEFT + column(time(&records[*event]));
        let y = below + 14 + index as u32 % 3 * 15;
        svg.line((x, 0), (x, y - 11), INK);
        let at = if x > WIDTH - 60 { At::End } else { At::Middle };
        svg.text(x, y, at, INK, word);
    }
    let y = below + 66;
    svg.text(
        0,
        y,
        At::Start,
        DIM,
        &format!("{} instructions", end - start),
    );
    let mut x = LEFT + 60;
    for (_, color, word) in MODES {
        svg.rect(x, y - 11, 12, 12, color, color);
        svg.text(x + 17, y, At::Start, INK, word);
        x += 38 + 6 * word.len() as u32;
    }
    svg.finish("What each process does, over the time")
}

/// The stretches of a lane: what takes the processor is high, what waits is flat.
fn draw_lane(svg: &mut Svg, y: u32, picture: &[Mode]) {
    let mut from = 0;
    for stretch in picture.chunk_by(|a, b| a == b) {
        let to = from + stretch.len() as u32;
        if let Some((mode, color, _)) = MODES.iter().find(|row| row.0 == stretch[0]) {
            let (top, height) = if *mode >= Mode::Running {
                (3, 18)
            } else {
                (10, 4)
            };
            svg.rect(LEFT + from, y + top, to - from, height, color, "none");
        }
        from = to;
    }
}
