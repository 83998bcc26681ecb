/* fcntl.h - open() and fcntl(). Flags are octal, as in 0.11. */
#ifndef _FCNTL_H
#define _FCNTL_H

#include <sys/types.h>

#define O_ACCMODE	00003
#define O_RDONLY	00000
#define O_WRONLY	00001
#define O_RDWR		00002
#define O_CREAT		00100	/* create the file if it is missing: third argument mode */
#define O_EXCL		00200	/* with O_CREAT: fail if it exists */
#define O_NOCTTY	00400	/* do not take it as the controlling terminal */
#define O_TRUNC		01000	/* cut it to length 0 */
#define O_APPEND	02000	/* every write goes to the end */
#define O_NONBLOCK	04000	/* do not wait */
#define O_NDELAY	O_NONBLOCK

#define F_DUPFD		0	/* duplicate to the first free descriptor >= arg */
#define F_GETFD		1	/* close-on-exec flag */
#define F_SETFD		2
#define F_GETFL		3	/* mode and flags of the open file */
#define F_SETFL		4	/* only O_APPEND and O_NONBLOCK change */
#define F_GETLK		5	/* record locks: not in this kernel */
#define F_SETLK		6
#define F_SETLKW	7

#define FD_CLOEXEC	1

#define F_RDLCK		0
#define F_WRLCK		1
#define F_UNLCK		2

struct flock {
	short l_type;
	short l_whence;
	off_t l_start;
	off_t l_len;
	pid_t l_pid;
};

int creat(const char *path, mode_t mode);
int fcntl(int fd, int cmd, ...);
int open(const char *path, int flags, ...);

#endif
