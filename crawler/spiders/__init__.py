"""The spiders, driven by the catalogue: board, feed, pages, open311."""
