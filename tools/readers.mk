# For readers: the reading map, the book, 0.11 beside our source. Included by the Makefile.

.PHONY: reading-map side-by-side book book-figures

# Checks docs/reading-map.tsv and makes the page of it.
reading-map: | $(XTASK)
	@$(XTASK) reading-map --write

# The reader's own copy of 0.11 beside our source: build/side-by-side/index.html.
# Other pages link to mm_memory.c.html#do_no_page by 0.11's file and function, or to
# index.html#mm/memory.rs:do_no_page by ours.
side-by-side: | $(XTASK)
	@$(if $(ORIG),,echo 'make side-by-side ORIG=path/to/linux-0.11 (a copy of its source)'; exit 1)
	@$(XTASK) side-by-side "$(ORIG)" $(ARGS)

# The book. mdBook is not a package of Debian: where it is missing, cargo builds it,
# once, here, without optimisation and without what a book on disk does not need.
MDBOOK_VERSION := 0.5.4
MDBOOK := $(or $(shell command -v mdbook),build/mdbook/bin/mdbook)

build/mdbook/bin/mdbook:
	@echo 'make: building mdbook $(MDBOOK_VERSION), which takes some minutes, into build/mdbook'
	@CARGO_TARGET_DIR=build/mdbook-target $(CARGO) install --quiet --locked --debug \
		--no-default-features --version $(MDBOOK_VERSION) --root build/mdbook mdbook

book: | $(MDBOOK)
	@$(MDBOOK) build docs/book
	@echo 'build/book/index.html'

# What the book shows of a running machine. Most of it comes from a trace of the
# programs in docs/book/figures/rc. What a trace does not tell, gdb does: each script
# in docs/book/figures makes the file of its name in docs/book/src/figures.
FIGURES := $(patsubst docs/book/figures/%.gdb,%,$(wildcard docs/book/figures/*.gdb))
book-figures: $(KERNEL) build/root.img
	@$(XTASK) trace-figures
	@for name in $(FIGURES); do \
		script=docs/book/figures/$$name.gdb; \
		$(XTASK) gdb --batch --cmdline "$$(sed -n 's/^# append: //p' $$script)" \
			--ex "source $$script" 2>/dev/null | \
		sed '1,/^== begin$$/d; /^Program received/d; /^\[Inferior/d' | cat -s \
			>docs/book/src/figures/$$name.txt || exit 1; \
	done
	@git diff --stat -- docs/book/src/figures
