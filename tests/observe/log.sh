# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The kernel log (dmesg): a line when a reader comes, one when it goes, few with an advice
# when it fails. Sourced.

# the module's lines since the last mark, without what the kernel puts in front
mark() { log_lines=$(dmesg | wc -l); }
said() { dmesg | tail -n +$((log_lines + 1)) | sed -n 's/^\(\[[^]]*\] \)\?scard [0-9.:-]*: //p'; }

# plug OPTION...: another virtual reader, scard1
plug()
{
	local n
	vreader --background --lenient --control /run/log.sock "$@" 2>/dev/null || return
	for ((n = 0; n < 100; n++)); do
		scardctl status 1 2>/dev/null | grep -qE '^slot +(card|empty)' && return
		sleep 0.1
	done
	return 1
}

unplug()
{
	local n
	vreaderctl -s /run/log.sock quit >/dev/null
	for ((n = 0; n < 100; n++)); do
		[[ -e /sys/class/scard/scard1 ]] || return
		sleep 0.1
	done
}

# fails TIMES FAULT...: commands, while the reader has these faults; none of them may succeed
fails()
{
	local n failed=0 times=$1 fault
	shift
	for fault; do
		vreaderctl -s /run/log.sock fault "$fault" >/dev/null || return
	done
	for ((n = 0; n < times; n++)); do
		scardctl apdu 1 00A40000 >/dev/null 2>&1 || ((++failed))
	done
	vreaderctl -s /run/log.sock fault clear >/dev/null
	same $failed "$times"
}

# advises PATTERN: there are lines, no more than three, all with an advice, one like that
advises()
{
	local lines
	lines=$(said)
	[[ -n $lines && $(wc -l <<<"$lines") -le 3 ]] && ! grep -v ': .*\(try\|unplug\|write\)' <<<"$lines" &&
		grep -qE "$1" <<<"$lines" && return
	echo "$lines"
	return 1
}

mark
plug
tap_check "a reader that comes is one line" same "$(said | sed 's/"[^"]*"/NAME/')" 'smart-card reader NAME, 1 slot'
mark
scardctl apdu 1 00A40000 00200001083939393939393939 >/dev/null 2>&1
vreaderctl -s /run/log.sock remove >/dev/null
scardctl apdu 1 00A40000 >/dev/null 2>&1
vreaderctl -s /run/log.sock insert mute >/dev/null
scardctl atr 1 >/dev/null 2>&1
tap_check "cards and programs are not worth a line, mute and refused ones neither" same "$(said)" ""
unplug
tap_check "a reader that goes is one line" same "$(said | sed 's/"[^"]*"/NAME/')" 'smart-card reader NAME has left'

plug
mark
tap_check "commands fail while transfers babble" fails 20 'every 1 on XfrBlock babble'
tap_check "the log has few lines about it, each with an advice" advises '^a transfer failed \(-75\): '
unplug
plug
mark
tap_check "commands fail while the reader does not even abort" fails 2 'every 1 on XfrBlock babble' 'every 1 on Abort nak 0' \
	'every 1 on GetSlotStatus no-answer'
tap_check "the log says so, with an advice" advises '^answers no more: if this repeats'
unplug
plug --card none
mark
vreaderctl -s /run/log.sock fault 'on IccPowerOn stall-int' >/dev/null
vreaderctl -s /run/log.sock insert >/dev/null		# the last thing that it tells
for ((i = 0; i < 100; i++)); do
	[[ -z $(said) ]] || break
	sleep 0.1
done
tap_check "an interrupt pipe that fails is said" advises '^the interrupt pipe fails, cards are asked for: '
unplug
