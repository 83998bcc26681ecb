# host-crt0.S - starts a test on Linux for the i386, which leaves the arguments themselves on
# the stack where 0.11 leaves pointers to them.

	.section .text.start, "ax"
	.globl	_start
_start:
	xorl	%ebp, %ebp
	movl	(%esp), %eax		# argc
	leal	4(%esp), %ecx		# argv
	leal	4(%ecx, %eax, 4), %edx	# envp, behind argv's null pointer
	movl	%edx, environ
	pushl	%edx
	pushl	%ecx
	pushl	%eax
	call	main
	pushl	%eax
	call	exit

	.section .note.GNU-stack, "", @progbits
