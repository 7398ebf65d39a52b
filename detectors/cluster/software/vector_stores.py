"""Stores of vectors and search indexes: copies of documents and records, by meaning."""

from assay.detectors.answers import all_of, any_of, negated
from assay.detectors.cluster.software.process import ANY, Process, listens_locally, setting
from assay.detectors.cluster.software.server import Look, Server, noted
from assay.detectors.cluster.software.setting import ABSENT, Setting, any_present, switch, text_of
from assay.scanner.api import Unknown

_SECURE_ELASTIC = (8, 0, 0)


def qdrant(process: Process) -> Look:
    """See: https://qdrant.tech/documentation/guides/security/"""
    config = process.mounted("/qdrant/config")
    if process.option("--config-path").given is not False:
        config = "the file that --config-path names may say otherwise"
    unread = Unknown(reason=config) if config else False
    local = listens_locally(process.env("QDRANT__SERVICE__HOST"), default=ANY)
    key = any_present((process.env("QDRANT__SERVICE__API_KEY"),))
    return Look(
        ports=(
            process.port(process.env("QDRANT__SERVICE__HTTP_PORT"), default=6333),
            process.port(process.env("QDRANT__SERVICE__GRPC_PORT"), default=6334),
        ),
        authenticated=unread if key is False else key,
        tls=switch(process.env("QDRANT__SERVICE__ENABLE_TLS"), default=unread),
        local=local,
    )


def weaviate(process: Process) -> Look:
    """Callers without a name are let in unless that is turned off, or another way to log in is turned on.

    See: https://docs.weaviate.io/deploy/configuration/authentication
    """
    process = process.opened(process.option("--config-file"), "the file that --config-file names may say otherwise")
    ways = any_of(
        switch(process.env(f"AUTHENTICATION_{way}_ENABLED"), default=False) for way in ("APIKEY", "OIDC", "DB_USERS")
    )
    anonymous = switch(
        process.env("AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED"),
        default=Unknown(reason=process.open) if process.open else negated(ways),
    )
    return Look(
        ports=(process.port(process.option("--port"), default=8080), 50051),
        authenticated=negated(anonymous),
        tls=_is_https(text_of(process.option("--scheme"), default="http")),
    )


def _is_https(scheme: str | Unknown) -> bool | Unknown:
    return scheme if isinstance(scheme, Unknown) else scheme == "https"


def milvus(process: Process) -> Look:
    """See: https://milvus.io/docs/authenticate.md and https://milvus.io/docs/tls.md"""
    config = process.mounted("/milvus/configs")
    unread = Unknown(reason=config) if config else False
    mode = text_of(process.env("COMMON_SECURITY_TLSMODE"), default="")
    encrypted = mode if isinstance(mode, Unknown) else (mode in ("1", "2") if mode else unread)
    asks = switch(process.env("COMMON_SECURITY_AUTHORIZATIONENABLED"), default=unread)
    password = process.env("COMMON_SECURITY_DEFAULTROOTPASSWORD")
    # The user root has the password Milvus where none is set.
    weak = (unread or True) if password.given is False else password.text == "Milvus"
    return Look(
        # Health and metrics on 9091 ask nobody, login or not, so that they aren't counted to it.
        ports=(process.port(process.env("PROXY_PORT"), default=19530),),
        authenticated=asks,
        tls=encrypted,
        settings=noted(default_password=all_of((asks, weak))),
    )


def chroma(process: Process) -> Look:
    """Chroma had a login until 0.6; from 1.0 on it leaves that to a proxy, and ignores the variables.

    See: https://docs.trychroma.com/docs/overview/migration
    """
    version = process.version
    provider = any_present((process.env("CHROMA_SERVER_AUTHN_PROVIDER", "CHROMA_SERVER_AUTH_PROVIDER"),))
    asks: bool | Unknown = provider
    if provider is True and version is None:
        asks = Unknown(reason="Chroma has no login from 1.0 on, and the image's tag gives no version")
    elif provider is not False and version is not None and version >= (1, 0, 0):
        asks = False
    image = process.is_image(("chroma-core/chroma", "chromadb/chroma"))
    local = listens_locally(
        process.option("--host"), process.env("CHROMA_HOST_ADDR"), default=ANY if image else "localhost"
    )
    return Look(
        ports=(process.port(process.option("--port"), process.env("CHROMA_HOST_PORT"), default=8000),),
        authenticated=asks,
        tls=any_present((process.option("--ssl-certfile"),)),
        local=local,
    )


def opensearch(process: Process) -> Look:
    """See: https://docs.opensearch.org/latest/security/configuration/disable-enable-security/"""
    config = process.mounted("/usr/share/opensearch/config/opensearch.yml")
    off = switch(
        _given(process, "plugins.security.disabled"),
        process.env("DISABLE_SECURITY_PLUGIN"),
        process.env("plugins.security.disabled"),
        default=Unknown(reason=config) if config else False,
    )
    password = process.env("OPENSEARCH_INITIAL_ADMIN_PASSWORD")
    return Look(
        ports=(process.port(process.env("http.port"), default=9200), 9300),
        authenticated=negated(off),
        tls=negated(off),
        settings=noted(default_password=password.text is not None and password.text.lower() == "admin"),
    )


def elasticsearch(process: Process) -> Look:
    """Security is on from 8.0 on unless turned off.

    See: https://www.elastic.co/docs/deploy-manage/security/self-auto-setup
    """
    config = process.mounted("/usr/share/elasticsearch/config/elasticsearch.yml")
    version = process.version
    default: bool | Unknown = Unknown(reason="security is on from 8.0 on, and the image's tag gives no version")
    if version is not None:
        default = version >= _SECURE_ELASTIC
    names = ("xpack.security.enabled", "XPACK_SECURITY_ENABLED", "ES_SETTING_XPACK_SECURITY_ENABLED")
    on = switch(
        _given(process, "xpack.security.enabled"),
        process.env(*names),
        default=Unknown(reason=config) if config else default,
    )
    encrypted = switch(process.env("xpack.security.http.ssl.enabled"), default=on)
    return Look(
        ports=(process.port(process.env("http.port"), default=9200), 9300),
        authenticated=on,
        tls=encrypted if on is not False else False,
    )


def _given(process: Process, name: str) -> Setting:
    """A setting among the arguments, as `-Ename=value` or `-E name=value`."""
    for word in reversed(process.words()):
        key, equals, value = word.removeprefix("-E").partition("=")
        if equals and key == name:
            return setting(value)
    return ABSENT


def vespa(process: Process) -> Look:
    """Vespa asks nobody; with TLS of its own its parts want certificates, and its applications decide for callers.

    See: https://docs.vespa.ai/en/security/mtls.html
    """
    certified = process.env("VESPA_TLS_CONFIG_FILE").given is not False
    unread = Unknown(reason="the application decides whether it asks its callers for certificates")
    return Look(ports=(8080, 19071), authenticated=unread if certified else False, tls=unread if certified else False)


def neo4j(process: Process) -> Look:
    """Neo4j asks for a password, whose first one whoever logs in first sets where none is given.

    See: https://neo4j.com/docs/operations-manual/current/docker/introduction/
    """
    config = process.mounted("/conf/neo4j.conf", "/var/lib/neo4j/conf/neo4j.conf", "/config/neo4j.conf")
    unread = Unknown(reason=config) if config else None
    login = text_of(process.env("NEO4J_AUTH"), default="")
    on = switch(
        process.env("NEO4J_dbms_security_auth__enabled", "NEO4J_dbms_security_authEnabled"), default=unread or True
    )
    level = text_of(
        process.env("NEO4J_server_bolt_tls__level", "NEO4J_dbms_connector_bolt_tls__level"), default="DISABLED"
    )
    plain = switch(process.env("NEO4J_server_http_enabled", "NEO4J_dbms_connector_http_enabled"), default=True)
    required = level if isinstance(level, Unknown) else level.strip().upper() == "REQUIRED"
    return Look(
        ports=(7474, 7687),
        authenticated=all_of((on, login if isinstance(login, Unknown) else login.strip().lower() != "none")),
        tls=all_of((required, negated(plain))),
    )


def pgvector(process: Process) -> Look:
    """See: https://github.com/docker-library/docs/blob/master/postgres/README.md"""
    method = text_of(process.env("POSTGRES_HOST_AUTH_METHOD"), default="scram-sha-256")
    on = any(word.replace(" ", "") == "ssl=on" for word in process.words())
    return Look(
        ports=(process.port(process.env("PGPORT"), default=5432),),
        authenticated=method if isinstance(method, Unknown) else method.strip().lower() != "trust",
        tls=on,
    )


SERVERS = (
    Server(
        software="qdrant", look=qdrant, images=("qdrant/qdrant",), runs="qdrant", commands=("qdrant", "entrypoint.sh"),
        controllers=("QdrantCluster",),
    ),
    Server(
        software="weaviate", look=weaviate, images=("semitechnologies/weaviate", "weaviate/weaviate"), runs="weaviate",
        commands=("weaviate",), controllers=("WeaviateCluster",),
    ),
    Server(
        software="milvus", look=milvus, images=("milvusdb/milvus", "zilliz/milvus"), runs="milvus run standalone",
        commands=("milvus run standalone", "milvus run proxy", "milvus run"), controllers=("Milvus",),
    ),
    Server(
        software="chroma", look=chroma, images=("chroma-core/chroma", "chromadb/chroma"), runs="chroma run",
        commands=("chroma run", "uvicorn chromadb.app:app"),
    ),
    Server(
        software="opensearch", look=opensearch, images=("opensearchproject/opensearch", "bitnami/opensearch"),
        runs="opensearch",
    ),
    Server(
        software="elasticsearch", look=elasticsearch,
        images=("elasticsearch/elasticsearch", "bitnami/elasticsearch", "elasticsearch"), runs="elasticsearch",
    ),
    Server(software="vespa", look=vespa, images=("vespaengine/vespa", "vespa-engine/vespa")),
    Server(software="neo4j", look=neo4j, images=("neo4j", "neo4j/neo4j", "bitnami/neo4j"), runs="neo4j console",
           commands=("neo4j console", "neo4j")),
    Server(
        software="pgvector", look=pgvector, images=("pgvector/pgvector", "ankane/pgvector"), runs="postgres",
        commands=("postgres",),
    ),
)  # fmt: skip
