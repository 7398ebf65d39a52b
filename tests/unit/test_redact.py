"""What the masking of excerpts promises."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.redact import MASK, MAX_LINE, Masker, mask_address, mask_line

SECRET = "hunter2 Zq"
KEYS = st.sampled_from(
    ["password", "DB_PASSWORD", "db-passwd", "clientSecret", "api_key", "apiKey", "AUTH_TOKEN", "private_key",
     "credential", "connection_string", "ConnectionString", "accountKey", "master.password", "aws_secret_access_key"]
)  # fmt: skip
SHAPES = st.sampled_from(
    ['{key} = "{secret}"', "{key}: {secret}", '  "{key}": "{secret}",', "{key}='{secret}'", "export {key}={secret}",
     "ENV {key} {secret}", "- {key}: '{secret}'", "--{key}={secret}", "<{key}>{secret}</{key}>", "{key} := {secret}",
     '{{"a": 1, "{key}": "{secret}"}}', "run --{key} {secret}", '{key} => "{secret}"']
)  # fmt: skip
SECRETS = st.text(alphabet=string.ascii_letters + string.digits + "!@#$%^&*+/=_.,~", min_size=6, max_size=60).filter(
    lambda text: text.lower() not in MASK and not text.lower().startswith(("var.", "local.", "data.", "module."))
)


@given(key=KEYS, shape=SHAPES, secret=SECRETS)
def test_a_secret_assigned_to_a_secret_looking_key_never_survives(key: str, shape: str, secret: str) -> None:
    frame = shape.format(key=key, secret="")
    if secret in frame:
        return
    assert secret not in mask_line(shape.format(key=key, secret=secret))


@given(key=KEYS, secret=SECRETS, padding=st.integers(0, 9000))
def test_no_part_of_a_secret_survives_the_cut_of_a_long_line(key: str, secret: str, padding: int) -> None:
    shown = mask_line("x" * padding + f' {key} = "{secret}"')
    assert len(shown) <= MAX_LINE
    assert secret[:6] not in shown.replace("x" * 6, "").replace(key, "")


@pytest.mark.parametrize(
    "lines",
    [
        ["-----BEGIN RSA PRIVATE KEY-----", SECRET, "-----END RSA PRIVATE KEY-----"],
        ["password: |", f"  {SECRET}", "next: 1"],
        ["password = <<EOF", SECRET, "EOF"],
        ["credentials:", "  user: x", f"  pin: {SECRET}", "other: 1"],
        ["- name: DB_PASSWORD", f"  value: {SECRET}"],
        ['environment { name = "API_TOKEN"', f'  value = "{SECRET}" }}'],
        ['variable "db_password" {', "  type = string", f'  default = "{SECRET}"', "}"],
        ["apiVersion: v1", "kind: Secret", "data:", f"  anything: {SECRET}"],
        ["stringData:", f"  anything: {SECRET}", "kind: Secret"],
        ["DBPassword:", "  Type: String", f"  Default: {SECRET}"],
        ["args:", "  - --password", f"  - {SECRET}"],
        ["args: [", '  "-p",', f'  "{SECRET}"', "]"],
        [f'{{"name": "API_TOKEN", "value": "{SECRET}"}}'],
    ],
)
def test_a_secret_that_only_its_surroundings_give_away_is_masked(lines: list[str]) -> None:
    masker = Masker(lines)
    for start in range(1, len(lines) + 1):
        assert SECRET not in "\n".join(masker.shown(start, len(lines)))


@pytest.mark.parametrize(
    "text",
    [
        "AKIAZ7Q3XKWUNDLPT2MH",
        "ghp_" + "a1B2" * 9,
        "xoxb-123456789012-abcdefghij",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzz91pQkLmA",
        "0123456789abcdef0123456789abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "jane.doe@acme.example",
        "123-45-6789",
        "4111 1111 1111 1111",
        "GB82 WEST 1234 5698 7654 32",
    ],
)
def test_tokens_and_personal_data_are_masked_wherever_they_stand(text: str) -> None:
    assert text not in mask_line(f"# see {text} there")


@pytest.mark.parametrize(
    "line",
    [
        "PW=hunter2",
        "pw: hunter2",
        "rootPw: hunter2",
        "DB_PW=hunter2",
        "RUN mysql -u root -phunter2 db",
        'command: ["mysql", "-phunter2"]',
        "curl -u admin:hunter2 https://x.example",
        "curl -uadmin:hunter2 https://x.example",
        'args: ["curl", "--user", "admin:hunter2"]',
        "sshpass -p hunter2 ssh x",
        'args: ["--password", "hunter2"]',
        'args: ["-p","hunter2"]',
        "# the password is hunter2",
    ],
)
def test_a_secret_among_a_programs_arguments_is_masked(line: str) -> None:
    assert "hunter2" not in mask_line(line)


def test_an_address_shows_neither_its_user_nor_its_query() -> None:
    assert mask_address("git::https://user:hunter2@h/x.git?token=t0k") == f"git::https://{MASK}@h/x.git?{MASK}"
    assert mask_address("https://t0k@h/x.git") == f"https://{MASK}@h/x.git"
    assert mask_address("terraform-aws-modules/vpc/aws") == "terraform-aws-modules/vpc/aws"


def test_credentials_in_an_address_are_masked() -> None:
    assert mask_line("url: postgresql://app:hunter2@db.internal/x") == f"url: postgresql://{MASK}@db.internal/x"


@pytest.mark.parametrize(
    "line",
    [
        'resource "aws_s3_bucket_server_side_encryption_configuration" "training-data" {',
        "  storage_encrypted = true",
        "  automountServiceAccountToken: false",
        "  master_password = var.db_password",
        '  Action = ["secretsmanager:GetSecretValue", "s3:*"]',
        '  cidr_blocks = ["10.0.0.0/16"]',
        "FROM nvcr.io/nvidia/pytorch:24.01-py3",
        "        privileged: true",
        "  python: circleci/python@2.1.1",
        "      - uses: actions/checkout@v4.1",
        "RUN docker run -u 1000:1000 -p 8080:80 x",
        "RUN mkdir -p /data && cp -p a b",
        '  args: ["-p", "8080"]',
        "spawn: upward",
        '  kms_key_id = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"',
    ],
)
def test_lines_without_secrets_are_shown(line: str) -> None:
    assert mask_line(line) == line


def test_control_characters_do_not_reach_a_terminal() -> None:
    # A tab stays one column, as the columns of a finding count it.
    assert mask_line("a\x1b[31mb\u202ec\x00d\te") == "a[31mbcd\te"
