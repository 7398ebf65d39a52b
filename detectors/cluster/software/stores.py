"""Stores of objects and of features."""

from assay.detectors.answers import all_of, any_of, negated
from assay.detectors.cluster.software.process import ANY, LOOPBACK, Process, listens_locally
from assay.detectors.cluster.software.server import Look, Server, noted
from assay.detectors.cluster.software.setting import any_present, switch, text_of
from assay.scanner.api import Unknown

_DEFAULT_PASSWORDS = frozenset({"", "minioadmin", "minio", "minio123", "password"})
_MINIO_CERTIFICATES = ("/root/.minio/certs", "/etc/minio/certs", "/certs")


def minio(process: Process) -> Look:
    """MinIO's administrator is minioadmin with the password minioadmin where neither is set.

    See: https://github.com/minio/minio/blob/master/docs/config/README.md
    """
    config = process.mounted("/tmp/minio/config.env", "/etc/config.env")  # noqa: S108  # where the operator mounts it
    password = process.env("MINIO_ROOT_PASSWORD", "MINIO_ROOT_PASSWORD_FILE", "MINIO_SECRET_KEY")
    if password.given is None:
        weak: bool | Unknown = Unknown(reason=password.reason)
    elif password.given:
        weak = password.text is not None and password.text.lower() in _DEFAULT_PASSWORDS
    elif config or process.env("MINIO_CONFIG_ENV_FILE").given is not False:
        weak = Unknown(reason=config or "the file that MINIO_CONFIG_ENV_FILE names may set a password")
    else:
        weak = True
    console = process.option("--console-address")
    return Look(
        ports=(
            process.port(process.option("--address"), process.env("MINIO_ADDRESS"), default=9000),
            *(() if console.given is False else (process.port(console, default=9001),)),
        ),
        authenticated=True,
        tls=any_of((any_present((process.option("--certs-dir", "-S"),)), process.secured(_MINIO_CERTIFICATES))),
        settings=noted(default_password=weak),
    )


def feast(process: Process) -> Look:
    """See: https://docs.feast.dev/reference/feature-servers"""
    config = process.mounted("/feature_repo", "/opt/app-root/src/feature_repo", "/feature_store.yaml")
    variable = process.env("FEATURE_STORE_YAML_BASE64", "FEAST_FS_YAML_FILE_PATH").given is not False
    unread = Unknown(reason="feature_store.yaml decides whether Feast asks who calls")
    local = listens_locally(
        process.option("--host", "-h"), default=ANY if process.is_image(("feature-server",)) else LOOPBACK
    )
    return Look(
        ports=(process.port(process.option("--port", "-p"), default=6566),),
        authenticated=unread if config or variable else False,
        tls=any_present((process.option("--cert", "-c"),)),
        local=local,
    )


def redis(process: Process) -> Look:
    """The official image turns Redis' protected mode off, so that without a password everyone is let in.

    See: https://redis.io/docs/latest/operate/oss_and_stack/management/security/
    """
    config = process.mounted("/usr/local/etc/redis", "/etc/redis", "/redis-stack.conf", "/opt/bitnami/redis/etc")
    more = process.env("REDIS_ARGS")
    held = process.within(more).option("--requirepass") if more.given is not False else more
    password = any_present((
        process.option("--requirepass"), process.option("--aclfile"), held,
        process.env("REDIS_PASSWORD", "REDIS_PASSWORD_FILE", "VALKEY_PASSWORD", "VALKEY_PASSWORD_FILE"),
    ))  # fmt: skip
    bitnami = process.is_image(("bitnami/*", "bitnamilegacy/*"))
    variables = process.env("REDIS_PASSWORD", "REDIS_PASSWORD_FILE", "VALKEY_PASSWORD", "VALKEY_PASSWORD_FILE")
    if not bitnami and password is True and process.option("--requirepass").given is False and held.given is False:
        # Only Bitnami's start script looks at these variables.
        password = variables.given is False
    local = listens_locally(process.option("--bind"), default=ANY)
    protected = switch(process.option("--protected-mode"), default=False)
    tls_port = text_of(process.option("--tls-port"), default="0")
    named = any(not word.startswith("-") and word.endswith(".conf") for word in process.words())
    unread = Unknown(reason=config or "the configuration file that it is started with may set a password")
    return Look(
        ports=(process.port(process.option("--port"), process.env("REDIS_PORT_NUMBER"), default=6379),),
        authenticated=unread if password is False and (config or named) else password,
        tls=tls_port if isinstance(tls_port, Unknown) else _encrypted(process, tls_port),
        # In protected mode Redis refuses callers from outside as long as it has no password.
        local=any_of((local, all_of((protected, negated(password))))),
    )


def _encrypted(process: Process, tls_port: str) -> bool | Unknown:
    """TLS alone: a second port without it would be one too many."""
    plain = text_of(process.option("--port"), default="6379")
    by_image = switch(process.env("REDIS_TLS_ENABLED", "VALKEY_TLS_ENABLED"), default=False)
    if isinstance(plain, Unknown):
        return plain
    return any_of((tls_port != "0" and plain in ("0", tls_port), by_image))


SERVERS = (
    Server(
        software="minio", look=minio, images=("minio/minio", "bitnami/minio", "minio"), runs="minio",
        commands=("minio server", "minio gateway"),
    ),
    Server(
        software="feast", look=feast, images=("feastdev/feature-server", "feature-server"), runs="feast serve",
        commands=("feast serve", "feast serve_offline", "feast serve_registry"), controllers=("FeatureStore",),
    ),
    Server(
        software="redis", look=redis,
        images=(
            "redis", "redis/redis-stack*", "bitnami/redis", "valkey", "valkey/valkey", "bitnami/valkey",
        ),
        runs="redis-server", commands=("redis-server", "valkey-server"),
    ),
)  # fmt: skip
