"""Typed facts from the graphs that checkov has already built; pure, no file is read here."""
