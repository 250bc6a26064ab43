// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Asks one question and prints the answer. All text passes text_clean(): it comes from containers.
 * */
#include "query_cli.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"

#define ASK_WAIT_MS 30000

static const char *const runtime_names[HR_RUNTIME_COUNT] = {
	[HR_RUNTIME_NONE] = "none",
	[HR_RUNTIME_DOCKER] = "docker",
	[HR_RUNTIME_CONTAINERD] = "containerd",
	[HR_RUNTIME_CRIO] = "crio",
	[HR_RUNTIME_PODMAN] = "podman",
	[HR_RUNTIME_NERDCTL] = "nerdctl",
	[HR_RUNTIME_LXC] = "lxc",
	[HR_RUNTIME_SYSTEMD] = "systemd",
	[HR_RUNTIME_NSPAWN] = "nspawn",
	[HR_RUNTIME_SLURM] = "slurm",
};
static const char *const kind_names[HR_KIND_COUNT] = {
	[HR_KIND_GROUP] = "group", [HR_KIND_CONTAINER] = "container", [HR_KIND_UNIT] = "unit",
	[HR_KIND_POD] = "pod",     [HR_KIND_SANDBOX] = "sandbox",
};

int ask_once(int socket, const struct resolve_question *question, struct resolve_answer *ret_answer)
{
	struct pollfd fd = {.fd = socket, .events = POLLIN};
	ssize_t n;

	if (send(socket, question, sizeof(*question), MSG_NOSIGNAL) < 0)
		return -errno;
	if (poll(&fd, 1, ASK_WAIT_MS) <= 0)
		return -ETIMEDOUT;
	n = recv(socket, ret_answer, sizeof(*ret_answer), 0);
	if (n < 0)
		return -errno;
	return n == sizeof(*ret_answer) ? 0 : -EPIPE;
}

static void set_text(json_t *object, const char *key, const struct resolve_answer *answer,
		     struct hr_str str)
{
	char clean[4 * RESOLVE_TEXT];
	const char *text = (const char *)answer + str.at;

	if (!str.at) {
		json_object_set_new(object, key, json_null());
		return;
	}
	text_clean(text, strlen(text), clean, sizeof(clean));
	json_object_set_new(object, key, json_string(clean));
}

static void set_size(json_t *object, const char *key, uint64_t bytes)
{
	json_object_set_new(object, key,
			    bytes == HR_UNKNOWN ? json_null() : json_integer((json_int_t)bytes));
}

void ask_print(const struct resolve_answer *answer, FILE *to)
{
	const struct hr_identity *id = &answer->id;
	json_t *object = json_object();
	char workload[24];

	snprintf(workload, sizeof(workload), "%016" PRIx64, id->workload);
	json_object_set_new(object, "error", json_integer(answer->error));
	json_object_set_new(object, "complete", json_boolean(answer->complete));
	json_object_set_new(object, "runtime",
			    json_string(runtime_names[id->runtime % HR_RUNTIME_COUNT]));
	json_object_set_new(object, "kind", json_string(kind_names[id->kind % HR_KIND_COUNT]));
	set_text(object, "name", answer, id->name);
	set_text(object, "container_id", answer, id->container_id);
	set_text(object, "image", answer, id->image);
	set_text(object, "pod", answer, id->pod);
	set_text(object, "namespace", answer, id->namespace);
	set_text(object, "pod_uid", answer, id->pod_uid);
	set_text(object, "container", answer, id->container);
	set_text(object, "unit", answer, id->unit);
	set_text(object, "cgroup", answer, id->cgroup);
	set_text(object, "cmdline", answer, answer->cmdline);
	set_text(object, "labels", answer, answer->labels);
	json_object_set_new(object, "workload", json_string(workload));
	if (answer->ask == RESOLVE_KMSG_OOM) {
		char comm[4 * sizeof(answer->comm) + 1];

		text_clean(answer->comm, strnlen(answer->comm, sizeof(answer->comm)), comm,
			   sizeof(comm));
		json_object_set_new(object, "pid", json_integer(answer->pid));
		json_object_set_new(object, "comm", json_string(comm));
		json_object_set_new(object, "constraint", json_integer(answer->constraint));
		set_text(object, "limit_path", answer, answer->limit_path);
		set_text(object, "task_path", answer, answer->task_path);
		set_size(object, "anon_bytes", answer->anon);
		set_size(object, "file_bytes", answer->file);
		set_size(object, "shmem_bytes", answer->shmem);
		set_size(object, "pgtables_bytes", answer->pgtables);
	}
	json_dumpf(object, to, JSON_INDENT(2));
	fputc('\n', to);
	fflush(to);
	json_decref(object);
}
