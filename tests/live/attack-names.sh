# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Names that users, services and containers give their cgroups exempt nothing: not by `protect`, not by the built-in exemptions, and
# not the cgroup around them. What root named is exempt all the same. A dry run by hand says which.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

hex=feedbeefcafe0123feedbeefcafe0123feedbeefcafe0123feedbeefcafe0123
uuid=aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
t=user.slice/user-1000.slice/user@1000.service/app.slice
m=machine.slice/systemd-nspawn@g.service/payload
r=system.slice/runner.service
daemon_with <<EOF
mode: dry-run
interval: 200ms
protect: ["unit:postgresql.service", "cgroup:*/kept.service", "name:gold", "cgroup:$ours/user.slice/user-7.slice/*"]
policies: [{name: host-is-full, when: {host_available: 1%}, actions: [notify, kill]}]
EOF
tried=0 broken=0
# kill or keep, what it is, path of the target, the name of a cgroup below it
judge() {
	tried=$((tried + 1))
	# a guest is ten times as slow: each third, unless asked for all
	[ -z "${HEADROOM_VM:-}" ] || [ -n "${HEADROOM_ROUNDS:-}" ] || [ $((tried % 3)) = 1 ] || return 0
	want=$1 what=$2 target=$3
	group_make "$target" || fail "$target cannot be made"
	hog=$target
	if [ -n "${4:-}" ]; then
		group_make "$target/$4" || fail "$4 cannot be made below $target"
		# on v2 a cgroup that has memory cgroups below it holds no processes itself
		[ $v = 1 ] || { hog=$target/hog && group_make "$hog"; } || fail "$hog cannot be made"
	fi
	workload_start "$hog" hold 1M
	[ -z "${4:-}" ] || wait_for 10 seen "$target/$4" || fail "$target/$4 is not listed"
	settled() { # what the resolver adds comes a moment later
		cli kill "cgroup:$ours/$target" --yes >"$work/said" 2>&1
		case $?:$want in 0:kill | 4:keep) ;; *) return 1 ;; esac
	}
	wait_for 6 settled || {
		echo "$what ($target): $(cat "$work/said")"
		broken=$((broken + 1))
	}
	kill -9 "$workload_pid"
	wait_for 5 ended "$workload_pid" || fail 'the workload does not end'
}
owned() { chown "$1" "$(group_dir "$2")" || fail "chown of $2"; }

judge kill 'a unit of a user' $t/evil0.service
judge kill 'a unit of a user, named like a protected one' $t/postgresql.service
judge kill 'a unit of a user with a path that is protected' $t/kept.service
for name in postgresql.service kept.service lxc.monitor.x pod$uuid crio-conmon-$hex.scope docker-$hex.scope headroomd.service; do
	judge kill "a unit of a user with a child $name" "$t/with-$name.service" $name
done
for name in crio-conmon-$hex.scope libpod-conmon-$hex.scope lxc.monitor.x pod$uuid systemd-journald.service sshd.service init.scope \
	headroomd.service docker.service rke2-server.service; do
	judge kill "$name of a user" $t/$name
done
judge kill "perhaps a sandbox of a user's" $t/pod$uuid/$hex
judge kill 'a container' docker/$hex
for name in postgresql.service a.slice lxc.monitor.x headroomd.service; do
	judge kill "a container with a child $name" "docker/$(printf %08d $tried)${hex#????????}" $name
done
judge kill 'sshd in a container' docker/$hex/ssh.service
judge kill 'sshd in a machine' $m/system.slice/ssh.service
judge kill 'headroomd below a service' $r/headroomd.service
judge kill 'a sandbox below a service' $r/crio-conmon-$hex.scope
for name in headroomd.service lxc.monitor.x docker-$hex.scope pod$uuid; do
	judge kill "a service with a child $name" "system.slice/runner-${name%%.*}.service" $name
done
group_make given.slice
owned 1000 given.slice
judge kill "sshd in a user's directory" given.slice/sshd.service
judge kill "postgresql in a user's directory" given.slice/postgresql.service
group_make open.slice
chmod 0777 "$(group_dir open.slice)"
judge kill 'sshd in a directory that all may write to' open.slice/sshd.service

judge keep "root's sshd" system.slice/ssh.service
owned 1000 system.slice/ssh.service
judge keep 'a unit that root gave to a user' system.slice/ssh.service
judge keep "root's unit of protect" system.slice/postgresql.service
judge keep "root's path of protect" system.slice/kept.service
judge keep 'what a protected user calls it does not matter' user.slice/user-7.slice/user@7.service/any.service
judge keep "root's supervisor of a container" machine.slice/libpod-conmon-$hex.scope
echo "$tried names"
[ $broken = 0 ] || fail "$broken of $tried"
