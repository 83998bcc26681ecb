# crt0.S - where a C program starts.
#
# exec leaves three words at esp: argc, the address of argv, the address of envp (0.11's
# create_tables). They are just where main() expects its arguments once the call has pushed a
# return address.

	.section .text.start, "ax"
	.globl	_start
_start:
	cld
	xorl	%ebp, %ebp		# ends a chain of frame pointers
	movl	8(%esp), %eax
	movl	%eax, environ
	call	main
	pushl	%eax
	call	exit

	.section .note.GNU-stack, "", @progbits
