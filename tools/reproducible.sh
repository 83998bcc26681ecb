#!/bin/sh
# Builds HEAD twice, each time from nothing and in a folder of another name, and
# prints the SHA-256 of every product of both. Ends with an error if they differ.
set -eu
cd "$(dirname "$0")/.."
targets='kernel user iso hd hd386 floppy'
products='linux011.elf root.img linux011.iso hd.img hd386.img fd.img fdroot.img'

# Builds in the folder $1, with a log and a list of its own.
build() {
	name=$(basename "$1")
	tree=build/reproducible/$1
	mkdir -p "$tree"
	git archive HEAD | tar -x -C "$tree"
	echo "reproducible: building in $tree" >&2
	# A clock and a place of its own, too.
	(cd "$tree" && unset MAKEFLAGS MAKELEVEL CARGO_TARGET_DIR RUSTFLAGS &&
		make $targets) >"build/reproducible/$name.log" 2>&1 || {
		tail -n 20 "build/reproducible/$name.log" >&2
		echo "reproducible: the build in $tree failed; build/reproducible/$name.log" >&2
		return 1
	}
	(cd "$tree/build" && sha256sum $products) >"build/reproducible/$name.sha256"
	rm -rf "$tree"
}

# Both at the same time: much of a build keeps one processor.
rm -rf build/reproducible
build one &
first=$!
build the-other/with-a-longer-name &
second=$!
failed=
wait $first || failed=1
wait $second || failed=1
[ -z "$failed" ] || exit 1
for list in one with-a-longer-name; do
	echo "$list:"
	cat "build/reproducible/$list.sha256"
done
cmp build/reproducible/one.sha256 build/reproducible/with-a-longer-name.sha256 || {
	echo 'reproducible: the two lists differ' >&2
	exit 1
}
echo 'reproducible: the two lists agree'
