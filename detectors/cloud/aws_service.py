"""Facts of AWS clusters, image repositories, log groups and trails."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from assay.detectors.cloud import aws_alarms, aws_bucket
from assay.detectors.cloud import policy_document as policies
from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import (
    Reference,
    any_of,
    at,
    boolean,
    choice,
    integer,
    kms_key,
    present,
    settled,
    strings,
    tags,
    text,
)
from assay.scanner.api import Fact, Known, Unknown


def cluster(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_eks_cluster`."""
    # Public to the whole internet unless told otherwise.
    # See: https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html
    public = boolean(block.at("vpc_config", "endpoint_public_access"), True)
    ranges = strings(block.at("vpc_config", "public_access_cidrs"))
    logs = strings(block.get("enabled_cluster_log_types"))
    audit: Fact = logs if isinstance(logs, Unknown) else policies.contains(logs, "audit")
    cidrs: Fact = ranges if isinstance(ranges, Unknown) else Known(value=ranges or ["0.0.0.0/0"])
    return {
        "provider": Known(value="aws"),
        "public_endpoint": public,
        "endpoint_cidrs": Known(value=[]) if public == Known(value=False) else cidrs,
        "secrets_encrypted": _secrets_encrypted(block),
        "audit_logged": audit,
        "workload_identity": _workload_identity(block, world),
        "private_nodes": Unknown(reason="the subnets of the node groups decide"),
        "network_policy": Unknown(reason="the add-on's configuration decides"),
        "tags": tags(block.get("tags")),
    }


def _secrets_encrypted(block: Block) -> Fact:
    answers: list[Fact] = []
    for config in block.blocks("encryption_config"):
        if isinstance(config, Unknown):
            answers.append(config)
            continue
        resources = strings(config.get("resources"))
        if isinstance(resources, Unknown):
            answers.append(resources)
        elif "secrets" in resources:
            key = kms_key(config.at("provider", "key_arn"))
            answers.append(key if isinstance(key, Unknown) else Known(value=key.value is not None))
    return any_of(answers)


def _workload_identity(block: Block, world: World) -> Fact:
    joined = world.joined(block, "aws_eks_pod_identity_association", "cluster_name", name="name")
    if joined.blocks:
        return Known(value=True, origin=joined.blocks[0].location)
    for listed in world.joined(block, "aws_eks_pod_identities", "cluster_name", name="name").blocks:
        found = present(listed.get("associations"))
        if found != Known(value=False):
            return found
    answers = [at(_issues(other, block), other.location) for other in world.of_type("aws_iam_openid_connect_provider")]
    return any_of([*answers, *([joined.stray] if joined.stray else [])])


def _issues(provider: Block, cluster_: Block) -> Fact:
    """Whether an identity provider is that of a cluster; one of a code host or a login service is of none."""
    url = provider.get("url")
    if isinstance(url, Reference) and url.certain:
        return Known(value=cluster_.id in url.targets)
    if isinstance(url, str) and "oidc.eks." not in url:
        return Known(value=False)
    return Unknown(reason="an identity provider is declared, but for which cluster can't be told")


def repository(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_ecr_repository`."""
    kind = text(block.at("encryption_configuration", "encryption_type"), "AES256")
    key = kms_key(block.at("encryption_configuration", "kms_key"))
    if isinstance(kind, Unknown):
        key = kind
    elif not str(kind.value).startswith("KMS"):
        key = Known(value=None)
    return {
        "provider": Known(value="aws"),
        # Mutable and unscanned unless told otherwise. The registry's own scanning settings may add scans.
        # See: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
        "immutable_tags": choice(block.get("image_tag_mutability"), "MUTABLE", "IMMUTABLE"),
        "scanned_on_push": any_of(
            [
                boolean(block.at("image_scanning_configuration", "scan_on_push"), False),
                *_registry_scans(block, _world),
            ]
        ),
        # See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
        "encrypted_at_rest": Known(value=True),
        "kms_key": key,
        "public": _public_images(block, _world),
        "tags": tags(block.get("tags")),
    }


def _registry_scans(block: Block, world: World) -> Iterator[Fact]:
    """Whether the registry's own rules have the repository scanned."""
    name = text(block.first("name", "repository_name"), "")
    for registry in world.of_type("aws_ecr_registry_scanning_configuration"):
        for rule in registry.blocks("rule"):
            if isinstance(rule, Unknown):
                yield rule
                continue
            often = choice(rule.get("scan_frequency"), "MANUAL", "SCAN_ON_PUSH", "CONTINUOUS_SCAN")
            for found in rule.blocks("repository_filter"):
                pattern = found if isinstance(found, Unknown) else text(found.get("filter"), "")
                unknown = next((one for one in (pattern, often) if isinstance(one, Unknown)), None)
                if unknown is not None:
                    yield unknown
                elif pattern == Known(value="*"):
                    yield at(often, registry.location)
                elif isinstance(pattern, Known) and often == Known(value=True):
                    # A filter without a star is found anywhere in a name.
                    # See: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
                    shape = str(pattern.value) if "*" in str(pattern.value) else f"*{pattern.value}*"
                    yield name if isinstance(name, Unknown) else Known(value=fnmatchcase(str(name.value), shape))


def _public_images(block: Block, world: World) -> Fact:
    if block.type == "aws_ecrpublic_repository":
        return Known(value=True)
    joined = world.joined(block, "aws_ecr_repository_policy", "repository", name="name")
    answers: list[Fact] = []
    for source in (block, *joined.blocks):
        value = source.get("policy")
        if value is not None:
            answers.append(at(policies.public(policies.read(value)), None if source is block else source.location))
    return any_of([*answers, *([joined.stray] if joined.stray else [])])


def log_group(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_cloudwatch_log_group`."""
    days = integer(block.get("retention_in_days"), 0)
    return {
        "provider": Known(value="aws"),
        # 0, the default, is for ever.
        # See: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/cloudwatch_log_group
        "retention_days": Known(value=None) if days == Known(value=0) else days,
        "kms_key": kms_key(block.get("kms_key_id")),
        "tags": tags(block.get("tags")),
    }


def trail(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_cloudtrail`."""
    return {
        "provider": Known(value="aws"),
        # On unless it is switched off; one made through the API has to be started.
        # See: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartLogging.html
        "active": boolean(block.get("enable_logging"), True),
        "multi_region": boolean(block.get("is_multi_region_trail"), False),
        "validated": boolean(block.get("enable_log_file_validation"), False),
        # Always with S3's own keys at least.
        # See: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html
        "encrypted_at_rest": Known(value=True),
        "kms_key": kms_key(block.get("kms_key_id")),
        "data_events": _data_events(block),
        "watchable": present(block.get("cloud_watch_logs_group_arn")),
        "alarms": aws_alarms.alarms(block, world),
        **_files(block, world),
        "tags": tags(block.get("tags")),
    }


def _files(block: Block, world: World) -> Mapping[str, Fact]:
    """What the bucket of a trail's files is like, where it is of the same source."""
    bucket = world.named(block.get("s3_bucket_name"), "aws_s3_bucket", "bucket")
    if bucket is None:
        elsewhere = Unknown(reason="the bucket of its files is not in the same source")
        return {"bucket_public": elsewhere, "bucket_access_logged": elsewhere}
    facts = aws_bucket.bucket(bucket, world)
    return {
        name: at(facts[fact], bucket.location)
        for name, fact in (("bucket_public", "public_read"), ("bucket_access_logged", "access_logged"))
    }


def _data_events(block: Block) -> Fact:
    answers: list[Fact] = []
    for selector in block.blocks("event_selector"):
        resources = selector if isinstance(selector, Unknown) else selector.block("data_resource")
        if resources is not None:
            answers.append(resources if isinstance(resources, Unknown) else Known(value=True))
    for selector in block.blocks("advanced_event_selector"):
        if isinstance(selector, Unknown):
            answers.append(selector)
            continue
        for field in selector.blocks("field_selector"):
            answers.append(field if isinstance(field, Unknown) else _selects_data(field))
    return any_of(answers)


def _selects_data(field: Block) -> Fact:
    name: Any = settled(field.get("field"))
    if isinstance(name, Unknown):
        return name
    if name != "eventCategory":
        return Known(value=False)
    values = strings(field.get("equals"))
    return values if isinstance(values, Unknown) else policies.contains(values, "Data")
