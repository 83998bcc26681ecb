# Sourced by bochs-386.sh and dosbox-x.sh, which take something from Debian 13 that
# Debian 12 lacks. Nothing is installed, and the machine's own apt is left alone.
#
# From the caller: what it makes, as `name`.

# Where it is kept, and what its making prints.
home=${XDG_CACHE_HOME:-$HOME/.cache}/linux011
log=$home/$name.log

skip() {
	echo "$name: $*" >&2
	exit 77
}

# begin_apt deb|deb-src TOOL...: a folder to work in, as `work`, with lists and packages of
# its own for the function apt; the tools have to be there.
begin_apt() {
	kind=$1
	shift
	for tool in apt-get "$@"; do
		command -v "$tool" >/dev/null || skip "$tool is needed to make it, and not there"
	done
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -e $keyring ] || skip "$keyring is needed to check what comes, and not there"
	# Where this machine has its packages from.
	mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -v security | head -n 1)}
	[ -n "$mirror" ] || skip "MIRROR=address of a Debian mirror is needed: apt knows none"
	mkdir -p "$home"
	work=$(mktemp -d "$home/$name.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
	echo "$kind [signed-by=$keyring] $mirror trixie main" >"$work/sources.list"
	: >"$work/status" # nothing is there yet: every library is to come along
}

apt() {
	apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$work/lists" -o Dir::State::Status="$work/status" \
		-o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)" \
		-o Acquire::Retries=2 -o Acquire::http::Timeout=30 "$@"
}
