"""Faster ways to what checkov and its engines work out, with the same results.

Each stands in one module, is for the process of one part, and is not used where the installed code is not the code
that it was written for.
"""
