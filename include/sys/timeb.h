/* sys/timeb.h - ftime(): the time with milliseconds. */
#ifndef _SYS_TIMEB_H
#define _SYS_TIMEB_H

#include <sys/types.h>

struct timeb {
	time_t time;
	unsigned short millitm;
	short timezone;		/* always 0: Greenwich */
	short dstflag;		/* always 0 */
};

int ftime(struct timeb *tp);

#endif
