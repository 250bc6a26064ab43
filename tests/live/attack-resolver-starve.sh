#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A user's own state files must not keep other containers from their names: 32 scopes of one user with files as large, deep, dense,
# slow and strange as it can make them, that are written all the time, and new scopes all the time. Beside all of it a new
# container has its name within half a second. Last, a file system that hangs, as a home on a server that is gone.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip 'needs root'
need unshare
need python3

BOARD=$work/own # the daemon has a mount namespace of its own: never the one of tests/live/run
uid=4242 scopes=${HEADROOM_SCOPES:-32} rounds=${HEADROOM_ROUNDS:-3}
home=$work/home
storage=$home/.local/share/containers/storage
mkdir -p "$storage" && chmod 711 "$work"
{ cat /etc/passwd && echo "evil:x:$uid:$uid::$home:/bin/sh" && echo "good:x:4243:4243::$work/good:/bin/sh"; } >"$work/passwd"
# Another user, with containers of its own.
theirs=$work/good/.local/share/containers/storage/overlay-containers
mkdir -p "$theirs"
for i in $(seq 100); do printf '{"id":"%064x","names":["good%d"],"metadata":"{\\"image-name\\":\\"i\\"}"}\n' $((9000 + i)) "$i"; done |
	jq -s . >"$theirs/containers.json"
chown -R 4243 "$work/good"
writer='' storm=''
scenario_clean_up() {
	for pid in $writer $storm; do kill "$pid" 2>/dev/null; done
	[ -z "${fuse:-}" ] || { kill "$fuse" && wait "$fuse"; } 2>/dev/null
}

python3 - "$storage" $uid <<'P' || fail 'cannot make the files'
import os, socket, sys
storage, uid = sys.argv[1], int(sys.argv[2])
def put(name, body=None, make=None):
    d = f'{storage}/{name}-containers'
    os.mkdir(d)
    p = d + '/containers.json'
    if make:
        make(p)
    else:
        open(p, 'wb').write(body)
    os.chown(d, uid, uid)
    os.chown(p, uid, uid, follow_symlinks=False)
ints = b'[' + b','.join([b'1'] * 2000000) + b']'
put('ints4m', ints)
put('ints1m', ints[:1000001] + b'1]')
put('keys', (b'[{' + b','.join(b'"%x":1' % k for k in range(90000)) + b'}]'))
put('deep', b'[' * 500000 + b']' * 500000)
put('deep60', b'[' + b','.join([b'[' * 60 + b']' * 60] * 8000) + b']')
put('text', b'["' + b'x' * 1000000 + b'"]')
put('escapes', b'["' + b'\\u00e9' * 160000 + b'"]')
put('bytes', b'["' + b'\xff' * 1000000 + b'"]')
put('unended', b'[{"id":"' + b'x' * 1000000)
put('fifo', make=lambda p: os.mkfifo(p))
put('socket', make=lambda p: (os.chdir(os.path.dirname(p)), socket.socket(socket.AF_UNIX).bind('containers.json')))
put('sparse', make=lambda p: os.truncate(os.open(p, os.O_CREAT | os.O_WRONLY) and p, 1 << 34))
put('proc', make=lambda p: os.symlink('/proc/self/environ', p))
put('other', make=lambda p: os.symlink('/etc/shadow', p))
put('loop', make=lambda p: os.symlink(p, p))
put('hard', make=lambda p: os.link(f'{storage}/ints1m-containers/containers.json', p))
put('empty', b'')
for i in range(3000):
    os.mkdir(f'{storage}/x{i}-containers')
P

# shellcheck disable=SC2016 # for the shell inside
unshare -m --propagation private sh -c 'mount --bind "$1/passwd" /etc/passwd && shift && exec "$@"' - "$work" \
	"$build/headroomd" --board "$BOARD" $no_lock >"$work/daemon.log" 2>&1 &
daemon=$!
wait_for 60 daemon_attached || fail "the daemon does not start: $(cat "$work/daemon.log")"

now_ms() { date +%s%3N; }
n=0 worst=0
# A new container; its time until it has a name, by the event's own time. LXC's have no state file: all that is measured is the wait.
probe() { # what is going on
	n=$((n + 1))
	group_make lxc && named "lxc/probe$n" "probe$n" "$1"
}
# The same of the other user, by its state file.
probe_user() {
	n=$((n + 1))
	group_make user-4243.slice && named "user-4243.slice/libpod-$(printf %064x $((9000 + n))).scope" "good$n" "$1, of another user"
}
named() { # group, its name, what is going on
	group=$1 name=$2
	shift 2
	began=$(now_ms)
	group_make "$group" || fail 'cannot make a group'
	identified() { cli events --json --type container | ask "select(.cgroup == \"$ours/$group\" and .name == \"$name\" and .what == \"identified\") | .time" >"$work/when"; }
	wait_for 30 identified || fail "$1: no name within 30 s: $(cli events --json --type container | tail -n 2)"
	took=$(($(date -d "$(jq -r . "$work/when")" +%s%3N) - began))
	echo "$1: named after $took ms"
	[ $took -le $worst ] || worst=$took
}

# Half a second of a CPU's time: stretched like every bound (wait.inc).
bounded() { # where
	runnable_read
	[ $worst -le $((500 * slow * runnable / cpus)) ] || fail "$1: named only after $worst ms, with $runnable tasks on $cpus CPUs"
}

group_make user-$uid.slice || fail 'cannot make a group'
scope() { group_make "user-$uid.slice/libpod-$(printf %064x "$1").scope"; }
probe calm
probe_user calm
worst=0
i=0
while [ $i -lt "$scopes" ]; do
	scope $i
	i=$((i + 1))
done
for round in $(seq "$rounds"); do probe "$scopes scopes" && probe_user "$scopes scopes"; done
# One file is written all the time, others get new times; new scopes come and go.
(
	while :; do
		cp "$storage/keys-containers/containers.json" "$storage/x1-containers/containers.json"
		chown $uid "$storage/x1-containers/containers.json"
		touch "$storage"/*s-containers/containers.json
		sleep 0.05
	done
) &
writer=$!
(
	k=1000
	while :; do
		k=$((k + 1))
		scope $k
		rmdir "$mount$ours/user-$uid.slice/libpod-$(printf %064x $((k - 20))).scope" 2>/dev/null
		sleep 0.02
	done
) &
storm=$!
for round in $(seq "$rounds"); do probe 'with changes and a storm' && probe_user 'with changes and a storm'; done
kill $writer $storm
wait $writer $storm 2>/dev/null
writer='' storm=''
bounded 'beside them all'
! grep -q 'resolver' "$work/daemon.log" || fail "the resolver had to start again: $(cat "$work/daemon.log")"

# An access to a FUSE file system that nothing serves waits until it is killed, or until what mounted it ends.
[ -c /dev/fuse ] || { echo 'no FUSE here: /dev/fuse is missing' && exit 0; }
guard=$(snapshot | jq .host.guard.pid)
mkdir "$storage/0-containers"
# shellcheck disable=SC2016 # for the shell inside
nsenter -t "$guard" -m sh -c 'exec 9<>/dev/fuse && mount -i -t fuse -o "fd=9,rootmode=40000,user_id=0,group_id=0,allow_other" none "$1" && exec sleep 100' \
	- "$storage/0-containers" 2>"$work/fuse.log" &
fuse=$!
mounted() { grep -q "$storage/0-containers fuse" "/proc/$guard/mounts"; }
wait_for 5 mounted || { echo "no FUSE here: $(cat "$work/fuse.log")" && exit 0; }
worst=0
scope 5000
for round in $(seq "$rounds"); do probe 'beside a file system that hangs'; done
kill $fuse
wait $fuse 2>/dev/null
fuse=''
bounded 'beside a file system that hangs'
