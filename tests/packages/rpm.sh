# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The RPM package: what is in it, installed by rpm below a root of its own, the configuration kept, removed without a trace. The
# libraries of this machine are no RPM packages, so rpm is told to take them as they are.
. "$(dirname "$0")/../install/lib.sh"
[ "$(id -u)" = 0 ] || skip 'needs root'
need rpmbuild
compiler=$(sed 's/ -std=.*//' "$build/.flags")
make --no-print-directory CC="$compiler" rpm >"$work/out" 2>&1 || { tail -n 20 "$work/out" && fail 'make rpm'; }
package=$(ls "$build"/rpm/headroom-*.rpm)
tests/packages/check-sbom "$package.spdx.json" || fail 'its SBOM is not right'
cp "$package" "$work/package.rpm"
for file in /usr/sbin/headroomd /usr/bin/headroom /usr/libexec/headroom/headroom-export /usr/lib/systemd/system/headroomd.service \
	/usr/lib/sysusers.d/headroom.conf /usr/lib/tmpfiles.d/headroom.conf /usr/share/man/man8/headroomd.8.gz \
	/usr/share/bash-completion/completions/headroom /usr/share/zsh/site-functions/_headroom /usr/share/licenses/headroom/LICENSE; do
	rpm -qlp "$package" | grep -qx "$file" || fail "$file is not in it"
done
same 'configuration' /etc/headroom/headroom.yaml "$(rpm -qp --configfiles "$package")"
rpm -qRp "$package" | grep -q '^libbpf.so.1' || fail 'it does not ask for libbpf'

# The scripts run in the root: a shell is all that they find there.
root=$work/root
mkdir -p "$root/bin" "$root/etc" "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
cp "$(command -v busybox)" "$root/bin/sh" || skip 'busybox is not here'
for name in grep useradd rm; do ln -s sh "$root/bin/$name"; done
printf 'root:x:0:0::/:/bin/sh\n' >"$root/etc/passwd"
for user in headroom headroom-resolver headroom-export headroom-recorder headroom-run; do
	printf '%s:x:999:999::/:/bin/sh\n' "$user" >>"$root/etc/passwd" # the shell's own useradd does not exist
done
(cd "$root" && find . -type f -o -type l) | sort >"$work/before"
rpm_does() { # silently; Debian's rpm prefers to be alien
	rpm --root "$root" --nodeps "$@" >"$work/out" 2>&1 || { cat "$work/out" && fail "rpm $*"; }
	! grep -v '^rpm: ' "$work/out" || fail "rpm $* complains"
}
rpm_does -i "$work/package.rpm"
rpm_does -V headroom
"$root/usr/bin/headroom" policy check "$root/etc/headroom/headroom.yaml" >/dev/null || fail 'what is installed does not run'
echo 'mode: dry-run' >"$root/etc/headroom/headroom.yaml"
rpm_does -U --replacepkgs "$work/package.rpm"
same 'the configuration after an upgrade' 'mode: dry-run' "$(cat "$root/etc/headroom/headroom.yaml")"
rpm --root "$root" -e headroom >"$work/out" 2>&1 || { cat "$work/out" && fail 'rpm -e'; }
grep -q rpmsave "$work/out" || fail 'it does not say where the changed configuration is'
(cd "$root" && find . \( -type f -o -type l \) ! -path '*/*rpm*/*' ! -name '*.rpmsave') | sort >"$work/after"
same 'what is left' '' "$(comm -13 "$work/before" "$work/after")"
same 'the changed configuration' 'mode: dry-run' "$(cat "$root/etc/headroom/headroom.yaml.rpmsave")"
