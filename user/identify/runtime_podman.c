// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Podman: libpod-ID[.scope], quadlet's libpod-payload-ID, pods, conmon; names from the storage's
 * containers.json (or volatile-containers.json: `--rm`), one file for all containers of a user.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "state_file.h"

static bool pod_group(const struct path *path, int i, struct identity *identity)
{
	const char *at = strstr(path->part[i], "libpod_pod_"); /* machine-libpod_pod_ID.slice */
	char id[IDENTITY_ID_HEX + 1];

	if (!at) /* cgroupfs: /libpod_parent/PODID */
		at = i && !strcmp(path->part[i - 1], "libpod_parent") ? path->part[i] : NULL;
	else
		at += strlen("libpod_pod_");
	if (!at)
		return false;
	identity_copy(id, sizeof(id), at, strnlen(at, IDENTITY_ID_HEX));
	if (!part_is_id(id) || (at[IDENTITY_ID_HEX] && strcmp(at + IDENTITY_ID_HEX, ".slice")))
		return false;
	identity_set(identity->pod_uid, id);
	return true;
}

/* cgroupfs: /libpod_parent/conmon, /libpod_parent/PODID/conmon */
static bool conmon_group(const struct path *path, int i)
{
	return !strcmp(path->part[i], "conmon") &&
	       ((i >= 1 && !strcmp(path->part[i - 1], "libpod_parent")) ||
		(i >= 2 && !strcmp(path->part[i - 2], "libpod_parent")));
}

static bool podman_match(const struct path *path, int i, struct identity *identity)
{
	const char *part = path->part[i];

	if (part_tagged(part, "libpod-conmon-", identity->container_id) || conmon_group(path, i))
		identity->kind = HR_KIND_SANDBOX;
	else if (part_tagged(part, "libpod-payload-", identity->container_id) ||
		 part_tagged(part, "libpod-", identity->container_id) ||
		 part_tagged(part, ":libpod:", identity->container_id))
		identity->kind = HR_KIND_CONTAINER;
	else if (pod_group(path, i, identity))
		identity->kind = HR_KIND_POD;
	else
		return false;
	if (identity->kind == HR_KIND_CONTAINER && i) {
		struct identity pod = {0};

		if (part_ends(path->part[i - 1],
			      ".service")) /* quadlet: the container is inside its unit */
			identity_set(identity->unit, path->part[i - 1]);
		else if (pod_group(path, i - 1, &pod))
			identity_set(identity->pod_uid, pod.pod_uid);
	}
	identity->runtime = HR_RUNTIME_PODMAN;
	return true;
}

static const json_t *find_container(const json_t *list, const char *id)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry) if (!strcmp(state_string(entry, "id"), id)) return entry;
	return NULL;
}

/* A pod's pause container: called "<first 12 digits of the pod's id>-infra" by default, from an
 * image that Podman builds for it by default. */
static bool is_infra(const struct identity *identity)
{
	bool named = strspn(identity->name, "0123456789abcdef") == 12 &&
		     !strcmp(identity->name + 12, "-infra");

	return named || strstr(identity->image, "podman-pause") ||
	       strstr(identity->image, "/pause:");
}

static int take_entry(const json_t *entry, struct identity *identity)
{
	const char *name = json_string_value(json_array_get(json_object_get(entry, "names"), 0));
	const char *metadata = state_string(entry, "metadata"); /* a JSON document in a string */
	_cleanup_free_ char *text = strdup(metadata);
	_cleanup_json_ json_t *json = NULL;

	if (!name || !name[0] || !text)
		return -EBADMSG;
	identity_set(identity->name, name);
	if (state_parse(text, strlen(text), STATE_USER_BYTES, &json) == 0)
		identity_set(identity->image, state_string(json, "image-name"));
	if (!identity->image[0])
		identity_set(identity->image, state_string(entry, "image"));
	identity->runtime = HR_RUNTIME_PODMAN;
	if (is_infra(identity))
		identity->kind = HR_KIND_SANDBOX;
	return 0;
}

static int podman_read(struct opener *opener, struct identity *identity)
{
	if (identity->kind != HR_KIND_CONTAINER)
		return 0; /* a pod's name is in Podman's database only; its id is in the path */
	for (uint32_t nth = 0; nth < 8; nth++) {
		struct open_request request = {
			.what = OPEN_PODMAN, .nth = nth, .uid = identity->uid};
		_cleanup_json_ json_t *json = NULL;
		const json_t *entry;
		int r = state_open(opener, &request, NULL, &json);

		if (r == -EBADMSG || r == -EFBIG)
			continue;
		if (r < 0)
			return r;
		entry = find_container(json, identity->container_id);
		if (entry)
			return take_entry(entry, identity);
	}
	return -ENOENT;
}

const struct runtime runtime_podman = {
	.runtime = HR_RUNTIME_PODMAN,
	.name = "podman",
	.match = podman_match,
	.read = podman_read,
};
