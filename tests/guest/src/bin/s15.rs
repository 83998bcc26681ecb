//! S15: time slices of 15 ticks, counter = counter / 2 + priority, preemption of
//! a running program, none in the kernel.

#![no_std]
#![no_main]
use guest::child::ticks_now;
use guest::prelude::*;

cases! {
    "S15";
    three_programs_interleave, slices_are_15_ticks, nice_changes_shares, loop_without_calls_is_preempted,
    sleeper_saves_up, nice_limits, idle_time
}

/// The ticks at which this process ran, as slices [first, last].
fn record(ticks: u32) -> Vec<[u32; 2]> {
    let start = ticks_now();
    let mut slices = vec![[start, start]];
    loop {
        let now = ticks_now();
        if now - start >= ticks {
            return slices;
        }
        match slices.last_mut() {
            Some(slice) if now <= slice[1] + 1 => slice[1] = now,
            _ => slices.push([now, now]),
        }
    }
}

/// Children that compute at the same time for `ticks`, each with this much
/// niceness, and what they recorded.
fn compete(nice: &[i32], ticks: u32) -> core::result::Result<Vec<Vec<[u32; 2]>>, Failure> {
    let go = Gate::new()?;
    let mut children = vec![];
    for &nice in nice {
        let (from, to) = sys::pipe()?;
        let child = Child::run(|| {
            if sys::nice(nice).is_err() || go.wait().is_err() {
                return 1;
            }
            let slices = record(ticks);
            let bytes: Vec<u8> = slices
                .iter()
                .flatten()
                .flat_map(|t| t.to_le_bytes())
                .collect();
            i32::from(rt::io::write_all(to, &bytes).is_err())
        })?;
        sys::close(to)?;
        children.push((child, from));
    }
    for _ in nice {
        go.open();
    }
    let mut all = vec![];
    for (child, from) in children {
        let mut bytes = vec![];
        File::from_fd(from).read_to_end(&mut bytes)?;
        child.pass()?;
        let word = |b: &[u8]| b.iter().rev().fold(0u32, |n, b| n << 8 | u32::from(*b));
        all.push(
            bytes
                .chunks_exact(8)
                .map(|b| [word(&b[..4]), word(&b[4..])])
                .collect(),
        );
    }
    Ok(all)
}

/// Ticks that a process ran.
fn total(slices: &[[u32; 2]]) -> u32 {
    slices.iter().map(|[first, last]| last - first + 1).sum()
}

/// Three programs that compute all get the CPU again and again.
fn three_programs_interleave() -> Outcome {
    let all = compete(&[0, 0, 0], 300)?;
    for (number, slices) in all.iter().enumerate() {
        check!(
            slices.len() >= 5,
            "program {number} ran {} times: {slices:?}",
            slices.len()
        );
        let total = total(slices);
        check!(
            (80..=130).contains(&total),
            "program {number} had {total} of 300 ticks"
        );
        for pair in slices.windows(2) {
            let gap = pair[1][0] - pair[0][1];
            check!(gap <= 50, "program {number} waited {gap} ticks");
        }
    }
    Ok(())
}

/// Two programs take turns of 15 ticks. (A slice may seem a tick longer where
/// the tick counted while the other was entered.)
fn slices_are_15_ticks() -> Outcome {
    let all = compete(&[0, 0], 300)?;
    for slices in &all {
        // The first slice may be what was left, the last is cut off.
        let lengths: Vec<u32> = slices
            .iter()
            .map(|[first, last]| last - first + 1)
            .collect();
        let whole = &lengths[1..lengths.len() - 1];
        check!(whole.len() >= 5, "{lengths:?}");
        let right = whole
            .iter()
            .filter(|length| (14..=17).contains(*length))
            .count();
        check!(right * 10 >= whole.len() * 8, "{lengths:?}");
    }
    Ok(())
}

/// Priority 15 against 5: three times the ticks.
fn nice_changes_shares() -> Outcome {
    let all = compete(&[0, 10], 400)?;
    let (first, second) = (total(&all[0]), total(&all[1]));
    check!(
        first * 10 >= second * 24 && first * 10 <= second * 38,
        "{first} against {second} ticks; slices {:?}",
        &all[1][..all[1].len().min(6)]
    );
    Ok(())
}

/// A program that never calls the kernel does not keep the others from running.
fn loop_without_calls_is_preempted() -> Outcome {
    let hog = Child::run(|| {
        loop {
            core::hint::black_box(());
        }
    })?;
    let start = ticks_now();
    for _ in 0..5 {
        nap(1);
    }
    let took = ticks_now() - start;
    check!(took < 200, "five naps of a tick took {took} ticks");
    let task = peep::find(hog.pid)?;
    check!(guest::child::until(100, || peep::find(hog.pid)
        .is_ok_and(|t| t.utime > task.utime)));
    drop(hog);
    Ok(())
}

/// counter = counter / 2 + priority: who sleeps while others use up their
/// slices comes to more than its priority, but to less than twice as much.
fn sleeper_saves_up() -> Outcome {
    let (go, child) = sleeper()?;
    let start = ticks_now();
    let busy = Child::run(|| {
        while ticks_now() - start < 150 {}
        0
    })?;
    while ticks_now() - start < 150 {}
    let counter = peep::find(child.pid)?.counter;
    check!((25..30).contains(&counter), "counter {counter}");
    busy.pass()?;
    go.open();
    child.pass()
}

/// nice goes down for all, up for root alone, and stays above 0.
fn nice_limits() -> Outcome {
    equal!(peep::me()?.priority, 15);
    let child = Child::test(|| {
        sys::nice(5)?;
        equal!(peep::me()?.priority, 10);
        sys::nice(-3)?;
        equal!(peep::me()?.priority, 13);
        let _ = sys::nice(1000);
        let lowest = peep::me()?.priority;
        check!(lowest >= 1, "priority {lowest}");
        let _ = sys::nice(-2000);
        check!(peep::me()?.priority >= lowest);
        Ok(())
    })?;
    child.pass()?;
    let user = Child::test(|| {
        sys::setuid(9)?;
        sys::nice(1)?;
        fails!(sys::nice(-1), EPERM);
        Ok(())
    })?;
    user.pass()
}

/// While everyone sleeps the CPU is task 0's: the times of all others stand.
fn idle_time() -> Outcome {
    let spent = || {
        peep::tasks()
            .filter(|t| t.nr != 0)
            .map(|t| t.utime + t.stime)
            .sum::<u32>()
    };
    let before = spent();
    nap(100);
    let used = spent() - before;
    check!(used <= 10, "{used} ticks were used while all slept for 100");
    Ok(())
}
