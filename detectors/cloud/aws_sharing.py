"""Facts of what can be handed to other AWS accounts, and of what an account allows there."""

from collections.abc import Mapping

from assay.detectors.cloud import policy_document as policies
from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import all_of, any_of, at, boolean, choice, present, strings, text
from assay.scanner.api import Fact, Known, Unknown

_BLOCK = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")


def volume_snapshot(block: Block, _world: World) -> Mapping[str, Fact]:
    """A snapshot of a volume of a live account, listed because everyone may restore it."""
    return _snapshot("volume", boolean(block.get("public"), True), boolean(block.get("encrypted"), False))


def image(block: Block, _world: World) -> Mapping[str, Fact]:
    """An image of a live account, listed because everyone may start it. What is encrypted can't be public."""
    return _snapshot("image", boolean(block.get("public"), True), Known(value=False))


def database_snapshot(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_db_snapshot`, `aws_db_cluster_snapshot`: shared with the accounts it names, or with `all`."""
    shared = strings(block.get("shared_accounts"))
    public: Fact = shared if isinstance(shared, Unknown) else policies.contains(shared, "all")
    encrypted: Fact = Unknown(reason="not declared: the database decides")
    value = block.first("encrypted", "storage_encrypted")
    if value is not None:
        encrypted = boolean(value, False)
    return _snapshot("database", public, encrypted)


def document(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_ssm_document`."""
    permissions = block.get("permissions")
    listed = permissions.get("account_ids", "") if isinstance(permissions, Mapping) else permissions
    accounts = strings(listed.split(",") if isinstance(listed, str) else listed)
    # See: https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-ssm-sharing.html
    public: Fact = (
        accounts
        if isinstance(accounts, Unknown)
        else any_of(policies.contains(accounts, everyone) for everyone in ("All", "all"))
    )
    return _snapshot("document", public, Known(value=True))


def _snapshot(type_: str, public: Fact, encrypted: Fact) -> Mapping[str, Fact]:
    return {
        "provider": Known(value="aws"),
        "type": Known(value=type_),
        "public": public,
        "encrypted_at_rest": encrypted,
    }


def defaults(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_ebs_encryption_by_default`, with the region's blocks of public snapshots and images."""
    facts: dict[str, Fact] = {
        "provider": Known(value="aws"),
        "volumes_encrypted": boolean(block.get("enabled"), True),
    }
    for name, type_ in (
        ("snapshots_shared", "aws_ebs_snapshot_block_public_access"),
        ("images_shared", "aws_ec2_image_block_public_access"),
    ):
        facts[name] = Unknown(reason="not declared here: another source may set it")
        for other in world.of_type(type_):
            # See: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableImageBlockPublicAccess.html
            facts[name] = at(choice(other.get("state"), "unblocked", "unblocked"), other.location)
    return facts


def access_point(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_s3_access_point`, which blocks everything public unless told otherwise."""
    own = block.block("public_access_block_configuration")
    blocked: Fact = Known(value=True)
    if isinstance(own, Unknown):
        blocked = own
    elif own is not None:
        blocked = all_of([boolean(own.get(name), True) for name in _BLOCK])
    network = text(block.get("network_origin"), None)
    private = present(block.block("vpc_configuration") and True)
    if isinstance(network, Known) and network.value is not None:
        private = Known(value=network.value == "VPC")
    return {"provider": Known(value="aws"), "public_access_blocked": blocked, "private_network": private}
