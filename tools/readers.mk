# For readers: the reading map. Included by the Makefile.

.PHONY: reading-map

# Checks docs/reading-map.tsv and makes the page of it.
reading-map: | $(XTASK)
	@$(XTASK) reading-map --write
