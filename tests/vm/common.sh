# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Shared by the VM scripts: the cache, the installed kernels, and the image for QEMU.
# Sourced, never run.

prog=${0##*/}
tree=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache=${SCARD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/scard-vm}
debug_version=6.1-debug
kcsan_version=6.1-kcsan

die()
{
	echo "$prog: $*" >&2
	exit 2
}

# locked NAME COMMAND...: run it with this part of the cache locked
locked()
{
	local name=$1
	shift
	mkdir -p "$cache" || die "cannot make the cache directory $cache (set SCARD_CACHE)"
	(
		flock 9 || exit 1
		"$@"
	) 9>"$cache/.lock-$name"
}

# own_kernel VERSION: the directory of that kernel if tests/vm/debug-kernel builds it; else false
own_kernel()
{
	case $1 in
	"$debug_version" | "$kcsan_version") echo "$cache/${1#6.1-}" ;;
	uml-*) echo "$cache/$1" ;;
	*) return 1 ;;
	esac
}

# root_of VERSION: the root of that kernel if tests/deps/newest unpacked it; else nothing, for that
# of this machine
root_of()
{
	local root
	for root in "$cache"/newest*; do
		[[ ! -e $root/lib/modules/$1/modules.dep ]] || { echo "$root"; return; }
	done
}

# inside ROOT COMMAND...: run it in that root, where this tree has the same path
inside()
{
	local root=$1 user=()
	shift
	[[ -n $root ]] || { "$@"; return; }
	[[ $(id -u) = 0 ]] || user=(--map-root-user)
	# shellcheck disable=SC2016
	unshare --mount "${user[@]}" sh -ec '
		root=$1
		tree=$2
		shift 2
		mkdir -p "$root$tree"
		mount --rbind "$tree" "$root$tree"
		mount --rbind /dev "$root/dev"
		mount --rbind /proc "$root/proc"
		exec env PATH=/usr/sbin:/usr/bin chroot "$root" "$@"' sh "$root" "$tree" "$@"
}

# is_process VERSION: it is a kernel that runs as a process (User Mode Linux), not in QEMU
is_process()
{
	[[ $1 = uml-* ]]
}

# The newest installed stock kernel of a series ("6.1", or "6.12-rt" with PREEMPT_RT), or the
# version itself when it is a full one.
find_kernel()
{
	local series=${1%-rt} v
	for v in "/boot/vmlinuz-$1" "/boot/vmlinuz-$series."*"${1#"$series"}-amd64"; do
		[[ -r $v && -d /lib/modules/${v#/boot/vmlinuz-} && $v != *-cloud-* &&
			($v != *-rt-* || $1 = *-rt*) ]] && echo "${v#/boot/vmlinuz-}"
	done | sort -V | tail -n 1
}

# As find_kernel, installing what is missing (image and headers); stock: the release's own;
# newest, newest-rt: Debian's newest, which is only unpacked
need_kernel()
{
	local v wanted=$1
	[[ $wanted != *[!A-Za-z0-9.+~_-]* ]] || die "$wanted is no version of a kernel"
	case $wanted in
	stock) wanted=$("$tree/tests/deps/stock") ;;
	newest | newest-rt) wanted=$("$tree/tests/deps/newest" "$wanted") || exit ;;
	esac
	[[ -z $(root_of "$wanted") ]] || { echo "$wanted"; return; }
	v=$(find_kernel "$wanted")
	if [[ -z $v || ! -e /lib/modules/$v/build ]]; then
		"$tree/tests/deps/install" "kernel-${v:-$wanted}" >&2 ||
			die "kernel $wanted is not installed and could not be installed"
		v=$(find_kernel "$wanted")
	fi
	[[ -n $v ]] || die "no stock kernel $wanted in /boot: install linux-image-$wanted*-amd64"
	echo "$v"
}

# A bzImage spends half of the boot unpacking itself. Its payload stands where
# the boot protocol's header says (payload_offset and payload_length, 2.08 and
# later), with the unpacked size in the last four bytes.
extract_vmlinux()
{
	local image=$1 out=$2 sects offset length magic unpack
	sects=$(od -An -tu1 -j $((0x1f1)) -N 1 "$image")
	read -r offset length < <(od -An -tu4 -j $((0x248)) -N 8 "$image")
	offset=$(((sects + 1) * 512 + offset))
	magic=$(od -An -tx1 -j "$offset" -N 4 "$image")
	case ${magic// /} in
	fd377a58) unpack="xz -dc --single-stream" ;;
	28b52ffd) unpack="zstd -dc" ;;
	1f8b*) unpack="gzip -dc" ;;
	*) die "$image: unknown compression (${magic# })" ;;
	esac
	# shellcheck disable=SC2086
	tail -c +$((offset + 1)) "$image" | head -c $((length - 4)) | $unpack >"$out.$$" ||
		die "$image: cannot unpack the kernel"
	mv "$out.$$" "$out"
}

# vmlinux_of VERSION: the path of its uncompressed image, which QEMU starts, or of the program
vmlinux_of()
{
	local image=/boot/vmlinuz-$1 out=$cache/vmlinux-$1 root
	root=$(root_of "$1")
	[[ -z $root ]] || image=$root/lib/modules/$1/vmlinuz
	is_process "$1" && { echo "$(own_kernel "$1")/linux"; return; }
	# Compressed: QEMU starts an uncompressed image by an entry that KASAN does not survive.
	own_kernel "$1" >/dev/null && { echo "$(own_kernel "$1")/bzImage"; return; }
	[[ $out -nt $image ]] || locked "vmlinux-$1" extract_vmlinux "$image" "$out" || exit
	echo "$out"
}
