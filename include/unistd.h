/* unistd.h - the system calls. Each one sets errno and returns -1 when it fails. */
#ifndef _UNISTD_H
#define _UNISTD_H

#define _POSIX_VERSION 198808L
#define _POSIX_CHOWN_RESTRICTED		/* only root may give files away */
#define _POSIX_NO_TRUNC
#define _POSIX_VDISABLE '\0'
#define _POSIX_SAVED_IDS
#define _POSIX_JOB_CONTROL

#include <sys/types.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <utime.h>

#ifdef __LIBRARY__
#include <linux/unistd.h>
#endif

#define STDIN_FILENO	0
#define STDOUT_FILENO	1
#define STDERR_FILENO	2

/* access */
#define F_OK	0
#define X_OK	1
#define W_OK	2
#define R_OK	4

/* lseek */
#ifndef SEEK_SET
#define SEEK_SET	0
#define SEEK_CUR	1
#define SEEK_END	2
#endif

/* names for sysconf and pathconf, which this library does not have: see limits.h */
#define _SC_ARG_MAX		1
#define _SC_CHILD_MAX		2
#define _SC_CLOCKS_PER_SEC	3
#define _SC_NGROUPS_MAX		4
#define _SC_OPEN_MAX		5
#define _SC_JOB_CONTROL		6
#define _SC_SAVED_IDS		7
#define _SC_VERSION		8
#define _PC_LINK_MAX		1
#define _PC_MAX_CANON		2
#define _PC_MAX_INPUT		3
#define _PC_NAME_MAX		4
#define _PC_PATH_MAX		5
#define _PC_PIPE_BUF		6
#define _PC_NO_TRUNC		7
#define _PC_VDISABLE		8
#define _PC_CHOWN_RESTRICTED	9

extern int errno;
extern char **environ;

/* Any call by its number: linux/unistd.h has them. */
int syscall(int number, ...);

/* files */
int open(const char *path, int flags, ...);
int creat(const char *path, mode_t mode);
int close(int fd);
int read(int fd, void *buf, size_t count);
int write(int fd, const void *buf, size_t count);
off_t lseek(int fd, off_t offset, int whence);
int dup(int fd);
int dup2(int from, int to);
int pipe(int *fds);
int fcntl(int fd, int cmd, ...);
int ioctl(int fd, int request, ...);
int isatty(int fd);
int sync(void);

/* names */
int access(const char *path, mode_t mode);
int link(const char *old, const char *new);
int symlink(const char *target, const char *path);
int readlink(const char *path, char *buf, int size);
int unlink(const char *path);
int rmdir(const char *path);
int mknod(const char *path, mode_t mode, dev_t dev);
int chown(const char *path, uid_t owner, gid_t group);
int chdir(const char *path);
int chroot(const char *path);
char *getcwd(char *buf, size_t size);
int mount(const char *device, const char *dir, int readonly);
int umount(const char *device);
int ustat(dev_t dev, struct ustat *buf);

/* processes */
int fork(void);
int execve(const char *path, char *const argv[], char *const envp[]);
int execv(const char *path, char *const argv[]);
int execvp(const char *file, char *const argv[]);
int execl(const char *path, const char *arg0, ...);
int execlp(const char *file, const char *arg0, ...);
int execle(const char *path, const char *arg0, ...);
void _exit(int status) __attribute__((noreturn));
int brk(void *end);
void *sbrk(int increment);
int alarm(int seconds);
int pause(void);
unsigned int sleep(unsigned int seconds);
int nice(int increment);
int getpid(void);
int getppid(void);
pid_t getpgrp(void);
int setpgrp(void);
int setpgid(pid_t pid, pid_t pgid);
pid_t setsid(void);
pid_t tcgetpgrp(int fd);
int tcsetpgrp(int fd, pid_t pgid);

/* users */
int getuid(void);
int geteuid(void);
int getgid(void);
int getegid(void);
int setuid(uid_t uid);
int setgid(gid_t gid);
int setreuid(int ruid, int euid);	/* -1 leaves one as it is */
int setregid(int rgid, int egid);
int getgroups(int size, gid_t *list);
int setgroups(int size, const gid_t *list);
int sethostname(const char *name, int len);

/* 0.11 has the number only: ENOSYS */
int acct(const char *path);

/* ulimit */
#define UL_GETFSIZE	1	/* limit of a file's size, in blocks of 512 bytes */
#define UL_SETFSIZE	2
#define UL_GETMAXBRK	3	/* how far the heap may reach */
#define UL_GETOPENMAX	4	/* how many files may be open */
long ulimit(int cmd, long limit);

/* options of a command line */
extern char *optarg;
extern int optind, opterr, optopt;
int getopt(int argc, char *const argv[], const char *options);

#endif
