/*
 * boot/head.S: from the boot loader's hand-over to main().
 *
 * 0.11 splits this between boot/setup.s (collect what the BIOS knows, move the
 * kernel down, enter protected mode) and boot/head.s (descriptor tables, A20,
 * coprocessor, paging). A multiboot loader has entered protected mode for us;
 * the rest is the same, in the same order.
 *
 * The code up to startup_32 runs where it was loaded, at 1 MB, because no
 * loader may be trusted with low memory. It saves what low memory holds, moves
 * the kernel to where it is linked, and jumps there. Multiboot leaves us flat
 * 4 GB segments, interrupts off and paging off; nothing else is relied on.
 */
#include "../offsets.h"

#define MULTIBOOT1_HEADER	0x1badb002
#define MULTIBOOT1_LOADER	0x2badb002
#define MULTIBOOT2_HEADER	0xe85250d6
#define MULTIBOOT2_LOADER	0x36d76289

	.section .boot.header, "ax"
	.align 8
multiboot2_header:
	.long MULTIBOOT2_HEADER
	.long 0				/* i386, protected mode */
	.long multiboot2_end - multiboot2_header
	.long -(MULTIBOOT2_HEADER + (multiboot2_end - multiboot2_header))
	.word 0, 0			/* end tag */
	.long 8
multiboot2_end:

	.align 4
multiboot1_header:
	.long MULTIBOOT1_HEADER
	.long 0x3			/* modules on page boundaries, memory sizes */
	.long -(MULTIBOOT1_HEADER + 0x3)

/*
 * In: eax = the loader's magic number, ebx = address of its information.
 */
	.section .boot.text, "ax"
	.globl _start
_start:
	cli
	cld
	movl $boot_stack_top, %esp
	movl %eax, boot_params + BP_MAGIC

/* What the BIOS knows: its data area at 0x400, the tables of both drives. */
	movl $0x400, %esi
	movl $boot_params + BP_BDA, %edi
	movl $BP_BDA_SIZE / 4, %ecx
	rep movsl
	movl $4 * 0x41, %edx
	movl $boot_params + BP_HD0, %edi
	call save_drive_table
	movl $4 * 0x46, %edx
	movl $boot_params + BP_HD1, %edi
	call save_drive_table

/* What the loader knows: it may lie where the kernel or the page tables go. */
	movl boot_params + BP_MAGIC, %eax
	cmpl $MULTIBOOT2_LOADER, %eax
	je save_multiboot2
	cmpl $MULTIBOOT1_LOADER, %eax
	je save_multiboot1
	jmp not_multiboot

/* ebx -> total size, reserved, tags: one piece. */
save_multiboot2:
	movl (%ebx), %ecx
	cmpl $BP_INFO_SIZE, %ecx
	jbe 1f
	movl $BP_INFO_SIZE, %ecx
1:	movl %ecx, boot_params + BP_LENGTH
	movl %ebx, %esi
	movl $boot_params + BP_INFO, %edi
	rep movsb
	jmp move_kernel

/* ebx -> flags, then pointers to the pieces: first module, command line, memory map. */
save_multiboot1:
	movl (%ebx), %edx
	movl %ebx, %esi
	movl $boot_params + BP_INFO, %edi
	movl $64 / 4, %ecx
	rep movsl
	testl $1 << 2, %edx
	jz 2f
	movl 16(%ebx), %esi
	movl $boot_params + BP_CMDLINE, %edi
	movl $BP_CMDLINE_SIZE - 1, %ecx
1:	lodsb
	stosb
	testb %al, %al
	loopnz 1b
2:	testl $1 << 3, %edx
	jz 3f
	cmpl $0, 20(%ebx)
	je 3f
	movl 24(%ebx), %esi
	movl $boot_params + BP_MODULE, %edi
	movl $2, %ecx
	rep movsl
3:	testl $1 << 6, %edx
	jz move_kernel
	movl 44(%ebx), %ecx
	cmpl $BP_INFO_SIZE - 64, %ecx
	jbe 4f
	movl $BP_INFO_SIZE - 64, %ecx
4:	movl %ecx, boot_params + BP_LENGTH
	movl 48(%ebx), %esi
	movl $boot_params + BP_INFO + 64, %edi
	rep movsb

/* Down to where it is linked: the target lies below the source, so upwards. */
move_kernel:
	movl $__kernel_load, %esi
	movl $__kernel_start, %edi
	movl $edata, %ecx
	subl %edi, %ecx
	shrl $2, %ecx
	rep movsl
	movl $__bss_start, %edi
	movl $_end, %ecx
	subl %edi, %ecx
	shrl $2, %ecx
	xorl %eax, %eax
	rep stosl
	movl $startup_32, %eax
	jmp *%eax

/*
 * In: edx = address of a real-mode vector that points to a drive's parameter
 * table (interrupts 0x41 and 0x46), edi = where its 16 bytes go.
 */
save_drive_table:
	movzwl 2(%edx), %esi
	shll $4, %esi
	movzwl (%edx), %eax
	addl %eax, %esi
	movl $4, %ecx
	rep movsl
	ret

/*
 * Shows a text at the top of the screen, on a colour adapter and a monochrome
 * one, and stops: for what goes wrong before there is a console.
 */
	.macro show_and_stop text
	movl $\text, %esi
	movl $0xb8000, %edi
	movl $0xb0000, %ebx
	movb $0x4f, %ah
1:	lodsb
	testb %al, %al
	jz 2f
	stosw
	movw %ax, (%ebx)
	addl $2, %ebx
	jmp 1b
2:	hlt
	jmp 2b
	.endm

not_multiboot:
	show_and_stop not_multiboot_text

	.section .boot.data, "aw"
not_multiboot_text:
	.asciz "Linux 0.11 must be started by a multiboot loader such as GRUB."

/* The loader clears it. */
	.section .boot.bss, "aw", @nobits
	.align 16
	.globl boot_params
boot_params:
	.skip BP_INFO + BP_INFO_SIZE
	.align 16
	.skip 256
boot_stack_top:

/*
 * 0.11's startup_32. Everything from here on is linked and runs low.
 */
	.section .text.head, "ax"
	.globl startup_32
startup_32:
	lgdt gdt_descr
	ljmp $KERNEL_CS, $1f
1:	movl $KERNEL_DS, %eax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	lss stack_start, %esp
	lidt idt_descr
	pushl $0			/* no flag set: NT above all */
	popfl

/*
 * Is A20 on? If not, 1 MB and 0 are the same place (and 0 is still unused). The
 * loader has turned it on, so that may take a while, but not for ever.
 */
	movl $0x100000, %ecx
	xorl %eax, %eax
1:	incl %eax
	movl %eax, 0x000000
	cmpl %eax, 0x100000
	loope 1b
	je no_a20

/*
 * Coprocessor: a 387 answers fninit by clearing its status word. ET and MP as
 * 0.11 sets them; EM when there is none. WP stays 0 on every CPU, so that no
 * machine hides a page that the kernel forgot to unshare.
 */
	movl %cr0, %eax
	andl $0x80000011, %eax		/* keep PG, PE, ET */
	orl $0x2, %eax			/* set MP */
	movl %eax, %cr0
	fninit
	movl $0x5a5a, fpu_status
	fnstsw fpu_status
	cmpb $0, fpu_status
	je 1f
	movl %cr0, %eax
	xorl $6, %eax			/* reset MP, set EM */
	movl %eax, %cr0
	jmp 2f
/*
 * A 486, which unlike a 386 can toggle AC, reports the coprocessor's errors as
 * exception 16 if NE is set. Interrupt 13, by which the AT tells of them, makes
 * QEMU 7 end with a failed assertion.
 */
1:	pushfl
	popl %ecx
	movl %ecx, %eax
	xorl $0x40000, %eax
	pushl %eax
	popfl
	pushfl
	popl %eax
	pushl %ecx
	popfl
	xorl %ecx, %eax
	testl $0x40000, %eax
	jz 2f
	movl %cr0, %eax
	orl $0x20, %eax			/* set NE */
	movl %eax, %cr0
2:
	call setup_paging
	xorl %ebp, %ebp			/* ends a backtrace */
	call main
1:	hlt				/* main() does not return */
	jmp 1b

/* ANCHOR: setup_paging */
/*
 * 0.11's setup_paging: the page directory at 0, four page tables behind it,
 * which map the first 16 MB to themselves. mem_init() adds tables where there
 * is more memory.
 */
setup_paging:
	movl $1024 * 5, %ecx
	xorl %eax, %eax
	xorl %edi, %edi
	rep stosl
	movl $0x1007, 0x0
	movl $0x2007, 0x4
	movl $0x3007, 0x8
	movl $0x4007, 0xc
	movl $0x1000, %edi
	movl $0x7, %eax			/* present, user, read and write */
	movl $4096, %ecx
1:	stosl
	addl $0x1000, %eax
	loop 1b
	xorl %eax, %eax
	movl %eax, %cr3
	movl %cr0, %eax
	orl $0x80000000, %eax
	movl %eax, %cr0
	ret

/* ANCHOR_END: setup_paging */

no_a20:
	show_and_stop no_a20_text

	.data
no_a20_text:
	.asciz "Address line 20 is off: the boot loader has not turned it on."
	.align 4
stack_start:
	.long user_stack_top
	.word KERNEL_DS
	.align 4
fpu_status:
	.long 0
	.word 0
gdt_descr:
	.word 256 * 8 - 1
	.long gdt
	.align 4
	.word 0
idt_descr:
	.word 256 * 8 - 1
	.long idt

/*
 * Kernel segments reach linear 0 to 64 MB, slot 0, and no further. Entry 3,
 * unused in 0.11, is the task that a double fault switches to.
 */
	.section .data.page_aligned, "aw"
	.align 8
	.globl gdt
gdt:
	.quad 0x0000000000000000
	.quad 0x00c09a0000003fff	/* code, 64 MB */
	.quad 0x00c0920000003fff	/* data, 64 MB */
	.quad 0x0000000000000000
	.fill 252, 8, 0

	.bss
	.align 8
	.globl idt
idt:
	.fill 256, 8, 0
/* 0.11's user_stack: main()'s stack, then task 0's in ring 3. */
	.align 4096
	.globl user_stack
user_stack:
	.fill 4096, 1, 0
	.globl user_stack_top
user_stack_top:

	.section .note.GNU-stack, "", @progbits
