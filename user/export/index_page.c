// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The page at /. The columns are those of `headroom ls`; all text is escaped. */
#include "index_page.h"

#include <string.h>

#include "base/human_units.h"
#include "format/columns.h"

#define REFRESH_S 5
#define ROWS_MAX  500 /* those with the highest risk; 10,000 rows are too many for a browser */

static const char style[] =
	"body{font:14px/1.4 ui-monospace,monospace;margin:1rem;color-scheme:light dark}"
	"table{border-collapse:collapse;width:100%}th,td{padding:.15rem "
	".6rem;text-align:left;white-space:nowrap}"
	"th.r,td.r{text-align:right}tr:nth-child(even){background:#8881}"
	"td:first-child{max-width:28rem;overflow:hidden;text-overflow:ellipsis}"
	".w{color:#b58900;font-weight:bold}.b{color:#dc322f;font-weight:bold}.d{opacity:.6}p{"
	"margin:.4rem 0}"
	"main{overflow-x:auto}";

static const char *class_of(enum style s)
{
	return s == STYLE_BAD ? "b" : s == STYLE_WARN ? "w" : s == STYLE_DIM ? "d" : "";
}

static void cell(struct body *body, const struct column *column, const struct row *row)
{
	char text[CELL_TEXT];
	enum style s = column->style ? column->style(row) : STYLE_PLAIN;

	body_printf(body, "<td class=\"%s %s\">", column->right ? "r" : "", class_of(s));
	body_html(body, column->format(row, text));
	body_puts(body, "</td>");
}

static void host_line(struct body *body, const struct snapshot *s)
{
	char available[UNITS_TEXT], total[UNITS_TEXT], swap[UNITS_TEXT];

	body_puts(body, "<p><b>");
	body_html(body, s->host.node);
	body_printf(body,
		    "</b>: %s of %s available, %s of swap free; %zu container%s, %zu unit%s; "
		    "headroomd ",
		    units_bytes(s->host.mem_available, available),
		    units_bytes(s->host.mem_total, total), units_bytes(s->host.swap_free, swap),
		    s->tally.containers, plural_s(s->tally.containers), s->tally.units,
		    plural_s(s->tally.units));
	body_html(body, s->host.version);
	body_printf(body, ", mode %s</p>", hr_mode_name(s->host.mode) ?: "unknown");
}

static void table(struct body *body, struct snapshot *s)
{
	snapshot_select(s, &(struct row_filter){0});
	rows_sort(s->rows, s->n_rows, column_find("risk"), false);
	body_puts(body, "<main><table><thead><tr>");
	for (const char *const *id = columns_of_ls; *id; id++) {
		const struct column *column = column_find(*id);

		body_printf(body, "<th class=\"%s\" title=\"", column->right ? "r" : "");
		body_html(body, column->help);
		body_puts(body, "\">");
		body_html(body, column->title);
		body_puts(body, "</th>");
	}
	body_puts(body, "</tr></thead><tbody>");
	for (size_t i = 0; i < s->n_rows && i < ROWS_MAX; i++) {
		body_puts(body, "<tr>");
		for (const char *const *id = columns_of_ls; *id; id++)
			cell(body, column_find(*id), &s->rows[i]);
		body_puts(body, "</tr>\n");
	}
	body_puts(body, "</tbody></table></main>");
	if (s->n_rows > ROWS_MAX)
		body_printf(body, "<p class=\"d\">%zu more</p>", s->n_rows - ROWS_MAX);
}

void index_page_write(struct body *body, struct snapshot *s, const char *reason)
{
	char warning[128];

	body_printf(body,
		    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
		    "<meta http-equiv=\"refresh\" content=\"%d\">"
		    "<meta name=\"viewport\" "
		    "content=\"width=device-width\"><title>headroom</title><style>",
		    REFRESH_S);
	body_puts(body, style);
	body_puts(body, "</style></head><body>");
	if (!s) {
		body_puts(body, "<p class=\"b\">");
		body_html(body, reason);
		body_puts(body, "</p></body></html>\n");
		return;
	}
	host_line(body, s);
	if (s->health) {
		body_puts(body, "<p class=\"b\">");
		body_html(body, snapshot_warning(s, warning, sizeof(warning)));
		body_puts(body, "</p>");
	}
	table(body, s);
	body_puts(body, "<p class=\"d\"><a href=\"/metrics\">metrics</a></p></body></html>\n");
}
