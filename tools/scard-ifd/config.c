// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files in the format of pcsc-lite's reader.conf: lines of a keyword and a value, which may stand
 * in quotation marks; # begins a comment. FRIENDLYNAME begins a reader.
 */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"

static void forget(struct config *c)
{
	free(c->name);
	free(c->driver);
	free(c->device);
	*c = (struct config){ 0 };
}

/* The value of a line behind its keyword; ends it in place. */
static char *value_of(char *s)
{
	char *end;

	s += strspn(s, " \t");
	if (*s == '"') {
		end = strchr(++s, '"');
		if (!end)
			return NULL;
	} else {
		end = s + strcspn(s, "#\r\n");
		while (end > s && isspace((unsigned char)end[-1]))
			end--;
	}
	*end = 0;
	return s;
}

static void put(char **to, const char *value)
{
	free(*to);
	*to = strdup(value);
}

/* One line of a reader. Return: false if it makes no sense */
static bool take(struct config *c, const char *key, const char *value)
{
	char *end;

	if (!strcmp(key, "FRIENDLYNAME")) {
		put(&c->name, value);
	} else if (!strcmp(key, "DEVICENAME")) {
		put(&c->device, value);
	} else if (!strcmp(key, "LIBPATH")) {
		put(&c->driver, value);
	} else if (!strcmp(key, "CHANNELID")) {
		c->channel = strtoul(value, &end, 0);
		return end != value && !*end;
	} else {
		return false;
	}
	return true;
}

/* Read the next reader of a file; *@pending: the name of the one behind it. */
static bool next(FILE *file, const char *path, char **pending, struct config *c)
{
	char *line = NULL;
	size_t size = 0;

	forget(c);
	if (*pending) {
		c->name = *pending;
		*pending = NULL;
	}
	while (getline(&line, &size, file) > 0) {
		char *key = line + strspn(line, " \t"), *value;
		size_t len = strcspn(key, " \t\r\n");

		if (!len || *key == '#')
			continue;
		value = key[len] ? value_of(key + len + 1) : key + len;
		key[len] = 0;
		if (!strcmp(key, "FRIENDLYNAME") && value && c->name) {
			*pending = strdup(value);
			break;
		}
		if (!value || !take(c, key, value))
			log_line("%s: cannot understand the line of %s", path, key);
	}
	free(line);
	return c->name;
}

/* Find a reader in a file. @any: its first one */
static int find_in_file(const char *path, const char *name, bool any, struct config *c)
{
	FILE *file = fopen(path, "re");
	char *pending = NULL;
	int ret = -ENOENT;

	if (!file)
		return -errno;
	while (next(file, path, &pending, c)) {
		if (!any && strcmp(c->name, name))
			continue;
		ret = c->driver ? 0 : -EINVAL;
		break;
	}
	if (ret)
		forget(c);
	free(pending);
	fclose(file);
	return ret;
}

static int find_in_directory(const char *path, const char *name, struct config *c)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int ret = -ENOENT;
	char *file;

	if (!dir)
		return -errno;
	while (ret == -ENOENT && (entry = readdir(dir))) {
		if (*entry->d_name == '.' || asprintf(&file, "%s/%s", path, entry->d_name) < 0)
			continue;
		ret = find_in_file(file, name, !strcmp(entry->d_name, name), c);
		free(file);
	}
	closedir(dir);
	return ret;
}

int config_find(const char *path, const char *name, struct config *config)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	return S_ISDIR(st.st_mode) ? find_in_directory(path, name, config) :
				     find_in_file(path, name, false, config);
}
