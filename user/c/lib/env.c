/* env.c - the environment: an array of NAME=VALUE strings. */
#include <stdlib.h>
#include <string.h>

char **environ;

/* The place of NAME in environ, or of the array's end. */
static char **find(const char *name, size_t length)
{
	char **e = environ;

	while (*e && (strncmp(*e, name, length) || (*e)[length] != '='))
		e++;
	return e;
}

char *getenv(const char *name)
{
	size_t length = strlen(name);
	char **e;

	if (!environ)
		return NULL;
	e = find(name, length);
	return *e ? *e + length + 1 : NULL;
}

/* The string itself becomes part of the environment. */
int putenv(char *assignment)
{
	static char **copy;	/* the array, once it is ours to enlarge */
	static char *none[1];
	size_t count = 0;
	char **e, **larger;

	if (!environ)
		environ = none;
	e = find(assignment, strcspn(assignment, "="));
	if (*e) {
		*e = assignment;
		return 0;
	}
	while (environ[count])
		count++;
	larger = realloc(environ == copy ? copy : NULL, (count + 2) * sizeof(char *));
	if (!larger)
		return -1;
	if (environ != copy)
		memcpy(larger, environ, count * sizeof(char *));
	larger[count] = assignment;
	larger[count + 1] = NULL;
	environ = copy = larger;
	return 0;
}

int setenv(const char *name, const char *value, int overwrite)
{
	size_t n = strlen(name), v = strlen(value);
	char *s;

	if (!overwrite && getenv(name))
		return 0;
	s = malloc(n + v + 2);
	if (!s)
		return -1;
	memcpy(s, name, n);
	s[n] = '=';
	memcpy(s + n + 1, value, v + 1);
	return putenv(s);
}
