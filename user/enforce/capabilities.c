// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "capabilities.h"

#include <linux/capability.h>

#include "base/cleanup.h"
#include "base/rights.h"

/* clang-format off: a table */
const struct daemon_capability daemon_capabilities[] = {
	{CAP_BPF, CAP_SYS_ADMIN, true, "CAP_BPF", "loads BPF programs and maps",
	 "no BPF: memory from cgroup files, OOM kills from counters and the kernel log"},
	{CAP_PERFMON, CAP_SYS_ADMIN, true, "CAP_PERFMON",
	 "attaches BPF programs to functions of the kernel",
	 "no BPF tracing: OOM kills and stalls from files only"},
	{CAP_SYS_ADMIN, CAP_SYS_ADMIN, false, "CAP_SYS_ADMIN",
	 "BPF with libbpf before 1.4 or a kernel before 5.8",
	 "there, lesser sources of memory figures"},
	{CAP_SYS_RESOURCE, CAP_SYS_RESOURCE, true, "CAP_SYS_RESOURCE",
	 "lowers its oom_score_adj, raises its limits",
	 "cannot raise limits on locked memory and open files; pressure in steps of 2 s"},
	{CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE, true, "CAP_DAC_READ_SEARCH",
	 "opens cgroups by their id",
	 "cannot read the state of container runtimes: ids in place of names"},
	{CAP_DAC_OVERRIDE, CAP_DAC_OVERRIDE, false, "CAP_DAC_OVERRIDE",
	 "writes limits of cgroups that belong to users", "no limits for containers without root"},
	{CAP_SYSLOG, CAP_SYS_ADMIN, true, "CAP_SYSLOG",
	 "addresses of functions of the kernel, for BPF",
	 "cannot read the kernel log: without BPF, victims are unknown"},
	{CAP_KILL, CAP_KILL, true, "CAP_KILL", "signals processes of other users",
	 "cannot terminate or kill processes of other users"},
	{CAP_SYS_PTRACE, CAP_SYS_PTRACE, false, "CAP_SYS_PTRACE",
	 "reads what processes share, and /proc with hidepid",
	 "with hidepid, processes of other users are unknown"},
	{CAP_SYS_NICE, CAP_SYS_NICE, false, "CAP_SYS_NICE", "runs first where CPU time is short",
	 "may come too late on a host without CPU time"},
	{CAP_IPC_LOCK, CAP_IPC_LOCK, false, "CAP_IPC_LOCK", "locks its memory",
	 "its memory may be on disk when it is needed"},
	{CAP_CHOWN, CAP_CHOWN, false, "CAP_CHOWN",
	 "gives board and control socket to the group headroom", "only root can read the board"},
	{CAP_FOWNER, CAP_FOWNER, false, "CAP_FOWNER",
	 "replaces its files in a folder of another user", "no board in such a folder"},
};
/* clang-format on */
const size_t daemon_capabilities_n = ARRAY_SIZE(daemon_capabilities);

uint64_t daemon_capabilities_kept(void)
{
	uint64_t kept = 0;

	for (size_t i = 0; i < ARRAY_SIZE(daemon_capabilities); i++)
		kept |= RIGHT(daemon_capabilities[i].capability);
	return kept;
}

/* What no command of a policy has a use for: the kernel's modules, hardware, clock, reboot, labels and audit rules. */
uint64_t supervisor_capabilities_kept(void)
{
	return ~(RIGHT(CAP_SYS_MODULE) | RIGHT(CAP_SYS_RAWIO) | RIGHT(CAP_SYS_TIME) |
		 RIGHT(CAP_SYS_BOOT) | RIGHT(CAP_SYS_TTY_CONFIG) | RIGHT(CAP_SYS_PACCT) |
		 RIGHT(CAP_AUDIT_CONTROL) | RIGHT(CAP_AUDIT_READ) | RIGHT(CAP_MAC_OVERRIDE) |
		 RIGHT(CAP_MAC_ADMIN) | RIGHT(CAP_LINUX_IMMUTABLE) | RIGHT(CAP_WAKE_ALARM) |
		 RIGHT(CAP_BLOCK_SUSPEND) | RIGHT(CAP_LEASE) | RIGHT(CAP_MKNOD));
}
