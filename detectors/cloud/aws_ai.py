"""Facts of SageMaker and Bedrock."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import (
    Reference,
    all_of,
    any_of,
    at,
    boolean,
    choice,
    common_key,
    kms_key,
    present,
    tags,
    unresolved,
)
from assay.scanner.api import Fact, Known, Unknown


def notebook(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_sagemaker_notebook_instance`."""
    # Internet and root access are on unless switched off, and the disk is always encrypted.
    # See: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateNotebookInstance.html
    # See: https://docs.aws.amazon.com/sagemaker/latest/dg/encryption-at-rest-nbi.html
    version = block.at("instance_metadata_service_configuration", "minimum_instance_metadata_service_version")
    return {
        "provider": Known(value="aws"),
        "public": choice(block.get("direct_internet_access"), "Enabled", "Enabled"),
        "root_access": choice(block.get("root_access"), "Enabled", "Enabled"),
        "encrypted_at_rest": Known(value=True),
        "kms_key": kms_key(block.first("kms_key_id", "kms_key")),
        "in_private_network": present(block.get("subnet_id")),
        # See: https://docs.aws.amazon.com/sagemaker/latest/dg/nbi-imds.html
        "metadata_v2_only": choice(version, "1", "2"),
        "tags": tags(block.get("tags")),
    }


def domain(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_sagemaker_domain`."""
    return {
        "provider": Known(value="aws"),
        "service": Known(value="sagemaker-domain"),
        # Traffic that isn't to its file system goes over the internet unless `VpcOnly` is asked for.
        # See: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateDomain.html
        "public": choice(block.get("app_network_access_type"), "PublicInternetOnly", "PublicInternetOnly"),
        "encrypted_at_rest": Known(value=True),
        "kms_key": kms_key(block.get("kms_key_id")),
        "tags": tags(block.get("tags")),
    }


def feature_group(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_sagemaker_feature_group`; its key is that of every store it has, or none."""
    keys: list[Fact] = []
    online = block.block("online_store_config")
    if isinstance(online, Unknown):
        keys.append(online)
    elif online is not None:
        enabled = boolean(online.get("enable_online_store"), False)
        if isinstance(enabled, Unknown):
            keys.append(enabled)
        elif enabled.value:
            keys.append(kms_key(online.at("security_config", "kms_key_id")))
    offline = block.block("offline_store_config")
    if isinstance(offline, Unknown):
        keys.append(offline)
    elif offline is not None:
        keys.append(kms_key(offline.at("s3_storage_config", "kms_key_id")))
    return {
        "provider": Known(value="aws"),
        "service": Known(value="sagemaker-feature-group"),
        # An API behind IAM.
        "public": Known(value=False),
        # See: https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-security.html
        "encrypted_at_rest": Known(value=True),
        "kms_key": common_key(keys),
        "tags": tags(block.get("tags")),
    }


def endpoint(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_sagemaker_endpoint_configuration`, with the models that its variants name."""
    capture = block.block("data_capture_config")
    captured = capture if isinstance(capture, Unknown) else Known(value=False)
    if isinstance(capture, Block):
        captured = boolean(capture.get("enable_capture"), False)
    serverless = any(
        isinstance(variant, Block) and variant.blocks("serverless_config")
        for variant in block.blocks("production_variants")
    )
    return {
        "provider": Known(value="aws"),
        "own_code": Known(value=True),
        "deployed": Known(value=True),
        # It has no address of its own: it is invoked through an API that demands signed requests, over TLS.
        # See: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
        "authenticated": Known(value=True),
        "public": Known(value=False),
        # Instances with local storage only are encrypted by their hardware; the rest by the key or not at all.
        "encrypted_at_rest": Known(value=True) if serverless else _volume_encrypted(block),
        "kms_key": kms_key(block.first("kms_key_arn", "kms_key_id")),
        "captures_data": captured,
        "network_isolated": _models_isolated(block, world),
        "generative": Unknown(reason="the container decides"),
        "content_filtered": Unknown(reason="the caller decides"),
        "tags": tags(block.get("tags")),
    }


def _volume_encrypted(block: Block) -> Fact:
    key = kms_key(block.first("kms_key_arn", "kms_key_id"))
    if isinstance(key, Known) and key.value is None:
        return Unknown(reason="not declared: the instance type decides")
    return key if isinstance(key, Unknown) else Known(value=True)


def _models_isolated(block: Block, world: World) -> Fact:
    answers: list[Fact] = []
    for variant in block.blocks("production_variants"):
        name = variant if isinstance(variant, Unknown) else variant.get("model_name")
        answers.append(_model_isolated(name, world))
    return all_of(answers) if answers else unresolved("the model that it serves")


def _model_isolated(name: Any, world: World) -> Fact:
    if isinstance(name, Unknown):
        return name
    for model in world.of_type("aws_sagemaker_model"):
        if (isinstance(name, Reference) and model.id in name.targets) or (
            isinstance(name, str) and name == model.get("name")
        ):
            return at(boolean(model.get("enable_network_isolation"), False), model.location)
    return unresolved(f"the model {getattr(name, 'text', name)}")


def model(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_sagemaker_model`: what an endpoint will run. Only its isolation is its own."""
    return {
        "provider": Known(value="aws"),
        "own_code": Known(value=True),
        "deployed": Known(value=False),
        # Off unless asked for.
        # See: https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
        "network_isolated": boolean(block.get("enable_network_isolation"), False),
        "tags": tags(block.get("tags")),
    }


def training(block: Block, _world: World) -> Mapping[str, Fact]:
    """SageMaker's scheduled processing: data quality, bias and model monitors, whose shapes are alike."""
    network = block.block("network_config")
    if isinstance(network, Unknown):
        isolated: Fact = network
        encrypted: Fact = network
        private: Fact = network
    else:
        isolated = boolean(network.get("enable_network_isolation") if network else None, False)
        encrypted = boolean(network.get("enable_inter_container_traffic_encryption") if network else None, False)
        private = present(network.block("vpc_config") if network else None)
    output = block.block(_OUTPUTS.get(block.type, "output_config"))
    volume = block.at("job_resources", "cluster_config", "volume_kms_key_id")
    return {
        "provider": Known(value="aws"),
        "own_code": Known(value=True),
        "network_isolated": isolated,
        "in_private_network": private,
        "traffic_encrypted": encrypted,
        "output_encrypted": _set(output.get("kms_key_id") if isinstance(output, Block) else output),
        "volume_encrypted": _set(volume),
        "tags": tags(block.get("tags")),
    }


_OUTPUTS = {"aws_sagemaker_data_quality_job_definition": "data_quality_job_output_config"}


def custom_model(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_bedrock_custom_model`: a tuning job; it runs on machines of the provider's."""
    private = block.block("vpc_config")
    return {
        "provider": Known(value="aws"),
        "own_code": Known(value=False),
        "network_isolated": Unknown(reason="the job runs on machines of the provider's"),
        "in_private_network": private if isinstance(private, Unknown) else Known(value=private is not None),
        "traffic_encrypted": Unknown(reason="the job runs on machines of the provider's"),
        "output_encrypted": _set(block.get("custom_model_kms_key_id")),
        "volume_encrypted": Unknown(reason="the job runs on machines of the provider's"),
        "tags": tags(block.get("tags")),
    }


def invocation_logging(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_bedrock_model_invocation_logging_configuration`: the account's calls to foundation models."""
    config = block.block("logging_config")
    answers: list[Fact] = []
    if isinstance(config, Unknown):
        answers.append(config)
    elif config is not None:
        for name in ("s3_config", "cloudwatch_config"):
            target = config.block(name)
            if target is not None:
                answers.append(target if isinstance(target, Unknown) else Known(value=True))
    return {
        "provider": Known(value="aws"),
        "service": Known(value="bedrock"),
        "public": Known(value=False),
        "invocations_logged": any_of(answers),
        "tags": Known(value={}),
    }


def agent(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_bedrockagent_agent`: a place where a foundation model answers."""
    guardrail = block.block("guardrail_configuration")
    named = guardrail.get("guardrail_identifier") if isinstance(guardrail, Block) else guardrail
    return {
        "provider": Known(value="aws"),
        "own_code": Known(value=False),
        "deployed": Known(value=True),
        "generative": Known(value=True),
        # It has no address of its own: it is invoked through an API that demands signed requests, over TLS.
        # See: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_InvokeAgent.html
        "authenticated": Known(value=True),
        "public": Known(value=False),
        "captures_data": _invocations_kept(world),
        "network_isolated": Unknown(reason="the model runs on machines of the provider's"),
        "content_filtered": present(named),
        # See: https://docs.aws.amazon.com/bedrock/latest/userguide/encryption-agents-new.html
        "encrypted_at_rest": Known(value=True),
        "kms_key": kms_key(block.get("customer_encryption_key_arn")),
        "tags": tags(block.get("tags")),
    }


def _invocations_kept(world: World) -> Fact:
    """Whether the account's logging of invocations, where the source declares it, keeps what is asked and answered."""
    for other in world.of_type("aws_bedrock_model_invocation_logging_configuration"):
        return at(invocation_logging(other, world)["invocations_logged"], other.location)
    return Unknown(reason="the account's logging of invocations isn't declared here")


def guardrail(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_bedrock_guardrail`: kept as a part of the workspace, for its key."""
    return {
        "provider": Known(value="aws"),
        "service": Known(value="bedrock-guardrail"),
        "public": Known(value=False),
        # See: https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-permissions.html
        "encrypted_at_rest": Known(value=True),
        "kms_key": kms_key(block.get("kms_key_arn")),
        "tags": tags(block.get("tags")),
    }


def _set(value: Any) -> Fact:
    key = kms_key(value)
    return Known(value=key.value is not None) if isinstance(key, Known) else key
