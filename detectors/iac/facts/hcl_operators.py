"""What Terraform's operators give for values of which some may be unknown."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.values import Reference, Template, settled, unresolved
from assay.scanner.api import Unknown


def operate(operator: str, operands: list[Any]) -> Any:
    """The value of a unary or binary operation; Unknown where an unknown operand decides."""
    refers = any(isinstance(operand, Reference | Template) for operand in operands)
    if operator in ("==", "!=") and refers and any(operand in (None, "") for operand in operands):
        # What refers to another resource is neither null nor empty, though it isn't known yet.
        return operator == "!="
    values = [settled(operand) for operand in operands]
    if operator in ("&&", "||"):
        decisive = operator == "||"
        if any(value is decisive for value in values):
            return decisive
    for value in values:
        if isinstance(value, Unknown):
            return value
    if operator in ("&&", "||") and all(isinstance(value, bool) for value in values):
        return operator == "&&"
    if operator == "!" and isinstance(values[0], bool):
        return not values[0]
    if operator in ("==", "!="):
        if any(isinstance(value, list | Mapping) for value in values):
            return unresolved("a comparison of lists")
        if {type(value) for value in values} == {bool, str}:
            # The parser reads the string "true" as a boolean, so which of the two was written is lost.
            return unresolved("a comparison of a boolean with a string")
        same = type(values[0]) is type(values[1]) and values[0] == values[1]
        if isinstance(values[0], int | float) and isinstance(values[1], int | float):
            same = values[0] == values[1]
        return same if operator == "==" else not same
    if len(values) == 2 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return _calculate(operator, values[0], values[1])
    return unresolved(f"an expression with {operator}")


def _calculate(operator: str, left: Any, right: Any) -> Any:
    match operator:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return unresolved(f"an expression with {operator}")
