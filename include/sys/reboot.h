/* sys/reboot.h - call 88: stop or restart the machine (not in 0.11). Root only. */
#ifndef _SYS_REBOOT_H
#define _SYS_REBOOT_H

#define LINUX_REBOOT_MAGIC1	0xfee1dead
#define LINUX_REBOOT_MAGIC2	672274793

#define RB_AUTOBOOT	0x01234567	/* restart */
#define RB_HALT_SYSTEM	0xcdef0123	/* halt */
#define RB_POWER_OFF	0x4321fedc	/* switch off; halts where that is not possible */

/* Writes nothing back: call sync() first. Returns only on failure. */
int reboot(unsigned int command);

#endif
