# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# The unit of systemd, and the udev rule by which a reader of its user is for all. Sourced by guest.

unit_is_sound()
{
	sed "s|@bindir@|$tree/build/bin|" "tools/dist/scard-ifd@.service" >"/etc/systemd/system/scard-ifd@vpcd.service"
	systemd-analyze verify --man=no scard-ifd@vpcd.service
}

# The capabilities, the network, files of others: none of it.
unit_is_closed()
{
	prints "exposure level .* 0\.[0-8] SAFE" systemd-analyze security --offline=yes \
		"/etc/systemd/system/scard-ifd@vpcd.service"
}

node_is()
{
	[[ $(stat -c %U:%G:%a "$1") = "$2" ]]
}

udev_runs()
{
	systemd-sysusers "$tree/tools/dist/scard.sysusers" "$tree/tools/dist/scard-ifd.sysusers" || return
	mkdir -p /etc/udev/rules.d
	cp tools/dist/70-scard.rules tools/dist/69-scard-ifd.rules /etc/udev/rules.d/
	# the machine's own udevd does not look up the names of users
	udevadm control --exit && /lib/systemd/systemd-udevd --daemon &&
		udevadm trigger --action=add --sysname-match=uscard || return
	within 20 node_is /dev/uscard root:scard-ifd:660 || { ls -l /dev/uscard; return 1; }
}

# plug_as USER: a reader without privilege
plug_as()
{
	fake card
	chmod 777 $d
	plug with setpriv --reuid "$1" --regid "$1" --clear-groups -- --name "Serial Reader" \
		--driver "$tree/build/ifd/libfake.so" --device $d
}

public_node()
{
	within 20 node_is "$(echo /dev/scard[0-9]*)" root:scard:660 && return
	ls -l /dev/scard*
	udevadm test "$(echo /sys/class/scard/scard*)" 2>&1 | tail -n 20
	return 1
}

listed_for_nobody()
{
	prints "Serial Reader" setpriv --reuid 65534 --regid 65534 --clear-groups \
		env LD_LIBRARY_PATH="$ours" scardctl list
}

tap_check "unit: systemd finds no fault with it" unit_is_sound
tap_check "unit: systemd finds it closed" unit_is_closed
tap_check "udev: /dev/uscard is for the user scard-ifd" udev_runs
tap_check "udev: that user makes a reader" plug_as scard-ifd
tap_check "udev: its node is that of a reader for all" public_node
tap_check "udev: another user finds it" within 10 listed_for_nobody
tap_check "udev: SIGTERM ends the program" unplug
