/* utime.h - setting the times of a file. */
#ifndef _UTIME_H
#define _UTIME_H

#include <sys/types.h>

struct utimbuf {
	time_t actime;
	time_t modtime;
};

/* times == NULL: both become the time of now. */
int utime(const char *path, const struct utimbuf *times);

#endif
