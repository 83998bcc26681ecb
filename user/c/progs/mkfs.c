/* mkfs - makes an empty Minix file system (version 1, names of 14 bytes) on a device or in a
   file. */
#include <errno.h>
#include <fcntl.h>
#include <linux/minix_fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BITS		(8 * BLOCK_SIZE)	/* of one block of a map */
#define MAX_BLOCKS	65535			/* zone numbers have 16 bits */
#define MAX_MAPS	8			/* 0.11 holds no more of each map in memory */
#define DIRECT		7			/* zones that an inode names itself */

static const char usage[] =
	"usage: mkfs [-i INODES] [-f] DEVICE-OR-FILE [BLOCKS]\n"
	"Makes an empty Minix file system of so many blocks of 1 KB (otherwise as many as fit;\n"
	"a missing file needs the number). What was there is lost.\n"
	"  -i INODES  room for so many files (otherwise one for each 3 blocks)\n"
	"  -f         even if there is a file system already\n";

static const char *path;
static int fd;
static struct d_super_block super;
static unsigned char map[BLOCK_SIZE];

static void fail(const char *what)
{
	fprintf(stderr, "mkfs: %s: %s\n", path, what);
	exit(1);
}

static void read_block(long nr, void *to)
{
	if (lseek(fd, nr * BLOCK_SIZE, SEEK_SET) < 0 || read(fd, to, BLOCK_SIZE) != BLOCK_SIZE)
		fail("cannot read");
}

static void write_block(long nr, const void *from)
{
	if (lseek(fd, nr * BLOCK_SIZE, SEEK_SET) < 0 || write(fd, from, BLOCK_SIZE) != BLOCK_SIZE) {
		fprintf(stderr, "mkfs: %s: block %ld: %s\n", path, nr, strerror(errno));
		exit(1);
	}
}

static int readable(long nr)
{
	return lseek(fd, nr * BLOCK_SIZE, SEEK_SET) >= 0 && read(fd, map, BLOCK_SIZE) == BLOCK_SIZE;
}

/* How many blocks there are: a device does not tell, so its last block is searched for. */
static long count_blocks(void)
{
	struct stat st;
	long low = 0, high = MAX_BLOCKS;	/* low blocks are there, more than high are no use */

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return st.st_size / BLOCK_SIZE < MAX_BLOCKS ? st.st_size / BLOCK_SIZE : MAX_BLOCKS;
	while (low < high) {
		long middle = low + (high - low + 1) / 2;

		if (readable(middle - 1))
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

static int maps_for(long bits)
{
	return (bits + BITS - 1) / BITS;
}

/* Decides the sizes of all parts. */
static void plan(long blocks, long inodes)
{
	long inode_blocks, first, zones;

	if (inodes == 0)
		inodes = blocks / 3;
	inode_blocks = (inodes + INODES_PER_BLOCK - 1) / INODES_PER_BLOCK;
	inodes = inode_blocks * INODES_PER_BLOCK;	/* the block is there anyway */
	if (inodes > MAX_BLOCKS)
		fail("too many inodes: 65504 are possible");
	super.s_imap_blocks = maps_for(inodes + 1);	/* bit 0 stands for no inode */
	/* The zone map does not cover the blocks before the data, so the first guess may be one
	   block too large; that does no harm. */
	super.s_zmap_blocks = maps_for(blocks - 2 - super.s_imap_blocks - inode_blocks + 1);
	first = 2 + super.s_imap_blocks + super.s_zmap_blocks + inode_blocks;
	zones = blocks - first;
	if (zones < 1)
		fail("too small for a file system");
	if (super.s_imap_blocks > MAX_MAPS || super.s_zmap_blocks > MAX_MAPS)
		fail("too large for a file system");
	super.s_ninodes = inodes;
	super.s_nzones = blocks;
	super.s_firstdatazone = first;
	super.s_log_zone_size = 0;
	super.s_max_size = (DIRECT + 512L + 512L * 512L) * BLOCK_SIZE;
	super.s_magic = SUPER_MAGIC;
	super.s_state = MINIX_VALID_FS;
}

/* Writes a map of `blocks` blocks: the first `used` bits are set, and all from `bits` on, which
   stand for nothing. */
static void write_map(long nr, int blocks, long used, long bits)
{
	for (int i = 0; i < blocks; i++) {
		memset(map, 0, sizeof map);
		for (long bit = 0; bit < BITS; bit++) {
			long n = (long)i * BITS + bit;

			if (n < used || n >= bits)
				map[bit / 8] |= 1 << bit % 8;
		}
		write_block(nr + i, map);
	}
}

/* The inodes: all free but the root directory's. */
static void write_inodes(long nr, int blocks)
{
	static struct d_inode table[BLOCK_SIZE / sizeof(struct d_inode)];

	for (int i = 0; i < blocks; i++) {
		memset(table, 0, sizeof table);
		if (i == 0) {
			table[ROOT_INO - 1].i_mode = S_IFDIR | 0755;
			table[ROOT_INO - 1].i_nlinks = 2;
			table[ROOT_INO - 1].i_size = 2 * sizeof(struct dir_entry);
			table[ROOT_INO - 1].i_time = time(NULL);
			table[ROOT_INO - 1].i_zone[0] = super.s_firstdatazone;
		}
		write_block(nr + i, table);
	}
}

static void write_root(void)
{
	static struct dir_entry root[BLOCK_SIZE / sizeof(struct dir_entry)];

	root[0].inode = root[1].inode = ROOT_INO;
	strcpy(root[0].name, ".");
	strcpy(root[1].name, "..");
	write_block(super.s_firstdatazone, root);
}

static void make(void)
{
	static unsigned char block[BLOCK_SIZE];
	int inode_blocks = super.s_ninodes / INODES_PER_BLOCK;
	long at = 2;

	/* The super block comes last: until then this is no file system. */
	write_block(0, block);
	write_block(1, block);
	write_map(at, super.s_imap_blocks, 2, super.s_ninodes + 1L);
	at += super.s_imap_blocks;
	write_map(at, super.s_zmap_blocks, 2, super.s_nzones - super.s_firstdatazone + 1L);
	at += super.s_zmap_blocks;
	write_inodes(at, inode_blocks);
	write_root();
	memcpy(block, &super, sizeof super);
	write_block(1, block);
	/* A file gets its full length. */
	memset(block, 0, sizeof block);
	if (super.s_nzones - 1 > super.s_firstdatazone)
		write_block(super.s_nzones - 1L, block);
}

static void check_unused(int force)
{
	struct d_super_block there;
	struct ustat usage_of;
	struct stat st;

	/* Only a mounted device tells what is free on it. */
	if (fstat(fd, &st) == 0 && S_ISBLK(st.st_mode) && ustat(st.st_rdev, &usage_of) == 0)
		fail("is mounted: unmount it first");
	if (!readable(1))
		return;
	memcpy(&there, map, sizeof there);
	if (there.s_magic == SUPER_MAGIC && !force)
		fail("there is a file system already: with -f it would be lost");
}

static long number(const char *s, const char *what, long high)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end == s || *end || n < 1 || n > high) {
		fprintf(stderr, "mkfs: %s: the number of %s is from 1 to %ld\n", s, what, high);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	long inodes = 0, blocks = 0, there;
	int force = 0, option;

	if (argc > 1 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	while ((option = getopt(argc, argv, "i:f")) != -1) {
		if (option == 'i') {
			inodes = number(optarg, "inodes", MAX_BLOCKS);
		} else if (option == 'f') {
			force = 1;
		} else {
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind >= argc || argc - optind > 2) {
		fputs(usage, stderr);
		return 2;
	}
	path = argv[optind];
	if (optind + 1 < argc)
		blocks = number(argv[optind + 1], "blocks", MAX_BLOCKS);
	fd = open(path, blocks ? O_RDWR | O_CREAT : O_RDWR, 0666);
	if (fd < 0)
		fail(strerror(errno));
	check_unused(force);
	if (blocks == 0) {
		there = count_blocks();
		if (there == 0)
			fail("empty: give the number of blocks");
		blocks = there;
	}
	plan(blocks, inodes);
	make();
	read_block(1, map);	/* so that a device that lost it is noticed */
	if (memcmp(map, &super, sizeof super))
		fail("the super block did not arrive");
	if (close(fd) < 0)
		fail(strerror(errno));
	sync();
	printf("%s: %ld blocks, %u inodes, data from block %u on\n", path, blocks, super.s_ninodes,
		super.s_firstdatazone);
	return 0;
}
