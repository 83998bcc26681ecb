/* cal - shows a month or a year. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WIDTH 20	/* of one month */
#define LINES 8		/* name, days of the week, six weeks */

static const char *const names[] = { "January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December" };

static const char usage[] =
	"usage: cal [[MONTH] YEAR]\n"
	"Shows the calendar of this month, of a month (1-12) of a year, or of a year (1-9999).\n"
	"Days before 14 September 1752 are of the Julian calendar, as in Britain.\n";

/* Whether the calendar had changed to the Gregorian by then. */
static int gregorian(int year, int month, int day)
{
	return year * 10000 + month * 100 + day >= 17520914;
}

static int days_of(int year, int month)
{
	static const char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int leap = year % 4 == 0 && (year < 1753 || year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* Day of the week, 0 is Sunday. */
static int weekday(int year, int month, int day)
{
	int y = year - 1;
	int n = 365 * y + y / 4 + day;	/* days since the year 1 began, in the Julian calendar */

	for (int m = 1; m < month; m++)
		n += days_of(year, m);
	/* Since then a century's leap day counts only every fourth time; two more had been
	   left out of the eleven days, as the Julian calendar began two days apart. */
	if (gregorian(year, month, day))
		n -= y / 100 - y / 400 - 2;
	return (n + 5) % 7;
}

/* Writes a month as LINES lines of WIDTH characters. */
static void month_text(char text[LINES][WIDTH + 1], int year, int month, int with_year)
{
	char title[WIDTH + 1];
	int length, line = 2, column;

	if (with_year)
		length = snprintf(title, sizeof title, "%s %d", names[month - 1], year);
	else
		length = snprintf(title, sizeof title, "%s", names[month - 1]);
	for (int i = 0; i < LINES; i++) {
		memset(text[i], ' ', WIDTH);
		text[i][WIDTH] = 0;
	}
	memcpy(text[0] + (WIDTH - length) / 2, title, length);
	memcpy(text[1], "Su Mo Tu We Th Fr Sa", WIDTH);
	column = weekday(year, month, 1);
	for (int day = 1; day <= days_of(year, month); day++) {
		char number[4];

		if (year == 1752 && month == 9 && day == 3)
			day = 14;	/* eleven days were left out */
		snprintf(number, sizeof number, "%2d", day);
		memcpy(text[line] + 3 * column, number, 2);
		if (++column == 7) {
			column = 0;
			line++;
		}
	}
}

/* Prints a line without the blanks at its end. */
static void put_line(char *line)
{
	int n = strlen(line);

	while (n && line[n - 1] == ' ')
		n--;
	printf("%.*s\n", n, line);
}

static void show_month(int year, int month)
{
	char text[LINES][WIDTH + 1];

	month_text(text, year, month, 1);
	for (int i = 0; i < LINES; i++)
		put_line(text[i]);
}

static void show_year(int year)
{
	char text[3][LINES][WIDTH + 1], line[3 * WIDTH + 5];

	printf("%*d\n\n", 34, year);
	for (int month = 1; month <= 12; month += 3) {
		for (int i = 0; i < 3; i++)
			month_text(text[i], year, month + i, 0);
		for (int i = 0; i < LINES; i++) {
			snprintf(line, sizeof line, "%s  %s  %s", text[0][i], text[1][i], text[2][i]);
			put_line(line);
		}
	}
}

/* A number from low to high, or the end of the program. */
static int number(const char *s, const char *what, int low, int high)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end == s || *end || n < low || n > high) {
		fprintf(stderr, "cal: %s: a %s is a number from %d to %d\n", s, what, low, high);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	time_t now = time(NULL);
	struct tm *today = gmtime(&now);

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	switch (argc) {
	case 1:
		show_month(today->tm_year + 1900, today->tm_mon + 1);
		return 0;
	case 2:
		show_year(number(argv[1], "year", 1, 9999));
		return 0;
	case 3:
		show_month(number(argv[2], "year", 1, 9999), number(argv[1], "month", 1, 12));
		return 0;
	}
	fputs(usage, stderr);
	return 2;
}
