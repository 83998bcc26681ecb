//! The screen's escape sequences.

use crate::kernel::printk::printk;
use crate::machine::{Display, Machine};
use proptest::prelude::*;

#[test]
fn text_wraps_behind_the_last_column() {
    let m = Machine::start();
    m.show(&[b'x'; 80]);
    assert_eq!(m.cursor(), (79, 0));
    m.show(b"y");
    assert_eq!((m.line(0), m.line(1)), ("x".repeat(80), "y".to_string()));
    assert_eq!(m.cursor(), (1, 1));
}

#[test]
fn the_screen_scrolls_through_the_video_memory_and_wraps() {
    let m = Machine::start();
    // 16 KB hold 102 lines: this is several times round.
    for n in 0..1000 {
        m.show(format!("\r\nline {n}").as_bytes());
        let last = if n < 23 {
            String::new()
        } else {
            format!("line {n}")
        };
        assert_eq!(m.line(24), last);
    }
    for y in 0..25 {
        assert_eq!(m.line(y), format!("line {}", 975 + y));
    }
}

#[test]
fn cursor_movements_stop_at_the_edges() {
    let m = Machine::start();
    for (text, place) in [
        ("\x1b[5;10H", (9, 4)),
        ("\x1b[3A", (9, 1)),
        ("\x1b[99A", (9, 0)),
        ("\x1b[B", (9, 1)),
        ("\x1b[99B", (9, 24)),
        ("\x1b[4C", (13, 24)),
        ("\x1b[999C", (79, 24)),
        ("\x1b[9D", (70, 24)),
        ("\x1b[999D", (0, 24)),
        ("\x1b[2F", (0, 22)),
        ("\x1b[7G\x1b[3d", (6, 2)),
        ("\x1b[2E", (0, 4)),
        ("\x1b[99999999999;0H", (0, 24)),
        ("\x1b[H", (0, 0)),
        ("ab\tc\x08", (8, 0)),
    ] {
        m.show(text.as_bytes());
        assert_eq!(m.cursor(), place, "after {text:?}");
    }
}

#[test]
fn cursor_is_saved_and_restored_both_ways() {
    let m = Machine::start();
    m.show(b"\x1b[5;10H\x1b7\x1b[H\x1b8*");
    assert_eq!(m.cursor(), (10, 4));
    m.show(b"\x1b[s\x1b[H\x1b[u!");
    assert_eq!(m.line(4), "         *!");
}

#[test]
fn erasing() {
    let m = Machine::start();
    let fill = || {
        for y in 1..=25 {
            m.show(format!("\x1b[{y};1H{}", "#".repeat(79)).as_bytes());
        }
        m.show(b"\x1b[10;5H");
    };
    let row = "#".repeat(79);
    fill();
    m.show(b"\x1b[K");
    assert_eq!(
        (m.line(8), m.line(9), m.line(10)),
        (row.clone(), "####".into(), row.clone())
    );
    fill();
    m.show(b"\x1b[1K");
    assert_eq!(m.line(9), format!("     {}", "#".repeat(74)));
    fill();
    m.show(b"\x1b[2K");
    assert_eq!(m.line(9), "");
    fill();
    m.show(b"\x1b[J");
    assert_eq!(
        (m.line(8), m.line(9), m.line(24)),
        (row.clone(), "####".into(), "".into())
    );
    fill();
    m.show(b"\x1b[1J");
    assert_eq!((m.line(8), m.line(10)), ("".into(), row));
    m.show(b"\x1b[2J");
    assert!((0..25).all(|y| m.line(y).is_empty()));
    assert_eq!(m.cursor(), (4, 9));
}

#[test]
fn inserting_and_deleting() {
    let m = Machine::start();
    m.show(b"\x1b[1;1Habcdef\x1b[1;2H\x1b[2P");
    assert_eq!(m.line(0), "adef");
    m.show(b"\x1b[3@");
    assert_eq!(m.line(0), "a   def");
    m.show(b"\x1b[1;1Hone\r\ntwo\r\nthree\x1b[2;1H\x1b[2L");
    assert_eq!([1, 2, 3, 4].map(|y| m.line(y)), ["", "", "two", "three"]);
    m.show(b"\x1b[3M");
    assert_eq!([1, 2].map(|y| m.line(y)), ["three", ""]);
}

#[test]
fn a_scroll_region_keeps_the_rest_in_place() {
    let m = Machine::start();
    m.show(b"top\x1b[25;1Hbottom\x1b[3;5r\x1b[3;1H1\r\n2\r\n3\r\n4");
    assert_eq!(
        [0, 2, 3, 4, 5, 24].map(|y| m.line(y)),
        ["top", "2", "3", "4", "", "bottom"]
    );
    m.show(b"\x1b[3;1H\x1bM");
    assert_eq!([2, 3, 4, 5].map(|y| m.line(y)), ["", "2", "3", ""]);
    // 0.11 shifts lines down to the end of the screen here.
    m.show(b"\x1b[3;1H\x1b[L\x1b[L");
    assert_eq!([4, 5, 24].map(|y| m.line(y)), ["", "", "bottom"]);
    m.show(b"\x1b[25;1H\n");
    assert_eq!((m.cursor(), m.line(24)), ((0, 24), "bottom".to_string()));
}

#[test]
fn colours_and_their_kin() {
    let m = Machine::start();
    m.show(b"\x1b[HN\x1b[1;31;44mB\x1b[7mR\x1b[0;4mU\x1b[0;5mK\x1b[0;7mI\x1b[m\x1b[32mG\x1b[39mN");
    let attrs = [0, 1, 2, 3, 4, 5, 6, 7].map(|x| m.attr(x, 0));
    assert_eq!(attrs, [0x07, 0x1c, 0x49, 0x0f, 0x87, 0x70, 0x02, 0x07]);
    m.show(b"\x1b[41m\x1b[2J");
    assert_eq!(m.attr(40, 12), 0x47);
}

#[test]
fn queries_are_answered_in_the_input() {
    let m = Machine::start();
    m.show(b"\x1b[3;7H\x1b[6n\x1bZ\x1b[5n");
    m.type_text(b"\n");
    assert_eq!(
        m.read(0, 100).as_deref(),
        Ok(&b"\x1b[003;007R\x1b[?1;2c\x1b[0n\n"[..])
    );
}

/// With alt, or ctrl and alt.
#[test]
fn each_console_has_a_screen_and_a_terminal_of_its_own() {
    const ALT: u8 = 0x38;
    const CTRL: u8 = 0x1d;
    const UP: u8 = 0x80;
    let m = Machine::start();
    m.show(b"\x1b[31mfirst");
    for (nr, tty) in [(1, 3), (2, 4), (3, 5)] {
        m.write(tty, format!("\x1b[{nr};1Hconsole on tty{tty}").as_bytes());
    }
    assert_eq!((m.line(0), m.cursor()), ("first".to_string(), (5, 0)));
    for (nr, tty) in [(1, 3), (2, 4), (3, 5)] {
        m.keys(&[ALT, 0x3b + nr, (0x3b + nr) | UP, ALT | UP]);
        assert_eq!(m.line(nr as u32 - 1), format!("console on tty{tty}"));
        assert_eq!(
            (m.cursor(), m.first_cell()),
            ((15, nr as u32 - 1), 4096 * nr as u32)
        );
        m.keys(&[0x1e, 0x1c]);
        assert_eq!(m.read(tty, 10).as_deref(), Ok(&b"a\n"[..]));
    }
    for n in 0..60 {
        m.show(format!("\r\nline {n}").as_bytes());
    }
    printk!("message\n");
    assert_eq!(m.line(3), "message", "where it is seen");
    m.keys(&[CTRL, ALT, 0x3b, 0x3b | UP, ALT | UP, CTRL | UP]);
    assert_eq!((m.line(24), m.attr(0, 24)), ("line 59".to_string(), 4));
    assert_eq!(m.line(0), "line 35");
}

#[test]
fn line_drawing_insertion_and_the_rest_of_linux() {
    let m = Machine::start();
    m.show(b"\x1b)0lqk\x0elqk\x0flqk\x1b(0x\x1b(Bx\x1b[11m\x10\x1b[10m\x10x");
    let shown: Vec<u8> = (0..13).map(|x| m.cell(x, 0)).collect();
    assert_eq!(shown, b"lqk\xda\xc4\xbflqk\xb3x\x10x");
    m.show(b"\x1b[2J\x1b[H12345\x1b[H\x1b[4hab\x1b[4lc");
    assert_eq!(m.line(0), "abc2345");
    m.show(b"\x1b[2G\x1b[3X");
    assert_eq!(m.line(0), "a   345");
    m.show(b"\x1b[2J\x1b[H\x1b[?7l");
    m.show(&[b'-'; 79]);
    m.show(b"abc\x1b[?7h");
    assert_eq!((m.line(1), m.cell(79, 0)), (String::new(), b'c'));
    // Tab stops.
    m.show(b"\x1b[2J\x1b[H\x1b[3g\x1b[4G\x1bH\x1b[H\tx\ty");
    assert_eq!((m.cell(3, 0), m.cell(79, 0)), (b'x', b'y'));
    // Sequences that are known, and ignored whole.
    m.show(b"\x1bc\x1b]Rone\x1b]P3aabbcctwo\x1b]0;title\x07three\x1b[[Afour\x1b[>0cfive\x1b[?1c\x1b[9;0]\x1b[ qsix");
    assert_eq!(m.line(0), "onetwothreefourfivesix");
    // Control characters work inside of sequences; CAN ends them.
    m.show(b"\x1bcab\x1b[1\r0Cx\x1b[3\x18y");
    assert_eq!(m.line(0), "ab        xy");
}

#[test]
fn kernel_messages_do_not_mix_with_escape_sequences() {
    let m = Machine::start();
    m.show(b"\x1b[H\x1b[44m\x1b[3");
    printk!("hello {}\n", 5);
    m.show(b"1mred");
    assert_eq!(
        (m.line(0), m.line(1)),
        ("hello 5".to_string(), "red".to_string())
    );
    assert_eq!((m.attr(0, 0), m.attr(0, 1)), (0x07, 0x14));
}

/// The adapters that 0.11 knows: ports, memory and what the controller can do are
/// checked by the machine.
#[test]
fn each_display_adapter_is_used_as_what_it_is() {
    const ALT: u8 = 0x38;
    const UP: u8 = 0x80;
    for (display, label, consoles, scrolls, red) in [
        (Display::Mda, "*MDA", 1, false, 0x07),
        (Display::Cga, "*CGA", 4, false, 0x04),
        (Display::EgaMono, "EGAm", 4, true, 0x07),
        (Display::EgaColour, "EGAc", 4, true, 0x04),
    ] {
        // A BIOS may fill in what an EGA's would, DOSBox's for one.
        let mut bda = display.bda();
        for bda in [bda, {
            (bda[0x84], bda[0x87]) = (24, 0x60);
            bda
        }] {
            let m = Machine::switch_on(display, bda);
            assert!(m.line(0).ends_with(label), "{display:?}: {}", m.line(0));
        }
        let m = Machine::start_with(display, display.bda());
        m.show(b"\x1b[31mfirst");
        assert_eq!((m.line(0), m.attr(0, 0)), ("first".to_string(), red));
        let mut moved = false;
        for n in 0..300 {
            m.show(format!("\r\nline {n}").as_bytes());
            moved |= m.first_cell() != 0;
        }
        assert_eq!(
            moved, scrolls,
            "{display:?} shows another part of its memory"
        );
        assert_eq!(m.line(0), "line 275");
        assert_eq!((m.line(24), m.cursor()), ("line 299".to_string(), (8, 24)));
        m.show(b"\x1b[?25l");
        assert!(m.cursor().1 >= 25, "{display:?}: the cursor is hidden");
        m.show(b"\x1b[?25h\x1b[2J");
        assert_eq!(m.cursor(), (8, 24));
        for nr in 1..4 {
            m.keys(&[ALT, 0x3b + nr, (0x3b + nr) | UP, ALT | UP]);
            assert_eq!(m.first_cell() != 0, nr < consoles, "{display:?} {nr}");
        }
        // For the next one.
        m.keys(&[ALT, 0x3b, 0x3b | UP, ALT | UP]);
    }
}

proptest! {
    /// Whatever is written, the cursor stays on the screen and no cell outside
    /// the video memory is touched (the memory here panics).
    #[test]
    fn nothing_leaves_the_screen(bytes in prop::collection::vec(
        prop_oneof![
            Just(0x1b), Just(b'['), Just(b';'), Just(b'?'), Just(b'\n'), b'0'..=b'9',
            b'@'..=b'u', any::<u8>().prop_filter("no beep", |&c| c != 7)
        ], 0..2000))
    {
        let m = Machine::start();
        m.show(&bytes);
        m.show(b"\x18\x1b[?25h");
        let (x, y) = m.cursor();
        prop_assert!(x < 80 && y < 25);
    }
}
