// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Values and unit names of systemd. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy_systemd_oomd.h"

int systemd_percent(const char *text, double *ret_percent)
{
	static const struct {
		const char *unit;
		double scale;
		size_t decimals;
	} units[] = {{"%", 1, 2}, {"‰", 0.1, 1}, {"‱", 0.01, 0}};
	size_t digits = strspn(text, "0123456789"), decimals = 0;
	const char *end = text + digits;
	double value;

	if (!digits || digits > 6)
		return -EINVAL;
	if (*end == '.') {
		decimals = strspn(end + 1, "0123456789");
		end += 1 + decimals;
		if (!decimals)
			return -EINVAL;
	}
	value = strtod(text, NULL);
	end += strspn(end, " ");
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i].unit) && decimals <= units[i].decimals &&
		    value * units[i].scale <= 100) {
			*ret_percent = value * units[i].scale;
			return 0;
		}
	return -EINVAL;
}

int systemd_time_ms(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *word;
		double ms;
	} units[] = {{"seconds", 1e3},
		     {"second", 1e3},
		     {"sec", 1e3},
		     {"s", 1e3},
		     {"", 1e3},
		     {"minutes", 6e4},
		     {"minute", 6e4},
		     {"min", 6e4},
		     {"m", 6e4},
		     {"hours", 36e5},
		     {"hour", 36e5},
		     {"hr", 36e5},
		     {"h", 36e5},
		     {"days", 864e5},
		     {"day", 864e5},
		     {"d", 864e5},
		     {"weeks", 6048e5},
		     {"week", 6048e5},
		     {"w", 6048e5},
		     {"msec", 1},
		     {"ms", 1},
		     {"usec", 1e-3},
		     {"us", 1e-3},
		     {"μs", 1e-3},
		     {"µs", 1e-3},
		     {"nsec", 1e-6},
		     {"ns", 1e-6},
		     {"months", 2629800e3},
		     {"month", 2629800e3},
		     {"M", 2629800e3},
		     {"years", 31557600e3},
		     {"year", 31557600e3},
		     {"y", 31557600e3}};
	double total = 0;
	bool any = false;

	text += strspn(text, " \t");
	if (!strcmp(text, "infinity")) {
		*ret_ms = UINT64_MAX;
		return 0;
	}
	while (*text) {
		char *end;
		double value;
		size_t n, i = 0;

		if (!strchr("0123456789.", *text))
			return -EINVAL;
		n = strspn(text, "0123456789.");
		if (n > 20)
			return -EINVAL;
		value = strtod(text, &end);
		if (end != text + n)
			return -EINVAL;
		text = end + strspn(end, " \t");
		n = strcspn(text, " \t0123456789.");
		while (i < ARRAY_SIZE(units) &&
		       (strlen(units[i].word) != n || memcmp(units[i].word, text, n) != 0))
			i++;
		if (i == ARRAY_SIZE(units))
			return -EINVAL;
		total += value * units[i].ms;
		text += n;
		text += strspn(text, " \t");
		any = true;
	}
	if (!any || total > 1e17)
		return -EINVAL;
	*ret_ms = (uint64_t)(total + 0.5);
	return 0;
}

void systemd_duration(uint64_t ms, char text[32])
{
	if (ms > 7 * 86400000ULL)
		ms = 7 * 86400000ULL;
	snprintf(text, 32, ms % 1000 ? "%llums" : "%llus",
		 (unsigned long long)(ms % 1000 ? ms : ms / 1000));
}

/* In the name of a slice, - separates the levels of its path: a-b.slice is in a.slice. A - at the end: any that begins so. */
static void slice_path(const char *slice, char *path, size_t bytes)
{
	size_t used = 0;

	path[0] = 0;
	if (!strcmp(slice, "-.slice"))
		return;
	for (const char *at = slice; (at = strpbrk(at, "-.")) != NULL && used < bytes; at++) {
		bool any = at[0] == '-' && at[1] == '.';

		used += (size_t)snprintf(path + used, bytes - used, "/%.*s.slice",
					 (int)(at - slice), slice);
		if (any && used < bytes)
			used += (size_t)snprintf(path + used, bytes - used, "/%.*s-*.slice",
						 (int)(at - slice), slice);
		if (any || *at == '.')
			return;
	}
}

/* foo@.service → foo@*.service, foo-.service → foo-*.service, service → *.service; glob's own letters are escaped. */
static void name_glob(const char *name, char *glob, size_t bytes)
{
	const char *type = strrchr(name, '.');
	size_t n = 0;

	if (!type) {
		snprintf(glob, bytes, "*.%s", name);
		return;
	}
	for (const char *at = name; *at && n + 4 < bytes; at++) {
		if (at == type && at > name && strchr("@-", at[-1]))
			glob[n++] = '*';
		if (strchr("*?[\\", *at))
			glob[n++] = '\\';
		glob[n++] = *at;
	}
	glob[n] = 0;
}

#define USER_MANAGER "/user.slice/user-*.slice/user@*.service"

void systemd_globs(enum unit_scope scope, const char *name, const char *slice,
		   struct unit_globs *ret)
{
	const char *above = scope == UNITS_USER ? USER_MANAGER : "", *at = strchr(name, '@');
	char path[300], glob[270];

	name_glob(name, glob, sizeof(glob));
	if (!strcmp(name, "slice")) {
		snprintf(path, sizeof(path), "/*.slice");
	} else if (text_ends(name, ".slice")) {
		slice_path(name, path, sizeof(path));
	} else if (text_ends(slice, ".slice")) {
		char in[300];

		slice_path(slice, in, sizeof(in) - 1);
		snprintf(path, sizeof(path), "%.200s/%.90s", in, glob);
	} else if (!strncmp(name, "user@", 5) && scope == UNITS_SYSTEM) {
		snprintf(path, sizeof(path), "/user.slice/user-*.slice/%s", glob);
	} else if (text_ends(name, "scope") || scope == UNITS_USER || !strchr(name, '.')) {
		snprintf(path, sizeof(path), "/*/%s", glob); /* anywhere */
	} else if (at) { /* in a slice of its own: system-foo.slice */
		snprintf(path, sizeof(path), "/system.slice/*/%s", glob);
	} else {
		snprintf(path, sizeof(path), "/system.slice/%s", glob);
	}
	snprintf(ret->itself, sizeof(ret->itself), "%s%s", above, path);
	snprintf(ret->below, sizeof(ret->below), "%s/*", ret->itself);
}
