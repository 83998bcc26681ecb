/* layout.c - the structures of the system call interface lie as 0.11's compiler laid them:
   it is enough that this compiles. */
#include <a.out.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/minix_fs.h>
#include <linux/ps.h>
#include <linux/unistd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timeb.h>
#include <sys/times.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#define SIZE(type, n)        _Static_assert(sizeof(type) == (n), "size of " #type)
#define AT(type, member, n)  _Static_assert(offsetof(type, member) == (n), #type "." #member)
#define IS(name, n)          _Static_assert((name) == (n), #name)

SIZE(size_t, 4);
SIZE(time_t, 4);
SIZE(off_t, 4);
SIZE(pid_t, 4);
SIZE(daddr_t, 4);
SIZE(sigset_t, 4);
SIZE(uid_t, 2);
SIZE(gid_t, 1);
SIZE(dev_t, 2);
SIZE(ino_t, 2);
SIZE(mode_t, 2);
SIZE(nlink_t, 1);
SIZE(fd_set, 4);

SIZE(struct stat, 32);
AT(struct stat, st_dev, 0);
AT(struct stat, st_ino, 2);
AT(struct stat, st_mode, 4);
AT(struct stat, st_nlink, 6);
AT(struct stat, st_uid, 8);
AT(struct stat, st_gid, 10);
AT(struct stat, st_rdev, 12);
AT(struct stat, st_size, 16);
AT(struct stat, st_atime, 20);
AT(struct stat, st_mtime, 24);
AT(struct stat, st_ctime, 28);

SIZE(struct ustat, 20);
AT(struct ustat, f_tinode, 4);
AT(struct ustat, f_fname, 6);
AT(struct ustat, f_fpack, 12);

SIZE(struct utsname, 45);
AT(struct utsname, machine, 36);

SIZE(struct tms, 16);
AT(struct tms, tms_cstime, 12);

SIZE(struct utimbuf, 8);
SIZE(struct timeval, 8);
AT(struct timeval, tv_usec, 4);
SIZE(struct timeb, 12);
AT(struct timeb, millitm, 4);
AT(struct timeb, timezone, 6);
AT(struct timeb, dstflag, 8);
SIZE(struct timezone, 8);
AT(struct timezone, tz_dsttime, 4);
SIZE(struct rlimit, 8);
AT(struct rlimit, rlim_max, 4);
IS(RLIM_INFINITY, 0x7fffffff);
IS(RLIM_NLIMITS, 6);
IS(RLIMIT_STACK, 3);
SIZE(struct rusage, 72);
AT(struct rusage, ru_stime, 8);
AT(struct rusage, ru_maxrss, 16);
AT(struct rusage, ru_minflt, 32);
AT(struct rusage, ru_majflt, 36);
AT(struct rusage, ru_nswap, 40);
AT(struct rusage, ru_nivcsw, 68);

SIZE(struct sigaction, 16);
AT(struct sigaction, sa_mask, 4);
AT(struct sigaction, sa_flags, 8);
AT(struct sigaction, sa_restorer, 12);

SIZE(struct termios, 36);
AT(struct termios, c_line, 16);
AT(struct termios, c_cc, 17);
SIZE(struct termio, 18);
AT(struct termio, c_cc, 9);
SIZE(struct winsize, 8);

SIZE(struct flock, 16);
AT(struct flock, l_start, 4);
AT(struct flock, l_pid, 12);

SIZE(struct dir_entry, 16);
AT(struct dir_entry, name, 2);

SIZE(struct d_super_block, 20);
AT(struct d_super_block, s_max_size, 12);
AT(struct d_super_block, s_magic, 16);
SIZE(struct d_inode, 32);
AT(struct d_inode, i_size, 4);
AT(struct d_inode, i_gid, 12);
AT(struct d_inode, i_zone, 14);
IS(INODES_PER_BLOCK, 32);
IS(DIR_ENTRIES_PER_BLOCK, 64);

SIZE(struct exec, 32);
AT(struct exec, a_entry, 20);
SIZE(struct nlist, 12);
SIZE(struct relocation_info, 8);
SIZE(struct tm, 36);
IS(ZMAGIC, 0x10b);

IS(O_CREAT, 0x40);
IS(O_APPEND, 0x400);
IS(O_NONBLOCK, 0x800);
IS(S_IFDIR, 0x4000);
IS(TCGETS, 0x5401);
IS(TIOCGPGRP, 0x540f);
IS(TIOCGWINSZ, 0x5413);
IS(TIOCINQ, 0x541b);
IS(VEOL2, NCCS - 1);
IS(B9600, 13);
IS(ECHO, 8);
IS(IEXTEN, 0x8000);
IS(SIGCHLD, 17);
IS(SIGTTOU, 22);
IS(ENOTEMPTY, 39);
IS(ELOOP, 40);
IS(PTRACE_SINGLESTEP, 9);
IS(PTRACE_DETACH, 0x11);
IS(ORIG_EAX, 11);
IS(EIP, 12);
IS(SS, 16);
IS(UL_SETFSIZE, 2);
IS(NR_OPEN, OPEN_MAX);

IS(__NR_exit, 1);
IS(__NR_brk, 45);
IS(__NR_setregid, 71);
IS(__NR_uselib, 86);
IS(__NR_reboot, 88);
