"""Facts of S3 buckets, joined from the bucket and the separate resources that configure it."""

from collections.abc import Iterable, Mapping
from typing import Any

from assay.detectors.cloud import policy_document as policies
from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import (
    all_of,
    any_of,
    as_fact,
    at,
    boolean,
    choice,
    integer,
    kms_key,
    settled,
    tags,
    text,
    written,
)
from assay.scanner.api import Fact, Known, Unknown

_FLAGS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_GROUPS = ("/global/AllUsers", "/global/AuthenticatedUsers")
_READABLE = frozenset({"public-read", "public-read-write", "authenticated-read"})
_KMS = frozenset({"aws:kms", "aws:kms:dsse"})


def bucket(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_s3_bucket` and what is declared beside it."""
    encryption, key = _encryption(block, world)
    blocked, declared = _public_access_block(block, world)
    read, write, tls = _grants(block, world)
    return {
        "provider": Known(value="aws"),
        "name": text(block.get("bucket"), None),
        # S3 encrypts every object with its own keys unless told otherwise, since January 2023.
        # See: https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
        "encrypted_at_rest": Known(value=True),
        "encryption_declared": encryption,
        "kms_key": key,
        "public_access_blocked": blocked,
        "public_access_block_declared": declared,
        "public_read": read,
        "public_write": write,
        "tls_required": tls,
        "versioned": _versioned(block, world),
        "access_logged": _access_logged(block, world),
        "retention_days": _retention(block, world),
        "object_lock": _object_lock(block, world),
        "tags": tags(block.get("tags")),
    }


def _each(block: Block, world: World, type_: str) -> tuple[tuple[Block, ...], Unknown | None]:
    joined = world.joined(block, type_, "bucket", name="bucket")
    return joined.blocks, joined.stray


def _encryption(block: Block, world: World) -> tuple[Fact, Fact]:
    others, stray = _each(block, world, "aws_s3_bucket_server_side_encryption_configuration")
    inline = block.block("server_side_encryption_configuration")
    if isinstance(inline, Unknown):
        return inline, inline
    for source in (inline, *others) if inline else others:
        rule = source.block("rule")
        default = rule.block("apply_server_side_encryption_by_default") if isinstance(rule, Block) else rule
        if isinstance(default, Unknown):
            return default, default
        if default is None:
            continue
        algorithm = settled(default.get("sse_algorithm"))
        key = kms_key(default.get("kms_master_key_id"))
        if isinstance(algorithm, Unknown):
            key = algorithm
        elif algorithm not in _KMS:
            key = Known(value=None)
        origin = None if source is inline else source.location
        return Known(value=True, origin=origin), at(key, origin)
    if stray:
        return stray, stray
    return Known(value=False), Known(value=None)


def _public_access_block(block: Block, world: World) -> tuple[Fact, Fact]:
    others, stray = _each(block, world, "aws_s3_bucket_public_access_block")
    inline = block.block("public_access_block_configuration")
    if isinstance(inline, Unknown):
        return inline, inline
    for source in (inline, *others) if inline else others:
        origin = None if source is inline else source.location
        # Each setting is off unless it is asked for.
        # See: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/s3_bucket_public_access_block
        declared = at(all_of(boolean(source.get(flag), False) for flag in _FLAGS), origin)
        if isinstance(declared, Known) and declared.value:
            return declared, declared
        account = _blocked_by_account(world)
        if account is not None:
            either = any_of([declared, account])
            return either, either
        if isinstance(declared, Unknown):
            return declared, declared
        return Unknown(reason="the bucket itself does not block it; the account may", origin=origin), declared
    account = _blocked_by_account(world)
    if stray or account is not None:
        either = any_of([fact for fact in (account, stray) if fact is not None])
        return either, either
    # Buckets made since April 2023 are blocked unless someone unblocks them; the source can't tell a bucket's age.
    # See: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    reason = "not declared: it depends on the age of the bucket and on the settings of the account"
    return Unknown(reason=reason), Known(value=False)


def _blocked_by_account(world: World) -> Fact | None:
    """Whether the account's own setting refuses public grants; None where the source doesn't tell of one.

    The strictest of both counts.
    See: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    for account in world.of_type("aws_s3_account_public_access_block"):
        return at(all_of(boolean(account.get(flag), False) for flag in _FLAGS), account.location)
    return None


def _grants(block: Block, world: World) -> tuple[Fact, Fact, Fact]:
    """Whether anyone may read, whether anyone may write, whether plain HTTP is refused."""
    reads: list[Fact] = []
    writes: list[Fact] = []
    acls, stray_acl = _each(block, world, "aws_s3_bucket_acl")
    for source in (block, *acls):
        origin = None if source is block else source.location
        acl = text(source.get("acl"), "private")
        reads.append(at(_listed(acl, _READABLE), origin))
        writes.append(at(_listed(acl, frozenset({"public-read-write"})), origin))
        for grantee, permission in _acl_grants(source):
            reads.append(at(_granted(grantee, permission, ("READ", "FULL_CONTROL")), origin))
            writes.append(at(_granted(grantee, permission, ("WRITE", "WRITE_ACP", "FULL_CONTROL")), origin))
    policy_blocks, stray_policy = _each(block, world, "aws_s3_bucket_policy")
    tls: list[Fact] = []
    for source in (block, *policy_blocks):
        value = source.get("policy")
        if value is None:
            continue
        origin = None if source is block else source.location
        policy = policies.read(value)
        reads.append(at(policies.public(policy, policies.READS), origin))
        writes.append(at(policies.public(policy, policies.WRITES), origin))
        tls.append(at(policies.tls_required(policy, ("s3:getobject", "s3:putobject")), origin))
    for stray in (stray_acl, stray_policy):
        if stray:
            reads.append(stray)
            writes.append(stray)
    if stray_policy:
        tls.append(stray_policy)
    return any_of(reads), any_of(writes), any_of(tls) if tls else Known(value=False)


def _listed(acl: Fact, wanted: frozenset[str]) -> Fact:
    return Known(value=acl.value in wanted) if isinstance(acl, Known) else acl


def _acl_grants(source: Block) -> Iterable[tuple[Any, Any]]:
    for grant in source.blocks("grant"):
        if isinstance(grant, Unknown):
            yield grant, grant
            continue
        permissions = grant.get("permissions")
        for permission in permissions if isinstance(permissions, list) else [permissions]:
            yield grant.get("uri"), permission
    policy = source.block("access_control_policy")
    if isinstance(policy, Unknown):
        yield policy, policy
    elif policy is not None:
        for grant in policy.blocks("grant"):
            if isinstance(grant, Unknown):
                yield grant, grant
            else:
                yield grant.at("grantee", "uri"), grant.get("permission")


def _granted(grantee: Any, permission: Any, wanted: tuple[str, ...]) -> Fact:
    grantee, permission = settled(grantee), settled(permission)
    if grantee is None:
        return Known(value=False)
    if isinstance(grantee, str) and not grantee.endswith(_GROUPS):
        return Known(value=False)
    for part in (grantee, permission):
        if isinstance(part, Unknown):
            return part
    return Known(value=permission in wanted)


def _versioned(block: Block, world: World) -> Fact:
    others, stray = _each(block, world, "aws_s3_bucket_versioning")
    answers = [at(_status(other, "versioning_configuration"), other.location) for other in others]
    inline = block.block("versioning")
    if isinstance(inline, Unknown):
        answers.append(inline)
    elif inline is not None:
        # CloudFormation says `Status`, Terraform's older form says `enabled`.
        status = inline.get("status")
        answers.append(boolean(inline.get("enabled"), False) if status is None else choice(status, "", "Enabled"))
    if stray:
        answers.append(stray)
    # Versioning is off unless it is asked for.
    # See: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
    return any_of(answers)


def _status(source: Block, name: str) -> Fact:
    return choice(source.at(name, "status"), "", "Enabled")


def _access_logged(block: Block, world: World) -> Fact:
    others, stray = _each(block, world, "aws_s3_bucket_logging")
    inline = block.block("logging")
    if inline is not None:
        return inline if isinstance(inline, Unknown) else Known(value=True)
    if others:
        return Known(value=True, origin=others[0].location)
    return stray or Known(value=False)


def _retention(block: Block, world: World) -> Fact:
    others, stray = _each(block, world, "aws_s3_bucket_lifecycle_configuration")
    found: list[tuple[Fact, Any]] = []
    for source, name in ((block, "lifecycle_rule"), *((other, "rule") for other in others)):
        origin = None if source is block else source.location
        found += [(_expiry(rule), origin) for rule in source.blocks(name)]
    days = [at(fact, origin) for fact, origin in found]
    for fact in days:
        if isinstance(fact, Unknown):
            return fact
    known = [fact for fact in days if isinstance(fact, Known) and fact.value is not None]
    if known:
        return min(known, key=lambda fact: int(fact.value))
    return stray or Known(value=None)


def _expiry(rule: Block | Unknown) -> Fact:
    """Days until a rule expires what is current, if it is for the whole bucket."""
    if isinstance(rule, Unknown):
        return rule
    status = rule.get("status")
    enabled = boolean(rule.get("enabled"), True) if status is None else choice(status, "", "Enabled")
    expiration = rule.block("expiration")
    if (isinstance(enabled, Known) and not enabled.value) or expiration is None:
        return Known(value=None)
    narrowed = _narrowed(rule)
    if narrowed is True:
        return Known(value=None)
    for part in (enabled, expiration, narrowed):
        if isinstance(part, Unknown):
            return part
    if isinstance(expiration, Block) and expiration.get("date") is not None:
        return Unknown(reason="objects expire on a date, not after a number of days")
    return integer(expiration.get("days"), None) if isinstance(expiration, Block) else Known(value=None)


def _narrowed(rule: Block) -> bool | Unknown:
    """Whether a lifecycle rule is for a part of the bucket only."""
    prefix = written(rule.get("prefix"))
    if isinstance(prefix, Unknown):
        return prefix
    filter_ = rule.block("filter")
    if isinstance(filter_, Unknown):
        return filter_
    if prefix or rule.get("tags"):
        return True
    if filter_ is None:
        return False
    inner = written(filter_.get("prefix"))
    if isinstance(inner, Unknown):
        return inner
    limits = ("tag", "and", "object_size_greater_than", "object_size_less_than")
    return bool(inner) or any(filter_.get(name) is not None or filter_.blocks(name) for name in limits)


def _object_lock(block: Block, world: World) -> Fact:
    others, stray = _each(block, world, "aws_s3_bucket_object_lock_configuration")
    inline = block.block("object_lock_configuration")
    if isinstance(inline, Unknown):
        return inline
    for source in (inline, *others) if inline else others:
        retention = source.block("rule")
        if isinstance(retention, Block):
            retention = retention.block("default_retention")
        if retention is not None:
            origin = None if source is inline else source.location
            return at(as_fact(retention if isinstance(retention, Unknown) else True), origin)
    if stray:
        return stray
    enabled = boolean(block.get("object_lock_enabled"), False)
    if (isinstance(enabled, Known) and enabled.value) or inline or others:
        return Unknown(reason="object lock is on without a default retention: each upload decides for itself")
    return enabled
