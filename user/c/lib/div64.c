/* div64.c - division of 64-bit numbers, which gcc calls by these names. Debian's own
   library of them holds instructions that an 80386 does not have. */
#include <stdint.h>

/* high:low / by, for high < by: the quotient fits in 32 bits. */
static inline uint32_t divide_step(uint32_t high, uint32_t low, uint32_t by, uint32_t *rest)
{
	uint32_t quotient;

	__asm__("divl %4" : "=a"(quotient), "=d"(*rest) : "0"(low), "1"(high), "rm"(by) : "cc");
	return quotient;
}

uint64_t __udivmoddi4(uint64_t n, uint64_t d, uint64_t *rest)
{
	uint32_t d_high = d >> 32, high = n >> 32, r;
	uint64_t quotient = 0;

	if (d_high == 0) {
		uint32_t by = d, q_high, q_low;

		q_high = divide_step(0, high, by, &r);
		q_low = divide_step(r, (uint32_t)n, by, &r);
		if (rest)
			*rest = r;
		return (uint64_t)q_high << 32 | q_low;
	}
	/* The divisor has more than 32 bits, so the quotient has fewer: subtract bit by bit. */
	int shift = 0;
	while (d <= n && !(d >> 63)) {
		d <<= 1;
		shift++;
	}
	for (; shift >= 0; shift--, d >>= 1) {
		quotient <<= 1;
		if (n >= d) {
			n -= d;
			quotient |= 1;
		}
	}
	if (rest)
		*rest = n;
	return quotient;
}

int64_t __divmoddi4(int64_t n, int64_t d, int64_t *rest)
{
	uint64_t r, q = __udivmoddi4(n < 0 ? -(uint64_t)n : (uint64_t)n,
		d < 0 ? -(uint64_t)d : (uint64_t)d, &r);

	if (rest)
		*rest = n < 0 ? -r : r;
	return (n < 0) != (d < 0) ? -q : q;
}

uint64_t __udivdi3(uint64_t n, uint64_t d)
{
	return __udivmoddi4(n, d, 0);
}

uint64_t __umoddi3(uint64_t n, uint64_t d)
{
	uint64_t r;

	__udivmoddi4(n, d, &r);
	return r;
}

int64_t __divdi3(int64_t n, int64_t d)
{
	return __divmoddi4(n, d, 0);
}

int64_t __moddi3(int64_t n, int64_t d)
{
	int64_t r;

	__divmoddi4(n, d, &r);
	return r;
}

int __popcountsi2(uint32_t n)
{
	int bits = 0;

	for (; n; n &= n - 1)
		bits++;
	return bits;
}

int __popcountdi2(uint64_t n)
{
	return __popcountsi2(n) + __popcountsi2(n >> 32);
}
