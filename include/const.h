/* const.h - the type and mode bits of a Minix inode, under 0.11's names. */
#ifndef _CONST_H
#define _CONST_H

#define I_TYPE		0170000
#define I_DIRECTORY	0040000
#define I_REGULAR	0100000
#define I_BLOCK_SPECIAL	0060000
#define I_CHAR_SPECIAL	0020000
#define I_NAMED_PIPE	0010000
#define I_SET_UID_BIT	0004000
#define I_SET_GID_BIT	0002000

#endif
