# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2029
#
# scardctl forward over sshd to an ordinary user: there a reader of that user's, and the same
# programs. Sourced by guest.

far_ready()
{
	echo "far:x:1234:1234::/home/far:/bin/bash" >>/etc/passwd
	echo "far:x:1234:" >>/etc/group
	chmod 755 "$work"	# for the library
	mkdir -p /run/sshd /home/far/.ssh
	mkdir -m 700 /home/far/gnupg
	# The near readers are listed there, too, but only root may use them.
	printf 'app default {\n\tignored_readers = "00 00", "01 00", "02 00", "03 00", "04 00";\n}\n' \
		>/home/far/opensc.conf
	grep -q ^sshd: /etc/passwd || echo "sshd:x:114:65534::/run/sshd:/usr/sbin/nologin" >>/etc/passwd
	ssh-keygen -q -t ed25519 -N '' -f "$work/far-host" && ssh-keygen -q -t ed25519 -N '' -f "$work/far-key" &&
		cp "$work/far-key.pub" /home/far/.ssh/authorized_keys && cp "$work/data" /home/far/data &&
		chown -R 1234:1234 /home/far && chown 0:1234 /dev/uscard && chmod 660 /dev/uscard || return
	printf '%s\n' "Port 2223" "ListenAddress 127.0.0.1" "HostKey $work/far-host" "UsePAM no" \
		"PasswordAuthentication no" "SetEnv PATH=$tree/build/bin:/usr/bin:/bin GNUPGHOME=/home/far/gnupg OPENSC_CONF=/home/far/opensc.conf" \
		"PidFile /run/far.pid" >"$work/far_config"
	/usr/sbin/sshd -f "$work/far_config" -E "$work/far.log"
}

to_far=(-F none -p 2223 -i "$work/far-key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
	-o LogLevel=ERROR far@127.0.0.1)
far() { ssh "${to_far[@]}" "$@"; }

# forward READER: it runs from now on, and the far end has a card at $(node)
forward()
{
	local i

	scardctl forward "$1" "${to_far[@]}" >"$work/forward" 2>&1 &
	echo $! >"$work/forward.pid"
	for ((i = 0; i < 60; i++)); do
		grep -q ^/dev/scard "$work/forward" &&
			far "scardctl --json status $(node)" | grep -q '"atr": *"3B' && return
		runs || break
		sleep 0.5
	done
	cat "$work/forward" "$work/far.log"
	return 1
}

node() { sed -n '1s/ .*//p' "$work/forward"; }
runs() { kill -0 "$(cat "$work/forward.pid")" 2>/dev/null; }

# The far reader leaves with it.
leaves()
{
	local i
	for ((i = 0; i < 300; i++)); do
		runs || [[ -e $(node) ]] || return 0
		sleep 0.1
	done
	ls -l /dev/scard*
	cat "$work/forward"
	return 1
}

ends_forward()
{
	kill "$(cat "$work/forward.pid")" && leaves
}

signs_far()
{
	rm -f "$work/signature"
	far "pkcs11-tool --module $module --login --pin 123456 --id 01 -m SHA256-RSA-PKCS -s -i data -o signature" &&
		openssl dgst -sha256 -verify "$work/9a.pub" -signature /home/far/signature "$work/data"
}

prints_key_far()
{
	far "ssh-keygen -D $module" | grep -F "$(ssh-keygen -i -m PKCS8 -f "$work/9a.pub")"
}

# Another user does not find it.
is_private()
{
	says "[PIV]" -- far "opensc-tool -l" &&
		! setpriv --reuid 65534 --regid 65534 --clear-groups "$tree/build/bin/scardctl" list | grep "$(node)"
}

signs_late()
{
	modprobe sch_netem && tc qdisc add dev lo root netem delay 50ms || return
	signs_far
	local status=$?
	tc qdisc del dev lo root
	return $status
}

shows_card_far()
{
	printf '%s\n' disable-ccid pcsc-shared "reader-port $(far scardctl list | grep -o "scard Virtual Reader .OpenPGP. 0[5-9] 00")" \
		>/home/far/gnupg/scdaemon.conf
	says "Version ..........: 3.4" "Serial number ....: 00000001" -- far "gpg --card-status"
}

# ssh dies while the far program uses the card: program and reader end, and the near card is reset.
cut_in_a_command()
{
	local client
	far "while pkcs11-tool --module $module --login --pin 123456 --id 01 -m SHA256-RSA-PKCS -s -i data -o signature; do :; done" >/dev/null 2>&1 &
	client=$!
	until scardctl --json status "$PIV" | grep -q '"in use"'; do
		sleep 0.1
	done
	pkill -KILL -P "$(cat "$work/forward.pid")" -x ssh && wait $client
	leaves && grep "the connection has ended" "$work/forward"
}

tap_check "forward: sshd of the far end runs" far_ready
tap_check "forward: the PIV card is at the far end" forward "$PIV"
tap_check "forward: its reader is the far user's alone" is_private
tap_check "forward: pkcs11-tool signs at the far end" signs_far
tap_check "forward: ssh-keygen -D at the far end prints the key" prints_key_far
tap_check "forward: pkcs11-tool signs over a connection of 100 ms" signs_late
tap_check "forward: the reader leaves with scardctl forward" ends_forward
tap_check "forward: the PIV card comes again" forward "$PIV"
tap_check "forward: a cut in a command ends program and reader" cut_in_a_command
tap_check "forward: the OpenPGP card is at the far end" forward "$OPENPGP"
tap_check "forward: gpg --card-status at the far end shows the card" shows_card_far
tap_check "forward: the OpenPGP card leaves the far end" ends_forward
kill "$(cat /run/far.pid)"
chown 0:0 /dev/uscard
