"""Tell: collect, freeze, render."""
