/* stdlib.c - numbers, sorting, the end of a program. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int errno;

/* The value of a digit in any base up to 36, or 36 if it is none. */
static unsigned int digit(int c)
{
	if (isdigit(c))
		return c - '0';
	return isalpha(c) ? (unsigned int)toupper(c) - 'A' + 10 : 36;
}

/* Reads sign, prefix and digits. The result is capped at UINT32_MAX with *overflow set. */
static unsigned long magnitude(const char *s, char **end, int base, int *negative, int *overflow)
{
	const char *start = s;
	unsigned long n = 0;

	while (isspace((unsigned char)*s))
		s++;
	*negative = *s == '-';
	if (*s == '-' || *s == '+')
		s++;
	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] | 32) == 'x'
		&& digit((unsigned char)s[2]) < 16) {
		s += 2;
		base = 16;
	} else if (base == 0) {
		base = *s == '0' ? 8 : 10;
	}
	*overflow = 0;
	if (digit((unsigned char)*s) >= (unsigned int)base)
		s = start - 1;	/* no number: nothing is consumed */
	else
		for (;; s++) {
			unsigned int d = digit((unsigned char)*s);

			if (d >= (unsigned int)base) {
				s--;
				break;
			}
			if (n > (ULONG_MAX - d) / base)
				*overflow = 1;
			n = *overflow ? ULONG_MAX : n * base + d;
		}
	if (end)
		*end = (char *)s + 1;
	return n;
}

unsigned long strtoul(const char *s, char **end, int base)
{
	int negative, overflow;
	unsigned long n = magnitude(s, end, base, &negative, &overflow);

	if (overflow) {
		errno = ERANGE;
		return ULONG_MAX;
	}
	return negative ? -n : n;
}

long strtol(const char *s, char **end, int base)
{
	int negative, overflow;
	unsigned long n = magnitude(s, end, base, &negative, &overflow);

	if (overflow || n > (unsigned long)LONG_MAX + negative) {
		errno = ERANGE;
		return negative ? LONG_MIN : LONG_MAX;
	}
	return negative ? -n : n;
}

int atoi(const char *s) { return strtol(s, NULL, 10); }
long atol(const char *s) { return strtol(s, NULL, 10); }
int abs(int n) { return n < 0 ? -n : n; }
long labs(long n) { return n < 0 ? -n : n; }

div_t div(int n, int d)
{
	return (div_t){ n / d, n % d };
}

ldiv_t ldiv(long n, long d)
{
	return (ldiv_t){ n / d, n % d };
}

static uint32_t seed = 1;

void srand(unsigned int s)
{
	seed = s ? s : 1;
}

/* Marsaglia's xorshift: all 32-bit states but 0, in one cycle. */
int rand(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed & RAND_MAX;
}

static void swap(char *a, char *b, size_t size)
{
	while (size--) {
		char c = *a;

		*a++ = *b;
		*b++ = c;
	}
}

/* Lets the element `root` of a heap sink to its place. */
static void sink(char *base, size_t root, size_t count, size_t size,
	int (*compare)(const void *, const void *))
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count
			&& compare(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (compare(base + root * size, base + child * size) >= 0)
			return;
		swap(base + root * size, base + child * size, size);
	}
}

/* Heapsort: no recursion, no memory, never quadratic. Not stable. */
void qsort(void *array, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	char *base = array;

	for (size_t i = count / 2; i-- > 0;)
		sink(base, i, count, size, compare);
	while (count-- > 1) {
		swap(base, base + count * size, size);
		sink(base, 0, count, size, compare);
	}
}

void *bsearch(const void *key, const void *base, size_t count, size_t size,
	int (*compare)(const void *, const void *))
{
	while (count) {
		const char *middle = (const char *)base + count / 2 * size;
		int order = compare(key, middle);

		if (order == 0)
			return (void *)middle;
		if (order > 0) {
			base = middle + size;
			count--;
		}
		count /= 2;
	}
	return NULL;
}

static void (*at_exit[ATEXIT_MAX])(void);
static int at_exit_count;

int atexit(void (*function)(void))
{
	if (at_exit_count == ATEXIT_MAX)
		return -1;
	at_exit[at_exit_count++] = function;
	return 0;
}

/* Only there if the program uses stdio. */
extern void __stdio_exit(void) __attribute__((weak));

void exit(int status)
{
	while (at_exit_count)
		at_exit[--at_exit_count]();
	if (__stdio_exit)
		__stdio_exit();
	_exit(status);
}

void abort(void)
{
	signal(SIGABRT, SIG_DFL);
	kill(getpid(), SIGABRT);
	_exit(127);
}

void __assert_fail(const char *what, const char *file, int line)
{
	fflush(NULL);
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
	abort();
}
