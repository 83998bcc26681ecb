#!/bin/sh
# Builds HEAD twice, each time from nothing and in a folder of another name, and
# prints the SHA-256 of every product of both. Ends with an error if they differ.
set -eu
cd "$(dirname "$0")/.."
top=$(pwd)
targets='kernel user iso hd hd386 floppy'
products='linux011.elf root.img linux011.iso hd.img hd386.img fd.img fdroot.img'

rm -rf build/reproducible
for folder in one the-other/with-a-longer-name; do
	tree=build/reproducible/$folder
	mkdir -p "$tree"
	git archive HEAD | tar -x -C "$tree"
	echo "reproducible: building in $tree" >&2
	# A clock and a place of its own, too.
	(cd "$tree" && unset MAKEFLAGS MAKELEVEL CARGO_TARGET_DIR RUSTFLAGS &&
		make $targets) >"build/reproducible/log" 2>&1 || {
		tail -n 20 build/reproducible/log >&2
		echo "reproducible: the build in $tree failed; build/reproducible/log" >&2
		exit 1
	}
	(cd "$tree/build" && sha256sum $products) >"$top/build/reproducible/$(basename "$folder").sha256"
	rm -rf "$tree"
done
for list in one with-a-longer-name; do
	echo "$list:"
	cat "build/reproducible/$list.sha256"
done
cmp build/reproducible/one.sha256 build/reproducible/with-a-longer-name.sha256 || {
	echo 'reproducible: the two lists differ' >&2
	exit 1
}
echo 'reproducible: the two lists agree'
