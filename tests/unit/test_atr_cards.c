// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ATRs of cards in public reports, and of cards with some peculiarity: protocols, PPS and
 * SetParameters. The table was calculated from ISO 7816-3 sections 8 to 11 and CCID 1.1 section
 * 6.1.7 by a program that shares nothing with the parsers, for a reader with 4 MHz and up to
 * 500 kbit/s that prefers T=1. A number behind the name of a project is that of a report on
 * GitHub; the other ATRs are those of pcsc-tools' list.
 */
#include "params.h"
#include "parse_atr.h"
#include "unit.h"

enum tck { TCK_OK, TCK_WRONG, TCK_MISSING };

static const struct card {
	const char *name, *atr;
	unsigned int protocols, first;
	enum tck tck;			/* OK also for an ATR that must have none */
	const char *pps;		/* empty: the card is used as it is after a reset */
	const char *params;
} cards[] = {
	{ "PCSC 117",
	  "3B 7F 12 00 00 44 56 4E 20 54 45 43 48 20 52 65 76 35 33 76",
	  0x1, 0, TCK_OK, "FF 10 12 FD", "12 00 00 0A 00" },
	{ "PCSC 103, memory card",
	  "3B 04 17 04 FF FF",
	  0x1, 0, TCK_OK, "", "11 00 00 0A 00" },
	{ "pcsc-tools 46, SLE 4442",
	  "3B 04 A2 13 10 91",
	  0x1, 0, TCK_OK, "", "11 00 00 0A 00" },
	{ "pcsc-tools 29, SLE 4442",
	  "3B 04 92 23 10 91",
	  0x1, 0, TCK_OK, "", "11 00 00 0A 00" },
	{ "PCSC 71, JTaxCore",
	  "3B FA 18 00 00 81 31 FE 45 4A 54 61 78 43 6F 72 65 56 31 B2",
	  0x2, 1, TCK_OK, "FF 11 18 F6", "18 10 00 45 00 FE 00" },
	{ "CCID 27, CardOS 4.3",
	  "3B F2 18 00 02 C1 0A 31 FE 58 C8 08 74",
	  0x2, 1, TCK_OK, "FF 11 18 F6", "18 10 02 58 00 FE 00" },
	{ "CCID 79, OpenPGP card 2",
	  "3B DA 18 FF 81 B1 FE 75 1F 03 00 31 C5 73 C0 01 40 00 90 00 0C",
	  0x2, 1, TCK_OK, "FF 11 18 F6", "18 10 FF 75 00 FE 00" },
	{ "CCID 162, JCOP",
	  "3B 89 80 01 4A 43 4F 50 32 34 32 52 32 4A",
	  0x3, 0, TCK_OK, "FF 01 FE", "11 10 00 4D 00 20 00" },
	/* Clock stop in TA(4): bClockStop is 3. libccid sends 0 for it, the SIMs and the PIV. */
	{ "CCID 196, iShield Key 2",
	  "3B D5 18 FF 81 B1 FE 45 1F C3 80 73 C8 21 10 6F",
	  0x2, 1, TCK_OK, "FF 11 18 F6", "18 10 FF 45 03 FE 00" },
	{ "pyscard 18",
	  "3B 8F 80 01 80 4F 0C A0 00 00 03 06 03 00 03 00 00 00 00 68",
	  0x3, 0, TCK_OK, "FF 01 FE", "11 10 00 4D 00 20 00" },
	{ "pyscard-contrib 1, JCOP",
	  "3B F8 13 00 00 81 31 FE 45 4A 43 4F 50 76 32 34 31 B7",
	  0x2, 1, TCK_OK, "FF 11 13 FD", "13 10 00 45 00 FE 00" },
	{ "GidsApplet 10, JCOP",
	  "3B F8 18 00 00 81 31 FE 45 00 73 C8 40 00 00 90 00 80",
	  0x2, 1, TCK_OK, "FF 11 18 F6", "18 10 00 45 00 FE 00" },
	{ "vsmartcard 201, CIE",
	  "3B 8F 80 01 80 31 80 65 B0 85 04 00 11 12 0F FF 82 90 00 8A",
	  0x3, 0, TCK_OK, "FF 01 FE", "11 10 00 4D 00 20 00" },
	{ "cardpeek 10, SIM",
	  "3B 9F 95 80 1F C7 80 31 E0 73 FE 21 1B 63 E2 07 A7 83 0F 90 00 89",
	  0x1, 0, TCK_OK, "FF 10 95 7A", "95 00 00 0A 03" },
	{ "swsim 13, SIM, two bytes too many",
	  "3B 9F 96 C0 0A 1F C6 80 31 E0 73 FE 21 1F 65 D0 02 33 15 8D 81 0F 6A 00 00",
	  0x1, 0, TCK_OK, "FF 10 96 79", "96 00 00 0A 03" },
	{ "proxmark3 127, SIM",
	  "3B 67 00 00 00 00 00 00 00 90 00",
	  0x1, 0, TCK_OK, "", "11 00 00 0A 00" },
	{ "tinyTouch 16, wrong TCK",
	  "3B 80 01 01",
	  0x2, 1, TCK_WRONG, "", "11 10 00 4D 00 20 00" },
	/*
	 * TD1 announces T=1, so ISO 7816-3 section 8.2.5 demands TCK. libccid refuses the ATR.
	 * We do not: a refusal is SCARD_W_UNRESPONSIVE_CARD for good, while the interface bytes
	 * are complete and T=1 checks each block.
	 */
	{ "cut off before TCK",
	  "3B F0 11 00 FF 01",
	  0x2, 1, TCK_MISSING, "", "11 10 FF 4D 00 20 00" },
	/* libccid takes 75 for BWI and CWI of this card. */
	{ "OpenPGP card 1",
	  "3B FA 13 00 FF 81 31 80 45 00 31 C1 73 C0 01 00 00 90 00 B1",
	  0x2, 1, TCK_OK, "FF 11 13 FD", "13 10 FF 45 00 80 00" },
	{ "EstEID cold",
	  "3B FE 94 00 FF 80 B1 FA 45 1F 03 45 73 74 45 49 44 20 76 65 72 20 31 2E 30 43",
	  0x3, 0, TCK_OK, "FF 11 94 7A", "94 10 FF 45 00 FA 00" },
	{ "EstEID warm",
	  "3B 6E 00 00 45 73 74 45 49 44 20 76 65 72 20 31 2E 30",
	  0x1, 0, TCK_OK, "", "11 00 00 0A 00" },
	{ "EstEID 3",
	  "3B FE 18 00 00 80 31 FE 45 45 73 74 45 49 44 20 76 65 72 20 31 2E 30 A8",
	  0x3, 0, TCK_OK, "FF 11 18 F6", "18 10 00 45 00 FE 00" },
	{ "OpenSC 379, Cryptoflex",
	  "3B 95 15 40 FF 63 01 01 02 01",
	  0x1, 0, TCK_OK, "FF 10 15 FA", "15 00 00 FF 00" },
	{ "OpenSC 379, Multiflex",
	  "3B 02 14 50",
	  0x1, 0, TCK_OK, "", "11 00 00 0A 00" },
	{ "OpenSC 379, Multiflex 3K",
	  "3B 19 14 55 90 01 02 01 00 05 04 B0",
	  0x1, 0, TCK_OK, "FF 10 14 FB", "14 00 00 0A 00" },
	{ "OpenSC 379, Multiflex, TA1 and TB1",
	  "3B 32 15 00 06 80",
	  0x1, 0, TCK_OK, "FF 10 15 FA", "15 00 00 0A 00" },
	{ "OpenSC 379, TC2 without TA1",
	  "3B 85 40 20 68 01 01 03 05",
	  0x1, 0, TCK_OK, "", "11 00 00 20 00" },
	{ "OpenSC 526, TB1, TC1, TC2",
	  "3B E2 00 00 40 20 49 05",
	  0x1, 0, TCK_OK, "", "11 00 00 20 00" },
	{ "OpenSC 379, FINEID",
	  "3B 9F 94 40 1E 00 67 16 43 46 49 53 45 10 52 66 FF 81 90 00",
	  0x1, 0, TCK_OK, "FF 10 94 7B", "94 00 00 1E 00" },
	{ "DNIe",
	  "3B 7F 38 00 00 00 6A 44 4E 49 65 00 02 4C 34 01 13 0F 65 81",
	  0x1, 0, TCK_OK, "FF 10 38 D7", "38 00 00 0A 00" },
	{ "BELPIC",
	  "3B 98 13 40 0A A5 03 01 01 01 AD 13 11",
	  0x1, 0, TCK_OK, "FF 10 13 FC", "13 00 00 0A 00" },
	{ "GidsApplet 10, IAS ECC",
	  "3B 7F 96 00 00 00 31 B9 64 40 70 14 10 73 94 01 80 82 90 00",
	  0x1, 0, TCK_OK, "FF 10 96 79", "96 00 00 0A 00" },
	{ "SmartCard-HSM",
	  "3B FE 18 00 00 81 31 FE 45 80 31 81 54 48 53 4D 31 73 80 21 40 81 07 FA",
	  0x2, 1, TCK_OK, "FF 11 18 F6", "18 10 00 45 00 FE 00" },
	{ "CardOS 5",
	  "3B D2 18 00 81 31 FE 58 C9 02 17",
	  0x2, 1, TCK_OK, "FF 11 18 F6", "18 10 00 58 00 FE 00" },
	{ "YubiKey NEO",
	  "3B FC 13 00 00 81 31 FE 15 59 75 62 69 6B 65 79 4E 45 4F 72 33 E1",
	  0x2, 1, TCK_OK, "FF 11 13 FD", "13 10 00 15 00 FE 00" },
	{ "YubiKey 5",
	  "3B FD 13 00 00 81 31 FE 15 80 73 C0 21 C0 57 59 75 62 69 4B 65 79 40",
	  0x2, 1, TCK_OK, "FF 11 13 FD", "13 10 00 15 00 FE 00" },
	{ "PIV, T=15 behind T=0",
	  "3B DB 96 00 80 1F 83 00 31 C0 64 1D 18 01 00 01 90 00 51",
	  0x1, 0, TCK_OK, "FF 10 96 79", "96 00 00 0A 02" },
	{ "SIM, inverse",
	  "3F 67 25 00 21 20 00 0F 68 90 00",
	  0x1, 0, TCK_OK, "", "11 02 00 0A 00" },
	{ "specific mode, T=0",
	  "3B B2 11 00 10 80 00 01",
	  0x1, 0, TCK_OK, "", "11 00 00 0A 00" },
	{ "Geldkarte",
	  "3B EF 00 00 81 31 20 49 00 5C 50 43 54 10 27 F8 D2 76 00 00 38 33 00 4D",
	  0x2, 1, TCK_OK, "", "11 10 00 49 00 20 00" },
	{ "IFSC 144, BWI 7, CWI 3",
	  "3B B0 11 00 81 31 90 73 F2",
	  0x2, 1, TCK_OK, "", "11 10 00 73 00 90 00" },
	{ "IFSC 128, BWI 4, CWI 2",
	  "3B F7 11 00 00 81 71 80 42 00 00 63 95 0A 01 90 00 B9",
	  0x2, 1, TCK_OK, "", "11 10 00 42 00 80 00" },
};

KUNIT_ARRAY_PARAM_DESC(cards, cards, name);

static void check_pps(const struct atr *a, u8 t, u8 fi_di, const char *want)
{
	u8 buf[PPS_LEN_MAX];

	if (*want)
		CHECK_HEX(buf, ccid_pps_put(buf, t, fi_di), want);
	else
		CHECK(a->specific || (t == a->first && fi_di == ATR_FI_DI_DEFAULT));
}

static void check_params(const struct atr *a, u8 t, u8 fi_di, const char *want)
{
	u8 buf[PARAMS_T1_LEN];

	if (t)
		CHECK_HEX(buf, ccid_params_put_t1(buf, a, fi_di, a->ifsc), want);
	else
		CHECK_HEX(buf, ccid_params_put_t0(buf, a, fi_di), want);
}

static void card(struct kunit *test)
{
	static const struct params_reader reader = { .clock = 4000, .max_rate = 500000 };
	const struct card *c = test->param_value;
	struct atr a;
	u8 fi_di = 0, t;

	STEP("atr: card: %s", c->name);
	a = parse_atr(c->atr);
	t = !!(a.protocols & 2);
	CHECK_EQ(a.protocols, c->protocols);
	CHECK_EQ(a.first, c->first);
	CHECK_EQ(a.tck_ok, c->tck == TCK_OK);
	CHECK_EQ(a.truncated, c->tck == TCK_MISSING);
	CHECK_EQ(ccid_params_choose(&fi_di, &a, &reader), 0);
	check_pps(&a, t, fi_di, c->pps);
	check_params(&a, t, fi_di, c->params);
}

static struct kunit_case atr_cards_cases[] = {
	KUNIT_CASE_PARAM(card, cards_gen_params),
	{}
};

static struct kunit_suite atr_cards_suite = {
	.name = "scard-atr-cards",
	.test_cases = atr_cards_cases,
};

kunit_test_suite(atr_cards_suite);
