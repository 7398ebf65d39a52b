"""What volumes hold, as far as their names and those who mount them tell: models or data sets."""

from collections.abc import Collection, Iterable, Iterator, Mapping

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


_OF_DATA = frozenset({"data", "input", "inputs", "train", "training", "validation"})
_OF_OTHERS = frozenset([
    "artifacts", "cache", "checkpoint", "checkpoints", "ckpt", "ckpts", "log", "logs", "model", "models", "out",
    "output", "outputs", "pip", "results", "run", "runs", "scratch", "shm", "tensorboard", "tmp", "weights", "wheels",
])  # fmt: skip
_FROM_DATA = frozenset({"training", "notebook", "pipeline"})
"""Purposes of workloads to which a folder `data` is data to learn from, and not what a store keeps."""


def speaks_of_data(path: str, purposes: Collection[str]) -> bool:
    """Whether a workload mounts a data set there, by its purpose: what training mounts and isn't plainly something
    else, and what notebooks and pipelines mount as data."""
    words = set(words_of(path)) if len(path) <= _LONGEST else set()
    if words & _OF_OTHERS:
        return False
    return "training" in purposes or (not _FROM_DATA.isdisjoint(purposes) and not words.isdisjoint(_OF_DATA))


def names_of(labels: Mapping[str, str] | None, annotations: Mapping[str, str] | None) -> Iterator[str]:
    """The values of labels and annotations, and the annotations' keys after the slash."""
    yield from (labels or {}).values()
    for key, value in (annotations or {}).items():
        yield key.rpartition("/")[2]
        yield value
