/* time.c - dates. All times are UTC, from 1970 to 2038. */
#include <stdio.h>
#include <string.h>
#include <sys/times.h>
#include <time.h>

#define DAY 86400

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char *const long_days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
	"Friday", "Saturday" };
static const char *const long_months[] = { "January", "February", "March", "April", "May", "June",
	"July", "August", "September", "October", "November", "December" };

/* Days from 1970-01-01 to the first of a month; year counts from 1900, month from 0 and may
   lie outside 0 to 11. */
static long days_before(int year, int month)
{
	static const short before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	long full, n;

	year += month / 12;
	month %= 12;
	if (month < 0) {
		month += 12;
		year--;
	}
	full = year + 1900L;
	n = (full - 1970) * 365 + (full - 1969) / 4 - (full - 1901) / 100 + (full - 1601) / 400;
	n += before[month];
	if (month > 1 && full % 4 == 0 && (full % 100 != 0 || full % 400 == 0))
		n++;
	return n;
}

struct tm *gmtime(const time_t *t)
{
	static struct tm tm;
	long day = *t / DAY, rest = *t % DAY;

	if (rest < 0) {
		rest += DAY;
		day--;
	}
	tm.tm_hour = rest / 3600;
	tm.tm_min = rest / 60 % 60;
	tm.tm_sec = rest % 60;
	tm.tm_wday = ((day + 4) % 7 + 7) % 7;
	tm.tm_year = 70 + day / 366;	/* too low at most by one */
	while (days_before(tm.tm_year + 1, 0) <= day)
		tm.tm_year++;
	while (days_before(tm.tm_year, 0) > day)
		tm.tm_year--;
	tm.tm_yday = day - days_before(tm.tm_year, 0);
	tm.tm_mon = 0;
	while (tm.tm_mon < 11 && days_before(tm.tm_year, tm.tm_mon + 1) <= day)
		tm.tm_mon++;
	tm.tm_mday = day - days_before(tm.tm_year, tm.tm_mon) + 1;
	tm.tm_isdst = 0;
	return &tm;
}

struct tm *localtime(const time_t *t)
{
	return gmtime(t);
}

/* Fields may lie outside their ranges; they come back normalised. */
time_t mktime(struct tm *tm)
{
	time_t t = (days_before(tm->tm_year, tm->tm_mon) + tm->tm_mday - 1) * DAY
		+ tm->tm_hour * 3600L + tm->tm_min * 60L + tm->tm_sec;

	*tm = *gmtime(&t);
	return t;
}

char *asctime(const struct tm *tm)
{
	static char text[40];

	snprintf(text, sizeof text, "%.3s %.3s %2d %02d:%02d:%02d %d\n", days + 3 * tm->tm_wday,
		months + 3 * tm->tm_mon, tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec,
		1900 + tm->tm_year);
	return text;
}

char *ctime(const time_t *t)
{
	return asctime(gmtime(t));
}

clock_t clock(void)
{
	struct tms t;

	times(&t);
	return t.tms_utime + t.tms_stime;
}

/* One conversion of strftime, as text of at most 39 bytes. */
static void convert(char *text, char type, const struct tm *tm)
{
	int hour = tm->tm_hour % 12 ? tm->tm_hour % 12 : 12;

	switch (type) {
	case 'a': sprintf(text, "%.3s", days + 3 * tm->tm_wday); break;
	case 'A': strcpy(text, long_days[tm->tm_wday]); break;
	case 'b':
	case 'h': sprintf(text, "%.3s", months + 3 * tm->tm_mon); break;
	case 'B': strcpy(text, long_months[tm->tm_mon]); break;
	case 'c': strcpy(text, asctime(tm)); text[strlen(text) - 1] = 0; break;
	case 'd': sprintf(text, "%02d", tm->tm_mday); break;
	case 'e': sprintf(text, "%2d", tm->tm_mday); break;
	case 'D': sprintf(text, "%02d/%02d/%02d", tm->tm_mon + 1, tm->tm_mday, tm->tm_year % 100); break;
	case 'F': sprintf(text, "%d-%02d-%02d", 1900 + tm->tm_year, tm->tm_mon + 1, tm->tm_mday); break;
	case 'H': sprintf(text, "%02d", tm->tm_hour); break;
	case 'I': sprintf(text, "%02d", hour); break;
	case 'j': sprintf(text, "%03d", tm->tm_yday + 1); break;
	case 'm': sprintf(text, "%02d", tm->tm_mon + 1); break;
	case 'M': sprintf(text, "%02d", tm->tm_min); break;
	case 'n': strcpy(text, "\n"); break;
	case 'p': strcpy(text, tm->tm_hour < 12 ? "AM" : "PM"); break;
	case 'S': sprintf(text, "%02d", tm->tm_sec); break;
	case 't': strcpy(text, "\t"); break;
	case 'T':
	case 'X': sprintf(text, "%02d:%02d:%02d", tm->tm_hour, tm->tm_min, tm->tm_sec); break;
	case 'w': sprintf(text, "%d", tm->tm_wday); break;
	case 'y': sprintf(text, "%02d", tm->tm_year % 100); break;
	case 'Y': sprintf(text, "%d", 1900 + tm->tm_year); break;
	case 'Z': strcpy(text, "UTC"); break;
	default: text[0] = type; text[1] = 0;
	}
}

size_t strftime(char *s, size_t size, const char *format, const struct tm *tm)
{
	size_t n = 0;

	for (; *format; format++) {
		char text[40] = { *format, 0 };
		size_t length;

		if (*format == '%' && format[1])
			convert(text, *++format, tm);
		length = strlen(text);
		if (n + length >= size)
			return 0;
		memcpy(s + n, text, length);
		n += length;
	}
	if (n >= size)
		return 0;
	s[n] = 0;
	return n;
}
