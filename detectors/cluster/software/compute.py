"""Distributed computing: Ray, Dask, Spark. Whoever reaches their control ports runs code on every machine of theirs."""

from typing import Any

from assay.detectors.answers import all_of, any_of, negated
from assay.detectors.cluster.software.process import ANY, LOOPBACK, Process, listens_locally, setting
from assay.detectors.cluster.software.server import Look, Server
from assay.detectors.cluster.software.setting import ABSENT, Setting, any_present, switch, text_of
from assay.scanner.api import Unknown

RAY_OWNERS = ("RayCluster", "RayJob", "RayService")
_FIRST_TOKENS = (2, 52, 0)


def ray(process: Process) -> Look:
    """Ray asks for a token from 2.52 on if it is told to, and KubeRay tells it by `authOptions`.

    See: https://docs.ray.io/en/latest/ray-security/token-auth.html
    """
    owned = process.controller in RAY_OWNERS
    # KubeRay makes the command from the head's parameters, and opens the dashboard to all addresses.
    ports = (
        process.port(process.option("--port"), _started(process, "port"), default=6379),
        process.port(process.option("--dashboard-port"), _started(process, "dashboard-port"), default=8265),
        process.port(
            process.option("--ray-client-server-port"), _started(process, "ray-client-server-port"), default=10001
        ),
    )
    local = listens_locally(
        process.option("--dashboard-host"),
        _started(process, "dashboard-host"),
        default=ANY if owned else LOOPBACK,
    )
    # GCS and the client server listen on the node's address whatever the dashboard does.
    dashboard = negated(local)
    return Look(
        ports=tuple(port for port, open_ in zip(ports, (True, dashboard, True), strict=True) if open_ is not False),
        authenticated=_ray_token(process),
        tls=switch(process.env("RAY_USE_TLS"), default=False),
    )


def ray_serve(process: Process) -> Look:
    """The proxies of Ray Serve, one on each machine, ask nobody, and tokens of the cluster don't guard them.

    See: https://docs.ray.io/en/latest/serve/production-guide/kubernetes.html
    """
    declared = [one.container_port for one in process.container.ports or () if one.name == "serve"]
    return Look(ports=tuple(one for one in declared if isinstance(one, int)) or (8000,), authenticated=False)


def _ray_token(process: Process) -> bool | Unknown:
    mode = text_of(process.env("RAY_AUTH_MODE"), default="disabled")
    if isinstance(mode, Unknown):
        return mode
    asks: bool | Unknown = mode.strip().lower() == "token" or _kuberay_token(process)
    # An older Ray ignores the variable. See: https://github.com/ray-project/ray/pull/58819
    older = process.version is not None and process.is_image(("rayproject/*",)) and process.version < _FIRST_TOKENS
    return False if older else asks


def _kuberay_token(process: Process) -> bool | Unknown:
    """Whether the operator is told to set the variable, which it has done in pods that run.

    See: https://docs.ray.io/en/latest/cluster/kubernetes/user-guides/kuberay-auth.html
    """
    cluster = _cluster(process)
    if process.controller not in RAY_OWNERS or process.container.command:
        return False
    if not hasattr(cluster, "auth_options"):
        return Unknown(reason="whether authOptions of the Ray cluster asks for a token is not read")
    return getattr(cluster.auth_options, "mode", None) == "token"


def _started(process: Process, name: str) -> Setting:
    """What the owner says of the flags with which the operator starts the head."""
    group = getattr(_cluster(process), "head_group_spec", None)
    given = (getattr(group, "ray_start_params", None) or {}).get(name)
    return ABSENT if given is None else setting(str(given))


def _cluster(process: Process) -> Any:
    """The specification of the cluster, which jobs and services hold inside theirs."""
    spec = getattr(process.owner, "spec", None)
    inner = getattr(spec, "ray_cluster_spec", None) or getattr(spec, "ray_cluster_config", None)
    return inner or spec


def dask(process: Process) -> Look:
    """Dask knows no passwords; with TLS it wants a certificate of its own authority from everyone but visitors of its
    pages.

    See: https://distributed.dask.org/en/stable/tls.html
    """
    certificates = all_of(
        any_present((process.option(f"--tls-{part}"), process.env(f"DASK_DISTRIBUTED__COMM__TLS__{variable}")))
        for part, variable in (("ca-file", "CA_FILE"), ("cert", "SCHEDULER__CERT"))
    )
    pages = process.option("--dashboard-address")
    no_pages = any_of(
        (
            switch(process.toggle("--no-dashboard"), default=False),
            listens_locally(pages, default=":8787"),
        )
    )
    ports = (process.port(process.option("--port"), default=8786), process.port(pages, default=8787))
    return Look(
        ports=ports[:1] if no_pages is True else ports,
        # The pages are plain HTTP for everyone, certificates or not.
        authenticated=all_of((certificates, no_pages)),
        tls=all_of((certificates, no_pages)),
    )


def spark(process: Process) -> Look:
    """The driver's or the history server's page; who may look is decided by filters in Spark's configuration."""
    reason = "whether Spark's pages ask for a login stands in its configuration"
    mounted = process.mounted("/opt/spark/conf", "/etc/spark/conf")
    return Look(
        ports=(4040,) if process.controller == "SparkApplication" else (18080,),
        authenticated=Unknown(reason=reason) if mounted or process.controller == "SparkApplication" else False,
    )


SERVERS = (
    Server(
        software="ray",
        look=ray,
        commands=("ray start --head",),
        images=("rayproject/ray", "rayproject/ray-ml", "rayproject/ray-llm"),
        controllers=RAY_OWNERS,
        roles=("head",),
    ),
    Server(software="ray-serve", look=ray_serve, controllers=("RayService",), beside=True),
    Server(
        software="dask",
        look=dask,
        images=("daskdev/dask", "dask/dask"),
        commands=("dask scheduler", "dask-scheduler", "-m distributed.cli.dask_scheduler"),
        controllers=("DaskCluster",),
        roles=("scheduler",),
    ),
    Server(
        software="spark",
        look=spark,
        commands=("start-history-server.sh", "spark-class org.apache.spark.deploy.history.HistoryServer"),
        controllers=("SparkApplication",),
        roles=("driver",),
    ),
)
