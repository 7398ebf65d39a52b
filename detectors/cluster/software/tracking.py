"""Trackers of experiments, registries of models, and tools that label data."""

from assay.detectors.answers import all_of, any_of, negated
from assay.detectors.cluster.software.process import LOOPBACK, Process, listens_locally
from assay.detectors.cluster.software.server import Look, Server, noted
from assay.detectors.cluster.software.setting import any_present, switch, text_of
from assay.scanner.api import Unknown


def mlflow(process: Process) -> Look:
    """MLflow asks for a login with its app `basic-auth`. See: https://mlflow.org/docs/latest/self-hosting/security/"""
    app = text_of(process.option("--app-name"), default="")
    local = listens_locally(process.option("--host", "-h"), process.env("MLFLOW_HOST"), default=LOOPBACK)
    return Look(
        ports=(process.port(process.option("--port", "-p"), process.env("MLFLOW_PORT"), default=5000),),
        # Other apps are plug-ins, most of them for a login of one's own.
        authenticated=_by_app(app),
        tls=_certificate(process),
        local=local,
    )


def _by_app(app: str | Unknown) -> bool | Unknown:
    if isinstance(app, Unknown):
        return app
    if app in ("", "basic-auth"):
        return app == "basic-auth"
    return Unknown(reason="an app of MLflow that we don't know decides who may come in")


def _certificate(process: Process) -> bool | Unknown:
    options = [process.option(name) for name in ("--gunicorn-opts", "--uvicorn-opts")]
    return any_of(
        one.text is not None and ("certfile" in one.text) if one.given and one.text is not None else one.present()
        for one in options
    )


def mlflow_model(process: Process) -> Look:
    """A model served by MLflow's own server, which asks nobody."""
    local = listens_locally(process.option("--host", "-h"), process.env("MLFLOW_HOST"), default=LOOPBACK)
    return Look(
        ports=(process.port(process.option("--port", "-p"), process.env("MLFLOW_PORT"), default=5000),),
        authenticated=False,
        local=local,
    )


def tensorboard(process: Process) -> Look:
    """It asks nobody, and listens on the loopback address unless told otherwise."""
    open_ = switch(process.toggle("--bind_all"), default=False)
    local = listens_locally(process.option("--host"), default=LOOPBACK)
    return Look(
        ports=(process.port(process.option("--port"), default=6006),),
        authenticated=False,
        local=all_of((negated(open_), local)),
    )


def wandb(_process: Process) -> Look:
    """See: https://docs.wandb.ai/guides/hosting/"""
    return Look(ports=(8080,), authenticated=True)


def clearml(process: Process) -> Look:
    """Without users in its configuration anybody logs in by typing a name.

    See: https://clear.ml/docs/latest/docs/deploying_clearml/clearml_server_config
    """
    config = process.mounted("/opt/clearml/config")
    users = any_present((process.env("CLEARML__APISERVER__AUTH__FIXED_USERS__ENABLED"),))
    unread = Unknown(reason=config) if config else False
    return Look(ports=(8008, 8080, 8081), authenticated=users if users is not False else unread)


def label_studio(process: Process) -> Look:
    """See: https://labelstud.io/guide/signup"""
    closed = switch(
        process.toggle("--disable-signup-without-link"),
        process.env("LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"),
        default=False,
    )
    return Look(
        ports=(process.port(process.option("--port", "-p"), process.env("LABEL_STUDIO_PORT"), default=8080),),
        authenticated=True,
        tls=any_present((process.option("--cert"),)),
        settings=noted(open_signup=negated(closed)),
    )


SERVERS = (
    Server(
        software="mlflow",
        look=mlflow,
        # Bitnami's image runs whatever it is given with Python, the project's own whatever it is given.
        images=("mlflow/mlflow", "mlflow"),
        runs="python",
        bare=True,
        commands=(
            "mlflow server",
            "mlflow ui",
            "-m mlflow server",
            "-m mlflow ui",
            "gunicorn mlflow.server:app",
            "uvicorn mlflow.server.fastapi_app:app",
        ),
    ),
    Server(software="mlflow-model", look=mlflow_model, commands=("mlflow models serve",)),
    Server(
        software="tensorboard",
        look=tensorboard,
        commands=("tensorboard", "-m tensorboard.main", "-m tensorboard"),
    ),
    Server(software="wandb", look=wandb, images=("wandb/local",)),
    Server(software="clearml", look=clearml, images=("allegroai/clearml", "clearml/server")),
    Server(
        software="label-studio",
        look=label_studio,
        images=("heartexlabs/label-studio",),
        runs="label-studio",
        commands=("label-studio", "label-studio start"),
    ),
)
