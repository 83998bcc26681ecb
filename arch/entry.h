/*
 * One trap frame for every way into the kernel (kernel/traps.rs, TrapFrame)
 * and one way out: ret_from_sys_call in kernel/system_call.S.
 *
 * Before SAVE_ALL a stub has pushed one word above what the CPU pushed: the
 * error code, the number of the call, or -1 for an interrupt.
 */
#include "offsets.h"

.macro SAVE_ALL
	cld
	pushl %fs
	pushl %es
	pushl %ds
	pushl %eax
	pushl %ebp
	pushl %edi
	pushl %esi
	pushl %edx
	pushl %ecx
	pushl %ebx
	movl $KERNEL_DS, %edx
	movl %edx, %ds
	movl %edx, %es
	movl $USER_DS, %edx
	movl %edx, %fs
.endm

.macro RESTORE_ALL
	popl %ebx
	popl %ecx
	popl %edx
	popl %esi
	popl %edi
	popl %ebp
	popl %eax
	popl %ds
	popl %es
	popl %fs
	addl $4, %esp
/*
 * The address that a program is sent back to may lie beyond its code segment: a
 * handler's, or one that a tracer has set. That faults here, in ring 0.
 */
restore\@:
	iret
	.pushsection __ex_table, "a"
	.long restore\@, bad_iret
	.popsection
.endm
