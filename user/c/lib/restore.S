# restore.S - the way back from a signal handler.
#
# The kernel leaves on the stack, from the handler's return address upwards: the address of
# one of these, the signal number, the old mask (unless SA_NOMASK), eax, ecx, edx, the flags
# and the address where the program was interrupted. The handler's `ret` comes here; C
# handlers preserve all other registers themselves.

	.section .text.__sig_restore, "ax"
	.globl	__sig_restore
__sig_restore:				# SA_NOMASK: there is no mask in the frame
	addl	$4, %esp
	popl	%eax
	popl	%ecx
	popl	%edx
	popfl
	ret

	.section .text.__masksig_restore, "ax"
	.globl	__masksig_restore
__masksig_restore:
	addl	$4, %esp
	call	ssetmask		# its argument, the old mask, is on top
	addl	$4, %esp
	popl	%eax
	popl	%ecx
	popl	%edx
	popfl
	ret

	.section .note.GNU-stack, "", @progbits
