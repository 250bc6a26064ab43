# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# headroom. `make run` and `make test` are all that a new machine needs; `make help` lists the rest.

VERSION := $(shell cat VERSION)
CC ?= gcc
CLANG ?= clang
# Ubuntu's command of that name runs only on the kernel that its package was made for; the program behind it runs anywhere.
BPFTOOL ?= $(firstword $(wildcard /usr/lib/linux-tools/*/bpftool /usr/sbin/bpftool) bpftool)
PKG_CONFIG ?= $(if $(CROSS),$(CROSS)-)pkg-config
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# SAN=1: address and undefined-behaviour sanitizers; SAN=thread: thread sanitizer. Each has a build folder of its own.
SAN ?=
# COV=1: what `make coverage` builds.
COV ?=
# CROSS=aarch64-linux-gnu: for that machine, by its cross compiler (docs/internals/architectures.md).
CROSS ?=
ifneq ($(CROSS),)
override CC := $(CROSS)-gcc
AR := $(CROSS)-ar
endif
build := build$(if $(CROSS),/$(CROSS))$(if $(SAN),/san-$(SAN))$(if $(COV),/cov)
WERROR ?= $(if $(CI),-Werror)
warn := -Wall -Wextra -Wmissing-prototypes -Wshadow -Wvla -Wno-unused-parameter
CFLAGS ?= -O2 -g
san_1 := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
san_thread := -fsanitize=thread -fno-omit-frame-pointer
# SAN=fuzz: what tests/fuzz links; libFuzzer comes with clang.
san_fuzz := -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow -fno-sanitize=function \
	-fno-sanitize-recover=undefined,float-cast-overflow -fno-omit-frame-pointer -Wno-unknown-warning-option
ifeq ($(SAN),fuzz)
override CC := $(CLANG)
endif
# Built in less time; the warnings of the plain build are errors.
ifneq ($(filter fuzz 1,$(SAN)),)
CFLAGS := -O1 -g
WERROR :=
endif
san := $(san_$(SAN)) $(if $(COV),--coverage -fprofile-update=atomic)
# The build's own folder never gets into a binary: the same sources give the same bytes anywhere.
cflags := -std=gnu11 -D_GNU_SOURCE $(CFLAGS) $(warn) $(WERROR) $(san) -Iinclude -Iuser -I$(build)/gen \
	-ffile-prefix-map=$(CURDIR)=. -DHEADROOM_VERSION='"$(VERSION)"' -MMD -MP
ldflags := $(LDFLAGS) $(san) -Wl,--as-needed -Wl,--build-id=sha1

daemon_libs := -lbpf -lelf -lz -lyaml -lm -lpthread
cli_libs := -lbpf -lelf -lz -lyaml -ljansson -lsqlite3 -lncursesw -ltinfo -lm -lpthread
resolver_libs := -ljansson -lseccomp -lcap-ng
export_libs := -lmicrohttpd -lcurl -lnats -lmosquitto -lnettle -lyaml -ljansson -lz -lm -lpthread
all_libs := $(cli_libs) $(export_libs) -lseccomp -lcap-ng

machine := $(if $(CROSS),$(firstword $(subst -, ,$(CROSS))),$(shell uname -m))
arch := $(shell echo $(machine) | sed 's/x86_64/x86/;s/aarch64/arm64/;s/powerpc64le/powerpc/;s/ppc64le/powerpc/;s/s390x/s390/;s/riscv64/riscv/')
bpf_cflags := -g -O2 -target $(if $(filter s390x,$(machine)),bpfeb,bpf) -D__TARGET_ARCH_$(arch) -Ivmlinux -Iinclude -Wall -Werror \
	-ffile-prefix-map=$(CURDIR)=. -fdebug-compilation-dir=. -MMD -MP

# Modules, in the order of the data flow. A file with a main is named for its program and belongs to no archive.
modules := base cgroup board collect identify forecast policy enforce daemon recorder format json command tui report export cli
mains := user/daemon/headroomd.c user/cli/headroom.c user/identify/headroom-resolver.c user/export/headroom-export.c
bpf_src := $(wildcard bpf/*.bpf.c)
skels := $(bpf_src:bpf/%.bpf.c=$(build)/gen/%.skel.h)
src_of = $(filter-out $(mains),$(wildcard user/$(1)/*.c user/$(1)/*/*.c))
obj := $(build)/obj
obj_of = $(patsubst %.c,$(obj)/%.o,$(call src_of,$(1)))
archives := $(modules:%=$(build)/lib%.a)
programs := $(build)/headroomd $(build)/headroom $(build)/headroom-resolver $(build)/headroom-export
tool_src := $(wildcard tools/*.c)
tools := $(tool_src:tools/%.c=$(build)/tools/%)
unit_src := $(wildcard tests/unit/test_*.c)
units := $(unit_src:tests/unit/%.c=$(build)/tests/%)
fuzz_src := $(wildcard tests/fuzz/fuzz_*.c)
fuzzers := $(fuzz_src:tests/fuzz/%.c=$(build)/tests/%)

all: $(programs) $(tools) ## build build/headroomd, build/headroom and the resolver (default)
.DEFAULT_GOAL := all

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install the packages that building, running and testing need (never anything else)
	$(Q)tools/setup $(if $(NEED),$(NEED),build)

# A new machine first gets its packages; a machine that has them is not touched.
run: ## install what is missing, build, start an observing guard and show the live table
	$(Q)tools/setup build
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tools/run

$(build)/gen/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(bpf_cflags) -MT $@ -c $< -o $@.full
	$(Q)$(BPFTOOL) gen object $@ $@.full && rm $@.full

$(build)/gen/%.skel.h: $(build)/gen/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@.new && mv $@.new $@

$(obj)/%.o: %.c $(build)/.flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(cflags) -c $< -o $@

# Rebuild everything when compiler or flags change.
flags_now := $(CC) $(cflags)
$(build)/.flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(flags_now))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(flags_now))' > $@

$(call obj_of,collect): | $(skels)

define archive
$(build)/lib$(1).a: $(call obj_of,$(1))
	$$(call say,AR,$$@)
	@mkdir -p $$(@D)
	$(Q)rm -f $$@ && $(AR) rcsD $$@ $$^
endef
$(foreach module,$(modules),$(eval $(call archive,$(module))))

archives_of = $(foreach module,$(1),$(build)/lib$(module).a)
define link
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ldflags) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group
endef

# What each program may use is what it links: the CLI has enforce for `check` alone, the resolver has neither policy nor collect.
# static/NAME: the same without shared libraries, for the tarball; beside it the list of what was linked, for tools/sbom. Of the exporter
# there is none: libcurl and libmicrohttpd need libraries that distributions ship as shared ones only.
define program
$(build)/$(notdir $(1)): $(obj)/user/$(1).o $(call archives_of,$(2))
	$$(link) $(3)
$(build)/static/$(notdir $(1)): $(obj)/user/$(1).o $(subst /libcollect,/static/libcollect,$(call archives_of,$(2)))
	$$(link) -static-pie -Wl,--trace $(replaced:%=-Wl,--wrap=%) $(3) $$(behind) >$$@.inputs
endef
# What a static libelf needs in turn: it can have been built with zstd.
behind = $(shell $(PKG_CONFIG) --static --libs libelf)
# Those of libbpf that user/collect/loader.c has in place of libbpf's own.
replaced := bpf_btf_get_next_id btf__load_vmlinux_btf btf__free
$(eval $(call program,daemon/headroomd,daemon enforce policy forecast collect cgroup board base,$(daemon_libs)))
$(eval $(call program,cli/headroom,cli report tui command json format enforce policy forecast collect cgroup recorder board base,$(cli_libs)))
$(eval $(call program,identify/headroom-resolver,identify cgroup base,$(resolver_libs)))
$(eval $(call program,export/headroom-export,export report command json format policy forecast board base,$(export_libs)))
static := $(addprefix $(build)/static/,headroomd headroom headroom-resolver)
$(build)/static/libcollect.a: $(build)/libcollect.a user/collect/loader.c $(build)/.flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(cflags) -DHEADROOM_STATIC -c user/collect/loader.c -o $(@D)/loader.o
	$(Q)cp $< $@ && $(AR) rcsD $@ $(@D)/loader.o

# A tool is tools/NAME.c, and all of tools/NAME/*.c where there is such a folder.
.SECONDEXPANSION:
$(tools): $(build)/tools/%: $(obj)/tools/%.o \
		$$(addprefix $(obj)/,$$(addsuffix .o,$$(basename $$(wildcard tools/$$*/*.c)))) $(archives)
	$(link) $(all_libs)
$(build)/tests/test_%: $(obj)/tests/unit/test_%.o $(archives)
	$(link) $(all_libs) -lcmocka

$(build)/tests/fuzz_%: $(obj)/tests/fuzz/fuzz_%.o $(archives)
	$(link) -fsanitize=fuzzer $(all_libs)

$(obj)/tools/backtest.o $(patsubst %.c,$(obj)/%.o,$(wildcard tools/backtest/*.c)): cflags += -Itools

backtest: $(build)/tools/backtest ## score the forecasts against the rules that people use (docs/internals/forecast-backtest.md)
	$(Q)$< $(BACKTEST)
# KERNEL=6.12: in a VM (cgroup v2).
backtest-live: all ## the same shapes as real processes in limited cgroups (root; three minutes)
	$(Q)$(if $(KERNEL),tools/vm --kernel $(KERNEL) --mem 3G --timeout 600 --) tools/backtest-live $(BACKTEST)
backtest-table: $(build)/tools/backtest ## calibrate the risk anew on the tuning seeds
	$(Q)$< --table user/forecast/calibrate_table.h

archives: $(archives) $(mains:%.c=$(obj)/%.o) ## compile everything, link nothing: for an architecture without its libraries here
units: $(units) ## build the unit tests
fuzzers: $(fuzzers)
HOURS ?= 1
fuzz: ## feed the parsers with damaged input for HOURS=n, and keep what reaches new code (docs/internals/testing.md)
	$(Q)tools/setup build test
	$(Q)tests/fuzz/run --hours $(HOURS)

soak: ## let everything go wrong for HOURS=n: kills, storms, full disks (root; docs/internals/testing.md)
	$(Q)tools/setup build test
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all
	$(Q)tests/soak/run --hours $(HOURS)
	$(Q)HEADROOM_ROUNDS=100 HEADROOM_BOUND=120 tools/vm --kernel 6.12 --mem 256M --timeout 1800 --add $$(command -v jq) -- \
		tests/live/run oom-global-often

test: ## run every test: unit, sanitizers, live on this kernel, other kernels in VMs
	$(Q)tools/setup build test
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all
	$(Q)tests/run

test-kubernetes: ## install and try the manifests on a real Kubernetes node (root; docs/internals/testing-deployment.md)
	$(Q)tools/setup build test kubernetes
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all
	$(Q)tests/kubernetes/run

screens: all ## take the pictures in docs/reference/top.md anew
	$(Q)tools/screens

check-vmlinux: ## hold vmlinux/vmlinux.h against this kernel's BTF
	$(Q)tools/check-vmlinux

bench: all ## measure what docs/reference/performance.md states
	$(Q)tools/bench

bench-actions: all ## the same memory emergencies under the kernel alone, its other guardians and headroom, in VMs
	$(Q)tools/setup test
	$(Q)tools/bench-actions

format: ## clang-format the tree
	$(Q)clang-format -i $(shell git ls-files '*.c' '*.h')
lint: ## check layout, clang-tidy, spelling, shell, layers, words, links and licences; a gate of .ci/run
	$(Q)tools/setup build lint
	$(Q)tools/lint
abi: ## compare the interface of libheadroom with the last version tag
	$(Q)tools/setup build lint
	$(Q)tools/check-abi
coverage: ## measure which lines the unit tests and the golden outputs execute
	$(Q)tools/setup build test lint
	$(Q)tools/coverage
lint-layers: ## fail on an include against the arrow in docs/architecture.md, or a circle of files
	$(Q)tools/lint-layers
asan: ## build with address and undefined-behaviour sanitizers into build/san-1
	$(Q)$(MAKE) --no-print-directory SAN=1 all units
tsan: ## build with the thread sanitizer into build/san-thread
	$(Q)$(MAKE) --no-print-directory SAN=thread all units

compile_commands.json: Makefile ## for clangd
	$(Q)tools/compile-commands '$(subst ','\'',$(CC) $(cflags))' > $@

include deploy/install.mk

# The reader alone, for other programs: no libraries but zlib and libc.
$(build)/libheadroom.a: $(call obj_of,board) $(call obj_of,base)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^
all: $(build)/libheadroom.a

image: all ## container images build/image/headroom-{daemon,reader}.tar, for docker load (docs/how-to/containers.md)
	$(Q)CROSS=$(CROSS) deploy/docker/build-local --sbom

clean: ## remove build/
	rm -rf build compile_commands.json

FORCE:
.PHONY: all abi archives coverage help setup run screens bench-actions backtest backtest-live backtest-table units fuzzers fuzz soak test test-kubernetes check-vmlinux bench format lint lint-layers asan tsan image clean FORCE
.SECONDARY:
# Of BPF objects only those that still have a source: one that was renamed leaves its list of dependencies behind.
-include $(wildcard $(bpf_src:bpf/%.bpf.c=$(build)/gen/%.bpf.o.d)) $(shell find $(build) -type f -name '*.d' ! -path '*/gen/*' 2>/dev/null)
