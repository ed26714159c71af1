"""QGIS's network settings as the environment variables of pip and the runtime."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from .setup_error import SetupError


def proxy_environment(settings: Mapping[str, object] | None) -> dict[str, str]:
    """Returns the variables for a proxy; the secret stays in the environment and never on a command line.

    Args:
        settings: ``enabled``, ``type`` (``HttpProxy``, ``HttpCachingProxy``, ``Socks5Proxy``, ``DefaultProxy``,
            ``NoProxy``), ``host``, ``port``, ``user``, ``password``, ``excludes`` (hosts), ``certificate`` (CA file);
            mirrors: ``index`` (of the package registry) and ``hub`` (of the model hub).

    Raises:
        SetupError: a kind of proxy that pip cannot use.
    """
    settings = settings or {}
    variables: dict[str, str] = {}
    certificate = str(settings.get("certificate") or "")
    if certificate:
        variables.update(PIP_CERT=certificate, SSL_CERT_FILE=certificate, REQUESTS_CA_BUNDLE=certificate)
    for name, variable in (("index", "PIP_INDEX_URL"), ("hub", "HF_ENDPOINT")):
        if mirror := str(settings.get(name) or ""):
            variables[variable] = mirror
    kind, host = str(settings.get("type") or "HttpProxy"), str(settings.get("host") or "")
    if not settings.get("enabled", bool(host)) or not host or kind in ("NoProxy", "DefaultProxy"):
        return variables
    if kind.startswith("Socks"):
        raise SetupError(
            "A SOCKS proxy cannot be used for the installation.",
            "Set an HTTP proxy in QGIS's network options, or install from a folder of wheels.",
            code="proxy",
        )
    user, password = str(settings.get("user") or ""), str(settings.get("password") or "")
    login = f"{quote(user, safe='')}{':' + quote(password, safe='') if password else ''}@" if user else ""
    port = f":{settings['port']}" if settings.get("port") else ""
    address = f"http://{login}{host}{port}"
    excludes = settings.get("excludes") or ()
    no_proxy = [str(item) for item in excludes] if isinstance(excludes, (list, tuple)) else [str(excludes)]
    variables.update(HTTP_PROXY=address, HTTPS_PROXY=address, http_proxy=address, https_proxy=address)
    if no_proxy:
        variables.update(NO_PROXY=",".join(no_proxy), no_proxy=",".join(no_proxy))
    return variables


def without_secrets(text: str) -> str:
    """Returns a text whose addresses have no user names, passwords and tokens."""
    text = re.sub(r"(\w+://)[^/\s@]+@", r"\1***@", text)
    return re.sub(r"(?i)\b(token|key|password|sig|signature|access_token)=[^&\s\"']+", r"\1=***", text)
