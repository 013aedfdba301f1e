// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of cards by ATR, from the list of pcsc-tools: a line with a regular expression of the
 * ATR in hexadecimal, "3B 6F 00 .. 80", then lines of text that begin with a tab.
 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "scardctl.h"

#define LIST	"smartcard_list.txt"

/* Search where ATR_analysis does: the user's own download first, as it is newer. */
static FILE *open_list(void)
{
	static const char * const places[] = {
		"/usr/local/pcsc/" LIST, "/usr/share/pcsc/" LIST, "/usr/local/share/pcsc/" LIST
	};
	const char *home = getenv("HOME"), *cache = getenv("XDG_CACHE_HOME");
	char path[4096];
	FILE *list = NULL;
	size_t i;

	if (cache && *cache) {
		snprintf(path, sizeof(path), "%s/" LIST, cache);
		list = fopen(path, "re");
	} else if (home) {
		snprintf(path, sizeof(path), "%s/.cache/" LIST, home);
		list = fopen(path, "re");
	}
	if (!list && home) {
		snprintf(path, sizeof(path), "%s/." LIST, home);
		list = fopen(path, "re");
	}
	for (i = 0; !list && i < sizeof(places) / sizeof(places[0]); i++)
		list = fopen(places[i], "re");
	return list;
}

/*
 * Does the expression match the whole ATR? Most of the thousands of lines differ in the
 * first bytes: do not compile these.
 */
static bool matches(const char *expression, const char *atr)
{
	char anchored[512];
	regex_t regex;
	bool is;
	size_t i;

	for (i = 0; atr[i] && strchr("0123456789ABCDEFabcdef ", expression[i]); i++)
		if (!expression[i] || (expression[i] & ~0x20) != (atr[i] & ~0x20))
			return false;
	if ((size_t)snprintf(anchored, sizeof(anchored), "^(%s)$", expression) >= sizeof(anchored) ||
	    regcomp(&regex, anchored, REG_EXTENDED | REG_ICASE | REG_NOSUB))
		return false;
	is = !regexec(&regex, atr, 0, NULL, 0);
	regfree(&regex);
	return is;
}

/* Replace control characters: the list is foreign text, and goes to a terminal. */
static void clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
}

/*
 * Call @name for each name of the card with this ATR, in the order of the list; return
 * false if there is no list.
 */
bool names_find(const uint8_t *atr, size_t len, void (*name)(const char *words))
{
	FILE *list = open_list();
	char hex[3 * SCARD_MAX_ATR_SIZE + 1] = "", *line = NULL;
	bool ours = false;
	size_t i, size = 0;
	ssize_t n;

	if (!list)
		return false;
	for (i = 0; i < len && i < SCARD_MAX_ATR_SIZE; i++)
		snprintf(hex + strlen(hex), sizeof(hex) - strlen(hex), "%s%02X", i ? " " : "", atr[i]);
	while ((n = getline(&line, &size, list)) > 0) {
		while (n && strchr("\r\n ", line[n - 1]))
			line[--n] = 0;
		if (line[0] == '\t') {
			clean(line);
			if (ours)
				name(line + strspn(line, " "));
		} else if (line[0] && line[0] != '#') {
			ours = matches(line, hex);
		}
	}
	free(line);
	fclose(list);
	return true;
}
