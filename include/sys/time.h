/* sys/time.h - gettimeofday() and select(), as in 0.12. */
#ifndef _SYS_TIME_H
#define _SYS_TIME_H

#include <sys/types.h>

struct timeval {
	long tv_sec;
	long tv_usec;
};

struct timezone {
	int tz_minuteswest;
	int tz_dsttime;
};

/* One bit for each of a process's descriptors. */
typedef unsigned int fd_set;

#define FD_SETSIZE	32
#define FD_SET(fd, set)		(*(set) |= 1U << (fd))
#define FD_CLR(fd, set)		(*(set) &= ~(1U << (fd)))
#define FD_ISSET(fd, set)	((*(set) >> (fd)) & 1U)
#define FD_ZERO(set)		(*(set) = 0)

int gettimeofday(struct timeval *tv, struct timezone *tz);
int settimeofday(const struct timeval *tv, const struct timezone *tz);
int select(int width, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout);

#endif
