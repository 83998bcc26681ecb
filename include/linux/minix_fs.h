/* linux/minix_fs.h - the Minix v1 file system as it lies on a disk, under the names that
   0.11's linux/fs.h has for it. Block 0 boot, 1 super block, then the inode map, the zone map,
   the inodes, the data. */
#ifndef _LINUX_MINIX_FS_H
#define _LINUX_MINIX_FS_H

#include <dirent.h>

#define BLOCK_SIZE	1024
#define ROOT_INO	1
#define NAME_LEN	14
#define SUPER_MAGIC	0x137F
#define MINIX_VALID_FS	1	/* s_state of later versions: 0.11 ignores it */

struct d_super_block {
	unsigned short s_ninodes;
	unsigned short s_nzones;
	unsigned short s_imap_blocks;
	unsigned short s_zmap_blocks;
	unsigned short s_firstdatazone;
	unsigned short s_log_zone_size;
	unsigned long s_max_size;
	unsigned short s_magic;
	unsigned short s_state;
};

struct d_inode {
	unsigned short i_mode;
	unsigned short i_uid;
	unsigned long i_size;
	unsigned long i_time;
	unsigned char i_gid;
	unsigned char i_nlinks;
	unsigned short i_zone[9];	/* 7 direct, indirect, double indirect; nodes: device */
};

#define INODES_PER_BLOCK	((int)(BLOCK_SIZE / sizeof(struct d_inode)))
#define DIR_ENTRIES_PER_BLOCK	((int)(BLOCK_SIZE / sizeof(struct dir_entry)))

#endif
