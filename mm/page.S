/*
 * mm/page.S: the page-fault entry (0.11 mm/page.s). An interrupt gate leads
 * here, so that CR2 is read before another fault can change it.
 */
#include "../arch/entry.h"

	.text
	.globl page_fault, page_fault_traced
	.align 16
page_fault:
	SAVE_ALL
	movl %esp, %ecx			/* the frame: fastcall's first argument */
	call do_page_fault
after_page_fault:
	testb $3, CS(%esp)
	jnz ret_to_user
	jmp ret_from_sys_call

/* Stands in the gate instead while page faults are traced. */
	.align 16
page_fault_traced:
	SAVE_ALL
	movl %esp, %ecx
	call do_traced_page_fault
	jmp after_page_fault

	.section .note.GNU-stack, "", @progbits
