#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: pcsc.pl READER
#
# Chipcard::PCSC on the ISO card: prints the answers of the card; dies on an error.
use strict;
use warnings;
use Chipcard::PCSC;
use Chipcard::PCSC::Card;

my $name = shift;
my $context = Chipcard::PCSC->new() or die "new: $Chipcard::PCSC::errno";
my @readers = $context->ListReaders() or die "ListReaders: $Chipcard::PCSC::errno";
print "readers ", join(", ", @readers), "\n";

my $card = Chipcard::PCSC::Card->new($context, $name, $Chipcard::PCSC::SCARD_SHARE_EXCLUSIVE)
	or die "Connect: $Chipcard::PCSC::errno";
my ($status_reader, $state, $protocol, $atr) = $card->Status();
print "status $status_reader: ", Chipcard::PCSC::array_to_ascii($atr), "\n";
$card->BeginTransaction() or die "BeginTransaction: $Chipcard::PCSC::errno";
for my $apdu ("00 A4 00 00 02 2F 00", "00 B0 00 00 04") {
	my $answer = $card->Transmit(Chipcard::PCSC::ascii_to_array($apdu))
		or die "Transmit: $Chipcard::PCSC::errno";
	print "$apdu: ", Chipcard::PCSC::array_to_ascii($answer), "\n";
}
$card->EndTransaction($Chipcard::PCSC::SCARD_LEAVE_CARD) or die "EndTransaction";

my $other = Chipcard::PCSC::Card->new($context, $name, $Chipcard::PCSC::SCARD_SHARE_SHARED);
print "second connect: ", ($other ? "granted" : $Chipcard::PCSC::errno), "\n";
$card->Disconnect($Chipcard::PCSC::SCARD_RESET_CARD) or die "Disconnect";
print "done\n";
