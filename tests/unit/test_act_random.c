// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Thousands of made-up emergencies: what must never happen does not. And what a round costs. */
#include "fixture_act.h"

#include <time.h>

#define BOXES 24
#define MOST 8192 /* emergencies of one course */

static uint64_t seed;
static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % n;
}

struct watched { /* an emergency, as seen from outside */
	uint64_t memcg_id;
	uint8_t last_step, paid_step, kills;
	uint32_t paid_at;
	bool open, telling, ended, ending;
};
static struct watched *seen;
static uint64_t paid[MOST];
static uint64_t latest;
static uint32_t payments;

static bool only_tells(const struct policy *p)
{
	for (uint32_t i = 0; i < p->rungs; i++)
		if (p->rung[i].rung != HR_RUNG_NOTIFY)
			return false;
	return true;
}

static void pay(struct world *w)
{
	/* A clock that went back stands still for the engine. */
	uint64_t now = w->w.now_ns > latest ? w->w.now_ns : latest, since;
	uint32_t n = 0;

	since = now - w->set->budget_per_ms * 1000000;
	paid[payments++ % MOST] = now;
	for (uint32_t i = 0; i < payments && i < MOST; i++)
		n += paid[i] > since;
	if (w->set->budget_per_ms)
		assert_true(n <= w->set->budget_kills);
}

static void check_order(struct world *w, const struct act_order *o)
{
	struct watched *e = &seen[o->emergency % MOST];
	const struct act_target *t = &o->target;

	assert_true(o->emergency > 0 && o->emergency < MOST);
	assert_true(o->mode >= MODE_DRY_RUN && o->mode <= w->set->mode &&
		    o->mode <= o->policy->mode);
	assert_false(e->ended);
	assert_true(o->step >= 1 && o->step <= o->steps);
	if (o->kind == HR_RUNG_THEN)
		return; /* about one who is gone */
	assert_true(o->step > e->last_step);
	assert_int_equal(o->policy->rung[o->step - 1].rung, o->kind);
	e->last_step = (uint8_t)o->step;
	if (t->slot != HR_UNKNOWN_U32) {
		assert_true(w->used[t->slot]);
		assert_int_equal(w->slot[t->slot].cgroup_id, t->memcg_id);
		assert_true(w->slot[t->slot].flags & HR_SLOT_POPULATED);
		assert_int_equal(act_protected(w->set, &w->w, t->slot), HR_WHY_NONE);
	}
	e->kills += o->kind == HR_RUNG_KILL;
	assert_true(e->kills <= 1);
	if (o->mode == MODE_ENFORCE && !e->ending &&
	    (o->kind == HR_RUNG_KILL || o->kind == HR_RUNG_TERM)) {
		e->ending = true;
		e->paid_step = (uint8_t)o->step;
		e->paid_at = payments;
		pay(w);
	}
	e->telling = only_tells(o->policy);
	for (uint32_t i = 1; i < MOST && !e->open && !e->telling; i++)
		assert_false(seen[i].open && !seen[i].telling && &seen[i] != e && t->memcg_id &&
			     seen[i].memcg_id == t->memcg_id && t->slot != HR_UNKNOWN_U32);
	e->memcg_id = t->slot == HR_UNKNOWN_U32 ? 0 : t->memcg_id;
	e->open = true;
}

static void check_end(const struct act_end *end, void *arg)
{
	struct watched *e = &seen[end->emergency % MOST];

	assert_false(e->ended);
	e->ended = true;
	e->open = false;
	world_end(end, arg);
}

static void random_rungs(struct policy *p, bool reflex)
{
	static const struct policy_rung rungs[] = {NOTIFY, RECLAIM, THROTTLE(3), TERM(4), KILL};
	bool kill = false;

	for (uint32_t i = 0, rung = 0; i < 5 && (p->rungs < 3 || below(2)); i++) {
		rung += below(3);
		if (rung >= ARRAY_SIZE(rungs) || (kill && rungs[rung].rung == HR_RUNG_KILL))
			break;
		kill |= rungs[rung].rung == HR_RUNG_KILL;
		p->rung[p->rungs++] = rungs[rung];
	}
	if (!p->rungs)
		p->rung[p->rungs++] = (struct policy_rung)KILL;
	if (reflex && !below(6) && p->rungs < POLICY_RUNGS)
		p->rung[p->rungs++] = (struct policy_rung)REFLEX;
}

static void random_rule(struct world *w, uint32_t i, bool reflex)
{
	static const char *const globs[] = {"*", "box-1*", "box-?", "box-2", "nobody"};
	char name[16];
	struct rule_spec spec = {.name = name, .match = {{POLICY_NAME + 1, NULL, globs[below(5)]}}};
	struct policy *p = &spec.p;

	snprintf(name, sizeof(name), "rule-%u", i);
	p->mode = below(5) ? MODE_ENFORCE : below(3);
	p->conditions = 1u << (below(3) ? 0 : below(10));
	if (!below(3))
		p->conditions |= 1u << below(11);
	p->usage = below(2) ? (struct policy_amount){(1 + below(5)) * 100 * MIB, 0, 0}
			    : (struct policy_amount){HR_UNKNOWN, 500 + below(500), 0};
	p->host_available = (struct policy_amount){HR_UNKNOWN, 20 + below(200), 0};
	p->rss = p->headroom = below(400) * MIB;
	p->oom_in_ms = below(90000);
	p->risk_centi = below(9000);
	p->leak = 1 + below(3);
	p->growth_bytes_per_hour = below(1000) * 1000;
	p->some_centi = p->full_centi = below(5000);
	p->age_ms = below(20000);
	p->for_ms = below(2) ? 0 : below(8000);
	p->cooldown_ms = below(20000);
	random_rungs(p, reflex);
	if (!below(3))
		spec.then = "start it";
	set_add(w, &spec);
}

static void random_set(struct world *w, bool reflex)
{
	uint32_t rules = 1 + below(12);

	w->globs = w->matches = w->text = 0;
	w->set = set_new(below(4) ? MODE_ENFORCE : below(3));
	w->set->budget_kills = below(6);
	w->set->budget_per_ms = below(3) ? 30000 : 0;
	for (uint32_t i = 0; i < rules; i++)
		random_rule(w, i, reflex);
	if (below(2))
		set_protect(w, POLICY_NAME, "box-3");
	world_rules(w);
}

static void random_box(struct world *w, uint32_t i)
{
	char name[16];

	snprintf(name, sizeof(name), "box-%u", i);
	world_container(w, i, name, below(700));
	w->slot[i].memory.limit = below(3) ? 800 * MIB : HR_UNKNOWN;
	w->slot[i].id.workload = below(20) ? 1000 + i : 0;
	if (!below(12))
		w->slot[i].id.kind = HR_KIND_SANDBOX;
}

static uint64_t or_unknown(uint64_t value) { return below(15) ? value : HR_UNKNOWN; }

static void random_move(struct world *w, uint32_t i)
{
	struct hr_slot *s = &w->slot[i];

	if (below(40) == 0) {
		world_ends(w, i);
		if (below(2))
			random_box(w, i);
		return;
	}
	if (below(60) == 0)
		random_box(w, i); /* another one, and nobody was told */
	s->memory.usage = or_unknown(below(700) * MIB);
	s->memory.unreclaimable = or_unknown(below(700) * MIB);
	s->memory.headroom = or_unknown(below(400) * MIB);
	s->memory.rss = or_unknown(below(500) * MIB);
	s->outlook.risk_centi = below(10) ? (uint16_t)below(10000) : UINT16_MAX;
	s->outlook.oom_in_p50_ms = or_unknown(below(120000));
	s->outlook.leak = (uint8_t)below(4);
	s->outlook.drift_bytes_per_second =
		below(9) ? (int64_t)below(100000) - 30000 : HR_UNKNOWN_I64;
	s->pressure.full_avg10_centi = below(6000);
	s->flags = below(30) ? HR_SLOT_POPULATED | HR_SLOT_HAS_TASKS : 0;
}

/* What was refused has ended nobody, and is not paid for. */
static void answer_late(struct world *w)
{
	struct watched *e = &seen[w->later.emergency % MOST];
	enum hr_deed deed = below(HR_DEED_COUNT);

	w->has_later = false;
	if (deed != HR_DEED_DONE && deed != HR_DEED_FAILED && e->ending &&
	    e->paid_step == w->later.step) {
		e->ending = false;
		paid[e->paid_at % MOST] = 0;
	}
	world_answer(w, &w->later, deed);
}

static void random_step(struct world *w)
{
	for (uint32_t i = 0; i < BOXES; i++) {
		if (w->used[i] && below(3) == 0)
			random_move(w, i);
		else if (!w->used[i] && below(20) == 0)
			random_box(w, i);
	}
	w->host.mem_available = or_unknown(below(900) * MIB);
	w->answer = below(4);
	if (w->has_later && below(2))
		answer_late(w);
	if (below(50) == 0)
		act_oom(w->act, below(3) ? below(BOXES) : HR_UNKNOWN_U32, w->w.now_ns);
	latest = w->w.now_ns > latest ? w->w.now_ns : latest;
	if (below(30) == 0)
		w->w.now_ns -= below(5000) * 1000000ULL;
	if (below(4) == 0) {
		w->w.now_ns += below(100) * 1000000ULL;
		act_update_slot(w->act, &w->w, below(BOXES));
	}
	world_step_ms(w, 100 + below(2000));
}

static void random_jobs(struct world *w)
{
	w->w.jobs = below(4);
	for (uint32_t i = 0; i < w->w.jobs; i++) {
		w->job[i] = (struct act_job){.pgid = 100 + below(5),
					     .pid = 200 + i,
					     .leader_start_ns = 5,
					     .rss = below(600) * MIB,
					     .largest_rss = below(300) * MIB,
					     .growth_bytes_per_second = below(99999)};
		snprintf(w->job[i].comm, sizeof(w->job[i].comm), "job");
	}
}

static void test_never(void **state)
{
	uint32_t orders = 0;

	seen = calloc(MOST, sizeof(*seen));
	for (uint64_t course = 1; course <= 40; course++) {
		struct world *w = world_new(MODE_ENFORCE);
		struct act_calls calls = {world_order, check_end, world_not_taken, world_next, w};

		seed = course * 0x9e3779b97f4a7c15ULL;
		memset(seen, 0, MOST * sizeof(*seen));
		memset(paid, 0, sizeof(paid));
		payments = 0;
		latest = 0;
		w->quiet = true;
		w->on_order = check_order;
		act_free(w->act);
		assert_int_equal(act_init(&w->act, WORLD_SLOTS, &calls), 0);
		free(w->set);
		random_set(w, true);
		for (int step = 0; step < 400; step++) {
			if (below(100) == 0) {
				struct policy_set *old = w->set;

				random_set(w, true);
				free(old);
				memset(paid, 0,
				       sizeof(paid)); /* another budget: what was paid is the engine's affair */
				payments = 0;
			}
			random_jobs(w);
			random_step(w);
		}
		act_policies(w->act, NULL); /* whatever was begun is ended */
		for (uint32_t i = 1; i < MOST; i++)
			assert_false(seen[i].open && !seen[i].ended);
		orders += w->orders;
		world_free(w);
	}
	free(seen);
	print_message("%u orders in 40 courses\n", orders);
	assert_true(orders > 5000);
}

/* Up to the first order nothing has had an effect: a rehearsal sees what the deed would. */
static void test_rehearsal_chooses_the_same(void **state)
{
	unsigned int compared = 0;

	for (uint64_t course = 1; course <= 300; course++) {
		struct act_order first[2];
		bool any[2] = {0};

		for (int i = 0; i < 2; i++) {
			struct world *w = world_new(MODE_ENFORCE);

			seed = course * 0x9e3779b97f4a7c15ULL;
			w->quiet = true;
			free(w->set);
			random_set(w, false);
			w->set->mode = i ? MODE_ENFORCE : MODE_DRY_RUN;
			for (uint32_t p = 0; p < w->set->policies; p++)
				((struct policy *)((char *)w->set + w->set->policies_at))[p].mode =
					MODE_ENFORCE;
			world_rules(w);
			for (int step = 0; step < 60 && !w->orders; step++) {
				for (uint32_t box = 0; box < BOXES; box++)
					if (w->used[box])
						random_move(w, box);
					else
						random_box(w, box);
				w->host.mem_available = or_unknown(below(900) * MIB);
				w->on_order = NULL;
				w->answer = ANSWER_NEVER;
				world_step_ms(w, 1000);
				if (w->orders == 1)
					first[i] = w->last;
			}
			any[i] = w->orders > 0;
			if (w->orders > 1)
				any[i] = false; /* several at once: the last one is known only */
			world_free(w);
		}
		if (!any[0] || !any[1])
			continue;
		compared++;
		assert_int_equal(first[0].target.memcg_id, first[1].target.memcg_id);
		assert_int_equal(first[0].kind, first[1].kind);
		assert_int_equal(first[0].decided_ns, first[1].decided_ns);
		assert_int_equal(first[0].step, first[1].step);
	}
	print_message("%u courses compared\n", compared);
	assert_true(compared > 30);
}

/* ---- what it costs ---- */
static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cost(uint32_t rules, uint32_t boxes, uint64_t usage_mib, double *ret_slot_ms)
{
	struct world *w = world_new(MODE_ENFORCE);
	char name[64], glob[64];
	double began;

	w->quiet = true;
	for (uint32_t i = 0; i < boxes; i++) {
		snprintf(name, sizeof(name), "namespace-%u-service-%u", i % 10, i);
		world_container(w, i, name, usage_mib);
		w->slot[i].memory.limit = 500 * MIB;
		w->slot[i].outlook.risk_centi = 10;
	}
	for (uint32_t i = 0; i < rules; i++) {
		struct rule_spec spec = {.name = name, .match = {{POLICY_NAME + 1, NULL, glob}}};

		snprintf(name, sizeof(name), "rule-%u", i);
		snprintf(glob, sizeof(glob), "namespace-%u-*-%u", i % 10, i);
		spec.p = (struct policy){.mode = MODE_ENFORCE,
					 .conditions = WHEN_USAGE | WHEN_RISK,
					 .for_ms = 1000000,
					 .usage = {HR_UNKNOWN, 800, 0},
					 .risk_centi = 5,
					 RUNGS(NOTIFY, TERM(5), KILL)};
		set_add(w, &spec);
	}
	world_rules(w);
	world_run(w, 2);
	began = cpu_ms();
	world_run(w, 10);
	began = (cpu_ms() - began) / 10;
	*ret_slot_ms = cpu_ms();
	for (uint32_t i = 0; i < 100; i++)
		act_update_slot(w->act, &w->w, i % boxes);
	*ret_slot_ms = (cpu_ms() - *ret_slot_ms) / 100;
	world_free(w);
	return began;
}

static void test_cost(void **state)
{
	double calm, slot, all, ignored, few;

	few = cost(10, 1000, 100, &ignored);
	calm = cost(1000, 1000, 100, &slot);
	all = cost(1000, 1000, 450, &ignored);
	print_message("a round: %.2f ms of CPU for 10 rules and 1000 containers; %.2f ms for 1000 "
		      "rules, nobody over; %.2f ms, "
		      "everybody over; one sample of one container: %.3f ms\n",
		      few, calm, all, slot);
#ifndef __SANITIZE_ADDRESS__
	assert_true(
		calm < 50 && all < 250 &&
		slot < 2); /* several times what it takes: other programs share this CPU's cache */
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_rehearsal_chooses_the_same),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
