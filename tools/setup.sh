#!/bin/sh
# Finds, or installs, what the build and the tests need, and writes
# build/toolchain.mk, which says which Rust toolchain the Makefile uses.
# Every make target calls it; once all is there it only looks and returns.
set -eu
cd "$(dirname "$0")/.."

target=arch/i386-linux011.json
result=build/toolchain.mk

# What is looked for, and the Debian package that has it. A name is a command,
# a path with a slash a file (patterns allowed).
needs='
gcc                                             gcc
/usr/lib/gcc/x86_64-linux-gnu/*/32/crtbegin.o   gcc-multilib
ld                                              binutils
/usr/include/stdio.h                            libc6-dev
/etc/ssl/certs/ca-certificates.crt              ca-certificates
qemu-system-i386                                qemu-system-x86
bochs                                           bochs
/usr/share/bochs/BIOS-bochs-latest              bochsbios
/usr/share/vgabios/vgabios.bin                  vgabios
/usr/lib/*/bochs/plugins/libbx_term_gui.so      bochs-term
grub-mkrescue                                   grub-common
/usr/lib/grub/i386-pc/multiboot2.mod            grub-pc-bin
xorriso                                         xorriso
mformat                                         mtools
gdb                                             gdb
/sbin/fsck.minix                                util-linux
/sbin/mkfs.minix                                util-linux
'

# `make test-trace` alone wants a browser, and a font with Chinese in it.
[ "${1-}" != browser ] || needs="$needs
chromium                                        chromium
/usr/share/fonts/truetype/wqy/wqy-microhei.ttc  fonts-wqy-microhei
"

have() {
	case $1 in
	/*) for file in $1; do [ -e "$file" ] && return 0; done; return 1 ;;
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac
}

# The packages that are missing, on one line.
missing_packages() {
	echo "$needs" | while read -r what package; do
		[ -z "$what" ] || have "$what" || echo "$package"
	done | sort -u | tr '\n' ' '
}

# Can this toolchain (folder of rustc and cargo) build for our target? It needs
# the standard library's source, and to understand the target file.
usable() {
	[ -x "$1/rustc" ] && [ -x "$1/cargo" ] && [ -x "$1/cargo-clippy" ] && [ -x "$1/rustfmt" ] || return 1
	sysroot=$("$1/rustc" --print sysroot 2>/dev/null) || return 1
	[ -f "$sysroot/lib/rustlib/src/rust/library/core/src/lib.rs" ] || return 1
	RUSTC_BOOTSTRAP=1 "$1/rustc" -Zunstable-options --target "$target" --print cfg >/dev/null 2>&1 || return 1
	RUSTC_BOOTSTRAP=1 "$1/cargo" -Zhelp 2>/dev/null | grep -q json-target-spec
}

# Prints the folder of the toolchain to use: rustup's, if it is complete, else
# Debian's.
find_toolchain() {
	if command -v rustc >/dev/null 2>&1; then
		# In its own folder, not through rustup's stand-ins, which could
		# try to download something.
		folder=$(rustc --print sysroot 2>/dev/null)/bin
		if usable "$folder"; then echo "$folder"; return 0; fi
	fi
	if usable /usr/bin; then echo /usr/bin; return 0; fi
	return 1
}

install_packages() {
	command="apt-get update && apt-get install -y --no-install-recommends $1"
	if [ "$(id -u)" != 0 ]; then
		echo "setup: missing packages. Run this once, then try again:" >&2
		echo "  sudo sh -c '$command'" >&2
		exit 1
	fi
	command -v apt-get >/dev/null || {
		echo "setup: no apt-get here; install what these Debian packages hold: $1" >&2
		exit 1
	}
	echo "setup: installing $1"
	export DEBIAN_FRONTEND=noninteractive
	mkdir -p build
	{ apt-get update && apt-get install -y --no-install-recommends $1; } >build/setup.log 2>&1 || {
		tail -n 15 build/setup.log >&2
		echo "setup: the installation failed; all of it is in build/setup.log" >&2
		exit 1
	}
}

# Quick way out: nothing is missing, and the toolchain found last time is there.
missing=$(missing_packages)
if [ -z "$missing" ] && [ "$result" -nt tools/setup.sh ] && [ "$result" -nt "$target" ]; then
	folder=$(sed -n 's/^RUST_BIN := //p' "$result")
	[ -x "$folder/rustc" ] && [ -x "$folder/cargo" ] && exit 0
fi

toolchain=$(find_toolchain) || missing="$missing rustc-web cargo-web rust-web-src rust-web-clippy rustfmt-web"
if [ -n "$missing" ]; then
	# shellcheck disable=SC2086
	install_packages "$(echo $missing)"
	missing=$(missing_packages)
	[ -z "$missing" ] || {
		echo "setup: still missing after the installation: $missing" >&2
		exit 1
	}
	toolchain=$(find_toolchain) || {
		echo "setup: no Rust toolchain understands $target, not even Debian's rustc-web:" >&2
		echo "  $(/usr/bin/rustc --version 2>&1)" >&2
		echo "  Is bookworm-security among the package sources? 1.96 or newer is needed." >&2
		exit 1
	}
fi

mkdir -p build
cat >"$result" <<EOF
# Written by tools/setup.sh: $("$toolchain/rustc" --version)
RUST_BIN := $toolchain
EOF
echo "setup: using $("$toolchain/rustc" --version) in $toolchain"
