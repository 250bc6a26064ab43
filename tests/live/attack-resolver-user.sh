#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The resolver's processes run as a user of their own: no other process has it, and no process of user 65534 may stop, trace, read, bound or
# look into them.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip 'needs root'
need python3

BOARD=$work/board
daemon_start || fail 'the daemon does not start'
below() { # pid: it and its descendants
	echo "$1"
	for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do below "$child"; done
}
resolvers() {
	pids=$(for pid in $(below "$daemon"); do
		if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q 'headroom-resolver --fd'; then echo "$pid"; fi
	done)
	[ "$(echo "$pids" | wc -w)" = 5 ]
}
wait_for 10 resolvers || fail "not two pairs and a map reader: $pids"
confined() { for pid in $pids; do grep -q '^NoNewPrivs:.1' "/proc/$pid/status" || return 1; done; }
wait_for 10 confined || fail 'not confined'
own=$(for pid in $pids; do awk '/^Uid:/ { print $2, $3, $4, $5 }' "/proc/$pid/status"; done | sort -u)
[ "$(echo "$own" | wc -l)" = 1 ] || fail "several users: $own"
uid=${own%% *}
[ "$own" = "$uid $uid $uid $uid" ] && [ "$uid" != 0 ] && [ "$uid" != 65534 ] || fail "as which user: $own"
echo "the resolver of this daemon is user $uid"
# Of this user are these processes alone.
for status in /proc/[0-9]*/status; do
	pid=${status#/proc/} pid=${pid%/status}
	awk -v uid="$uid" '/^Uid:/ { exit !($2 == uid || $3 == uid || $4 == uid || $5 == uid) }' "$status" 2>/dev/null || continue
	case " $(echo "$pids" | tr '\n' ' ') " in *" $pid "*) ;; *) fail "process $pid is user $uid, too: $(tr '\0' ' ' <"/proc/$pid/cmdline")" ;; esac
done
for pid in $pids; do
	# shellcheck disable=SC2016 # Python
	python3 -c '
import ctypes, os, resource, signal, sys
pid = int(sys.argv[1])
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
libc = ctypes.CDLL(None, use_errno=True)
done = []
def attempt(name, f):
    try:
        f()
    except OSError:
        return
    done.append(name)
def call(n, *args):
    if n < 0:
        raise OSError(ctypes.get_errno(), "")
attempt("ptrace", lambda: call(libc.ptrace(16, pid, 0, 0)))
attempt("mem", lambda: open(f"/proc/{pid}/mem", "rb"))
attempt("fd", lambda: os.listdir(f"/proc/{pid}/fd"))
attempt("environ", lambda: open(f"/proc/{pid}/environ", "rb").read())
attempt("prlimit", lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, (8, 8)))
attempt("affinity", lambda: os.sched_setaffinity(pid, {0}))
attempt("nice", lambda: os.setpriority(os.PRIO_PROCESS, pid, 19))
attempt("pidfd_getfd", lambda: call(libc.syscall(438, os.pidfd_open(pid), 3, 0)))
attempt("signal 0", lambda: os.kill(pid, 0))
attempt("SIGSTOP", lambda: os.kill(pid, signal.SIGSTOP))
sys.exit(", ".join(done) or 0)' "$pid" || fail "user 65534 can do this to process $pid of the resolver"
done
