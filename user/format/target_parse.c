// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* From a typed TARGET to slots. Never chooses between two equal matches. */
#include "target_parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "display_name.h"

#define LEAST_ID 4
#define MOUNT    "/sys/fs/cgroup"

enum fit { FIT_NOT, FIT_ID, FIT_NAME };

static bool is(const char *typed, size_t n, const char *text)
{
	return text && strlen(text) == n && !strncmp(typed, text, n);
}

/* The raw text, or its cleaned form that screens show. */
static bool is_or_shows(const char *typed, size_t n, const char *text)
{
	char clean[TARGET_TEXT];

	return text && (is(typed, n, text) ||
			is(typed, n, text_clean(text, SIZE_MAX, clean, sizeof(clean))));
}

/* What has a name: a slot, or an event's subject. */
struct named {
	struct record_text from;
	const struct hr_identity *id;
};

static const char *text_of(const struct named *of, struct hr_str s)
{
	return of->from.text(of->from.record, s);
}

static bool begins_id(const char *typed, const char *id)
{
	size_t n = strlen(typed);

	return id && n >= LEAST_ID && !strncasecmp(typed, id, n);
}

static unsigned int fits_name(const struct target *t, const struct named *of)
{
	const struct hr_str called[] = {of->id->name, of->id->container, of->id->unit};
	char shown[TARGET_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(called); i++)
		if (is_or_shows(t->text, strlen(t->text), text_of(of, called[i])))
			return FIT_NAME;
	identity_name(&of->from, of->id, shown, sizeof(shown), NULL);
	if (!strcmp(t->text, shown))
		return FIT_NAME;
	return begins_id(t->text, text_of(of, of->id->container_id)) ? FIT_ID : FIT_NOT;
}

static unsigned int fits_pod(const struct target *t, const struct named *of)
{
	const struct hr_str part[] = {of->id->namespace, of->id->pod, of->id->container};
	const char *at = t->text;

	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		size_t n = strcspn(at, "/");

		if (!is_or_shows(at, n, text_of(of, part[i])))
			return FIT_NOT;
		if (!at[n])
			return FIT_NAME;
		at += n + 1;
	}
	return FIT_NOT;
}

static unsigned int fits_unit(const struct target *t, const struct named *of)
{
	const char *unit = text_of(of, of->id->unit);
	size_t n = strlen(t->text);

	if (is_or_shows(t->text, n, unit))
		return FIT_NAME;
	return unit && !strncmp(unit, t->text, n) && !strcmp(unit + n, ".service") ? FIT_NAME
										   : FIT_NOT;
}

static unsigned int fits_cgroup(const struct target *t, const struct named *of)
{
	return is_or_shows(t->text, strlen(t->text), text_of(of, of->id->cgroup)) ? FIT_NAME
										  : FIT_NOT;
}

static unsigned int fits_pid(const struct target *t, const struct hr_slot *slot)
{
	if (t->cgroup[0])
		return is(t->cgroup, strlen(t->cgroup), hr_slot_text(slot, slot->id.cgroup))
			       ? FIT_NAME
			       : FIT_NOT;
	for (size_t i = 0; i < HR_PROCESSES && slot->process[i].pid; i++)
		if (slot->process[i].pid == t->pid)
			return FIT_NAME;
	return FIT_NOT;
}

static int parse_pod(struct target *t)
{
	size_t slashes = 0;

	for (const char *p = t->text; *p; p++)
		if (*p == '/' && (slashes++, p == t->text || p[1] == '/' || !p[1]))
			return -EINVAL;
	return slashes == 1 || slashes == 2 ? 0 : -EINVAL;
}

static int parse_pid(struct target *t)
{
	char *end;
	unsigned long pid;

	if (!isdigit((unsigned char)t->text[0]))
		return -EINVAL;
	errno = 0;
	pid = strtoul(t->text, &end, 10);
	if (*end || errno || !pid || pid > INT32_MAX)
		return -EINVAL;
	t->pid = (uint32_t)pid;
	return 0;
}

/* "/a/b", however it was typed: with the mount point before it, or without its first or with a
 * last slash. */
static int parse_cgroup(struct target *t)
{
	char path[TARGET_TEXT] = "/";
	const char *from = t->text;
	size_t n;

	if (!strncmp(from, MOUNT, strlen(MOUNT)) && strchr("/", from[strlen(MOUNT)])) {
		from += strlen(MOUNT);
		if (!strncmp(from, "/memory/", 8) || !strcmp(from, "/memory"))
			from += 7; /* v1 */
	}
	from += *from == '/';
	if (strlen(from) + 2 > sizeof(path))
		return -EINVAL;
	strcpy(path + 1, from);
	for (n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = 0;
	memcpy(t->text, path, sizeof(path));
	return 0;
}

static const struct {
	const char *prefix;
	int (*parse)(struct target *t); /* NULL: any text will do */
	unsigned int (*fits)(const struct target *t, const struct named *of); /* NULL: by process */
} ways[] = {
	[TARGET_NAME] = {"", NULL, fits_name},
	[TARGET_POD] = {"pod:", parse_pod, fits_pod},
	[TARGET_UNIT] = {"unit:", NULL, fits_unit},
	[TARGET_CGROUP] = {"cgroup:", parse_cgroup, fits_cgroup},
	[TARGET_PID] = {"pid:", parse_pid, NULL},
};

int target_parse(const char *typed, struct target *ret_target)
{
	struct target t = {.by = TARGET_NAME};
	int r;

	for (size_t i = 1; i < ARRAY_SIZE(ways); i++)
		if (!strncmp(typed, ways[i].prefix, strlen(ways[i].prefix)))
			t.by = (enum target_by)i;
	typed += strlen(ways[t.by].prefix);
	if (!*typed || strlen(typed) >= sizeof(t.text))
		return -EINVAL;
	strcpy(t.text, typed);
	r = ways[t.by].parse ? ways[t.by].parse(&t) : 0;
	if (!r)
		*ret_target = t;
	return r;
}

unsigned int target_fits(const struct target *t, const struct hr_slot *slot)
{
	const struct named of = {record_text_slot(slot), &slot->id};

	return ways[t->by].fits ? ways[t->by].fits(t, &of) : fits_pid(t, slot);
}

static bool event_has_pid(const struct hr_event *event, uint32_t pid)
{
	const struct hr_event_oom_kill *oom = (const void *)event;
	const struct hr_event_action *action = (const void *)event;

	if (event->type == HR_EVENT_OOM_KILL && event->bytes >= sizeof(*oom))
		return oom->victim.pid == pid || oom->trigger.pid == pid;
	return event->type == HR_EVENT_ACTION && event->bytes >= sizeof(*action) &&
	       action->pid == pid;
}

unsigned int target_fits_event(const struct target *t, const struct hr_event *event)
{
	const struct named of = {record_text_event(event), &event->id};
	const char *path = text_of(&of, event->id.cgroup);
	size_t n = strlen(t->text);

	if (t->by == TARGET_PID)
		return event_has_pid(event, t->pid) ||
				       (t->cgroup[0] && path && !strcmp(t->cgroup, path))
			       ? FIT_NAME
			       : FIT_NOT;
	n -= n && t->text[n - 1] == '/'; /* "/" */
	if (t->by == TARGET_CGROUP && path && !strncmp(path, t->text, n) && path[n] == '/')
		return FIT_NAME; /* below it */
	return ways[t->by].fits(t, &of);
}

/* Better fits, then running ones, then no sandboxes, then (of the gone) the last to go. */
static uint64_t weight(const struct target *t, const struct hr_slot *slot)
{
	uint64_t fit = target_fits(t, slot), gone = slot->state == HR_SLOT_GONE;
	uint64_t real = slot->id.kind != HR_KIND_SANDBOX;

	return fit ? fit << 62 | real << 61 | (uint64_t)!gone << 60 |
			       (gone ? slot->gone_ns >> 8 : 0)
		   : 0;
}

static const struct hr_slot *common_pod(const struct hr_slot *slots, size_t n,
					const struct hr_slot **found, size_t fits)
{
	for (size_t i = 1; i < fits; i++)
		if (found[i]->parent_id != found[0]->parent_id)
			return NULL;
	for (size_t i = 0; i < n; i++)
		if (slots[i].cgroup_id == found[0]->parent_id && slots[i].id.kind == HR_KIND_POD)
			return &slots[i];
	return NULL;
}

size_t target_find(const struct target *t, const struct hr_slot *slots, size_t n,
		   const struct hr_slot **found, size_t most)
{
	uint64_t best = 1;
	size_t fits = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t w = weight(t, &slots[i]);

		if (w < best)
			continue;
		fits = w > best ? 0 : fits;
		best = w;
		if (fits < most)
			found[fits] = &slots[i];
		fits++;
	}
	if (t->by == TARGET_POD && fits > 1 && fits <= most) {
		const struct hr_slot *pod = common_pod(slots, n, found, fits);

		if (pod) {
			found[0] = pod;
			return 1;
		}
	}
	return fits;
}
