"""The API in OpenAPI 3.1, which is also what `GET /v1/openapi.json` answers.

Component schemas are plain JSON Schema with no room for undeclared fields, so that a
test can hold every answer against them.
"""

from typing import Any

from handx import __version__
from handx.server.jobs import ENDED, FILES, QUEUE_LIMIT
from handx.server.requests import MAX_SAMPLES

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "number"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
FRACTION: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}
SECONDS: dict[str, Any] = {"type": ["number", "null"], "description": "[s]"}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_SEGMENT = _object(
    {},
    {
        "sentence": TEXT,
        "left": TEXT,
        "right": TEXT,
        "relation": TEXT,
        "seconds": SECONDS,
    },
)
_REQUEST_FIELDS = {
    "text": {"type": "string", "description": "what the hands should do, in English"},
    "plan": _object({"segments": {"type": "array", "items": _SEGMENT}}),
    "robot": {"type": "string", "default": "shadow"},
    "model": {"type": "string", "default": "auto"},
    "seed": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1, "default": 0},
    "seconds": SECONDS,
    "samples": {
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_SAMPLES,
        "default": 1,
    },
    "video": {"type": "boolean", "default": False},
}


def _line(kind: str, **fields: dict[str, Any]) -> dict[str, Any]:
    return _object({"kind": {"const": kind}, **fields})


_NUMBERS: dict[str, Any] = {"type": "array", "items": NUMBER}
_ROWS: dict[str, Any] = {"type": "array", "items": _NUMBERS}
LIVE_LINES = [
    _line("log", message=TEXT),
    _line(
        "ready",
        joint_names={"type": "array", "items": TEXT},
        fps=NUMBER,
        model=TEXT,
        seconds=NUMBER,
    ),
    _line("said", id={"type": "integer"}, request=COUNT),
    _line("refused", id={"type": "integer"}, message=TEXT),
    _line(
        "chunk",
        time={**_NUMBERS, "description": "path time of the knots [s]"},
        positions={**_ROWS, "description": "[rad], in the order of `ready`"},
        velocities={**_ROWS, "description": "[rad/s]"},
        text=TEXT,
        begins={**_ROWS, "description": "request, path time of its first knot [s]"},
        tip_error={**NUMBER, "description": "[m]"},
        penetration={**NUMBER, "description": "[m]"},
        problem={"type": "string", "description": "why hands must stand, or empty"},
        cpu={**NUMBER, "description": "[s]"},
    ),
    _line("alive"),
    _line("failed", message=TEXT),
]

SCHEMAS: dict[str, dict[str, Any]] = {
    "JobRequest": {
        **_object({}, _REQUEST_FIELDS),
        "oneOf": [{"required": ["text"]}, {"required": ["plan"]}],
    },
    "Verdict": _object(
        {
            "answer": {"enum": ["yes", "no", "can't tell"]},
            "reasons": {"type": "array", "items": TEXT},
        }
    ),
    "File": _object(
        {
            "name": {"enum": list(FILES)},
            "bytes": COUNT,
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        }
    ),
    "Result": _object(
        {
            "passed": {"type": "boolean"},
            "verdicts": _object(
                {name: _ref("Verdict") for name in ("text", "hand", "physics")}
            ),
            "model": TEXT,
            "warning": TEXT,
            "duration": {**NUMBER, "description": "of the trajectory [s]"},
            "stretch": {**NUMBER, "description": "more time than the motion took"},
            "seconds": {
                "type": "object",
                "additionalProperties": NUMBER,
                "description": "stage → time it took [s]",
            },
            "files": {"type": "array", "items": _ref("File")},
        }
    ),
    "Job": _object(
        {
            "id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "state": {"enum": ["queued", "running", *ENDED]},
            "stage": TEXT,
            "fraction": FRACTION,
            "created": NUMBER,
            "request": _ref("JobRequest"),
            "error": TEXT,
            "result": {"oneOf": [_ref("Result"), {"type": "null"}]},
        }
    ),
    "Jobs": _object({"jobs": {"type": "array", "items": _ref("Job")}}),
    "Event": _object(
        {
            "number": {"type": "integer", "minimum": 1},
            "kind": {"enum": ["queued", "running", "stage", *ENDED]},
            "stage": TEXT,
            "fraction": FRACTION,
            "time": {**NUMBER, "description": "since the epoch [s]"},
            "message": TEXT,
        }
    ),
    "Health": _object(
        {
            "version": TEXT,
            "engine": {"enum": ["starting", "ready", "busy", "down"]},
            "waiting": COUNT,
            "queue_limit": COUNT,
            "warm_seconds": SECONDS,
            "restarts": COUNT,
            "note": TEXT,
        }
    ),
    "LiveRequest": _object(
        {}, {name: _REQUEST_FIELDS[name] for name in ("robot", "model", "seed")}
    ),
    "LiveWords": _object(
        {"text": _REQUEST_FIELDS["text"]},
        {
            "then": {
                "type": "boolean",
                "default": False,
                "description": "not now: next",
            },
            "id": {"type": "integer", "default": 0, "description": "for the answer"},
        },
    ),
    "LiveUntil": _object(
        {
            "time": {
                **NUMBER,
                "description": "path time up to which chunks are wanted [s]",
            }
        }
    ),
    "Live": _object(
        {
            "robot": TEXT,
            "model": TEXT,
            "seed": COUNT,
            "state": {"enum": ["preparing", "ready", "ended"]},
            "why": {"type": "string", "description": "it ended, or empty"},
        }
    ),
    "LiveLine": {"oneOf": LIVE_LINES},
    "Choices": _object(
        {
            "robots": {"type": "array", "items": TEXT},
            "models": {"type": "array", "items": TEXT},
        }
    ),
    "Error": _object(
        {
            "error": _object(
                {
                    "message": TEXT,
                    "field": {"type": "string", "description": "or empty"},
                }
            )
        }
    ),
}

_REFUSALS = {
    400: "a field is wrong",
    401: "the token is missing or wrong",
    403: "not from this machine, or from a web page",
    404: "no such thing",
    409: "no live session, it is not ready or has ended, or another one runs",
    413: "the body is too large",
    415: "the body is not application/json",
    429: f"{QUEUE_LIMIT} jobs wait already",
}


def _answer(text: str, schema: str, kind: str = "application/json") -> dict[str, Any]:
    return {"description": text, "content": {kind: {"schema": _ref(schema)}}}


def _operation(
    summary: str,
    status: int,
    answer: dict[str, Any],
    refusals: tuple[int, ...],
    **more: Any,
) -> dict[str, Any]:
    return {
        "summary": summary,
        "responses": {
            str(status): answer,
            **{str(code): _answer(_REFUSALS[code], "Error") for code in refusals},
        },
        **more,
    }


def _parameter(name: str, where: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": schema}


_JOB = _parameter("job", "path", {"type": "string"})
_SEEN = [
    _parameter("after", "query", COUNT),
    _parameter("Last-Event-ID", "header", COUNT),
]
_OPEN: dict[str, Any] = {"security": []}


def _body(name: str) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": _ref(name)}}}


def _live_paths() -> dict[str, Any]:
    """Words while the hands move."""
    asked = (400, 401, 403, 409, 413, 415)
    live = _answer("", "Live")
    return {
        "/v1/live": {
            "get": _operation("The session", 200, live, (401, 403, 409)),
            "post": _operation(
                "Begin a session; one at a time. It ends by itself when nobody asks for "
                "more",
                201,
                live,
                asked,
                requestBody=_body("LiveRequest"),
            ),
            "delete": _operation("End it", 202, live, (401, 403, 409)),
        },
        "/v1/live/say": {
            "post": _operation(
                "Do this, now or next; `said` or `refused` follows in the stream",
                202,
                live,
                asked,
                requestBody=_body("LiveWords"),
            )
        },
        "/v1/live/rest": {
            "post": _operation("Come to rest", 202, live, (401, 403, 409))
        },
        "/v1/live/until": {
            "post": _operation(
                "Ask for chunks up to a path time",
                202,
                live,
                asked,
                requestBody=_body("LiveUntil"),
            )
        },
        "/v1/live/chunks": {
            "get": _operation(
                "What the engine says, as server-sent events, until the session ends",
                200,
                _answer("each `data:` is a LiveLine", "LiveLine", "text/event-stream"),
                (400, 401, 403, 409),
                parameters=_SEEN,
            )
        },
    }


def openapi() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "handx serve", "version": __version__},
        "servers": [{"url": "http://127.0.0.1:7471"}],
        "security": [{"token": []}],
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "paths": {
            **_live_paths(),
            "/v1/health": {
                "get": _operation(
                    "What the engine is doing",
                    200,
                    _answer("", "Health"),
                    (403,),
                    **_OPEN,
                )
            },
            "/v1/openapi.json": {
                "get": _operation(
                    "This document",
                    200,
                    {"description": "", "content": {"application/json": {}}},
                    (403,),
                    **_OPEN,
                )
            },
            "/v1/choices": {
                "get": _operation(
                    "Robots and models", 200, _answer("", "Choices"), (401, 403)
                )
            },
            "/v1/jobs": {
                "get": _operation("All jobs", 200, _answer("", "Jobs"), (401, 403)),
                "post": _operation(
                    "Ask for a motion",
                    201,
                    _answer("queued", "Job"),
                    (400, 401, 403, 413, 415, 429),
                    requestBody=_body("JobRequest"),
                ),
            },
            "/v1/jobs/{job}": {
                "parameters": [_JOB],
                "get": _operation("One job", 200, _answer("", "Job"), (401, 403, 404)),
                "delete": _operation(
                    "Call a job off", 202, _answer("", "Job"), (401, 403, 404)
                ),
            },
            "/v1/jobs/{job}/events": {
                "parameters": [_JOB],
                "get": _operation(
                    "What happens to it, as server-sent events, until it has ended",
                    200,
                    _answer("each `data:` is an Event", "Event", "text/event-stream"),
                    (400, 401, 403, 404),
                    parameters=_SEEN,
                ),
            },
            "/v1/jobs/{job}/files/{name}": {
                "parameters": [_JOB, _parameter("name", "path", {"enum": list(FILES)})],
                "get": _operation(
                    "A file of its result",
                    200,
                    {"description": "", "content": {"application/octet-stream": {}}},
                    (401, 403, 404),
                ),
            },
        },
    }
