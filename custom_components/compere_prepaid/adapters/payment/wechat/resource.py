"""What WeChat encrypts: the content of notices, and its certificates (AES-256-GCM)."""

import base64
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .verifying import Doubt, NotGenuineError

ALGORITHM = "AEAD_AES_256_GCM"


def decrypt(key: bytes, resource: Any) -> bytes:
    """Return the plain text of an encrypted resource; raises `NotGenuineError`.

    The cipher text ends with its tag; `associated_data` may be empty or absent. How long the key
    has to be is checked where it is entered: published vectors use shorter ones.
    """
    try:
        if resource["algorithm"] != ALGORITHM:
            raise NotGenuineError(Doubt.CONTENT)
        return AESGCM(key).decrypt(
            resource["nonce"].encode(),
            base64.b64decode(resource["ciphertext"], validate=True),
            (resource.get("associated_data") or "").encode(),
        )
    except InvalidTag, ValueError, TypeError, KeyError, AttributeError:
        raise NotGenuineError(Doubt.CONTENT) from None
