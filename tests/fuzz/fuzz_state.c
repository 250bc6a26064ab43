// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A state file, read as that of each runtime, from its name in a folder of its own to the answer. */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "identify/answer.h"

#define ID "1111111111111111111111111111111111111111111111111111111111111111"

static const char *const files[] = {
	"var/lib/docker/containers/" ID "/config.v2.json",
	"run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
	"run/containers/storage/overlay-containers/" ID "/userdata/config.json",
	"var/lib/containers/storage/overlay-containers/containers.json",
};
static const char *const paths[] = {
	"/docker/" ID,
	"/kubepods.slice/cri-containerd-" ID ".scope",
	"/kubepods.slice/crio-" ID ".scope",
	"/machine.slice/libpod-" ID ".scope",
};
static struct opener opener;
static char root[] = "/tmp/fuzz_state.XXXXXX";

static void make_dirs(char *path)
{
	for (char *at = path + 1; (at = strchr(at, '/')); at++) {
		*at = 0;
		if (mkdir(path, 0755) && errno != EEXIST)
			abort();
		*at = '/';
	}
}

static void remove_root(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	if (system(command))
		fputs("fuzz_state: its folder in /tmp stays\n", stderr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char path[512];

	if (!opener.dirs) {
		if (!mkdtemp(root))
			abort();
		atexit(remove_root);
		for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
			snprintf(path, sizeof(path), "%s/%s", root, files[i]);
			make_dirs(path);
		}
		if (state_dirs_open(root, &opener.dirs))
			abort();
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct resolve_question question = {.ask = RESOLVE_CGROUP, .cgroup_id = 5};
		struct resolve_answer answer;
		int fd;

		snprintf(path, sizeof(path), "%s/%s", root, files[i]);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fd < 0 || write(fd, data, n) != (ssize_t)n)
			abort();
		close(fd);
		strcpy(question.path, paths[i]);
		resolve_answer_question(&opener, &question, &answer);
		if (answer.text_used > sizeof(answer.text) || answer.id.runtime >= HR_RUNTIME_COUNT)
			abort();
	}
	return 0;
}
