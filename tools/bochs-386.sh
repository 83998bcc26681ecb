#!/bin/sh
# Prints the path of a Bochs that is a strict 80386: one in which bswap, cmpxchg,
# xadd, cpuid, wbinvd and mov cr4 fault, and CR0.WP does nothing. Debian's Bochs
# is a Pentium at least, so it is built, once, from the source package of Debian
# 13 (a few minutes), and kept in ~/.cache/linux011.
#
# BOCHS386=/path/to/bochs uses another one; MIRROR names a Debian mirror.
# Ends with status 77 and a reason on standard error where it cannot be had.
set -eu

skip() {
	echo "bochs-386: $*" >&2
	exit 77
}

if [ -n "${BOCHS386:-}" ]; then
	[ -x "$BOCHS386" ] || skip "BOCHS386=$BOCHS386 is no program"
	echo "$BOCHS386"
	exit 0
fi

home=${XDG_CACHE_HOME:-$HOME/.cache}/linux011
program=$home/bochs-386
if [ -x "$program" ]; then
	echo "$program"
	exit 0
fi

# Where this machine has its packages from.
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -v security | head -n 1)}
[ -n "$mirror" ] || skip "MIRROR=address of a Debian mirror is needed: apt knows none"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
for tool in apt-get g++ make xz; do
	command -v $tool >/dev/null || skip "$tool is needed to build it, and not there"
done
[ -e $keyring ] || skip "$keyring is needed to check the source, and not there"

mkdir -p "$home"
work=$(mktemp -d "$home/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
echo "deb-src [signed-by=$keyring] $mirror trixie main" >"$work/sources.list"
log=$home/bochs-386.log

# apt with lists of its own: the machine's are left alone.
apt() {
	apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=2 -o Acquire::http::Timeout=30 "$@"
}

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
