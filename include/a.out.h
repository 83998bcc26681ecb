/* a.out.h - the executable format. The kernel runs ZMAGIC files: text at file offset 1024,
   data right behind it, both linked from address 0 in whole pages. */
#ifndef _A_OUT_H
#define _A_OUT_H

struct exec {
	unsigned long a_magic;	/* OMAGIC, NMAGIC or ZMAGIC */
	unsigned a_text;	/* bytes of text */
	unsigned a_data;	/* bytes of initialised data */
	unsigned a_bss;		/* bytes of zeroed data, not in the file */
	unsigned a_syms;	/* bytes of the symbol table */
	unsigned a_entry;	/* start address */
	unsigned a_trsize;	/* bytes of text relocations */
	unsigned a_drsize;	/* bytes of data relocations */
};

#define OMAGIC 0407
#define NMAGIC 0410
#define ZMAGIC 0413

#define PAGE_SIZE    4096
#define SEGMENT_SIZE 1024

#define N_MAGIC(x)	((x).a_magic)
#define N_BADMAG(x)	(N_MAGIC(x) != OMAGIC && N_MAGIC(x) != NMAGIC && N_MAGIC(x) != ZMAGIC)
#define N_TXTOFF(x)	(N_MAGIC(x) == ZMAGIC ? SEGMENT_SIZE : sizeof(struct exec))
#define N_DATOFF(x)	(N_TXTOFF(x) + (x).a_text)
#define N_TRELOFF(x)	(N_DATOFF(x) + (x).a_data)
#define N_DRELOFF(x)	(N_TRELOFF(x) + (x).a_trsize)
#define N_SYMOFF(x)	(N_DRELOFF(x) + (x).a_drsize)
#define N_STROFF(x)	(N_SYMOFF(x) + (x).a_syms)
#define N_TXTADDR(x)	0
#define N_DATADDR(x)	(N_MAGIC(x) == OMAGIC ? (x).a_text \
	: ((x).a_text + SEGMENT_SIZE - 1) & ~(SEGMENT_SIZE - 1))
#define N_BSSADDR(x)	(N_DATADDR(x) + (x).a_data)

struct nlist {
	union {
		char *n_name;
		struct nlist *n_next;
		long n_strx;	/* offset in the string table */
	} n_un;
	unsigned char n_type;
	char n_other;
	short n_desc;
	unsigned long n_value;
};

#define N_UNDF	0
#define N_EXT	1	/* or-ed in: visible outside */
#define N_ABS	2
#define N_TEXT	4
#define N_DATA	6
#define N_BSS	8
#define N_FN	15
#define N_COMM	18
#define N_TYPE	036
#define N_STAB	0340

struct relocation_info {
	int r_address;			/* offset in the section */
	unsigned int r_symbolnum:24;	/* symbol if r_extern, else a section's N_ number */
	unsigned int r_pcrel:1;
	unsigned int r_length:2;	/* log2 of the field's bytes */
	unsigned int r_extern:1;
	unsigned int r_pad:4;
};

#endif
