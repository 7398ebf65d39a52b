"""Notebooks and editors in the browser, all of which run whatever code they are given."""

from assay.detectors.answers import negated
from assay.detectors.cluster.software.process import ANY, LOOPBACK, Process, listens_locally
from assay.detectors.cluster.software.server import Look, Server, noted
from assay.detectors.cluster.software.setting import Setting, any_present, first, switch, text_of
from assay.scanner.api import Unknown

_APPS = ("ServerApp", "NotebookApp", "LabApp", "IdentityProvider", "PasswordIdentityProvider")
_CONFIG = ("/root/.jupyter", "/home/jovyan/.jupyter", "/etc/jupyter", "/usr/local/etc/jupyter")
_IMAGES = ("jupyter/*-notebook",)


def jupyter(process: Process) -> Look:
    """Jupyter makes a token of its own where it isn't told otherwise; an empty one turns the question off.

    See: https://jupyter-server.readthedocs.io/en/latest/operators/security.html
    """
    process = process.opened(process.option("--config"), "the file that --config names may say otherwise")
    local = listens_locally(
        _trait(process, "ip"), process.option("--ip"), default=ANY if process.is_image(_IMAGES) else "localhost"
    )
    config = process.mounted(*_CONFIG)
    unread = Unknown(reason=config) if config else None
    anonymous = switch(_trait(process, "allow_unauthenticated_access"), default=False)
    token, password = _trait(process, "token"), _trait(process, "password", "hashed_password")
    secret = any_present((password, token, process.env("JUPYTER_TOKEN")))
    if token.given is False and secret is False:
        secret = unread or True
    return Look(
        ports=(process.port(_trait(process, "port"), process.option("--port"), default=8888),),
        authenticated=False if anonymous is True else secret,
        tls=any_present((_trait(process, "certfile"), process.option("--certfile"), process.env("GEN_CERT"))),
        local=local,
        settings=noted(
            any_origin=_is_everything(_trait(process, "allow_origin")),
            request_check_off=switch(_trait(process, "disable_check_xsrf"), default=unread or False),
        ),
    )


def _trait(process: Process, *names: str) -> Setting:
    """A setting of Jupyter's, of whichever of its classes; `NOTEBOOK_ARGS` holds flags, too."""
    flags = [f"--{app}.{name}" for app in _APPS for name in names]
    more = process.env("NOTEBOOK_ARGS")
    found = first((process.option(*flags), process.within(more).option(*flags) if more.given is not False else more))
    # Traitlets reads `''` as Python does, and a YAML list hands the quotes over.
    return Setting(given=True, text="") if found.text in ("''", '""', "None") else found


def _is_everything(setting: Setting) -> bool | Unknown:
    text = text_of(setting, default="")
    return text if isinstance(text, Unknown) else text.strip("'\"") == "*"


def kubeflow_notebook(process: Process) -> Look:
    """Kubeflow starts notebooks without a token; the gateway before them asks who calls, and nothing else does.

    See: https://www.kubeflow.org/docs/components/notebooks/container-images/
    """
    return Look(ports=(process.port(process.option("--port"), default=8888),), authenticated=False)


def jupyterhub(process: Process) -> Look:
    """The hub asks for a login, by PAM unless its configuration names another authenticator."""
    process = process.opened(process.option("--config", "-f"), "the file that --config names may say otherwise")
    config = process.mounted("/usr/local/etc/jupyterhub", "/srv/jupyterhub", "/etc/jupyterhub")
    authenticator = text_of(process.option("--JupyterHub.authenticator_class"), default="")
    if isinstance(authenticator, Unknown):
        asks: bool | Unknown = authenticator
    elif authenticator:
        # Dummy lets in everyone with any password, Null nobody but services.
        asks = not authenticator.lower().startswith(("dummy", "jupyterhub.auth.dummy", "jupyterhub.dummy"))
    else:
        asks = Unknown(reason=config) if config else True
    return Look(
        ports=(8000, process.port(process.option("--port"), default=8081)),
        authenticated=asks,
        tls=any_present((process.option("--ssl-cert", "--JupyterHub.ssl_cert"),)),
    )


def hub_notebook(process: Process) -> Look:
    """A notebook that JupyterHub starts asks the hub who calls."""
    return Look(ports=(process.port(process.option("--port"), default=8888),), authenticated=True)


def rstudio(process: Process) -> Look:
    """See: https://rocker-project.org/images/versioned/rstudio.html"""
    off = switch(process.env("DISABLE_AUTH"), process.option("--auth-none"), default=False)
    return Look(ports=(8787,), authenticated=negated(off))


def zeppelin(process: Process) -> Look:
    """Zeppelin lets everyone in without a name until `shiro.ini` says otherwise; its paragraphs are code.

    See: https://zeppelin.apache.org/docs/latest/setup/security/shiro_authentication.html
    """
    config = process.mounted("/opt/zeppelin/conf/shiro.ini", "/zeppelin/conf/shiro.ini", "/conf/shiro.ini")
    address = process.env("ZEPPELIN_ADDR")
    image = process.is_image(("apache/zeppelin*", "*zeppelin*"))
    local = listens_locally(address, default=ANY if image else LOOPBACK)
    elsewhere = process.env("ZEPPELIN_CONF_DIR").given is not False
    unread = Unknown(reason=config or "the folder that ZEPPELIN_CONF_DIR names may hold users")
    return Look(
        ports=(process.port(process.env("ZEPPELIN_PORT"), default=8080),),
        authenticated=unread if config or elsewhere else False,
        tls=switch(process.env("ZEPPELIN_SSL"), default=False),
        local=local,
    )


def code_server(process: Process) -> Look:
    """It makes a password of its own, but for linuxserver's image, which asks for none unless one is set.

    See: https://coder.com/docs/code-server/guide
    """
    process = process.opened(process.option("--config"), "the file that --config names may say otherwise")
    config = process.mounted("/home/coder/.config/code-server", "/config/.config/code-server")
    method = text_of(process.option("--auth"), default="password")
    bare = process.is_image(("linuxserver/code-server",))
    address = process.option("--bind-addr")
    image = process.is_image(("*/code-server",))
    local = listens_locally(process.option("--host"), address, default=ANY if image else LOOPBACK)
    if isinstance(method, Unknown):
        asks: bool | Unknown = method
    elif bare:
        asks = any_present((process.env("PASSWORD"), process.env("HASHED_PASSWORD"), process.env("FILE__PASSWORD")))
    else:
        asks = method.lower() != "none"
    if config and asks is not False and process.option("--auth").given is False:
        asks = Unknown(reason=config)
    return Look(
        ports=(process.port(process.option("--port"), address, default=8443 if bare else 8080),),
        authenticated=asks,
        tls=any_present((process.option("--cert"),)),
        local=local,
    )


SERVERS = (
    Server(
        software="kubeflow-notebook",
        look=kubeflow_notebook,
        images=("notebook-servers/*", "kubeflownotebookswg/jupyter-*", "kubeflownotebookswg/codeserver-*",
                "kubeflownotebookswg/rstudio-*"),
        controllers=("Notebook",),
    ),
    Server(
        software="jupyterhub-notebook",
        look=hub_notebook,
        images=("jupyterhub/k8s-singleuser-sample", "jupyterhub/singleuser"),
        runs="jupyterhub-singleuser",
        commands=("jupyterhub-singleuser", "start-singleuser.sh", "start-singleuser.py"),
    ),
    Server(
        software="jupyterhub",
        look=jupyterhub,
        images=("jupyterhub/k8s-hub", "jupyterhub/jupyterhub"),
        runs="jupyterhub",
        commands=("jupyterhub", "-m jupyterhub"),
    ),
    Server(
        software="jupyter",
        look=jupyter,
        images=_IMAGES,
        runs="start-notebook.sh",
        commands=(
            "jupyter lab", "jupyter notebook", "jupyter server", "jupyter nbclassic", "jupyter-lab", "jupyter-notebook",
            "jupyter-server", "start-notebook.sh", "start-notebook.py", "-m jupyterlab", "-m notebook",
            "-m jupyter lab", "-m jupyter_server",
        ),
    ),
    Server(
        software="rstudio",
        look=rstudio,
        images=("rocker/rstudio", "rocker/tidyverse", "rocker/verse", "rocker/ml*", "rstudio/rstudio-*"),
        runs="rserver",
        commands=("rserver", "rstudio-server start"),
    ),
    Server(
        software="zeppelin",
        look=zeppelin,
        images=("apache/zeppelin", "apache/zeppelin-server", "zeppelin"),
        runs="zeppelin.sh",
        commands=("zeppelin.sh", "zeppelin-daemon.sh"),
    ),
    Server(
        software="code-server",
        look=code_server,
        images=("codercom/code-server", "linuxserver/code-server", "coder/code-server"),
        runs="code-server",
        commands=("code-server",),
    ),
)  # fmt: skip
