/*
 * Numbers that the .S files share with the Rust sources. arch/offsets.rs
 * checks each of them against the Rust types when the kernel is compiled.
 */
#ifndef OFFSETS_H
#define OFFSETS_H

/* Selectors: kernel code and data, a task's own code and data (in its LDT). */
#define KERNEL_CS	0x08
#define KERNEL_DS	0x10
#define USER_CS		0x0f
#define USER_DS		0x17

/* struct Task (kernel/task.rs): the field that system_call.S looks at. */
#define TASK_ATTENTION	20

/* struct TrapFrame (kernel/traps.rs). */
#define EBX		0x00
#define ECX		0x04
#define EDX		0x08
#define ESI		0x0c
#define EDI		0x10
#define EBP		0x14
#define EAX		0x18
#define DS		0x1c
#define ES		0x20
#define FS		0x24
#define ORIG_EAX	0x28
#define EIP		0x2c
#define CS		0x30
#define EFLAGS		0x34
#define OLDESP		0x38
#define OLDSS		0x3c

#define NR_SYSCALLS	89

/* Errno (kernel/errno.rs). */
#define ENOSYS		38
#define ERESTARTSYS	512
#define ERESTARTNOHAND	514

/* struct BootParams (arch/boot/setup.rs). */
#define BP_MAGIC	0x000
#define BP_LENGTH	0x004
#define BP_BDA		0x008
#define BP_BDA_SIZE	0x100
#define BP_HD0		0x108
#define BP_HD1		0x118
#define BP_MODULE	0x128
#define BP_CMDLINE	0x138
#define BP_CMDLINE_SIZE	0x200
#define BP_INFO		0x338
#define BP_INFO_SIZE	0x1c00

#endif
