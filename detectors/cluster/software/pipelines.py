"""Orchestrators of pipelines: whoever may start a run there runs code with the pipeline's rights."""

from assay.detectors.answers import all_of, negated
from assay.detectors.cluster.software.process import LOOPBACK, Process, listens_locally
from assay.detectors.cluster.software.server import Look, Server, noted
from assay.detectors.cluster.software.setting import any_present, switch, text_of
from assay.scanner.api import Unknown

_OPEN_BACKENDS = ("airflow.api.auth.backend.default", "airflow.providers.fab.auth_manager.api.auth.backend.default")


def airflow(process: Process) -> Look:
    """Airflow asks for a login, but for its API under the backend `default`, and for all under a public role.

    See: https://airflow.apache.org/docs/apache-airflow/stable/security/
    """
    config = process.mounted("/opt/airflow/airflow.cfg")
    pages = process.mounted("/opt/airflow/webserver_config.py")
    backends = text_of(
        process.env("AIRFLOW__API__AUTH_BACKENDS", "AIRFLOW__API__AUTH_BACKEND", "AIRFLOW__FAB__AUTH_BACKENDS"),
        default="",
    )
    everyone = switch(process.env("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"), default=False)
    return Look(
        ports=(process.port(process.option("--port", "-p"), process.env("AIRFLOW__WEBSERVER__WEB_SERVER_PORT"),
                            default=8080),),
        authenticated=all_of((
            negated(everyone),
            _closed(backends, config),
            Unknown(reason=pages) if pages else _no_public_role(process),
        )),
        tls=any_present((
            process.option("--ssl-cert"), process.env("AIRFLOW__WEBSERVER__WEB_SERVER_SSL_CERT"),
            process.env("AIRFLOW__API__SSL_CERT"),
        )),
        settings=noted(shows_configuration=_shows_configuration(process, config)),
    )  # fmt: skip


def _closed(backends: str | Unknown, config: str | None) -> bool | Unknown:
    if isinstance(backends, Unknown):
        return backends
    if not backends and config:
        return Unknown(reason=config)
    return not any(one.strip() in _OPEN_BACKENDS for one in backends.split(","))


def _no_public_role(process: Process) -> bool | Unknown:
    role = text_of(process.env("AIRFLOW__WEBSERVER__AUTH_ROLE_PUBLIC", "AUTH_ROLE_PUBLIC"), default="")
    return role if isinstance(role, Unknown) else role.strip().lower() in ("", "public", "none")


def _shows_configuration(process: Process, config: str | None) -> bool | Unknown:
    shown = text_of(process.env("AIRFLOW__WEBSERVER__EXPOSE_CONFIG", "AIRFLOW__API__EXPOSE_CONFIG"), default="")
    if isinstance(shown, Unknown):
        return shown
    if not shown and config:
        return Unknown(reason=config)
    return shown.strip().lower() in ("true", "1")


def argo_workflows(process: Process) -> Look:
    """In the mode `server` everyone acts with the server's own rights; `client`, the default since 3.0, wants a token.

    See: https://argo-workflows.readthedocs.io/en/latest/argo-server-auth-mode/
    """
    modes = _modes(process)
    by_server = any(one == "server" for one in modes)
    asks: bool | Unknown = not by_server
    unread = next((one for one in modes if isinstance(one, Unknown)), None)
    if unread and not by_server:
        asks = unread
    version = process.version
    if not modes:
        asks = version is None or version >= (3, 0, 0)
    return Look(
        ports=(process.port(process.option("--port", "-p"), default=2746),),
        authenticated=asks,
        tls=switch(process.option("--secure", "-e"), process.env("ARGO_SECURE"), default=True),
        settings=noted(server_mode=negated(asks)),
    )


def _modes(process: Process) -> list[str | Unknown]:
    """The modes, which may be several, each by a flag of its own or in a comma list."""
    flags = process.options("--auth-mode") or [process.env("ARGO_AUTH_MODE")]
    found: list[str | Unknown] = []
    for flag in flags:
        if flag.given is not False:
            found += [Unknown(reason=flag.reason)] if flag.text is None else flag.text.replace(" ", "").split(",")
    return found


def argo_cd(process: Process) -> Look:
    """See: https://argo-cd.readthedocs.io/en/stable/operator-manual/server-commands/argocd-server/"""
    off = switch(process.toggle("--disable-auth"), process.env("ARGOCD_SERVER_DISABLE_AUTH"), default=False)
    plain = switch(process.toggle("--insecure"), process.env("ARGOCD_SERVER_INSECURE"), default=False)
    return Look(
        ports=(process.port(process.option("--port"), default=8080),), authenticated=negated(off), tls=negated(plain)
    )


def prefect(process: Process) -> Look:
    """See: https://docs.prefect.io/v3/advanced/security-settings"""
    local = listens_locally(process.option("--host"), process.env("PREFECT_SERVER_API_HOST"), default=LOOPBACK)
    return Look(
        ports=(process.port(process.option("--port"), process.env("PREFECT_SERVER_API_PORT"), default=4200),),
        authenticated=any_present((process.env("PREFECT_SERVER_API_AUTH_STRING"),)),
        local=local,
    )


def dagster(process: Process) -> Look:
    """Dagster's own web server knows no users. See: https://docs.dagster.io/deployment/oss"""
    local = listens_locally(process.option("--host", "-h"), default=LOOPBACK)
    return Look(
        ports=(process.port(process.option("--port", "-p"), default=3000),),
        authenticated=False,
        local=local,
    )


def kubeflow_pipelines(process: Process) -> Look:
    """It believes the header in which the gateway names the user, whoever sends it; alone it knows no users."""
    page = process.is_image(("*/frontend", "kfp-frontend"))
    return Look(ports=(3000,) if page else (8887, 8888), authenticated=False)


def katib(process: Process) -> Look:
    """Katib's page believes the header in which the gateway names the user, whoever sends it.

    See: https://www.kubeflow.org/docs/components/katib/user-guides/katib-ui/
    """
    return Look(ports=(process.port(process.option("--port"), default=8080),), authenticated=False)


def kubeflow_dashboard(_process: Process) -> Look:
    """It believes the header in which the gateway names the user, whoever sends it."""
    return Look(ports=(8082,), authenticated=False)


def flyte(process: Process) -> Look:
    """See: https://www.union.ai/docs/flyte/deployment/flyte-configuration/"""
    config = process.mounted("/etc/flyte", "/etc/flyte.d")
    return Look(ports=(8088, 8089), authenticated=Unknown(reason=config) if config else False)


SERVERS = (
    Server(
        software="airflow",
        look=airflow,
        images=("apache/airflow", "bitnami/airflow", "airflow"),
        runs="airflow",
        commands=("airflow webserver", "airflow api-server", "airflow standalone"),
    ),
    Server(
        software="argo-workflows",
        look=argo_workflows,
        images=("argoproj/argocli",),
        runs="argo",
        commands=("argo server",),
    ),
    Server(software="argo-cd", look=argo_cd, commands=("argocd-server",)),
    Server(
        software="prefect",
        look=prefect,
        images=("prefecthq/prefect",),
        commands=("prefect server start", "prefect orion start"),
    ),
    Server(
        software="dagster",
        look=dagster,
        images=("dagster/dagster-*",),
        commands=("dagster-webserver", "dagit", "dagster dev", "-m dagster_webserver"),
    ),
    Server(
        software="kubeflow-pipelines",
        look=kubeflow_pipelines,
        images=("ml-pipeline/api-server", "ml-pipeline/frontend", "kfp-api-server", "kfp-frontend"),
    ),
    Server(
        software="kubeflow-dashboard",
        look=kubeflow_dashboard,
        images=("kubeflow/central-dashboard", "notebooks/central-dashboard", "centraldashboard"),
    ),
    Server(
        software="katib-ui",
        look=katib,
        images=("kubeflowkatib/katib-ui", "katib/katib-ui", "katib-ui"),
        runs="katib-ui",
        commands=("katib-ui",),
    ),
    Server(
        software="flyte",
        look=flyte,
        images=("flyteorg/flyteadmin", "flyteorg/flyte-binary*", "flyteadmin"),
        runs="flyteadmin serve",
        commands=("flyteadmin serve", "flyte start"),
    ),
)
