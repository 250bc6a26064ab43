// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Three lines on the marked row: who it is; what binds it and why it is at risk; where its
 * memory is and who holds it. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/units.h"
#include "names.h"
#include "top.h"
#include "words.h"

static size_t put_text(struct canvas *canvas, size_t y, size_t x, const char *before,
		       const char *raw)
{
	char clean[512];

	if (!raw || !*raw)
		return 0;
	return canvas_print(canvas, y, x, STYLE_PLAIN, "%s%s", x ? before : "",
			    text_clean(raw, SIZE_MAX, clean, sizeof(clean)));
}

static void draw_who(const struct row *row, struct canvas *canvas, size_t y)
{
	const struct hr_slot *slot = row->slot;
	const char *id = hr_slot_text(slot, slot->id.container_id);
	char shown[16] = "";
	size_t x = canvas_put(canvas, y, 0, canvas->columns, STYLE_BOLD, row->name);

	if (slot->id.runtime != HR_RUNTIME_NONE)
		x += put_text(canvas, y, x, "  ", hr_runtime_word(slot->id.runtime));
	x += put_text(canvas, y, x, "  ", hr_slot_text(slot, slot->id.image));
	if (id)
		snprintf(shown, sizeof(shown), "%.12s", id);
	x += put_text(canvas, y, x, "  ", shown);
	if (!row->name_is_path && strcmp(row->name, "/"))
		put_text(canvas, y, x, "  ", hr_slot_text(slot, slot->id.cgroup));
}

static size_t draw_binding(const struct hr_slot *slot, struct canvas *canvas, size_t y)
{
	const char *cgroup = hr_slot_text(slot, slot->binding.cgroup);
	char clean[160], limit[UNITS_TEXT];

	if (slot_gone(slot))
		return canvas_put(canvas, y, 0, canvas->columns, STYLE_PLAIN, "gone");
	units_bytes(slot->binding.limit, limit);
	switch (slot->binding.level) {
	case HR_LEVEL_OWN:
		return canvas_print(canvas, y, 0, STYLE_PLAIN, "own limit of %s binds", limit);
	case HR_LEVEL_ANCESTOR:
		return canvas_print(canvas, y, 0, STYLE_PLAIN, "limit of %s of %s binds", limit,
				    text_clean(cgroup ? cgroup : "an ancestor", SIZE_MAX, clean,
					       sizeof(clean)));
	default:
		return canvas_put(canvas, y, 0, canvas->columns, STYLE_PLAIN,
				  "only the host binds");
	}
}

static void draw_reasons(const struct hr_slot *slot, struct canvas *canvas, size_t y, size_t x)
{
	const struct hr_reason *reason = slot->outlook.reason;
	char text[REASON_TEXT], clean[REASON_TEXT];

	for (size_t i = 0; i < HR_REASONS && reason[i].kind && !slot_gone(slot); i++)
		x += canvas_print(canvas, y, x, STYLE_PLAIN, "; %s",
				  text_clean(reason_text(&reason[i], text), REASON_TEXT, clean,
					     sizeof(clean)));
}

static void draw_memory(const struct hr_slot *slot, struct canvas *canvas, size_t y)
{
	const struct {
		const char *word;
		uint64_t bytes;
	} part[] = {{"anon", slot->memory.anon},
		    {"file", slot->memory.file},
		    {"kernel", slot->memory.kernel},
		    {"swap", slot->memory.swap}};
	char text[UNITS_TEXT], comm[80];
	size_t x = 0;

	for (size_t i = 0; i < ARRAY_SIZE(part); i++)
		if (part[i].bytes != HR_UNKNOWN && part[i].bytes)
			x += canvas_print(canvas, y, x, STYLE_PLAIN, "%s%s %s", x ? ", " : "",
					  part[i].word, units_bytes(part[i].bytes, text));
	for (size_t i = 0; i < HR_PROCESSES && slot->process[i].pid; i++)
		x += canvas_print(canvas, y, x, STYLE_PLAIN, "%s%s[%u] %s",
				  i   ? ", "
				  : x ? "; "
				      : "",
				  text_clean(slot->process[i].comm, sizeof(slot->process[i].comm),
					     comm, sizeof(comm)),
				  slot->process[i].pid,
				  units_bytes(slot->process[i].rss_bytes, text));
}

void detail_draw(const struct row *row, struct canvas *canvas, size_t y)
{
	draw_who(row, canvas, y);
	draw_reasons(row->slot, canvas, y + 1, draw_binding(row->slot, canvas, y + 1));
	if (!slot_gone(row->slot))
		draw_memory(row->slot, canvas, y + 2);
}
