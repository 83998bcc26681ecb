/* printf.c - formatted output: %d %i %u %x %X %o %c %s %p %n %% with flags, width, precision
   and the lengths hh h l ll z t j. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Where the characters go. */
struct sink {
	FILE *file;	/* or NULL: then to `at`, of which `room` bytes are left */
	char *at;
	size_t room;
	int count;	/* of all characters, whether there was room or not */
	int failed;
};

struct spec {
	int left, zero, plus, space, alternate;
	int width;
	int precision;	/* -1: none given */
	int size;	/* -2 char, -1 short, 0 int and long, 1 long long */
};

static void put(struct sink *to, const char *s, size_t n)
{
	to->count += n;
	if (to->file) {
		if (fwrite(s, 1, n, to->file) != n)
			to->failed = 1;
	} else {
		if (n > to->room)
			n = to->room;
		memcpy(to->at, s, n);
		to->at += n;
		to->room -= n;
	}
}

static void pad(struct sink *to, char c, int n)
{
	while (n-- > 0)
		put(to, &c, 1);
}

/* Prefix (sign or 0x), zeros, then the text, in a field of the width asked for. */
static void field(struct sink *to, const struct spec *spec, const char *prefix, int zeros,
	const char *text, int length)
{
	int prefix_length = strlen(prefix);
	int blank = spec->width - prefix_length - zeros - length;

	if (!spec->left)
		pad(to, ' ', blank);
	put(to, prefix, prefix_length);
	pad(to, '0', zeros);
	put(to, text, length);
	if (spec->left)
		pad(to, ' ', blank);
}

static void number(struct sink *to, const struct spec *spec, uint64_t n, int negative, char type)
{
	const char *digits = type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int base = (type | 32) == 'x' || type == 'p' ? 16 : type == 'o' ? 8 : 10;
	char text[24], *p = text + sizeof text;
	const char *prefix = "";
	int length, zeros;

	if (type == 'p')
		prefix = "0x";
	else if (spec->alternate && base == 16 && n)
		prefix = type == 'X' ? "0X" : "0x";
	else if (type == 'd')
		prefix = negative ? "-" : spec->plus ? "+" : spec->space ? " " : "";

	for (; n >> 32; n /= base)
		*--p = digits[n % base];
	for (uint32_t low = n; low; low /= base)
		*--p = digits[low % base];
	length = text + sizeof text - p;

	zeros = (spec->precision < 0 ? 1 : spec->precision) - length;
	if (base == 8 && spec->alternate && zeros <= 0)
		zeros = 1;
	if (spec->zero && !spec->left && spec->precision < 0) {
		int fill = spec->width - (int)strlen(prefix) - length;

		if (fill > zeros)
			zeros = fill;
	}
	field(to, spec, prefix, zeros > 0 ? zeros : 0, p, length);
}

static int64_t get_signed(va_list *args, int size)
{
	switch (size) {
	case 1:
		return va_arg(*args, long long);
	case -1:
		return (short)va_arg(*args, int);
	case -2:
		return (signed char)va_arg(*args, int);
	default:
		return va_arg(*args, int);
	}
}

static uint64_t get_unsigned(va_list *args, int size)
{
	switch (size) {
	case 1:
		return va_arg(*args, unsigned long long);
	case -1:
		return (unsigned short)va_arg(*args, int);
	case -2:
		return (unsigned char)va_arg(*args, int);
	default:
		return va_arg(*args, unsigned int);
	}
}

/* A run of digits or `*`. */
static const char *get_count(const char *f, va_list *args, int *n)
{
	*n = 0;
	if (*f == '*') {
		*n = va_arg(*args, int);
		return f + 1;
	}
	while (*f >= '0' && *f <= '9')
		*n = *n * 10 + (*f++ - '0');
	return f;
}

/* What stands between the % and the conversion letter. */
static const char *get_spec(const char *f, va_list *args, struct spec *spec)
{
	memset(spec, 0, sizeof *spec);
	for (;; f++) {
		switch (*f) {
		case '-': spec->left = 1; continue;
		case '0': spec->zero = 1; continue;
		case '+': spec->plus = 1; continue;
		case ' ': spec->space = 1; continue;
		case '#': spec->alternate = 1; continue;
		}
		break;
	}
	f = get_count(f, args, &spec->width);
	if (spec->width < 0) {
		spec->left = 1;
		spec->width = -spec->width;
	}
	spec->precision = -1;
	if (*f == '.')
		f = get_count(f + 1, args, &spec->precision);
	if (spec->precision < 0)
		spec->precision = -1;
	for (;; f++) {
		if (*f == 'h')
			spec->size--;
		else if (*f == 'j' || (*f == 'l' && f[-1] == 'l'))
			spec->size = 1;
		else if (*f != 'l' && *f != 'z' && *f != 't')
			return f;
	}
}

static void convert(struct sink *to, const struct spec *spec, char type, va_list *args)
{
	const char *s;
	int64_t n;
	char c;

	switch (type) {
	case 'd':
	case 'i':
		n = get_signed(args, spec->size);
		number(to, spec, n < 0 ? -(uint64_t)n : (uint64_t)n, n < 0, 'd');
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		number(to, spec, get_unsigned(args, spec->size), 0, type);
		break;
	case 'p':
		number(to, spec, (uintptr_t)va_arg(*args, void *), 0, type);
		break;
	case 'c':
		c = va_arg(*args, int);
		field(to, spec, "", 0, &c, 1);
		break;
	case 's':
		s = va_arg(*args, const char *);
		if (!s)
			s = "(null)";
		if (spec->precision >= 0 && memchr(s, 0, spec->precision) == NULL)
			field(to, spec, "", 0, s, spec->precision);
		else
			field(to, spec, "", 0, s, strlen(s));
		break;
	case 'n':
		*va_arg(*args, int *) = to->count;
		break;
	default:	/* %% and what is not known: shown as it is */
		put(to, &type, 1);
	}
}

static void format(struct sink *to, const char *f, va_list args)
{
	struct spec spec;
	va_list rest;

	va_copy(rest, args);	/* a va_list parameter may be an array: its address is not one's own */
	while (*f) {
		const char *percent = strchr(f, '%');

		if (!percent) {
			put(to, f, strlen(f));
			break;
		}
		put(to, f, percent - f);
		f = get_spec(percent + 1, &rest, &spec);
		if (!*f)
			break;
		convert(to, &spec, *f++, &rest);
	}
	va_end(rest);
}

int vfprintf(FILE *file, const char *f, va_list args)
{
	struct sink to = { .file = file };

	format(&to, f, args);
	return to.failed ? -1 : to.count;
}

int vsnprintf(char *s, size_t size, const char *f, va_list args)
{
	struct sink to = { .at = s, .room = size ? size - 1 : 0 };

	format(&to, f, args);
	if (size)
		*to.at = 0;
	return to.count;
}

int vprintf(const char *f, va_list args)
{
	return vfprintf(stdout, f, args);
}

int vsprintf(char *s, const char *f, va_list args)
{
	return vsnprintf(s, INT_MAX, f, args);
}

int printf(const char *f, ...)
{
	va_list args;
	int n;

	va_start(args, f);
	n = vfprintf(stdout, f, args);
	va_end(args);
	return n;
}

int fprintf(FILE *file, const char *f, ...)
{
	va_list args;
	int n;

	va_start(args, f);
	n = vfprintf(file, f, args);
	va_end(args);
	return n;
}

int sprintf(char *s, const char *f, ...)
{
	va_list args;
	int n;

	va_start(args, f);
	n = vsnprintf(s, INT_MAX, f, args);
	va_end(args);
	return n;
}

int snprintf(char *s, size_t size, const char *f, ...)
{
	va_list args;
	int n;

	va_start(args, f);
	n = vsnprintf(s, size, f, args);
	va_end(args);
	return n;
}
