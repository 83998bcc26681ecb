/* ctype.c - classes of characters. */
#include <ctype.h>

#define C8 _C, _C, _C, _C, _C, _C, _C, _C
#define P5 _P, _P, _P, _P, _P
#define U4 _U, _U, _U, _U
#define L4 _L, _L, _L, _L

const unsigned char _ctype[257] = {
	0,
	C8, _C, _C | _S, _C | _S, _C | _S, _C | _S, _C | _S, _C, _C, C8, C8,
	_S | _SP, P5, P5, P5,
	_D, _D, _D, _D, _D, _D, _D, _D, _D, _D, P5, _P, _P,
	_U | _X, _U | _X, _U | _X, _U | _X, _U | _X, _U | _X, U4, U4, U4, U4, U4, P5, _P,
	_L | _X, _L | _X, _L | _X, _L | _X, _L | _X, _L | _X, L4, L4, L4, L4, L4, _P, _P, _P, _P, _C,
};

/* Anything outside EOF and 0 to 255 belongs to no class. */
static int class(int c)
{
	return (unsigned int)(c + 1) <= 256 ? _ctype[c + 1] : 0;
}

int isalnum(int c) { return class(c) & (_U | _L | _D); }
int isalpha(int c) { return class(c) & (_U | _L); }
int iscntrl(int c) { return class(c) & _C; }
int isdigit(int c) { return class(c) & _D; }
int isgraph(int c) { return class(c) & (_P | _U | _L | _D); }
int islower(int c) { return class(c) & _L; }
int isprint(int c) { return class(c) & (_P | _U | _L | _D | _SP); }
int ispunct(int c) { return class(c) & _P; }
int isspace(int c) { return class(c) & _S; }
int isupper(int c) { return class(c) & _U; }
int isxdigit(int c) { return class(c) & (_D | _X); }
int isascii(int c) { return (unsigned int)c < 128; }
int toascii(int c) { return c & 127; }
int tolower(int c) { return isupper(c) ? c + ('a' - 'A') : c; }
int toupper(int c) { return islower(c) ? c - ('a' - 'A') : c; }
