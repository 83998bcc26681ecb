/* sys/times.h - processor time, in ticks of 1/100 second. */
#ifndef _SYS_TIMES_H
#define _SYS_TIMES_H

#include <sys/types.h>

struct tms {
	time_t tms_utime;
	time_t tms_stime;
	time_t tms_cutime;	/* children that were waited for */
	time_t tms_cstime;
};

/* Returns the ticks since the machine was started. */
time_t times(struct tms *t);

#endif
