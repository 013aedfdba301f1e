# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Unpacks Debian packages of another architecture below a cache, as any user, and installs
# nothing. Sourced, with arch set.

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

# native COMMAND...: apt-get of this machine with nothing installed
native()
{
	apt-get -qq -o Dir::State::status="$dir/apt/status" -o APT::Sandbox::User="$(id -un)" "$@"
}

# foreign COMMAND...: apt-get of a machine of that architecture with nothing installed
foreign()
{
	native -o APT::Architecture="$arch" -o APT::Architectures="$arch" \
		-o Dir::State::Lists="$dir/apt/lists" -o Dir::Cache="$dir/apt" \
		-o Dir::Cache::archives="$dir/apt/archives" -o Debug::NoLocking=1 \
		-o Acquire::Languages=none "$@"
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
