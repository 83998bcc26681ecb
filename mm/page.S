/*
 * mm/page.S: the page-fault entry (0.11 mm/page.s). An interrupt gate leads
 * here, so that CR2 is read before another fault can change it.
 */
#include "../arch/entry.h"

	.text
	.globl page_fault
	.align 16
page_fault:
	SAVE_ALL
	movl %esp, %ecx			/* the frame: fastcall's first argument */
	call do_page_fault
	testb $3, CS(%esp)
	jnz ret_to_user
	jmp ret_from_sys_call

	.section .note.GNU-stack, "", @progbits
