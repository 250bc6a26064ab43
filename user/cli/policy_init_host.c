// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Looks at a host for `headroom policy init`. Starts no program, asks no service. */
#include "policy_init.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <headroom/board.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "collect/meminfo.h"
#include "policy_import.h"
#include "systemd_units.h"

#define PATH      (2 * PATH_MAX)
#define UNIT_MOST 255

static bool exists(const char *root, const char *dir, const char *name)
{
	char path[PATH];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s%s", root, dir, name);
	return !lstat(path, &st); /* below a root an absolute link leads elsewhere */
}

/* ---- units ---- */

/* Letters of unit names: systemd.unit(5). A file of another name is no unit. */
static bool is_service(const char *name)
{
	size_t n = strlen(name);

	for (const char *at = name; *at; at++)
		if (!isascii(*at) || (!isalnum(*at) && !strchr(":-_.\\@", *at)))
			return false;
	return n <= UNIT_MOST && text_ends(name, ".service");
}

/* What goes with a database and is none. */
static bool is_helper(const char *name)
{
	static const char *const globs[] = {"*export*", "*backup*", "*dump*", "*check*"};

	for (size_t i = 0; i < ARRAY_SIZE(globs); i++)
		if (!fnmatch(globs[i], name, 0))
			return true;
	return false;
}

static bool item_has_unit(const struct init_item *item, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(item->unit) && item->unit[i]; i++)
		if (!fnmatch(item->unit[i], name, FNM_NOESCAPE))
			return true;
	return false;
}

/* A name as a glob: of a template all instances; an escaped character (\x2d) by ?. */
static int add_unit(struct words *units, const char *name)
{
	char glob[UNIT_MOST + 2], *to = glob;

	for (const char *at = name; *at; at++) {
		*to++ = *at == '\\' ? '?' : *at;
		if (*at == '@' && at[1] == '.')
			*to++ = '*';
	}
	*to = 0;
	return words_add(units, glob);
}

static int found_unit(struct init_host *host, const char *name)
{
	int e = 0;

	if (!is_service(name) || is_helper(name))
		return 0;
	for (unsigned int i = 0; i < init_item_count && !e; i++) {
		struct init_found *found = &host->found[i];

		if (!item_has_unit(&init_items[i], name))
			continue;
		if (host->systemd)
			e = add_unit(&found->units, name);
		else
			found->program = true;
	}
	return e;
}

static int look_at_units(const char *root, struct init_host *host)
{
	struct words names;
	int e = units_names(root, UNITS_SYSTEM, &names);

	for (size_t i = 0; i < names.n && !e; i++)
		e = found_unit(host, names.word[i]);
	words_free(&names);
	return e;
}

/* Scripts of other inits have the names that units have. */
static void look_at_scripts(const char *root, struct init_host *host)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	char path[PATH];

	snprintf(path, sizeof(path), "%s/etc/init.d", root);
	dir = opendir(path);
	while (!host->systemd && dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s.service", entry->d_name);
		found_unit(host, path);
	}
}

/* ---- programs and processes ---- */

static void look_at_programs(const char *root, struct init_host *host)
{
	static const char *const dirs[] = {"/usr/bin/", "/usr/sbin/",      "/bin/",
					   "/sbin/",    "/usr/local/bin/", "/usr/local/sbin/"};

	for (unsigned int i = 0; i < init_item_count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(init_items[i].program); k++)
			for (size_t d = 0; init_items[i].program[k] && d < ARRAY_SIZE(dirs); d++)
				host->found[i].program |=
					exists(root, dirs[d], init_items[i].program[k]);
}

static void found_process(struct init_host *host, const char *comm)
{
	for (unsigned int i = 0; i < init_item_count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(init_items[i].program); k++)
			if (init_items[i].program[k] &&
			    !strncmp(init_items[i].program[k], comm, INIT_COMM) && *comm)
				host->found[i].program = host->found[i].runs = true;
}

/* The name of a process; free it. NULL: it cannot be read. */
static char *comm_of(const char *root, const char *pid)
{
	char path[PATH], *comm = NULL;

	snprintf(path, sizeof(path), "%s/proc/%s/comm", root, pid);
	if (import_read_text(path, &comm))
		return NULL;
	comm[strcspn(comm, "\n")] = 0;
	return comm;
}

static void look_at_processes(const char *root, struct init_host *host)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	char path[PATH];

	snprintf(path, sizeof(path), "%s/proc", root);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		_cleanup_free_ char *comm = NULL;

		if (isdigit((unsigned char)*entry->d_name))
			comm = comm_of(root, entry->d_name);
		if (comm)
			found_process(host, comm);
	}
}

static bool runs_systemd(const char *root)
{
	_cleanup_free_ char *comm = comm_of(root, "1");

	return exists(root, "/run/systemd/", "system") || (comm && !strcmp(comm, "systemd"));
}

/* ---- memory ---- */

static void look_at_memory(const char *root, struct init_host *host)
{
	struct host_sample sample;
	struct host *meminfo;

	if (host_open(root, &meminfo))
		return;
	if (!host_read_memory(meminfo, &sample)) {
		host->mem_bytes = sample.mem_total ? sample.mem_total : HR_UNKNOWN;
		host->swap_bytes = sample.swap_total;
	}
	host_close(meminfo);
}

bool init_is_found(const struct init_host *host, unsigned int item)
{
	return host->found[item].units.n || host->found[item].program;
}

int init_host_look(const char *root, struct init_host *ret_host)
{
	int e;

	*ret_host = (struct init_host){.mem_bytes = HR_UNKNOWN, .swap_bytes = HR_UNKNOWN};
	ret_host->systemd = runs_systemd(root);
	e = look_at_units(root, ret_host);
	look_at_scripts(root, ret_host);
	look_at_programs(root, ret_host);
	look_at_processes(root, ret_host);
	look_at_memory(root, ret_host);
	return e;
}

void init_host_free(struct init_host *host)
{
	for (unsigned int i = 0; i < INIT_ITEMS; i++)
		words_free(&host->found[i].units);
}
