// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The page at /: one file, with its style and script. The columns are those of `headroom ls`; all text is escaped. */
#include "index_page.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/human_units.h"
#include "base/utf8_clean.h"
#include "format/alert_text.h"
#include "format/columns.h"
#include "format/display_name.h"
#include "format/history.h"
#include "format/phrase.h"

#define REFRESH_S     5
#define ROWS_MAX      500 /* those with the highest risk; 10,000 rows are too many for a browser */
#define INCIDENTS_MAX 10
#define SPARK_W       96
#define SPARK_H       20

static const char style[] =
	":root{color-scheme:light dark;--ink:#1c2330;--dim:#667085;--line:#d7dce4;--ground:#fff;"
	"--card:#f6f8fa;--accent:#0b6e99;--g0:#2e8540;--g1:#7a8b1f;--g2:#b07800;--g3:#c2410c;"
	"--g4:#c81e1e}"
	"@media(prefers-color-scheme:dark){:root{--ink:#d5dae1;--dim:#8b949e;--line:#30363d;"
	"--ground:#15181e;--card:#1c2128;--accent:#39c5cf;--g0:#57ab5a;--g1:#a3a845;--g2:#d4a23c;"
	"--g3:#e2622b;--g4:#f0524a}}"
	"*{box-sizing:border-box}body{font:14px/1.45 system-ui,sans-serif;margin:0 auto;max-width:"
	"1500px;padding:1rem;color:var(--ink);background:var(--ground)}"
	"h1{font-size:1.1rem;margin:0 0 .2rem}h2{font-size:1rem;margin:1.2rem 0 .2rem}ul{margin:0;"
	"padding:0;list-style:none}li{padding:.2rem 0;overflow-wrap:anywhere}time{color:var(--dim)}"
	"p{margin:.3rem 0}.d{color:var(--dim)}"
	".host{display:flex;flex-wrap:wrap;gap:.3rem 1.5rem;align-items:center}"
	"meter,.bar{display:inline-block;width:12rem;height:.7rem;border-radius:3px;background:"
	"var(--line);overflow:hidden;vertical-align:middle}.bar i{display:block;height:100%;"
	"background:currentColor}td .bar{width:4rem;margin-right:.4rem}"
	"input{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);"
	"border-radius:6px;padding:.35rem .6rem;width:min(22rem,100%);margin:.6rem 0}"
	"table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
	"th,td{padding:.28rem .55rem;text-align:left;white-space:nowrap;border-bottom:1px solid "
	"var(--line)}th{position:sticky;top:0;background:var(--ground);cursor:pointer;color:"
	"var(--dim);font-weight:600;font-size:.8rem}th[aria-sort]{color:var(--accent)}"
	"th[aria-sort=descending]::after{content:' ▾'}th[aria-sort=ascending]::after{content:' "
	"▴'}.r{text-align:right}tbody tr:hover{background:var(--card)}"
	"td.name{max-width:30rem;overflow:hidden;text-overflow:ellipsis;font-weight:600}"
	".name small{font-weight:400;color:var(--dim);margin-left:.5em}"
	"svg{display:block;color:var(--accent)}.g0{color:var(--g0)}.g1{color:var(--g1)}"
	".g2{color:var(--g2)}.g3{color:var(--g3)}.g4,.b{color:var(--g4);font-weight:600}"
	".w{color:var(--g2);font-weight:600}a{color:var(--accent)}main{overflow-x:auto}"
	"@media(max-width:640px){body{padding:.6rem}.limited_by,.usage,.limit,.trend,.kills,"
	".headroom{display:none}th,td{padding:.3rem "
	".25rem}td.name{max-width:27vw}th{font-size:.7rem}th.usage_10m{font-size:0}"
	"td.name small{display:none}td .bar{display:none}svg{width:48px}}";

/* Sorts and filters the rows that are there, and takes new ones every few seconds; what is typed and chosen stays. */
static const char script[] =
	"(()=>{const $=s=>document.querySelector(s),q=$('#q');let by=null,up=false;"
	"const apply=()=>{const b=$('tbody');if(!b)return;const rows=[...b.rows];"
	"if(by!==null){const v=r=>{const c=r.cells[by];return c.dataset.v===undefined?null:"
	"isNaN(c.dataset.v)?c.dataset.v:+c.dataset.v};"
	"rows.sort((x,y)=>{const a=v(x),c=v(y);if(a===null||c===null)return(a===null)-(c===null);"
	"return(a<c?-1:a>c?1:0)*(up?1:-1)});b.append(...rows);"
	"document.querySelectorAll('th').forEach((h,i)=>i===by?h.setAttribute('aria-sort',up?"
	"'ascending':'descending'):h.removeAttribute('aria-sort'))}"
	"const t=q.value.toLowerCase();let n=0;"
	"document.querySelectorAll('time').forEach(t=>t.textContent=new Date(t.dataset.s*1e3)"
	".toLocaleString());"
	"rows.forEach(r=>{r.hidden=!r.dataset.t.includes(t);n+=!r.hidden});"
	"$('#n').textContent=t?n+' of '+rows.length:''};"
	"document.addEventListener('click',e=>{const h=e.target.closest('th');if(!h)return;"
	"const i=h.cellIndex;up=by===i?!up:h.dataset.up==='1';by=i;apply()});"
	"q.addEventListener('input',apply);"
	"const load=async()=>{try{const r=await fetch(location.href);if(!r.ok)throw r.status;"
	"const d=new DOMParser().parseFromString(await r.text(),'text/html');"
	"for(const s of['#host','#list','#incidents']){const "
	"n=d.querySelector(s);if(n)$(s).replaceWith(n)}"
	"$('#say').textContent='';apply()}catch(e){$('#say').textContent="
	"'no answer from the exporter: old figures'}};"
	"apply();setInterval(()=>{if(!document.hidden)load()},5000)})()";

const char *index_page_script(void) { return script; }

static const char *class_of(enum style s)
{
	static const char *const grades[STYLE_GRADES] = {"g0", "g0", "g0", "g1",
							 "g2", "g2", "g3", "g4"};

	return s >= STYLE_GRADE && s < STYLE_COUNT ? grades[s - STYLE_GRADE]
	       : s == STYLE_BAD                    ? "b"
	       : s == STYLE_WARN                   ? "w"
	       : s == STYLE_DIM                    ? "d"
						   : "";
}

/* The last ten minutes of usage as an area. Full height: the own limit, else the maximum. */
static void sparkline(struct body *body, const struct hr_slot *slot)
{
	struct hr_point point[HISTORY_POINTS];
	size_t n = history_points(&slot->history, point), first = 0;
	double full = slot->memory.limit == HR_UNKNOWN ? 0 : (double)(slot->memory.limit >> 10);

	while (first < n && point[n - 1].t_centis - point[first].t_centis > 60000)
		first++;
	for (size_t i = first; i < n; i++)
		if (slot->memory.limit == HR_UNKNOWN && point[i].usage_kib != HR_UNKNOWN_U32)
			full = fmax(full, point[i].usage_kib);
	if (n - first < 2 || full <= 0)
		return;
	body_printf(body,
		    "<svg width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
		    "preserveAspectRatio=\"none\"><path fill=\"currentColor\" opacity=\".55\" "
		    "d=\"M%d %d",
		    SPARK_W, SPARK_H, SPARK_W, SPARK_H, SPARK_W, SPARK_H);
	for (size_t i = n; i-- > first;) {
		double x =
			SPARK_W - (point[n - 1].t_centis - point[i].t_centis) / 60000.0 * SPARK_W;

		if (point[i].usage_kib != HR_UNKNOWN_U32)
			body_printf(body, "L%.1f %.1f", x,
				    SPARK_H * (1 - fmin(point[i].usage_kib / full, 1)));
		if (i == first)
			body_printf(body, "L%.1f %d", x, SPARK_H);
	}
	body_puts(body, "z\"/></svg>");
}

static void name_cell(struct body *body, const struct row *row, enum style s)
{
	struct record_text from = record_text_slot(row->slot);
	char container[ROW_NAME], pod[ROW_NAME];
	bool in_pod = identity_in_pod(&from, &row->slot->id, container, pod, sizeof(pod));

	body_printf(body, "<td class=\"name %s\" data-v=\"", class_of(s));
	body_html(body, in_pod ? container : row->name);
	body_puts(body, "\" title=\"");
	body_html(body, row->name);
	body_puts(body, "\">");
	body_html(body, in_pod ? container : row->name);
	if (in_pod) {
		body_puts(body, "<small>");
		body_html(body, pod);
		body_puts(body, "</small>");
	}
	body_puts(body, "</td><td>");
	if (!slot_gone(row->slot))
		sparkline(body, row->slot);
	body_puts(body, "</td>");
}

static void cell(struct body *body, const struct column *column, const struct row *row)
{
	char text[CELL_TEXT];
	enum style s = column->style ? column->style(row) : STYLE_PLAIN;
	double value = column->value ? column->value(row) : NAN, solid, light;

	if (!strcmp(column->id, "name")) {
		name_cell(body, row, s);
		return;
	}
	body_printf(body, "<td class=\"%s %s %s\"", column->right ? "r" : "", column->id,
		    class_of(s));
	if (!isnan(value)) {
		body_puts(body, " data-v=\"");
		body_number(body, value);
		body_puts(body, "\"");
	}
	body_puts(body, ">");
	if (column->bar && column->bar(row, &solid, &light))
		body_printf(body, "<span class=\"bar\"><i style=\"width:%.0f%%\"></i></span>",
			    100 * solid);
	body_html(body, column->format(row, text));
	body_puts(body, "</td>");
}

static void host_lines(struct body *body, const struct snapshot *s)
{
	char used[UNITS_TEXT], total[UNITS_TEXT], headroom[UNITS_TEXT], text[ALERT_TEXT];
	double share = host_used_share(&s->host);
	enum style how = alert_headline(s, 200, false, text);

	body_puts(body, "<section id=\"host\"><h1>");
	body_html(body, s->host.node);
	body_puts(body, " <span class=\"d\">headroom ");
	body_html(body, s->host.version);
	body_printf(body, ", mode %s</span></h1>", hr_mode_name(s->host.mode) ?: "unknown");
	body_printf(body, "<p class=\"%s\">", class_of(how));
	body_html(body, text);
	body_puts(body, "</p><div class=\"host\">");
	if (!isnan(share))
		body_printf(body,
			    "<span class=\"%s\"><span class=\"bar\"><i "
			    "style=\"width:%.0f%%\"></i></span></span>",
			    class_of(style_grade(share)), 100 * share);
	body_printf(body, "<span>memory %s of %s, headroom %s</span>",
		    units_bytes(host_used(&s->host), used),
		    units_bytes(hr_host_usable(&s->host), total),
		    units_bytes(s->host.headroom, headroom));
	if (s->host.pressure.some_avg10_centi != HR_UNKNOWN_U32)
		body_printf(body, "<span>stalls %.1f%%</span>",
			    s->host.pressure.some_avg10_centi / 100.0);
	body_printf(body, "<span class=\"d\">%zu container%s, %zu unit%s</span></div>",
		    s->tally.containers, plural_s(s->tally.containers), s->tally.units,
		    plural_s(s->tally.units));
	if (s->health) {
		body_puts(body, "<p class=\"b\">");
		body_html(body, snapshot_warning(s, text, sizeof(text)));
		body_puts(body, "</p>");
	}
	body_puts(body, "</section>");
}

static void head_cell(struct body *body, const struct column *column)
{
	body_printf(body, "<th class=\"%s %s\" data-up=\"%d\" title=\"", column->right ? "r" : "",
		    column->id, column->least_first);
	body_html(body, column->help);
	body_puts(body, "\">");
	body_html(body, column->title);
	body_puts(body, "</th>");
	if (!strcmp(column->id, "name"))
		body_puts(body, "<th class=\"usage_10m\">USAGE 10m</th>");
}

/* What the search looks at: name, image, cgroup. */
static void search_text(struct body *body, const struct row *row)
{
	const struct hr_str part[] = {row->slot->id.image, row->slot->id.cgroup};
	char clean[1024];

	for (const char *c = row->name; *c; c++) {
		char one[2] = {*c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c};

		body_html(body, one);
	}
	for (size_t i = 0; i < 2; i++) {
		body_puts(body, " ");
		body_html(body, text_clean(hr_slot_text(row->slot, part[i]), SIZE_MAX, clean,
					   sizeof(clean)));
	}
}

static void table(struct body *body, struct snapshot *s)
{
	snapshot_select(s, &(struct row_filter){0});
	rows_sort(s->rows, s->n_rows, column_find("risk"), false);
	body_puts(body, "<main id=\"list\"><table><thead><tr>");
	for (const char *const *id = columns_of_ls; *id; id++)
		head_cell(body, column_find(*id));
	body_puts(body, "</tr></thead><tbody>");
	for (size_t i = 0; i < s->n_rows && i < ROWS_MAX; i++) {
		body_puts(body, "<tr data-t=\"");
		search_text(body, &s->rows[i]);
		body_puts(body, "\">");
		for (const char *const *id = columns_of_ls; *id; id++)
			cell(body, column_find(*id), &s->rows[i]);
		body_puts(body, "</tr>\n");
	}
	body_puts(body, "</tbody></table>");
	if (s->n_rows > ROWS_MAX)
		body_printf(body, "<p class=\"d\">%zu more</p>", s->n_rows - ROWS_MAX);
	body_puts(body, "</main>");
}

/* The newest, each with its post-mortem. */
static void incident_list(struct body *body, const struct incidents *incidents)
{
	body_puts(body, "<section id=\"incidents\">");
	if (incidents->n)
		body_puts(body, "<h2>Incidents</h2><ul>");
	for (size_t i = 0; i < incidents->n && i < INCIDENTS_MAX; i++) {
		const struct incident *incident = &incidents->incident[i];

		body_puts(body, "<li><a href=\"/report/");
		body_html(body, incident->id);
		body_puts(body, "\">");
		body_html(body, incident->name);
		body_puts(body, "</a> ");
		body_html(body, incident->title);
		body_printf(body, " <time data-s=\"%llu\"></time></li>",
			    (unsigned long long)(incident->time_ns / NS_PER_SEC));
	}
	body_puts(body, incidents->n ? "</ul></section>" : "</section>");
}

void index_page_write(struct body *body, struct snapshot *s, const struct incidents *incidents,
		      const char *reason)
{
	body_printf(body,
		    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
		    "<noscript><meta http-equiv=\"refresh\" content=\"%d\"></noscript>"
		    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
		    "<title>headroom</title><style>",
		    REFRESH_S);
	body_puts(body, style);
	body_puts(body, "</style></head><body>");
	if (!s) {
		body_puts(body, "<p class=\"b\">");
		body_html(body, reason);
		body_puts(body, "</p></body></html>\n");
		return;
	}
	host_lines(body, s);
	body_puts(body,
		  "<input id=\"q\" type=\"search\" placeholder=\"Search name, image, cgroup\" "
		  "aria-label=\"Search\"> <span id=\"n\" class=\"d\"></span> "
		  "<span id=\"say\" class=\"b\" role=\"status\"></span>");
	table(body, s);
	incident_list(body, incidents);
	body_puts(body, "<p class=\"d\"><a href=\"/metrics\">metrics</a></p><script>");
	body_puts(body, script);
	body_puts(body, "</script></body></html>\n");
}
