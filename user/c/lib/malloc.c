/* malloc.c - the heap: free pieces in a list sorted by address, first fit, neighbours are
   joined when a piece comes back. Memory comes from brk and is not given back to it. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int __brk(void *end);

/* In front of every piece; its size counts the head. */
struct head {
	size_t size;
	struct head *next;	/* the next free piece; unused while allocated */
};

#define UNIT	sizeof(struct head)
#define GROW	4096

static char *heap_end;
static struct head *free_list;

int brk(void *end)
{
	int now = __brk(end);

	/* The kernel answers with the end that holds, which is the old one if it refused. */
	heap_end = (char *)now;
	if (now == (int)end)
		return 0;
	errno = ENOMEM;
	return -1;
}

void *sbrk(int increment)
{
	char *old;

	if (!heap_end)
		heap_end = (char *)__brk(NULL);
	old = heap_end;
	return increment == 0 || brk(old + increment) == 0 ? old : (void *)-1;
}

/* Puts a piece into the list and joins it with the pieces it touches. */
static void insert(struct head *piece)
{
	struct head *before = NULL, *after = free_list;

	while (after && after < piece) {
		before = after;
		after = after->next;
	}
	piece->next = after;
	if (before)
		before->next = piece;
	else
		free_list = piece;
	if (after && (char *)piece + piece->size == (char *)after) {
		piece->size += after->size;
		piece->next = after->next;
	}
	if (before && (char *)before + before->size == (char *)piece) {
		before->size += piece->size;
		before->next = piece->next;
	}
}

/* Cuts what exceeds `size` off an allocated piece and frees it. */
static void trim(struct head *piece, size_t size)
{
	if (piece->size - size < 2 * UNIT)
		return;
	struct head *rest = (struct head *)((char *)piece + size);
	rest->size = piece->size - size;
	piece->size = size;
	insert(rest);
}

static int grow(size_t size)
{
	size_t amount = (size + GROW - 1) / GROW * GROW;
	char *start = sbrk(0);
	size_t skew = -(size_t)start % UNIT;
	struct head *piece;

	if (sbrk(amount + skew) == (void *)-1)
		return 0;
	piece = (struct head *)(start + skew);
	piece->size = amount;
	insert(piece);
	return 1;
}

void *malloc(size_t size)
{
	struct head *piece, **link;

	if (size > INT_MAX - 2 * GROW) {
		errno = ENOMEM;
		return NULL;
	}
	size = (size + UNIT - 1) / UNIT * UNIT + UNIT;
	do {
		for (link = &free_list; (piece = *link); link = &piece->next) {
			if (piece->size < size)
				continue;
			*link = piece->next;
			trim(piece, size);
			return piece + 1;
		}
	} while (grow(size));
	return NULL;
}

void free(void *p)
{
	if (p)
		insert((struct head *)p - 1);
}

void *calloc(size_t count, size_t size)
{
	void *p;

	if (size && count > (size_t)-1 / size) {
		errno = ENOMEM;
		return NULL;
	}
	p = malloc(count * size);
	return p ? memset(p, 0, count * size) : NULL;
}

void *realloc(void *p, size_t size)
{
	struct head *piece = (struct head *)p - 1;
	void *copy;

	if (!p)
		return malloc(size);
	if (size <= piece->size - UNIT) {
		trim(piece, (size + UNIT - 1) / UNIT * UNIT + UNIT);
		return p;
	}
	copy = malloc(size);
	if (!copy)
		return NULL;
	memcpy(copy, p, piece->size - UNIT);
	free(p);
	return copy;
}
