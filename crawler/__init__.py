"""Gather: source catalogue, spiders, importers, masking, one crawl run."""
