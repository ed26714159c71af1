"""Messages between QGIS and the runtime: JSON lines over stdio, one message a line.

This is the only package of ``core`` that the plugin imports, by its path and under another name, so it needs the
standard library alone and imports its own modules relatively.
A request is ``{"id", "method", "params"}``, its reply ``{"id", "result"}`` or ``{"id", "error"}``; notifications
``{"method", "params"}`` carry no id of their own but name the request they belong to. Pixels travel as files.
"""

from .conversion import from_params, to_params
from .labels import AccuracyParams, CalibrateParams, FinetuneParams, SampleParams
from .maps import (
    ChangeParams,
    ClassifyParams,
    ClusterParams,
    DescribeParams,
    EmbedParams,
    HighlightParams,
    SimilarParams,
    SuggestParams,
)
from .messages import PROTOCOL_VERSION, ErrorInfo, Notification, Reply, Request, decode, encode
from .parameters import Parameter, parameter, parameters
from .polygons import PolygoniseParams
from .session import METHODS, CancelParams, HelloParams, ModelsParams, PingParams, ShutdownParams
from .source import Extent, Source

__all__ = [
    "METHODS",
    "PROTOCOL_VERSION",
    "AccuracyParams",
    "CalibrateParams",
    "CancelParams",
    "ChangeParams",
    "ClassifyParams",
    "ClusterParams",
    "DescribeParams",
    "EmbedParams",
    "ErrorInfo",
    "Extent",
    "FinetuneParams",
    "HelloParams",
    "HighlightParams",
    "ModelsParams",
    "Notification",
    "Parameter",
    "PingParams",
    "PolygoniseParams",
    "Reply",
    "Request",
    "SampleParams",
    "ShutdownParams",
    "SimilarParams",
    "Source",
    "SuggestParams",
    "decode",
    "encode",
    "from_params",
    "parameter",
    "parameters",
    "to_params",
]
