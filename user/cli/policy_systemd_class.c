// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Units of systemd-oomd that differ from what holds for their prefix, template or type. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy_import_internal.h"
#include "policy_systemd_oomd.h"

int systemd_keep_unit(struct systemd_oomd *o, const char *name, const struct unit *u)
{
	struct kept_unit *more = reallocarray(o->kept, o->n_kept + 1, sizeof(*more));
	char *copy = strdup(name);

	if (more)
		o->kept = more;
	if (!more || !copy) {
		free(copy);
		return -ENOMEM;
	}
	o->kept[o->n_kept] = (struct kept_unit){.name = copy, .u = *u};
	o->kept[o->n_kept++].u.rules = (struct words){0};
	return 0;
}

/* service, foo-.service and foo@.service of foo-bar.service and foo@1.service */
static bool is_class_of(const char *class, const char *name)
{
	const char *type = strrchr(class, '.');
	size_t n = type ? (size_t)(type - class) : 0;
	char end[80];

	snprintf(end, sizeof(end), ".%.70s", type ? type + 1 : class);
	if (!strcmp(class, name) || !text_ends(name, end))
		return false;
	return !type || (n && strchr("-@", class[n - 1]) && !strncmp(class, name, n) &&
			 strlen(name) > strlen(class));
}

/* At the line that differs; without one, the unit only hides a file of its class. */
IMPORT_PRINTF(3)
static void lost(struct systemd_oomd *o, const struct place *at, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (!text)
		return;
	if (at->s)
		line_lost(o->im, at->s, at->line, "%s", text);
	else
		import_lost(o->im, "%s", text);
}

static void compare(struct systemd_oomd *o, const struct kept_unit *class,
		    const struct kept_unit *unit)
{
	const struct unit *c = &class->u, *u = &unit->u;
	double c_limit = c->limit >= 0 ? c->limit : o->limit,
	       u_limit = u->limit >= 0 ? u->limit : o->limit;

	if (c->pressure && !u->pressure)
		lost(o, &u->at_pressure,
		     "%s is not ended for its stall; here the policy of %s selects it: name it "
		     "below protect",
		     unit->name, class->name);
	if (c->swap && !u->swap)
		lost(o, &u->at_swap,
		     "%s is not ended for swap; here the policy of %s selects it: name it below "
		     "protect",
		     unit->name, class->name);
	if (c->pressure && u->pressure &&
	    (u_limit > c_limit || systemd_pressure_ms(o, u) > systemd_pressure_ms(o, c)))
		import_note(o->im,
			    "%s: the policy of %s selects it, too, and acts before its own: its "
			    "limit or duration is smaller.",
			    unit->name, class->name);
	if (c->protect && !u->protect)
		import_note(o->im,
			    "%s: not protected by itself; what protects %s protects it, too.",
			    unit->name, class->name);
}

void systemd_say_classes(struct systemd_oomd *o)
{
	for (size_t i = 0; i < o->n_kept; i++)
		for (size_t k = 0; k < o->n_kept; k++)
			if (is_class_of(o->kept[i].name, o->kept[k].name))
				compare(o, &o->kept[i], &o->kept[k]);
	for (size_t i = 0; i < o->n_kept; i++)
		free(o->kept[i].name);
	free(o->kept);
	o->kept = NULL;
	o->n_kept = 0;
}
