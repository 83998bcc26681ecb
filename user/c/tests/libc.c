/* libc.c - tests of the C library: `libc FOLDER`, where FOLDER is for files of its own. Runs on
   the host (make test) and, compiled as a program, on the kernel. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int failures, checks;

#define CHECK(condition) check((condition), #condition, __LINE__)
#define TEXT(expect, ...) (snprintf(text, sizeof text, __VA_ARGS__), same(text, expect, __LINE__))

static char text[256];
static char *volatile null_text;

static void check(int good, const char *what, int line)
{
	checks++;
	if (!good) {
		failures++;
		printf("libc.c:%d: failed: %s\n", line, what);
	}
}

static void same(const char *got, const char *expect, int line)
{
	checks++;
	if (strcmp(got, expect)) {
		failures++;
		printf("libc.c:%d: got \"%s\", expected \"%s\"\n", line, got, expect);
	}
}

static void test_printf(void)
{
	int n;

	TEXT("0 1 -1 2147483647 -2147483648", "%d %d %d %d %d", 0, 1, -1, INT_MAX, INT_MIN);
	TEXT("4294967295 ffffffff FFFF 37777777777", "%u %x %X %o", UINT_MAX, UINT_MAX, 0xffff, UINT_MAX);
	TEXT("[   42][42   ][00042][  +42][ 42]", "[%5d][%-5d][%05d][%+5d][% d]", 42, 42, 42, 42, 42);
	TEXT("[  -42][-42  ][-0042]", "[%5d][%-5d][%05d]", -42, -42, -42);
	TEXT("[00042][  042][042  ]", "[%.5d][%5.3d][%-5.3d]", 42, 42, 42);
	TEXT("[]", "[%.0d]", 0);
	TEXT("0xff 0XFF 0 017 0", "%#x %#X %#x %#o %#o", 255, 255, 0, 15, 0);
	TEXT("[0x00ff][  0xff]", "[%#06x][%#6x]", 255, 255);
	TEXT("a b % (null)", "%c %s %% %s", 'a', "b", null_text);
	TEXT("[abc][  abc][abc  ][ab]", "[%s][%5s][%-5s][%.2s]", "abc", "abc", "abc", "abc");
	TEXT("[   7][7   ][ab]", "[%*d][%*d][%.*s]", 4, 7, -4, 7, 2, "abcdef");
	TEXT("-1 255 -1 65535", "%hhd %hhu %hd %hu", -1, 255, -1, 65535);
	TEXT("-5 5 7", "%ld %lu %zu", -5L, 5UL, (size_t)7);
	TEXT("9223372036854775807 -9223372036854775808 18446744073709551615",
		"%lld %lld %llu", LLONG_MAX, LLONG_MIN, ULLONG_MAX);
	TEXT("123456789abcdef0", "%llx", 0x123456789abcdef0ULL);
	TEXT("0x1000 0x0", "%p %p", (void *)4096, (void *)0);
	n = snprintf(text, 4, "%s", "abcdef");
	CHECK(n == 6 && !strcmp(text, "abc"));
	CHECK(snprintf(NULL, 0, "%d", 12345) == 5);
}

static void test_numbers(void)
{
	char *end;

	CHECK(strtol("  -123abc", &end, 10) == -123 && !strcmp(end, "abc"));
	CHECK(strtol("0x1F", &end, 0) == 31 && !*end);
	CHECK(strtol("0x1F", &end, 16) == 31 && !*end);
	CHECK(strtol("017", &end, 0) == 15 && !*end);
	CHECK(strtol("0xg", &end, 0) == 0 && !strcmp(end, "xg"));
	CHECK(strtol("zz", &end, 36) == 35 * 36 + 35 && !*end);
	CHECK(strtol("none", &end, 10) == 0 && !strcmp(end, "none"));
	CHECK(strtol("+7", NULL, 10) == 7);
	errno = 0;
	CHECK(strtol("2147483647", NULL, 10) == LONG_MAX && errno == 0);
	CHECK(strtol("-2147483648", NULL, 10) == LONG_MIN && errno == 0);
	CHECK(strtol("2147483648", NULL, 10) == LONG_MAX && errno == ERANGE);
	errno = 0;
	CHECK(strtol("-99999999999", NULL, 10) == LONG_MIN && errno == ERANGE);
	errno = 0;
	CHECK(strtoul("4294967295", NULL, 10) == ULONG_MAX && errno == 0);
	CHECK(strtoul("4294967296", NULL, 10) == ULONG_MAX && errno == ERANGE);
	CHECK(atoi("-42") == -42);
	CHECK(div(-7, 2).quot == -3 && div(-7, 2).rem == -1);
}

/* Volatile operands keep the compiler from computing it all itself. */
static void test_division(void)
{
	static const uint64_t values[] = { 0, 1, 2, 7, 10, 0xffffffffULL, 0x100000000ULL,
		0x100000001ULL, 0xfedcba9876543210ULL, 0x7fffffffffffffffULL,
		0x8000000000000000ULL, 0xffffffffffffffffULL, 12345678901234567ULL };
	int bad = 0;

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		for (size_t j = 1; j < sizeof values / sizeof *values; j++) {
			volatile uint64_t n = values[i], d = values[j];
			volatile int64_t sn = n, sd = d;
			uint64_t q = n / d, r = n % d;

			if (r >= d || q * d + r != n)
				bad++;
			if (sd == -1)
				continue;	/* the lowest number has no counterpart */
			int64_t sq = sn / sd, sr = sn % sd;
			if (sq * sd + sr != sn || (sr < 0 && sn > 0) || (sr > 0 && sn < 0))
				bad++;
		}
	CHECK(bad == 0);
	volatile uint64_t big = 18446744073709551615ULL, ten = 10;
	CHECK(big / ten == 1844674407370955161ULL && big % ten == 5);
	volatile int64_t minus = -7, two = 2;
	CHECK(minus / two == -3 && minus % two == -1);
}

static void test_strings(void)
{
	char buf[32], other[] = "a,b,,c";

	memset(buf, 'x', sizeof buf);
	CHECK(strcpy(buf, "hello") == buf && !strcmp(buf, "hello") && buf[6] == 'x');
	CHECK(!strcmp(strcat(buf, " you"), "hello you"));
	CHECK(!strcmp(strncat(buf, "!!!!", 2), "hello you!!"));
	memcpy(buf, "0123456789", 11);
	memmove(buf + 2, buf, 6);
	CHECK(!strcmp(buf, "0101234589"));
	memcpy(buf, "0123456789", 11);
	memmove(buf, buf + 3, 7);
	CHECK(!strcmp(buf, "3456789789"));
	strncpy(buf, "ab", 5);
	CHECK(!memcmp(buf, "ab\0\0\0" "89", 7));
	CHECK(strcmp("a", "b") < 0 && strcmp("b", "a") > 0 && strcmp("\xff", "a") > 0);
	CHECK(!strncmp("abc", "abd", 2) && strncmp("abc", "abd", 3) < 0);
	CHECK(!strcasecmp("HeLLo", "hEllO") && strcasecmp("a", "B") < 0);
	CHECK(*strchr("abcb", 'b') == 'b' && strchr("abc", 'x') == NULL && *strchr("a", 0) == 0);
	CHECK(strlen(strrchr("abcb", 'b')) == 1 && strrchr("a", 'x') == NULL);
	CHECK(!strcmp(strstr("hello", "ll"), "llo") && !strstr("hello", "lx") && *strstr("a", "") == 'a');
	CHECK(strspn("aabc", "ab") == 3 && strcspn("aabc", "c") == 3 && *strpbrk("xyz", "zy") == 'y');
	CHECK(!strcmp(strtok(other, ","), "a") && !strcmp(strtok(NULL, ","), "b"));
	CHECK(!strcmp(strtok(NULL, ","), "c") && strtok(NULL, ",") == NULL && strtok(NULL, ",") == NULL);
	CHECK(memchr("abc", 'c', 2) == NULL && memchr("abc", 'b', 3) != NULL);
	CHECK(!strcmp(strerror(ENOENT), "No such file or directory"));
	CHECK(!strcmp(strerror(12345), "Unknown error 12345"));
	CHECK(isalpha('a') && isalpha('Z') && !isalpha('[') && !isalpha(EOF) && !isalpha(200));
	CHECK(isspace('\t') && isspace('\r') && isspace(' ') && !isspace('a') && !isspace(0));
	CHECK(isxdigit('f') && isxdigit('9') && !isxdigit('g') && ispunct('~') && iscntrl(127));
	CHECK(isprint(' ') && !isprint('\n') && !isprint(127) && isgraph('!') && !isgraph(' '));
	CHECK(ispunct('`') && ispunct('@') && ispunct(':') && ispunct('/') && !ispunct('0'));
	CHECK(toupper('z') == 'Z' && tolower('Z') == 'z' && toupper('{') == '{' && tolower('@') == '@');
}

static int by_value(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static void test_sort(void)
{
	int a[500], key, sum = 0, wrong = 0;

	srand(11);
	for (int i = 0; i < 500; i++)
		sum += a[i] = rand() % 300;
	qsort(a, 500, sizeof *a, by_value);
	for (int i = 0; i < 500; i++) {
		sum -= a[i];
		wrong += i && a[i - 1] > a[i];
	}
	CHECK(sum == 0 && wrong == 0);
	key = a[123];
	CHECK(*(int *)bsearch(&key, a, 500, sizeof *a, by_value) == key);
	key = 1000;
	CHECK(bsearch(&key, a, 500, sizeof *a, by_value) == NULL);
	qsort(a, 0, sizeof *a, by_value);
}

/* Random allocations, each filled with a byte of its own. */
static void test_malloc(void)
{
	static struct { unsigned char *p; int size; } piece[64];
	int damaged = 0, null = 0;
	char *start = sbrk(0), *p;

	for (int i = 0; i < 64; i++)
		piece[i].p = NULL;
	for (int round = 0; round < 5000; round++) {
		int i = rand() % 64, size = rand() % 3000;

		for (int k = 0; k < piece[i].size && piece[i].p; k += 97)
			damaged += piece[i].p[k] != i;
		if (round % 3 == 0 && piece[i].p) {
			int keep = piece[i].size < size ? piece[i].size : size;

			piece[i].p = realloc(piece[i].p, size);
			for (int k = 0; k < keep; k++)
				damaged += piece[i].p[k] != i;
		} else {
			free(piece[i].p);
			piece[i].p = malloc(size);
		}
		null += piece[i].p == NULL || ((uintptr_t)piece[i].p & 7) != 0;
		piece[i].size = size;
		memset(piece[i].p, i, size);
	}
	CHECK(damaged == 0 && null == 0);
	CHECK((char *)sbrk(0) - start < 1024 * 1024);
	for (int i = 0; i < 64; i++)
		free(piece[i].p);
	/* Neighbours are joined: one piece as large as most of the heap, without growing it. */
	start = sbrk(0);
	p = malloc(64 * 1024);
	CHECK(p && (char *)sbrk(0) == start);
	free(p);
	p = calloc(100, 100);
	for (int i = 0; i < 10000; i++)
		damaged += p[i] != 0;
	CHECK(damaged == 0);
	free(p);
	errno = 0;
	CHECK(malloc((size_t)-1) == NULL && errno == ENOMEM);
	CHECK(calloc(1 << 20, 1 << 20) == NULL);
}

static void test_stdio(const char *folder)
{
	char name[200], line[200];
	FILE *f;
	int lines = 0;

	snprintf(name, sizeof name, "%s/libc.tmp", folder);
	f = fopen(name, "w");
	CHECK(f != NULL);
	if (!f)
		return;
	for (int i = 0; i < 1000; i++)
		fprintf(f, "line %d\n", i);
	CHECK(ftell(f) == 10 * 7 + 90 * 8 + 900 * 9);
	CHECK(fclose(f) == 0);
	f = fopen(name, "r");
	while (fgets(line, sizeof line, f)) {
		snprintf(text, sizeof text, "line %d\n", lines++);
		if (strcmp(line, text))
			break;
	}
	CHECK(lines == 1000 && feof(f) && !ferror(f));
	CHECK(fseek(f, 7, SEEK_SET) == 0 && fgets(line, 5, f) && !strcmp(line, "line"));
	CHECK(ftell(f) == 11 && getc(f) == ' ' && ungetc('#', f) == '#' && getc(f) == '#');
	CHECK(fread(line, 2, 3, f) == 3 && !memcmp(line, "1\nline", 6));
	CHECK(fputc('x', f) == EOF && ferror(f));
	fclose(f);
	f = fopen(name, "r+");
	CHECK(fgets(line, sizeof line, f) && fputs("LINE", f) == 0 && fseek(f, 7, SEEK_SET) == 0);
	CHECK(fgets(line, sizeof line, f) && !strcmp(line, "LINE 1\n"));
	fclose(f);
	f = fopen(name, "a");
	fputs("end\n", f);
	fclose(f);
	f = fopen(name, "r");
	CHECK(fseek(f, -4, SEEK_END) == 0 && fgets(line, 100, f) && !strcmp(line, "end\n"));
	CHECK(fgets(line, 100, f) == NULL && getc(f) == EOF);
	fclose(f);
	CHECK(unlink(name) == 0);
	errno = 0;
	CHECK(fopen(name, "r") == NULL && errno == ENOENT);
	CHECK(fopen(name, "?") == NULL && errno == EINVAL);
}

static void test_time(void)
{
	static const struct { time_t t; const char *text; } known[] = {
		{ 0, "Thu Jan  1 00:00:00 1970\n" },
		{ 692150400, "Sun Dec  8 00:00:00 1991\n" },
		{ 951782399, "Mon Feb 28 23:59:59 2000\n" },
		{ 951782400, "Tue Feb 29 00:00:00 2000\n" },
		{ 1709251199, "Thu Feb 29 23:59:59 2024\n" },
		{ 2147483647, "Tue Jan 19 03:14:07 2038\n" },
	};
	struct tm tm;
	int wrong = 0;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		same(ctime(&known[i].t), known[i].text, __LINE__);
		tm = *gmtime(&known[i].t);
		CHECK(mktime(&tm) == known[i].t);
	}
	for (time_t t = 0; t < 2147000000; t += 86400 * 13 + 12345) {
		tm = *gmtime(&t);
		wrong += mktime(&tm) != t;
	}
	CHECK(wrong == 0);
	memset(&tm, 0, sizeof tm);
	tm.tm_year = 91;
	tm.tm_mon = 12;		/* January of the next year */
	tm.tm_mday = 32;	/* February */
	mktime(&tm);
	CHECK(tm.tm_year == 92 && tm.tm_mon == 1 && tm.tm_mday == 1 && tm.tm_wday == 6);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %a %B %j %I%p %%", gmtime(&known[4].t));
	same(text, "2024-02-29 23:59:59 Thu February 060 11PM %", __LINE__);
}

static void test_getopt(void)
{
	char *argv[] = { "prog", "-a", "-bc", "-ovalue", "-o", "other", "-x", "--", "-a", NULL };
	char seen[16] = "";
	int c;

	opterr = 0;
	while ((c = getopt(9, argv, "abco:")) != -1) {
		seen[strlen(seen)] = c;
		if (c == 'o')
			CHECK(!strcmp(optarg, seen[4] ? "other" : "value"));
	}
	CHECK(!strcmp(seen, "abcoo?") && optopt == 'x' && optind == 8);
}

static void test_environment(void)
{
	CHECK(getenv("NO_SUCH_NAME") == NULL);
	CHECK(putenv("LIBC_TEST=1") == 0 && !strcmp(getenv("LIBC_TEST"), "1"));
	CHECK(setenv("LIBC_TEST", "two", 0) == 0 && !strcmp(getenv("LIBC_TEST"), "1"));
	CHECK(setenv("LIBC_TEST", "two", 1) == 0 && !strcmp(getenv("LIBC_TEST"), "two"));
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof text, "V%d", i);
		setenv(text, text, 1);
	}
	CHECK(!strcmp(getenv("V0"), "V0") && !strcmp(getenv("V19"), "V19") && !getenv("V"));
}

static void test_setjmp(void)
{
	jmp_buf env;
	volatile int n = 0;
	int result = setjmp(env);

	CHECK(result == n);
	if (n < 3)
		longjmp(env, ++n);
	CHECK(n == 3);
	n = setjmp(env);
	if (n == 0)
		longjmp(env, 0);
	CHECK(n == 1);
}

static void test_processes(void)
{
	char buf[8];
	int fds[2], status;
	pid_t pid;

	CHECK(pipe(fds) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		write(fds[1], "child", 5);
		_exit(42);
	}
	close(fds[1]);
	CHECK(pid > 0 && read(fds[0], buf, sizeof buf) == 5 && !memcmp(buf, "child", 5));
	CHECK(read(fds[0], buf, sizeof buf) == 0);
	close(fds[0]);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 42);
	pid = fork();
	if (pid == 0)
		abort();
	CHECK(wait(&status) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	errno = 0;
	CHECK(wait(&status) == -1 && errno == ECHILD);
	CHECK(close(99) == -1 && errno == EBADF);
	CHECK(syscall(20) == getpid());
}

#ifdef GUEST
/* Only where signals come in 0.11's frame. */
static volatile int caught;

static void catch(int sig)
{
	caught = caught * 100 + sig;
}

static void test_signals(void)
{
	struct sigaction act = { .sa_handler = catch }, old;
	sigset_t set;
	char cwd[100];

	CHECK(signal(SIGUSR1, catch) == SIG_DFL);
	CHECK(raise(SIGUSR1) == 0 && caught == SIGUSR1);
	CHECK(signal(SIGUSR1, SIG_DFL) == SIG_DFL);	/* it was a one-shot */
	caught = 0;
	CHECK(sigaction(SIGUSR2, &act, NULL) == 0);
	CHECK(raise(SIGUSR2) == 0 && raise(SIGUSR2) == 0 && caught == SIGUSR2 * 101);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	caught = 0;
	CHECK(raise(SIGUSR2) == 0 && caught == 0);
	CHECK(sigpending(&set) == 0 && sigismember(&set, SIGUSR2) == 1);
	sigemptyset(&set);
	CHECK(sigsuspend(&set) == -1 && errno == EINTR && caught == SIGUSR2);
	CHECK(sgetmask() == 1U << (SIGUSR2 - 1));
	ssetmask(0);
	CHECK(sigaction(SIGUSR2, NULL, &old) == 0 && old.sa_handler == catch);
	errno = 0;
	CHECK(signal(SIGKILL, catch) == SIG_ERR && errno == EINVAL);
	CHECK(sleep(1) == 0);
	CHECK(chdir("/bin") == 0 && getcwd(cwd, sizeof cwd) && !strcmp(cwd, "/bin"));
	CHECK(chdir("/") == 0 && getcwd(cwd, sizeof cwd) && !strcmp(cwd, "/"));
}
#endif

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	test_printf();
	test_numbers();
	test_division();
	test_strings();
	test_sort();
	test_malloc();
	test_stdio(argv[1]);
	test_time();
	test_getopt();
	test_environment();
	test_setjmp();
	test_processes();
#ifdef GUEST
	test_signals();
#endif
	printf("libc: %d checks, %d failed\n", checks, failures);
	return failures != 0;
}
