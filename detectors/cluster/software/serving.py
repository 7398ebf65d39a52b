"""Servers of models. None of them asks who calls unless it is told to, and most can't be told."""

from assay.detectors.answers import all_of, negated
from assay.detectors.cluster.software.process import ANY, LOOPBACK, Process, listens_locally
from assay.detectors.cluster.software.server import Look, Server, noted
from assay.detectors.cluster.software.setting import ABSENT, Setting, any_present, switch, text_of
from assay.scanner.api import Unknown

_TOKENS_BY_DEFAULT = (0, 11, 1)
_TORCHSERVE_CONFIG = "/home/model-server/config.properties"


def triton(process: Process) -> Look:
    """Triton knows no callers; a header with a shared secret may guard single protocols.

    See: https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/customization_guide/deploy.html
    """
    mode = text_of(process.option("--model-control-mode"), default="none")
    guarded = [process.option("--http-restricted-api"), process.option("--grpc-restricted-protocol")]
    serves_http = switch(process.option("--allow-http"), default=True)
    return Look(
        ports=tuple(
            process.port(process.option(name), default=default)
            for name, default in (("--http-port", 8000), ("--grpc-port", 8001), ("--metrics-port", 8002))
        ),
        authenticated=False,
        tls=all_of((switch(process.option("--grpc-use-ssl"), default=False), negated(serves_http))),
        local=all_of(
            listens_locally(process.option(f"--{protocol}-address"), default=ANY) for protocol in ("http", "grpc")
        ),
        settings=noted(
            model_control=mode if isinstance(mode, Unknown) else mode.lower() in ("explicit", "poll"),
            repository_writable=_repository_writable(process),
            restricted=all_of(
                one.text is not None and "model-repository" in one.text if one.given else one.present()
                for one in guarded
            ),
        ),
    )


def _repository_writable(process: Process) -> bool | Unknown:
    """A repository of a bucket isn't mounted, so that nothing is said of it."""
    folder = text_of(process.option("--model-repository", "--model-store"), default="")
    return folder if isinstance(folder, Unknown) else process.writes(folder)


def torchserve(process: Process) -> Look:
    """TorchServe asks for a token from 0.11.1 on, and lets nobody register models, unless told otherwise.

    See: https://pytorch.org/serve/token_authorization_api.html and https://pytorch.org/serve/model_api_control.html
    """
    config = process.mounted(_TORCHSERVE_CONFIG)
    named = process.option("--ts-config").given is not False
    config = "the file that --ts-config names may say otherwise" if named else config
    by_version = _by_version(process)
    unread = Unknown(reason=config) if config else None
    no_token = switch(
        process.toggle("--disable-token-auth"),
        _variable(process, "DISABLE_TOKEN_AUTHORIZATION"),
        default=unread or negated(by_version),
    )
    # The image's own config.properties opens all addresses; TorchServe alone listens on the loopback one.
    address = ANY if process.is_image(("torchserve*", "pytorch/torchserve*")) else LOOPBACK
    local = {
        name: unread or listens_locally(_variable(process, f"{name}_ADDRESS"), default=address)
        for name in ("INFERENCE", "MANAGEMENT", "METRICS")
    }
    return Look(
        ports=(8080, 8081, 8082),
        authenticated=negated(no_token),
        local=all_of(local.values()),
        settings=noted(
            management=negated(local["MANAGEMENT"]),
            model_control=switch(
                process.toggle("--enable-model-api"),
                _variable(process, "ENABLE_MODEL_API"),
                default=unread or negated(by_version),
            ),
        ),
    )


def _variable(process: Process, name: str) -> Setting:
    """Variables count only where config.properties has enable_envvars_config, which the image's own hasn't.

    See: https://pytorch.org/serve/configuration.html
    """
    reason = "TorchServe looks at its variables only where its configuration file says so"
    return Setting(given=None, reason=reason) if process.env(f"TS_{name}").given is not False else ABSENT


def _by_version(process: Process) -> bool | Unknown:
    version = process.version
    if version is None:
        return Unknown(reason="TorchServe asks for a token from 0.11.1 on, and the image's tag gives no version")
    return version >= _TOKENS_BY_DEFAULT


def tensorflow(process: Process) -> Look:
    """See: https://www.tensorflow.org/tfx/serving/serving_config"""
    certificate = process.option("--ssl_config_file")
    # The file decides whether clients must bring a certificate; REST is never encrypted.
    rest = text_of(process.option("--rest_api_port"), default="0")
    unread = Unknown(reason="the file that --ssl_config_file names decides")
    guarded: bool | Unknown = unread if certificate.given is not False else False
    image = process.is_image(("tensorflow/serving",))
    return Look(
        ports=(
            process.port(process.option("--port"), default=8500),
            *(() if rest == "0" and not image else (process.port(process.option("--rest_api_port"), default=8501),)),
        ),
        authenticated=guarded,
        tls=guarded,
    )


def bentoml(process: Process) -> Look:
    """See: https://docs.bentoml.com/en/latest/reference/bentoml/cli.html"""
    return Look(
        ports=(process.port(process.option("--port", "-p"), process.env("BENTOML_PORT"), default=3000),),
        authenticated=False,
        tls=any_present((process.option("--ssl-certfile"),)),
        local=listens_locally(process.option("--host"), process.env("BENTOML_HOST"), default=ANY),
    )


def mlserver(process: Process) -> Look:
    """See: https://mlserver.readthedocs.io/en/latest/reference/settings.html"""
    settings = process.mounted("/mnt/settings.json")
    return Look(
        ports=(
            process.port(process.env("MLSERVER_HTTP_PORT"), default=8080),
            process.port(process.env("MLSERVER_GRPC_PORT"), default=8081),
        ),
        authenticated=False,
        local=Unknown(reason=settings) if settings else listens_locally(process.env("MLSERVER_HOST"), default=ANY),
    )


def kserve(process: Process) -> Look:
    """KServe's servers ask nobody. OpenDataHub puts a proxy before those that are annotated for it.

    See: https://kserve.github.io/website/ and https://github.com/opendatahub-io/odh-model-controller
    """
    meta = getattr(process.owner, "metadata", None)
    annotations = getattr(meta, "annotations", None) or {}
    labels = getattr(meta, "labels", None) or {}
    asks = str(annotations.get("security.opendatahub.io/enable-auth", "")).lower() == "true"
    kept_in = process.controller == "LLMInferenceService" and not _is_routed(process)
    kept_in = kept_in or "cluster-local" in (
        labels.get("networking.knative.dev/visibility"),
        labels.get("networking.kserve.io/visibility"),
    )
    declared = [one.container_port for one in process.container.ports or () if isinstance(one.container_port, int)]
    return Look(
        ports=tuple(declared[:10]) or (8000 if process.controller == "LLMInferenceService" else 8080,),
        authenticated=asks,
        tls=asks,
        settings=noted(cluster_local=kept_in),
    )


def _is_routed(process: Process) -> bool:
    """Whether the service of a language model is told to be published, which it isn't by itself."""
    router = getattr(getattr(process.owner, "spec", None), "router", None)
    return any(getattr(router, name, None) is not None for name in ("route", "gateway", "ingress"))


def seldon(_process: Process) -> Look:
    """Seldon Core's orchestrator before the model. See: https://docs.seldon.io/projects/seldon-core/en/latest/"""
    return Look(ports=(8000, 5001), authenticated=False)


def seldon_mesh(process: Process) -> Look:
    """What Seldon Core 2 answers callers with: Envoy and the gateway of pipelines, which ask nobody.

    See: https://docs.seldon.ai/seldon-core-2/resources/security
    """
    envoy = process.is_image(("seldon-envoy",)) or process.role == "seldon-envoy"
    return Look(ports=(9000, 9003) if envoy else (9010, 9011), authenticated=False)


def seldon_scheduler(process: Process) -> Look:
    """Whoever reaches Seldon Core 2's scheduler loads models from any address; it asks for certificates alone where
    plain connections are off.

    See: https://docs.seldon.ai/seldon-core-2/resources/apis/scheduler
    """
    plain = switch(process.option("--allow-plaintxt"), process.env("ALLOW_PLAINTXT"), default=True)
    certified = negated(plain)
    ports = (9044, 9055) if certified is True else (9002, 9004, 9005, 9008, 9044, 9055)
    return Look(ports=ports, authenticated=certified, tls=certified)


SERVERS = (
    Server(
        software="triton",
        look=triton,
        images=("nvidia/tritonserver", "tritonserver"),
        commands=("tritonserver",),
    ),
    Server(
        software="torchserve",
        look=torchserve,
        images=("pytorch/torchserve*", "torchserve-kfs", "torchserve"),
        runs="torchserve --start",
        commands=("torchserve",),
    ),
    Server(
        software="tf-serving",
        look=tensorflow,
        images=("tensorflow/serving",),
        runs="tensorflow_model_server",
        commands=("tensorflow_model_server", "tf_serving_entrypoint.sh"),
    ),
    Server(software="bentoml", look=bentoml, commands=("bentoml serve", "bentoml serve-http", "bentoml serve-grpc")),
    Server(
        software="mlserver", look=mlserver, images=("seldonio/mlserver", "mlserver"), runs="mlserver start",
        commands=("mlserver start",),
    ),
    Server(
        software="kserve",
        look=kserve,
        controllers=("InferenceService", "LLMInferenceService", "InferenceGraph"),
        roles=("predictor", "transformer", "explainer", "", "worker", "prefill", "prefill-worker", "router"),
        beside=True,
        images=("kserve/sklearnserver", "kserve/xgbserver", "kserve/lgbserver", "kserve/huggingfaceserver"),
    ),
    Server(software="seldon", look=seldon, controllers=("SeldonDeployment",), beside=True),
    Server(
        software="seldon-scheduler",
        look=seldon_scheduler,
        images=("seldonio/seldon-scheduler", "seldon-scheduler"),
        runs="scheduler",
        commands=("scheduler",),
        generic=True,
        controllers=("SeldonRuntime",),
        roles=("seldon-scheduler",),
    ),
    Server(
        software="seldon-mesh",
        look=seldon_mesh,
        images=("seldonio/seldon-envoy", "seldonio/seldon-pipelinegateway", "seldon-envoy", "seldon-pipelinegateway"),
        controllers=("SeldonRuntime",),
        roles=("seldon-envoy", "seldon-pipelinegateway"),
    ),
)  # fmt: skip
