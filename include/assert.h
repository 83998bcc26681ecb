/* assert.h - may be included again, with or without NDEBUG (not in 0.11). */
#undef assert
#ifdef NDEBUG
#define assert(e) ((void)0)
#else
#define assert(e) ((e) ? (void)0 : __assert_fail(#e, __FILE__, __LINE__))
#endif

#ifndef _ASSERT_H
#define _ASSERT_H
void __assert_fail(const char *what, const char *file, int line) __attribute__((noreturn));
#endif
