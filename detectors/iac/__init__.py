"""Looks at infrastructure code."""

from assay.detectors.iac.imports.patterns import use_prepared_patterns

# Before any module of ours, or of the libraries that they import, compiles one.
use_prepared_patterns()
