"""An authenticator in software (WebAuthn 2): makes a passkey and answers challenges with it. It does what it is told,
so a test can have it lie."""

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import Aaguid, AttestedCredentialData

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class Authenticator:
    """One passkey, for one site. `verifies` is whether it asks for a finger or a PIN; `around` what the browser says of
    the pages around the one that asked."""

    def __init__(self, *, origin: str, rp_id: str = "localhost", verifies: bool = True, id_: bytes = b"i" * 32) -> None:
        self.origin, self.rp_id, self.verifies, self.id = origin, rp_id, verifies, id_
        self.user_handle = ""
        self.around: dict[str, Any] = {"crossOrigin": False}
        self._key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: Mapping[str, Any]) -> str:
        """What the page's script posts for `navigator.credentials.create`."""
        self.user_handle = options["publicKey"]["user"]["id"]
        public = AttestedCredentialData.create(
            Aaguid.NONE,
            self.id,
            ES256.from_cryptography_key(self._key.public_key()),  # type: ignore[no-untyped-call]
        )
        attested = {"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED) + bytes(public)}
        client = self._client("webauthn.create", options)
        return self._posted(clientDataJSON=client, attestationObject=cbor.encode(attested))

    def get(self, options: Mapping[str, Any], *, user_handle: str | None = None) -> str:
        """What it posts for `navigator.credentials.get`."""
        client, data = self._client("webauthn.get", options), self._data(0)
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        handle = websafe_decode(self.user_handle if user_handle is None else user_handle)
        return self._posted(clientDataJSON=client, authenticatorData=data, signature=signature, userHandle=handle)

    def _client(self, kind: str, options: Mapping[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["publicKey"]["challenge"], "origin": self.origin}
        return json.dumps({**said, **self.around}).encode()

    def _data(self, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, 0)

    def _posted(self, **response: bytes) -> str:
        named = {"id": websafe_encode(self.id), "rawId": websafe_encode(self.id), "type": "public-key"}
        encoded = {name: websafe_encode(part) for name, part in response.items()}
        return json.dumps({**named, "clientExtensionResults": {"credProps": {"rk": True}}, "response": encoded})
