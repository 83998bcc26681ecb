/* stdio.c - buffered files. A buffer holds either what was read ahead (len > 0) or what is
   still to be written (F_DIRTY), never both. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define F_READ	1
#define F_WRITE	2
#define F_EOF	4
#define F_ERR	8
#define F_LINE	16	/* flush at newlines */
#define F_NOBUF	32
#define F_OWN	64	/* the buffer came from malloc */
#define F_DIRTY	128	/* pos bytes of buf are to be written */
#define F_HEAP	256	/* the FILE came from malloc */
#define F_SET	512	/* buffering is decided */

static unsigned char out_buffer[BUFSIZ], in_buffer[BUFSIZ];
static FILE files[3] = {
	{ .fd = 0, .flags = F_READ, .buf = in_buffer, .next = &files[1] },
	{ .fd = 1, .flags = F_WRITE, .buf = out_buffer, .next = &files[2] },
	{ .fd = 2, .flags = F_WRITE | F_NOBUF | F_SET },
};
static FILE *all = files;

FILE *const stdin = &files[0];
FILE *const stdout = &files[1];
FILE *const stderr = &files[2];

/* Writes all of it, whatever the kernel takes at a time. */
static int write_all(FILE *f, const unsigned char *p, size_t n)
{
	while (n) {
		int done = write(f->fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			f->flags |= F_ERR;
			return EOF;
		}
		p += done;
		n -= done;
	}
	return 0;
}

int fflush(FILE *f)
{
	int result = 0;

	if (!f) {
		for (f = all; f; f = f->next)
			if (fflush(f))
				result = EOF;
		return result;
	}
	if (f->flags & F_DIRTY) {
		result = write_all(f, f->buf, f->pos);
		f->flags &= ~F_DIRTY;
		f->pos = 0;
	}
	return result;
}

void __stdio_exit(void)
{
	fflush(NULL);
}

/* Gets a buffer on first use; a terminal is written line by line. */
static void prepare(FILE *f)
{
	if (!f->buf && !(f->flags & F_NOBUF)) {
		f->buf = malloc(BUFSIZ);
		f->flags |= f->buf ? F_OWN : F_NOBUF;
	}
	if (!(f->flags & F_SET) && isatty(f->fd))
		f->flags |= F_LINE;
	f->flags |= F_SET;
}

int setvbuf(FILE *f, char *buf, int mode, size_t size)
{
	if (f->flags & F_DIRTY || f->len)
		return -1;
	f->flags = (f->flags & ~(F_LINE | F_NOBUF)) | F_SET;
	if (mode == _IOLBF)
		f->flags |= F_LINE;
	if (mode == _IONBF)
		f->flags |= F_NOBUF;
	if (buf && size >= BUFSIZ && !(f->flags & F_OWN))
		f->buf = (unsigned char *)buf;
	return 0;
}

FILE *fdopen(int fd, const char *mode)
{
	FILE *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	f->fd = fd;
	f->flags = F_HEAP | (strchr(mode, '+') ? F_READ | F_WRITE : *mode == 'r' ? F_READ : F_WRITE);
	f->next = all;
	all = f;
	return f;
}

FILE *fopen(const char *path, const char *mode)
{
	int how = strchr(mode, '+') ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;
	int fd;
	FILE *f;

	if (*mode == 'w')
		how |= O_CREAT | O_TRUNC;
	else if (*mode == 'a')
		how |= O_CREAT | O_APPEND;
	else if (*mode != 'r') {
		errno = EINVAL;
		return NULL;
	}
	fd = open(path, how, 0666);
	if (fd < 0)
		return NULL;
	f = fdopen(fd, mode);
	if (!f)
		close(fd);
	return f;
}

int fclose(FILE *f)
{
	int result = fflush(f);

	if (close(f->fd) < 0)
		result = EOF;
	for (FILE **link = &all; *link; link = &(*link)->next)
		if (*link == f) {
			*link = f->next;
			break;
		}
	if (f->flags & F_OWN)
		free(f->buf);
	if (f->flags & F_HEAP)
		free(f);
	else
		f->flags = 0;
	return result;
}

int fileno(FILE *f) { return f->fd; }
int feof(FILE *f) { return (f->flags & F_EOF) != 0; }
int ferror(FILE *f) { return (f->flags & F_ERR) != 0; }
void clearerr(FILE *f) { f->flags &= ~(F_EOF | F_ERR); }

/* Fills an empty buffer. What a reader should see first, a prompt, is written before. */
static int fill(FILE *f)
{
	int n;

	if (!(f->flags & F_READ) || fflush(f)) {
		f->flags |= F_ERR;
		return 0;
	}
	prepare(f);
	if (!f->buf) {
		f->flags |= F_ERR;
		return 0;
	}
	if (f->flags & F_LINE && stdout->flags & F_LINE)
		fflush(stdout);
	do
		n = read(f->fd, f->buf, BUFSIZ);
	while (n < 0 && errno == EINTR);
	f->pos = 0;
	f->len = n > 0 ? n : 0;
	if (n <= 0)
		f->flags |= n ? F_ERR : F_EOF;
	return f->len;
}

int fgetc(FILE *f)
{
	if (f->pos >= f->len || f->flags & F_DIRTY)
		if (!fill(f))
			return EOF;
	return f->buf[f->pos++];
}

int getc(FILE *f) { return fgetc(f); }
int getchar(void) { return fgetc(stdin); }

/* One character may always be put back if one was read. */
int ungetc(int c, FILE *f)
{
	if (c == EOF || f->pos == 0 || f->flags & F_DIRTY)
		return EOF;
	f->flags &= ~F_EOF;
	return f->buf[--f->pos] = c;
}

char *fgets(char *s, int size, FILE *f)
{
	char *p = s;
	int c;

	while (--size > 0 && (c = fgetc(f)) != EOF) {
		*p++ = c;
		if (c == '\n')
			break;
	}
	if (p == s)
		return NULL;
	*p = 0;
	return s;
}

size_t fread(void *to, size_t size, size_t count, FILE *f)
{
	unsigned char *p = to;
	size_t left = size * count, run;

	while (left) {
		if ((f->pos >= f->len || f->flags & F_DIRTY) && !fill(f))
			break;
		run = f->len - f->pos;
		if (run > left)
			run = left;
		memcpy(p, f->buf + f->pos, run);
		f->pos += run;
		p += run;
		left -= run;
	}
	return size ? count - (left + size - 1) / size : 0;
}

/* Gives up what was read ahead, so that the kernel's position is the program's. */
static void drop_input(FILE *f)
{
	if (!(f->flags & F_DIRTY) && f->pos < f->len)
		lseek(f->fd, f->pos - f->len, SEEK_CUR);
	if (!(f->flags & F_DIRTY))
		f->pos = f->len = 0;
}

size_t fwrite(const void *from, size_t size, size_t count, FILE *f)
{
	const unsigned char *p = from;
	size_t left = size * count, run;

	if (!(f->flags & F_WRITE)) {
		f->flags |= F_ERR;
		errno = EBADF;
		return 0;
	}
	prepare(f);
	drop_input(f);
	if (f->flags & F_NOBUF)
		return write_all(f, p, left) ? 0 : count;
	while (left) {
		run = BUFSIZ - f->pos;
		if (run > left)
			run = left;
		memcpy(f->buf + f->pos, p, run);
		f->pos += run;
		f->flags |= F_DIRTY;
		p += run;
		left -= run;
		if (f->pos == BUFSIZ && fflush(f))
			return size ? count - (left + size - 1) / size : 0;
	}
	if (f->flags & F_LINE && f->flags & F_DIRTY && memchr(f->buf, '\n', f->pos) && fflush(f))
		return 0;
	return size ? count : 0;
}

int fputc(int c, FILE *f)
{
	unsigned char byte = c;

	return fwrite(&byte, 1, 1, f) == 1 ? byte : EOF;
}

int putc(int c, FILE *f) { return fputc(c, f); }
int putchar(int c) { return fputc(c, stdout); }

int fputs(const char *s, FILE *f)
{
	size_t n = strlen(s);

	return fwrite(s, 1, n, f) == n ? 0 : EOF;
}

int puts(const char *s)
{
	return fputs(s, stdout) || fputc('\n', stdout) == EOF ? EOF : 0;
}

int fseek(FILE *f, long offset, int whence)
{
	if (fflush(f))
		return -1;
	drop_input(f);
	f->flags &= ~F_EOF;
	return lseek(f->fd, offset, whence) < 0 ? -1 : 0;
}

long ftell(FILE *f)
{
	long at = lseek(f->fd, 0, SEEK_CUR);

	if (at < 0)
		return -1;
	return f->flags & F_DIRTY ? at + f->pos : at - (f->len - f->pos);
}

void rewind(FILE *f)
{
	fseek(f, 0, SEEK_SET);
	clearerr(f);
}

void perror(const char *what)
{
	int error = errno;

	if (what && *what)
		fprintf(stderr, "%s: ", what);
	fprintf(stderr, "%s\n", strerror(error));
}

int remove(const char *path)
{
	return unlink(path);
}
