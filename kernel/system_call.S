/*
 * kernel/system_call.S: the system call gate, the one way back to a program,
 * and the entries for the timer, the coprocessor and the disks
 * (0.11 kernel/system_call.s).
 */
#include "../arch/entry.h"

	.text
	.globl system_call, ret_from_sys_call, timer_interrupt
	.globl coprocessor_error, device_not_available
	.globl hd_interrupt, floppy_interrupt, parallel_interrupt
	.globl spurious_interrupt_master, spurious_interrupt_slave

	.align 16
reschedule:
	sti
	call schedule
	jmp ret_from_sys_call

signal_pending:
	sti
	pushl %esp
	call do_signal
	addl $4, %esp
	jmp ret_from_sys_call

	.align 16
system_call:
	pushl %eax			/* the call's number, kept for a restart */
	SAVE_ALL
	pushl %esp
	call do_system_call
	addl $4, %esp

/*
 * The way out. Interrupts are off from here on, so that a signal or the end of
 * a time slice cannot slip in between the test and iret. A return to kernel
 * code (an interrupt or a fault in it) only restores.
 */
	.align 16
ret_from_sys_call:
	cli
	testb $3, CS(%esp)
	jz 1f
	movl current, %eax
	cmpl $0, TASK_STATE(%eax)
	jne reschedule
	cmpl $0, TASK_COUNTER(%eax)
	je reschedule
	movl TASK_BLOCKED(%eax), %ecx
	notl %ecx
	testl %ecx, TASK_SIGNAL(%eax)
	jnz signal_pending
1:	RESTORE_ALL

	.align 16
timer_interrupt:
	pushl $-1
	SAVE_ALL
	movb $0x20, %al			/* end of interrupt to the 8259 */
	outb %al, $0x20
	movl CS(%esp), %eax
	andl $3, %eax
	pushl %eax
	call do_timer
	addl $4, %esp
	jmp ret_from_sys_call

/* The coprocessor's error pin (exception 16; irq 13 is in asm.S). */
	.align 16
coprocessor_error:
	pushl $-1
	SAVE_ALL
	pushl %esp
	call do_coprocessor_error
	addl $4, %esp
	jmp ret_from_sys_call

	.align 16
device_not_available:
	pushl $-1
	SAVE_ALL
	pushl %esp
	call do_device_not_available
	addl $4, %esp
	jmp ret_from_sys_call

	.align 16
hd_interrupt:
	pushl $-1
	SAVE_ALL
	movb $0x20, %al
	outb %al, $0xa0
	outb %al, $0x20
	call do_hd
	jmp ret_from_sys_call

	.align 16
floppy_interrupt:
	pushl $-1
	SAVE_ALL
	movb $0x20, %al
	outb %al, $0x20
	call do_floppy
	jmp ret_from_sys_call

	.align 16
parallel_interrupt:
	pushl %eax
	movb $0x20, %al
	outb %al, $0x20
	popl %eax
	iret

/*
 * Interrupts 7 and 15 also stand for a request that went away before the 8259
 * could name it. Such a one gets no end-of-interrupt from the chip it is
 * reported by; the master has seen a real request from the slave.
 */
	.align 16
spurious_interrupt_master:
	pushl %eax
	movb $0x0b, %al			/* read the in-service register */
	outb %al, $0x20
	inb $0x20, %al
	testb $0x80, %al
	jz 1f
	movb $0x20, %al
	outb %al, $0x20
1:	popl %eax
	iret

	.align 16
spurious_interrupt_slave:
	pushl %eax
	movb $0x0b, %al
	outb %al, $0xa0
	inb $0xa0, %al
	testb $0x80, %al
	jz 1f
	movb $0x20, %al
	outb %al, $0xa0
1:	movb $0x20, %al
	outb %al, $0x20
	popl %eax
	iret

	.section .note.GNU-stack, "", @progbits
