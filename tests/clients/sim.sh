# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# wpa_supplicant's eapol_test with a SIM: a complete EAP-SIM, with a server that knows the card.
# Sourced by guest.

# sim_conf PIN: the network of a client that has only the SIM
sim_conf()
{
	printf '%s\n' 'network={' '	key_mgmt=IEEE8021X' '	eap=SIM' '	pcsc=""' "	pin=\"$1\"" '}' \
		>"$work/sim.conf"
}

# eap_sim PIN: print its output and the server's
eap_sim()
{
	sim_conf "$1"
	python3 "$here/eap_sim_server.py" 1812 >"$work/eap_sim" 2>&1 &
	until grep -q ready "$work/eap_sim"; do sleep 0.1; done
	eapol_test -c "$work/sim.conf" -n -t 30 -R "$SIM" -a 127.0.0.1
	local status=$?
	kill $! 2>/dev/null
	wait $!
	cat "$work/eap_sim"
	return $status
}

# Three triplets; the card's algorithm must give each from its RAND.
triplets()
{
	local output
	output=$(eapol_test -R "$SIM" sim 1234 3) || { echo "$output"; return 1; }
	/usr/bin/python3 - "$output" <<-'EOF'
		import re, sys
		sys.path.insert(0, "tests/clients")
		from sim_card import IMSI, triplet
		lines = re.findall("^([0-9]+):(.+):(.+):(.+)$", sys.argv[1], re.M)
		for line in lines:
		    kc, sres, rand = (bytes.fromhex(part) for part in line[1:])
		    if line[0] != IMSI or triplet(rand) != (sres, kc):
		        sys.exit("wrong: %s" % (line,))
		sys.exit(len(lines) != 3 and sys.argv[1])
	EOF
}

/usr/bin/python3 "$here/sim_card.py" 40002 >"$work/sim.log" 2>&1 &
sim_card=$!
until vreaderctl card-state 3 | grep -q present=1; do sleep 0.1; done
tap_check "eapol_test: triplets of the SIM, with its IMSI" triplets
tap_check "eapol_test authenticates by EAP-SIM: IMSI and three triplets of the card" \
	says "active_protocol=1 (T0)" "retry counter=3" "SCARD: IMSI file length=9 imsilen=15" \
	"EAP-SIM: 3 challenges" "identity 1001010123456789@wlan.mnc001.mcc001.3gppnetwork.org" \
	authenticated SUCCESS -- eap_sim 1234
tap_check "eapol_test with a wrong PIN is refused" refuses FAILURE eap_sim 4321
tap_check "in a container: eapol_test" \
	says "001010123456789:" -- with "$(device_of "[SIM]")" eapol_test -R "$SIM" sim 1234 1
kill $sim_card
