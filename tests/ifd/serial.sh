# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Debian's driver for the GemPC410 with serial_reader.py, which is on the other end of its line.
# Sourced by guest.

t0=3B021450
t1=3B800181
data=$(printf '5A%.0s' {1..255})
count=$(printf '%02X' {0..255})

# plug_serial FILE[=TEXT]...: the reader with these files
plug_serial()
{
	fake "$@"
	/usr/bin/python3 tests/ifd/serial_reader.py $d >/run/serial_reader.log 2>&1 &
	echo $! >/run/serial_reader.pid
	within 30 test -s $d/line || { cat /run/serial_reader.log; return 1; }
	plug --name "Gemplus GemPC410" --device "$(<$d/line)" \
		--driver "$(echo /usr/lib/pcsc/drivers/serial/libGemPC410.so.*)"
}

# cut_line: the reader's process ends, and with it the pseudo-terminal
cut_line()
{
	local reader
	reader=$(</run/serial_reader.pid)
	kill -9 "$reader"
	within 10 not_running "$reader"
}

# The reader is gone; or the command has failed, if the driver fails before its node is no more.
reply_is_gone()
{
	[[ $reply = 80100017 || $reply = 80100016 ]] || { echo "\"$reply\""; return 1; }
}

insert()
{
	echo "$1" >$d/card
}

# opensc ARGUMENT...: without its search for cards that it knows
opensc()
{
	OPENSC_DRIVER=default with_ours opensc-tool --reader 0 "$@"
}

tap_check "serial: the reader is listed" plug_serial
tap_check "serial: by its name" prints "Gemplus GemPC410 00 00" scardctl list
start_ours
insert $t0
tap_check "serial: a card is noticed" answers 0 ours wait present
tap_check "serial: the ATR is the card's" prints "3b:02:14:50" opensc --atr
tap_check "serial: a command of OpenSC" prints "00 01 02 03 .*" opensc --send-apdu 00B0000004
tap_check "serial: a program connects" answers 0 ours connect shared
tap_check "serial: T=0: the shortest command" answers "0 9000" ours apdu 00440000
tap_check "serial: T=0: an answer in one block" answers "0 ${count:0:504}9000" ours apdu 00B00000FC
tap_check "serial: T=0: an answer in two blocks" answers "0 ${count}9000" ours apdu 00B0000000
tap_check "serial: T=0: a command in two blocks" answers "0 61FF" ours apdu "00D60000FF$data"
tap_check "serial: T=0: its answer" answers "0 ${data}9000" ours apdu 00C00000FF
: >$d/log
dies ours
tap_check "serial: the card of a client that dies is reset" within 10 logged 1 "^up"
start_ours
rm $d/card
tap_check "serial: a removal is noticed" answers 0 ours wait empty
insert $t1
tap_check "serial: another card is noticed" answers 0 ours wait present
tap_check "serial: a program connects" answers 0 ours connect shared
tap_check "serial: its ATR" answers "0 $t1" ours status
tap_check "serial: T=1: a command" answers "0 11229000" ours apdu 00D6000002112200
tap_check "serial: T=1: command and answer in two blocks" \
	answers "0 ${data}9000" ours apdu "00D60000FF${data}00"
rm $d/card
tap_check "serial: a removal is noticed" answers 0 ours wait empty
tap_check "serial: a command after it is refused" answers 80100069 ours apdu 00B0000004
hang_up ours
: >$d/log
tap_check "serial: SIGTERM ends the program" unplug
tap_check "serial: the card is powered down" grep -q "^down" $d/log
cut_line

tap_check "serial: the reader is listed again" plug_serial card=$t0
start_ours
tap_check "serial: its card is noticed" answers 0 ours wait present
tap_check "serial: a program connects" answers 0 ours connect shared
cut_line
tap_check "serial: the line is cut: the program ends" ends 1
tap_check "serial: the reader is not listed any more" within 5 no_reader
hang_up ours

tap_check "serial: a reader that gives no answer" plug_serial card=$t0 silent
start_ours
tap_check "serial: its card is noticed" answers 0 ours wait present
tap_check "serial: a program connects" answers 0 ours connect shared
say ours apdu 00B0000004
tap_check "serial: its command reaches the reader" within 10 logged 1 "^output"
cut_line
hear ours
tap_check "serial: the line is cut: its client learns it" reply_is_gone
tap_check "serial: the program ends" ends 1
tap_check "serial: the reader is not listed any more" within 5 no_reader
hang_up ours
