/* getopt.c - POSIX getopt(): options end at the first argument that is none, or behind `--`. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *optarg;
int optind = 1, opterr = 1, optopt;

int getopt(int argc, char *const argv[], const char *options)
{
	static int at = 1;	/* in a cluster such as -abc */
	const char *known;
	int letter;

	if (at == 1) {
		if (optind >= argc || argv[optind][0] != '-' || !argv[optind][1])
			return -1;
		if (!strcmp(argv[optind], "--")) {
			optind++;
			return -1;
		}
	}
	letter = optopt = argv[optind][at++];
	known = letter == ':' ? NULL : strchr(options, letter);
	if (!known) {
		if (opterr && *options != ':')
			fprintf(stderr, "%s: unknown option -%c\n", argv[0], letter);
		letter = '?';
	} else if (known[1] == ':') {
		optarg = NULL;
		if (argv[optind][at])
			optarg = argv[optind] + at;
		else if (optind + 1 < argc)
			optarg = argv[++optind];
		optind++;
		at = 1;
		if (!optarg) {
			if (opterr && *options != ':')
				fprintf(stderr, "%s: option -%c needs an argument\n", argv[0], letter);
			return *options == ':' ? ':' : '?';
		}
		return letter;
	}
	if (!argv[optind][at]) {
		optind++;
		at = 1;
	}
	return letter;
}
