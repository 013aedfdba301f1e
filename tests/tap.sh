# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# TAP for the tests that are shell scripts. Sourced; the plan is the last line (tap_end).

tap_count=0
tap_failed=0

# tap_result "ok"|"not ok" NAME
tap_result()
{
	echo "$1 $((++tap_count)) - $2"
	[[ $1 = ok ]] || tap_failed=1
}

# tap_skip NAME REASON: not run, which tests/run-all counts
tap_skip()
{
	echo "ok $((++tap_count)) - $1 # SKIP $2"
}

# tap_note: standard input as TAP comments
tap_note()
{
	sed 's/^/# /'
}

# tap_check NAME COMMAND...: passes if the command succeeds; prints its output if not. The
# command runs in a subshell.
tap_check()
{
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		tap_result ok "$name"
	else
		[[ -z $output ]] || tap_note <<<"$output"
		tap_result "not ok" "$name"
	fi
}

# tap_check_silent NAME COMMAND...: passes if the command succeeds and prints nothing
tap_check_silent()
{
	local name=$1 output verdict=ok
	shift
	output=$("$@" 2>&1) && [[ -z $output ]] || verdict="not ok"
	[[ -z $output ]] || tap_note <<<"$output"
	tap_result "$verdict" "$name"
}

# tap_follow LOG NAME COMMAND...: passes on the results of a command that prints TAP and keeps
# what it printed in LOG.tap and LOG.err. The command must end with its plan.
tap_follow()
{
	local log=$1 name=$2 status
	shift 2
	"$@" >"$log.tap" 2>"$log.err"
	status=$?
	# without its plan, numbered after the results so far
	awk -v n="$tap_count" '
		/^1\.\./ { next }
		/^(not )?ok/ {
			verdict = /^ok/ ? "ok" : "not ok"
			sub(/^(not )?ok *[0-9]* *(- )?/, "")
			$0 = verdict " " ++n " - " $0
		}
		{ print }' "$log.tap"
	((tap_count += $(grep -cE '^(not )?ok' "$log.tap")))
	[[ $status = 0 ]] || tap_failed=1
	if [[ $status -gt 1 ]] || ! grep -q '^1\.\.' "$log.tap"; then
		tap_note <"$log.err"
		tap_result "not ok" "$name comes to its end (status $status)"
	fi
}

# tap_alone "ok"|"not ok" NAME: a result with a plan of its own, among programs that print TAP
tap_alone()
{
	printf '%s 1 - %s\n1..1\n' "$1" "$2"
	[[ $1 = ok ]] || tap_failed=1
}

# tap_end [COUNT]: the plan, COUNT if that is known before; the status is for exit
tap_end()
{
	echo "1..${1:-$tap_count}"
	return $tap_failed
}
