/*
 * kernel/chr_drv/keyboard.S: the keyboard's way in (0.11 keyboard.S). What the
 * scan codes mean is in keyboard.rs.
 */
#include "../../arch/entry.h"

	.text
	.globl keyboard_interrupt

	.align 16
keyboard_interrupt:
	pushl $-1
	SAVE_ALL
	call do_keyboard
	jmp ret_from_sys_call

	.section .note.GNU-stack, "", @progbits
