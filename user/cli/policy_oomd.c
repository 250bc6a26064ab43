// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * systemd-oomd's settings as policies: oomd.conf(5) and the ManagedOOM… settings of units (systemd.resource-control(5)), each
 * with its drop-ins. Defaults: 90 % of swap, 60 % full stall over 10 s, for 30 s.
 */
#include "policy_import.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/human_units.h"

#define UNITS 256
#define NAME  256
#define VALUE 64

struct unit {
	char name[NAME];
	bool pressure, swap;
	char limit[VALUE], duration[VALUE], preference[VALUE];
};

struct oomd {
	char swap_limit[VALUE], limit[VALUE], duration[VALUE];
	struct unit unit[UNITS];
	size_t units;
	bool any; /* a setting was found */
};

/* In the name of a slice, - separates the levels of its path: a-b.slice is in a.slice. */
static void slice_path(const char *slice, char *path, size_t bytes)
{
	size_t used = 0;

	path[0] = 0;
	if (!strcmp(slice, "-.slice"))
		return;
	for (const char *at = slice; (at = strpbrk(at, "-.")) != NULL && used < bytes; at++) {
		used += (size_t)snprintf(path + used, bytes - used, "/%.*s.slice",
					 (int)(at - slice), slice);
		if (*at == '.')
			return;
	}
}

/* Its cgroup as a glob, unless the unit sets another. */
static void unit_path(const char *name, char *path, size_t bytes)
{
	const char *end = strrchr(name, '.'), *template = strstr(name, "@.");

	if (end && !strcmp(end, ".slice"))
		slice_path(name, path, bytes);
	else if (!strncmp(name, "user@", 5))
		snprintf(path, bytes, "/user.slice/user-*.slice/user@*.service");
	else if (template)
		snprintf(path, bytes, "/system.slice/system-%.*s.slice/%.*s@*%s",
			 (int)(template - name), name, (int)(template - name), name, template + 1);
	else
		snprintf(path, bytes, "/system.slice/%s", name);
}

static struct unit *unit_of(struct oomd *o, const char *name)
{
	for (size_t i = 0; i < o->units; i++)
		if (!strcmp(o->unit[i].name, name))
			return &o->unit[i];
	if (o->units == UNITS || strlen(name) >= NAME)
		return NULL;
	snprintf(o->unit[o->units].name, NAME, "%s", name);
	return &o->unit[o->units++];
}

static void set(struct oomd *o, struct unit *u, const char *key, const char *value)
{
	const struct {
		const char *key;
		char *text;
		bool *flag;
	} keys[] = {
		{"SwapUsedLimit", o->swap_limit, NULL},
		{"DefaultMemoryPressureLimit", o->limit, NULL},
		{"DefaultMemoryPressureDurationSec", o->duration, NULL},
		{"ManagedOOMMemoryPressure", NULL, u ? &u->pressure : NULL},
		{"ManagedOOMSwap", NULL, u ? &u->swap : NULL},
		{"ManagedOOMMemoryPressureLimit", u ? u->limit : NULL, NULL},
		{"ManagedOOMMemoryPressureDurationSec", u ? u->duration : NULL, NULL},
		{"ManagedOOMPreference", u ? u->preference : NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(keys[i].key, key) != 0)
			continue;
		o->any = true;
		if (keys[i].text)
			snprintf(keys[i].text, VALUE, "%s", value);
		if (keys[i].flag)
			*keys[i].flag = !strcmp(value, "kill");
	}
}

static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n && strchr(" \t\r\n", text[n - 1]))
		text[--n] = 0;
	return text;
}

static int read_file(struct oomd *o, const char *path, const char *name)
{
	_cleanup_fclose_ FILE *file = import_open(path);
	bool global = !strcmp(name, "oomd.conf");
	char line[1024];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		char *key = trim(line), *equals = strchr(key, '=');

		if (!equals || strchr("#;[", *key))
			continue;
		*equals = 0;
		key = trim(key);
		if (!global && strncmp(key, "ManagedOOM", strlen("ManagedOOM")) != 0)
			continue;
		set(o, global ? NULL : unit_of(o, name), key, trim(equals + 1));
	}
	return 0;
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

/* Names of a folder in order, so that later drop-ins win. */
static int list(const char *path, struct dirent ***ret_names)
{
	int n = scandir(path, ret_names, NULL, alphasort);

	return n < 0 ? -errno : n;
}

static void free_names(struct dirent **names, int n)
{
	while (n-- > 0)
		free(names[n]);
	free(names);
}

static void read_drop_ins(struct oomd *o, const char *dir, const char *name)
{
	struct dirent **names;
	int n = list(dir, &names);
	char path[PATH_MAX + NAME];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (ends_in(path, ".conf"))
			read_file(o, path, name);
	}
	if (n >= 0)
		free_names(names, n);
}

/* system/ or user/: units first, then their drop-ins. */
static void read_units(struct oomd *o, const char *dir)
{
	static const char *const kinds[] = {".service", ".slice", ".scope"};
	struct dirent **names;
	int n = list(dir, &names);
	char path[PATH_MAX + NAME], name[NAME];

	for (int drop_ins = 0; drop_ins < 2; drop_ins++) {
		for (int i = 0; i < n; i++) {
			snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
			snprintf(name, sizeof(name), "%s", names[i]->d_name);
			if (ends_in(name, ".d") != (drop_ins == 1))
				continue;
			if (drop_ins)
				name[strlen(name) - 2] = 0;
			for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
				if (ends_in(name, kinds[k]) && drop_ins)
					read_drop_ins(o, path, name);
				else if (ends_in(name, kinds[k]))
					read_file(o, path, name);
		}
	}
	if (n >= 0)
		free_names(names, n);
}

/* The unit that a file belongs to: itself, or the unit of its drop-in folder. */
static void file_name(const char *path, char name[NAME])
{
	const char *slash = strrchr(path, '/'), *parent = slash;

	snprintf(name, NAME, "%s", slash ? slash + 1 : path);
	while (parent && parent > path && parent[-1] != '/')
		parent--;
	if (slash && slash - parent > 2 && !strncmp(slash - 2, ".d", 2))
		snprintf(name, NAME, "%.*s", (int)(slash - parent) - 2, parent);
}

/* "60%" as a number, else the default and a note. */
static double percent(FILE *out, const char *what, const char *text, double otherwise)
{
	char *end;
	double value = strtod(text, &end);

	if (!*text)
		return otherwise;
	if (end != text && !strcmp(end, "%") && value > 0 && value <= 100)
		return value;
	import_note(out, "%s=%s: not understood; %g%% instead", what, text, otherwise);
	return otherwise;
}

static void duration(FILE *out, const char *text)
{
	char time[VALUE + 2];
	uint64_t ms;

	if (!*text)
		text = "30s";
	snprintf(time, sizeof(time), "%s%s", text,
		 strspn(text, "0123456789") == strlen(text) ? "s" : "");
	if (units_parse_duration_ms(time, &ms) || ms > 7 * 86400000ULL)
		ms = 30000;
	fprintf(out, ms % 1000 ? "%llums" : "%llus",
		(unsigned long long)(ms % 1000 ? ms : ms / 1000));
}

static void write_unit(FILE *out, const struct oomd *o, const struct unit *u, bool pressure)
{
	char path[2 * NAME + 64], glob[2 * NAME + 66], name[64];
	double limit;

	unit_path(u->name, path, sizeof(path));
	snprintf(glob, sizeof(glob), "%s/*", path);
	if (strlen(glob) > 255) {
		import_note(out, "%s: its path is too long for a glob; left out", u->name);
		return;
	}
	if (pressure)
		limit = percent(out, "the pressure limit", *u->limit ? u->limit : o->limit, 60);
	else
		limit = percent(out, "SwapUsedLimit", o->swap_limit, 90);
	/* names are short and differ */
	snprintf(name, sizeof(name), "oomd-%s-%.36s", pressure ? "pressure" : "swap", u->name);
	if (strlen(u->name) > 36)
		snprintf(name + strlen(name), sizeof(name) - strlen(name), "-%zu",
			 (size_t)(u - o->unit));
	fputs("  - name: ", out);
	import_quoted(out, "", name);
	fputs("\n    match: {cgroup: ", out);
	import_quoted(out, "", glob);
	if (pressure) {
		fprintf(out, "}\n    when: {full_avg10: %g, for: ", limit);
		duration(out, *u->duration ? u->duration : o->duration);
	} else {
		fprintf(out, "}\n    when: {host_available: %g%%",
			limit > 99.9 ? 0.1 : 100 - limit);
	}
	fputs("}\n    actions: [notify, kill]\n", out);
}

static void write_protect(FILE *out, const struct oomd *o)
{
	bool begun = false;

	for (size_t i = 0; i < o->units; i++) {
		const struct unit *u = &o->unit[i];

		if (!strcmp(u->preference, "avoid"))
			import_note(out,
				    "%s: ManagedOOMPreference=avoid has no equivalent; protect it, "
				    "or leave it",
				    u->name);
		if (strcmp(u->preference, "omit") != 0 || strchr(u->name, '@'))
			continue;
		fputs(begun ? "" : "protect:\n", out);
		begun = true;
		fputs("  - ", out);
		import_quoted(out, "unit:", u->name);
		fputc('\n', out);
	}
}

static int write_all(FILE *out, const struct oomd *o)
{
	bool pressure = false, swap = false;

	if (!o->any)
		return -ENODATA;
	for (size_t i = 0; i < o->units; i++) {
		pressure |= o->unit[i].pressure;
		swap |= o->unit[i].swap;
	}
	import_note(out, "systemd-oomd");
	if (pressure)
		import_note(out, "Pressure: oomd watches a unit and kills the cgroup in it that "
				 "reclaims most; here each cgroup below "
				 "the unit is judged by its own stall.");
	if (swap)
		import_note(out, "Swap: oomd waits until memory and swap are both used up to "
				 "SwapUsedLimit; host_available asks for "
				 "memory alone.");
	if (!pressure && !swap)
		import_note(out, "No unit has ManagedOOMMemoryPressure=kill or ManagedOOMSwap=kill "
				 "in what was read: oomd would do "
				 "nothing.");
	import_note(out, IMPORT_RESTRAINT, "oomd");
	fputs(IMPORT_MODE, out);
	write_protect(out, o);
	fputs(pressure || swap ? "policies:\n" : "policies: []\n", out);
	for (size_t i = 0; i < o->units; i++) {
		if (o->unit[i].pressure)
			write_unit(out, o, &o->unit[i], true);
		if (o->unit[i].swap)
			write_unit(out, o, &o->unit[i], false);
	}
	return 0;
}

int import_oomd(const char *path, FILE *out)
{
	_cleanup_free_ struct oomd *o = calloc(1, sizeof(*o));
	char name[NAME], below[PATH_MAX];
	int err;

	if (!o)
		return -ENOMEM;
	file_name(path, name);
	err = read_file(o, path, name);
	if (err == -EISDIR) {
		err = 0;
		snprintf(below, sizeof(below), "%s/oomd.conf", path);
		read_file(o, below, "oomd.conf");
		snprintf(below, sizeof(below), "%s/oomd.conf.d", path);
		read_drop_ins(o, below, "oomd.conf");
		snprintf(below, sizeof(below), "%s/system", path);
		read_units(o, below);
	}
	return err ? err : write_all(out, o);
}
