"""The shared types: what every room hands to the next. Standard library only."""
