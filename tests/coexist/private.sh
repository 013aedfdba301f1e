# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A private reader, which a process of nobody makes by /dev/uscard: the udev rule leaves it alone,
# until the administrator shows it. Sourced by guest, with the reader of vreader on USB.

stranger=4711

# as_stranger COMMAND...
as_stranger()
{
	setpriv --reuid $stranger --regid $stranger --clear-groups env LD_LIBRARY_PATH="$ours" PATH="$PATH" "$@"
}

# appears: the reader of nobody is $path
appears()
{
	path=$(find /dev -maxdepth 1 -name 'scard*' -uid "$nobody")
	[[ -n "$path" ]]
}

# node_is OWNER:GROUP:MODE: those of $path, and it has no tag of the seat
node_is()
{
	udevadm settle
	[[ $(stat -c %u:%g:%a "$path") = "$1" ]] || { stat -c %u:%g:%a "$path"; return 1; }
}

tagged()
{
	udevadm info -q property -n "$path" | grep -q '^TAGS=.*:uaccess:'
}

# shown: the administrator shows the reader, and udev hears of it
shown()
{
	echo 0 >"/sys/class/scard/scard$number/private" && udevadm trigger --settle "$path" &&
		node_is "$nobody:$scard:660" && tagged
}

# lists_private COMMAND...: the command, a prefix, lists the reader of nobody
lists_private()
{
	"$@" scardctl list | grep "^$number .*Virtual Reader"
}

# udevd knows no groups by their names without this, and the group scard is new
groupadd -f -r scard
scard=$(getent group scard | cut -d: -f3)
mkdir -p /etc/udev/rules.d && cp tools/dist/70-scard.rules /etc/udev/rules.d/
udevadm control --exit
/lib/systemd/systemd-udevd --daemon --resolve-names=late
udevadm settle

chmod 666 /dev/uscard
setpriv --reuid "$nobody" --regid "$nobody" --clear-groups \
	vreader --uscard --card iso,pin=1234 --control /tmp/private.ctl &
private=$!
within 10 appears
number=${path#/dev/scard}
tap_check "a private reader: udev leaves the node its owner and mode" node_is "$nobody:$nobody:600"
tap_check "a private reader: it has no tag of the seat" says 1 -- tagged
tap_check "a private reader: its owner lists it" lists_private as_nobody
tap_check "a private reader: root lists it" lists_private with_ours
tap_check "a private reader: another user does not" says 1 -- lists_private as_stranger
tap_check "a private reader: info names the transport" \
	says 0 '^transport +a process' -- as_nobody scardctl info "$number"
tap_check "a private reader: info --json too" \
	says 0 '"transport": *"process"' -- as_nobody scardctl --json info "$number"
tap_check "a private reader: doctor tells another user whose it is" \
	says 1 "^$path is a private reader of user nobody" -- as_stranger scardctl doctor
tap_check "a private reader: root shows it, and udev gives it to the group and the seat" shown
tap_check "a reader that root has shown: another user lists it" lists_private as_stranger
tap_check "a reader that root has shown: doctor names the group" \
	says 1 "may not open $path, which is of group scard" -- as_stranger scardctl doctor
vreaderctl unplug
tap_check "doctor: a reader in a process is a reader" silent '^no smart-card reader on USB' as_nobody scardctl doctor
kill $private
wait $private
tap_check "a private reader goes with its process" within 10 test ! -e "$path"
