#!/bin/sh
# Prints the path of a Bochs that is a strict 80386: one in which bswap, cmpxchg,
# xadd, cpuid, wbinvd and mov cr4 fault, and CR0.WP does nothing. Debian's Bochs
# is a Pentium at least, so it is built, once, from the source package of Debian
# 13 (a few minutes), and kept in ~/.cache/linux011.
#
# BOCHS386=/path/to/bochs uses another one; MIRROR names a Debian mirror.
# Ends with status 77 and a reason on standard error where it cannot be had.
set -eu

name=bochs-386
. "$(dirname "$0")/debian-13.sh"

if [ -n "${BOCHS386:-}" ]; then
	[ -x "$BOCHS386" ] || skip "BOCHS386=$BOCHS386 is no program"
	echo "$BOCHS386"
	exit 0
fi

program=$home/bochs-386
if [ -x "$program" ]; then
	echo "$program"
	exit 0
fi

begin_apt deb-src g++ make xz
cd "$work"
echo "bochs-386: building a strict 80386 from Debian's Bochs, once; log: $log" >&2
apt update >"$log" 2>&1 || skip "cannot reach $mirror (see $log)"
apt source --download-only --tar-only bochs >>"$log" 2>&1 ||
	skip "cannot get the source package bochs from $mirror (see $log)"
tar xf bochs_*.orig.tar.*
cd bochs-*/
{
	./configure --enable-cpu-level=3 --disable-x86-64 --with-nogui --disable-docbook &&
		make -j"$(nproc)" bochs
} >>"$log" 2>&1 || skip "the build failed (see $log)"
strip -o "$program.new" bochs
mv "$program.new" "$program"
echo "$program"
