//! A terminal's queue, against a model.

use crate::kernel::chr_drv::tty::{TTY_BUF_SIZE, TtyQueue};
use proptest::prelude::*;
use std::collections::VecDeque;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, bool),
    Get,
    Unput,
    Clear,
    ClearMarks,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        30 => (any::<u8>(), prop::bool::weighted(0.1)).prop_map(|(c, mark)| Step::Put(c, mark)),
        20 => Just(Step::Get),
        5 => Just(Step::Unput),
        1 => Just(Step::Clear),
        1 => Just(Step::ClearMarks),
    ]
}

proptest! {
    #[test]
    fn behaves_like_a_deque(fill in 0..TTY_BUF_SIZE, steps in prop::collection::vec(step(), 0..3000)) {
        let mut queue = TtyQueue::new();
        let mut model: VecDeque<(u8, bool)> = VecDeque::new();
        // So that the queue wraps somewhere else each time, or is nearly full.
        for _ in 0..fill {
            queue.put_marked(b'x', false);
            model.push_back((b'x', false));
        }
        for step in steps {
            match step {
                Step::Put(c, mark) => {
                    queue.put_marked(c, mark);
                    if model.len() < TTY_BUF_SIZE - 1 {
                        model.push_back((c, mark));
                    }
                }
                Step::Get => prop_assert_eq!(queue.get_marked(), model.pop_front()),
                Step::Unput => {
                    queue.unput();
                    if model.back().is_some_and(|(_, mark)| !mark) {
                        model.pop_back();
                    }
                }
                Step::Clear => {
                    queue.clear();
                    model.clear();
                }
                Step::ClearMarks => {
                    queue.clear_marks();
                    model.iter_mut().for_each(|(_, mark)| *mark = false);
                }
            }
            let unfinished = model.iter().rev().take_while(|(_, mark)| !mark).count();
            prop_assert_eq!(queue.chars(), model.len());
            prop_assert_eq!(queue.left(), TTY_BUF_SIZE - 1 - model.len());
            prop_assert_eq!(queue.lines(), model.iter().filter(|(_, mark)| *mark).count());
            prop_assert!(queue.unfinished_line().eq(
                model.iter().skip(model.len() - unfinished).map(|&(c, _)| c)
            ));
        }
    }
}
