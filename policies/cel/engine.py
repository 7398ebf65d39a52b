"""The compiled CEL engine, without the command line that its package imports along with it.

`import cel` also loads `cel.cli`, and with it prompt_toolkit and typer: a quarter of a second of CPU before the
first rule is read. The engine itself is one extension module, which is loaded from its file.
"""

import sys
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType


def _load() -> ModuleType:
    if "cel" in sys.modules:
        return sys.modules["cel"]
    package = find_spec("cel")  # finds the package without running it
    for folder in (package.submodule_search_locations or ()) if package else ():
        for suffix in EXTENSION_SUFFIXES:
            path = Path(folder) / f"cel{suffix}"
            if path.is_file():
                spec = spec_from_file_location("cel.cel", path, loader=ExtensionFileLoader("cel.cel", str(path)))
                if spec and spec.loader:
                    module = module_from_spec(spec)
                    spec.loader.exec_module(module)
                    return module
    import cel

    return cel  # type: ignore[no-any-return]  # the package has no types


_engine = _load()
Context = _engine.Context
compile_program = _engine.compile
