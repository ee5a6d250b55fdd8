"""An Ed25519 signature (RFC 8032) over the bytes of a certificate: who vouches for what was judged.

The key is made once, outside this toolkit, and its private half never leaves the office:

    openssl genpkey -algorithm ed25519 -out bureau.pem
    openssl pkey -in bureau.pem -pubout -out bureau.pub.pem
"""

from __future__ import annotations

import base64
import binascii
import importlib.util
import json
from typing import TYPE_CHECKING

from layout_planner.errors import InputError, Problem
from layout_planner.safeguards.certificate import CERTIFICATE
from layout_planner.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE = "certificate.sig.json"
MOST_BYTES = 10_000


def sign_certificate(folder: Path, key_file: Path) -> str:
    """Return the content of SIGNATURE for the certificate in `folder`, made with the private key (PEM, no password) in `key_file`.

    Raises
    ------
    InputError : the key cannot be read or is of another kind, there is no certificate, or the library is not installed.
    """
    _need_library()
    key = _read_private_key(key_file)
    try:
        signature = key.sign((folder / CERTIFICATE).read_bytes())
    except OSError:
        raise _problem(
            folder / CERTIFICATE,
            Words("找不到或无法读取证书", "the certificate is missing or cannot be read"),
            Words("先运行该方案", "run the scenario first"),
        ) from None
    content = {"schema": 1, "algorithm": "Ed25519", "public_key": _text(_raw(key.public_key())), "signature": _text(signature)}
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def check_signature(folder: Path, public_key_file: Path) -> list[Words]:
    """Return why the signature in `folder` does not prove that the owner of the public key signed the certificate as it is now.

    Raises
    ------
    InputError : the public key cannot be read or is of another kind, or the library is not installed.
    """
    _need_library()
    from cryptography.exceptions import InvalidSignature

    key = _read_public_key(public_key_file)
    try:
        content = json.loads((folder / SIGNATURE).read_bytes()[:MOST_BYTES])
        signature, named = base64.b64decode(content["signature"], validate=True), base64.b64decode(content["public_key"], validate=True)
    except OSError:
        return [Words("没有签名文件", "there is no signature file")]
    except (ValueError, KeyError, TypeError, binascii.Error):
        return [Words("签名文件无效", "the signature file is not valid")]
    if named != _raw(key):
        return [Words("签名用的是另一把密钥", "the signature was made with another key")]
    try:
        key.verify(signature, (folder / CERTIFICATE).read_bytes())
    except (InvalidSignature, OSError):
        return [Words("签名与证书不符", "the signature does not fit the certificate")]
    return []


def _need_library() -> None:
    if importlib.util.find_spec("cryptography") is None:
        what = Words("签名需要 cryptography 库", "signatures need the library cryptography")
        hint = Words("pip install 'layout-planner[sign]'", "pip install 'layout-planner[sign]'")
        raise InputError([Problem("--sign", what, hint)])


def _read_private_key(path: Path) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read_key_file(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        what = Words("不是未加密码的 Ed25519 私钥", "not an Ed25519 private key without a password")
        raise _problem(path, what, Words("用 openssl genpkey -algorithm ed25519 生成", "make one with: openssl genpkey -algorithm ed25519"))
    return key


def _read_public_key(path: Path) -> Ed25519PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_read_key_file(path))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        hint = Words("用 openssl pkey -in bureau.pem -pubout 导出", "export it with: openssl pkey -in bureau.pem -pubout")
        raise _problem(path, Words("不是 Ed25519 公钥", "not an Ed25519 public key"), hint)
    return key


def _read_key_file(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MOST_BYTES)
    except OSError:
        raise _problem(
            path, Words("密钥文件无法读取", "the key file cannot be read"), Words("检查路径和权限", "check the path and the permissions")
        ) from None


def _raw(key: Ed25519PublicKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _problem(path: Path, what: Words, hint: Words) -> InputError:
    return InputError([Problem(str(path), what, hint)])
