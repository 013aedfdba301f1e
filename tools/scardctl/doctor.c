// SPDX-License-Identifier: GPL-2.0-or-later
/* doctor: find what keeps smart cards from working on this machine, and advise. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <link.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"
#include "scardctl.h"

#define SIGNATURE	"~Module signature appended~\n"

/* --- the module */

static bool ends_in_signature(const char *path)
{
	char tail[sizeof(SIGNATURE)] = "";
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	if (!fseek(f, -(long)strlen(SIGNATURE), SEEK_END) &&
	    fread(tail, 1, strlen(SIGNATURE), f) != strlen(SIGNATURE))
		tail[0] = '\0';
	fclose(f);
	return !strcmp(tail, SIGNATURE);
}

/* Does the kernel refuse unsigned modules? */
static bool signatures_wanted(void)
{
	char line[128];

	if (doctor_read_line("/sys/module/module/parameters/sig_enforce", line, sizeof(line)) &&
	    line[0] == 'Y')
		return true;
	return doctor_read_line("/sys/kernel/security/lockdown", line, sizeof(line)) &&
	       !strstr(line, "[none]");
}

/* Find the module's file below /lib/modules/@release; "*" is any kernel. */
static bool module_file(const char *release, char *path, size_t size)
{
	static const char * const places[] = { "updates/dkms", "updates", "extra" };
	char pattern[320];
	glob_t found;
	size_t i;
	bool is;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(pattern, sizeof(pattern), "/lib/modules/%s/%s/scard.ko*", release,
			 places[i]);
		is = !glob(pattern, 0, NULL, &found);
		if (is)
			snprintf(path, size, "%s", found.gl_pathv[0]);
		globfree(&found);
		if (is)
			return true;
	}
	return false;
}

static bool doctor_module(void)
{
	struct utsname kernel;
	char path[320];

	if (!access("/sys/module/scard", F_OK))
		return true;
	uname(&kernel);
	if (!module_file(kernel.release, path, sizeof(path))) {
		if (module_file("*", path, sizeof(path)))
			doctor_finding("sudo dkms autoinstall, or start the kernel that it was built for",
				       "the module is not built for this kernel, %s, but there is %s",
				       kernel.release, path);
		else
			doctor_finding("apt install scard-dkms, or make && sudo make install in the sources",
				       "the module is not installed");
	} else if (signatures_wanted() && !ends_in_signature(path)) {
		doctor_finding("sudo mokutil --import /var/lib/dkms/mok.pub, restart, enroll the key, and dkms autoinstall",
			       "the kernel takes signed modules only (secure boot), and %s has no signature",
			       path);
	} else if (signatures_wanted()) {
		doctor_finding("sudo modprobe scard; if the key is rejected: mokutil --import /var/lib/dkms/mok.pub, and restart",
			       "the module is not loaded; with secure boot its key must be enrolled");
	} else {
		doctor_finding("sudo modprobe scard; dmesg says why if that fails",
			       "the module is installed, but not loaded");
	}
	return false;
}

/* --- the nodes */

static bool in_group(gid_t gid)
{
	gid_t groups[1024];
	int n = getgroups(sizeof(groups) / sizeof(groups[0]), groups);

	while (n-- > 0)
		if (groups[n] == gid)
			return true;
	return getegid() == gid;
}

/* Does the group database list the user, even if this login does not have the group yet? */
static bool listed_in_group(const struct group *group, const char *user)
{
	char **member;

	for (member = group->gr_mem; *member; member++)
		if (!strcmp(*member, user))
			return true;
	return false;
}

/* Is the node that of a reader which a process has made for its user alone (/dev/uscard)? */
static bool is_private(const char *node, const struct stat *st)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/class/scard/%s/private", strrchr(node, '/') + 1);
	return !access(path, F_OK) && st->st_uid && !(st->st_mode & 0077);
}

static void refused_private(const char *node, const struct stat *st)
{
	struct passwd *passwd = getpwuid(st->st_uid);
	char owner[64], advice[256];

	if (passwd)
		snprintf(owner, sizeof(owner), "%.63s", passwd->pw_name);
	else
		snprintf(owner, sizeof(owner), "%u", st->st_uid);
	snprintf(advice, sizeof(advice), "this is as %s has it; root shows the reader to all by echo 0 >/sys/class/scard/%s/private, and gives the node by chgrp and chmod",
		 owner, strrchr(node, '/') + 1);
	doctor_finding(advice, "%s is a private reader of user %s, which only that user may open",
		       node, owner);
}

static void refused(const char *node, const struct stat *st)
{
	struct passwd *passwd = getpwuid(geteuid());
	const char *user = passwd ? passwd->pw_name : "you";
	struct group *group = getgrgid(st->st_gid);
	char advice[256];

	if (!group || !group->gr_gid || (st->st_mode & 0060) != 0060) {
		doctor_finding("install the udev rule 70-scard.rules (make install, or the package scard-dkms), "
			       "then sudo udevadm trigger", "%s may be opened by root only (mode %03o)",
			       node, st->st_mode & 0777);
	} else if (!in_group(st->st_gid) && listed_in_group(group, user)) {
		doctor_finding("log out and in again", "%s may not open %s: this session is older than the membership in group %s",
			       user, node, group->gr_name);
	} else {
		snprintf(advice, sizeof(advice), "log in at this seat, or sudo adduser %s %s and log in again",
			 user, group->gr_name);
		doctor_finding(advice, "%s may not open %s, which is of group %s", user, node,
			       group->gr_name);
	}
}

static void doctor_nodes(void)
{
	static const char * const rules[] = {
		"/etc/udev/rules.d/70-scard.rules", "/run/udev/rules.d/70-scard.rules",
		"/usr/local/lib/udev/rules.d/70-scard.rules", "/usr/lib/udev/rules.d/70-scard.rules",
		"/lib/udev/rules.d/70-scard.rules",
	};
	bool rule = false;
	struct stat st;
	glob_t nodes;
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rule |= !access(rules[i], F_OK);
	if (!rule)
		doctor_finding("make install in the sources, or apt install scard-dkms; then sudo udevadm trigger",
			       "there is no udev rule for the readers: only root may open them");
	if (glob("/dev/scard[0-9]*", 0, NULL, &nodes))
		nodes.gl_pathc = 0;
	for (i = 0; i < nodes.gl_pathc; i++)
		if (faccessat(AT_FDCWD, nodes.gl_pathv[i], R_OK | W_OK, AT_EACCESS) &&
		    errno == EACCES && !stat(nodes.gl_pathv[i], &st)) {
			if (is_private(nodes.gl_pathv[i], &st))
				refused_private(nodes.gl_pathv[i], &st);
			else
				refused(nodes.gl_pathv[i], &st);
		}
	globfree(&nodes);
}

static void doctor_cards(void)
{
	struct readers readers;
	size_t i;

	reader_list(&readers);
	for (i = 0; i < readers.count; i++)
		if (readers.list[i].state & SCARD_STATE_BIT_MUTE)
			doctor_finding("take it out, turn it round (chip first, chip up), clean it, put it in again",
				       "the card in %s (%s) does not answer", readers.list[i].path,
				       readers.list[i].name);
	reader_list_free(&readers);
}

/* --- pcsc-lite */

/* Is pcscd configured to share the module's readers by libifdscard? */
static bool pcscd_shares(void)
{
	char line[512], name[512];
	bool shares = false;
	glob_t files;
	size_t i;
	FILE *f;

	if (glob("/etc/reader.conf.d/*", 0, NULL, &files))
		files.gl_pathc = 0;
	for (i = 0; i < files.gl_pathc; i++) {
		f = fopen(files.gl_pathv[i], "re");
		while (f && fgets(line, sizeof(line), f))
			shares |= sscanf(line, " LIBPATH %511s", name) == 1 &&
				  strstr(name, "/libifdscard.so");
		if (f)
			fclose(f);
	}
	globfree(&files);
	return shares;
}

static void doctor_pcscd(void)
{
	char who[128];

	if (pcscd_shares())
		return;
	if (doctor_find_process("pcscd", NULL, who, sizeof(who)))
		doctor_finding("sudo systemctl disable --now pcscd.socket pcscd.service, unless it is wanted for other readers; libifdscard(8) lets it share ours",
			       "%s is running: it takes readers that it opens first", who);
	else if (!access("/run/pcscd/pcscd.comm", F_OK))
		doctor_finding("sudo systemctl disable --now pcscd.socket, unless it is wanted for other readers",
			       "pcscd is started as soon as a program asks for it (/run/pcscd/pcscd.comm)");
}

static bool file_has(const char *path, const char *string)
{
	struct stat st;
	void *text;
	bool has = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && st.st_size) {
		text = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (text != MAP_FAILED) {
			has = memmem(text, st.st_size, string, strlen(string));
			munmap(text, st.st_size);
		}
	}
	close(fd);
	return has;
}

/*
 * Is a loaded library pcsc-lite's? It has the name of its socket's variable; or it loads another
 * library, which may be ours.
 */
static bool of_pcsclite(void *library, struct link_map **map)
{
	void *real;

	if (dlinfo(library, RTLD_DI_LINKMAP, map))
		return false;
	if (!file_has((*map)->l_name, "LIBPCSCLITE_DELEGATE"))
		return file_has((*map)->l_name, "PCSCLITE_CSOCK_NAME");
	real = dlopen("libpcsclite_real.so.1", RTLD_LAZY | RTLD_LOCAL);
	if (!real)
		return true;
	/* it stays loaded: the caller prints its name */
	return !dlinfo(real, RTLD_DI_LINKMAP, map) &&
	       file_has((*map)->l_name, "PCSCLITE_CSOCK_NAME");
}

/* Check the library that a program gets in this environment. */
static void doctor_library(void)
{
	void *library = dlopen("libpcsclite.so.1", RTLD_LAZY | RTLD_LOCAL);
	struct link_map *map;

	if (!library) {
		doctor_finding("sudo make install-pcsclite, or apt install libscard-pcsclite",
			       "programs find no libpcsclite.so.1");
		return;
	}
	if (of_pcsclite(library, &map))
		doctor_finding("sudo make install-pcsclite, or apt install libscard-pcsclite; for one program LD_LIBRARY_PATH",
			       "programs get pcsc-lite's library, %s, which asks pcscd and not the module",
			       map->l_name);
	dlclose(library);
}

int cmd_doctor(int argc, char **argv)
{
	bool loaded;

	if (argc > 1)
		return usage_error("%s takes no argument", argv[0]);
	if (json)
		json_open(NULL, '[');
	loaded = doctor_module();
	doctor_usb(loaded);
	if (loaded) {
		doctor_nodes();
		doctor_cards();
		doctor_use();
	}
	doctor_pcscd();
	doctor_library();
	if (json) {
		json_close(']');
		json_end();
	} else if (!doctor_findings()) {
		puts("all is well: scardctl list shows the readers");
	}
	return doctor_findings() ? EXIT_CARD : EXIT_OK;
}
