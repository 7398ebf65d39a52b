"""What the hook says of a file is what the whole scan says of it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_hook_says_of_each_file_what_the_whole_scan_says(tmp_path: Path) -> None:
    tree = tmp_path / "acme-ai"
    shutil.copytree(ROOT / "fixtures" / "acme-ai", tree)
    command = [sys.executable, "-m", "tests.integration.hook_walk", str(tree)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=900)
    told = json.loads(done.stdout)
    assert told["different"] == {}
    assert told["files"] > 60 and told["compared"] > 1000
