/* memory.c - blocks of memory, moved by the processor's string instructions. gcc may call
   these four by itself. */
#include <string.h>

void *memcpy(void *to, const void *from, size_t n)
{
	void *di = to;
	size_t words = n / 4;

	n &= 3;
	__asm__ volatile("rep movsl" : "+D"(di), "+S"(from), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(di), "+S"(from), "+c"(n) : : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	if ((size_t)to - (size_t)from >= n)
		return memcpy(to, from, n);	/* a forward copy overwrites nothing unread */

	void *di = (char *)to + n - 1;
	const void *si = (const char *)from + n - 1;
	__asm__ volatile("std; rep movsb; cld" : "+D"(di), "+S"(si), "+c"(n) : : "memory");
	return to;
}

void *memset(void *to, int c, size_t n)
{
	void *di = to;
	size_t words = n / 4;

	n &= 3;
	c = (c & 0xff) * 0x01010101;
	__asm__ volatile("rep stosl" : "+D"(di), "+c"(words) : "a"(c) : "memory");
	__asm__ volatile("rep stosb" : "+D"(di), "+c"(n) : "a"(c) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	for (const unsigned char *p = s; n; n--, p++)
		if (*p == (unsigned char)c)
			return (void *)p;
	return NULL;
}
