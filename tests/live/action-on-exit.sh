# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Commands of policies: with notify, and on_exit for a process that nothing restarts. No shell runs; values are filled in byte by
# byte; the run time is bounded; the exit status becomes an event; an unknown value fails the command instead of leaving it out.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

for name in hog slow odd; do group_make $name || fail 'cannot make groups'; done
cat >"$work/tell" <<'E'
#!/bin/sh
out=$1
shift
{ printf '%s\n' "$#" "$@"; id -u; } >"$out.new"
mv "$out.new" "$out"
E
chmod 755 "$work/tell"
daemon_with <<E
mode: enforce
interval: 200ms
run_as: root
policies:
  - name: one
    match: {cgroup: "$ours/hog"}
    when: {usage: 32MiB}
    actions: [{notify: {run: ["$work/tell", "$work/noticed", "{policy}", "a b; touch x", "cgroup={cgroup}"]}}, kill]
    on_exit: {run: ["$work/tell", "$work/then", "{cgroup}", '\$(id)']}
  - name: two
    match: {cgroup: "$ours/slow"}
    when: {usage: 32MiB}
    actions: [kill]
    on_exit: {run: ["false"]}
  - name: three
    match: {cgroup: "$ours/odd"}
    when: {usage: 32MiB}
    actions: [{notify: {run: ["$work/tell", "$work/odd", "{pod}"]}}, kill]
E
workload_start hog leak 40M
wait_for 10 test -e "$work/noticed" || fail 'the command of the notice was not run'
cat >"$work/wanted" <<E
3
one
a b; touch x
cgroup=$ours/hog
0
E
cmp "$work/noticed" "$work/wanted" || fail 'the arguments differ from the configuration'
wait_for 10 ended "$workload_pid" || fail 'notify has kept the kill from coming'
wait_for 15 test -e "$work/then" || fail 'the command afterwards was not run'
sed -n 2,3p "$work/then" >"$work/got"
printf '%s\n' "$ours/hog" '$(id)' | cmp - "$work/got" || fail 'a shell has expanded the argument'
acted on_exit '.result.status == "done" and (.result.detail | contains("exit status 0"))'
ran() { daemon_event '.what == "command" and (.text | contains("policy one"))'; }
wait_for 5 ran || fail 'no event about the exit of the command'

workload_start slow leak 40M
acted on_exit '.policy == "two" and .result.status == "failed" and (.result.detail | contains("exit status 1"))' '' 15
workload_start odd leak 40M
acted notify '.policy == "three" and (.result.detail | contains("{pod} is not known"))' '' 10
wait_for 10 ended "$workload_pid" || fail 'an unknown value has kept the kill from coming'
[ ! -e "$work/odd" ] || fail 'a command ran with a value missing'
