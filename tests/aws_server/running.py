"""Starts moto and the proxy, and says how to reach them."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from tests.aws_server import governance
from tests.aws_server.proxy import Proxy

ENDPOINT = "http://localhost"
ACCOUNT = "123456789012"
LACKING = {
    "ListFeatureGroups": '{"FeatureGroupSummaries": []}',
    "GET /2015-02-01/file-systems/replication-configurations": '{"Replications": []}',
    "GET /guardrails": '{"guardrails": []}',
    **governance.LACKING,
}
"""What moto does not have, with the shape of an answer."""
_ONE_AT_A_TIME = threading.Lock()


class Aws(Struct, frozen=True):
    """A cloud that runs."""

    proxy: Proxy
    environment: Mapping[str, str]
    """For whoever calls it."""

    def client(self, service: str, region: str = "eu-west-1") -> Any:
        """A client that fills it, past the proxy's log and faults."""
        return self._client(service, region, "test", "test")

    def client_in(self, account: str, region: str) -> Callable[[str], Any]:
        """Such clients in another account."""
        role = f"arn:aws:iam::{account}:role/filler"
        got = self.client("sts").assume_role(RoleArn=role, RoleSessionName="filler")["Credentials"]
        keys = got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]
        return lambda service: self._client(service, region, *keys)

    def _client(self, service: str, region: str, key_id: str, secret: str, token: str | None = None) -> Any:
        import boto3
        from botocore.config import Config

        # S3 Control puts the account's id before the host, which no name server knows, but the proxy does.
        prefixed = service == "s3control"
        config = Config(proxies={"http": self.proxy.url}) if prefixed else None
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=ENDPOINT if prefixed else self.environment["ASSAY_TEST_MOTO"],
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=config,
        )


@contextmanager
def running() -> Iterator[Aws]:
    """A cloud without anything in it. moto keeps its state in this process, so there is one at a time."""
    from moto.moto_api._internal import moto_api_backend
    from moto.server import ThreadedMotoServer

    os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with _ONE_AT_A_TIME:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        moto_api_backend.reset()
        _, port = server.get_host_and_port()
        proxy = Proxy(port)
        try:
            for operation, body in LACKING.items():
                proxy.answer(operation, body)
            yield Aws(
                proxy,
                {
                    "AWS_ENDPOINT_URL": ENDPOINT,
                    "HTTP_PROXY": proxy.url,
                    "NO_PROXY": "",
                    "AWS_ACCESS_KEY_ID": "test",
                    "AWS_SECRET_ACCESS_KEY": "test",
                    "AWS_DEFAULT_REGION": "eu-west-1",
                    "AWS_EC2_METADATA_DISABLED": "true",
                    "ASSAY_TEST_MOTO": f"http://127.0.0.1:{port}",
                },
            )
        finally:
            proxy.stop()
            server.stop()
