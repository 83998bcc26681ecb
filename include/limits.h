/* limits.h - ranges of the integer types and limits of the kernel. */
#ifndef _LIMITS_H
#define _LIMITS_H

#define CHAR_BIT  8
#define SCHAR_MIN (-128)
#define SCHAR_MAX 127
#define UCHAR_MAX 255
#define CHAR_MIN  SCHAR_MIN
#define CHAR_MAX  SCHAR_MAX
#define SHRT_MIN  (-32767 - 1)
#define SHRT_MAX  32767
#define USHRT_MAX 65535
#define INT_MIN   (-2147483647 - 1)
#define INT_MAX   2147483647
#define UINT_MAX  4294967295U
#define LONG_MIN  (-2147483647L - 1L)
#define LONG_MAX  2147483647L
#define ULONG_MAX 4294967295UL
#define LLONG_MIN (-9223372036854775807LL - 1LL)
#define LLONG_MAX 9223372036854775807LL
#define ULLONG_MAX 18446744073709551615ULL

#define ARG_MAX   131072	/* bytes of arguments and environment for exec */
#define CHILD_MAX 62		/* 64 slots, less task 0 and init */
#define NGROUPS_MAX 32
#define OPEN_MAX  20		/* descriptors of a process */
#define LINK_MAX  250		/* Minix v1: the link count is one byte */
#define NAME_MAX  14		/* Minix v1 */
#define PATH_MAX  1024
#define MAX_CANON 1024
#define MAX_INPUT 1024
#define PIPE_BUF  4095		/* a pipe is one page and always keeps a byte free */

#endif
