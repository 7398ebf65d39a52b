"""Registries of models beside MLflow, and platforms that hold experiments, models and images."""

from assay.detectors.cluster.software.process import ANY, LOOPBACK, Process, listens_locally
from assay.detectors.cluster.software.server import Look, Server, noted
from assay.detectors.cluster.software.setting import any_present, text_of
from assay.scanner.api import Unknown

_HARBOR_PASSWORD = "Harbor12345"  # noqa: S105  # as it comes, in Harbor's manual


def model_registry(process: Process) -> Look:
    """Kubeflow's registry asks nobody; its page believes the header in which the gateway names the user.

    See: https://www.kubeflow.org/docs/components/model-registry/
    """
    method = text_of(process.option("--auth-method"), default="internal")
    local = listens_locally(process.option("--hostname", "-n"), default=ANY)
    return Look(
        ports=(process.port(process.option("--port", "-p"), default=8080),),
        authenticated=method if isinstance(method, Unknown) else method == "user_token",
        tls=any_present((process.option("--cert-file"),)),
        local=local,
    )


def harbor(process: Process) -> Look:
    """Harbor asks for a login, but for what projects show to everyone.

    See: https://goharbor.io/docs/latest/install-config/configure-yml-file/
    """
    password = process.env("HARBOR_ADMIN_PASSWORD")
    return Look(
        ports=(process.port(process.env("PORT"), default=8080),),
        authenticated=True,
        settings=noted(default_password=password.text == _HARBOR_PASSWORD),
    )


def zenml(process: Process) -> Look:
    """See: https://docs.zenml.io/deploying-zenml/deploying-zenml/deploy-with-docker"""
    scheme = text_of(process.env("ZENML_SERVER_AUTH_SCHEME", "ZENML_AUTH_TYPE"), default="OAUTH2_PASSWORD_BEARER")
    return Look(
        ports=(8080,), authenticated=scheme if isinstance(scheme, Unknown) else scheme.strip().upper() != "NO_AUTH"
    )


def determined(process: Process) -> Look:
    """Its first users had no passwords, and have what its configuration gives them since that must give one.

    See: https://docs.determined.ai/latest/manage/users.html
    """
    unread = Unknown(reason="master.yaml decides which password the first users of Determined have")
    return Look(
        ports=(process.port(process.env("DET_PORT"), process.option("--port"), default=8080),),
        authenticated=True,
        settings=noted(default_password=unread),
    )


def aim(process: Process) -> Look:
    """Aim asks nobody. Its page listens on the loopback address unless told otherwise, its tracking server on all.

    See: https://aimstack.readthedocs.io/en/latest/refs/cli.html
    """
    tracks = "server" in process.words()[:1]
    local = listens_locally(process.option("--host", "-h"), default=ANY if tracks else LOOPBACK)
    return Look(
        ports=(process.port(process.option("--port", "-p"), default=53800 if tracks else 43800),),
        authenticated=False,
        tls=any_present((process.option("--ssl-certfile"),)),
        local=local,
    )


SERVERS = (
    Server(
        software="model-registry",
        look=model_registry,
        images=("model-registry/server", "kubeflow/model-registry", "opendatahub/model-registry",
                "odh-model-registry*"),
        runs="model-registry",
        commands=("model-registry proxy",),
    ),
    Server(
        software="model-registry", look=model_registry, images=("model-registry/ui", "model-registry-ui"), runs="bff"
    ),
    Server(
        software="harbor",
        look=harbor,
        images=("goharbor/harbor-core", "bitnami/harbor-core", "bitnamilegacy/harbor-core", "harbor-core"),
    ),
    Server(
        software="zenml", look=zenml, images=("zenmldocker/zenml-server", "zenml-server"),
    ),
    Server(
        software="determined",
        look=determined,
        images=("determinedai/determined-master", "determinedai/determined-master-dev", "determined-master"),
        runs="determined-master",
    ),
    Server(
        software="aim", look=aim, images=("aimstack/aim",), runs="aim", commands=("aim up", "aim server"), bare=True
    ),
)  # fmt: skip
