# For readers: the reading map, 0.11 beside our source. Included by the Makefile.

.PHONY: reading-map side-by-side

# Checks docs/reading-map.tsv and makes the page of it.
reading-map: | $(XTASK)
	@$(XTASK) reading-map --write

# The reader's own copy of 0.11 beside our source: build/side-by-side/index.html.
side-by-side: | $(XTASK)
	@$(if $(ORIG),,echo 'make side-by-side ORIG=path/to/linux-0.11 (a copy of its source)'; exit 1)
	@$(XTASK) side-by-side "$(ORIG)" $(ARGS)
