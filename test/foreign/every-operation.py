"""Calls every operation that it is told of with boto3, with inputs made from botocore's own models, and says what boto3 made of the answers."""

import datetime
import json
import re
import sys

import boto3
import botocore.exceptions
from botocore.config import Config

told = json.load(sys.stdin)
known = [(re.compile(pattern, re.I if "i" in flags else 0), values) for pattern, flags, values in told["known"]]
config = Config(retries={"max_attempts": 0}, signature_version="v4", s3={"addressing_style": "path"})


def text_for(name, shape):
    if shape.enum:
        return shape.enum[0]
    for pattern, values in known:
        if pattern.search(name):
            return values[0]
    least = shape.metadata.get("min", 1)
    return "a-name".ljust(least, "x")


def value_for(name, shape, depth=0):
    kind = shape.type_name
    if kind == "structure":
        chosen = [member for member in shape.members if member in shape.required_members]
        if not chosen and depth > 0 and shape.members:
            chosen = [next(iter(shape.members))]
        return {member: value_for(member, shape.members[member], depth + 1) for member in chosen} if depth < 6 else {}
    if kind == "list":
        return [value_for(name, shape.member, depth + 1)]
    if kind == "map":
        return {text_for(name, shape.key): value_for(name, shape.value, depth + 1)}
    if kind in ("integer", "long"):
        return max(1, shape.metadata.get("min", 1))
    if kind in ("float", "double"):
        return 1.0
    if kind == "boolean":
        return False
    if kind == "timestamp":
        return datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
    if kind == "blob":
        return b"{}"
    return text_for(name, shape)


PYTHON = {"integer": int, "long": int, "float": float, "double": float, "boolean": bool, "timestamp": datetime.datetime, "blob": (bytes,), "string": str}


def misfits(value, shape, path):
    """Where the parsed answer is not of the type that the model says."""
    kind = shape.type_name
    if getattr(shape, "serialization", {}).get("streaming") or hasattr(value, "read"):
        value.read()
        return []
    if value is None and path == "GetBucketLocation.LocationConstraint":
        return []  # What S3 answers for us-east-1.
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{path} is {type(value).__name__}"]
        absent = [f"{path}.{name} is missing" for name in shape.required_members if name not in value]
        return absent + [fault for name, inner in value.items() if name in shape.members for fault in misfits(inner, shape.members[name], f"{path}.{name}")]
    if kind == "list":
        return [fault for inner in value for fault in misfits(inner, shape.member, f"{path}[]")]
    if kind == "map":
        return [fault for inner in value.values() for fault in misfits(inner, shape.value, f"{path}{{}}")]
    # IAM's policies and the like are parsed further by botocore itself.
    if kind == "string" and isinstance(value, (dict, list)):
        return []
    return [] if isinstance(value, PYTHON[kind]) else [f"{path} is {type(value).__name__}, not {kind}"]


def outcome_of(client, model, parameters):
    try:
        answer = client._make_api_call(model.name, parameters)
    except botocore.exceptions.ClientError as error:
        metadata = error.response.get("ResponseMetadata", {})
        said = error.response.get("Error", {})
        return {"code": said.get("Code"), "message": said.get("Message"), "status": metadata.get("HTTPStatusCode"), "requestId": metadata.get("RequestId")}
    metadata = answer.pop("ResponseMetadata", {})
    faults = misfits(answer, model.output_shape, model.name) if model.output_shape is not None else []
    return {"misfits": faults, "status": metadata.get("HTTPStatusCode"), "requestId": metadata.get("RequestId")}


def length(page, key):
    found = page
    for part in key.split("."):
        found = (found or {}).get(part)
    return len(found or [])


def paged(client, name, method, parameters):
    """All at once and one by one must give as many."""
    paginator = client.get_paginator(method)
    key = paginator.result_keys[0].expression
    whole = sum(length(page, key) for page in paginator.paginate(**parameters))
    if not paginator._pagination_cfg.get("limit_key"):
        return None  # AWS lets nobody choose how long a page of this is.
    single = [length(page, key) for page in paginator.paginate(**parameters, PaginationConfig={"PageSize": 1, "MaxItems": 1000})]
    return {"whole": whole, "single": sum(single), "pages": len(single)}


results = {}
for service, operation in told["operations"]:
    client = boto3.client(service, endpoint_url=told["endpoint"], config=config)
    name = f"{service}:{operation}"
    if operation not in client.meta.service_model.operation_names:
        results[name] = {"absent": True}
        continue
    model = client.meta.service_model.operation_model(operation)
    parameters = value_for(operation, model.input_shape) if model.input_shape is not None else {}
    parameters.update(told["inputs"].get(name, {}))
    try:
        result = outcome_of(client, model, parameters)
        method = next((method for method, api in client.meta.method_to_api_mapping.items() if api == operation), None)
        if "misfits" in result and method is not None and client.can_paginate(method):
            result["paged"] = paged(client, operation, method, parameters)
    except Exception as error:  # Whatever boto3 could not make sense of.
        result = {"unparsed": f"{type(error).__name__}: {error}"}
    results[name] = result
json.dump(results, sys.stdout)
