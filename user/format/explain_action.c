// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* An action, explained: what, by which policy, with which inputs, result, skipped candidates, outcome. */
#include <headroom/reader.h>
#include "action_text.h"
#include "enum_text.h"
#include "explain_line.h"
#include "phrase.h"

void explain_action(struct explanation *s, const struct hr_event *event,
		    const struct hr_event *outcome)
{
	const struct hr_event_action *a = (const void *)event;
	char inputs[512];
	struct line *l = explain_event_head(s, event);

	phrase_action(l, a);
	l = explain_line(s, STYLE_PLAIN);
	line_add(l, "Requested by: ");
	phrase_requester(l, a);
	if (a->escalation)
		line_add(l, ", mode %s, escalation %llu", or_unknown(hr_mode_name(a->mode)),
			 (unsigned long long)a->escalation);
	line_add(l, ".");
	if (*inputs_text(&a->inputs, inputs, sizeof(inputs)))
		line_add(explain_line(s, STYLE_PLAIN), "Inputs: %s.", inputs);
	l = explain_line(s, STYLE_PLAIN);
	line_add(l, "Result: ");
	phrase_result(l, a);
	line_add(l, ".");
	if (a->skipped_count) {
		l = explain_line(s, STYLE_DIM);
		line_add(l, "Skipped: ");
		phrase_skipped(l, a);
		line_add(l, ".");
	}
	explain_outcome(s, outcome);
}
