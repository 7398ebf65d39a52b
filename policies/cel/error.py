"""The one error of the expression language."""


class CelError(ValueError):
    """An expression that a rule may not use; says what and where in the expression."""
