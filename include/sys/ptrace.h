/* sys/ptrace.h - looking into another process: numbers as in later Linux. */
#ifndef _SYS_PTRACE_H
#define _SYS_PTRACE_H

#include <sys/types.h>

#define PTRACE_TRACEME		0
#define PTRACE_PEEKTEXT		1
#define PTRACE_PEEKDATA		2
#define PTRACE_PEEKUSER		3
#define PTRACE_POKETEXT		4
#define PTRACE_POKEDATA		5
#define PTRACE_POKEUSER		6
#define PTRACE_CONT		7
#define PTRACE_KILL		8
#define PTRACE_SINGLESTEP	9
#define PTRACE_ATTACH		0x10
#define PTRACE_DETACH		0x11

/* Registers for PEEKUSER and POKEUSER: the address is four times the number. Selectors
   cannot be changed; of the flags, those that a program can change itself. */
#define EBX		0
#define ECX		1
#define EDX		2
#define ESI		3
#define EDI		4
#define EBP		5
#define EAX		6
#define DS		7
#define ES		8
#define FS		9
#define GS		10
#define ORIG_EAX	11	/* number of the call that was interrupted, or -1 */
#define EIP		12
#define CS		13
#define EFL		14
#define UESP		15
#define SS		16

/* Peeks return the word (look at errno when it is -1), the rest 0 or -1. */
long ptrace(int request, pid_t pid, unsigned long addr, unsigned long data);

#endif
