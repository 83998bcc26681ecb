/*
 * kernel/system_call.S: the system call gate, the one way back to a program,
 * and the entries for the timer, the coprocessor and the disks
 * (0.11 kernel/system_call.s).
 */
#include "../arch/entry.h"

	.text
	.globl system_call, system_call_traced, ret_from_sys_call, ret_to_user
	.globl timer_interrupt
	.globl coprocessor_error, device_not_available
	.globl hd_interrupt, floppy_interrupt, parallel_interrupt
	.globl spurious_interrupt_slave

	.align 16
attention:
	sti
	pushl %esp
	call do_attention
	addl $4, %esp
	jmp ret_to_user

/* A result below 0: ENOSYS for an unknown number, or a call to begin again. */
bad_number:
	movl $-ENOSYS, EAX(%esp)
	jmp ret_to_user

failed:
	addl $ERESTARTNOHAND, %eax
	cmpl $ERESTARTNOHAND - ERESTARTSYS, %eax
	ja ret_to_user
	pushl %esp
	call begin_call_again
	addl $4, %esp
	jmp ret_to_user

/* ANCHOR: system_call */
/*
 * An unknown number is ENOSYS, where 0.11 returns -1, EPERM.
 */
	.align 16
system_call:
	pushl %eax			/* the call's number, kept for a restart */
	SAVE_ALL
	cmpl $NR_SYSCALLS, %eax
	jae bad_number
	movl %esp, %ecx			/* the frame: fastcall's first argument */
	call *sys_call_table(, %eax, 4)
called:
	movl %eax, EAX(%esp)
	testl %eax, %eax
	js failed

/*
 * The way out. Interrupts are off from here on, so that a signal or the end of
 * a time slice cannot slip in between the test and iret.
 */
ret_to_user:
	cli
	movl current, %eax
	cmpl $0, TASK_ATTENTION(%eax)
	jne attention
	RESTORE_ALL

/* The gate leads here while system calls are traced (kernel/trace.rs). */
	.align 16
system_call_traced:
	pushl %eax
	SAVE_ALL
	pushl %esp
	call traced_call
	addl $4, %esp
	jmp called

/*
 * The same for those who may have interrupted kernel code, to which a return
 * only restores.
 */
	.align 16
ret_from_sys_call:
	testb $3, CS(%esp)
	jnz ret_to_user
	RESTORE_ALL

/* ANCHOR_END: system_call */

/*
 * An iret to a program has faulted. All registers but those that it pops are the
 * program's already: it is as if the program had faulted where it was to go on.
 */
	.align 16
bad_iret:
	pushl $-1
	SAVE_ALL
	pushl %esp
	call do_bad_iret
	addl $4, %esp
	jmp ret_from_sys_call

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

/*
 * Nothing drives the printer, as in 0.11. Interrupts 7 and 15 also stand for a request that went away before the 8259
 * could name it. Such a one gets no end-of-interrupt from the chip it is
 * reported by; the master has seen a real request from the slave.
 */
	.align 16
parallel_interrupt:
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
