# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Unpacks Debian packages of another architecture below a cache, as any user, and installs
# nothing. Sourced, with arch set. A complete directory of the cache needs no mirror.

# Seconds between tries: a mirror may be in the middle of a sync.
pause=${SCARD_ARCH_PAUSE:-20}

# prepare NAME: locks and empties dir, the directory NAME of the cache; fails if it is complete
prepare()
{
	local release cache
	release=$(. /etc/os-release && echo "${VERSION_CODENAME:-${VERSION_ID:-debian}}")
	cache=${SCARD_ARCH_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/scard-arch}
	dir=$cache/$1-$release-1
	mkdir -p "$cache"
	exec 9>"$dir.lock"
	flock 9
	[[ ! -e $dir/complete ]] || return
	rm -rf "$dir"
	mkdir -p "$dir/apt/lists" "$dir/apt/archives/partial"
	: >"$dir/apt/status"
}

# finish NAME WORD: dir/NAME has WORD, which is printed; dir is complete
finish()
{
	rm -rf "$dir/apt"
	echo "$2" | tee "$dir/$1"
	: >"$dir/complete"
}

# apt_get COMMAND...: apt-get with nothing installed
apt_get()
{
	LC_ALL=C apt-get -qq -o Dir::State::status="$dir/apt/status" -o APT::Sandbox::User="$(id -un)" \
		-o Dir::Cache="$dir/apt" -o Dir::Cache::archives="$dir/apt/archives" \
		-o Debug::NoLocking=1 -o Acquire::Languages=none "$@"
}

# native COMMAND...: apt_get of this machine; by its own index, unless renew has made one
native()
{
	local lists=()
	[[ ! -d $dir/apt/native ]] || lists=(-o Dir::State::Lists="$dir/apt/native")
	apt_get "${lists[@]}" "$@"
}

# foreign COMMAND...: apt_get of a machine of that architecture
foreign()
{
	apt_get -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o Dir::State::Lists="$dir/apt/lists" "$@"
}

# renew native|foreign: its index; without some of its files, the others may suffice
renew()
{
	[[ $1 = foreign ]] || mkdir -p "$dir/apt/native"
	"$1" update || echo "${0##*/}: apt-get update failed, going on with what there is"
}

# download native|foreign FUNCTION [ARGUMENT...]: calls the function, which downloads from there,
# until it succeeds. If it does not, the script ends with status 3 and the reason as the last line
# on standard error.
download()
{
	local from=$1 try log=$dir/apt/log
	shift
	for try in 1 2 3; do
		: >"$log.index"
		[[ $from = native && $try = 1 ]] || renew "$from" >&2 2>"$log.index"
		"$@" >&2 2>"$log" && return
		cat "$log.index" "$log" >&2
		[[ $try = 3 ]] || sleep "$pause"
	done
	grep -hE '^[EW]: (Failed|Unable) ' "$log" "$log.index" | sort -s -k 2,2 | sed -n '1s/^.: //p' >&2
	exit 3
}

# unpack DIRECTORY: what was downloaded
unpack()
{
	local deb
	for deb in "$dir"/apt/archives/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$1" -xf - --keep-directory-symlink \
			--exclude=./usr/share/doc --exclude=./usr/share/locale --exclude=./usr/share/man
	done
	rm -f "$dir"/apt/archives/*.deb
}
