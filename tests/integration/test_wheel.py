"""The built wheel holds every module and every data file, and works where nothing of the checkout is near."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("scanner", "detectors", "policies", "reports")
SHIPPED = (".py", ".yaml", ".json", ".css", ".js", ".gz")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The build writes beside the sources, so it is given a copy of what git would give a stranger.
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *FOLDERS, "pyproject.toml", "setup.py",
         "README.md", "LICENSE"], cwd=ROOT, capture_output=True, check=True,
    ).stdout.split(b"\0")  # fmt: skip
    for name in (raw.decode() for raw in listed if raw):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(out)]
    subprocess.run([*pip, str(source)], check=True, timeout=300)
    [found] = out.glob("*.whl")
    return found


def test_the_wheel_holds_every_module_and_data_file(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    ours = {
        f"assay/{path.relative_to(ROOT)}" for f in FOLDERS for path in (ROOT / f).rglob("*") if path.suffix in SHIPPED
    }
    assert ours - inside == set()


def test_the_wheel_installs_one_namespace_and_no_generic_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == {"assay"}
    assert [name.partition(".data/")[2] for name in names if ".data/" in name] == ["scripts/assay-hook"]


def test_the_unpacked_wheel_runs(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        f"import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in repr(f)]\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from assay.scanner.cli import main\n"
        f"assert main.__file__.startswith({str(tmp_path)!r}), main.__file__\n"
        "raise SystemExit(main.run(['packs']))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "hipaa" in done.stdout
