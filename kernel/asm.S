/*
 * kernel/asm.S: the entries for the CPU's exceptions (0.11 kernel/asm.s). Each
 * pushes the error code, or -1 where the CPU pushes none, saves the registers
 * and calls its do_ function in traps.rs.
 */
#include "../arch/entry.h"

	.text
	.globl double_fault

.macro TRAP name
	.globl \name
	.align 8
\name:
	pushl $-1
	SAVE_ALL
	pushl %esp
	call do_\name
	addl $4, %esp
	jmp ret_from_sys_call
.endm

.macro TRAP_WITH_ERROR_CODE name
	.globl \name
	.align 8
\name:
	SAVE_ALL
	pushl %esp
	call do_\name
	addl $4, %esp
	jmp ret_from_sys_call
.endm

/*
 * record_event(event, a, b, c, d): trace_record in trace.rs, but it keeps all
 * registers. Who calls it, if only while tracing is on, need not save any on the
 * way there that tracing off takes. Not in 0.11.
 */
	.globl record_event
	.align 8
record_event:
	pushal
	.rept 5
	pushl 52(%esp)
	.endr
	call trace_record
	addl $20, %esp
	popal
	ret

	TRAP divide_error
	TRAP debug
	TRAP nmi
	TRAP int3
	TRAP overflow
	TRAP bounds
	TRAP invalid_op
	TRAP coprocessor_segment_overrun
	TRAP reserved

/* The coprocessor's error as the AT wires it: acknowledge, then as exception 16. */
	.globl irq13
	.align 8
irq13:
	pushl $-1
	SAVE_ALL
	xorb %al, %al
	outb %al, $0xf0
	movb $0x20, %al
	outb %al, $0x20
	outb %al, $0xa0
	pushl %esp
	call do_coprocessor_error
	addl $4, %esp
	jmp ret_from_sys_call

	TRAP_WITH_ERROR_CODE invalid_TSS
	TRAP_WITH_ERROR_CODE segment_not_present
	TRAP_WITH_ERROR_CODE stack_segment
	TRAP_WITH_ERROR_CODE general_protection
	TRAP_WITH_ERROR_CODE alignment_check

/*
 * A task of its own, with a stack of its own: a double fault mostly means that
 * the kernel's stack is gone. The CPU has pushed an error code, always 0.
 */
	.align 8
double_fault:
	cld
	xorl %ebp, %ebp
	call do_double_fault
1:	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits
