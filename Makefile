# linux011: everything there is to do. `make` alone explains the targets.
#
# Real work is done by cargo and by `xtask`, the host program in tools/; both
# decide themselves what is out of date. Files in build/ are only written when
# their contents change, so that nothing follows from a build without change.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# --- What `make run` and its like may be told ---------------------------------

# Memory of the virtual machine, in MB.
MEM ?= 16
# Kernel command line.
CMDLINE ?=
# Image of a hard disk of 0.11's time, for old-root and for test; WRITE=1 lets
# old-root change it.
OLD_ROOT ?=
WRITE ?=
export OLD_ROOT
# Only tests whose name contains this.
FILTER ?=
# Further arguments for the command behind the target.
ARGS ?=
# Largest kernel: text and data, in KB.
SIZE_LIMIT := 256
# Size of the root image, in KB. With 4 MB of memory, GRUB has room for no more
# than about 1150: its cache of what it read before is in the way.
ROOT_SIZE := 1144
# Bytes of a task's kernel stack: a page less the task structure at its foot. What
# the analysis of the code finds is to fit (`make test` prints the exact size).
STACK_LIMIT := 2940

# Room that the tests find on their disk, in KB.
TEST_FREE := 512

# --- Set-up -------------------------------------------------------------------

# Everything but help and clean needs the tools: tools/setup.sh finds or installs
# them and says in build/toolchain.mk which Rust toolchain to use. It runs each
# time, takes a few milliseconds, and writes only what changed.
ifneq ($(filter-out help clean,$(or $(MAKECMDGOALS),help)),)
include build/toolchain.mk
build/toolchain.mk: FORCE
	@tools/setup.sh
endif

# One toolchain for all, whatever else is in PATH.
export PATH := $(RUST_BIN):$(PATH):/sbin:/usr/sbin
export RUSTC := $(RUST_BIN)/rustc
export RUSTDOC := $(RUST_BIN)/rustdoc
export RUSTFMT := $(RUST_BIN)/rustfmt
export CARGO := $(RUST_BIN)/cargo
# `cargo clippy` would look into ~/.cargo/bin first, where rustup's stand-in is.
CLIPPY := $(RUST_BIN)/cargo-clippy clippy
FMT := $(RUST_BIN)/cargo-fmt

XTASK := tools/target/debug/xtask

# Guest code: our target, with the parts of the standard library it needs.
TARGET := i386-linux011
STD := -Zbuild-std=core,compiler_builtins,alloc -Zbuild-std-features=compiler-builtins-mem
GUEST := --release -Zjson-target-spec --target $(CURDIR)/arch/$(TARGET).json $(STD)
# LLVM would compare short strings with bswap, which came with the 486: no inline
# comparison. The kernel's stack sizes are for `make check`.
GUEST_FLAGS := -Cllvm-args=-max-loads-per-memcmp=0
# The same bytes wherever it is built: no path of this machine's is in them.
CARGO_FOLDER := $(or $(CARGO_HOME),$(HOME)/.cargo)
GUEST_FLAGS += --remap-path-prefix=$(CARGO_FOLDER)=cargo --remap-path-prefix=$(CURDIR)=.
# A 386 has no long nop: what pads the head of a loop to 16 bytes would be executed
# byte by byte. At most one byte of it.
KERNEL_FLAGS := -Cllvm-args=-max-bytes-for-alignment=1
GUEST_ENV := RUSTC_BOOTSTRAP=1 RUSTFLAGS="$(GUEST_FLAGS)"
KERNEL_ENV := RUSTC_BOOTSTRAP=1 RUSTFLAGS="$(GUEST_FLAGS) $(KERNEL_FLAGS) -Zemit-stack-sizes"

.PHONY: boot-screenshots hd hd386 floppy test-386 test-machines reproducible
.PHONY: FORCE help run old-root test-old-root old-root-session test errata check iso gdb bochs fmt fmt-check clippy scan stack size clean \
        xtask kernel user c-programs tests-guest test-c test-user test-tools test-host test-math \
        test-math-long math-table screenshots trace test-trace \
        bench check-bench profile
FORCE:

help: ## this list
	@echo 'make run          boot to a shell in QEMU (MEM=8 CMDLINE="..." ARGS="--iso")'
	@echo 'make old-root     boot a root disk of 1991: OLD_ROOT=hdc-0.11.img (docs/old-root.md)'
	@echo 'make test-old-root     drive a session on a copy of it, and check each step'
	@echo 'make test         run all tests (FILTER=name runs those with "name" in theirs)'
	@echo 'make test-math-long  the emulated 387 against this machine, in bulk (minutes)'
	@echo 'make test-386     the guest tests on a strict 80386, which it builds once'
	@echo 'make errata       the list of what is wrong in 0.11, each with its tests'
	@echo 'make test-machines  each image on many machines: a table'
	@echo 'make check        formatting, clippy, opcodes newer than the 386, kernel stack'
	@echo 'make iso          build/linux011.iso, which boots as a CD and as a disk'
	@echo 'make hd           build/hd.img, a hard disk of 20 MB with the root on it'
	@echo 'make hd386        build/hd386.img, the same for an 80386'
	@echo 'make floppy       build/fd.img, a floppy of 1.44 MB for an 80386, and a root floppy'
	@echo 'make bochs        boot the ISO in Bochs, screen in this terminal'
	@echo 'make reproducible builds this commit twice and compares the bytes'
	@echo 'make gdb          QEMU stopped at the first instruction, gdb attached to it'
	@echo 'make kernel       build/linux011.elf'
	@echo 'make user         build/root.img, the root image with its programs'
	@echo 'make bench        instructions for each operation, beside 0.11 (BASELINE=Image measures that)'
	@echo 'make check-bench  fails when one got worse by more than 3 %, or grows with what it does not touch'
	@echo 'make profile      OP=stat_root: what the instructions of that row are spent on, by function'
	@echo 'make trace        build/trace.html: what the kernel did (PROG="str1"; docs/tracing.md)'
	@echo 'make test-trace   that page in a real browser'
	@echo 'make screenshots  the pictures in docs/'
	@echo 'make reading-map  what of 0.11 is where: docs/reading-map.md from its table, checked'
	@echo 'make side-by-side ORIG=linux-0.11: your copy of it beside this source, in a browser'
	@echo 'make book-figures the pictures in the book, from a trace and from gdb'
	@echo 'make book         the book on how it works: build/book/index.html (docs/book)'
	@echo 'make fmt          format all Rust code'
	@echo 'make clean        remove everything that was built'
	@echo
	@echo 'Each target installs what it lacks (as root, on Debian) or says what to install.'
	@echo 'Tools by hand: $(XTASK) --help'

# --- The host program ---------------------------------------------------------

xtask: $(XTASK)
$(XTASK): FORCE
	@$(CARGO) build --quiet --locked --manifest-path tools/Cargo.toml

# --- Kernel -------------------------------------------------------------------

KERNEL := build/linux011.elf
kernel: $(KERNEL)

$(KERNEL): FORCE | $(XTASK)
	@$(KERNEL_ENV) $(CARGO) build --locked $(GUEST)
	@$(XTASK) symbols target/$(TARGET)/release/linux011 --out $@
	@$(XTASK) size $@ --limit $(SIZE_LIMIT)

# --- User programs and images -------------------------------------------------

# Rust programs: every binary of the workspace user/ becomes build/user/NAME.
build/user.stamp: FORCE | $(XTASK)
	@$(GUEST_ENV) $(XTASK) programs --dir user --out build/user --elf build/elf/user \
		-- --locked --workspace $(GUEST)

# C programs: user/c/progs/NAME.c becomes build/c/bin/NAME, by tools/cc-linux011.
c-programs: | $(XTASK)
	@$(MAKE) -s -C user/c BUILD=$(CURDIR)/build programs

# The C library's own tests, which run on the host.
test-c:
	@$(MAKE) -s -C user/c BUILD=$(CURDIR)/build test

# What of the programs needs no kernel: regular expressions, the shell's parser, ...
test-user:
	@cd user && $(CARGO) test --quiet --locked -p rtcore -p shlib

# The host program's own, and whether docs/syscalls.md tells what the kernel has.
test-tools:
	@cd tools && $(CARGO) test --quiet --locked

# The kernel's drivers on the host, around hardware made of plain memory.
test-host:
	@cd tests/host && $(CARGO) test --quiet --locked

# The emulated 387 against this machine's real one; the long run takes minutes.
test-math:
	@cd tests/math && $(CARGO) test --quiet --locked
	@cd tests/math && $(CARGO) run --quiet --locked

test-math-long:
	@cd tests/math && $(CARGO) run --quiet --locked -- --all --cases 1000000 $(ARGS)

math-table:
	@cd tests/math && $(CARGO) run --quiet --locked -- --cases 50000 --write ../../docs/math.md

user: build/root.img
build/root.img: build/user.stamp c-programs FORCE
	@$(XTASK) image --manifest user/root.manifest --size $(ROOT_SIZE) --out $@

# Guest test programs share the target folder, and so the runtime, with user/.
build/test.stamp: FORCE | $(XTASK)
	@$(GUEST_ENV) CARGO_TARGET_DIR=$(CURDIR)/user/target \
		$(XTASK) programs --dir tests/guest --out build/test --elf build/elf/test \
		-- --locked $(GUEST)

# Cases of each of the 387's instructions with what this machine's coprocessor makes
# of them, for the emulated one in the kernel.
build/math387.vectors: FORCE
	@mkdir -p build
	@cd tests/math && $(CARGO) run --quiet --locked -- --vectors ../../$@

tests-guest: build/test.img
build/test.img: build/test.stamp build/user.stamp build/math387.vectors c-programs FORCE
	@$(XTASK) image --manifest tests/test.manifest --free $(TEST_FREE) --out $@

# --- Products and runs --------------------------------------------------------

ISO := build/linux011.iso
iso: $(ISO)
$(ISO): grub/grub.cfg $(KERNEL) build/root.img
	@$(XTASK) iso --kernel $(KERNEL) --module build/root.img --config grub/grub.cfg --out $@

# Disks: with GRUB 2, and with our own loader where that does not run.
HD := build/hd.img
HD386 := build/hd386.img
FD := build/fd.img
# A root on a floppy of its own, for entry `r` of the other one's menu.
FDROOT := build/fdroot.img
hd: $(HD)
hd386: $(HD386)
floppy: $(FD) $(FDROOT)
$(HD): grub/hd.cfg
$(HD386): grub/hd386.menu build/bootsect.bin
$(FD): grub/fd.menu build/bootsect.bin
$(HD) $(HD386) $(FD): $(KERNEL) build/root.img
	@$(XTASK) disk $(basename $(notdir $@)) --out $@

# All of a diskette of 1.44 MB, in KB.
$(FDROOT): build/user.stamp c-programs FORCE
	@$(XTASK) image --manifest user/root.manifest --size 1440 --out $@

build/bootsect.bin: arch/boot/bootsect.S
	@mkdir -p build
	@gcc -m32 -c -Wa,--fatal-warnings -o build/bootsect.o $<
	@ld -m elf_i386 -Ttext 0x7c00 -e _start --oformat binary -o $@ build/bootsect.o

run: $(KERNEL) build/root.img $(ISO)
	@$(XTASK) run --mem $(MEM) --cmdline "$(CMDLINE)" $(ARGS)

old-root: $(KERNEL)
	@$(if $(OLD_ROOT),,echo 'make old-root OLD_ROOT=path/of/the/disk: see docs/old-root.md'; exit 1)
	@$(XTASK) old-root --mem $(MEM) $(if $(WRITE),--write) $(ARGS) "$(OLD_ROOT)"

# A whole session on a copy of that disk, checked step by step.
test-old-root: $(KERNEL)
	@$(if $(OLD_ROOT),,echo 'make test-old-root OLD_ROOT=path/of/the/disk: see docs/old-root.md'; exit 1)
	@$(XTASK) test --filter old_root $(ARGS)

# The same; what it printed and showed becomes docs/old-root-session.md.
old-root-session: test-old-root
	@cp build/test-logs/old-root-session.md build/test-logs/old-root-*.png docs/

bochs: $(ISO)
	@$(XTASK) bochs --mem $(MEM) $(ARGS)

gdb: $(KERNEL) build/root.img
	@$(XTASK) gdb --mem $(MEM) --cmdline "$(CMDLINE)" $(ARGS)

# A program's life on one page, in build/trace.html (docs/tracing.md).
PROG ?= str1 -t 0
trace: $(KERNEL) build/root.img
	@$(XTASK) trace --mem $(MEM) --prog "$(PROG)" $(ARGS)

# The page in a real browser. Chromium is installed for this target alone.
test-trace: $(KERNEL) build/root.img
	@tools/setup.sh browser
	@$(XTASK) trace
	@$(XTASK) trace-browser $(ARGS)

screenshots: $(KERNEL) build/root.img boot-screenshots
	@$(XTASK) screenshot $(ARGS)

# The ways to boot, for docs/hardware.md.
boot-screenshots: $(ISO) $(HD) $(HD386) $(FD) $(FDROOT)
	@$(XTASK) screenshot --image $(ISO) --menu --out docs/boot-menu.png
	@$(XTASK) screenshot --image $(ISO) --type mount --out docs/boot-iso.png
	@$(XTASK) screenshot --image $(HD) --type mount --out docs/boot-hd.png
	@$(XTASK) screenshot --image $(HD386) --mem 4 --type mount --out docs/boot-hd386.png
	@$(XTASK) screenshot --image $(FD) --mem 4 --type mount --out docs/boot-fd.png
	@cp $(FDROOT) build/fdroot.copy
	@$(XTASK) screenshot --image $(FD) --root-floppy build/fdroot.copy --mem 4 --type mount \
		--out docs/boot-fdroot.png

test: test-c test-user test-host test-math test-tools $(KERNEL) build/root.img build/test.img $(ISO) \
		$(HD) $(HD386) $(FD) $(FDROOT)
	@$(XTASK) test --filter "$(FILTER)" $(ARGS)

# All guest programs on a strict 80386: a Bochs that is built for it, once. Where
# that cannot be had (no network, say) it says why and tests nothing.
test-386: $(KERNEL) build/test.img build/bootsect.bin
	@bochs=$$(tools/bochs-386.sh) || { \
		[ $$? = 77 ] && echo 'test-386: skipped, for the reason above'; exit; }; \
	$(XTASK) test --bochs-386 "$$bochs" --logs build/test-386-logs --limit 3000 \
		--filter "$(FILTER)" $(ARGS)

# Each image on many machines, and a table: build/machines.md.
test-machines: $(ISO) $(HD) $(HD386) $(FD) $(FDROOT)
	@bochs=$$(tools/bochs-386.sh) || echo 'test-machines: no 80386 of Bochs, for the reason above'; \
	dosbox=$$(tools/dosbox-x.sh) || echo 'test-machines: no DOSBox-X, for the reason above'; \
	$(XTASK) machines $${bochs:+--bochs-386 "$$bochs"} $${dosbox:+--dosbox-x "$$dosbox"} \
		--filter "$(FILTER)" $(ARGS)

# Builds this commit twice, in folders of different names, and compares what comes
# out. What is not committed does not count.
reproducible:
	@tools/reproducible.sh

# --- Speed --------------------------------------------------------------------

# A further kernel to measure: an Image of Linux 0.11.
BASELINE ?=

build/bench.stamp: FORCE | $(XTASK)
	@$(GUEST_ENV) CARGO_TARGET_DIR=$(CURDIR)/user/target \
		$(XTASK) programs --dir tests/bench --out build/bench --elf build/elf/bench \
		-- --locked $(GUEST)

build/bench.img: build/bench.stamp FORCE
	@$(XTASK) image --manifest tests/bench.manifest --size 2400 --out $@
build/bench-old.img: build/bench.stamp FORCE
	@$(XTASK) image --manifest tests/bench-old.manifest --size 2400 --out $@
build/scale.img: build/bench.stamp FORCE
	@$(XTASK) image --manifest tests/bench.manifest --free 64 --out $@

# The same kernel without the places that can be traced: what they cost.
build/untraced.elf: FORCE | $(XTASK)
	@$(KERNEL_ENV) CARGO_TARGET_DIR=$(CURDIR)/build/untraced \
		$(CARGO) build --locked $(GUEST) --features untraced
	@$(XTASK) symbols build/untraced/$(TARGET)/release/linux011 --out $@

bench: $(KERNEL) build/untraced.elf build/bench.img build/bench-old.img build/scale.img
	@$(XTASK) bench --untraced build/untraced.elf $(if $(BASELINE),--baseline $(BASELINE)) $(ARGS)
check-bench: $(KERNEL) build/bench.img build/scale.img
	@$(XTASK) bench --check $(ARGS)

# make profile OP="stat_root getpid": keys as in build/bench.json.
OP ?=
profile: $(KERNEL) build/bench.img
	@$(XTASK) profile $(OP) $(ARGS)

# What is wrong in 0.11, each with its tests and what comes of them.
errata: test-host $(KERNEL) build/root.img build/test.img $(ISO)
	@$(XTASK) test --filter "$$($(XTASK) errata --tests)" $(ARGS)
	@$(XTASK) errata

# --- For readers: tools/readers.mk ----------------------------------------------

include tools/readers.mk

# --- Checks -------------------------------------------------------------------

check: fmt-check clippy scan stack

# The crates, each a workspace of its own.
GUEST_CRATES := . user tests/guest tests/bench

fmt: ## formats
	@for crate in tools tests/host tests/math $(GUEST_CRATES); do (cd $$crate && $(FMT) --all) || exit 1; done

fmt-check:
	@for crate in tools tests/host tests/math $(GUEST_CRATES); do (cd $$crate && $(FMT) --all --check) || exit 1; done

clippy: | $(XTASK)
	@cd tools && $(CLIPPY) --locked --quiet --all-targets -- -D warnings
	@$(KERNEL_ENV) $(CLIPPY) --locked --quiet $(GUEST) -- -D warnings
	@cd tests/host && $(CLIPPY) --locked --quiet --all-targets -- -D warnings
	@cd tests/math && $(CLIPPY) --locked --quiet --all-targets -- -D warnings
	@cd user && $(GUEST_ENV) $(CLIPPY) --locked --quiet --workspace $(GUEST) -- -D warnings
	@for crate in guest bench; do (cd tests/$$crate && $(GUEST_ENV) CARGO_TARGET_DIR=$(CURDIR)/user/target \
		$(CLIPPY) --locked --quiet $(GUEST) -- -D warnings) || exit 1; done

# The kernel saves and restores the state of a 387; two tests and the self-test use it.
WITH_FPU := build/elf/test/coprocessor build/elf/test/math387 build/elf/user/selftest
scan: $(KERNEL) build/user.stamp build/test.stamp c-programs build/bootsect.bin
	@$(XTASK) scan --loader build/bootsect.o
	@$(XTASK) scan --kernel $(KERNEL) $(WITH_FPU)
	@$(XTASK) scan $(filter-out $(WITH_FPU),$(wildcard build/elf/user/* build/elf/c/* build/elf/test/*))

stack: $(KERNEL)
	@$(XTASK) stack $(KERNEL) --limit $(STACK_LIMIT)

size: $(KERNEL)
	@$(XTASK) size $(KERNEL) --limit $(SIZE_LIMIT)

clean:
	rm -rf build target tools/target user/target tests/guest/target
