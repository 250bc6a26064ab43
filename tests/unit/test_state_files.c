// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* State files of every engine, recorded and broken, through the same calls that the parser
 * makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fixture_tree.h"
#include "identify/labels.h"
#include "identify/engine_procs.h"
#include "identify/answer.h"
#include "identify/state_file.h"

#define P "1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6"
#define SLICE                                       \
	"/kubepods.slice/kubepods-burstable.slice/" \
	"kubepods-burstable-pod1c2d3e4f_5a6b_7c8d_9e0f_a1b2c3d4e5f6.slice"
#define CGROUPFS "/kubepods/burstable/pod" P
#define FOUR(x)  x x x x
#define ID(two)  FOUR(two two two two two two two two) /* 64 digits */

enum {
	DOCKER = HR_RUNTIME_DOCKER,
	CONTAINERD = HR_RUNTIME_CONTAINERD,
	CRIO = HR_RUNTIME_CRIO,
	PODMAN = HR_RUNTIME_PODMAN,
	NERDCTL = HR_RUNTIME_NERDCTL,
	SYSTEMD = HR_RUNTIME_SYSTEMD,
	NONE = HR_RUNTIME_NONE,
};
enum {
	GROUP = HR_KIND_GROUP,
	CONTAINER = HR_KIND_CONTAINER,
	UNIT = HR_KIND_UNIT,
	POD = HR_KIND_POD,
	SANDBOX = HR_KIND_SANDBOX,
};

struct row {
	const char *root, *path;
	int runtime, kind, complete;
	const char *name, *image, *container, *pod, *namespace, *pod_uid;
};

static const struct row rows[] = {
	/* Docker */
	{"docker", "/docker/" ID("11"), DOCKER, CONTAINER, 1, "web-1",
	 "registry.example/shop/web:1.2", "", "", "", ""},
	{"docker", "/system.slice/docker-" ID("11") ".scope", DOCKER, CONTAINER, 1, "web-1",
	 "registry.example/shop/web:1.2", "", "", "", ""},
	{"docker", "/docker/" ID("11") "/system.slice/ssh.service", DOCKER, GROUP, 1, "web-1",
	 "registry.example/shop/web:1.2", "", "", "", ""},
	{"docker", "/my-parent/" ID("11"), DOCKER, CONTAINER, 1, "web-1",
	 "registry.example/shop/web:1.2", "", "", "", ""},
	{"docker", SLICE "/docker-" ID("12") ".scope", DOCKER, CONTAINER, 1, "app",
	 "sha256:" ID("aa"), "app", "web-0", "shop", P},
	{"docker", CGROUPFS "/" ID("12"), DOCKER, CONTAINER, 1, "app", "sha256:" ID("aa"), "app",
	 "web-0", "shop", P},
	{"docker", CGROUPFS "/" ID("13"), DOCKER, SANDBOX, 1, "web-0", "registry.k8s.io/pause:3.9",
	 "", "web-0", "shop", P},
	{"docker", "/docker/" ID("14"), DOCKER, CONTAINER, 1, "evil?]0;title??name ?gnp", "i", "",
	 "", "", ""},
	{"docker", "/docker/" ID("15"), DOCKER, CONTAINER, 0, "151515151515", "", "", "", "",
	 ""}, /* truncated */
	{"docker", "/docker/" ID("16"), DOCKER, CONTAINER, 1, "caf?(", "img?(", "", "", "",
	 ""}, /* no UTF-8 */
	{"docker", "/docker/" ID("17"), DOCKER, CONTAINER, 0, "171717171717", "", "", "", "",
	 ""}, /* a link */
	{"docker", "/docker/" ID("18"), DOCKER, CONTAINER, 0, "181818181818", "", "", "", "",
	 ""}, /* other types */
	{"docker", "/docker/" ID("19"), DOCKER, CONTAINER, 0, "191919191919", "", "", "", "",
	 ""}, /* empty */
	{"docker", "/docker/" ID("1a"), DOCKER, CONTAINER, 1, "elsewhere", "busybox", "", "", "",
	 ""}, /* data-root */
	{"docker", "/docker/" ID("ff"), DOCKER, CONTAINER, 0, "ffffffffffff", "", "", "", "",
	 ""}, /* not there */
	/* containerd */
	{"containerd", SLICE "/cri-containerd-" ID("21") ".scope", CONTAINERD, CONTAINER, 1,
	 "redis", "docker.io/library/redis:7", "redis", "cache-5d78c9869d-79bfv", "kube-system", P},
	{"containerd", CGROUPFS "/" ID("21"), CONTAINERD, CONTAINER, 1, "redis",
	 "docker.io/library/redis:7", "redis", "cache-5d78c9869d-79bfv", "kube-system", P},
	{"containerd", CGROUPFS "/" ID("22"), CONTAINERD, SANDBOX, 1, "cache-5d78c9869d-79bfv", "",
	 "", "cache-5d78c9869d-79bfv", "kube-system", P},
	{"containerd", SLICE "/cri-containerd-" ID("22") ".scope", CONTAINERD, SANDBOX, 1,
	 "cache-5d78c9869d-79bfv", "", "", "cache-5d78c9869d-79bfv", "kube-system", P},
	{"containerd", "/kubepods-burstable-pod" P ".slice:cri-containerd:" ID("21"), CONTAINERD,
	 CONTAINER, 1, "redis", "docker.io/library/redis:7", "redis", "cache-5d78c9869d-79bfv",
	 "kube-system", P},
	{"containerd", CGROUPFS "/" ID("23"), CONTAINERD, CONTAINER, 1, "edge",
	 "docker.io/library/redis:7", "edge", "cache-5d78c9869d-79bfv", "edge", P},
	{"containerd", CGROUPFS "/" ID("24"), CONTAINERD, CONTAINER, 1, "custom",
	 "docker.io/library/redis:7", "custom", "cache-5d78c9869d-79bfv", "kube-system", P},
	{"containerd", "/testns/ctr-one", CONTAINERD, CONTAINER, 1, "ctr-one", "", "", "", "", ""},
	{"containerd", "/other/ctr-one", CONTAINERD, CONTAINER, 1, "ctr-one", "", "", "", "", ""},
	{"containerd", "/third/ctr-one", NONE, GROUP, 1, "ctr-one", "", "", "", "", ""},
	{"containerd", "/testns/ctr-two", NONE, GROUP, 1, "ctr-two", "", "", "", "", ""},
	{"containerd", "/docker/" ID("11"), DOCKER, CONTAINER, 0, "111111111111", "", "", "", "",
	 ""},
	/* the kubelet's logs */
	{"containerd", "/kubepods/besteffort/podaaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee/" ID("25"),
	 CONTAINERD, CONTAINER, 1, "worker", "", "worker", "job-x", "batch",
	 "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"},
	{"containerd", "/custom/" ID("25"), CONTAINERD, CONTAINER, 1, "worker", "", "worker",
	 "job-x", "batch", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"},
	{"containerd", CGROUPFS, NONE, POD, 1, "cache-5d78c9869d-79bfv", "", "",
	 "cache-5d78c9869d-79bfv", "kube-system", P},
	{"containerd", SLICE, NONE, POD, 1, "cache-5d78c9869d-79bfv", "", "",
	 "cache-5d78c9869d-79bfv", "kube-system", P},
	{"containerd", CGROUPFS "/" ID("2f"), CONTAINERD, CONTAINER, 0, "cache-5d78c9869d-79bfv",
	 "", "", "cache-5d78c9869d-79bfv", "kube-system", P},
	{"containerd", "/kubepods/burstable/pod0123456789abcdef0123456789abcdef", NONE, POD, 1,
	 "etcd-node1", "", "", "etcd-node1", "kube-system", "0123456789abcdef0123456789abcdef"},
	/* CRI-O */
	{"crio", SLICE "/crio-" ID("31") ".scope", CRIO, CONTAINER, 1, "api", "quay.io/shop/api:3",
	 "api", "api-0", "shop", P},
	{"crio", SLICE "/crio-" ID("31") ".scope/container", CRIO, GROUP, 1, "api",
	 "quay.io/shop/api:3", "api", "api-0", "shop", P},
	{"crio", CGROUPFS "/crio-" ID("31"), CRIO, CONTAINER, 1, "api", "quay.io/shop/api:3", "api",
	 "api-0", "shop", P},
	{"crio", CGROUPFS "/crio-" ID("32"), CRIO, SANDBOX, 1, "api-0", "quay.io/shop/api:3", "",
	 "api-0", "shop", P},
	{"crio", CGROUPFS "/crio-conmon-" ID("31"), CRIO, SANDBOX, 1, "crio-conmon-" ID("31"), "",
	 "", "", "", P},
	{"crio", "/x/crio-" ID("33"), CRIO, CONTAINER, 0, "333333333333", "", "", "", "",
	 ""}, /* Podman's */
	/* Podman */
	{"podman", "/machine.slice/libpod-" ID("41") ".scope", PODMAN, CONTAINER, 1, "web",
	 "localhost/shop/web:1", "", "", "", ""},
	{"podman", "/machine.slice/libpod-" ID("41") ".scope/container", PODMAN, GROUP, 1, "web",
	 "localhost/shop/web:1", "", "", "", ""},
	{"podman", "/libpod_parent/libpod-" ID("43"), PODMAN, CONTAINER, 1, "temp",
	 "docker.io/library/alpine:3", "", "", "", ""},
	{"podman", "/libpod_parent/libpod-" ID("42"), PODMAN, SANDBOX, 1, "4c4c4c4c4c4c-infra",
	 "localhost/podman-pause:4.3.1-0", "", "", "", ""},
	{"podman", "/libpod_parent/" ID("4c") "/libpod-" ID("46"), PODMAN, SANDBOX, 1,
	 "0123456789ab-infra", "localhost/own/pause:1", "", "", "", ID("4c")},
	{"podman", "/libpod_parent/" ID("4c"), PODMAN, POD, 1, ID("4c"), "", "", "", "", ID("4c")},
	{"podman", "/libpod_parent/libpod-" ID("44"), PODMAN, CONTAINER, 1, "odd", ID("ac"), "", "",
	 "", ""},
	{"podman", "/libpod_parent/libpod-" ID("45"), PODMAN, CONTAINER, 1, "moved",
	 "localhost/m:1", "", "", "", ""},
	{"podman", "/libpod_parent/libpod-" ID("4f"), PODMAN, CONTAINER, 0, "4f4f4f4f4f4f", "", "",
	 "", "", ""},
	/* nerdctl */
	{"nerdctl", "/system.slice/nerdctl-" ID("51") ".scope", NERDCTL, CONTAINER, 1, "shop-db",
	 "", "", "", "", ""},
	{"nerdctl", "/default/" ID("51"), NERDCTL, CONTAINER, 1, "shop-db", "", "", "", "", ""},
	{"nerdctl", "/default/" ID("52"), NERDCTL, CONTAINER, 1, "web", "", "", "", "",
	 ""}, /* renamed */
	{"docker", "/machine.slice/machine-web.scope/payload", HR_RUNTIME_NSPAWN, CONTAINER, 1,
	 "web", "", "", "", "", ""},
	{"docker", "/system.slice/slurmstepd.scope/job_5/step_0/user", HR_RUNTIME_SLURM, CONTAINER,
	 1, "5.0", "", "", "", "", ""},
	/* systemd: nothing to read */
	{"docker", "/system.slice/ssh.service", SYSTEMD, UNIT, 1, "ssh.service", "", "", "", "",
	 ""},
	{"docker", "/", NONE, GROUP, 1, "/", "", "", "", "", ""},
	/* daemons: found by their options and configuration */
	{"daemons", "/docker/" ID("61"), DOCKER, CONTAINER, 1, "found", "i", "", "", "", ""},
	{"daemons", "/docker/" ID("62"), DOCKER, CONTAINER, 1, "found", "i", "", "", "", ""},
	{"daemons", CGROUPFS "/" ID("63"), CONTAINERD, CONTAINER, 1, "found",
	 "docker.io/library/redis:7", "found", "cache-5d78c9869d-79bfv", "kube-system", P},
	{"daemons", "/libpod_parent/libpod-" ID("64"), PODMAN, CONTAINER, 1, "found", "i", "", "",
	 "", ""},
	{"daemons", "/docker/" ID("65"), DOCKER, CONTAINER, 0, "656565656565", "", "", "", "",
	 ""}, /* a user's */
	{"daemons", "/docker/" ID("66"), DOCKER, CONTAINER, 0, "666666666666", "", "", "", "",
	 ""}, /* a container's */
};

static const char *text_of(const struct resolve_answer *answer, struct hr_str str)
{
	assert_true(str.at < sizeof(*answer));
	return str.at ? (const char *)answer + str.at : "";
}

static void ask(const char *root, const struct resolve_question *question,
		struct resolve_answer *ret_answer)
{
	struct opener opener = {.socket = -1};

	assert_int_equal(state_dirs_open(root, &opener.dirs), 0);
	resolve_answer_question(&opener, question, ret_answer);
	state_dirs_close(opener.dirs);
}

static void ask_path(const char *root, const char *path, uint32_t again,
		     struct resolve_answer *ret_answer)
{
	struct resolve_question question = {
		.ask = RESOLVE_CGROUP, .tag = 77, .cgroup_id = 5, .again = again};

	strcpy(question.path, path);
	ask(root, &question, ret_answer);
	assert_int_equal(ret_answer->tag, 77);
	assert_int_equal(ret_answer->cgroup_id, 5);
	assert_string_equal(text_of(ret_answer, ret_answer->id.cgroup), path);
}

static void test_engines(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct resolve_answer answer;
		char root[128];

		snprintf(root, sizeof(root), "tests/fixtures/identity/%s/root", row->root);
		ask_path(root, row->path, 0, &answer);
#define SAME(field) (!strcmp(text_of(&answer, answer.id.field), row->field))
		if (answer.id.runtime != row->runtime || answer.id.kind != row->kind ||
		    (int)answer.complete != row->complete || !SAME(name) || !SAME(image) ||
		    !SAME(container) || !SAME(pod) || !SAME(namespace) || !SAME(pod_uid)) {
			print_error("%s %s\n: runtime %d kind %d complete %u name '%s' image '%s' "
				    "container '%s' pod '%s' "
				    "namespace '%s' uid '%s'\n",
				    row->root, row->path, answer.id.runtime, answer.id.kind,
				    answer.complete, text_of(&answer, answer.id.name),
				    text_of(&answer, answer.id.image),
				    text_of(&answer, answer.id.container),
				    text_of(&answer, answer.id.pod),
				    text_of(&answer, answer.id.namespace),
				    text_of(&answer, answer.id.pod_uid));
			fail();
		}
		assert_true(answer.id.workload != 0);
		assert_int_equal(answer.error, 0);
	}
}

/* Only labels that were asked for; a newline in a value starts no second one; a value too long is left out whole. */
static void test_labels(void **state)
{
	struct resolve_answer answer;
	struct identity identity = {0};
	json_t *object = json_object();
	char *longer = calloc(1, sizeof(identity.labels) + 1);

	assert_int_equal(labels_want("odd"), 0);
	assert_int_equal(labels_want("com.docker.compose.service"), 0);
	assert_int_equal(labels_want("io.kubernetes.pod.name"), 0);
	ask_path("tests/fixtures/identity/docker/root", "/docker/" ID("11"), 0, &answer);
	assert_string_equal(text_of(&answer, answer.labels),
			    "odd=a\"b\\c?newline?[31mred\ncom.docker.compose.service=web");
	ask_path("tests/fixtures/identity/crio/root", CGROUPFS "/crio-" ID("31"), 0, &answer);
	assert_string_equal(text_of(&answer, answer.labels), "io.kubernetes.pod.name=api-0");

	memset(longer, 'x', sizeof(identity.labels));
	json_object_set_new(object, "odd", json_string(longer));
	json_object_set_new(object, "com.docker.compose.service", json_string("web"));
	labels_take(object, &identity);
	assert_string_equal(identity.labels, "com.docker.compose.service=web");
	json_object_set_new(object, "com.docker.compose.service", json_string("later"));
	labels_take(object, &identity);
	assert_string_equal(identity.labels, "com.docker.compose.service=web");
	json_decref(object);
	free(longer);
}

/* Asked often enough, the path is the answer. */
static void test_gives_up(void **state)
{
	struct resolve_answer answer;

	ask_path("tests/fixtures/identity/docker/root", "/docker/" ID("ff"), RESOLVE_AGAIN_MAX - 1,
		 &answer);
	assert_int_equal(answer.complete, 0);
	ask_path("tests/fixtures/identity/docker/root", "/docker/" ID("ff"), RESOLVE_AGAIN_MAX,
		 &answer);
	assert_int_equal(answer.complete, 1);
}

#define CONFIG_DIR "var/lib/docker/containers/" ID("77")
#define CONFIG     CONFIG_DIR "/config.v2.json"

/* Documents too large, too deep, or large but right. Names come out of the last one only. */
static void test_sizes(void **state)
{
	static const struct {
		size_t label_bytes, depth;
		bool readable;
	} sizes[] = {
		{0, 0, true},  {1 << 20, 0, true}, {5 << 20, 0, false},
		{0, 40, true}, {0, 10000, false},  {0, 1000000, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = 4096 + sizes[i].label_bytes + 2 * sizes[i].depth, n;
		_cleanup_free_ char *text = malloc(size);
		struct resolve_answer answer;
		struct tree tree;

		n = (size_t)sprintf(
			text,
			"{\"Name\":\"/big\",\"Config\":{\"Image\":\"i\",\"Labels\":{\"l\":\"");
		memset(text + n, 'x', sizes[i].label_bytes);
		n += sizes[i].label_bytes;
		n += (size_t)sprintf(text + n, "\"}},\"deep\":");
		memset(text + n, '[', sizes[i].depth);
		n += sizes[i].depth;
		n += (size_t)sprintf(text + n, "%s", sizes[i].depth ? "" : "0");
		memset(text + n, ']', sizes[i].depth);
		n += sizes[i].depth;
		n += (size_t)sprintf(text + n, "}");
		tree_new(&tree);
		tree_put(&tree, CONFIG, text);
		ask_path(tree.root, "/docker/" ID("77"), 0, &answer);
		assert_string_equal(text_of(&answer, answer.id.name),
				    sizes[i].readable ? "big" : "777777777777");
		assert_int_equal(answer.complete, sizes[i].readable);
		tree_done(&tree);
	}
}

/* A document cut at every byte: never a crash, and never half a name. */
static void test_truncated(void **state)
{
	static const char text[] =
		"{\"Name\":\"/"
		"whole\",\"Config\":{\"Image\":\"i\",\"Labels\":{\"a\":\"\\u00e9\\\"\"}}}";

	for (size_t n = 0; n < sizeof(text); n++) {
		_cleanup_free_ char *copy = malloc(n + 1);
		json_t *json = NULL;
		int r;

		memcpy(copy, text, n);
		r = state_parse(copy, n, STATE_MAX_BYTES, &json);
		assert_int_equal(r == 0, n == sizeof(text) - 1);
		json_decref(json);
	}
}

/* A name longer than any field, and so many fields that they do not fit. */
static void test_long_names(void **state)
{
	static char text[64 << 10];
	struct resolve_answer answer;
	struct tree tree;
	size_t n = (size_t)sprintf(text, "{\"Name\":\"/");

	memset(text + n, 'n', 5000);
	n += 5000;
	n += (size_t)sprintf(text + n, "\",\"Config\":{\"Image\":\"");
	memset(text + n, 'i', 5000);
	n += 5000;
	n += (size_t)sprintf(text + n, "\",\"Labels\":{\"io.kubernetes.pod.name\":\"");
	memset(text + n, 'p', 5000);
	n += 5000;
	n += (size_t)sprintf(text + n, "\",\"io.kubernetes.container.name\":\"");
	memset(text + n, 'c', 5000);
	n += 5000;
	n += (size_t)sprintf(text + n, "\"}}}");
	tree_new(&tree);
	tree_put(&tree, CONFIG, text);
	ask_path(tree.root, "/docker/" ID("77"), 0, &answer);
	assert_int_equal(strlen(text_of(&answer, answer.id.container)), 255);
	assert_true(answer.text_used <= RESOLVE_TEXT);
	tree_done(&tree);
}

/* What lies about may be no plain file at all. */
static void test_no_plain_file(void **state)
{
	char full[TREE_PATH];
	struct resolve_answer answer;
	struct tree tree;

	tree_new(&tree);
	tree_mkdir(&tree, CONFIG_DIR);
	assert_int_equal(mkfifo(tree_path(&tree, CONFIG, full), 0600), 0);
	ask_path(tree.root, "/docker/" ID("77"), 0, &answer);
	assert_int_equal(answer.complete, 0);
	tree_done(&tree);
}

/* Rootless: in the user's home, and theirs. */
static void test_rootless(void **state)
{
	uid_t uid = geteuid() ? geteuid() : 1000;
	char path[RECORD_PATH], full[TREE_PATH], passwd[256];
	static const char list[] = "[{\"id\":\"" ID(
		"78") "\",\"names\":[\"mine\"],\"image\":\"i\",\"metadata\":\"\"}]";
	static const char file[] =
		"home/joe/.local/share/containers/storage/overlay-containers/containers.json";
	struct resolve_answer answer;
	struct tree tree;

	tree_new(&tree);
	snprintf(passwd, sizeof(passwd),
		 "root:x:0:0::/root:/bin/sh\njoe:x:%u:%u::/home/joe:/bin/sh\n", uid, uid);
	tree_put(&tree, "etc/passwd", passwd);
	tree_put(&tree, file, list);
	snprintf(path, sizeof(path),
		 "/user.slice/user-%u.slice/user@%u.service/user.slice/libpod-" ID("78") ".scope",
		 uid, uid);
	if (geteuid() == 0) { /* not theirs: not believed */
		ask_path(tree.root, path, 0, &answer);
		assert_int_equal(answer.complete, 0);
		assert_int_equal(chown(tree_path(&tree, file, full), uid, uid), 0);
	}
	ask_path(tree.root, path, 0, &answer);
	assert_string_equal(text_of(&answer, answer.id.name), "mine");
	tree_done(&tree);
}

/* An id in a name that a user or a container chose does not bring the name of root's container with that id; docker's
 * --cgroup-parent makes no container a supervisor. */
static void test_made_up_ids(void **state)
{
	static const struct {
		const char *path, *name;
		int kind, chosen;
	} made[] = {
		{"/docker/" ID("79"), "gold", HR_KIND_CONTAINER, 0},
		{"/system.slice/docker-" ID("79") ".scope", "gold", HR_KIND_CONTAINER, 0},
		/* a service of root's that runs an engine */
		{"/system.slice/dind.service/docker/" ID("79"), "gold", HR_KIND_CONTAINER,
		 HR_CHOSEN_PATH},
		{"/lxc.monitor/" ID("79"), "gold", HR_KIND_CONTAINER, 0},
		{"/kata_overhead/" ID("79"), "gold", HR_KIND_CONTAINER, 0},
		{"/user.slice/user-1000.slice/user@1000.service/docker-" ID("79") ".scope",
		 "797979797979", HR_KIND_CONTAINER, HR_CHOSEN_NAMES | HR_CHOSEN_PATH},
		{"/docker/" ID("80") "/docker/" ID("79"), "797979797979", HR_KIND_CONTAINER,
		 HR_CHOSEN_NAMES | HR_CHOSEN_PATH},
		{"/machine.slice/systemd-nspawn@g.service/payload/docker/" ID("79"), "797979797979",
		 HR_KIND_CONTAINER, HR_CHOSEN_NAMES | HR_CHOSEN_PATH},
	};
	struct resolve_answer answer;
	struct tree tree;

	tree_new(&tree);
	tree_put(&tree, "etc/passwd",
		 "root:x:0:0::/root:/bin/sh\nu:x:1000:1000::/home/u:/bin/sh\n");
	tree_put(&tree, "var/lib/docker/containers/" ID("79") "/config.v2.json",
		 "{\"ID\":\"" ID("79") "\",\"Name\":\"/gold\",\"Config\":{\"Image\":\"i\"}}");
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		ask_path(tree.root, made[i].path, 0, &answer);
		if (strcmp(text_of(&answer, answer.id.name), made[i].name) ||
		    answer.id.kind != made[i].kind || answer.id.chosen != made[i].chosen)
			fail_msg("%s: %s, kind %u, chosen %#x", made[i].path,
				 text_of(&answer, answer.id.name), answer.id.kind,
				 answer.id.chosen);
	}
	tree_done(&tree);
}

static void test_config_values(void **state)
{
	char value[64];

#define option(args, name, to, bytes) daemon_option(args, sizeof(args), name, to, bytes)
	assert_int_equal(
		daemon_config_value("{ \"data-root\": \"/a\" }", "data-root", value, sizeof(value)),
		0);
	assert_string_equal(value, "/a");
	assert_int_equal(daemon_config_value("#state = \"/no\"\nstate = '/b'\n", "state", value,
					     sizeof(value)),
			 0);
	assert_string_equal(value, "/b");
	assert_int_equal(
		daemon_config_value("oom_state = \"/no\"\n", "state", value, sizeof(value)),
		-ENOENT);
	assert_int_equal(
		daemon_config_value("state = \"/unfinished\n", "state", value, sizeof(value)),
		-ENOENT);
	assert_int_equal(daemon_config_value("state", "state", value, sizeof(value)), -ENOENT);
	assert_int_equal(daemon_config_value("state = \"/c\"", "state", value, 2), -ENOENT);
	assert_int_equal(option("a\0--x=1\0-g\0/g", "-g", value, sizeof(value)), 0);
	assert_string_equal(value, "/g");
	assert_int_equal(option("a\0--x=/1", "--x", value, sizeof(value)), 0);
	assert_string_equal(value, "/1");
	assert_int_equal(option("a\0-g", "-g", value, sizeof(value)), -ENOENT);
	assert_int_equal(option("a\0-gx", "-g", value, sizeof(value)), -ENOENT);
#undef option
}

/* Names that would lead elsewhere are no ids. */
static void test_ids(void **state)
{
	static const char *const bad[] = {"",    ".",    "..", "../x", "a/b", "/a",
					  "a b", "a\nb", ".a", "a*",   "a@b", "\xff"};
	char longest[OPEN_ID + 1];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(open_id_valid(bad[i]));
	assert_true(open_id_valid("a..b_C-9"));
	memset(longest, 'a', sizeof(longest));
	assert_false(open_id_valid(longest));
	longest[OPEN_ID - 1] = 0;
	assert_true(open_id_valid(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engines),       cmocka_unit_test(test_labels),
		cmocka_unit_test(test_gives_up),      cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_truncated),     cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_no_plain_file), cmocka_unit_test(test_rootless),
		cmocka_unit_test(test_made_up_ids),   cmocka_unit_test(test_config_values),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
