"""Servers of language models, and what stands before them."""

from collections.abc import Sequence

from assay.detectors.answers import all_of, negated
from assay.detectors.cluster.software.process import ANY, LOOPBACK, Process, is_local, listens_locally
from assay.detectors.cluster.software.server import Look, Server, noted
from assay.detectors.cluster.software.setting import ABSENT, any_present, first, switch, text_of
from assay.scanner.api import Unknown


def vllm(process: Process) -> Look:
    """The key is asked for on some paths only, which the rules about it say.

    See: https://docs.vllm.ai/en/stable/usage/security/
    """
    process = process.opened(process.option("--config"), "the file that --config names may say otherwise")
    local = listens_locally(process.option("--host"), default=ANY)
    return Look(
        ports=(process.port(process.option("--port"), default=8000),),
        authenticated=_key(process, ("--api-key",), ("VLLM_API_KEY",)),
        tls=any_present((process.option("--ssl-certfile"),)),
        local=local,
        settings=noted(
            remote_code=_remote_code(process),
            development=switch(process.env("VLLM_SERVER_DEV_MODE"), default=False),
            runtime_adapters=switch(process.env("VLLM_ALLOW_RUNTIME_LORA_UPDATING"), default=False),
            local_files=any_present((process.option("--allowed-local-media-path"),)),
        ),
    )


def sglang(process: Process) -> Look:
    """See: https://docs.sglang.ai/advanced_features/server_arguments.html"""
    process = process.opened(process.option("--config"), "the file that --config names may say otherwise")
    local = listens_locally(process.option("--host"), default=LOOPBACK)
    return Look(
        ports=(process.port(process.option("--port"), default=30000),),
        authenticated=_key(process, ("--api-key",), ()),
        tls=any_present((process.option("--ssl-certfile"),)),
        local=local,
        settings=noted(remote_code=_remote_code(process)),
    )


def tgi(process: Process) -> Look:
    """Hugging Face's servers of texts and embeddings. See: https://huggingface.co/docs/text-generation-inference"""
    image = process.is_image(("text-generation-inference", "text-embeddings-inference"))
    local = listens_locally(process.option("--hostname"), default=ANY)
    return Look(
        ports=(process.port(process.option("--port", "-p"), process.env("PORT"), default=80 if image else 3000),),
        authenticated=_key(process, ("--api-key",), ("API_KEY",)),
        local=local,
        settings=noted(remote_code=_remote_code(process)),
    )


def ollama(process: Process) -> Look:
    """Ollama asks nobody, not even who deletes and pulls its models. See: https://docs.ollama.com/faq"""
    address = process.env("OLLAMA_HOST")
    image = process.is_image(("ollama/ollama", "ollama"))
    numbered = address if address.text is None or ":" in address.text.rpartition("]")[2] else ABSENT
    return Look(
        ports=(process.port(numbered, default=11434),),
        authenticated=False,
        local=listens_locally(address, default=ANY if image else LOOPBACK),
    )


def llama_cpp(process: Process) -> Look:
    """See: https://github.com/ggml-org/llama.cpp/tree/master/tools/server"""
    image = process.is_image(("llama.cpp",))
    local = listens_locally(process.option("--host"), process.env("LLAMA_ARG_HOST"), default=ANY if image else LOOPBACK)
    return Look(
        ports=(process.port(process.option("--port"), process.env("LLAMA_ARG_PORT"), default=8080),),
        authenticated=_key(process, ("--api-key", "--api-key-file"), ("LLAMA_API_KEY", "LLAMA_ARG_API_KEY")),
        tls=any_present((process.option("--ssl-cert-file"), process.env("LLAMA_ARG_SSL_CERT_FILE"))),
        local=local,
    )


def nim(process: Process) -> Look:
    """NVIDIA's packaged models. See: https://docs.nvidia.com/nim/"""
    return Look(
        ports=(process.port(process.env("NIM_SERVER_PORT", "NIM_HTTP_API_PORT"), default=8000),),
        authenticated=False,
        tls=any_present((process.env("NIM_SSL_CERT_PATH"),)),
        settings=noted(remote_code=switch(process.env("NIM_FORCE_TRUST_REMOTE_CODE"), default=False)),
    )


def local_ai(process: Process) -> Look:
    """See: https://localai.io/features/authentication/"""
    address = first((process.option("--address"), process.env("LOCALAI_ADDRESS", "ADDRESS")))
    local = listens_locally(address, default=ANY)
    return Look(
        ports=(process.port(address, default=8080),),
        authenticated=_key(process, ("--api-keys",), ("LOCALAI_API_KEY", "API_KEY")),
        local=local,
    )


def xinference(process: Process) -> Look:
    """Users and their keys stand in a file that is named as it starts.

    See: https://inference.readthedocs.io/en/latest/user_guide/auth_system.html
    """
    image = process.is_image(("xprobe/xinference",))
    local = listens_locally(process.option("--host", "-H"), default=ANY if image and not process.words() else LOOPBACK)
    return Look(
        ports=(process.port(process.option("--port", "-p"), default=9997),),
        authenticated=any_present((process.option("--auth-config"),)),
        local=local,
    )


def lmdeploy(process: Process) -> Look:
    """See: https://lmdeploy.readthedocs.io/en/latest/llm/api_server.html"""
    local = listens_locally(process.option("--server-name"), default=ANY)
    return Look(
        ports=(process.port(process.option("--server-port"), default=23333),),
        authenticated=_key(process, ("--api-keys",), ()),
        tls=switch(process.toggle("--ssl"), default=False),
        local=local,
        settings=noted(remote_code=_remote_code(process)),
    )


def tensorrt_llm(process: Process) -> Look:
    """It knows no keys. See: https://nvidia.github.io/TensorRT-LLM/commands/trtllm-serve.html"""
    local = listens_locally(process.option("--host"), default="localhost")
    return Look(
        ports=(process.port(process.option("--port"), default=8000),),
        authenticated=False,
        local=local,
        settings=noted(remote_code=switch(process.toggle("--trust_remote_code"), default=False)),
    )


def dynamo(process: Process) -> Look:
    """Dynamo's frontend knows no keys. See: https://docs.nvidia.com/dynamo/"""
    local = listens_locally(process.option("--http-host"), process.env("DYN_HTTP_HOST"), default=ANY)
    return Look(
        ports=(process.port(process.option("--http-port"), process.env("DYN_HTTP_PORT"), default=8000),),
        authenticated=False,
        tls=any_present((process.option("--tls-cert-path"), process.env("DYN_TLS_CERT_PATH"))),
        local=local,
    )


def litellm(process: Process) -> Look:
    """See: https://docs.litellm.ai/docs/proxy/virtual_keys"""
    config = process.option("--config", "-c").given is not False or process.env("CONFIG_FILE_PATH").given is not False
    unread = "the proxy's configuration file may hold a master key" if config else None
    return Look(
        ports=(process.port(process.option("--port"), process.env("PORT"), default=4000),),
        authenticated=_key(process, (), ("LITELLM_MASTER_KEY",), unread),
        tls=any_present((process.option("--ssl_certfile_path"), process.env("SSL_CERTFILE_PATH"))),
    )


def open_webui(process: Process) -> Look:
    """See: https://docs.openwebui.com/getting-started/env-configuration"""
    role = text_of(process.env("DEFAULT_USER_ROLE"), default="pending")
    proxied = any_present((process.env("WEBUI_AUTH_TRUSTED_EMAIL_HEADER"),))
    accounts = switch(process.env("WEBUI_AUTH"), default=True)
    admitted = role if isinstance(role, Unknown) else role.strip().lower() in ("user", "admin")
    return Look(
        ports=(process.port(process.env("PORT"), default=8080),),
        # A header that it trusts is believed from whoever sends it.
        authenticated=False if proxied is True else accounts,
        settings=noted(open_signup=all_of((switch(process.env("ENABLE_SIGNUP"), default=True), admitted))),
    )


def gradio(process: Process) -> Look:
    """Who may come in is written in the program. See: https://www.gradio.app/guides/environment-variables"""
    host = text_of(process.env("GRADIO_SERVER_NAME"), process.option("--server-name"), default="")
    decided = Unknown(reason="the program decides on which address Gradio listens")
    shared = switch(process.env("GRADIO_SHARE"), process.toggle("--share"), default=False)
    return Look(
        ports=(process.port(process.env("GRADIO_SERVER_PORT"), process.option("--server-port"), default=7860),),
        authenticated=Unknown(reason="the program decides whether Gradio asks for a login"),
        local=host if isinstance(host, Unknown) else (is_local(host) if host else decided),
        settings=noted(public_link=shared),
    )


def streamlit(process: Process) -> Look:
    """Who may come in is written in the program. See: https://docs.streamlit.io/develop/concepts/connections/authentication"""
    local = listens_locally(process.option("--server.address"), process.env("STREAMLIT_SERVER_ADDRESS"), default=ANY)
    port = process.option("--server.port")
    checks = switch(
        process.option("--server.enableXsrfProtection"),
        process.env("STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION"),
        default=True,
    )
    return Look(
        ports=(process.port(port, process.env("STREAMLIT_SERVER_PORT"), default=8501),),
        authenticated=Unknown(reason="the program decides whether Streamlit asks for a login"),
        tls=any_present((process.option("--server.sslCertFile"), process.env("STREAMLIT_SERVER_SSL_CERT_FILE"))),
        local=local,
        settings=noted(request_check_off=negated(checks)),
    )


def _key(process: Process, flags: Sequence[str], variables: Sequence[str], config: str | None = None) -> bool | Unknown:
    """Whether a key is set, by a flag or a variable."""
    given = [process.option(flag) for flag in flags] + [process.env(name) for name in variables]
    found = any_present(given)
    return Unknown(reason=config) if found is False and config else found


def _remote_code(process: Process) -> bool | Unknown:
    """Whether code that comes with a model is run, other than that of a revision that is pinned by its hash."""
    trusted = switch(process.toggle("--trust-remote-code"), process.env("TRUST_REMOTE_CODE"), default=False)
    return all_of((trusted, negated(_pinned(process))))


def _pinned(process: Process) -> bool | Unknown:
    revision = text_of(
        process.option("--code-revision"), process.option("--revision"), process.env("REVISION"), default=""
    )
    if isinstance(revision, Unknown):
        return revision
    return len(revision) == 40 and all(letter in "0123456789abcdef" for letter in revision.lower())


SERVERS = (
    Server(
        software="vllm",
        look=vllm,
        images=("vllm-openai*", "vllm/vllm*", "rhaiis/vllm*"),
        runs="vllm serve",
        commands=(
            "vllm serve", "-m vllm.entrypoints.openai.api_server", "-m vllm.entrypoints.api_server",
            "-m vllm.entrypoints.cli.main serve",
        ),
    ),
    Server(
        software="sglang", look=sglang, images=("lmsysorg/sglang",),
        commands=("-m sglang.launch_server", "sglang serve"),
    ),
    Server(
        software="tgi", look=tgi, images=("text-generation-inference",), runs="text-generation-launcher",
        commands=("text-generation-launcher", "text-generation-router"),
    ),
    Server(
        software="tei", look=tgi, images=("text-embeddings-inference",), runs="text-embeddings-router",
        commands=("text-embeddings-router",),
    ),
    Server(
        software="ollama", look=ollama, images=("ollama/ollama",), runs="ollama serve", commands=("ollama serve",)
    ),
    Server(
        software="llama.cpp", look=llama_cpp, images=("ggml-org/llama.cpp", "ggerganov/llama.cpp"),
        runs="llama-server", commands=("llama-server", "-m llama_cpp.server"),
    ),
    Server(
        software="localai", look=local_ai, images=("localai/localai", "go-skynet/local-ai", "mudler/localai"),
        runs="local-ai", commands=("local-ai", "local-ai run"),
    ),
    Server(
        software="xinference", look=xinference, images=("xprobe/xinference",), runs="xinference-local",
        commands=("xinference-local", "xinference-supervisor"),
    ),
    Server(
        software="lmdeploy", look=lmdeploy,
        commands=("lmdeploy serve api_server", "-m lmdeploy serve api_server"),
    ),
    Server(software="tensorrt-llm", look=tensorrt_llm, commands=("trtllm-serve",)),
    Server(software="dynamo", look=dynamo, commands=("-m dynamo.frontend",)),
    Server(software="nim", look=nim, images=("nim/*/*",)),
    Server(
        software="litellm", look=litellm, images=("berriai/litellm*", "litellm-database"), runs="litellm",
        commands=("litellm",),
    ),
    Server(
        software="open-webui", look=open_webui, images=("open-webui/open-webui", "open-webui"),
        runs="open-webui serve", commands=("open-webui serve",),
    ),
    Server(
        software="gradio", look=gradio, commands=("gradio",),
        variables=("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"),
    ),
    Server(software="streamlit", look=streamlit, commands=("streamlit run", "-m streamlit run")),
)  # fmt: skip
