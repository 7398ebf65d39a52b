"""What volumes hold, as far as their names tell: models or data sets."""

from collections.abc import Iterable, Iterator, Mapping

from assay.detectors.cluster.words import words_of

_SIGNS: Mapping[str, tuple[frozenset[str], ...]] = {
    "dataset": tuple(
        frozenset(sign.split())
        for sign in (
            "cohort", "cohorts", "corpora", "corpus", "dataset", "datasets", "dicom", "dicoms", "ehr", "features",
            "fhir", "imaging", "scans", "training data", "train data", "trainingdata",
        )
    ),
    "model": tuple(
        frozenset(sign.split())
        for sign in (
            "checkpoint", "checkpoints", "ckpt", "ckpts", "gguf", "hf cache", "huggingface", "lora", "model", "models",
            "safetensors", "weights",
        )
    ),
}  # fmt: skip
"""Words that must all be in one name."""

_LONGEST = 200
"""Characters of a label or annotation that is taken for a name; longer ones are somebody's data."""


def holds(names: Iterable[str]) -> list[str]:
    """Which of `dataset` and `model` the names speak of; sorted."""
    found: set[str] = set()
    for name in names:
        words = set(words_of(name)) if len(name) <= _LONGEST else set()
        found |= {what for what, signs in _SIGNS.items() if any(sign <= words for sign in signs)}
        if len(found) == len(_SIGNS):
            break
    return sorted(found)


def names_of(labels: Mapping[str, str] | None, annotations: Mapping[str, str] | None) -> Iterator[str]:
    """The values of labels and annotations, and the annotations' keys after the slash."""
    yield from (labels or {}).values()
    for key, value in (annotations or {}).items():
        yield key.rpartition("/")[2]
        yield value
