// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The first screen's parts: lists and trees with their folds, the search, the choice of columns, clicks, the sentences on
 * which containers are in danger; and that no keys break anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "format/alert_text.h"
#include "tui/top.h"

#define MOST 16

struct world {
	struct hr_slot slot[MOST];
	struct snapshot s;
	struct row_tree o;
};

static struct hr_str add_text(struct hr_slot *slot, const char *text)
{
	struct hr_str s = {(uint16_t)(offsetof(struct hr_slot, text) + slot->text_used)};

	strcpy(slot->text + slot->text_used, text);
	slot->text_used += (uint32_t)strlen(text) + 1;
	return s;
}

/* path NULL: no more to add */
static struct hr_slot *add(struct world *w, uint64_t id, uint64_t parent, const char *path,
			   unsigned int risk)
{
	struct hr_slot *slot = &w->slot[w->s.n_slots++];

	assert_true(w->s.n_slots <= MOST);
	w->s.slots = w->slot;
	*slot = (struct hr_slot){.state = HR_SLOT_RUNNING,
				 .cgroup_id = id,
				 .parent_id = parent,
				 .flags = HR_SLOT_HAS_TASKS | HR_SLOT_POPULATED,
				 .text_used = 1};
	slot->id.cgroup = add_text(slot, path);
	slot->memory.usage = slot->memory.headroom = slot->memory.limit = HR_UNKNOWN;
	slot->binding.limit = HR_UNKNOWN;
	slot->forecast.risk_centi = (uint16_t)(100 * risk);
	slot->forecast.oom_in_p10_ms = slot->forecast.oom_in_p50_ms = slot->forecast.oom_in_p90_ms =
		HR_UNKNOWN;
	return slot;
}

static void put_in_pod(struct hr_slot *slot, const char *namespace, const char *pod,
		       const char *container)
{
	slot->id.kind = container ? HR_KIND_CONTAINER : HR_KIND_POD;
	slot->id.namespace = add_text(slot, namespace);
	slot->id.pod = add_text(slot, pod);
	if (container)
		slot->id.container = add_text(slot, container);
}

static void group(struct hr_slot *slot) { slot->flags = HR_SLOT_POPULATED; }

static void rebuild(struct world *w, enum row_tree_by by)
{
	assert_int_equal(snapshot_select(&w->s, &(struct row_filter){0}), 0);
	rows_sort(w->s.rows, w->s.n_rows, column_find("risk"), false);
	assert_int_equal(row_tree_build(&w->o, &w->s, by), 0);
}

static void world_done(struct world *w)
{
	row_tree_done(&w->o);
	free(w->s.rows);
}

/* The lines as text, one after the other. */
static const char *lines(const struct world *w, enum row_tree_by by, char text[4096])
{
	char name[512];

	text[0] = 0;
	for (size_t i = 0; i < w->o.n; i++) {
		row_tree_name(&w->o.line[i], by, true, name, sizeof(name));
		sprintf(text + strlen(text), "%s\n", name);
	}
	return text;
}

static void make_tree(struct world *w)
{
	memset(w, 0, sizeof(*w));
	group(add(w, 1, 0, "/", 0));
	group(add(w, 2, 1, "/a", 0));
	add(w, 3, 2, "/a/calm", 1);
	add(w, 4, 2, "/a/risky", 90)->forecast.alarm = HR_ALARM_ACT;
	group(add(w, 5, 2, "/a/b", 0));
	add(w, 6, 5, "/a/b/deep", 30);
	add(w, 7, 1, "/lone", 40);
}

/* A branch stands where its riskiest does; the root is no branch; parents that are not listed are there all the same. */
static void test_cgroups(void **state)
{
	struct world w;
	char text[4096];

	make_tree(&w);
	rebuild(&w, ROW_TREE_NONE);
	assert_string_equal(lines(&w, ROW_TREE_NONE, text),
			    "/a/risky\n/lone\n/a/b/deep\n/a/calm\n");
	rebuild(&w, ROW_TREE_CGROUPS);
	assert_string_equal(lines(&w, ROW_TREE_CGROUPS, text), "- /a\n"
							       "|- risky\n"
							       "|-- b\n"
							       "| `- deep\n"
							       "`- calm\n"
							       "/lone\n");
	assert_true(w.o.line[0].context && !w.o.line[1].context);
	assert_int_equal(w.o.line[0].below, 4);
	world_done(&w);
}

static void test_folding(void **state)
{
	struct world w;
	char text[4096];

	make_tree(&w);
	rebuild(&w, ROW_TREE_CGROUPS);
	assert_int_equal(row_tree_fold(&w.o, 5, true), 0);
	assert_int_equal(row_tree_fold(&w.o, 5, true), 0);
	rebuild(&w, ROW_TREE_CGROUPS);
	assert_string_equal(lines(&w, ROW_TREE_CGROUPS, text), "- /a\n"
							       "|- risky\n"
							       "|-+ b (1)\n"
							       "`- calm\n"
							       "/lone\n");
	assert_int_equal(row_tree_fold(&w.o, 2, true), 0);
	rebuild(&w, ROW_TREE_CGROUPS);
	assert_string_equal(lines(&w, ROW_TREE_CGROUPS, text), "+ /a (3)\n/lone\n");
	assert_int_equal(w.o.line[0].alarm,
			 HR_ALARM_ACT); /* the alarm of a container in it is not lost */
	assert_int_equal(row_tree_fold(&w.o, 2, false), 0);
	rebuild(&w, ROW_TREE_CGROUPS);
	assert_int_equal(w.o.n, 5);
	row_tree_unfold_all(&w.o);
	rebuild(&w, ROW_TREE_CGROUPS);
	assert_int_equal(w.o.n, 6);
	assert_int_equal(row_tree_fold_all(&w.o), 0);
	rebuild(&w, ROW_TREE_CGROUPS);
	assert_int_equal(w.o.n, 2);
	world_done(&w);
}

/* Whatever the board says of parents: every row has its line, once. */
static void test_circles(void **state)
{
	static const uint64_t parents[][4] = {{1, 2, 3, 4}, {2, 1, 4, 3}, {2, 3, 4, 1},
					      {9, 9, 9, 9}, {0, 0, 0, 0}, {4, 4, 4, 1}};

	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		struct world w = {0};

		for (uint64_t id = 1; id <= 4; id++)
			add(&w, id, parents[i][id - 1], "/x", (unsigned int)id);
		rebuild(&w, ROW_TREE_CGROUPS);
		assert_int_equal(w.o.n, 4);
		world_done(&w);
	}
}

static void test_deep(void **state)
{
	static struct hr_slot slots[200];
	struct snapshot s = {.slots = slots, .n_slots = ARRAY_SIZE(slots)};
	struct row_tree o = {0};
	struct world w = {0};
	char name[512];

	for (size_t i = 0; i < ARRAY_SIZE(slots); i++) {
		w.s.n_slots = 0;
		add(&w, i + 1, i, "/x", 1);
		slots[i] = w.slot[0];
	}
	assert_int_equal(snapshot_select(&s, &(struct row_filter){0}), 0);
	assert_int_equal(row_tree_build(&o, &s, ROW_TREE_CGROUPS), 0);
	assert_int_equal(o.n, ARRAY_SIZE(slots));
	for (size_t i = 0; i < o.n; i++) {
		assert_true(o.line[i].depth <= ROW_TREE_DEEPEST);
		row_tree_name(&o.line[i], ROW_TREE_CGROUPS, false, name, sizeof(name));
	}
	row_tree_done(&o);
	free(s.rows);
}

/* A pod's own cgroup is its heading, else one is made; one container alone needs none. */
static void test_pods(void **state)
{
	struct world w = {0};
	char text[4096];

	put_in_pod(add(&w, 10, 1, "/k/p1", 0), "shop", "cart", NULL);
	put_in_pod(add(&w, 11, 10, "/k/p1/a", 5), "shop", "cart", "web");
	put_in_pod(add(&w, 12, 10, "/k/p1/b", 70), "shop", "cart", "db");
	put_in_pod(add(&w, 13, 2, "/k/p2/a", 80), "shop", "solo", "one");
	put_in_pod(add(&w, 14, 3, "/k/p3/a", 1), "other", "cart", "x");
	put_in_pod(add(&w, 15, 3, "/k/p3/b", 2), "other", "cart", "y");
	add(&w, 16, 1, "/bare", 75);
	rebuild(&w, ROW_TREE_PODS);
	assert_string_equal(lines(&w, ROW_TREE_PODS, text), "shop/solo/one\n"
							    "/bare\n"
							    "- shop/cart\n"
							    "|- db\n"
							    "`- web\n"
							    "- other/cart\n"
							    "|- y\n"
							    "`- x\n");
	assert_non_null(w.o.line[2].row);
	assert_null(w.o.line[5].row);
	assert_non_null(w.o.line[5].named_by);
	world_done(&w);
}

/* Keys. */

static void press(struct top *top, const int *keys)
{
	for (; *keys; keys++)
		assert_int_equal(top_key(top, *keys), 0);
}
#define PRESS(...) press(&top, (const int[]){__VA_ARGS__, 0})

static void begin(struct top *top, struct world *w, struct screen_buffer *c)
{
	make_tree(w);
	top_init(top, &w->s);
	assert_int_equal(top_update(top), 0);
	assert_int_equal(screen_buffer_reset(c, 24, 100, false), 0);
	top_draw(top, c);
}

static void end(struct top *top, struct world *w, struct screen_buffer *c)
{
	top_done(top);
	screen_buffer_done(c);
	world_done(w);
}

static const char *marked(const struct top *top) { return top_selected(top)->name; }

static void test_search(void **state)
{
	struct screen_buffer c = {0};
	struct world w;
	struct top top;

	begin(&top, &w, &c);
	assert_string_equal(marked(&top), "/a/risky");
	PRESS('/', 'D', 'e');
	assert_string_equal(marked(&top), "/a/b/deep");
	PRESS('x');
	assert_true(top.prompt.bad); /* and the mark stays */
	assert_string_equal(marked(&top), "/a/b/deep");
	PRESS(TOP_BACKSPACE, TOP_BACKSPACE, TOP_BACKSPACE, '/', 'a', '/', TOP_ENTER);
	assert_string_equal(marked(&top), "/a/b/deep");
	PRESS('n');
	assert_string_equal(marked(&top), "/a/calm");
	PRESS('n'); /* round the end, past /lone */
	assert_string_equal(marked(&top), "/a/risky");
	PRESS('N');
	assert_string_equal(marked(&top), "/a/calm");
	assert_int_equal(top.tree.n, 4); /* it hides no row */
	PRESS('f', 'l', 'o', 'n', TOP_ENTER);
	assert_int_equal(top.tree.n, 1);
	PRESS('n');
	PRESS(TOP_ESCAPE);
	assert_int_equal(top.tree.n, 4);
	end(&top, &w, &c);
}

static void test_tree_keys(void **state)
{
	struct screen_buffer c = {0};
	struct world w;
	struct top top;

	begin(&top, &w, &c);
	PRESS('v', 'v');
	assert_int_equal(top.by, ROW_TREE_CGROUPS);
	top_draw(&top, &c);
	PRESS(TOP_FIRST, TOP_DOWN);
	assert_string_equal(marked(&top), "/a/risky");
	PRESS(TOP_LEFT); /* to its parent */
	assert_string_equal(marked(&top), "/a");
	PRESS(TOP_LEFT); /* folds */
	assert_int_equal(top.tree.n, 2);
	top_draw(&top, &c);
	PRESS(TOP_RIGHT);
	assert_int_equal(top.tree.n, 6);
	PRESS(TOP_RIGHT); /* into it */
	assert_string_equal(marked(&top), "/a/risky");
	PRESS('*');
	assert_int_equal(top.tree.n, 2);
	PRESS('*', 'v');
	assert_int_equal(top.by, ROW_TREE_NONE);
	end(&top, &w, &c);
}

/* The marked row stays marked while rows change places; when it is gone, the row at its place is. */
static void test_mark(void **state)
{
	struct screen_buffer c = {0};
	struct world w;
	struct top top;

	begin(&top, &w, &c);
	PRESS(TOP_DOWN, TOP_DOWN);
	assert_string_equal(marked(&top), "/a/b/deep");
	w.slot[5].forecast.risk_centi = 9900;
	assert_int_equal(top_update(&top), 0);
	assert_int_equal(top.selected, 0);
	assert_string_equal(marked(&top), "/a/b/deep");
	w.slot[5].state = HR_SLOT_GONE;
	assert_int_equal(top_update(&top), 0);
	assert_string_equal(marked(&top), "/a/risky");
	end(&top, &w, &c);
}

static const char *ids(const struct top *top, char text[1024])
{
	text[0] = 0;
	for (size_t i = 0; i < top->n_columns; i++)
		sprintf(text + strlen(text), "%s%s", i ? " " : "", top->column[i]->id);
	return text;
}

static void test_columns(void **state)
{
	struct screen_buffer c = {0};
	struct world w;
	struct top top;
	char text[1024], delivered[1024];
	size_t n;

	begin(&top, &w, &c);
	n = top.n_columns;
	ids(&top, delivered);
	PRESS('C', TOP_DOWN, ' '); /* the name stays */
	assert_int_equal(top.n_columns, n);
	PRESS(TOP_UP, ' ', TOP_RIGHT, TOP_LAST, ' ');
	ids(&top, text);
	assert_int_equal(strncmp(text, "usage_10m name used ", 20), 0);
	assert_non_null(
		strstr(text, " cgroup")); /* the last of the others is now the last chosen */
	assert_true(top_shows(&top, column_find("cgroup")));
	assert_false(top_shows(&top, column_find("alarm")));
	PRESS('s', 'q');
	assert_string_equal(top.sort->id, "cgroup");
	for (size_t i = 0; i < 40; i++) { /* all off but the name, and nothing breaks */
		PRESS('C', TOP_FIRST);
		if (!top.column[0]->width)
			PRESS(TOP_DOWN);
		if (top.n_columns > 1)
			PRESS(' ');
		PRESS('q');
		top_draw(&top, &c);
	}
	assert_string_equal(ids(&top, text), "name");
	PRESS('>', '<');
	PRESS('C', 'D', 'q');
	assert_string_equal(ids(&top, text), delivered);
	assert_string_equal(top.sort->id, "risk");
	end(&top, &w, &c);
}

static void click(struct top *top, size_t y, size_t x)
{
	top->click_y = y;
	top->click_x = x;
	assert_int_equal(top_key(top, TOP_CLICK), 0);
}

static void test_clicks(void **state)
{
	struct screen_buffer c = {0};
	struct world w;
	struct top top;
	size_t y, x = 0;

	begin(&top, &w, &c);
	y = top.body_y + top.list_y;
	click(&top, y + 2, 5);
	assert_string_equal(marked(&top), "/a/b/deep");
	assert_ptr_equal(top.screen, screens[0]);
	click(&top, y + 2, 5); /* once more: opens it */
	assert_ptr_equal(top.screen, screen_find("container"));
	PRESS('q');
	click(&top, y + 3000, 5);
	click(&top, 0, 0);
	for (size_t i = 0; strcmp(top.table.column[i]->id, "headroom") != 0; i++)
		x += top.table.width[i] + 1;
	click(&top, y - 1, x);
	assert_string_equal(top.sort->id, "headroom");
	assert_false(top.reverse);
	click(&top, y - 1, x);
	assert_true(top.reverse);
	top_draw(&top, &c);
	for (size_t i = 0; i < top.n_buttons; i++)
		if (top.button[i].code == '?') {
			click(&top, c.rows - 1, top.button[i].from);
			break;
		}
	assert_ptr_equal(top.screen, screen_find("help"));
	end(&top, &w, &c);
}

/* Sentences. */

static void test_headline(void **state)
{
	struct world w;
	char text[ALERT_TEXT];

	make_tree(&w);
	w.slot[3].forecast.oom_in_p50_ms = 40000;
	w.s.host.forecast.risk_centi = 100;
	assert_int_equal(alert_headline(&w.s, 80, false, text), STYLE_BAD);
	assert_string_equal(text, "1 at risk: risky OOM in ~40s");
	w.slot[6].forecast.alarm = HR_ALARM_WARN;
	alert_headline(&w.s, 80, false, text);
	assert_string_equal(text, "2 at risk: risky OOM in ~40s, lone risk 40");
	alert_headline(&w.s, 40, false, text);
	assert_string_equal(text, "2 at risk: risky OOM in ~40s, and 1 more");
	w.slot[6].forecast.alarm = HR_ALARM_NONE; /* a screen warns before the alarm */
	w.slot[3].forecast.alarm = HR_ALARM_NONE;
	assert_int_equal(alert_headline(&w.s, 80, false, text), STYLE_BAD);
	assert_string_equal(text, "1 at risk: risky OOM in ~40s");
	w.slot[3].forecast.alarm = HR_ALARM_ACT; /* it stands a while */
	w.slot[3].forecast.risk_centi = 100;
	assert_int_equal(alert_headline(&w.s, 80, false, text), STYLE_WARN);
	assert_string_equal(text, "1 at risk: risky recovering, risk 1");
	w.slot[3].forecast.alarm = HR_ALARM_NONE;
	w.slot[3].forecast.risk_centi = 4500;
	assert_int_equal(alert_headline(&w.s, 80, false, text), STYLE_GOOD);
	assert_string_equal(text, "No container at risk; highest: risky risk 45, OOM in ~40s");
	for (size_t i = 0; i < w.s.n_slots; i++)
		w.slot[i].forecast.risk_centi = 100;
	alert_headline(&w.s, 80, false, text);
	assert_string_equal(text, "No container at risk");
	w.slot[2].flags |= HR_SLOT_UNDER_OOM;
	assert_int_equal(alert_headline(&w.s, 80, false, text), STYLE_BAD);
	assert_string_equal(text, "1 at risk: calm blocked at its limit");
	w.s.host.forecast = (struct hr_forecast){.alarm = HR_ALARM_ACT,
						 .risk_centi = 9900,
						 .oom_in_p10_ms = HR_UNKNOWN,
						 .oom_in_p50_ms = 5000,
						 .oom_in_p90_ms = HR_UNKNOWN};
	w.slot[2].flags = HR_SLOT_HAS_TASKS;
	alert_headline(&w.s, 80, false, text);
	assert_string_equal(text, "host: OOM in ~5s; risk 99");
	world_done(&w);
}

/* Any keys, any sizes, rows that come and go: nothing breaks, no line is wider than its screen. (The deterministic random
 * numbers of POSIX; a failure says its round.) */
static void test_monkey(void **state)
{
	static const int specials[] = {TOP_UP,    TOP_DOWN,   TOP_PAGE_UP, TOP_PAGE_DOWN,
				       TOP_FIRST, TOP_LAST,   TOP_LEFT,    TOP_RIGHT,
				       TOP_ENTER, TOP_ESCAPE, TOP_ENTER,   TOP_BACKSPACE,
				       TOP_TAB,   TOP_F1,     TOP_CLICK};
	unsigned short seed[3] = {1, 2, 3};
	struct screen_buffer c = {0};
	struct world w;
	struct top top;
	char text[4096];

	begin(&top, &w, &c);
	for (int round = 0; round < 6000; round++) {
		size_t at = (size_t)nrand48(seed);
		struct hr_slot *slot = &w.slot[at % w.s.n_slots];
		int key = at % 3 ? specials[at % ARRAY_SIZE(specials)] : ' ' + (int)(at / 7 % 95);

		if (round % 5 == 0) {
			slot->forecast.risk_centi = (uint16_t)(at % 10001);
			slot->state = at % 11 ? HR_SLOT_RUNNING : HR_SLOT_GONE;
			slot->parent_id = at % 9;
			assert_int_equal(top_update(&top), 0);
		}
		if (round % 7 == 0)
			assert_int_equal(screen_buffer_reset(&c, at % 70, at / 3 % 230, at % 2), 0);
		top.click_y = at % 60;
		top.click_x = at % 200;
		assert_int_equal(top_key(&top, key), 0);
		top.quit = false;
		top_draw(&top, &c);
		for (size_t y = 0; y < c.rows; y++)
			assert_true(text_width(screen_buffer_text(&c, y, text, sizeof(text))) <=
				    c.columns);
		screen_buffer_reset(&c, c.rows, c.columns, c.ascii);
	}
	end(&top, &w, &c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cgroups),   cmocka_unit_test(test_folding),
		cmocka_unit_test(test_circles),   cmocka_unit_test(test_deep),
		cmocka_unit_test(test_pods),      cmocka_unit_test(test_search),
		cmocka_unit_test(test_tree_keys), cmocka_unit_test(test_mark),
		cmocka_unit_test(test_columns),   cmocka_unit_test(test_clicks),
		cmocka_unit_test(test_headline),  cmocka_unit_test(test_monkey),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
