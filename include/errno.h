/* errno.h - error numbers. A system call returns the negative of one of these in eax;
   the library stores it in errno and returns -1. 0.11's numbers are 1 to 39; those above are
   Linux's, for calls that 0.12 brought and for network programs' error tables. */
#ifndef _ERRNO_H
#define _ERRNO_H

extern int errno;

#define ERROR		99	/* 0.11: anything else */

#define EPERM		1	/* only root may do this */
#define ENOENT		2	/* no such file or directory */
#define ESRCH		3	/* no such process */
#define EINTR		4	/* a signal arrived first */
#define EIO		5	/* the device failed */
#define ENXIO		6	/* no such device or address */
#define E2BIG		7	/* arguments and environment exceed 128 KB */
#define ENOEXEC		8	/* not a program the kernel can run */
#define EBADF		9	/* not an open descriptor, or opened the other way */
#define ECHILD		10	/* no child to wait for */
#define EAGAIN		11	/* would block, or no free task slot */
#define EWOULDBLOCK	EAGAIN
#define ENOMEM		12	/* no free page */
#define EACCES		13	/* the permission bits forbid it */
#define EFAULT		14	/* an address outside the program */
#define ENOTBLK		15	/* not a block device */
#define EBUSY		16	/* mounted, or somebody's current directory */
#define EEXIST		17	/* the name exists already */
#define EXDEV		18	/* a link cannot cross file systems */
#define ENODEV		19	/* no driver for this device */
#define ENOTDIR		20	/* a component of the path is no directory */
#define EISDIR		21	/* is a directory */
#define EINVAL		22	/* an argument makes no sense here */
#define ENFILE		23	/* the kernel's file or inode table is full */
#define EMFILE		24	/* all 20 descriptors are in use */
#define ENOTTY		25	/* not a terminal */
#define ETXTBSY		26	/* the program is running, or is being written */
#define EFBIG		27	/* beyond the largest size of a file */
#define ENOSPC		28	/* no free block or inode on the device */
#define ESPIPE		29	/* a pipe or terminal has no position */
#define EROFS		30	/* the file system is mounted read-only */
#define EMLINK		31	/* too many links */
#define EPIPE		32	/* nobody reads the pipe */
#define EDOM		33	/* outside the domain of the function */
#define ERANGE		34	/* result out of range */
#define EDEADLK		35	/* would wait for itself */
#define ENAMETOOLONG	36	/* name too long */
#define ENOLCK		37	/* no lock left */
#define ENOSYS		38	/* no such system call */
#define ENOTEMPTY	39	/* the directory is not empty */
#define ELOOP		40	/* too many symbolic links (0.12) */

#endif
