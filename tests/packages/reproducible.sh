# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The same commit built in two folders gives the same bytes: packages, tarball, images, SBOMs. And each SBOM is right.
. "$(dirname "$0")/../install/lib.sh"
need dpkg-shlibdeps
need rpmbuild
compiler=$(sed 's/ -std=.*//' "$build/.flags")
revision=$(git rev-parse HEAD)
for folder in "$work/one" "$work/another/of/another/length"; do
	mkdir -p "$folder"
	git archive HEAD | tar -x -C "$folder"
	umask $((umask == 022 ? 027 : 022))
	(cd "$folder" && HEADROOM_REVISION=$revision SOURCE_DATE_EPOCH=$(git -C "$top" log -1 --format=%ct) \
		make -j"$(nproc)" CC="$compiler" rpm deb tarball image) >"$work/log" 2>&1 || { tail -n 30 "$work/log" && fail "make in $folder"; }
done
count=0
for file in build/deb/*.deb build/rpm/*.rpm build/dist/*.tar.xz build/image/*.tar; do
	for artefact in "$work/one"/$file "$work/one"/$file.spdx.json; do
		cmp "$artefact" "$work/another/of/another/length/${artefact#"$work/one/"}" || fail "$artefact: not the same bytes again"
		count=$((count + 1))
	done
done
same 'artefacts compared' 10 $count
tests/packages/check-sbom "$work"/one/build/*/*.spdx.json || fail 'an SBOM is not right'
