"""The gateway's keys and the merchant's, made at the first start and kept in one private file."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
import json
import os
from pathlib import Path
import secrets

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

FILE = "keys.json"
BEGINS, ENDS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)
"""The certificate is valid for as long as anybody tries anything."""

_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayKeys:
    """Everything both sides know. PEM texts; what is private stands in no `repr`."""

    mchid: str
    appid: str
    app_secret: str
    apiv3_key: str
    merchant_serial: str
    merchant_key: str
    public_key_id: str
    public_key: str
    """The gateway's, for merchants that verify by a key."""
    signing_key: str
    """The private half of `public_key`."""
    certificate: str
    """The gateway's, for merchants that verify by certificates."""
    certificate_serial: str
    certificate_key: str

    def __repr__(self) -> str:
        """Say whose keys they are, and none of them."""
        return f"GatewayKeys({self.mchid})"


def keys_in(folder: Path) -> GatewayKeys:
    """Return the keys in a folder, made the first time. Blocks for up to a second."""
    path = folder / FILE
    if path.exists():
        return GatewayKeys(**json.loads(path.read_text("utf-8")))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = make_keys()
    write_privately(path, json.dumps(asdict(keys), indent=1))
    return keys


def make_keys() -> GatewayKeys:
    """Make all keys anew."""
    merchant, signing, certified = (rsa.generate_private_key(65537, _BITS) for _ in range(3))
    certificate = _self_signed(certified)
    return GatewayKeys(
        mchid=f"1{secrets.randbelow(10**9):09}",
        appid=f"wx{secrets.token_hex(8)}",
        app_secret=secrets.token_hex(16),
        apiv3_key=secrets.token_hex(16),
        merchant_serial=secrets.token_hex(20).upper(),
        merchant_key=_private_text(merchant),
        public_key_id=f"PUB_KEY_ID_{secrets.token_hex(12).upper()}",
        public_key=signing.public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        signing_key=_private_text(signing),
        certificate=certificate.public_bytes(Encoding.PEM).decode(),
        certificate_serial=f"{certificate.serial_number:040X}",
        certificate_key=_private_text(certified),
    )


def private_key(text: str) -> rsa.RSAPrivateKey:
    """Read a private key of ours."""
    key = load_pem_private_key(text.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the gateway's keys are RSA keys")
    return key


def write_privately(path: Path, text: str) -> None:
    """Put a file in place at once, readable by its owner only."""
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _private_text(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _self_signed(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Sandbox gateway")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINS)
        .not_valid_after(ENDS)
        .sign(key, hashes.SHA256())
    )
