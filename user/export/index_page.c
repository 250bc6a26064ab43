// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The page at /. The table's columns are those of `headroom ls`; every text on it is escaped. */
#include "index_page.h"

#include <string.h>

#include "base/human_units.h"
#include "format/columns.h"

#define REFRESH_S 5
#define ROWS_MOST 500 /* the riskiest; a browser need not draw 10,000 */

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

static void cell(struct page *page, const struct column *column, const struct row *row)
{
	char text[CELL_TEXT];
	enum style s = column->style ? column->style(row) : STYLE_PLAIN;

	page_printf(page, "<td class=\"%s %s\">", column->right ? "r" : "", class_of(s));
	page_html(page, column->format(row, text));
	page_puts(page, "</td>");
}

static void host_line(struct page *page, const struct snapshot *s)
{
	char available[UNITS_TEXT], total[UNITS_TEXT], swap[UNITS_TEXT];

	page_puts(page, "<p><b>");
	page_html(page, s->host.node);
	page_printf(page,
		    "</b>: %s of %s available, %s of swap free; %zu containers, %zu units; guard ",
		    units_bytes(s->host.mem_available, available),
		    units_bytes(s->host.mem_total, total), units_bytes(s->host.swap_free, swap),
		    s->tally.containers, s->tally.units);
	page_html(page, s->host.version);
	page_printf(page, ", mode %s</p>", hr_mode_name(s->host.mode) ?: "unknown");
}

static void table(struct page *page, struct snapshot *s)
{
	snapshot_select(s, &(struct row_filter){0});
	rows_sort(s->rows, s->n_rows, column_find("risk"), false);
	page_puts(page, "<main><table><thead><tr>");
	for (const char *const *id = columns_of_ls; *id; id++) {
		const struct column *column = column_find(*id);

		page_printf(page, "<th class=\"%s\" title=\"", column->right ? "r" : "");
		page_html(page, column->help);
		page_puts(page, "\">");
		page_html(page, column->title);
		page_puts(page, "</th>");
	}
	page_puts(page, "</tr></thead><tbody>");
	for (size_t i = 0; i < s->n_rows && i < ROWS_MOST; i++) {
		page_puts(page, "<tr>");
		for (const char *const *id = columns_of_ls; *id; id++)
			cell(page, column_find(*id), &s->rows[i]);
		page_puts(page, "</tr>\n");
	}
	page_puts(page, "</tbody></table></main>");
	if (s->n_rows > ROWS_MOST)
		page_printf(page, "<p class=\"d\">%zu more</p>", s->n_rows - ROWS_MOST);
}

void web_page(struct page *page, struct snapshot *s, const char *reason)
{
	char warning[128];

	page_printf(page,
		    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
		    "<meta http-equiv=\"refresh\" content=\"%d\">"
		    "<meta name=\"viewport\" "
		    "content=\"width=device-width\"><title>headroom</title><style>",
		    REFRESH_S);
	page_puts(page, style);
	page_puts(page, "</style></head><body>");
	if (!s) {
		page_puts(page, "<p class=\"b\">");
		page_html(page, reason);
		page_puts(page, "</p></body></html>\n");
		return;
	}
	host_line(page, s);
	if (s->health) {
		page_puts(page, "<p class=\"b\">");
		page_html(page, snapshot_warning(s, warning, sizeof(warning)));
		page_puts(page, "</p>");
	}
	table(page, s);
	page_puts(page, "<p class=\"d\"><a href=\"/metrics\">metrics</a></p></body></html>\n");
}
