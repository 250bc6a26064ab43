# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The tarball, unpacked below /usr/local of a clean Debian root without any library of ours: daemon, resolver and `headroom` run, and
# the file REQUIRES names what the exporter lacks there.
. "$(dirname "$0")/../install/lib.sh"
compiler=$(sed 's/ -std=.*//' "$build/.flags")
make --no-print-directory CC="$compiler" tarball >"$work/out" 2>&1 || { tail -n 20 "$work/out" && fail 'make tarball'; }
archive=$(ls "$build"/dist/headroom-*.tar.xz)
tests/packages/check-sbom "$archive.spdx.json" || fail 'its SBOM is not right'
mkdir -p "$work/layer/upper/usr/local"
tar -C "$work/layer/upper/usr/local" --strip-components=1 -xf "$archive" || fail 'tar'
cat >"$work/layer/upper/try" <<'T'
set -e
mkdir -p /run/headroom
/usr/local/sbin/headroomd >/tmp/log 2>&1 &
daemon=$!
n=0
until /usr/local/bin/headroom ls --all >/tmp/ls 2>/dev/null; do
	n=$((n + 1)) && [ $n -lt 300 ] && [ -d /proc/$daemon ] || { cat /tmp/log; exit 1; }
	sleep .2
done
/usr/local/bin/headroom status
! grep -i 'resolver' /tmp/log
kill -TERM $daemon
wait $daemon
grep -q libcurl /usr/local/share/doc/headroom/REQUIRES
/usr/local/bin/headroom export --help >/tmp/export 2>&1 && exit 1
grep 'shared librar' /tmp/export
T
tools/debian --keep "$work/layer" trixie -- sh /try >"$work/log" 2>&1
status=$?
[ $status != 3 ] || skip "$(tail -n 1 "$work/log")"
cat "$work/log"
[ $status = 0 ] || fail "status $status"
