# syscalls.S - the system calls: number in eax, arguments in ebx, ecx, edx, int 0x80.
#
# Each stub has a section of its own, so that a program only carries those it calls. ebx
# belongs to the caller of a C function and is saved; the kernel changes no other register
# than eax.

	.macro	enter_call name, args
	.section .text.\name, "ax"
	.globl	\name
\name:
	pushl	%ebx
	.if \args > 0
	movl	8(%esp), %ebx
	.endif
	.if \args > 1
	movl	12(%esp), %ecx
	.endif
	.if \args > 2
	movl	16(%esp), %edx
	.endif
	.endm

	.macro	kcall name, nr, args
	enter_call \name, \args
	movl	$\nr, %eax
	int	$0x80
	popl	%ebx
	cmpl	$-4095, %eax
	jae	__set_errno
	ret
	.endm

	.section .text.__set_errno, "ax"
	.globl	__set_errno
__set_errno:				# eax: a negative error number
	negl	%eax
	movl	%eax, errno
	movl	$-1, %eax
	ret

	kcall	fork, 2, 0
	kcall	read, 3, 3
	kcall	write, 4, 3
	kcall	open, 5, 3
	kcall	close, 6, 1
	kcall	waitpid, 7, 3
	kcall	creat, 8, 2
	kcall	link, 9, 2
	kcall	unlink, 10, 1
	kcall	execve, 11, 3
	kcall	chdir, 12, 1
	kcall	time, 13, 1
	kcall	mknod, 14, 3
	kcall	chmod, 15, 2
	kcall	chown, 16, 3
	kcall	stat, 18, 2
	kcall	lseek, 19, 3
	kcall	getpid, 20, 0
	kcall	mount, 21, 3
	kcall	umount, 22, 1
	kcall	setuid, 23, 1
	kcall	getuid, 24, 0
	kcall	stime, 25, 1
	kcall	alarm, 27, 1
	kcall	fstat, 28, 2
	kcall	pause, 29, 0
	kcall	utime, 30, 2
	kcall	access, 33, 2
	kcall	nice, 34, 1
	kcall	ftime, 35, 1
	kcall	sync, 36, 0
	kcall	kill, 37, 2
	kcall	rename, 38, 2
	kcall	mkdir, 39, 2
	kcall	rmdir, 40, 1
	kcall	dup, 41, 1
	kcall	pipe, 42, 1
	kcall	times, 43, 1
	kcall	setgid, 46, 1
	kcall	getgid, 47, 0
	kcall	geteuid, 49, 0
	kcall	getegid, 50, 0
	kcall	acct, 51, 1
	kcall	ioctl, 54, 3
	kcall	fcntl, 55, 3
	kcall	setpgid, 57, 2
	kcall	ulimit, 58, 2
	kcall	uname, 59, 1
	kcall	umask, 60, 1
	kcall	chroot, 61, 1
	kcall	ustat, 62, 2
	kcall	dup2, 63, 2
	kcall	getppid, 64, 0
	kcall	getpgrp, 65, 0
	kcall	setsid, 66, 0
	kcall	__sigaction, 67, 3
	kcall	setreuid, 70, 2
	kcall	setregid, 71, 2
	kcall	__sigsuspend, 72, 3
	kcall	sigpending, 73, 1
	kcall	sethostname, 74, 2
	kcall	setrlimit, 75, 2
	kcall	getrlimit, 76, 2
	kcall	getrusage, 77, 2
	kcall	gettimeofday, 78, 2
	kcall	settimeofday, 79, 2
	kcall	getgroups, 80, 2
	kcall	setgroups, 81, 2
	kcall	__select, 82, 1
	kcall	symlink, 83, 2
	kcall	lstat, 84, 2
	kcall	readlink, 85, 3
	kcall	__reboot, 88, 3

# int __ptrace(request, pid, addr, data): the one call with a fourth argument, in esi.
	.section .text.__ptrace, "ax"
	.globl	__ptrace
__ptrace:
	pushl	%ebx
	pushl	%esi
	movl	12(%esp), %ebx
	movl	16(%esp), %ecx
	movl	20(%esp), %edx
	movl	24(%esp), %esi
	movl	$26, %eax
	int	$0x80
	popl	%esi
	popl	%ebx
	cmpl	$-4095, %eax
	jae	__set_errno
	ret

# int syscall(int number, ...): up to three arguments.
	.section .text.syscall, "ax"
	.globl	syscall
syscall:
	pushl	%ebx
	movl	8(%esp), %eax
	movl	12(%esp), %ebx
	movl	16(%esp), %ecx
	movl	20(%esp), %edx
	int	$0x80
	popl	%ebx
	cmpl	$-4095, %eax
	jae	__set_errno
	ret

# These have no error to report: any value is a result.
	enter_call _exit, 1
	movl	$1, %eax
	int	$0x80
	jmp	_exit

	enter_call __brk, 1
	movl	$45, %eax
	int	$0x80
	popl	%ebx
	ret

	enter_call __signal, 3
	movl	$48, %eax
	int	$0x80
	popl	%ebx
	ret

	enter_call sgetmask, 0
	movl	$68, %eax
	int	$0x80
	popl	%ebx
	ret

	enter_call ssetmask, 1
	movl	$69, %eax
	int	$0x80
	popl	%ebx
	ret

	.section .note.GNU-stack, "", @progbits
