/* unistd.c - calls that are made of other calls. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

int __select(unsigned long *args);
int __ptrace(int request, pid_t pid, unsigned long addr, unsigned long data);
int __reboot(unsigned int magic1, unsigned int magic2, unsigned int command);

pid_t wait(int *status)
{
	return waitpid(-1, status, 0);
}

int select(int width, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout)
{
	/* A call has three arguments only: five go through memory. */
	unsigned long args[5] = { width, (unsigned long)in, (unsigned long)out,
		(unsigned long)except, (unsigned long)timeout };

	return __select(args);
}

long ptrace(int request, pid_t pid, unsigned long addr, unsigned long data)
{
	long word;

	if (request < PTRACE_PEEKTEXT || request > PTRACE_PEEKUSER)
		return __ptrace(request, pid, addr, data);
	if (__ptrace(request, pid, addr, (unsigned long)&word) < 0)
		return -1;
	errno = 0;
	return word;
}

int reboot(unsigned int command)
{
	return __reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command);
}

int isatty(int fd)
{
	struct termios t;
	int saved = errno, yes = ioctl(fd, TCGETS, &t) == 0;

	errno = saved;
	return yes;
}

static void woken(int sig)
{
	(void)sig;
}

/* Sleeps by alarm; a caller's own alarm is put back. Returns the seconds left if another
   signal came first. */
unsigned int sleep(unsigned int seconds)
{
	struct sigaction act = { .sa_handler = woken }, old;
	sigset_t alarm_only = 1U << (SIGALRM - 1), before, waiting;
	unsigned int own, left;
	time_t start;

	if (seconds == 0)
		return 0;
	/* Blocked until sigsuspend opens it: an early alarm is not missed. */
	sigprocmask(SIG_BLOCK, &alarm_only, &before);
	sigaction(SIGALRM, &act, &old);
	start = time(NULL);
	own = alarm(seconds);
	waiting = before & ~alarm_only;
	sigsuspend(&waiting);
	left = alarm(0);
	sigaction(SIGALRM, &old, NULL);
	if (own) {
		time_t slept = time(NULL) - start;

		alarm(own > (unsigned int)slept ? own - slept : 1);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return left;
}

int setpgrp(void)
{
	return setpgid(0, 0);
}

int mkfifo(const char *path, mode_t mode)
{
	return mknod(path, (mode & 0777) | S_IFIFO, 0);
}

int system(const char *command)
{
	int status;
	pid_t pid;

	if (!command)
		return 1;
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)0);
		_exit(127);
	}
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* Finds the name of the directory `inode` of device `dev` in "..", which is open as `up`. */
static char *name_above(DIR *up, char *path, dev_t dev, ino_t inode)
{
	struct dirent *entry;
	struct stat st;
	char *tail = path + strlen(path);

	while ((entry = readdir(up))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		strcpy(tail, entry->d_name);
		if (stat(path, &st) == 0 && st.st_dev == dev && st.st_ino == inode)
			return tail;
	}
	return NULL;
}

/* There is no call for it: climbs up by ".." and looks for the names. */
char *getcwd(char *buf, size_t size)
{
	char up[256] = ".";
	char *at = buf + size;
	struct stat here, above;

	if (size < 2) {
		errno = EINVAL;
		return NULL;
	}
	*--at = 0;
	for (size_t depth = 1;; depth += 3) {
		char *name;
		DIR *dir;
		size_t n;

		if (stat(up, &here) < 0)
			return NULL;
		strcpy(up + depth, "/..");
		if (depth + 24 > sizeof up) {
			errno = ERANGE;
			return NULL;
		}
		if (stat(up, &above) < 0)
			return NULL;
		if (here.st_dev == above.st_dev && here.st_ino == above.st_ino)
			break;
		dir = opendir(up);
		if (!dir)
			return NULL;
		strcat(up, "/");
		name = name_above(dir, up, here.st_dev, here.st_ino);
		closedir(dir);
		n = name ? strlen(name) : 0;
		if (!name || n + 2 > (size_t)(at - buf)) {
			errno = name ? ERANGE : ENOENT;
			return NULL;
		}
		at -= n;
		memcpy(at, name, n);
		*--at = '/';
		up[depth + 3] = 0;
	}
	if (!*at)
		*--at = '/';
	return memmove(buf, at, buf + size - at);
}
