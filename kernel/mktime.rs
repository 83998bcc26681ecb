//! From a calendar date to seconds (0.11 `kernel/mktime.c`).

const MINUTE: i32 = 60;
const HOUR: i32 = 60 * MINUTE;
const DAY: i32 = 24 * HOUR;
/// The last year that is certain to fit: 2^31 seconds end in January 2038, so
/// later dates stop there.
const YEAR_MAX: u32 = 2099;

/// A date and time of day in universal time (0.11 `struct tm`), as the battery
/// clock has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Time {
    /// 0-59.
    pub sec: u32,
    /// 0-59.
    pub min: u32,
    /// 0-23.
    pub hour: u32,
    /// Day of the month, 1-31.
    pub mday: u32,
    /// Month, 0-11.
    pub mon: u32,
    /// Two digits, 70-99 for the 1900s and 0-69 for the 2000s, or all four.
    /// 0.11 takes 0 for 1900, which is before the beginning of time.
    pub year: u32,
}

/// Seconds from the beginning of 1970 to `time` (0.11 `kernel_mktime`). A month
/// or day out of range, from a clock whose battery is flat, counts as the
/// nearest one in range, and what lies beyond 2^31 seconds, in 2038, stays
/// there.
///
/// Erratum `misc-2`.
pub fn kernel_mktime(time: &Time) -> i32 {
    let year = match time.year {
        0..=69 => time.year + 2000,
        70..=99 => time.year + 1900,
        other => other.clamp(1970, YEAR_MAX),
    };
    let days = days_before(year, time.mon.min(11)) + time.mday.clamp(1, 31) as i32 - 1;
    (time.sec.min(59) as i32)
        .saturating_add(time.min.min(59) as i32 * MINUTE)
        .saturating_add(time.hour.min(23) as i32 * HOUR)
        .saturating_add(days.saturating_mul(DAY))
}

/// Days from the beginning of 1970 to that of month `mon` (0-11) of `year`.
/// Every fourth year is a leap year: 2000 was one, and 2100 is not reached.
fn days_before(year: u32, mon: u32) -> i32 {
    /// Days before each month of an ordinary year.
    const MONTH: [i32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let years = year as i32 - 1970;
    let leap_day = (year.is_multiple_of(4) && mon > 1) as i32;
    years * 365 + (years + 1) / 4 + MONTH[mon as usize] + leap_day
}
