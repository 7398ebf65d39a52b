"""Pages on which flows of models, tools and code are put together: whoever may edit a flow runs code."""

from assay.detectors.answers import all_of
from assay.detectors.cluster.software.process import ANY, Process, is_local, listens_locally
from assay.detectors.cluster.software.server import Look, Server, noted
from assay.detectors.cluster.software.setting import any_present, switch
from assay.scanner.api import Unknown

_ACCOUNTS_OF_FLOWISE = (3, 0, 1)
_KEYS_OF_LANGFLOW = (1, 5, 0)


def langflow(process: Process) -> Look:
    """With automatic login everyone is its superuser; its newest images turn that off.

    See: https://docs.langflow.org/api-keys-and-authentication
    """
    image = process.is_image(("langflowai/*",))
    local = listens_locally(
        process.option("--host"), process.env("LANGFLOW_HOST"), default=ANY if image else "localhost"
    )
    version = process.version
    old = version is not None and version < _KEYS_OF_LANGFLOW
    untold = Unknown(reason="whether Langflow logs everyone in by itself depends on its version")
    by_itself = switch(process.env("LANGFLOW_AUTO_LOGIN"), default=True if old else untold)
    return Look(
        ports=(process.port(process.option("--port"), process.env("LANGFLOW_PORT"), default=7860),),
        authenticated=by_itself if isinstance(by_itself, Unknown) else not by_itself,
        tls=any_present((process.option("--ssl-cert-file-path"), process.env("LANGFLOW_SSL_CERT_FILE"))),
        local=local,
        settings=noted(open_signup=switch(process.env("LANGFLOW_NEW_USER_IS_ACTIVE"), default=False)),
    )


def flowise(process: Process) -> Look:
    """Accounts are asked for from 3.0.1 on; before that, a name and a password where both are set.

    See: https://docs.flowiseai.com/configuration/authorization/app-level
    """
    version = process.version
    given = all_of(
        any_present((process.env(name), process.option(f"--{name}")))
        for name in ("FLOWISE_USERNAME", "FLOWISE_PASSWORD")
    )
    asks: bool | Unknown = given
    if version is not None and version >= _ACCOUNTS_OF_FLOWISE:
        asks = True
    elif version is None and given is False:
        asks = Unknown(reason="Flowise asks for a login from 3.0.1 on, and the image's tag gives no version")
    return Look(ports=(process.port(process.env("PORT"), process.option("--PORT"), default=3000),), authenticated=asks)


def comfyui(process: Process) -> Look:
    """ComfyUI asks nobody, and its nodes are code. It listens on the loopback address unless told otherwise.

    See: https://docs.comfy.org/
    """
    listen = process.option("--listen")
    started = any(word.endswith("main.py") for word in process.words())
    untold = Unknown(reason="the image decides on which address ComfyUI listens")
    local: bool | Unknown = True if started else untold
    if listen.given is True:
        # The flag alone stands for all addresses.
        local = Unknown(reason=listen.reason) if listen.text is None else is_local(listen.text)
    guarded = process.is_image(("ai-dock/*",))
    return Look(
        ports=(process.port(process.option("--port"), default=8188),),
        # This image puts a page of its own before it, unless told not to.
        authenticated=switch(process.env("WEB_ENABLE_AUTH"), default=True) if guarded else False,
        tls=any_present((process.option("--tls-certfile"),)),
        local=local,
    )


SERVERS = (
    Server(
        software="langflow",
        look=langflow,
        images=("langflowai/langflow", "langflowai/langflow-*", "langflow"),
        runs="langflow run",
        commands=("langflow run", "-m langflow run"),
    ),
    Server(
        software="flowise",
        look=flowise,
        images=("flowiseai/flowise", "flowise"),
        runs="flowise start",
        commands=("flowise start",),
    ),
    Server(
        software="comfyui", look=comfyui, images=("*comfyui*",), commands=("python main.py",), generic=True, bare=True
    ),
)
