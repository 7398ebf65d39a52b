"""A parser of arguments whose errors are one line, as everywhere else."""

import argparse
from typing import NoReturn

from assay.scanner.errors import UsageError


class Parser(argparse.ArgumentParser):
    """Raises UsageError instead of printing its usage; options must be written out."""

    def __init__(self, **options: object) -> None:
        super().__init__(allow_abbrev=False, **options)  # type: ignore[arg-type]  # argparse's own keywords

    def error(self, message: str) -> NoReturn:
        """Called by argparse for wrong use."""
        raise UsageError(f"{message}; `{self.prog} --help` lists what there is")
