// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Which targets a policy matches, and which are never targets, whatever the policies say. */
#include "fixture_policy.h"

#include "policy/policy_internal.h"

/* ---- globs ---- */
static void test_globs(void **state)
{
	static const struct {
		uint32_t key;
		const char *label, *glob;
		bool meant;
	} cases[] = {
		{POLICY_NAME, NULL, "citizen-7", true},
		{POLICY_NAME, NULL, "citizen-*", true},
		{POLICY_NAME, NULL, "citizen-", false},
		{POLICY_NAME, NULL, "citizen-77", false},
		{POLICY_NAME, NULL, "*", true},
		{POLICY_NAME, NULL, "", false},
		{POLICY_NAME, NULL, "c?tizen-[0-9]", true},
		{POLICY_NAME, NULL, "c?tizen-[!0-9]", false},
		{POLICY_NAME, NULL, "citizen\\-7", true},
		{POLICY_IMAGE, NULL, "registry/*:1.0", true},
		{POLICY_IMAGE, NULL, "busybox", false},
		{POLICY_CGROUP, NULL, "/docker/*", true},
		{POLICY_CGROUP, NULL, "*zen-7", true},
		{POLICY_RUNTIME, NULL, "docker", true},
		{POLICY_RUNTIME, NULL, "podman", false},
		{POLICY_POD, NULL, "*", false}, /* not known */
		{POLICY_UNIT, NULL, "*", false},
		{POLICY_LABEL, "tier", "batch", true},
		{POLICY_LABEL, "tier", "bat*", true},
		{POLICY_LABEL, "tie", "*", false},
		{POLICY_LABEL, "other", "*", false},
		{POLICY_LABEL, "last", "1", true},
		{POLICY_LABEL, "empty", "", true},
		{POLICY_LABEL, "tier2", "prod", true},
		{POLICY_PROCESS, NULL, "*", false},
	};
	struct snapshot *w = world_new(MODE_ENFORCE);
	struct hr_slot *s = world_container(w, 0, "citizen-7", 1);

	s->id.image = slot_text(s, "registry/app:1.0");
	s->labels = slot_text(s, "tier2=prod\ntier=batch\nempty=\nlast=1");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rule_spec spec = {
			.name = "x",
			.selector = {{cases[i].key + 1, cases[i].label, cases[i].glob}}};
		const struct policy *p = set_add(w, &spec);

		if (selector_match(w->set, p, s) != cases[i].meant)
			fail_msg("%u %s %s", cases[i].key, cases[i].label ? cases[i].label : "",
				 cases[i].glob);
	}
	world_free(w);
}

static void test_all_keys_must_fit(void **state)
{
	struct snapshot *w = world_new(MODE_ENFORCE);
	struct hr_slot *s = world_container(w, 0, "db", 1);
	struct rule_spec both = {
		.name = "x",
		.selector = {{POLICY_NAME + 1, NULL, "db"}, {POLICY_RUNTIME + 1, NULL, "podman"}}};

	assert_false(selector_match(w->set, set_add(w, &both), s));
	both.selector[1].glob = "docker";
	assert_true(selector_match(w->set, set_add(w, &both), s));
	world_free(w);
}

/* ---- never ---- */
static void test_never(void **state)
{
	static const struct {
		enum hr_kind kind;
		const char *path;
		enum hr_skip_reason reason;
	} cases[] = {
		{HR_KIND_CONTAINER, "/docker/a", HR_SKIP_NONE},
		{HR_KIND_UNIT, "/system.slice/app.service", HR_SKIP_NONE},
		{HR_KIND_GROUP, "/", HR_SKIP_INIT},
		{HR_KIND_UNIT, "/init.scope", HR_SKIP_INIT},
		{HR_KIND_UNIT, "/system.slice/docker.service", HR_SKIP_RUNTIME},
		{HR_KIND_UNIT, "/system.slice/containerd.service", HR_SKIP_RUNTIME},
		{HR_KIND_UNIT, "/system.slice/crio.service", HR_SKIP_RUNTIME},
		{HR_KIND_UNIT, "/system.slice/kubelet.service", HR_SKIP_RUNTIME},
		{HR_KIND_UNIT, "/custom.slice/kubelet.service", HR_SKIP_RUNTIME},
		{HR_KIND_UNIT, "/system.slice/podman.service", HR_SKIP_RUNTIME},
		{HR_KIND_UNIT, "/system.slice/systemd-journald.service", HR_SKIP_RUNTIME},
		{HR_KIND_UNIT, "/system.slice/dbus.service", HR_SKIP_RUNTIME},
		{HR_KIND_UNIT, "/system.slice/ssh.service", HR_SKIP_RUNTIME},
		{HR_KIND_UNIT, "/system.slice/sshd.service", HR_SKIP_RUNTIME},
		{HR_KIND_UNIT, "/system.slice/headroom.service", HR_SKIP_SELF},
		{HR_KIND_UNIT, "/system.slice/dockerino.service", HR_SKIP_NONE},
		/* names of user units protect nothing */
		{HR_KIND_UNIT,
		 "/user.slice/user-1000.slice/user@1000.service/app.slice/docker.service",
		 HR_SKIP_NONE},
		/* a systemd inside a container */
		{HR_KIND_CONTAINER, "/docker/a/init.scope", HR_SKIP_NONE},
		{HR_KIND_SANDBOX, "/kubepods/pod1/pause", HR_SKIP_SANDBOX},
		{HR_KIND_POD, "/kubepods/pod1", HR_SKIP_SANDBOX},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);

		world_add(w, 3, "x", cases[i].kind, cases[i].path);
		if (policy_exempt(w->set, &w->w, 3) != cases[i].reason)
			fail_msg("%s: %d", cases[i].path, policy_exempt(w->set, &w->w, 3));
		world_free(w);
	}
}

static void test_itself_and_its_ancestors(void **state)
{
	struct snapshot *w = world_new(MODE_ENFORCE);

	w->w.self_memcg_id =
		world_add(w, 1, "headroomd", HR_KIND_CONTAINER, "/docker/headroomd")->cgroup_id;
	world_add(w, 0, "docker", HR_KIND_GROUP, "/docker");
	world_add(w, 2, "guardian", HR_KIND_CONTAINER, "/docker/headroomdian");
	assert_int_equal(policy_exempt(w->set, &w->w, 1), HR_SKIP_SELF);
	assert_int_equal(policy_exempt(w->set, &w->w, 0), HR_SKIP_SELF);
	assert_int_equal(policy_exempt(w->set, &w->w, 2), HR_SKIP_NONE);
	assert_int_equal(policy_exempt(w->set, &w->w, 9), HR_SKIP_GONE);
	w->slot[2].state = HR_SLOT_GONE;
	assert_int_equal(policy_exempt(w->set, &w->w, 2), HR_SKIP_GONE);
	world_free(w);
}

static void test_listed_and_owned(void **state)
{
	struct snapshot *w = world_new(MODE_ENFORCE);
	struct hr_slot *s = world_container(w, 0, "db", 1);

	assert_int_equal(policy_exempt(w->set, &w->w, 0), HR_SKIP_NONE);
	s->labels =
		slot_text(s, "user.headroom=protect"); /* a label that a container gives itself */
	assert_int_equal(policy_exempt(w->set, &w->w, 0), HR_SKIP_NONE);
	set_protect(w, POLICY_NAME, "d?");
	assert_int_equal(policy_exempt(w->set, &w->w, 0), HR_SKIP_PROTECTED);
	/* and what a kill of it would end as well */
	world_add(w, 1, "docker", HR_KIND_GROUP, "/docker");
	assert_int_equal(policy_exempt(w->set, &w->w, 1), HR_SKIP_PROTECTED);
	world_free(w);
}

/* What runs inside a container does not exempt it, whatever it is called. */
static void test_inside_a_container(void **state)
{
	struct snapshot *w = world_new(MODE_ENFORCE);

	world_add(w, 0, "outer", HR_KIND_CONTAINER, "/docker/outer");
	world_add(w, 1, "inner", HR_KIND_CONTAINER, "/docker/outer/docker/inner");
	world_add(w, 2, "pause", HR_KIND_SANDBOX, "/docker/outer/kubepods/pause");
	assert_int_equal(policy_exempt(w->set, &w->w, 0), HR_SKIP_NONE);
	set_protect(w, POLICY_NAME, "inner");
	assert_int_equal(policy_exempt(w->set, &w->w, 0), HR_SKIP_NONE);
	w->w.self_memcg_id =
		world_add(w, 3, "self", HR_KIND_GROUP, "/docker/outer/self")->cgroup_id;
	assert_int_equal(policy_exempt(w->set, &w->w, 0), HR_SKIP_SELF);
	world_free(w);
}

#define MANAGER "/user.slice/user-1000.slice/user@1000.service"
#define NAMES   HR_CHOSEN_NAMES
#define ALL     (HR_CHOSEN_NAMES | HR_CHOSEN_UNIT | HR_CHOSEN_PATH)

/* A name exempts only where root chose it: of the target itself, and of a child of it. */
static void test_names_that_users_chose(void **state)
{
	static const struct {
		const char *what;
		uint32_t key; /* of protect … */
		const char *glob;
		enum hr_kind kind; /* … the target, which has tasks … */
		const char *path;
		uint16_t chosen, root_path;
		enum hr_kind child_kind; /* … and a cgroup below it */
		const char *child;
		uint16_t child_chosen;
		bool unresolved; /* the resolver has not answered for either */
		enum hr_skip_reason reason;
	} rows[] = {
		{"root's unit", POLICY_UNIT, "db.service", HR_KIND_UNIT, "/system.slice/db.service",
		 0, 0, 0, NULL, 0, false, HR_SKIP_PROTECTED},
		{"a user's unit", POLICY_UNIT, "db.service", HR_KIND_UNIT, MANAGER "/db.service",
		 ALL, sizeof(MANAGER) - 1, 0, NULL, 0, false, HR_SKIP_NONE},
		{"its name", POLICY_NAME, "db.service", HR_KIND_UNIT, MANAGER "/db.service", ALL,
		 sizeof(MANAGER) - 1, 0, NULL, 0, false, HR_SKIP_NONE},
		{"its path", POLICY_CGROUP, "*/db.service", HR_KIND_UNIT, MANAGER "/db.service",
		 ALL, sizeof(MANAGER) - 1, 0, NULL, 0, false, HR_SKIP_NONE},
		{"the path of a user's whole", POLICY_CGROUP, "/user.slice/user-1000.slice/*",
		 HR_KIND_UNIT, MANAGER "/db.service", ALL, sizeof(MANAGER) - 1, 0, NULL, 0, false,
		 HR_SKIP_PROTECTED},
		{"a longer pattern", POLICY_CGROUP, MANAGER "/db*", HR_KIND_UNIT,
		 MANAGER "/db.service", ALL, sizeof(MANAGER) - 1, 0, NULL, 0, false, HR_SKIP_NONE},
		{"built in", POLICY_UNIT, "-", HR_KIND_UNIT, MANAGER "/ssh.service", ALL,
		 sizeof(MANAGER) - 1, 0, NULL, 0, false, HR_SKIP_NONE},
		{"built in, not resolved", POLICY_UNIT, "-", HR_KIND_GROUP, MANAGER "/ssh.service",
		 0, 0, 0, NULL, 0, true, HR_SKIP_NONE},
		{"a path, not resolved", POLICY_CGROUP, "*/db.service", HR_KIND_GROUP,
		 MANAGER "/db.service", 0, 0, 0, NULL, 0, true, HR_SKIP_NONE},
		{"root's, not resolved", POLICY_UNIT, "-", HR_KIND_GROUP,
		 "/system.slice/ssh.service", 0, 0, 0, NULL, 0, true, HR_SKIP_RUNTIME},
		{"a directory that root gave away", POLICY_UNIT, "-", HR_KIND_UNIT,
		 "/given/ssh.service", ALL, 6, 0, NULL, 0, false, HR_SKIP_NONE},
		{"below a service", POLICY_UNIT, "-", HR_KIND_UNIT,
		 "/system.slice/runner.service/headroomd.service", ALL,
		 sizeof("/system.slice/runner.service") - 1, 0, NULL, 0, false, HR_SKIP_NONE},
		{"the service above it", POLICY_UNIT, "-", HR_KIND_UNIT,
		 "/system.slice/runner.service", 0, 0, HR_KIND_UNIT, "headroomd.service", ALL,
		 false, HR_SKIP_NONE},
		{"a unit with a made-up container", POLICY_NAME, "gold", HR_KIND_UNIT,
		 "/system.slice/runner.service", 0, 0, HR_KIND_CONTAINER, "docker-1.scope", ALL,
		 false, HR_SKIP_NONE},
		{"a unit with containers of root's", POLICY_UNIT, "-", HR_KIND_UNIT,
		 "/system.slice/dind.service", 0, 0, HR_KIND_CONTAINER, "docker-1", 0, false,
		 HR_SKIP_RUNTIME},
		{"a user's unit with a protected child", POLICY_UNIT, "db.service", HR_KIND_UNIT,
		 MANAGER "/evil.service", ALL, sizeof(MANAGER) - 1, HR_KIND_UNIT, "db.service", ALL,
		 false, HR_SKIP_NONE},
		{"the same, not resolved", POLICY_CGROUP, "*/db.service", HR_KIND_UNIT,
		 MANAGER "/evil.service", ALL, sizeof(MANAGER) - 1, HR_KIND_GROUP, "db.service", 0,
		 true, HR_SKIP_NONE},
		{"a container with a protected child", POLICY_UNIT, "db.service", HR_KIND_CONTAINER,
		 "/docker/1", 0, 0, HR_KIND_GROUP, "db.service", ALL, false, HR_SKIP_NONE},
		{"a user's group with a child that looks like a unit", POLICY_UNIT, "-",
		 HR_KIND_GROUP, MANAGER "/evil", ALL, sizeof(MANAGER) - 1, HR_KIND_UNIT,
		 "x.service", ALL, false, HR_SKIP_NONE},
		{"a container of a rootless engine", POLICY_NAME, "x", HR_KIND_CONTAINER,
		 MANAGER "/docker-1.scope", ALL, sizeof(MANAGER) - 1, 0, NULL, 0, false,
		 HR_SKIP_NONE},
		{"by its runtime", POLICY_RUNTIME, "docker", HR_KIND_CONTAINER,
		 MANAGER "/docker-1.scope", ALL, sizeof(MANAGER) - 1, 0, NULL, 0, false,
		 HR_SKIP_NONE},
		{"a container in a service of root's", POLICY_NAME, "x", HR_KIND_CONTAINER,
		 "/system.slice/web.service/libpod-1", HR_CHOSEN_PATH | HR_CHOSEN_UNIT,
		 sizeof("/system.slice/web.service") - 1, 0, NULL, 0, false, HR_SKIP_PROTECTED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);
		const char *last = strrchr(rows[i].path, '/') + 1;
		struct hr_slot *s = world_add(w, 0, rows[i].kind == HR_KIND_CONTAINER ? "x" : last,
					      rows[i].kind, rows[i].path);
		char path[256];

		s->id.chosen = rows[i].chosen;
		s->id.root_path = rows[i].root_path;
		s->id.runtime = HR_RUNTIME_DOCKER;
		s->flags |= HR_SLOT_HAS_TASKS;
		if (rows[i].unresolved && !rows[i].child)
			s->id.workload = 0;
		if (rows[i].kind == HR_KIND_UNIT)
			s->id.unit = slot_text(s, last);
		if (rows[i].child) {
			snprintf(path, sizeof(path), "%s/%s", rows[i].path, rows[i].child);
			s = world_add(w, 1, rows[i].child, rows[i].child_kind, path);
			s->id.unit = slot_text(s, rows[i].child);
			s->id.chosen = rows[i].child_chosen;
			s->id.root_path = (uint16_t)strlen(rows[i].path);
			if (rows[i].unresolved)
				s->id.workload = 0;
		}
		set_protect(w, rows[i].key, rows[i].glob);
		if (policy_exempt(w->set, &w->w, 0) != rows[i].reason)
			fail_msg("%s: %d", rows[i].what, policy_exempt(w->set, &w->w, 0));
		world_free(w);
	}
}

/* A container of a pod without a readable state file may be its sandbox; so may an unresolved one. */
static void test_nameless(void **state)
{
	struct snapshot *w = world_new(MODE_ENFORCE);
	struct hr_slot *s = world_container(w, 0, "0123456789ab", 1);

	s->id.workload = 0;
	assert_int_equal(policy_exempt(w->set, &w->w, 0), HR_SKIP_UNKNOWN);
	s->id.workload = 7;
	s->id.pod_uid = slot_text(s, "d16f6073");
	assert_int_equal(policy_exempt(w->set, &w->w, 0), HR_SKIP_UNKNOWN);
	s->id.container = slot_text(s, "app");
	assert_int_equal(policy_exempt(w->set, &w->w, 0), HR_SKIP_NONE);
	s->id.cgroup.at = 0;
	assert_int_equal(policy_exempt(w->set, &w->w, 0), HR_SKIP_UNKNOWN);
	world_free(w);
}

/* ---- a policy that matches everything ---- */
static bool takes(struct snapshot *w, const struct rule_spec *spec, uint32_t slot)
{
	const struct policy *p = set_add(w, spec);

	return selector_match(w->set, p, &w->slot[slot]) &&
	       selector_allowed(w->set, &w->w, p, slot, true) == HR_SKIP_NONE;
}

static void test_parents(void **state)
{
	static const struct rule_spec by_name = {.name = "n",
						 .selector = {{POLICY_NAME + 1, NULL, "*"}}};
	static const struct rule_spec by_glob = {.name = "g",
						 .selector = {{POLICY_CGROUP + 1, NULL, "/*"}}};
	static const struct rule_spec by_path = {
		.name = "p", .selector = {{POLICY_CGROUP + 1, NULL, "/builds"}}};
	static const struct rule_spec system_slice = {
		.name = "s", .selector = {{POLICY_CGROUP + 1, NULL, "/system.slice"}}};
	static const struct {
		uint32_t slot;
		bool name, glob, path;
	} cases[] = {
		{0, false, false, true}, /* a parent with containers: by its own path only */
		{1, true, true, false},
		{2, false, true, false}, /* a bare cgroup: by policies about cgroups */
		{3, false, false, false},
		{4, false, false, false}, /* a unit that holds containers */
		{5, true, true, false},
		{6, false, false, false}, /* a user's whole session */
		{7, true, true, false},
	};
	struct snapshot *w = world_new(MODE_ENFORCE);

	world_add(w, 0, "builds", HR_KIND_GROUP, "/builds");
	world_add(w, 1, "one", HR_KIND_CONTAINER, "/builds/one");
	world_add(w, 2, "bare", HR_KIND_GROUP, "/bare");
	world_add(w, 3, "system", HR_KIND_GROUP, "/system.slice");
	world_add(w, 4, "dind", HR_KIND_UNIT, "/system.slice/dind.service");
	world_add(w, 5, "inner", HR_KIND_CONTAINER, "/system.slice/dind.service/inner");
	world_add(w, 6, "user@1000.service", HR_KIND_UNIT, "/user.slice/user@1000.service");
	world_add(w, 7, "app.service", HR_KIND_UNIT, "/user.slice/user@1000.service/app.service");
	world_add(w, 8, "journal", HR_KIND_UNIT, "/system.slice/systemd-journald.service");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (takes(w, &by_name, cases[i].slot) != cases[i].name ||
		    takes(w, &by_glob, cases[i].slot) != cases[i].glob ||
		    takes(w, &by_path, cases[i].slot) != cases[i].path)
			fail_msg("slot %u", cases[i].slot);
	}
	assert_false(takes(w, &system_slice, 3)); /* the journal would die with it */
	w->slot[1].flags = 0;
	assert_false(takes(w, &by_name, 1)); /* no process in it */
	world_free(w);
}

/* Before the resolver's answer nothing is chosen; where it does not come, a leaf, or what the policy names. */
static void test_not_identified(void **state)
{
	static const struct rule_spec glob = {.name = "g",
					      .selector = {{POLICY_CGROUP + 1, NULL, "/*"}}};
	static const struct rule_spec path = {
		.name = "p", .selector = {{POLICY_CGROUP + 1, NULL, "/a.service"}}};
	static const struct {
		const char *what;
		uint64_t workload, after_ms;
		bool parent, path; /* many may be in it; the policy names it */
		enum hr_skip_reason reason;
	} rows[] = {
		{"a leaf, just seen", 0, 0, false, false, HR_SKIP_UNKNOWN},
		{"a leaf, 0.4 s", 0, 400, false, false, HR_SKIP_UNKNOWN},
		{"a leaf, no answer", 0, 500, false, false, HR_SKIP_NONE},
		{"a leaf, answered at once", 7, 0, false, false, HR_SKIP_NONE},
		{"with others, no answer", 0, 60000, true, false, HR_SKIP_UNKNOWN},
		{"with others, answered", 7, 0, true, false, HR_SKIP_NONE},
		{"named, just seen", 0, 0, true, true, HR_SKIP_UNKNOWN},
		{"named, no answer", 0, 500, true, true, HR_SKIP_NONE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);
		struct hr_slot *s = world_add(w, 0, "a.service", HR_KIND_UNIT, "/a.service");
		const struct policy *p = set_add(w, rows[i].path ? &path : &glob);
		enum hr_skip_reason reason;

		s->id.workload = rows[i].workload;
		s->sampled_ns = s->appeared_ns + rows[i].after_ms * NS_PER_MS;
		reason = selector_allowed(w->set, &w->w, p, 0, rows[i].parent);
		if (reason != rows[i].reason)
			fail_msg("%s: %d", rows[i].what, reason);
		world_free(w);
	}
}

/* A unit in which a process of a protected name was seen is not ended as a whole; a container is: its owner chooses the names in it. */
static void test_unit_with_protected_process(void **state)
{
	static const struct {
		const char *comm;
		enum hr_kind kind;
		enum hr_skip_reason reason;
	} rows[] = {
		{"postgres", HR_KIND_UNIT, HR_SKIP_PROTECTED},
		{"postmaster", HR_KIND_UNIT, HR_SKIP_NONE},
		{"postgres", HR_KIND_CONTAINER, HR_SKIP_NONE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);
		struct hr_slot *s = rows[i].kind == HR_KIND_UNIT
					    ? world_add(w, 0, "db.service", HR_KIND_UNIT,
							"/system.slice/db.service")
					    : world_container(w, 0, "db", 1);

		set_protect(w, POLICY_PROCESS, "postgres");
		s->process[0] = (struct hr_process){.pid = 5, .comm = "sh"};
		s->process[1].pid = 6;
		snprintf(s->process[1].comm, sizeof(s->process[1].comm), "%s", rows[i].comm);
		assert_int_equal(policy_exempt(w->set, &w->w, 0), rows[i].reason);
		world_free(w);
	}
}

/* Above one that has no known name yet, where names are protected: it may be one of those. */
static void test_above_the_nameless(void **state)
{
	static const struct rule_spec by_path = {
		.name = "p", .selector = {{POLICY_CGROUP + 1, NULL, "/builds"}}};
	static const struct {
		uint32_t key;
		const char *glob;
		bool taken;
	} cases[] = {
		{POLICY_CGROUP, "/other/*", true}, {POLICY_UNIT, "x.service", true},
		{POLICY_PROCESS, "x", true},       {POLICY_NAME, "db", false},
		{POLICY_IMAGE, "db", false},       {POLICY_POD, "db", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);

		world_add(w, 0, "builds", HR_KIND_GROUP, "/builds");
		world_add(w, 1, "", HR_KIND_CONTAINER, "/builds/docker-1");
		world_add(w, 2, "outer", HR_KIND_CONTAINER, "/outer");
		world_add(w, 3, "", HR_KIND_CONTAINER, "/outer/inner");
		w->slot[1].id.workload = w->slot[3].id.workload = 0;
		set_protect(w, cases[i].key, cases[i].glob);
		if (takes(w, &by_path, 0) != cases[i].taken)
			fail_msg("case %zu", i);
		/* what runs inside a container may stay nameless for ever */
		assert_int_equal(policy_exempt(w->set, &w->w, 2), HR_SKIP_NONE);
		world_free(w);
	}
}

/* Between two sweeps: a protected cgroup that is created below a target protects it from the next sample on. */
static void test_born_below(void **state)
{
	static const struct rule_spec rule = {
		"r",
		{.mode = MODE_ENFORCE, USAGE_AT(300), .cooldown_ms = 60000, ACTIONS(REFLEX, KILL)},
		{{POLICY_CGROUP + 1, NULL, "/pod"}},
		NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);
	const struct policy *p;
	bool strikes;
	uint64_t at;

	world_add(w, 0, "pod", HR_KIND_GROUP, "/pod");
	set_protect(w, POLICY_CGROUP, "/pod/kept");
	set_add(w, &rule);
	world_rules(w);
	world_run(w, 1);
	assert_true(engine_trigger(w->engine, &w->w, 0, &p, &at, &strikes) && strikes);
	world_add(w, 1, "kept", HR_KIND_GROUP, "/pod/kept");
	engine_child_created(w->engine, 0);
	assert_false(engine_trigger(w->engine, &w->w, 0, &p, &at, &strikes));
	w->slot[0].memory.usage = 400 * MIB;
	w->w.now_ns += SEC;
	engine_update_slot(w->engine, &w->w, 0);
	assert_int_equal(w->actions, 0);
	engine_child_created(w->engine, WORLD_SLOTS); /* out of range: ignored */
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unit_with_protected_process),
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_all_keys_must_fit),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_itself_and_its_ancestors),
		cmocka_unit_test(test_listed_and_owned),
		cmocka_unit_test(test_names_that_users_chose),
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_inside_a_container),
		cmocka_unit_test(test_parents),
		cmocka_unit_test(test_not_identified),
		cmocka_unit_test(test_above_the_nameless),
		cmocka_unit_test(test_born_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
