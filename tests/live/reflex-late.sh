# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What changes after the daemon has armed the reflex, which decides in the kernel: policies with a higher threshold, a protected
# group that starts below an armed one, protection by the owner, a rate limit that several crossings at once would exceed, a daemon
# that dies.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

mb=1048576
for name in milder pod hog1 hog2 hog3 hog4 orphan; do group_make $name $((100 * mb)) || fail 'cannot make groups'; done
rules() { # usage of `milder`, kills of the rate limit, mode
	cat <<E
mode: ${3:-enforce}
interval: 10s
protect: ["cgroup:$ours/pod/kept*"]
policies:
  - name: milder
    match: {cgroup: "$ours/milder"}
    when: {usage: $1}
    actions: [reflex]
    cooldown: 0s
  - name: parent
    match: {cgroup: "$ours/pod"}
    when: {usage: 40MiB}
    actions: [reflex, kill]
    cooldown: 0s
  - name: hogs
    match: {cgroup: ["$ours/hog*", "$ours/orphan"]}
    when: {usage: 40MiB}
    actions: [reflex]
rate_limit: {kills: $2, per: 10m}
E
}
not_armed() { snapshot | ask "$(entry "$1") | .armed != \"reflex\""; }
reflex_events() { cli events --json | jq -c "select(.seq > $since and .type == \"action\" and .action == \"reflex\")"; }
rules 30MiB 100 >"$work/config"
daemon_on
[ "$(cli check --json | jq -r '.. | objects | select(.signal? == "reflex") | .variant' | head -n 1)" != none ] ||
	skip 'no reflex on this kernel'

# ---- a higher threshold holds once it is loaded, and does not wait for the next sweep
wait_for 20 armed milder || fail 'milder is not armed'
rules 90MiB 100 >"$work/config"
reload configuration_loaded
workload_start milder hold 60M
alive "$workload_pid" || fail 'hit at the threshold of the old policies'
kill "$workload_pid"

# ---- a protected group starts below an armed one, between two sweeps, and fills at once
wait_for 20 armed pod || fail 'the parent is not armed'
group_make pod/kept $((60 * mb)) || fail 'cannot make a group'
in_group pod/kept "$workload" burst 80MiB 1ms >/dev/null
[ "$(kernel_kills pod/kept)" = 1 ] || { events_print; fail 'a protected process was hit below its parent'; }
wait_for 5 not_armed pod || fail 'the parent of a protected one is armed'
[ -z "$(reflex_events)" ] || fail "hit: $(reflex_events)"

# ---- protected by an attribute (an extended attribute, which not every v1 has)
mkdir "$(group_dir hog1)/inner" || fail 'cannot make a group'
wait_for 20 armed hog1 || fail 'hog1 is not armed'
if "$build/tools/enforce-try" protect "cgroup:$ours/hog1/inner"; then
	wait_for 10 not_armed hog1 || fail 'armed though its owner protects it'
	in_group hog1 "$workload" burst 160MiB 1ms >/dev/null
	[ "$(kernel_kills hog1)" = 1 ] || fail 'hit though its owner protects it'
	[ -z "$(reflex_events)" ] || fail "hit: $(reflex_events)"
else
	[ $v = 1 ] || fail 'user.headroom cannot be set'
fi

# ---- three cross at once, and the rate limit allows one
rules 90MiB 1 >"$work/config"
reload configuration_loaded
for n in 2 3 4; do wait_for 20 armed hog$n || fail "hog$n is not armed"; done
since=$(mark)
for n in 2 3 4; do in_group hog$n "$workload" burst 160MiB "$((500 * slow))ms" >/dev/null & done
all_over() { [ $(($(kernel_kills hog2) + $(kernel_kills hog3) + $(kernel_kills hog4))) = 2 ]; }
wait_for 10 all_over || fail "the kernel did not kill two, and the rate limit allows one: $(reflex_events)"
refused() { cli events --json | jq -c "select(.seq > $since and .type == \"oom_kill\" and (.cgroup | test(\"$ours/hog[2-4]$\")) and .policy.not_acted == \"rate limit reached\")"; }
one_reported() { # and that of the two others the rate limit refused it, with the kernel's kill: by then the daemon may not have seen them cross
	[ "$(reflex_events | jq -c 'select(.result.ok)' | wc -l) $(refused | wc -l)" = '1 2' ]
}
wait_for 5 one_reported || fail "the rate limit allows one: $(reflex_events)"

# ---- a dry run kills nothing once it is loaded
rules 30MiB 100 >"$work/config"
reload configuration_loaded
wait_for 20 armed milder || fail 'milder is not armed again'
rules 30MiB 100 dry-run >"$work/config"
reload configuration_loaded
in_group milder "$workload" burst 160MiB 1ms >/dev/null
[ "$(kernel_kills milder)" = 1 ] || fail 'hit in a dry run'

# ---- daemon and supervisor die: the reflex does not outlive them
rules 90MiB 100 >"$work/config"
reload configuration_loaded
wait_for 20 armed orphan || fail 'orphan is not armed'
daemon_and_supervisor_kill "$(snapshot | jq .host.guard.pid)" || fail 'they do not die'
in_group orphan "$workload" burst 160MiB 1ms >/dev/null
[ "$(kernel_kills orphan)" = 1 ] || fail 'the reflex outlived the daemon'
