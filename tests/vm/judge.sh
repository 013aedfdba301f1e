# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154
#
# The result of a virtual machine. Sourced at the end of a script, which it ends: with the status of
# the command (status), 99 if the kernel log (tmp/log) has a report or the guest gave no status, or
# 124 if the time (timeout) was over. ended is the status of QEMU, and prog the name of the script.

reports='^(<[0-9]+>)?(\[[^]]*\] )?(BUG|WARNING|Oops|INFO: task|INFO: trying to register|KASAN|UBSAN|KCSAN|ODEBUG'
reports+='|general protection fault|Kernel panic|rcu: INFO: .*(stall|starved)|watchdog: BUG'
reports+='|kmemleak: [0-9]+ new|unreferenced object|refcount_t:|list_(add|del) corruption'
reports+='|DEBUG_LOCKS_WARN_ON|=+ *BUG|sysfs: cannot create duplicate'
# ENOMEM is fine, see tests/kselftest/faults
reports+='|kobject_add_internal failed for [^ ]+ (with|\(error: -(1[^2]|[^1]))'
reports+='|------------\[ cut here|Unable to handle|unchecked MSR|Bad page)'

show_log()
{
	local first
	first=$(grep -nEm1 "$reports" "$tmp/log" | cut -d : -f 1)
	sed -n "$((${first:-0} > 15 ? first - 15 : 1)),\$p" "$tmp/log" | head -n 400 >&2
}

if [[ -z $status && $ended = 124 || $ended = 137 ]]; then
	echo "$prog: ended after $timeout s; the guest's kernel log:" >&2
	tail -n 150 "$tmp/log" >&2
	exit 124
fi
if [[ -z $status ]]; then
	echo "$prog: the guest reported no status (QEMU's was $ended); its kernel log:" >&2
	show_log
	exit 99
fi
if grep -qE "$reports" "$tmp/log"; then
	echo "$prog: the kernel log has reports (the command's status was $status):" >&2
	show_log
	exit 99
fi
exit "$status"
