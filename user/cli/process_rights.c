// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "process_rights.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define NAMED_MOST 16 /* more are a number */

/* include/uapi/linux/capability.h, in its order */
static const char *const names[] = {
	"chown",
	"dac_override",
	"dac_read_search",
	"fowner",
	"fsetid",
	"kill",
	"setgid",
	"setuid",
	"setpcap",
	"linux_immutable",
	"net_bind_service",
	"net_broadcast",
	"net_admin",
	"net_raw",
	"ipc_lock",
	"ipc_owner",
	"sys_module",
	"sys_rawio",
	"sys_chroot",
	"sys_ptrace",
	"sys_pacct",
	"sys_admin",
	"sys_boot",
	"sys_nice",
	"sys_resource",
	"sys_time",
	"sys_tty_config",
	"mknod",
	"lease",
	"audit_write",
	"audit_control",
	"setfcap",
	"mac_override",
	"mac_admin",
	"syslog",
	"wake_alarm",
	"block_suspend",
	"audit_read",
	"perfmon",
	"bpf",
	"checkpoint_restore",
};

const char *process_rights_words(uint64_t capabilities, char *text, size_t bytes)
{
	size_t n = 0;

	if (!capabilities)
		return "none";
	if (__builtin_popcountll(capabilities) > NAMED_MOST) {
		snprintf(text, bytes, "%d", __builtin_popcountll(capabilities));
		return text;
	}
	text[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(names) && n < bytes; i++)
		if (capabilities & 1ull << i)
			n += (size_t)snprintf(text + n, bytes - n, "%s%s", n ? " " : "", names[i]);
	return text;
}

static bool is_ours(const char *comm)
{
	/* As the kernel has them: 15 bytes. The loader ends at once. */
	static const char *const ours[] = {"headroom",        "headroomd",       "headroomd-main",
					   "headroomd-spare", "headroom-resolv", "headroom-export"};

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (!strcmp(comm, ours[i]))
			return true;
	return false;
}

static bool read_status(const char *proc, const char *pid, struct process_rights *ret)
{
	char path[PATH_MAX], line[256];
	_cleanup_fclose_ FILE *f = NULL;
	unsigned int flag;

	*ret = (struct process_rights){0};
	snprintf(path, sizeof(path), "%s/%s/status", proc, pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Name: %15s", ret->comm) == 1 && !is_ours(ret->comm))
			return false;
		sscanf(line, "Pid: %u", &ret->pid);
		sscanf(line, "Uid: %*u %u", &ret->uid);
		sscanf(line, "CapPrm: %lx", &ret->permitted);
		sscanf(line, "CapBnd: %lx", &ret->bounding);
		if (sscanf(line, "NoNewPrivs: %u", &flag) == 1)
			ret->no_new_privs = flag;
		if (sscanf(line, "Seccomp: %u", &flag) == 1)
			ret->filter = flag == 2;
	}
	return f && *ret->comm;
}

size_t process_rights_find(const char *proc, struct process_rights found[PROCESS_RIGHTS_MOST])
{
	_cleanup_closedir_ DIR *dir = opendir(proc);
	struct dirent *entry;
	size_t n = 0;

	while (dir && n < PROCESS_RIGHTS_MOST && (entry = readdir(dir)))
		if (isdigit((unsigned char)*entry->d_name) &&
		    read_status(proc, entry->d_name, &found[n]) &&
		    found[n].pid != (uint32_t)getpid())
			n++;
	return n;
}
