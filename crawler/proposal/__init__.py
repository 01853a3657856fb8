"""Proposing a source: what a page shows, looked at as by a crawl, as a catalogue entry."""
