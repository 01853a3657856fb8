"""Drills: real processes killed and real servers stopped, and what is there afterwards (docs/drills.md)."""
