/* dirent.h - reading directories. A Minix v1 directory is a file of 16-byte entries that
   read() returns as they lie on the disk; opendir() and readdir() put a buffer around it. */
#ifndef _DIRENT_H
#define _DIRENT_H

#include <sys/types.h>

/* One entry as it lies in the directory: inode 0 is an unused entry, a name of 14 bytes
   has no zero at its end. */
struct dir_entry {
	unsigned short inode;
	char name[14];
};

struct dirent {
	ino_t d_ino;
	char d_name[15];
};

typedef struct _dir DIR;

DIR *opendir(const char *path);
struct dirent *readdir(DIR *dir);
void rewinddir(DIR *dir);
int closedir(DIR *dir);

#endif
