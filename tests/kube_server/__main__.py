"""`python -m tests.kube_server --kubeconfig FILE [SEEDS.yaml …] [--large]`: serves until standard input ends.

Once it is ready it prints its address and writes the kubeconfig: context `test`, user `admin` of `system:masters`.
"""

import argparse
import gc
import sys
from itertools import chain
from pathlib import Path

from tests.kube_server import KubeServer, large
from tests.kube_server.server import seeds


def main() -> None:
    """Serves in the foreground."""
    parser = argparse.ArgumentParser(prog="python -m tests.kube_server")
    parser.add_argument("seeds", nargs="*", type=Path, help="YAML files with objects")
    parser.add_argument("--kubeconfig", type=Path, required=True, help="file to write, or to add a context to")
    parser.add_argument("--context", default="test", help="name of the context (default: test)")
    parser.add_argument(
        "--user", default="admin", help="user of the kubeconfig (default: admin, who may do everything)"
    )
    parser.add_argument("--large", action="store_true", help="the large cluster of the benches")
    parser.add_argument("--templated", action="store_true", help="with roles as a platform team hands them out")
    parser.add_argument("--scale", type=float, default=1, help="its size (default: 1, which is 10,000 pods)")
    options = parser.parse_args()
    files = [seeds(path.read_text(encoding="utf-8")) for path in options.seeds]
    made = large.objects(scale=options.scale, templated=options.templated) if options.large else ()
    with KubeServer(chain(*files, made)) as server:
        # Everything that was loaded stays until the end; collecting it again and again would be the server's main work.
        gc.collect()
        gc.freeze()
        server.kubeconfig(options.kubeconfig, options.user, options.context)
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
