/*
 * mm/page.S: the page-fault entry (0.11 mm/page.s). An interrupt gate leads
 * here, so that CR2 is read before another fault can change it.
 */
#include "../arch/entry.h"

.macro PAGE_FAULT name, function
	.globl \name
	.align 16
\name:
	SAVE_ALL
	movl %esp, %ecx			/* the frame: fastcall's first argument */
	call \function
	testb $3, CS(%esp)
	jnz ret_to_user
	jmp ret_from_sys_call
.endm

	.text
	PAGE_FAULT page_fault, do_page_fault
/* Stands in the gate instead while page faults are traced. */
	PAGE_FAULT page_fault_traced, do_traced_page_fault

	.section .note.GNU-stack, "", @progbits
