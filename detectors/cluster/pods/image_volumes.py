"""Images as volumes: which they are, and the models among them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from assay.detectors.cluster.pods.images import Image, parse
from assay.detectors.cluster.pods.objects import Container, PodSpec
from assay.detectors.cluster.pods.volume_objects import Volume
from assay.detectors.cluster.stating import bounded, resolved
from assay.scanner.api import Unknown

_MODEL = re.compile(
    r"model|weights|checkpoint|ckpt|lora|safetensors|gguf|llama|mistral|mixtral|qwen|gemma|granite|deepseek|whisper"
    r"|stable-?diffusion",
    re.IGNORECASE,
)
"""In the name of a volume, of the folder where it is mounted or of its image."""


def image_volumes(spec: PodSpec) -> list[Any]:
    """`kinds.workload.ImageVolume`s, in the order of the pod's volumes."""
    return bounded(_stated(spec), "volumes")


def images(spec: PodSpec) -> Mapping[str, Image]:
    """The images that a pod's containers may mount, by the volume's name."""
    return {volume.name or "": _parsed(volume) for volume in spec.volumes or () if volume.image is not None}


def models(container: Container, mountable: Mapping[str, Image]) -> set[str | Unknown]:
    """What a container gets by mounting models that are images: `model` or `model-pinned`."""
    found: set[str | Unknown] = set()
    for mount in container.volume_mounts or () if mountable else ():
        image = mountable.get(mount.name or "")
        if image is not None and _MODEL.search(f"{mount.name} {mount.mount_path or ''} {image.repository}"):
            pinned = image.pinned
            found.add(pinned if isinstance(pinned, Unknown) else "model-pinned" if pinned else "model")
    return found


def _stated(spec: PodSpec) -> Iterator[Any]:
    for volume in spec.volumes or ():
        if volume.image is not None:
            image, name = _parsed(volume), volume.name or ""
            yield {
                "name": resolved(name),
                "image": image.text,
                "image_tag": image.tag,
                "image_pinned": image.pinned,
            }


def _parsed(volume: Volume) -> Image:
    reference = volume.image.reference if volume.image is not None else None
    return parse(reference, absent="the volume names no image")
