/*
 * kernel/chr_drv/rs_io.S: the serial lines' ways in (0.11 rs_io.s). The
 * handlers are in serial.rs.
 */
#include "../../arch/entry.h"

	.text
	.globl rs1_interrupt, rs2_interrupt

	.align 16
rs1_interrupt:
	pushl $-1
	SAVE_ALL
	call do_rs1
	jmp ret_from_sys_call

	.align 16
rs2_interrupt:
	pushl $-1
	SAVE_ALL
	call do_rs2
	jmp ret_from_sys_call

	.section .note.GNU-stack, "", @progbits
