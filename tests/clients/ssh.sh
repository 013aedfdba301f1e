# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# ssh, ssh-agent and ssh-keygen -D (PKCS#11) with the key on the PIV card, with a server of its
# own on the loopback. Sourced by guest.

printf '#!/bin/sh\necho 123456\n' >"$work/askpass"
chmod 755 "$work/askpass"

start_sshd()
{
	mkdir -p -m 755 /run/sshd /root/.ssh
	grep -q ^sshd: /etc/passwd || echo "sshd:x:114:65534::/run/sshd:/usr/sbin/nologin" >>/etc/passwd
	ssh-keygen -q -t ed25519 -N '' -f "$work/host" &&
		ssh-keygen -D "$module" >"$work/keys" &&
		grep 'PIV AUTH' "$work/keys" >/root/.ssh/authorized_keys &&
		chmod -R go= /root/.ssh &&
		printf '%s\n' "Port 2222" "ListenAddress 127.0.0.1" "HostKey $work/host" "UsePAM no" \
			"PermitRootLogin yes" "PasswordAuthentication no" "StrictModes no" \
			"LogLevel VERBOSE" >"$work/sshd_config" &&
		/usr/sbin/sshd -f "$work/sshd_config" -E "$work/sshd.log"
}

same_key()
{
	ssh-keygen -D "$module" | grep -F "$(ssh-keygen -i -m PKCS8 -f "$work/9a.pub")"
}

logs_in()
{
	local output
	output=$(SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force ssh -F none -p 2222 \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PKCS11Provider="$module" \
		-o IdentityFile=none -o BatchMode=no root@127.0.0.1 'echo in as $USER') 2>&1
	[[ $output = "in as root" ]] && grep "Accepted publickey for root" "$work/sshd.log" &&
		return
	cat "$work/sshd.log"
	return 1
}

# A signature in OpenSSH's format, which is valid for this file only.
signs_a_file()
{
	echo "holder@example.org $(cat "$work/agent.pub")" >"$work/signers"
	rm -f "$work/data.sig"
	ssh-keygen -Y sign -f "$work/agent.pub" -n file "$work/data" &&
		ssh-keygen -Y verify -f "$work/signers" -I holder@example.org -n file \
			-s "$work/data.sig" <"$work/data" | grep 'Good "file" signature' || return
	echo "another file" | ssh-keygen -Y verify -f "$work/signers" -I holder@example.org -n file \
		-s "$work/data.sig" 2>&1 | grep "incorrect signature"
}

agent_signs()
{
	eval "$(ssh-agent -P "$module")" >/dev/null
	SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force ssh-add -s "$module" &&
		ssh-add -T "$work/agent.pub" && signs_a_file
	local status=$?
	ssh-agent -k >/dev/null
	return $status
}

tap_check "sshd runs on the loopback" start_sshd
tap_check "ssh-keygen -D prints the public key of the card" same_key
tap_check "ssh logs in with the key on the card" logs_in
ssh-keygen -i -m PKCS8 -f "$work/9a.pub" >"$work/agent.pub"
tap_check "ssh-agent signs with the key on the card, a challenge and a file" agent_signs
kill "$(cat /run/sshd.pid)"
