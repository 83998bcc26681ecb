/* sys/param.h - sizes of the kernel's tables, as in 0.12. */
#ifndef _SYS_PARAM_H
#define _SYS_PARAM_H

#define HZ		100	/* ticks per second */
#define NGROUPS		32	/* extra groups of a process */
#define NOGROUP		(-1)
#define NR_OPEN		20	/* descriptors of a process */
#define NR_TASKS	64
#define EXEC_PAGESIZE	4096
#define BLOCK_SIZE	1024
#define MAXHOSTNAMELEN	8
#define NCARGS		131072	/* bytes of arguments and environment */

#endif
