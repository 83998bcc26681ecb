//! Dates, against a count of days one by one.

use crate::kernel::mktime::{Time, kernel_mktime};

fn at(year: u32, mon: u32, mday: u32, seconds: u32) -> i32 {
    let (hour, min, sec) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    kernel_mktime(&Time {
        sec,
        min,
        hour,
        mday,
        mon,
        year,
    })
}

#[test]
fn every_day_until_2038() {
    let mut day = 0;
    for year in 1970u32..2038 {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let february = if leap { 29 } else { 28 };
        let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (mon, length) in (0..).zip(lengths) {
            for mday in 1..=length {
                assert_eq!(at(year, mon, mday, 0), day * 86400, "{year} {mon} {mday}");
                assert_eq!(at(year % 100, mon, mday, 86399), day * 86400 + 86399);
                day += 1;
            }
        }
    }
    assert_eq!(day, 24837);
}

#[test]
fn nonsense_from_a_flat_battery_is_no_panic() {
    assert_eq!(at(70, 0, 0, 0), 0);
    assert_eq!(at(1000, u32::MAX, 99, 0), at(1970, 11, 31, 0));
    assert_eq!(at(65, 0, 1, 0), i32::MAX);
    let time = Time {
        sec: 165,
        min: 165,
        hour: 165,
        mday: 165,
        mon: 165,
        year: 165,
    };
    assert_eq!(kernel_mktime(&time), at(1970, 11, 31, 86399));
}
