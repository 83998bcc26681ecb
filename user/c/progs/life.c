/* life - Conway's game of life on the screen. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ROWS 22
#define COLUMNS 78

static const char usage[] =
	"usage: life [-g GENERATIONS] [-d TENTHS] [-s SEED]\n"
	"Plays Conway's game of life from a random start, until ^C or so many generations.\n"
	"  -d  tenths of a second between two (1)    -s  the same start for the same seed\n";

typedef unsigned char world[ROWS][COLUMNS];

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

/* The edges are joined: the world is a ring in both directions. */
static int neighbours(world w, int row, int column)
{
	int count = 0;

	for (int r = row + ROWS - 1; r <= row + ROWS + 1; r++)
		for (int c = column + COLUMNS - 1; c <= column + COLUMNS + 1; c++)
			count += w[r % ROWS][c % COLUMNS];
	return count - w[row][column];
}

static void step(world from, world to)
{
	for (int r = 0; r < ROWS; r++)
		for (int c = 0; c < COLUMNS; c++) {
			int n = neighbours(from, r, c);

			to[r][c] = n == 3 || (n == 2 && from[r][c]);
		}
}

static void show(world w, int generation)
{
	int alive = 0;

	fputs("\033[H", stdout);
	for (int r = 0; r < ROWS; r++) {
		char line[COLUMNS + 1];

		for (int c = 0; c < COLUMNS; c++) {
			line[c] = w[r][c] ? 'o' : ' ';
			alive += w[r][c];
		}
		line[COLUMNS] = 0;
		puts(line);
	}
	printf("generation %d, %d alive \033[K\n", generation, alive);
	fflush(stdout);
}

static long number(const char *s, long high)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end == s || *end || n < 0 || n > high) {
		fprintf(stderr, "life: %s: not a number from 0 to %ld\n", s, high);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	static world worlds[2];
	struct sigaction act = { .sa_handler = stop };
	long generations = 0x7fffffff, tenths = 1, seed = time(NULL) ^ getpid();
	int option, generation;

	if (argc > 1 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	while ((option = getopt(argc, argv, "g:d:s:")) != -1)
		switch (option) {
		case 'g': generations = number(optarg, 0x7fffffff); break;
		case 'd': tenths = number(optarg, 100); break;
		case 's': seed = number(optarg, 0x7fffffff); break;
		default: fputs(usage, stderr); return 2;
		}
	sigaction(SIGINT, &act, NULL);
	setvbuf(stdout, NULL, _IOFBF, 0);
	srand(seed);
	for (int r = 0; r < ROWS; r++)
		for (int c = 0; c < COLUMNS; c++)
			worlds[0][r][c] = rand() % 4 == 0;
	fputs("\033[H\033[J", stdout);
	for (generation = 0; !stopped && generation < generations; generation++) {
		struct timeval pause_for = { tenths / 10, tenths % 10 * 100000 };

		show(worlds[generation % 2], generation);
		step(worlds[generation % 2], worlds[(generation + 1) % 2]);
		if (tenths)
			select(0, NULL, NULL, NULL, &pause_for);
	}
	return 0;
}
