# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# tools/release in a clone, with a key for this test only: a dry run does nothing, each check stops it, and what it signs is verified by
# the steps of SECURITY.md; a changed artefact is not.
. "$(dirname "$0")/../install/lib.sh"
need gpg
[ -n "$(ls "$build"/dist/*.tar.xz 2>/dev/null)" ] || make --no-print-directory CC="$(sed 's/ -std=.*//' "$build/.flags")" tarball >"$work/out" 2>&1 || fail 'make tarball'
mkdir "$work/artefacts" && cp "$build"/dist/*.tar.xz* "$work/artefacts/"
GNUPGHOME=$work/keys
export GNUPGHOME
mkdir -m 700 "$GNUPGHOME"
scenario_clean_up() { gpgconf --kill gpg-agent; }
gpg --batch --quiet --passphrase '' --quick-gen-key 'test <test@localhost>' ed25519 sign 2>"$work/err" || { cat "$work/err" && fail 'no key'; }
git clone -q --no-tags . "$work/clone" && cd "$work/clone" || fail 'git clone'
git config user.name test && git config user.email test@localhost
version=$(cat VERSION)
release() { tools/release --from "$work/artefacts" "$@" >"$work/out" 2>&1; }

release --key test@localhost && fail 'a version without a date is released'
grep -q '^WRONG CHANGELOG.md' "$work/out" || { cat "$work/out" && fail 'the check of the changelog'; }
release --key test@localhost --go && fail '--go passes over a check'
sed -i "s/^## $version (.*/## $version (2026-01-01)/" CHANGELOG.md && git commit -qam 'date'
release && fail 'released without a key'
release --key test@localhost || { cat "$work/out" && fail 'the dry run'; }
[ ! -e build ] && [ -z "$(git tag)" ] || fail 'a dry run left something'
touch new && ! release --key test@localhost --go || fail 'released with a file that is not committed'
rm new
release --key test@localhost --go || { cat "$work/out" && fail 'the release'; }
cd "build/release/$version" || fail 'no result'
same 'artefacts' "$(ls "$work/artefacts" | wc -l)" "$(wc -l <SHA256SUMS)"
# As in SECURITY.md.
gpg --batch --quiet --verify SHA256SUMS.asc SHA256SUMS 2>"$work/err" || { cat "$work/err" && fail 'the signature'; }
sha256sum --quiet --check SHA256SUMS || fail 'the checksums'
git tag -v "v$version" >/dev/null 2>"$work/err" || { cat "$work/err" && fail 'the tag is not signed'; }
echo >>"$(ls headroom-*.tar.xz)"
sha256sum --quiet --check SHA256SUMS >/dev/null 2>&1 && fail 'a changed artefact passes'
echo >>SHA256SUMS
gpg --batch --quiet --verify SHA256SUMS.asc SHA256SUMS 2>/dev/null && fail 'changed checksums pass'
exit 0
