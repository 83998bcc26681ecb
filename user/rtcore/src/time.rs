//! The calendar. Times are seconds since 1 January 1970, UTC; the 32 bits are
//! read as unsigned, so that they last until 2106.

use core::fmt;

/// A broken-down time (UTC). Months and week days count from 0, as in C.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tm {
    /// Year, all four digits.
    pub year: u32,
    /// Month, 0 to 11.
    pub month: u32,
    /// Day of the month, 1 to 31.
    pub day: u32,
    /// Hour, 0 to 23.
    pub hour: u32,
    /// Minute, 0 to 59.
    pub minute: u32,
    /// Second, 0 to 59.
    pub second: u32,
    /// Day of the week, 0 is Sunday.
    pub weekday: u32,
    /// Day of the year, from 0.
    pub yearday: u32,
}

/// Three-letter names of the months.
pub static MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Three-letter names of the week days.
pub static DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const DAY: u32 = 86_400;

/// Whether the year has a 29 February.
pub const fn is_leap(year: u32) -> bool {
    (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
}

/// Days of a month (0 to 11) of a year; 0 for a month that does not exist.
pub const fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        1 if is_leap(year) => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        0..=11 => 31,
        _ => 0,
    }
}

/// Seconds since 1970 to a broken-down time.
pub fn gmtime(time: u32) -> Tm {
    let mut days = time / DAY;
    let rest = time % DAY;
    let weekday = (days + 4) % 7;
    let mut year = 1970;
    loop {
        let len = if is_leap(year) { 366 } else { 365 };
        if days < len {
            break;
        }
        days -= len;
        year += 1;
    }
    let yearday = days;
    let mut month = 0;
    while days >= days_in_month(year, month) {
        days -= days_in_month(year, month);
        month += 1;
    }
    Tm {
        year,
        month,
        day: days + 1,
        hour: rest / 3600,
        minute: rest / 60 % 60,
        second: rest % 60,
        weekday,
        yearday,
    }
}

/// A broken-down time to seconds since 1970 (week day and day of the year are
/// not looked at); `None` if a field is out of range or the year is not
/// between 1970 and 2105.
pub fn mktime(tm: &Tm) -> Option<u32> {
    let valid = (1970..=2105).contains(&tm.year)
        && (1..=days_in_month(tm.year, tm.month)).contains(&tm.day)
        && tm.hour < 24
        && tm.minute < 60
        && tm.second < 60;
    if !valid {
        return None;
    }
    let mut days = tm.day - 1;
    for year in 1970..tm.year {
        days += if is_leap(year) { 366 } else { 365 };
    }
    for month in 0..tm.month {
        days += days_in_month(tm.year, month);
    }
    Some(days * DAY + tm.hour * 3600 + tm.minute * 60 + tm.second)
}

impl Tm {
    /// Name of the month.
    pub fn month_name(&self) -> &'static str {
        MONTHS.get(self.month as usize).copied().unwrap_or("???")
    }

    /// Name of the week day.
    pub fn day_name(&self) -> &'static str {
        DAYS.get(self.weekday as usize).copied().unwrap_or("???")
    }
}

/// As `ctime` writes it, without a new line: `Sat Nov 21 06:42:26 2026`.
impl fmt::Display for Tm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {:2} {:02}:{:02}:{:02} {}",
            self.day_name(),
            self.month_name(),
            self.day,
            self.hour,
            self.minute,
            self.second,
            self.year
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn known_times() {
        assert_eq!(format!("{}", gmtime(0)), "Thu Jan  1 00:00:00 1970");
        assert_eq!(
            format!("{}", gmtime(951_782_400)),
            "Tue Feb 29 00:00:00 2000"
        );
        assert_eq!(
            format!("{}", gmtime(1_795_243_346)),
            "Sat Nov 21 06:42:26 2026"
        );
        assert_eq!(gmtime(0x8000_0000).year, 2038);
        assert_eq!(gmtime(951_782_400).yearday, 59);
    }

    #[test]
    fn there_and_back() {
        for step in 0..4000u32 {
            let time = step.wrapping_mul(1_073_741);
            let tm = gmtime(time);
            if tm.year <= 2105 {
                assert_eq!(mktime(&tm), Some(time), "{tm:?}");
            }
        }
    }

    #[test]
    fn rejects_days_that_do_not_exist() {
        let mut tm = gmtime(0);
        tm.month = 1;
        tm.day = 29;
        assert_eq!(mktime(&tm), None);
        tm.year = 1972;
        assert!(mktime(&tm).is_some());
        tm.month = 12;
        assert_eq!(mktime(&tm), None);
    }
}
