# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# opensc-tool, opensc-explorer, pkcs15-tool, pkcs11-tool and p11tool on the PIV card and others.
# Sourced by guest.

p11() { pkcs11-tool --module "$module" --login --pin 123456 "$@"; }

explores_iso()
{
	printf 'info\napdu 00 A4 00 0C 02 2F 00\napdu 00 B0 00 00 04\nrandom 4\nquit\n' |
		says "OpenSC [3F00]>" "Dedicated File  ID 3F00" "40 41 42 43" 00000000: -- \
			opensc-explorer -r "$ISO"
}

# Write a public object: it needs the administrator's PIN.
explores_openpgp()
{
	cat >"$work/explorer" <<-'EOF'
		do_get 004F
		do_put 5F50 "http://no.example"
		verify CHV3 "12345670"
		verify CHV3 "12345678"
		do_put 5F50 "http://yes.example"
		do_get 5F50
		quit
	EOF
	says "D2 76 00 01 24 01" "Failed to put data to DO 5F50: Security status not satisfied" \
		"Unable to verify PIN code" "Code correct" "Total of 18 bytes written" \
		"68 74 74 70 3A 2F 2F 79 65 73 2E 65 78 61 6D 70" -- \
		opensc-explorer -r "$OPENPGP" "$work/explorer"
}

verifies_pin()
{
	refuses "PIN code or key incorrect" \
		pkcs15-tool --reader "$PIV" --verify-pin --auth-id 01 --pin 654321 &&
		pkcs15-tool --reader "$PIV" --verify-pin --auth-id 01 --pin 123456
}

reads_keys()
{
	pkcs15-tool --reader "$PIV" --read-public-key 01 | grep -v '^Using' | cmp - "$work/9a.pub" &&
		pkcs15-tool --reader "$PIV" --read-ssh-key 01 |
		grep -F "$(ssh-keygen -i -m PKCS8 -f "$work/9a.pub")"
}

reads_certificate()
{
	pkcs15-tool --reader "$PIV" --read-certificate 01 -o "$work/pkcs15.crt" &&
		openssl x509 -in "$work/pkcs15.crt" -outform DER | cmp - <(
			openssl x509 -in "$made/piv/9a.crt" -outform DER)
}

signs()
{
	p11 --id 01 -m SHA256-RSA-PKCS -s -i "$work/data" -o "$work/signature" &&
		openssl dgst -sha256 -verify "$work/9a.pub" -signature "$work/signature" "$work/data"
}

verifies()
{
	says "Signature is valid" -- p11 --id 01 -m SHA256-RSA-PKCS --verify -i "$work/data" \
		--signature-file "$work/signature" || return
	echo "not what was signed" >"$work/other"
	p11 --id 01 -m SHA256-RSA-PKCS --verify -i "$work/other" --signature-file "$work/signature" 2>&1 |
		grep "Invalid signature"
}

decrypts()
{
	openssl pkeyutl -encrypt -pubin -inkey "$work/9d.pub" -in "$work/data" -out "$work/secret" &&
		p11 --id 03 -m RSA-PKCS --decrypt -i "$work/secret" -o "$work/plain" &&
		cmp "$work/plain" "$work/data"
}

# The card has no random numbers: the only errors of the test, one of OpenSC 0.23, three of 0.26.
tests_everything()
{
	local output errors
	output=$(p11 --test 2>&1) || { echo "$output"; return 1; }
	errors=$(sed -n 's/^\([0-9]*\) errors$/\1/p' <<<"$output")
	if [[ $output != *"all 4 signature functions seem to work"*"SHA256-RSA-PKCS: OK"* ||
		$output != *"Decryption"*"key 1 (KEY MAN key)"*"RSA-PKCS: OK"* ||
		$(grep -c 'ERR: C_GenerateRandom' <<<"$output") != "$errors" ]]; then
		echo "$output"
		return 1
	fi
}

url="pkcs11:token=scard%20test%209a;object=PIV%20AUTH%20key;type=private"
certificate="pkcs11:token=scard%20test%209a;object=Certificate%20for%20PIV%20Authentication;type=cert"

p11tool_exports()
{
	p11tool --provider "$module" --export "$certificate" --outfile "$work/p11tool.crt" &&
		openssl x509 -in "$work/p11tool.crt" -outform DER | cmp - <(
			openssl x509 -in "$made/piv/9a.crt" -outform DER)
}

tap_check "opensc-tool -l lists three readers, all with cards" \
	says "0    Yes             $PIV" "1    Yes             $OPENPGP" "2    Yes             $ISO" \
	-- opensc-tool -l
tap_check "opensc-tool -n knows the PIV card" \
	says "Personal Identity Verification Card" -- opensc-tool -r "$PIV" -n
tap_check "opensc-tool -n knows the OpenPGP card" \
	says "OpenPGP card" -- opensc-tool -r "$OPENPGP" -n
tap_check "opensc-tool -s: the answer of the ISO card" \
	says "SW1=0x90, SW2=0x00" "40 41 42 43" -- \
	opensc-tool -r "$ISO" -s 00A40000022F00 -s 00B0000004
tap_check "opensc-explorer walks the ISO card" explores_iso
tap_check "opensc-explorer reads and writes data of the OpenPGP card" explores_openpgp
tap_check "pkcs15-tool --dump: two keys, two certificates, a PIN" \
	says "Private RSA Key [PIV AUTH key]" "Private RSA Key [KEY MAN key]" "PIN [PIN]" \
	"X.509 Certificate [Certificate for Key Management]" -- pkcs15-tool --reader "$PIV" --dump
tap_check "pkcs15-tool reads the certificate of the card" reads_certificate
tap_check "pkcs15-tool reads the public key, for OpenSSL and for OpenSSH" reads_keys
tap_check "pkcs15-tool verifies the PIN, and reports a wrong one" verifies_pin
tap_check "pkcs11-tool -L: the tokens" \
	says "$PIV" "token label        : scard test 9a" "$ISO" -- pkcs11-tool --module "$module" -L
tap_check "pkcs11-tool: a wrong PIN is refused" \
	refuses CKR_PIN_INCORRECT pkcs11-tool --module "$module" --login --pin 654321 -O
tap_check "pkcs11-tool: login gives access to the private keys" \
	says "Private Key Object; RSA" "KEY MAN key" -- p11 -O
tap_check "pkcs11-tool signs, openssl verifies the signature" signs
tap_check "pkcs11-tool verifies, and refuses other data" verifies
tap_check "pkcs11-tool decrypts what openssl encrypted" decrypts
tap_check "pkcs11-tool --test" tests_everything
tap_check "p11tool lists the token" \
	says "Label: scard test 9a" "Requires login" -- p11tool --provider "$module" --list-tokens
tap_check "p11tool exports the certificate of the card" p11tool_exports
tap_check "p11tool signs and verifies" \
	says "Signing using RSA-SHA256... ok" "Verifying against private key parameters... ok" -- \
	env GNUTLS_PIN=123456 p11tool --provider "$module" --login --test-sign "$url"
