/* time.h - time of day in seconds since 1970, UTC; no time zones. */
#ifndef _TIME_H
#define _TIME_H

#include <sys/types.h>

#define CLOCKS_PER_SEC 100	/* one tick of the timer */

typedef long clock_t;

struct tm {
	int tm_sec;
	int tm_min;
	int tm_hour;
	int tm_mday;	/* 1 to 31 */
	int tm_mon;	/* 0 is January */
	int tm_year;	/* since 1900 */
	int tm_wday;	/* 0 is Sunday */
	int tm_yday;	/* 0 to 365 */
	int tm_isdst;	/* always 0 */
};

clock_t clock(void);
time_t time(time_t *t);
int stime(const time_t *t);
time_t mktime(struct tm *tm);
char *asctime(const struct tm *tm);
char *ctime(const time_t *t);
struct tm *gmtime(const time_t *t);
struct tm *localtime(const time_t *t);
size_t strftime(char *s, size_t size, const char *format, const struct tm *tm);

#endif
