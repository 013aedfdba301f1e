# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# QEMU's reader with its CAC card, and OpenSC's tools. Sourced by guest, before there are other
# readers; the database TEST_CARD has the certificates of the card.

cac_reader=$(opensc-tool -l | sed -n 's/^0 *Yes *PIN pad *//p')

# answered COMMAND...: on a busy host, QEMU's card sometimes does not answer a command, with any
# driver: then, and only then, run it again.
answered()
{
	local count=/sys/class/scard/scard0/statistics/timeouts before status try
	for try in 1 2 3; do
		before=$(cat $count)
		"$@" && return
		status=$?
		[[ $(cat $count) != "$before" ]] || break
		echo "try $try: the card did not answer"
	done
	return $status
}

# The first certificate is the one of the signing key, unchanged.
cac_certificate()
{
	certutil -L -d "sql:$TEST_CARD" -n id -a >"$work/cac.pem" || return
	pkcs11-tool --module "$module" -r --type cert --id 0001 -o "$work/cac.crt" &&
		openssl x509 -in "$work/cac.pem" -outform DER | cmp - "$work/cac.crt"
}

cac_signs()
{
	echo "signed by a card in QEMU" >"$work/cac.data"
	pkcs11-tool --module "$module" --login --pin 1234 --id 0001 -m SHA256-RSA-PKCS -s \
		-i "$work/cac.data" -o "$work/cac.signature" &&
		openssl x509 -in "$work/cac.pem" -pubkey -noout -out "$work/cac.pub" &&
		openssl dgst -sha256 -verify "$work/cac.pub" -signature "$work/cac.signature" \
			"$work/cac.data"
}

cac_leaves()
{
	/run/vm/monitor device_del reader && until [[ ! -e /dev/scard0 ]]; do sleep 0.1; done
}

tap_check "opensc-tool -n knows QEMU's CAC card" answered says CAC -- opensc-tool -r "$cac_reader" -n
tap_check "pkcs15-tool --dump: the CAC card's certificates" answered \
	says "Manufacturer ID: Common Access Card" "X.509 Certificate [CAC ID Certificate]" \
	"Private RSA Key [CAC Email Encryption Certificate]" -- pkcs15-tool --reader "$cac_reader" --dump
tap_check "pkcs11-tool reads the CAC card's certificate" answered cac_certificate
tap_check "pkcs11-tool signs with the CAC card" answered cac_signs
tap_check "the CAC card's reader is unplugged" cac_leaves
