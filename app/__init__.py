"""Run: settings, wiring, pipeline, schedule, CLI."""
