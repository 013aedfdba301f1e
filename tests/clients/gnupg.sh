# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# gpg with scdaemon (disable-ccid, pcsc-shared) through the SCard API, on the OpenPGP card.
# Sourced by guest.

export GNUPGHOME=$work/gnupg
mkdir -m 700 "$GNUPGHOME"
printf '%s\n' disable-ccid pcsc-shared "reader-port $OPENPGP" >"$GNUPGHOME/scdaemon.conf"
echo allow-loopback-pinentry >"$GNUPGHOME/gpg-agent.conf"

card_gpg() { gpg --no-tty --yes --pinentry-mode loopback --passphrase 12345678 "$@"; }

makes_keys()
{
	printf '%s\n' admin generate n 0 "Card Holder" holder@example.org "" quit |
		says "KEY_CREATED B" -- card_gpg --command-fd 0 --status-fd 1 --card-edit &&
		says "[SC]" "[A]" "[E]" holder@example.org -- gpg --list-keys &&
		says "ssb>" -- gpg --list-secret-keys
}

signs_and_verifies()
{
	card_gpg --sign -o "$work/data.gpg" "$work/data" &&
		says "Good signature from \"Card Holder" -- gpg --verify "$work/data.gpg" &&
		gpg --no-tty -d "$work/data.gpg" 2>/dev/null | cmp - "$work/data"
}

decrypts_own()
{
	gpg --no-tty --trust-model always -e -r holder@example.org -o "$work/secret.gpg" "$work/data" &&
		card_gpg -d "$work/secret.gpg" 2>/dev/null | cmp - "$work/data"
}

counts()
{
	gpg --card-status | awk '/^Signature counter/ { counted = $NF > 0 } END { exit !counted }'
}

tap_check "gpg-connect-agent: scdaemon names the card" \
	says "S SERIALNO D276000124010304FFFE000000010000" -- gpg-connect-agent "scd serialno" /bye
tap_check "gpg --card-status shows the card" \
	says "Reader ...........: $OPENPGP" "Version ..........: 3.4" "Serial number ....: 00000001" \
	"PIN retry counter : 3 0 3" -- gpg --card-status
tap_check "gpg --card-edit makes three keys on the card" makes_keys
tap_check "gpg signs with the card, and the signature is good" signs_and_verifies
tap_check "gpg decrypts with the card" decrypts_own
tap_check "gpg: the card has counted its signatures" counts
tap_check "gpg-connect-agent: an APDU for the card" \
	says "D " OK -- gpg-connect-agent "scd apdu 00CA004F00" /bye
tap_check "opensc-tool shares the card with scdaemon" \
	says "3b:88:81:31:fe:55" -- opensc-tool -r "$OPENPGP" -a
gpgconf --kill all
