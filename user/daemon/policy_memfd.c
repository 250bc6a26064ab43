// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the daemon maps can neither shrink (SIGBUS) nor change. */
#include "policy_memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/config.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/read_full.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

int rules_seal(const struct policy_set *set, int *ret_fd)
{
	_cleanup_close_ int fd = memfd_create("headroom-policies", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	err = whole_write(fd, set, set->bytes);
	if (!err && fcntl(fd, F_ADD_SEALS, SEALS))
		err = -errno;
	if (!err)
		*ret_fd = take_fd(fd);
	return err;
}

int rules_map(int fd_, struct rules *ret_rules)
{
	_cleanup_close_ int fd = fd_;
	struct stat st;
	void *at;
	int seals;

	if (fd < 0 || fstat(fd, &st))
		return -EBADMSG;
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS) != SEALS || st.st_size < (off_t)sizeof(struct policy_set))
		return -EBADMSG;
	/* private: before 6.7 the kernel refuses a shared mapping of a file sealed against writing, even to read */
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	if (policy_set_verify(at, (size_t)st.st_size)) {
		munmap(at, (size_t)st.st_size);
		return -EBADMSG;
	}
	*ret_rules = (struct rules){.fd = take_fd(fd), .set = at, .bytes = (size_t)st.st_size};
	return 0;
}

void rules_done(struct rules *rules)
{
	if (rules->set)
		munmap((void *)rules->set, rules->bytes);
	if (rules->fd >= 0)
		close(rules->fd);
	*rules = (struct rules){.fd = -1};
}

bool rules_same_labels(const struct policy_set *a, const struct policy_set *b)
{
	for (uint32_t i = 0;; i++) {
		const char *x = policy_label(a, i), *y = policy_label(b, i);

		if (!x || !y)
			return x == y;
		if (strcmp(x, y))
			return false;
	}
}

static uint64_t generation; /* of this supervisor's loads */

/* The command line's mode holds for the policies, too. */
static int finish(struct policy_set *set, const struct config *config, struct rules *ret_rules)
{
	int fd = -1, err;

	set->mode = config->mode;
	set->generation = ++generation;
	err = rules_seal(set, &fd);
	return err ?: rules_map(fd, ret_rules);
}

int rules_load(const char *path, struct config *config, struct rules *ret_rules,
	       char error[CONFIG_ERROR])
{
	_cleanup_free_ struct policy_set *set = NULL;
	struct config loaded = *config;
	char unknown[CONFIG_ERROR];
	int err = config_load(path, &loaded, &set, error);

	if (err)
		return err;
	/* An unknown user in `control: allow` gives no permission to anyone, and is no reason to refuse the policies. */
	if (config_resolve(&loaded, unknown))
		log_error("%s", unknown);
	err = finish(set, &loaded, ret_rules);
	if (!err)
		*config = loaded;
	return err;
}

int rules_none(const struct config *config, struct rules *ret_rules)
{
	_cleanup_free_ struct policy_set *set = config_no_policies();

	return set ? finish(set, config, ret_rules) : -ENOMEM;
}
