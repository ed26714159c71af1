"""Detects failed requests to servers, for which QGIS's providers return transparent pixels without an error."""

from __future__ import annotations

from types import TracebackType

from qgis.core import QgsNetworkAccessManager, QgsNetworkReplyContent
from qgis.PyQt.QtCore import QUrlQuery
from qgis.PyQt.QtNetwork import QNetworkReply, QNetworkRequest

from geolangbind_qgis.i18n import tr

_NOTHING_THERE = (204, 404, 410)
"""HTTP status of places that a server has no pixels of, which is an answer."""

_FOR_PIXELS = ("getmap", "getcoverage", "gettile")


class FetchWatch:
    """Context manager that observes the network requests of the current thread.

    Attributes:
        reason: why the first request failed, in a few words of the user's language; empty while none did.
        failed: how many did.
    """

    def __init__(self) -> None:
        self.reason = ""
        self.failed = 0

    def __enter__(self) -> FetchWatch:
        """Start observing; call it in the thread that fetches."""
        self._finished = QgsNetworkAccessManager.instance().finished[QgsNetworkReplyContent]
        self._finished.connect(self._on_finished)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        """Stop observing."""
        self._finished.disconnect(self._on_finished)

    def _on_finished(self, reply: QgsNetworkReplyContent) -> None:
        """Check a response by status and content type: OGC services report errors as XML with status 200."""
        status = reply.attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute)
        kind = bytes(reply.rawHeader(b"Content-Type")).lower()
        if reply.error() == QNetworkReply.NetworkError.NoError:
            if b"xml" not in kind or not _asks_for_pixels(reply):
                return
            reason = tr("it answered with an error")
        elif status in _NOTHING_THERE or reply.error() == QNetworkReply.NetworkError.OperationCanceledError:
            return
        else:
            reason = f"HTTP {status}" if status else _why_no_answer(reply)
        self.failed += 1
        self.reason = self.reason or reason


def failed_in_part(name: str, reason: str) -> str:
    """Returns the message that a layer's server did not return all pixels."""
    return tr("The server of {0} failed in part ({1}); those places have no result.").format(name, reason)


def _why_no_answer(reply: QgsNetworkReplyContent) -> str:
    """Returns why there was no reply; rare reasons in Qt's words."""
    error = QNetworkReply.NetworkError
    reasons = {
        error.ConnectionRefusedError: tr("it refuses connections"),
        error.RemoteHostClosedError: tr("it closed the connection"),
        error.HostNotFoundError: tr("its name is not known"),
        error.TimeoutError: tr("it did not answer in time"),
        error.SslHandshakeFailedError: tr("no secure connection to it can be made"),
        error.TemporaryNetworkFailureError: tr("the network was interrupted"),
        error.ProxyAuthenticationRequiredError: tr("the proxy wants a password"),
    }
    return reasons.get(reply.error(), reply.errorString())


def _asks_for_pixels(reply: QgsNetworkReplyContent) -> bool:
    query = QUrlQuery(reply.request().url())
    return any(name.lower() == "request" and value.lower() in _FOR_PIXELS for name, value in query.queryItems())
