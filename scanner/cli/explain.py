"""`assay explain`: a rule, an engine's check or a control, for the person who must act on it."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from msgspec import structs

from assay.policies.messages import fill_parameters
from assay.scanner.cli import options
from assay.scanner.cli.listing import print_json
from assay.scanner.cli.parser import Parser
from assay.scanner.config import trust
from assay.scanner.config.settings import load_settings
from assay.scanner.engine.coverage import CoverageMap, all_surfaces, control_json
from assay.scanner.errors import UsageError

_MOST_NEAR = 8
"""Controls that a wrong name is answered with."""


def run(argv: Sequence[str]) -> int:
    """Returns 0; raises UsageError for a name that is none of them."""
    parser = Parser(
        prog="assay explain",
        description="Tell what a rule, an engine's check or a control (pack:id) is about, or how reports name a user.",
    )
    parser.add_argument(
        "name",
        metavar="RULE|CONTROL|user:NAME",
        help="such as bucket-encrypted-at-rest, CKV_AWS_18, gdpr:32(1)(a); of a cluster's user or group, "
        "user:NAME or group:NAME, the pseudonym",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--pack", action="append", default=[], metavar="ID", help="controls of these packs only")
    options.add_rules(parser)
    args = parser.parse_args(argv)
    named = _subject(args.name)
    if named is not None:
        _tell(named, args.format)
        return 0

    from assay.policies import book as policy

    settings = load_settings(Path())
    settings = structs.replace(settings, packs=(*policy.built_in_packs(), *settings.packs))
    book = options.load_book(args, settings, trust.beside(["."]))
    found = _rule(book, args.name) or _engine_check(book, args.name) or _control(book, args.name)
    if found is None:
        near = _near(book, args.name)
        hint = (
            f"did you mean {' or '.join(', '.join(near).rsplit(', ', 1))}?"
            if near
            else "`assay rules` lists the rules, `assay packs` the controls"
        )
        raise UsageError(f"{args.name}: no rule, engine check or control has this name; {hint}")
    _tell(found, args.format)
    return 0


def _tell(found: Mapping[str, Any], form: str) -> None:
    if form == "json":
        print_json(found)
    else:
        sys.stdout.write(_text(found))


def _subject(name: str) -> dict[str, Any] | None:
    """What stands for a user or group of a cluster in reports, which name no people."""
    from assay.scanner.safe import pseudonyms

    sort, found, rest = name.partition(":")
    if not found or not rest or sort not in ("user", "group"):
        return None
    shown = f"User:{pseudonyms.of_user(rest)}" if sort == "user" else f"Group:{pseudonyms.of_group(rest)}"
    return {
        "id": shown,
        "title": "so reports name the subject of a cluster's bindings that you gave",
        "why": "A user's name may be a person's, or their address. It is the same in every report; who has a list of "
        "names can find out whom it stands for, so it is no anonymity.",
    }


def _near(book: Any, name: str) -> list[str]:
    """What may have been meant, the likeliest first."""
    known = [*book.rules, *book.checks]
    controls = [f"{pack.id}:{control.id}" for pack in book.packs for control in pack.controls]
    wanted = name.lower()
    near = [one for one in known if one.lower() == wanted]
    near += [one for one in controls if wanted in (one.lower(), one.partition(":")[2].lower())]
    # Of `15`, paragraphs and points such as 15(1) are parts; 150 is not.
    parts = re.compile(rf"{re.escape(wanted)}(?!\w)")
    near = near or [one for one in controls if parts.match(one.lower()) or parts.match(one.lower().partition(":")[2])]
    near = near or [one for one in controls if ":" in name and one.lower().startswith(wanted)]
    return near[:_MOST_NEAR] or get_close_matches(name, [*known, *controls], n=3)


def _rule(book: Any, name: str) -> dict[str, Any] | None:
    rule = book.rules.get(name) or next((r for r in book.rules.values() if name in r.aliases), None)
    if rule is None:
        return None
    examples = {
        outcome: {"name": example.name, "facts": example.facts}
        for outcome in ("fail", "pass")
        for example in reversed(rule.examples)
        if example.outcome == outcome
    }
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "looks at": rule.kind,
        "why": rule.why.strip(),
        "fix": fill_parameters(rule.fix.strip(), rule.parameters),
        "passes when": (rule.assertion or rule.rego or "").strip(),
        "applies when": rule.applies.strip() if rule.applies else None,
        "parameters": dict(rule.parameters),
        "failing example": examples["fail"],
        "passing example": examples["pass"],
        "same question as": rule.equivalents,
        "references": rule.references,
        "safeguards": rule.safeguards,
        "controls": _controls(book, rule.id, rule.safeguards),
    }


def _engine_check(book: Any, name: str) -> dict[str, Any] | None:
    for engine in book.engines.values():
        check = engine.checks.get(name)
        if check:
            ours = [rule.id for rule in book.rules.values() if name in rule.equivalents]
            return {
                "id": check.id,
                "title": check.title,
                "engine": engine.name,
                "severity": check.severity,
                "looks at": ", ".join(check.surfaces),
                "fix": check.fix,
                "same question as": ours,
                "safeguards": check.safeguards,
                "controls": _controls(book, check.id, check.safeguards),
            }
    return None


def _control(book: Any, name: str) -> dict[str, Any] | None:
    from assay.detectors.registry import DETECTORS

    pack_id, _, control_id = name.partition(":")
    for pack in book.packs:
        for control in pack.controls:
            if pack.id == pack_id and control.id == control_id:
                coverage = CoverageMap(book, DETECTORS).of(pack, control)
                told = control_json(control, coverage)
                process = control.testable == "process-only"
                seen = coverage.surfaces
                blind = sorted(all_surfaces(book, DETECTORS) - seen.keys()) if seen and not process else []
                return {
                    "id": name,
                    "title": control.title,
                    "citation": control.citation,
                    "requirement": control.requirement,
                    "requirements": told["requirements"],
                    "testable": control.testable,
                    "evidence": None if seen or process else "not assessed: nothing in this version evidences it",
                    "safeguards": control.safeguards,
                    "rules": {rule: list(on) for rule, on in sorted(coverage.rules.items())},
                    "engine checks": {check: list(on) for check, on in coverage.checks.items()},
                    "evidence by surface": seen,
                    "surfaces without evidence": blind,
                    "rules that no detector serves yet": list(coverage.unlooked),
                    "safeguards without evidence": list(coverage.unevidenced),
                    "what a person must do": control.human,
                    "unverified": control.unverified or pack.unverified,
                }
    return None


def _controls(book: Any, rule: str, safeguards: tuple[str, ...]) -> list[str]:
    titles = {f"{pack.id}:{control.id}": control.title for pack in book.packs for control in pack.controls}
    return [f"{name} {titles[name]}" for name in book.controls(rule, safeguards)]


def _text(found: Mapping[str, Any]) -> str:
    lines = [f"{found['id']}: {found['title']}", ""]
    for name, value in found.items():
        if name in ("id", "title") or value in (None, (), [], {}, ""):
            continue
        if isinstance(value, str):
            lines += [f"{name}: {value}"] if len(value) < 80 and "\n" not in value else [f"{name}:", *_indent(value)]
        elif isinstance(value, Mapping) and all(isinstance(inner, list | tuple | int) for inner in value.values()):
            lines += [f"{name}:", *(f"  {key}: {_line(inner)}".rstrip() for key, inner in value.items())]
        elif isinstance(value, Mapping):
            lines += [f"{name}:", *_indent(json.dumps(value, indent=2, ensure_ascii=False))]
        else:
            lines += [f"{name}:", *(f"  {_line(item)}" for item in value)]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _line(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key} {inner}" for key, inner in value.items() if inner is not None)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _indent(text: str) -> list[str]:
    import textwrap

    found: list[str] = []
    for line in text.splitlines():
        found += textwrap.wrap(line, 96, initial_indent="  ", subsequent_indent="  ") or [""]
    return found
