// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Thousands of random escalations: what must never happen does not. And what a round costs. */
#include "fixture_policy.h"

#include <time.h>

#define BOXES 24
#define MOST  8192 /* escalations of one course */

static uint64_t seed;
static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % n;
}

struct watched { /* an escalation, as seen from outside */
	uint64_t memcg_id;
	uint8_t last_step, paid_step, kills;
	uint32_t paid_at;
	bool open, telling, ended, ending;
};
static struct watched *seen;
static uint64_t paid[MOST];
static bool paid_for_host[MOST];
static uint64_t latest;
static uint32_t payments;

static bool only_describes(const struct policy *p)
{
	for (uint32_t i = 0; i < p->actions; i++)
		if (p->action[i].kind != HR_ACTION_NOTIFY)
			return false;
	return true;
}

/* Of policies about the host or of all; those about the host are held up by themselves alone. */
static void pay(struct snapshot *w, bool host)
{
	/* A clock that went back stands still for the engine. */
	uint64_t now = w->w.now_ns > latest ? w->w.now_ns : latest, since;
	uint32_t n = 0;

	since = now - w->set->rate_limit_per_ms * 1000000;
	paid_for_host[payments % MOST] = host;
	paid[payments++ % MOST] = now;
	for (uint32_t i = 0; i < payments && i < MOST; i++)
		n += paid[i] > since && (!host || paid_for_host[i]);
	if (w->set->rate_limit_per_ms)
		assert_true(n <= w->set->rate_limit_kills);
}

static void check_order(struct snapshot *w, const struct action *o)
{
	struct watched *e = &seen[o->escalation % MOST];
	const struct action_target *t = &o->target;

	assert_true(o->escalation > 0 && o->escalation < MOST);
	assert_true(o->mode >= MODE_DRY_RUN && o->mode <= w->set->mode &&
		    o->mode <= o->policy->mode);
	assert_false(e->ended);
	assert_true(o->step >= 1 && o->step <= o->steps);
	if (o->kind == HR_ACTION_ON_EXIT)
		return; /* about one that is gone */
	assert_true(o->step > e->last_step);
	assert_int_equal(o->policy->action[o->step - 1].kind, o->kind);
	e->last_step = (uint8_t)o->step;
	if (t->slot != HR_UNKNOWN_U32) {
		assert_true(w->used[t->slot]);
		assert_int_equal(w->slot[t->slot].cgroup_id, t->memcg_id);
		assert_true(w->slot[t->slot].flags & HR_SLOT_POPULATED);
		assert_int_equal(policy_exempt(w->set, &w->w, t->slot), HR_SKIP_NONE);
	}
	e->kills += o->kind == HR_ACTION_KILL;
	assert_true(e->kills <= 1);
	if (o->mode == MODE_ENFORCE && !e->ending &&
	    (o->kind == HR_ACTION_KILL || o->kind == HR_ACTION_TERM)) {
		e->ending = true;
		e->paid_step = (uint8_t)o->step;
		e->paid_at = payments;
		pay(w, o->policy->conditions & WHEN(HOST_AVAILABLE));
	}
	e->telling = only_describes(o->policy);
	for (uint32_t i = 1; i < MOST && !e->open && !e->telling; i++)
		assert_false(seen[i].open && !seen[i].telling && &seen[i] != e && t->memcg_id &&
			     seen[i].memcg_id == t->memcg_id && t->slot != HR_UNKNOWN_U32);
	e->memcg_id = t->slot == HR_UNKNOWN_U32 ? 0 : t->memcg_id;
	e->open = true;
}

static void check_outcome(const struct outcome *outcome, void *arg)
{
	struct watched *e = &seen[outcome->escalation % MOST];

	assert_false(e->ended);
	e->ended = true;
	e->open = false;
	world_outcome(outcome, arg);
}

static void random_actions(struct policy *p, bool reflex)
{
	static const struct policy_action actions[] = {NOTIFY, RECLAIM, THROTTLE(3), TERM(4), KILL};
	bool kill = false;

	for (uint32_t i = 0, kind = 0; i < 5 && (p->actions < 3 || below(2)); i++) {
		kind += below(3);
		if (kind >= ARRAY_SIZE(actions) || (kill && actions[kind].kind == HR_ACTION_KILL))
			break;
		kill |= actions[kind].kind == HR_ACTION_KILL;
		p->action[p->actions++] = actions[kind];
	}
	if (!p->actions)
		p->action[p->actions++] = (struct policy_action)KILL;
	if (reflex && !below(6) && p->actions < POLICY_ACTIONS)
		p->action[p->actions++] = (struct policy_action)REFLEX;
}

static void random_rule(struct snapshot *w, uint32_t i, bool reflex)
{
	static const char *const globs[] = {"*", "box-1*", "box-?", "box-2", "none"};
	char name[16];
	struct rule_spec spec = {.name = name,
				 .selector = {{POLICY_NAME + 1, NULL, globs[below(5)]}}};
	struct policy *p = &spec.p;

	snprintf(name, sizeof(name), "policy-%u", i);
	p->mode = below(5) ? MODE_ENFORCE : below(3);
	p->conditions = 1u << (below(3) ? 0 : below(CONDITIONS));
	if (!below(3))
		p->conditions |= 1u << below(CONDITIONS);
	p->threshold[CONDITION_USAGE] =
		below(2) ? (struct policy_threshold){(1 + below(5)) * 100 * MIB, 0, 0}
			 : (struct policy_threshold){HR_UNKNOWN, 500 + below(500), 0};
	p->threshold[CONDITION_HOST_AVAILABLE] =
		(struct policy_threshold){HR_UNKNOWN, 20 + below(200), 0};
	p->threshold[CONDITION_RSS].value = p->threshold[CONDITION_HEADROOM].value =
		below(400) * MIB;
	p->threshold[CONDITION_OOM_IN].value = below(90000);
	p->threshold[CONDITION_RISK].value = below(9000);
	p->threshold[CONDITION_LEAK].value = 1 + below(3);
	p->threshold[CONDITION_GROWTH].value = below(1000) * 1000;
	p->threshold[CONDITION_SOME_AVG10].value = p->threshold[CONDITION_FULL_AVG10].value =
		below(5000);
	p->threshold[CONDITION_AGE].value = below(20000);
	p->for_ms = below(2) ? 0 : below(8000);
	p->cooldown_ms = below(20000);
	random_actions(p, reflex);
	if (!below(3))
		spec.on_exit = "start it";
	set_add(w, &spec);
}

static void random_set(struct snapshot *w, bool reflex)
{
	uint32_t rules = 1 + below(12);

	w->globs = w->matches = w->text = 0;
	w->set = set_new(below(4) ? MODE_ENFORCE : below(3));
	w->set->rate_limit_kills = below(6);
	w->set->rate_limit_per_ms = below(3) ? 30000 : 0;
	for (uint32_t i = 0; i < rules; i++)
		random_rule(w, i, reflex);
	if (below(2))
		set_protect(w, POLICY_NAME, "box-3");
	world_rules(w);
}

static void random_box(struct snapshot *w, uint32_t i)
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

static void random_move(struct snapshot *w, uint32_t i)
{
	struct hr_slot *s = &w->slot[i];

	if (below(40) == 0) {
		world_ends(w, i);
		if (below(2))
			random_box(w, i);
		return;
	}
	if (below(60) == 0)
		random_box(w, i); /* another one, without engine_slot_gone() */
	s->memory.usage = or_unknown(below(700) * MIB);
	s->memory.unreclaimable = or_unknown(below(700) * MIB);
	s->memory.headroom = or_unknown(below(400) * MIB);
	s->memory.rss = or_unknown(below(500) * MIB);
	s->forecast.risk_centi = below(10) ? (uint16_t)below(10000) : UINT16_MAX;
	s->forecast.oom_in_p50_ms = or_unknown(below(120000));
	s->forecast.leak = (uint8_t)below(4);
	s->forecast.drift_bytes_per_second =
		below(9) ? (int64_t)below(100000) - 30000 : HR_UNKNOWN_I64;
	s->pressure.full_avg10_centi = below(6000);
	s->flags = below(30) ? HR_SLOT_POPULATED | HR_SLOT_HAS_TASKS : 0;
}

/* A refused action has ended nothing, and is not charged. */
static void answer_late(struct snapshot *w)
{
	struct watched *e = &seen[w->later.escalation % MOST];
	enum hr_action_status status = below(HR_STATUS_COUNT);

	w->has_later = false;
	if (status != HR_STATUS_DONE && status != HR_STATUS_FAILED && e->ending &&
	    e->paid_step == w->later.step) {
		e->ending = false;
		paid[e->paid_at % MOST] = 0;
	}
	world_answer(w, &w->later, status);
}

static void random_step(struct snapshot *w)
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
		engine_oom_kill(w->engine, below(3) ? below(BOXES) : HR_UNKNOWN_U32, w->w.now_ns);
	latest = w->w.now_ns > latest ? w->w.now_ns : latest;
	if (below(30) == 0)
		w->w.now_ns -= below(5000) * 1000000ULL;
	if (below(4) == 0) {
		w->w.now_ns += below(100) * 1000000ULL;
		engine_update_slot(w->engine, &w->w, below(BOXES));
	}
	world_step_ms(w, 100 + below(2000));
}

static void random_jobs(struct snapshot *w)
{
	w->w.pgroups = below(4);
	for (uint32_t i = 0; i < w->w.pgroups; i++) {
		w->pgroup[i] = (struct process_group){.pgid = 100 + below(5),
						      .pid = 200 + i,
						      .leader_start_ns = 5,
						      .rss = below(600) * MIB,
						      .largest_rss = below(300) * MIB,
						      .growth_bytes_per_second = below(99999)};
		snprintf(w->pgroup[i].comm, sizeof(w->pgroup[i].comm), "grp");
	}
}

static void test_never(void **state)
{
	uint32_t actions = 0;

	seen = calloc(MOST, sizeof(*seen));
	for (uint64_t course = 1; course <= 40; course++) {
		struct snapshot *w = world_new(MODE_ENFORCE);
		struct engine_callbacks calls = {snapshot_action, check_outcome, world_not_taken,
						 world_next, w};

		seed = course * 0x9e3779b97f4a7c15ULL;
		memset(seen, 0, MOST * sizeof(*seen));
		memset(paid, 0, sizeof(paid));
		payments = 0;
		latest = 0;
		w->quiet = true;
		w->on_order = check_order;
		engine_free(w->engine);
		assert_int_equal(engine_init(&w->engine, WORLD_SLOTS, &calls), 0);
		free(w->set);
		random_set(w, true);
		for (int step = 0; step < 400; step++) {
			if (below(100) == 0) {
				struct policy_set *old = w->set;

				random_set(w, true);
				free(old);
				memset(paid, 0,
				       sizeof(paid)); /* another rate limit: the engine knows what was charged */
				payments = 0;
			}
			random_jobs(w);
			random_step(w);
		}
		engine_set_policies(w->engine, NULL); /* whatever was begun is ended */
		for (uint32_t i = 1; i < MOST; i++)
			assert_false(seen[i].open && !seen[i].ended);
		actions += w->actions;
		world_free(w);
	}
	free(seen);
	print_message("%u actions in 40 courses\n", actions);
	assert_true(actions > 5000);
}

/* Up to the first action nothing has had an effect: a dry run sees what enforcement would. */
static void test_dry_run_chooses_the_same(void **state)
{
	unsigned int compared = 0;

	for (uint64_t course = 1; course <= 600; course++) {
		struct action first[2];
		bool any[2] = {0};

		for (int i = 0; i < 2; i++) {
			struct snapshot *w = world_new(MODE_ENFORCE);

			seed = course * 0x9e3779b97f4a7c15ULL;
			w->quiet = true;
			free(w->set);
			random_set(w, false);
			w->set->mode = i ? MODE_ENFORCE : MODE_DRY_RUN;
			for (uint32_t p = 0; p < w->set->policies; p++)
				((struct policy *)((char *)w->set + w->set->policies_at))[p].mode =
					MODE_ENFORCE;
			world_rules(w);
			for (int step = 0; step < 60 && !w->actions; step++) {
				for (uint32_t box = 0; box < BOXES; box++)
					if (w->used[box])
						random_move(w, box);
					else
						random_box(w, box);
				w->host.mem_available = or_unknown(below(900) * MIB);
				w->on_order = NULL;
				w->answer = ANSWER_NEVER;
				world_step_ms(w, 1000);
				if (w->actions == 1)
					first[i] = w->last;
			}
			any[i] = w->actions > 0;
			if (w->actions > 1)
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
	struct snapshot *w = world_new(MODE_ENFORCE);
	char name[64], glob[64];
	double began;

	w->quiet = true;
	for (uint32_t i = 0; i < boxes; i++) {
		snprintf(name, sizeof(name), "namespace-%u-service-%u", i % 10, i);
		world_container(w, i, name, usage_mib);
		w->slot[i].memory.limit = 500 * MIB;
		w->slot[i].forecast.risk_centi = 10;
	}
	for (uint32_t i = 0; i < rules; i++) {
		struct rule_spec spec = {.name = name, .selector = {{POLICY_NAME + 1, NULL, glob}}};

		snprintf(name, sizeof(name), "policy-%u", i);
		snprintf(glob, sizeof(glob), "namespace-%u-*-%u", i % 10, i);
		spec.p = (struct policy){.mode = MODE_ENFORCE,
					 .conditions = WHEN(USAGE) | WHEN(RISK),
					 .for_ms = 1000000,
					 .threshold[CONDITION_USAGE] = {HR_UNKNOWN, 800, 0},
					 .threshold[CONDITION_RISK] = {5, 0, 0},
					 ACTIONS(NOTIFY, TERM(5), KILL)};
		set_add(w, &spec);
	}
	world_rules(w);
	world_run(w, 2);
	began = cpu_ms();
	world_run(w, 10);
	began = (cpu_ms() - began) / 10;
	*ret_slot_ms = cpu_ms();
	for (uint32_t i = 0; i < 100; i++)
		engine_update_slot(w->engine, &w->w, i % boxes);
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
	print_message(
		"a round: %.2f ms of CPU for 10 policies and 1000 containers; %.2f ms for 1000 "
		"policies, none holds; %.2f ms, "
		"all hold; one sample of one container: %.3f ms\n",
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
		cmocka_unit_test(test_dry_run_chooses_the_same),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
