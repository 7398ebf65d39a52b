"""What decides what a framework finds: the files that it is given, what the survey made of them, and nothing else.

A framework is looked at in a copy that holds its inputs alone, so a file that is not among them cannot matter.
"""

from collections.abc import Iterator, Mapping, Sequence

from assay.detectors.iac.frameworks import BY_FILE
from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.survey import Survey
from assay.scanner.safe.digest import digest_of_texts

_TERRAFORM = (".tf", ".tf.json", ".hcl", ".tfvars", ".tfvars.json")
_NO_MANIFESTS = (".tf", ".hcl", ".tfvars", ".bicep")


def inputs(framework: str, survey: Survey) -> Sequence[str]:
    """The files that its copy holds, sorted. Charts and kustomizations are given by their folders instead."""
    claimed = survey.claims.get(framework, frozenset())
    match framework:
        case "terraform" | "terraform_json":
            return [path for path in survey.wanted if path.endswith(_TERRAFORM)]
        case "kubernetes":  # Charts and kustomizations say which manifests are none by themselves.
            return [path for path in survey.wanted if path in claimed or not path.endswith(_NO_MANIFESTS)]
        case "cloudformation" | "terraform_plan":
            return [path for path in survey.wanted if path in claimed]
        case _ if framework in BY_FILE:
            return [path for path in survey.wanted if path in claimed]
    return survey.wanted


def read_by_all(survey: Survey, copy: PrivateCopy) -> Mapping[str, str]:
    """Path → digest of every file that was read; those that changed while they were are missing."""
    found = {**survey.digests, **copy.digests}
    return {path: digest for path, digest in found.items() if survey.digests.get(path, digest) == digest}


def key(framework: str, given: Sequence[str], survey: Survey, read: Mapping[str, str]) -> str | None:
    """A digest of everything that decides what the whole framework finds; None where something wasn't read."""
    seen = {*given, *survey.claims.get(framework, ())}
    if not seen <= read.keys():
        return None
    folders = sorted({path.rpartition("/")[0] for path in survey.wanted})
    texts = [framework, *survey.charts, "", *survey.kustomizations, "", *folders, ""]
    return digest_of_texts([*texts, *(text for path in sorted(seen) for text in _said_of(path, survey, read))])


def file_keys(framework: str, survey: Survey, read: Mapping[str, str]) -> Mapping[str, str] | None:
    """By file, for a framework that looks at each by itself; None where something wasn't read."""
    claimed = survey.claims.get(framework, frozenset())
    if not claimed <= read.keys():
        return None
    return {path: digest_of_texts([framework, *_said_of(path, survey, read)]) for path in sorted(claimed)}


def _said_of(path: str, survey: Survey, read: Mapping[str, str]) -> Iterator[str]:
    """What is in the file, and what the survey made of it, which other files may have had a part in."""
    yield path
    yield read[path]
    yield " ".join(sorted(framework for framework, paths in survey.claims.items() if path in paths))
    yield repr(survey.faults.get(path))
    yield f"{path in survey.unrendered} {path in survey.skipping}"
