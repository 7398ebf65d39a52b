"""`assay rules schema`: the JSON Schema of a policy file, for an editor."""

from collections.abc import Sequence

from assay.policies import book as policy
from assay.policies.editor_schema import SCHEMAS
from assay.scanner.cli.listing import print_json
from assay.scanner.cli.parser import Parser


def run(argv: Sequence[str]) -> int:
    """Returns 0."""
    parser = Parser(prog="assay rules schema", description="Print the JSON Schema of rules, packs or files of waivers.")
    parser.add_argument("of", choices=sorted(SCHEMAS), help="what the schema is for")
    args = parser.parse_args(argv)
    print_json(SCHEMAS[args.of](policy.HOME))
    return 0
