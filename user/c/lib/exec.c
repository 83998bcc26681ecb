/* exec.c - the forms of execve(). */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Arguments of the execl family; more than this and they fail with E2BIG. */
#define MAX_ARGS 64

int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

/* A file without a program's header and without `#!` is for the shell. */
static int run(const char *path, char *const argv[])
{
	char *sh[MAX_ARGS + 2];
	int n = 0;

	execve(path, argv, environ);
	if (errno != ENOEXEC)
		return -1;
	sh[0] = "/bin/sh";
	sh[1] = (char *)path;
	while (n < MAX_ARGS - 1 && argv[n] && argv[n + 1]) {
		sh[n + 2] = argv[n + 1];
		n++;
	}
	sh[n + 2] = NULL;
	return execve(sh[0], sh, environ);
}

int execvp(const char *file, char *const argv[])
{
	const char *path = getenv("PATH");
	char name[PATH_MAX];
	int denied = 0;

	if (strchr(file, '/'))
		return run(file, argv);
	if (!path)
		path = "/bin:/usr/bin";
	for (;;) {
		size_t n = strcspn(path, ":"), length = strlen(file);

		if (n + length + 2 <= sizeof name) {
			memcpy(name, path, n);
			if (n)
				name[n++] = '/';
			memcpy(name + n, file, length + 1);
			run(name, argv);
			if (errno == EACCES)
				denied = 1;
			else if (errno != ENOENT && errno != ENOTDIR)
				return -1;
		}
		path += strcspn(path, ":");
		if (!*path++)
			break;
	}
	errno = denied ? EACCES : ENOENT;
	return -1;
}

/* Collects arguments up to the null pointer; -1 if they are too many. */
static int collect(char **argv, const char *arg0, va_list *args)
{
	int n = 0;

	argv[n++] = (char *)arg0;
	while (argv[n - 1]) {
		if (n == MAX_ARGS) {
			errno = E2BIG;
			return -1;
		}
		argv[n++] = va_arg(*args, char *);
	}
	return 0;
}

int execl(const char *path, const char *arg0, ...)
{
	char *argv[MAX_ARGS];
	va_list args;

	va_start(args, arg0);
	return collect(argv, arg0, &args) ? -1 : execve(path, argv, environ);
}

int execlp(const char *file, const char *arg0, ...)
{
	char *argv[MAX_ARGS];
	va_list args;

	va_start(args, arg0);
	return collect(argv, arg0, &args) ? -1 : execvp(file, argv);
}

int execle(const char *path, const char *arg0, ...)
{
	char *argv[MAX_ARGS];
	va_list args;

	va_start(args, arg0);
	return collect(argv, arg0, &args) ? -1 : execve(path, argv, va_arg(args, char **));
}
