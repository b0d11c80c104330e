"""What we sign and verify, held against published examples and the `openssl` program.

The complete notice is that of wechatpay-go (core/notify/notify_test.go, Apache-2.0): its key is the
public half, its APIv3 key was made for tests.
"""

import base64
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import subprocess

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.compere_prepaid.adapters.clock import SystemClock
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.arithmetic import (
    authorization_fields,
    decoded,
    is_signed,
    request_text,
)
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.faults import Faults
from custom_components.compere_prepaid.adapters.payment.sandbox_gateway.voice import Voice
from custom_components.compere_prepaid.adapters.payment.wechat.resource import decrypt
from custom_components.compere_prepaid.adapters.payment.wechat.signing import Signer, message
from custom_components.compere_prepaid.adapters.payment.wechat.verifying import (
    Doubt,
    NotGenuineError,
    Verifier,
)
from tests.adapters.payment.shop import Figure, shared_keys

KEY = rsa.generate_private_key(65537, 2048)
NUMBERS = KEY.public_key().public_numbers()
SIGNER = Signer("1900009191", "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C", KEY)
NOW = datetime(2026, 11, 26, 6, tzinfo=UTC)

PUBLISHED_AT = datetime.fromtimestamp(1624523846, UTC)
PUBLISHED_SERIAL = "D7CE59D1F522D701"
PUBLISHED_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2VCTd91fnUn73Xy9DLvt
/V62TVxRTEEstVdeRaZ3B3leO0pldE806mXO4RwdHXagHQ4vGeZN0yqm++rDsGK+
U3AH7kejyD2pXshNP9Cq5YwbptiLGtjcquw4HNxJQUOmDeJf2vg6byms9RUipiq4
SzbJKqJFlUpbuIPDpSpWz10PYmyCNeDGUUK65E5h2B834uxl1zNLYQCrkdBzb8oU
xwYeP5a2DNxmjL5lsJML7DGr5znsevnoqGRwTm9fxCGfy8wus7hwKz6clt3Whmmd
a7UAdb1c08hEQFVRbF14AR73xbnd8N0obCWJPCbzMCtkaSef4FdEEgEXJiw0VAJT
8wIDAQAB
-----END PUBLIC KEY-----"""
PUBLISHED_SIGNATURE = (
    "tJHIiIS9eB2hAYstmAmbbD3ZE5LiIm/Ug5tuL4fC0YOFRWIHV39UFIZXC0e9Wl6lBu6sKvkqDkzpqzBsVHyX"
    "FlbYZTOQrVdG4b6LfTnK4mikv9++ixJMd3vTf2yCqvBkh98zs3Ds5zsYQakzbcwhmw4fMJs4nPLws28H0UW9"
    "FjDR//rxELLwXvV1VEA1IBLX70xptjL8hrfUjEE8kkry6yNJTHZRU8CAc7qHli2Ng1V1qb9ARbK8A3ThmFmP"
    "QvRGrapI/jS2laKKgYUmfdEdkNO6B2Cke5e8VTxY406ArAmQ90GAihDwIcb16TQMnzCMBoutnwZKNiKRACrF"
    "mtxw2Q=="
)
PUBLISHED_BODY = (
    '{"id":"3119dfba-e649-5eec-ab1e-3412bc4d2e17","create_time":"2021-06-24T16:37:26+08:0'
    '0","resource_type":"encrypt-resource","event_type":"PAYSCORE.USER_OPEN_SERVICE","sum'
    'mary":"签约成功","resource":{"original_type":"payscore","algorithm":"AEAD_AES_256_GCM","'
    'ciphertext":"YDS3lKPaC4Y52Gf3uhft5qUBlIa8b428AWTtTauHQfQrRw+X1WpiuHIDy0vo1Vd6VEq67aV'
    "yqPdDYMkRVSDaZL3iZttevRMOoPKMifozg6XPWjIZumks/GpT48lI4NizyeaqLBokNebthah3o1H76qSlO9N"
    "kDjp9bzmKLEYYH9TEklFUpsvPqOTOcgSLgh21YJXYR7dEBXFgRLiNIKRgO5JdXh1hccRUAlyVWxE54PXpnQ="
    '=","associated_data":"payscore","nonce":"Kj7QIyUiYx1q"}}'
)
PUBLISHED_HEADERS = {
    "Wechatpay-Nonce": "EcZ9Cmy4Xyx1i6RlJQzLcCyEqDa26NBz",
    "Wechatpay-Timestamp": "1624523846",
    "Wechatpay-Serial": PUBLISHED_SERIAL,
    "Wechatpay-Signature": PUBLISHED_SIGNATURE,
}


def published_verifier() -> Verifier:
    """Return a verifier that knows the published notice's key."""
    key = load_pem_public_key(PUBLISHED_KEY.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    return Verifier({PUBLISHED_SERIAL: key})


def test_the_published_notice() -> None:
    """It is genuine, whatever the headers' case, and says what was published."""
    body = PUBLISHED_BODY.encode()
    published_verifier().verify(PUBLISHED_HEADERS, body, PUBLISHED_AT)
    lower = {name.lower(): value for name, value in PUBLISHED_HEADERS.items()}
    published_verifier().verify(lower, body, PUBLISHED_AT)
    content = decrypt(b"testMchAPIv3Key0", json.loads(body)["resource"])
    assert content == (
        b'{"mchid":"1234567890","appid":"054aa7d7a2a54ab5898df65bd96f001c",'
        b'"create_time":"2020-06-30T12:12:00+08:00",'
        b'"out_contract_code":"21640bdbd08e473e828f3206a2741c6e"}'
    )


@pytest.mark.parametrize(
    ("off_s", "is_believed"), [(299, True), (-299, True), (300, False), (-300, False)]
)
def test_age(off_s: int, is_believed: bool) -> None:
    """Five minutes off, to either side, is too far: as the official client has it."""
    at = PUBLISHED_AT + timedelta(seconds=off_s)
    if is_believed:
        published_verifier().verify(PUBLISHED_HEADERS, PUBLISHED_BODY.encode(), at)
    else:
        with pytest.raises(NotGenuineError) as raised:
            published_verifier().verify(PUBLISHED_HEADERS, PUBLISHED_BODY.encode(), at)
        assert raised.value.doubt is Doubt.TIME


def test_published_encryption() -> None:
    """The example of wechatpay-go (utils/aes_test.go); its key is shorter than real ones."""
    resource = {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": "FsdXzxryWfKwvLJKf8LG/ToRPTRh8RN9wROC",
        "nonce": "wCq51qZv4Yfg",
        "associated_data": "Dl56FrqWQJF1t9LtC3vEUsniZKvbqdR8",
    }
    assert decrypt(b"testAPIv3Key0000", resource) == b"Hello World"
    for changed in (
        {"ciphertext": "SGVsbG8gV29ybGQK"},
        {"ciphertext": "invalid cipher"},
        {"nonce": "wCq51qZv4Yfh"},
        {"associated_data": ""},
        {"algorithm": "AEAD_AES_128_GCM"},
        {"nonce": ""},
        {"nonce": None},
    ):
        with pytest.raises(NotGenuineError):
            decrypt(b"testAPIv3Key0000", resource | changed)
    with pytest.raises(NotGenuineError):
        decrypt(b"testAPIv3Key1111", resource)


def test_published_texts() -> None:
    """What the documentation shows as the texts to sign, for a request and for the bridge."""
    assert message(
        "GET", "/v3/certificates", "1554208460", "593BEC0C930BF1AFEB40B4A08C8FB242", b""
    ) == (b"GET\n/v3/certificates\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n")
    package = "prepay_id=wx201410272009395522657a690389285100"
    assert message(
        "wx8888888888888888", "1414561699", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS", package
    ) == (
        b"wx8888888888888888\n1414561699\n5K8264ILTKCH16CQ2502SI8ZNMTM67VS\n"
        b"prepay_id=wx201410272009395522657a690389285100\n"
    )


def openssl(*arguments: str | Path, given: bytes = b"") -> bytes:
    """Run the program; return what it says."""
    done = subprocess.run(  # noqa: S603  # the program of that name is what is compared with
        ["openssl", *map(str, arguments)],  # noqa: S607
        input=given,
        capture_output=True,
        timeout=30,
        check=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def key_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Write the key where the program finds it: private, public."""
    folder = tmp_path_factory.mktemp("keys")
    private, public = folder / "private.pem", folder / "public.pem"
    private.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


def test_the_program_verifies_what_we_sign(
    key_files: tuple[Path, Path], tmp_path: Path, figure: Figure
) -> None:
    """Requests and what the bridge is given; bodies end themselves, are empty, are Chinese."""
    bodies = (b"", b"{}", b'{"a":1}\n', "{“充值”}".encode(), bytes(range(256)))
    texts = []
    for number, body in enumerate(bodies):
        header = SIGNER.authorization("POST", f"/v3/x?n={number}%20", body, 1700000000, "N0")
        fields = authorization_fields(header)
        assert fields is not None
        text = b"POST\n/v3/x?n=%d%%20\n1700000000\nN0\n%b\n" % (number, body)
        texts.append((text, fields["signature"]))
    bridge = SIGNER.bridge_parameters("wxapp", "wx1", 1700000000, "N1")
    texts.append((b"wxapp\n1700000000\nN1\nprepay_id=wx1\n", bridge["paySign"]))
    for text, signature in texts:
        file = tmp_path / "signature"
        file.write_bytes(base64.b64decode(signature))
        said = openssl("dgst", "-sha256", "-verify", key_files[1], "-signature", file, given=text)
        assert said == b"Verified OK\n"
    figure(f"wechat: {len(texts)} signatures of ours verified by openssl")


def test_we_verify_what_the_program_signs(key_files: tuple[Path, Path], figure: Figure) -> None:
    """Answers and notices; also by the gateway's own arithmetic."""
    verifier = Verifier({"PUB_KEY_ID_1": KEY.public_key()})
    bodies = (b"", b'{"id":"1"}', b"\n\n", "支付成功".encode())
    for body in bodies:
        at = str(int(NOW.timestamp()))
        text = f"{at}\nnonce\n".encode() + body + b"\n"
        signature = openssl("dgst", "-sha256", "-sign", key_files[0], given=text)
        headers = {
            "wechatpay-timestamp": at,
            "Wechatpay-Nonce": "nonce",
            "WECHATPAY-SERIAL": "PUB_KEY_ID_1",
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
        }
        verifier.verify(headers, body, NOW)
        assert is_signed(NUMBERS, text, signature)
    figure(f"wechat: {len(bodies)} signatures of openssl verified by us")


def test_the_program_reads_what_the_gateway_encrypts() -> None:
    """GCM is counter mode from the second counter on: the program knows it as that."""
    keys = shared_keys()
    resource = Voice(keys, Faults(), SystemClock()).encrypted({"amount": {"total": 5000}})
    data = base64.b64decode(resource["ciphertext"])[:-16]
    said = openssl(
        "enc",
        "-d",
        "-aes-256-ctr",
        "-K",
        keys.apiv3_key.encode().hex(),
        "-iv",
        resource["nonce"].encode().hex() + "00000002",
        given=data,
    )
    assert said == b'{"amount": {"total": 5000}}'
    assert decrypt(keys.apiv3_key.encode(), resource) == said


TOKENS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=20)
TARGETS = st.lists(st.sampled_from(["/v3", "/pay%2F", "?a=1", "&b=%E5%85%85", "/-_.~"]), min_size=1)


@settings(max_examples=150)
@given(
    method=st.sampled_from(["GET", "POST"]),
    target=TARGETS.map("".join),
    body=st.binary(max_size=200),
    nonce=TOKENS,
    at=st.integers(0, 2**33),
)
def test_requests_are_signed_as_the_gateway_reads_them(
    method: str, target: str, body: bytes, nonce: str, at: int
) -> None:
    """Two ways to write the signed text agree, and any other request fails."""
    fields = authorization_fields(SIGNER.authorization(method, target, body, at, nonce))
    assert fields is not None
    signature = decoded(fields["signature"])
    assert is_signed(NUMBERS, request_text(method, target, fields, body), signature)
    for other in (
        request_text("PUT", target, fields, body),
        request_text(method, f"{target}/", fields, body),
        request_text(method, target, fields, body + b"\n"),
        request_text(method, target, fields | {"timestamp": str(at + 1)}, body),
        request_text(method, target, fields | {"nonce_str": f"{nonce}0"}, body),
    ):
        assert not is_signed(NUMBERS, other, signature)


def test_arithmetic_refuses_what_is_padded_otherwise() -> None:
    """A signature of another length, or of another text, is none."""
    assert not is_signed(NUMBERS, b"text", b"")
    assert not is_signed(NUMBERS, b"text", bytes(256))
    assert not is_signed(NUMBERS, b"text", b"\x01" * 255)
