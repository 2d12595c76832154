"""The grammar of every public chat recording of GLM: keys, kinds and order, no text."""
