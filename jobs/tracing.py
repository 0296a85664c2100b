"""One trace for one job, from order to results; recorded with the extra `otel`, where `OTEL_*` variables say."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

log = logging.getLogger(__name__)

tracer = trace.get_tracer("clearleaf")
_PROPAGATOR = TraceContextTextMapPropagator()
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


def set_up(process: str) -> None:
    """Send the spans of this process where `OTEL_*` says, by OTLP over HTTP; where it says nothing, record none.

    Args:
        process: api, worker or reconciler; told as `service.name` unless `OTEL_SERVICE_NAME` names another.
    """
    if not _wanted():
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("OTEL_* asks for traces, which are not recorded: install clearleaf[otel]")
        return
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": f"clearleaf-{process}"}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def flush() -> None:
    """Send what is recorded and not sent yet: a process that ends without ceremony would take it along."""
    send = getattr(trace.get_tracer_provider(), "force_flush", None)  # of the extra's provider
    if send is not None:
        send(timeout_millis=2000)


def context_of(headers: Mapping[str, str]) -> Context:
    """Return the trace that headers name, as a context for spans; an empty one where they name none."""
    return _PROPAGATOR.extract(headers, context=Context())


def traceparent() -> str | None:
    """Return the trace that we are in, as W3C Trace Context writes it; None where we are in none."""
    headers: dict[str, str] = {}
    _PROPAGATOR.inject(headers)
    return headers.get("traceparent")


def trace_id() -> str | None:
    """Return the id of the trace that we are in; None where we are in none."""
    span = trace.get_current_span().get_span_context()
    return trace.format_trace_id(span.trace_id) if span.is_valid else None


def _wanted() -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or not any(map(os.environ.get, _ENDPOINTS)):
        return False
    if os.environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return False
    protocol = next(filter(None, map(os.environ.get, _PROTOCOLS)), "http/protobuf")
    if protocol != "http/protobuf":
        log.warning("traces go by http/protobuf alone, not by %s: none are recorded", protocol)
        return False
    return True
