/* linux/ps.h - the task list, /dev/ps (not in 0.11: its ps read kernel memory).
   Reading it gives text: a line of column names, then a line for each task, columns
   separated by spaces. Columns may be added: find them by the names of the first line. */
#ifndef _LINUX_PS_H
#define _LINUX_PS_H

#define PS_DEVICE	"/dev/ps"

#define PS_PID		"PID"
#define PS_PPID		"PPID"
#define PS_PGRP		"PGRP"
#define PS_SID		"SID"
#define PS_UID		"UID"
#define PS_STATE	"STATE"		/* R runs, S sleeps, D sleeps deeply, T stopped, Z zombie */
#define PS_PRI		"PRI"
#define PS_CNT		"CNT"		/* ticks left of the time slice */
#define PS_TTY		"TTY"		/* minor number, -1 is none */
#define PS_START	"START"		/* ticks since the machine was started */
#define PS_UTIME	"UTIME"		/* ticks */
#define PS_STIME	"STIME"
#define PS_PAGES	"PAGES"		/* mapped pages of 4 KB */
#define PS_NAME		"NAME"		/* at most 15 bytes, no spaces */

#define PS_NAME_MAX	15

#endif
