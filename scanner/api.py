"""What detectors and library users import: the model, the kinds and the bounded parsers, and nothing else."""

from assay.scanner.kinds.registry import FREE_TEXT
from assay.scanner.model.detector import ROLE, Detector, Doing, Emit, Narrowed, Part, Plan, Remote, Tree
from assay.scanner.model.fact import NOT_COLLECTED, Fact, Known, Location, Unknown, is_unknown, reason_of
from assay.scanner.model.resource import EngineVerdict, Excerpt, Failure, InlineWaiver, Record, Resource

__all__ = [
    "FREE_TEXT",
    "NOT_COLLECTED",
    "ROLE",
    "Detector",
    "Doing",
    "Emit",
    "EngineVerdict",
    "Excerpt",
    "Fact",
    "Failure",
    "InlineWaiver",
    "Known",
    "Location",
    "Narrowed",
    "Part",
    "Plan",
    "Record",
    "Remote",
    "Resource",
    "Tree",
    "Unknown",
    "is_unknown",
    "reason_of",
]
