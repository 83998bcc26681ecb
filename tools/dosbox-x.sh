#!/bin/sh
# Prints the path of a DOSBox-X: a DOSBox whose page faults are right, with drives
# that are still there when DOS is not (docs/hardware.md). Debian 12 has none: that
# of Debian 13 is taken, with the libraries it was built for, and kept in
# ~/.cache/linux011. Nothing is installed.
#
# DOSBOX_X=/path/to/dosbox-x uses another one; MIRROR names a Debian mirror.
# Ends with status 77 and a reason on standard error where it cannot be had.
set -eu

name=dosbox-x
. "$(dirname "$0")/debian-13.sh"

if [ -n "${DOSBOX_X:-}" ]; then
	[ -x "$DOSBOX_X" ] || skip "DOSBOX_X=$DOSBOX_X is no program"
	echo "$DOSBOX_X"
	exit 0
fi
command -v dosbox-x && exit 0

folder=$home/dosbox-x
if [ -x "$folder/dosbox-x" ]; then
	echo "$folder/dosbox-x"
	exit 0
fi

begin_apt deb dpkg-deb
mkdir -p "$work/root" "$work/new/lib"

echo "dosbox-x: unpacking Debian's DOSBox-X (90 MB of packages), once; log: $log" >&2
apt update >"$log" 2>&1 || skip "cannot reach $mirror (see $log)"
apt install --yes --download-only --no-install-recommends dosbox-x >>"$log" 2>&1 ||
	skip "cannot get the package dosbox-x from $mirror (see $log)"
for package in "$work"/cache/archives/*.deb; do
	dpkg-deb --extract "$package" "$work/root"
done

# Kept are the program, the libraries that it loads, and their own loader.
loader=$(find "$work/root/usr" -name 'ld-linux*.so.*' | head -n 1)
[ -n "$loader" ] || skip "the packages hold no dynamic loader (see $log)"
libraries=$(find "$work/root/usr/lib" -name '*.so*' -exec dirname {} + | sort -u | paste -sd:)
"$loader" --library-path "$libraries" --list "$work/root/usr/bin/dosbox-x" >"$work/list" 2>>"$log" ||
	skip "what it loads is not all there (see $log)"
sed -n 's/.* => \(.*\) (0x[0-9a-f]*)$/\1/p' "$work/list" |
	while read -r library; do cp -L "$library" "$work/new/lib"; done
cp -L "$loader" "$work/new/loader"
cp "$work/root/usr/bin/dosbox-x" "$work/new/program"
cat >"$work/new/dosbox-x" <<'END'
#!/bin/sh
folder=$(dirname "$0")
exec "$folder/loader" --library-path "$folder/lib" "$folder/program" "$@"
END
chmod +x "$work/new/dosbox-x"
# Status 1 is what it ends with even so.
"$work/new/dosbox-x" -version 2>&1 | tee -a "$log" | grep 'DOSBox-X version' >/dev/null ||
	skip "it does not run here (see $log)"
rm -rf "$folder"
mv "$work/new" "$folder"
echo "$folder/dosbox-x"
