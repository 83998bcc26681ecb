/* dirent.c - directories, read in blocks of 64 entries. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct _dir {
	int fd;
	int pos, count;
	struct dirent entry;
	struct dir_entry block[64];
};

DIR *opendir(const char *path)
{
	struct stat st;
	DIR *dir;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		dir = malloc(sizeof *dir);
		if (dir) {
			dir->fd = fd;
			dir->pos = dir->count = 0;
			return dir;
		}
	} else {
		errno = ENOTDIR;
	}
	close(fd);
	return NULL;
}

struct dirent *readdir(DIR *dir)
{
	for (;;) {
		struct dir_entry *entry;

		if (dir->pos == dir->count) {
			int n = read(dir->fd, dir->block, sizeof dir->block);

			if (n < (int)sizeof *entry)
				return NULL;
			dir->count = n / sizeof *entry;
			dir->pos = 0;
		}
		entry = &dir->block[dir->pos++];
		if (entry->inode) {
			dir->entry.d_ino = entry->inode;
			memcpy(dir->entry.d_name, entry->name, sizeof entry->name);
			dir->entry.d_name[sizeof entry->name] = 0;
			return &dir->entry;
		}
	}
}

void rewinddir(DIR *dir)
{
	lseek(dir->fd, 0, SEEK_SET);
	dir->pos = dir->count = 0;
}

int closedir(DIR *dir)
{
	int result = close(dir->fd);

	free(dir);
	return result;
}
