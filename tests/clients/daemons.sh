# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Programs that call daemon(3) while they hold a card, and go on with it in the child:
# wpa_supplicant -B, which authenticates to hostapd by EAP-SIM over a pair of veth, and a client of
# OpenSC's PKCS#11 module. Sourced by guest.

# Make the wire between supplicant and authenticator.
lay_wire()
{
	modprobe veth && ip link add eap0 type veth peer name eap1 &&
		ip link set eap0 up && ip link set eap1 up
}

write_configuration()
{
	echo '* SIM' >"$work/eap_users"
	printf '%s\n' interface=eap1 driver=wired logger_stdout=-1 logger_stdout_level=1 ieee8021x=1 \
		use_pae_group_addr=1 eap_server=1 "eap_user_file=$work/eap_users" \
		"eap_sim_db=unix:$work/hlr" >"$work/hostapd.conf"
	printf '%s\n' "pcsc_reader=$SIM" pcsc_pin=1234 ap_scan=0 'network={' '	key_mgmt=IEEE8021X' \
		'	eap=SIM' '	pcsc=""' '	pin="1234"' '	eapol_flags=0' '}' >"$work/supplicant.conf"
}

# appears TEXT FILE: within 30 s
appears()
{
	local end=$((SECONDS + 30))
	until grep -qF "$1" "$2"; do
		[[ $SECONDS -lt $end ]] || return
		sleep 0.2
	done
}

# authenticates [-B]
authenticates()
{
	local log=$work/supplicant.log pid=$work/supplicant.pid status children
	local supplicant=(wpa_supplicant -d -D wired -i eap0 -c "$work/supplicant.conf" -f "$log")
	rm -f "$work/hlr" "$log"
	/usr/bin/python3 "$here/hlr.py" "$work/hlr" >"$work/hlr.log" 2>&1 &
	children=$!
	until [[ -S $work/hlr ]]; do sleep 0.1; done
	hostapd "$work/hostapd.conf" >"$work/hostapd.log" 2>&1 &
	children+=" $!"
	if ! appears AP-ENABLED "$work/hostapd.log"; then
		:
	elif [[ $# = 0 ]]; then
		"${supplicant[@]}" >/dev/null 2>&1 &
		echo $! >"$pid"
	else
		"${supplicant[@]}" -P "$pid" "$@"
	fi
	appears "CTRL-EVENT-EAP-SUCCESS" "$log" &&
		appears "IEEE 802.1X: authenticated" "$work/hostapd.log"
	status=$?
	[[ $status = 0 ]] || cat "$log" "$work/hostapd.log" "$work/hlr.log"
	if [[ -s $pid ]]; then
		children+=" $(<"$pid")"
		rm "$pid"
	fi
	# shellcheck disable=SC2086
	kill $children
	# shellcheck disable=SC2086
	while kill -0 $children 2>/dev/null; do sleep 0.1; done
	return $status
}

# signs_as_daemon [again]
signs_as_daemon()
{
	rm -f "$work/signature"
	says signed -- "$made/pkcs11_daemon" "$module" "scard test 9a" 123456 "$work/data" \
		"$work/signature" "$@" &&
		openssl dgst -sha256 -verify "$work/9a.pub" -signature "$work/signature" "$work/data"
}

/usr/bin/python3 "$here/sim_card.py" 40002 >"$work/sim.log" 2>&1 &
sim_card=$!
until vreaderctl card-state 3 | grep -q present=1; do sleep 0.1; done
write_configuration
tap_check "two ends of a wire for EAPOL" lay_wire
tap_check "wpa_supplicant in the foreground authenticates to hostapd by EAP-SIM" authenticates
tap_check "wpa_supplicant -B authenticates, with the card that its parent connected" \
	authenticates -B
kill $sim_card
tap_check "a daemon signs in the PKCS#11 session that its parent opened" signs_as_daemon
tap_check "a daemon that calls C_Initialize again signs" signs_as_daemon again
