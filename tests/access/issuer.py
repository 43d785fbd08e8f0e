"""An issuer of bearer tokens, for tests: it publishes its keys as issuers do, and signs whatever it is asked to."""

import hmac
import json
import os
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

app = FastAPI()
ADDRESS = os.environ.get("ISSUER", "")
_STRANGER = ECKey.generate_key("P-256")


class _State:
    """What it publishes, and how often it was asked."""

    signs: RSAKey | ECKey = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
    fetches = 0
    down = False


def _written(part: bytes) -> str:
    return urlsafe_b64encode(part).decode().rstrip("=")


@app.get("/.well-known/openid-configuration")
async def about() -> dict[str, str]:
    return {"issuer": ADDRESS, "jwks_uri": f"{ADDRESS}/keys"}


@app.get("/keys", response_model=None)
async def keys() -> Response | dict[str, Any]:
    _State.fetches += 1
    if _State.down:
        return Response(status_code=500)
    post_quantum = {"kty": "AKP", "kid": "of-another-kind", "alg": "ML-DSA-44", "pub": "AA"}
    shared = {"kty": "oct", "kid": "shared", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}
    return {"keys": [post_quantum, shared, _State.signs.as_dict(private=False)]}


@app.get("/fetches")
async def fetches() -> int:
    return _State.fetches


@app.post("/rotate")
async def rotate(kid: str) -> None:
    """From now on another key signs, of another kind, and the former is published no more."""
    _State.signs = ECKey.generate_key("P-256", {"kid": kid})


@app.post("/down")
async def down(away: bool) -> None:
    _State.down = away


@app.post("/token")
async def token(request: Request, by: str = "itself") -> str:
    """A token with these claims and, from the query, this head."""
    claims = await request.json()
    query = parse_qs(request.url.query)
    header = {name.removeprefix("head."): values[0] for name, values in query.items() if "head." in name}
    key = _State.signs
    header = {
        "alg": "RS256" if isinstance(key, RSAKey) else "ES256",
        "kid": key.kid,
        "typ": "at+jwt",
        **header,
    }
    if by == "stranger":
        return jwt.encode({**header, "alg": "ES256"}, claims, _STRANGER)
    if by == "published":  # as if what everybody knows of a key were a secret that we share
        text = ".".join(_written(json.dumps(part).encode()) for part in ({**header, "alg": "HS256"}, claims))
        return f"{text}.{_written(hmac.digest(key.as_pem(private=False), text.encode(), 'sha256'))}"
    if by == "nobody":
        registry = jws.JWSRegistry(algorithms=["none"])
        return jwt.encode({**header, "alg": "none"}, claims, OctKey.generate_key(), registry=registry)
    return jwt.encode(header, claims, key)
