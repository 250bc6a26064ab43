# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The same commit built in two folders gives the same bytes: packages, tarball, images, SBOMs. And each SBOM is right.
. "$(dirname "$0")/../install/lib.sh"
need dpkg-shlibdeps
need rpmbuild
compiler=$(sed 's/ -std=.*//' "$build/.flags")
revision=$(git rev-parse HEAD) mask=022
epoch=$(git log -1 --format=%ct "$revision")
for folder in "$work/one" "$work/another/of/another/length"; do
	mkdir -p "$folder"
	git archive "$revision" | tar -x -C "$folder"
	(cd "$folder" && umask $mask && HEADROOM_REVISION=$revision SOURCE_DATE_EPOCH=$epoch \
		make -j"$(nproc)" CC="$compiler" rpm deb tarball image) >"$work/log" 2>&1 || { tail -n 30 "$work/log" && fail "make in $folder"; }
	mask=027
done
count=0
for artefact in "$work"/one/build/deb/*.deb* "$work"/one/build/rpm/*.rpm* "$work"/one/build/dist/*.tar.xz* "$work"/one/build/image/*.tar*; do
	cmp "$artefact" "$work/another/of/another/length/${artefact#"$work/one/"}" || fail "$artefact: not the same bytes again"
	count=$((count + 1))
done
same 'artefacts compared' 10 $count
tests/packages/check-sbom "$work"/one/build/*/*.spdx.json || fail 'an SBOM is not right'
