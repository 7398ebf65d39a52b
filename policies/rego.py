"""Rules in Rego, for those who have them: the optional extra `rego`, over the same resources.

Rego knows no Unknown, so a rule names the facts that it reads: it sees no others, and where one of them holds an
Unknown it isn't asked.
"""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import msgspec

from assay.policies.cel import assertion
from assay.policies.cel.error import CelError
from assay.policies.cel.given import Given, Inputs
from assay.policies.compiled import Decision
from assay.scanner.kinds import registry
from assay.scanner.model.rule import Rule

MISSING = "rules in Rego need regopy: pip install 'assay-scanner[rego]'"
MAX_BYTES = 16 << 10
_PACKAGE = re.compile(r"^package[ \t]+assay[ \t]*$", re.MULTILINE)
_IMPURE = ("http.send", "net.lookup_ip_addr", "opa.runtime", "rand.intn", "time.now_ns", "trace", "uuid.rfc4122")
"""Built-ins whose answers depend on the day or the machine: the same input must give the same verdict."""
_ERROR = re.compile(r"\(error \d+:[^|]*\|(?P<offset>\d+)\|\d+\s*\(errormsg \d+:(?P<message>[^\n]*)\)")


class RegoRule:
    """A rule whose module decides `data.assay.pass`; where it has `data.assay.applies`, only if that is true."""

    def __init__(self, rule: Rule, parameters: Mapping[str, Any] | None = None) -> None:
        """Raises CelError, naming the key, where the module is refused."""
        self.rule = rule
        self.parameters = {**rule.parameters, **(parameters or {})}
        unknown = sorted(set(rule.reads) - set(registry.names(rule.kind)))
        if unknown:
            raise CelError(f"reads: {rule.kind} has no field {unknown[0]!r}")
        self.reads = tuple(sorted(set(rule.reads)))
        self.inputs = Inputs(self.reads)
        self.showable = (frozenset(self.reads) | self.parameters.keys()) - registry.FREE_TEXT
        self._interpreter = _interpreter(rule.rego or "")

    def decide(self, facts: Mapping[str, Any], given: Given) -> Decision:  # noqa: ARG002  # as CEL's rules are asked
        """Judges one resource; `facts` come from `prepare`, and CEL's context is of no use here."""
        reasons = [line for name in self.reads for line in assertion.unknowns(facts[name], name)]
        if reasons:
            return Decision("unknown", tuple(reasons))
        resource = msgspec.to_builtins({name: facts[name] for name in self.reads})
        self._interpreter.set_input({"resource": resource, "params": dict(self.parameters)})
        if self._ask("applies") is False:
            return Decision(None)
        verdict = self._ask("pass")
        if isinstance(verdict, bool):
            return Decision("pass") if verdict else Decision("fail", shown={name: facts[name] for name in self.reads})
        return Decision("unknown", ("the rule's `pass` is neither true nor false; give it a `default`",))

    def _ask(self, name: str) -> Any:
        # Asked for a value that is false, a query has no result; bound to a name, it has.
        output = self._interpreter.query(f"answer := data.assay.{name}")
        found = [result.bindings["answer"] for result in output.results if "answer" in result.bindings]
        return found[0] if len(found) == 1 else None


def _interpreter(text: str) -> Any:
    if find_spec("regopy") is None:
        raise CelError(f"rego: {MISSING}")
    from regopy import Interpreter, LogLevel, RegoError

    if len(text.encode()) > MAX_BYTES:
        raise CelError(f"rego: longer than {MAX_BYTES >> 10} KiB")
    if not _PACKAGE.search(text):
        raise CelError("rego: the module begins with `package assay`")
    for name in _IMPURE:
        if re.search(rf"(?<![\w.]){re.escape(name)}\s*\(", text):
            raise CelError(f"rego: {name} is refused, as the same input must give the same verdict")
    interpreter = Interpreter()
    interpreter.log_level = LogLevel.NONE  # It would print errors to standard output, where the report goes.
    try:
        # Nothing is asked here: a module may run for ever, and this process has no time limit.
        interpreter.add_module("rule.rego", text)
    except RegoError as error:
        found = _ERROR.search(str(error))
        line = text.encode()[: int(found["offset"])].count(b"\n") + 1 if found else 1
        message = found["message"] if found else "the module can't be used"
        raise CelError(f"rego: line {line} of the module: {message}") from None
    return interpreter
