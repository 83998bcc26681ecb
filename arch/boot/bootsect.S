/*
 * boot/bootsect.S: a boot loader for PCs on which no other runs (0.11
 * boot/bootsect.s and setup.s). It is on build/hd386.img and build/fd.img. GRUB
 * 2 wants a 486, Debian's GRUB Legacy a Pentium Pro, SYSLINUX 5 MB of memory;
 * this wants an 80386 and whatever memory kernel and root image take.
 *
 * The first sector, which the BIOS loads to 0x7c00, loads what follows it. That
 * shows a menu on the screen and the first serial line, loads the kernel to 1 MB
 * and the root image behind it, and enters the kernel as the Multiboot
 * Specification (version 0.6.96) has it. All that is loaded lies in one piece
 * each, where `xtask disk` has put it: no file system is read.
 *
 * It prints as it goes: `L` the first sector runs, `E` and a BIOS error code if
 * the disk cannot be read, a dot for each piece that has been loaded.
 */

#undef i386			/* gcc means itself; `.arch` below the CPU */

#define LOADER_SECTORS	10		/* of them, behind the first ... */
#define CODE_SECTORS	6		/* ... this code, then the configuration */
#define BUFFER_SEGMENT	0x1000		/* what is read waits here, at 64 KB, ... */
#define BUFFER_SECTORS	64		/* ... 32 KB of it */
#define KERNEL_ADDRESS	0x100000
#define LOAD_CS		8
#define LOAD_DS		16
#define RETRIES		5
#define TICKS		0x46c		/* the BIOS's clock, 18.2 a second */
#define COM1		0x3f8
#define MMAP_MAX	32		/* most entries of the memory map */

	.code16
	.arch i8086
	.text
	.globl _start
_start:
	jmp begin
	nop
	.org 0x3e			/* a BIOS may write to where FAT has its data */
begin:
	cli
	xorw %ax, %ax
	movw %ax, %ss
	movw $_start, %sp
	movw %ax, %ds
	movw %ax, %es
	sti
	cld
	ljmp $0, $2f			/* some BIOSes come with cs = 0x7c0 */
2:	movb %dl, drive
	movb $'L', %al
	call put_screen
/* The BIOS knows a hard disk's geometry; a floppy's is that of 1.44 MB. */
	testb $0x80, %dl
	jz 3f
	pushw %es
	movb $8, %ah
	int $0x13
	popw %es
	jc 3f
	andw $0x3f, %cx
	jz 3f
	movw %cx, track_sectors
	movb %dh, %dl
	xorb %dh, %dh
	incw %dx
	movw %dx, heads
3:	movw $1, %ax
	movw $LOADER_SECTORS, %cx
	movw $second, %bx
	call read
	jmp second

/*
 * In: ax = first sector, cx = how many, es:bx = where to; all in one 64 KB.
 * Reads as much at a time as one track holds.
 */
read:
	pushw %cx
	pushw %ax
	xorw %dx, %dx
	divw track_sectors		/* ax = track, dx = sector in it */
	movw track_sectors, %si
	subw %dx, %si
	cmpw %cx, %si
	jbe 1f
	movw %cx, %si			/* si = sectors to read now */
1:	movw %dx, %cx
	incw %cx
	xorw %dx, %dx
	divw heads			/* ax = cylinder, dx = head */
	movb %al, %ch			/* of the first 256 */
	movb %dl, %dh
	movb drive, %dl
	movw $RETRIES, %di
2:	movw %si, %ax
	movb $2, %ah
	pushw %si
	pushw %di
	int $0x13
	popw %di
	popw %si
	jnc 3f
	pushw %ax
	xorw %ax, %ax
	int $0x13			/* reset, and once more */
	popw %ax
	decw %di
	jnz 2b
	jmp read_error
3:	movw %si, %cx
	movb %cl, %ah
	xorb %al, %al
	shlw %ax			/* 512 times */
	addw %ax, %bx
	popw %ax
	addw %si, %ax
	popw %cx
	subw %si, %cx
	jnz read
	ret

/* The disk cannot be read: the BIOS's code, ah, and the end. */
read_error:
	movb $'E', %al
	call put_screen
	movb %ah, %al
	movb $4, %cl
	shrb %cl, %al
	call put_digit
	movb %ah, %al
	andb $15, %al
	call put_digit
1:	hlt
	jmp 1b

put_digit:
	addb $'0', %al
	cmpb $'9', %al
	jbe put_screen
	addb $'a' - '0' - 10, %al
/* In: al = a character for the screen. Changes nothing. */
put_screen:
	pushw %ax
	pushw %bx
	pushw %bp
	movb $0x0e, %ah
	movw $7, %bx
	int $0x10
	popw %bp
	popw %bx
	popw %ax
	ret

	.align 2
track_sectors:
	.word 18
heads:
	.word 2
drive:
	.byte 0

/* A hard disk's signature and partition table begin at 0x1b8. */
	.org 0x1fe
	.word 0xaa55

/* From here on it has been loaded by the above. */
second:
/* An 8086 has the upper four bits of the flags set, a 80286 cleared. */
	pushf
	popw %ax
	xorw $0x7000, %ax
	pushw %ax
	popf
	pushf
	popw %bx
	xorw %bx, %ax
	testw $0x7000, %ax
	jz 1f
	movw $text_cpu, %si
	call put_text
	jmp stop
	.arch i386
1:	call init_serial
	movw $config_text, %si
	call put_text
	call choose			/* si -> the entry's letter */
	movb 1(%si), %al
	movb %al, with_module
	addw $2, %si
	movw %si, info_cmdline
	movw $text_loading, %si
	call put_text

	movw config_kernel_sector, %ax
	movw config_kernel_sectors, %cx
	movl $KERNEL_ADDRESS, %edi
	call load
	addl $4095, %edi		/* modules begin with a page */
	andl $~4095, %edi
	call memory
	cmpb $0, with_module
	je 3f
	movl %edi, module_start
	addl config_module_bytes, %edi
	movl %edi, module_end
	cmpl memory_end, %edi
	jbe 2f
	movw $text_room, %si
	call put_text
	jmp 3f
2:	movl module_start, %edi
	movw config_module_sector, %ax
	movw config_module_sectors, %cx
	call load
	orb $8, info_flags
	movl $1, info_modules
3:	movw $text_end, %si
	call put_text

/* A drive that still turns would turn until the kernel's driver is set up. */
	testb $0x80, drive
	jnz 4f
	movw $0x3f2, %dx
	movb $0x0c, %al
	outb %al, %dx
4:	call enable_a20
	cli
	lgdt gdt_pointer
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmp $LOAD_CS, $protected

	.code32
protected:
	movl $LOAD_DS, %eax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %fs
	movw %ax, %gs
	movw %ax, %ss
	movl $0x2badb002, %eax
	movl $info, %ebx
	jmp *config_entry
	.code16

/*
 * In: ax = first sector, cx = how many, edi = physical address. Out: edi behind
 * it. Whole tracks at a time, through the buffer.
 */
load:
	movw %ax, %bp
	movb $BUFFER_SECTORS, %al
	xorb %ah, %ah
	divb track_sectors
	mulb track_sectors
	movw %ax, piece
1:	pushw %cx
	cmpw piece, %cx
	jbe 2f
	movw piece, %cx
2:	pushw %cx
	pushl %edi
	movw %bp, %ax
	pushw $BUFFER_SEGMENT
	popw %es
	xorw %bx, %bx
	call read
	popl %edi
	popw %cx
	addw %cx, %bp
	movw %cx, %dx			/* sectors */
	movl %edi, %eax
	movw %ax, move_to
	shrl $16, %eax
	movb %al, move_to + 2
	movb %ah, move_to + 5
	pushw %ds
	popw %es
	movw $move_table, %si
	shlw $8, %cx			/* words */
	pushw %bp
	pushw %dx
	pushl %edi
	movb $0x87, %ah
	int $0x15
	popl %edi
	popw %dx
	popw %bp
	movw $text_move, %si
	jc put_text_and_stop
	movzwl %dx, %eax
	shll $9, %eax
	addl %eax, %edi
	movb $'.', %al
	call put
	popw %cx
	subw %dx, %cx
	jnz 1b
	ret

/*
 * How much memory there is: below 640 KB, above 1 MB, and a map where the BIOS
 * has one (int 15h functions e820h, e801h, 88h). Sets memory_end.
 */
memory:
	pushl %edi
	int $0x12
	movw %ax, info_lower
	movb $0x88, %ah
	int $0x15
	jnc 1f
	xorw %ax, %ax
1:	movzwl %ax, %eax
	movl %eax, info_upper
	xorw %cx, %cx
	xorw %dx, %dx
	movw $0xe801, %ax
	int $0x15
	jc 3f
	testw %cx, %cx			/* some answer in cx and dx, some in ax and bx */
	jnz 2f
	movw %ax, %cx
	movw %bx, %dx
2:	movzwl %cx, %eax		/* KB up to 16 MB */
	movzwl %dx, %edx		/* 64 KB above */
	shll $6, %edx
	cmpw $15 * 1024, %ax
	jb 4f
	addl %edx, %eax
4:	cmpl info_upper, %eax
	jbe 3f
	movl %eax, info_upper
3:	movl info_upper, %eax
	shll $10, %eax
	addl $KERNEL_ADDRESS, %eax
	movl %eax, memory_end
	call memory_map
	popl %edi
	ret

memory_map:
	movw $map + 4, %di
	xorl %ebx, %ebx
	movw $MMAP_MAX, %bp
1:	movl $20, -4(%di)
	movl $0xe820, %eax
	movl $0x534d4150, %edx		/* SMAP */
	movl $20, %ecx
	pushw %bp
	pushw %di
	int $0x15
	popw %di
	popw %bp
	jc 2f
	cmpl $0x534d4150, %eax
	jne 2f
	addw $24, %di
	orb $0x40, info_flags
	decw %bp
	jz 2f
	testl %ebx, %ebx
	jnz 1b
2:	subw $map + 4, %di
	movw %di, info_map_length
	ret

/* The menu: out: si -> the entry that was chosen, or the first when time is over. */
choose:
	movl TICKS, %ebp
1:	movw config_entries_at, %si
	call get
	jz 4f
	cmpb $'\r', %al
	je 5f
	orb $0x20, %al
	movb %al, %ah
2:	movb (%si), %al
	testb %al, %al
	jz 1b				/* no such entry */
	cmpb %ah, %al
	je 5f
	addw $2, %si
3:	lodsb				/* the next entry is behind the 0 */
	testb %al, %al
	jnz 3b
	jmp 2b
4:	movl TICKS, %eax
	subl %ebp, %eax
	cmpw config_timeout, %ax
	jb 1b
5:	movb (%si), %al
	jmp put

/* Out: ZF if no key has been pressed, else al = its character. */
get:
	movb $1, %ah
	int $0x16
	jz 1f
	movb $0, %ah
	int $0x16
	testb %al, %al
	ret
1:	movw $COM1 + 5, %dx
	inb %dx, %al
	andb has_serial, %al		/* data ready is bit 0 */
	jz 2f
	movw $COM1, %dx
	inb %dx, %al
	testb %al, %al
2:	ret

/* 9600 bps, 8 bits, if there is a chip: its scratch bits of IER keep 0. */
init_serial:
	movw $COM1 + 1, %dx
	movb $0, %al
	outb %al, %dx
	inb %dx, %al
	testb %al, %al
	jnz 1f
	movw $COM1 + 3, %dx
	movb $0x80, %al
	outb %al, %dx
	movw $COM1, %dx
	movw $12, %ax
	outw %ax, %dx
	movw $COM1 + 3, %dx
	movb $3, %al
	outb %al, %dx
	incw %dx
	outb %al, %dx			/* DTR, RTS */
	movb $1, has_serial
1:	ret

put_text_and_stop:
	call put_text
stop:	hlt
	jmp stop

/* In: si -> a text that ends with 0. */
put_text:
	lodsb
	testb %al, %al
	jz 1f
	call put
	jmp put_text
1:	ret

/* In: al = a character. Changes nothing. A line that is not taken is let be. */
put:
	call put_screen
	cmpb $0, has_serial
	je 2f
	pushw %cx
	pushw %dx
	pushw %ax
	xorw %cx, %cx
	movw $COM1 + 5, %dx
1:	inb %dx, %al
	testb $0x20, %al
	loopz 1b
	popw %ax
	movw $COM1, %dx
	outb %al, %dx
	popw %dx
	popw %cx
2:	ret

/* Address line 20, by the BIOS, the keyboard controller, port 92h. */
enable_a20:
	call a20_is_on
	jne 1f
	movw $0x2401, %ax
	int $0x15
	call a20_is_on
	jne 1f
	call keyboard_ready
	movb $0xd1, %al
	outb %al, $0x64
	call keyboard_ready
	movb $0xdf, %al
	outb %al, $0x60
	call keyboard_ready
	call a20_is_on
	jne 1f
	inb $0x92, %al
	orb $2, %al
	andb $0xfe, %al			/* bit 0 would reset */
	outb %al, $0x92
	call a20_is_on
	jne 1f
	movw $text_a20, %si
	jmp put_text_and_stop
1:	ret

/* Out: ZF if 0 and 1 MB are one place. Some controllers take their time. */
a20_is_on:
	pushw $0xffff
	popw %es
	movw $1000, %cx
1:	incw a20_word
	movw a20_word, %ax
	outb %al, $0x80
	cmpw %es:a20_word + 0x10, %ax
	loope 1b
	pushw %ds
	popw %es
	ret

keyboard_ready:
	xorw %cx, %cx
1:	inb $0x64, %al
	testb $2, %al
	loopnz 1b
	ret

text_cpu:
	.asciz "\r\nThis system needs an 80386 or a later CPU.\r\n"
text_loading:
	.asciz "\r\nLoading "
text_room:
	.asciz "\r\nThe root image does not fit into memory: going on without it."
text_move:
	.asciz "\r\nThe BIOS cannot move data above 1 MB (int 15h, function 87h).\r\n"
text_a20:
	.asciz "\r\nAddress line 20 cannot be turned on.\r\n"
text_end:
	.asciz "\r\n"

	.align 8
/* For int 15h, function 87h: two entries for the BIOS, from, to, two more. */
move_table:
	.quad 0, 0
	.word 0xffff, 0
	.byte BUFFER_SEGMENT >> 12, 0x93, 0, 0
	.word 0xffff
move_to:
	.word 0
	.byte 0, 0x93, 0, 0
	.quad 0, 0
gdt:
	.quad 0
	.quad 0x00cf9a000000ffff
	.quad 0x00cf92000000ffff
gdt_pointer:
	.word gdt_pointer - gdt - 1
	.long gdt
has_serial:
	.byte 0
with_module:
	.byte 0
piece:
	.word 0
a20_word:
	.word 0
memory_end:
	.long 0
/* Multiboot information, section 3.3: sizes, command line, modules, map. */
	.align 4
info:
info_flags:
	.long 0x5
info_lower:
	.long 0
info_upper:
	.long 0
	.long 0
info_cmdline:
	.long 0
info_modules:
	.long 0
	.long module_start
	.fill 4, 4, 0
info_map_length:
	.long 0
	.long map
	.fill 64, 1, 0
module_start:
	.long 0
module_end:
	.long 0
	.long module_name, 0
module_name:
	.byte 0

	.org 512 * (1 + CODE_SECTORS)
/* What `xtask disk` fills in. */
config_kernel_sector:
	.word 0
config_kernel_sectors:
	.word 0
config_entry:
	.long 0
config_module_sector:
	.word 0
config_module_sectors:
	.word 0
config_module_bytes:
	.long 0
config_timeout:
	.word 0
config_entries_at:
	.word 0
/* Text, then entries: letter, 1 if with the root image, command line, 0. */
config_text:
	.org 512 * (1 + LOADER_SECTORS)
	.equ map, 0x9800
