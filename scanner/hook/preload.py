"""What a hook may need, imported and read before anybody asks."""

import os
from importlib import import_module

from assay.policies.book import Book, load
from assay.policies.rule_files import example_resource
from assay.scanner.cache.circumstances import circumstances
from assay.scanner.engine.inventory import Header, build
from assay.scanner.engine.judge import judge
from assay.scanner.engine.observe import engine_versions

_done = False


def preload() -> None:
    """Fills this process; whatever is forked from it starts with all of it."""
    global _done  # a process is preloaded or it isn't
    from assay.detectors.registry import DERIVATIONS, DETECTORS
    from assay.reports.registry import FORMATS, renderer
    from assay.scanner.cli import guard, hook, options  # noqa: F401  # for their imports
    from assay.scanner.engine import host, sandbox  # noqa: F401
    from assay.scanner.hook import forked  # noqa: F401

    for spec in DETECTORS:
        import_module(spec.entry.partition(":")[0])
        if spec.warm is not None:
            module, _, function = spec.warm.partition(":")
            getattr(import_module(module), function)()
    for derivation in DERIVATIONS:
        import_module(derivation.entry.partition(":")[0])
    for name in FORMATS:
        renderer(name)
    hook.parser().parse_args([])
    sandbox.prepare()
    book = load(options.DEFAULT_PACKS)
    _judge_examples(book)
    _ = book.rule_names, book.surfaces
    circumstances(os.environ)
    engine_versions()
    _done = True


def _judge_examples(book: Book) -> None:
    """Has every rule compiled, and all that is shared among rules made."""
    header = Header(version="", targets=(), started="", finished="")
    resources = [example_resource(rule, example) for rule in book.rules.values() for example in rule.examples]
    judge(build(header, (), resources), book)


def is_preloaded() -> bool:
    """Whether this process, or that from which it was forked, was filled."""
    return _done
