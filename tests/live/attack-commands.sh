# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Commands of policies under attack: a user's cgroup with the name of another's unit, of an option, or of shell code reaches no
# command, and an event says so; a command is the user that the administrator chose, and inherits nothing of the daemon's.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

t=user.slice/user-1000.slice/user@1000.service/app.slice
cat >"$work/hook" <<'EOF'
#!/bin/sh
echo "ran $*: uid=$(id -u) gid=$(id -g) groups=$(id -G) fds=$(ls /proc/self/fd | tr "\n" " ") env=$(env | cut -d= -f1 | sort | tr '\n' ' ')"
grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status
EOF
chmod 755 "$work/hook"
chmod 711 "$work" "$(dirname "$work")" # for the user of the command
daemon_with <<EOF
mode: enforce
interval: 200ms
rate_limit: none
policies:
  - name: leaky-units
    match: {unit: "*.service", cgroup: "$ours/*"}
    when: {usage: 24MiB}
    actions: [kill]
    cooldown: 0s
    on_exit: {run: [$work/hook, systemctl, restart, "{unit}"]}
  - name: by-root
    match: {cgroup: "$ours/system.slice/*"}
    when: {usage: 16MiB}
    actions: [{notify: {run: [$work/hook, notice, "{unit}"], run_as: root}}]
    priority: 1
EOF
hog() {
	group_make "$t" || fail "$t cannot be made"
	[ $v = 1 ] || echo +memory >"$(group_dir "$t")/cgroup.subtree_control" || fail 'no memory controller'
	mkdir "$(group_dir "$t")/$1" || fail "$1 cannot be made"
	workload_start "$t/$1" leak 32M
	wait_for 10 ended "$workload_pid" || fail "the hog in $1 still runs"
	refused() {
		event_after "$since" '.type == "action" and .action == "on_exit" and .result.status == "refused"
			and (.result.detail | contains("{unit} is a name that a user or a container chose"))'
	}
	wait_for 15 refused >/dev/null || { events_print; fail "$1: no event that says so"; }
	since=$(mark)
}
hog cron.service
hog --now.service
# shellcheck disable=SC2016 # as it is
hog '@a;touch $(id).service'
grep -q 'ran systemctl' "$work/daemon.log" && fail 'a command ran with the name of a user'

group_make system.slice/leaky.service || fail 'groups'
workload_start system.slice/leaky.service leak 32M
wait_for 10 ended "$workload_pid" || fail 'the hog of root still runs'
acted on_exit '.result.status == "done"' 'of a unit of root' 15
printed() { grep -q "ran systemctl restart leaky.service: uid=60911 gid=60911 groups=60911 fds=0 1 2 3  env=HOME LANG PATH PWD" "$work/daemon.log"; }
if getent passwd headroom-run >/dev/null; then
	printed() { grep -q "ran systemctl restart leaky.service: uid=$(id -u headroom-run) " "$work/daemon.log"; }
fi
wait_for 5 printed || { grep ran "$work/daemon.log"; fail 'the command of the default user is not as expected'; }
as_root() { grep -q 'ran notice leaky.service: uid=0 ' "$work/daemon.log"; }
wait_for 5 as_root || { grep ran "$work/daemon.log"; fail 'the command that root wrote for root is not'; }
[ "$(grep -c 'NoNewPrivs:.*1$' "$work/daemon.log")" = 2 ] || fail 'no_new_privs'
for shell in sh /bin/bash 'env", "sh' 'busybox", "sh' 'docker", "exec", "c", "sh' 'nice", "-n", "5", "zsh'; do
	cat >"$work/bad" <<EOF
policies: [{name: x, when: {usage: 90%}, actions: [kill], on_exit: {run: ["$shell", "-ec", "systemctl restart {unit}"]}}]
EOF
	"$build/headroom" policy check "$work/bad" >"$work/said" 2>&1 && fail "policy check takes {unit} in $shell -c"
	grep -q 'would read a name as code' "$work/said" || fail "$shell: $(cat "$work/said")"
done
