/* sys/ioctl.h - ioctl(); the requests are in termios.h (not in 0.11). */
#ifndef _SYS_IOCTL_H
#define _SYS_IOCTL_H

#include <termios.h>

int ioctl(int fd, int request, ...);

#endif
