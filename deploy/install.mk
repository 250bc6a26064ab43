# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# `make install`: installs files; starts nothing and keeps an existing configuration.
# For a package: make install DESTDIR=… PREFIX=/usr SYSCONFDIR=/etc

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
# Each program finds the others in ../libexec/headroom.
LIBEXECDIR ?= $(PREFIX)/libexec/headroom
INCLUDEDIR ?= $(PREFIX)/include/headroom
LIBDIR ?= $(PREFIX)/lib
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
SYSCONFDIR ?= /etc
DEBVERSION ?= $(VERSION)
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR ?= $(DATADIR)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
FISHDIR ?= $(DATADIR)/fish/vendor_completions.d

unit_files := $(wildcard deploy/systemd/*.service)
manuals := $(build)/man
completions := $(build)/completion

# Substitutes the installed paths in unit files.
here := -e 's|/usr/sbin/|$(SBINDIR)/|g' -e 's|/usr/bin/|$(BINDIR)/|g' -e 's|/etc/headroom/|$(SYSCONFDIR)/headroom/|g'

# Every installed file, listed once: `make uninstall` deletes exactly these.
installed = $(SBINDIR)/headroomd $(BINDIR)/headroom $(LIBEXECDIR)/headroom-resolver $(LIBEXECDIR)/headroom-export \
	$(patsubst include/headroom/%,$(INCLUDEDIR)/%,$(wildcard include/headroom/*.h include/headroom/*.def)) $(LIBDIR)/libheadroom.a \
	$(patsubst deploy/systemd/%,$(UNITDIR)/%,$(unit_files)) $(SYSUSERSDIR)/headroom.conf \
	$(TMPFILESDIR)/headroom.conf \
	$(BASHDIR)/headroom $(ZSHDIR)/_headroom $(FISHDIR)/headroom.fish

install: all ## install below $(DESTDIR)$(PREFIX); docs/how-to/install.md lists the folders
	$(Q)$(MAKE) --no-print-directory install-files

# The same, building only manuals and completions.
install-files: manuals completions
	install -d $(addprefix $(DESTDIR),$(sort $(dir $(installed))) $(SYSCONFDIR)/headroom $(MANDIR)/man1 $(MANDIR)/man5 \
		$(MANDIR)/man8 $(DATADIR)/headroom/examples)
	install -m 755 $(build)/headroomd $(DESTDIR)$(SBINDIR)/
	install -m 755 $(build)/headroom $(DESTDIR)$(BINDIR)/
	install -m 755 $(build)/headroom-resolver $(build)/headroom-export $(DESTDIR)$(LIBEXECDIR)/
	install -m 644 include/headroom/*.h include/headroom/*.def $(DESTDIR)$(INCLUDEDIR)/
	install -m 644 $(build)/libheadroom.a $(DESTDIR)$(LIBDIR)/
	for s in 1 5 8; do install -m 644 $(manuals)/*.$$s $(DESTDIR)$(MANDIR)/man$$s/ || exit; done
	install -m 644 $(completions)/headroom.bash $(DESTDIR)$(BASHDIR)/headroom
	install -m 644 $(completions)/headroom.zsh $(DESTDIR)$(ZSHDIR)/_headroom
	install -m 644 $(completions)/headroom.fish $(DESTDIR)$(FISHDIR)/headroom.fish
	for unit in $(notdir $(unit_files)); do \
		sed $(here) deploy/systemd/$$unit >$(build)/$$unit && install -m 644 $(build)/$$unit $(DESTDIR)$(UNITDIR)/ || exit; done
	install -m 644 deploy/systemd/headroom.sysusers $(DESTDIR)$(SYSUSERSDIR)/headroom.conf
	install -m 644 deploy/systemd/headroom.tmpfiles $(DESTDIR)$(TMPFILESDIR)/headroom.conf
	[ -e $(DESTDIR)$(SYSCONFDIR)/headroom/headroom.yaml ] || \
		install -m 644 deploy/etc/headroom.yaml $(DESTDIR)$(SYSCONFDIR)/headroom/headroom.yaml
	install -m 644 deploy/etc/headroom.yaml $(DESTDIR)$(DATADIR)/headroom/examples/
	for part in grafana prometheus mixin; do [ ! -d deploy/$$part ] || cp -R deploy/$$part $(DESTDIR)$(DATADIR)/headroom/ || exit; done

uninstall: ## delete what `make install` installed; keeps configuration and recorded history
	rm -f $(addprefix $(DESTDIR),$(installed))
	for page in $(manuals)/*.[158]; do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	rm -rf $(DESTDIR)$(DATADIR)/headroom
	rmdir $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(INCLUDEDIR) 2>/dev/null || true

# Manuals and completions run the programs: with CROSS, those of a `make` before.
runnable := $(if $(CROSS),build,$(build))
manuals: ## the manual pages, from docs/man and every command's --help
	$(Q)tools/manual $(runnable) $(manuals)

completions: ## completion for bash, zsh and fish, from every command's --help
	$(Q)mkdir -p $(completions)
	$(Q)for shell in bash zsh fish; do \
		tools/completion $$shell $(runnable) >$(completions)/headroom.$$shell || exit; done

# With -j one at a time, since each makes the manuals.
alone := flock $(build)/.flags
deb: all ## a Debian package in build/deb
	$(Q)CROSS=$(CROSS) $(alone) tools/deb $(build) $(DEBVERSION)

tarball: all $(static) ## a tarball for any distribution in build/dist, without shared libraries but for the exporter
	$(Q)CROSS=$(CROSS) $(alone) tools/tarball $(build) $(VERSION)

deb-check: deb ## install, upgrade, remove and purge it in a copy of this machine with a real systemd (root)
	$(Q)INSTALL_ALL=1 tests/install/run deb

rpm: all ## an RPM package in build/rpm (on the distribution that is to run it)
	$(Q)$(alone) tools/rpm $(build) $(VERSION)

dist: ## package, tarball, images and their SBOMs in build/dist
	$(Q)tools/setup build dist
	$(Q)$(MAKE) --no-print-directory $(if $(shell command -v dpkg-shlibdeps),deb,$(if $(shell command -v rpmbuild),rpm)) tarball image
	$(Q)for file in $(build)/deb/*.deb* $(build)/rpm/*.rpm* $(build)/image/headroom-*.tar*; do \
		[ ! -e "$$file" ] || cp "$$file" $(build)/dist/ || exit; done

test-packages: ## build, install, upgrade and purge the packages in clean roots (root; a mirror; tens of minutes)
	$(Q)tools/setup build dist packages test
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/packages/run

.PHONY: test-packages install install-files deb deb-check tarball rpm dist uninstall manuals completions
