/* sys/types.h - types of the system call interface. The narrow ones are what a Minix v1
   inode holds: a group is 8 bits, a user and an inode number 16. */
#ifndef _SYS_TYPES_H
#define _SYS_TYPES_H

#include <stddef.h>

#ifndef _TIME_T
#define _TIME_T
typedef long time_t;
#endif

typedef int pid_t;
typedef unsigned short uid_t;
typedef unsigned char gid_t;
typedef unsigned short dev_t;		/* major << 8 | minor */
typedef unsigned short ino_t;
typedef unsigned short mode_t;
typedef unsigned short umode_t;
typedef unsigned char nlink_t;
typedef int daddr_t;
typedef long off_t;
typedef int ssize_t;
typedef unsigned char u_char;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;

typedef struct { int quot, rem; } div_t;
typedef struct { long quot, rem; } ldiv_t;

/* ustat(): what is free on a mounted device. */
struct ustat {
	daddr_t f_tfree;	/* free blocks of 1 KB */
	ino_t f_tinode;		/* free inodes */
	char f_fname[6];	/* unused */
	char f_fpack[6];	/* unused */
};

#endif
