"""Schemas of functions: published ones, hand-written ones, and combinations of keywords.

`PUBLISHED` are the parameters of the tools of released servers of the Model Context Protocol and of
released agents, collected by `collect.py`; each file of `published/` names its source. `TOOLS` are
hand-written in the manner of agents, generators (pydantic, zod, OpenAPI) and business applications;
`COMBINED` are built from the keywords of draft 2020-12, alone and together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

S: Schema = {"type": "string"}
I: Schema = {"type": "integer"}  # noqa: E741
N: Schema = {"type": "number"}
B: Schema = {"type": "boolean"}
NULL: Schema = {"type": "null"}
DATE: Schema = {"type": "string", "format": "date"}
WHEN: Schema = {"type": "string", "format": "date-time"}
EMAIL: Schema = {"type": "string", "format": "email"}
URI: Schema = {"type": "string", "format": "uri"}
UUID: Schema = {"type": "string", "format": "uuid"}


def obj(required: str = "", /, *, closed: Any = False, **properties: Any) -> Schema:
    """An object; `required` names properties, `*` is all of them."""
    names = list(properties) if required == "*" else required.split()
    schema: Schema = {"type": "object", "properties": properties}
    if names:
        schema["required"] = names
    if closed:
        schema["additionalProperties"] = False
    return schema


def arr(items: Any, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def enum(*values: Any, **more: Any) -> Schema:
    return {
        "enum": list(values),
        **({"type": "string"} if isinstance(values[0], str) else {}),
        **more,
    }


def opt(schema: Schema, **more: Any) -> Schema:
    """As pydantic writes an optional field."""
    return {"anyOf": [schema, NULL], "default": None, **more}


def text(**more: Any) -> Schema:
    return {"type": "string", **more}


def whole(low: int | None = None, high: int | None = None, **more: Any) -> Schema:
    edges = {"minimum": low, "maximum": high}
    return {"type": "integer", **{k: v for k, v in edges.items() if v is not None}, **more}


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def with_defs(schema: Schema, **definitions: Schema) -> Schema:
    return {**schema, "$defs": definitions}


CODING: dict[str, Schema] = {
    "read": obj(
        "file_path", closed=True, file_path=S, offset=whole(0), limit=whole(1, exclusiveMinimum=0)
    ),
    "write": obj("*", closed=True, file_path=S, content=S),
    "edit": obj(
        "file_path old_string new_string",
        closed=True,
        file_path=S,
        old_string=S,
        new_string=S,
        replace_all={"type": "boolean", "default": False},
    ),
    "multi_edit": obj(
        "*", file_path=S, edits=arr(obj("*", old_string=S, new_string=S), minItems=1)
    ),
    "bash": obj("command", command=S, timeout=whole(0, 600000), description=S, background=B),
    "grep": obj(
        "pattern",
        pattern=S,
        path=S,
        glob=S,
        output_mode=enum("content", "files_with_matches", "count"),
        **{"-A": N, "-B": N, "-C": N, "-n": B, "-i": B},
        head_limit=N,
    ),
    "glob": obj("pattern", pattern=S, path=text(description="The directory to search in")),
    "ls": obj("path", path=text(pattern="^/"), ignore=arr(S)),
    "todo_write": obj(
        "todos",
        todos=arr(
            obj(
                "*",
                closed=True,
                content=text(minLength=1),
                status=enum("pending", "in_progress", "completed"),
                activeForm=text(minLength=1),
            )
        ),
    ),
    "update_plan": obj(
        "plan",
        explanation=S,
        plan=arr(obj("*", step=S, status=enum("pending", "in_progress", "completed")), minItems=1),
    ),
    "task": obj("*", description=text(minLength=3, maxLength=40), prompt=S, subagent_type=S),
    "web_fetch": obj("*", url=URI, prompt=S),
    "web_search": obj(
        "query", query=text(minLength=2), allowed_domains=arr(S), blocked_domains=arr(S)
    ),
    "notebook_edit": obj(
        "notebook_path new_source",
        notebook_path=S,
        cell_id=S,
        new_source=S,
        cell_type=enum("code", "markdown"),
        edit_mode=enum("replace", "insert", "delete", default="replace"),
    ),
    "ask_user": obj(
        "questions",
        questions=arr(
            obj(
                "*",
                question=S,
                header=text(maxLength=12),
                options=arr(obj("*", label=S, description=S), minItems=2, maxItems=4),
                multiSelect=B,
            ),
            minItems=1,
            maxItems=4,
        ),
    ),
    "apply_patch": obj("patch", patch=text(minLength=1)),
    "lsp": obj(
        "*",
        operation=enum("goToDefinition", "findReferences", "hover"),
        filePath=S,
        line=whole(1),
        character=whole(1),
    ),
    "attempt_completion": obj("result", result=S, command=S),
    "ask_followup": obj(
        "*", question=S, follow_up=arr(obj("text", text=S, mode=opt(S)), minItems=2)
    ),
    "switch_mode": obj("*", mode_slug=text(pattern=r"^[a-z][a-z0-9-]*$"), reason=S),
    "browser_action": obj(
        "action",
        action=enum("launch", "click", "type", "scroll_down", "close"),
        url=S,
        coordinate=text(pattern=r"^\d+,\d+$"),
        text=S,
    ),
    "kill_shell": obj("shell_id", shell_id=text(pattern="^(bash_)?[0-9]+$")),
    "memory": obj("fact", fact=text(minLength=1), scope=enum("global", "project")),
    "str_replace_editor": obj(
        "command path",
        command=enum("view", "create", "str_replace", "insert", "undo_edit"),
        path=S,
        file_text=S,
        view_range=arr(I, minItems=2, maxItems=2),
        insert_line=I,
    ),
    "run_tests": obj("", paths=arr(S, uniqueItems=True), verbose=B, timeout=N),
    "list_code": obj("path", path=S, depth=whole(1, 10, default=2), kinds=arr(enum("f", "d"))),
    "git_commit": obj("message", message=text(minLength=1, maxLength=72), files=arr(S), amend=B),
    "git_log": obj("", max_count=whole(1, 100, default=10), since=DATE, author=opt(S)),
    "docker_run": obj(
        "image",
        image=text(pattern=r"^[a-z0-9./-]+(:[\w.-]+)?$"),
        env={"type": "object", "additionalProperties": S},
        ports=arr(text(pattern=r"^\d{1,5}:\d{1,5}$")),
    ),
    "kubectl": obj(
        "*", verb=enum("get", "describe", "logs"), resource=S, namespace=text(maxLength=63)
    ),
}

SERVERS: dict[str, Schema] = {
    "github_create_issue": obj("owner repo title", owner=S, repo=S, title=S, body=S, labels=arr(S)),
    "github_pull_request": obj(
        "owner repo title head base", owner=S, repo=S, title=S, head=S, base=S, draft=B
    ),
    "github_push_files": obj(
        "*", owner=S, repo=S, branch=S, files=arr(obj("*", path=S, content=S)), message=S
    ),
    "github_search": obj(
        "q", q=S, order=enum("asc", "desc"), page=whole(1), per_page=whole(1, 100)
    ),
    "github_review": obj(
        "*",
        owner=S,
        repo=S,
        pull_number=N,
        event=enum("APPROVE", "REQUEST_CHANGES", "COMMENT"),
        comments=arr(
            {
                "anyOf": [
                    obj("*", path=S, position=N, body=S),
                    obj("*", path=S, line=N, body=S),
                ]
            }
        ),
    ),
    "slack_post": obj("*", channel_id=text(pattern="^C[A-Z0-9]{8,10}$"), text=S),
    "slack_reply": obj("*", channel_id=S, thread_ts=text(pattern=r"^\d{10}\.\d{6}$"), text=S),
    "slack_history": obj("channel_id", channel_id=S, limit=N, oldest=opt(N)),
    "notion_page": obj(
        "parent properties",
        parent={"oneOf": [obj("*", page_id=UUID), obj("*", database_id=UUID)]},
        properties={"type": "object", "additionalProperties": True},
        children=arr({"type": "object"}),
    ),
    "notion_query": obj(
        "database_id",
        database_id=UUID,
        filter={"type": "object"},
        sorts=arr(obj("*", property=S, direction=enum("ascending", "descending"))),
        page_size=whole(1, 100, default=100),
    ),
    "notion_blocks": obj(
        "*",
        block_id=S,
        children=arr(
            {
                "oneOf": [
                    obj("*", type={"const": "paragraph"}, paragraph=obj("*", text=S)),
                    obj(
                        "*",
                        type={"const": "heading"},
                        heading=obj("*", text=S, level=enum(1, 2, 3)),
                    ),
                    obj("*", type={"const": "todo"}, checked=B),
                ]
            },
            minItems=1,
        ),
    ),
    "jira_issue": obj(
        "project summary issuetype",
        project=obj("key", key=text(pattern="^[A-Z]{2,10}$")),
        summary=text(maxLength=255),
        issuetype=obj("name", name=enum("Bug", "Task", "Story")),
        priority=opt(enum("P0", "P1", "P2")),
        duedate=DATE,
    ),
    "linear_issue": obj(
        "title teamId", title=S, teamId=UUID, priority=whole(0, 4), estimate=opt(N)
    ),
    "drive_search": obj("query", query=S, pageSize=whole(1, 100), pageToken=opt(S)),
    "gmail_send": obj(
        "to subject body", to=arr(EMAIL, minItems=1), cc=arr(EMAIL), subject=S, body=S
    ),
    "calendar_event": obj(
        "summary start end",
        summary=S,
        start=obj("dateTime", dateTime=WHEN, timeZone=S),
        end=obj("dateTime", dateTime=WHEN, timeZone=S),
        attendees=arr(obj("email", email=EMAIL, optional=B)),
        reminders=obj(
            "", overrides=arr(obj("*", method=enum("email", "popup"), minutes=whole(0, 40320)))
        ),
    ),
    "postgres_query": obj(
        "sql", sql=text(minLength=6), params=arr({"type": ["string", "number", "null"]})
    ),
    "sqlite_insert": obj(
        "*",
        table=text(pattern="^[A-Za-z_][A-Za-z0-9_]*$"),
        rows=arr({"type": "object", "minProperties": 1}, minItems=1),
    ),
    "redis_set": obj("key value", key=text(minLength=1), value={}, ttl=whole(1)),
    "mongo_find": obj(
        "collection",
        collection=S,
        filter={"type": "object", "additionalProperties": True},
        projection={"type": "object", "additionalProperties": enum(0, 1)},
        limit=whole(1, 1000, default=10),
    ),
    "elastic_search": obj(
        "index",
        index=S,
        query={"type": "object"},
        size=whole(0, 10000),
        sort=arr({"type": ["string", "object"]}),
    ),
    "s3_put": obj(
        "*",
        bucket=text(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"),
        key=S,
        acl=enum("private", "public-read"),
    ),
    "sequential_thinking": obj(
        "thought nextThoughtNeeded thoughtNumber totalThoughts",
        thought=S,
        nextThoughtNeeded=B,
        thoughtNumber=whole(1),
        totalThoughts=whole(1),
        isRevision=B,
        branchId=S,
    ),
    "memory_entities": obj("*", entities=arr(obj("*", name=S, entityType=S, observations=arr(S)))),
    "memory_relations": obj(
        "*", relations=arr(obj("*", **{"from": S, "to": S, "relationType": S}))
    ),
    "filesystem_edit": obj(
        "path edits",
        path=S,
        edits=arr(obj("*", closed=True, oldText=S, newText=S)),
        dryRun={"type": "boolean", "default": False},
    ),
    "filesystem_tree": obj("path", path=S, excludePatterns=arr(S, default=[])),
    "fetch": obj(
        "url",
        url=text(format="uri", minLength=1),
        max_length=whole(exclusiveMinimum=0, exclusiveMaximum=1000000),
        raw=B,
    ),
    "puppeteer_click": obj("selector", selector=S),
    "playwright_fill": obj(
        "fields",
        fields=arr(obj("*", name=S, type=enum("textbox", "checkbox", "combobox"), ref=S, value=S)),
    ),
    "maps_directions": obj(
        "origin destination", origin=S, destination=S, mode=enum("driving", "walking", "transit")
    ),
    "maps_geocode": obj(
        "*",
        latitude={"type": "number", "minimum": -90, "maximum": 90},
        longitude={"type": "number", "minimum": -180, "maximum": 180},
    ),
    "maps_matrix": obj(
        "*", origins=arr(S, minItems=1, maxItems=25), destinations=arr(S, minItems=1, maxItems=25)
    ),
    "time_convert": obj(
        "*", source_timezone=S, time=text(pattern=r"^([01]\d|2[0-3]):[0-5]\d$"), target_timezone=S
    ),
    "sentry_issue": obj(
        "issue_id_or_url", issue_id_or_url={"anyOf": [URI, text(pattern=r"^\d+$")]}
    ),
    "stripe_invoice": obj(
        "customer",
        customer=text(pattern="^cus_[A-Za-z0-9]{14}$"),
        days_until_due=whole(1, 365),
        auto_advance=B,
    ),
    "figma_nodes": obj(
        "*", fileKey=S, ids=arr(text(pattern=r"^\d+:\d+$"), minItems=1, uniqueItems=True)
    ),
    "youtube_transcript": obj(
        "url",
        url=text(pattern=r"^https://(www\.)?youtube\.com/watch\?v=[\w-]{11}$"),
        lang=text(default="en"),
    ),
    "cloudflare_dns": obj(
        "type name content",
        type=enum("A", "AAAA", "CNAME", "TXT"),
        name={"type": "string", "format": "hostname"},
        content={
            "anyOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}]
        },
        ttl=whole(60, 86400, multipleOf=60),
    ),
    "obsidian_patch": obj(
        "*",
        filepath=text(format="path"),
        operation=enum("append", "prepend", "replace"),
        target=S,
        content=S,
    ),
    "todoist_task": obj(
        "content", content=S, due_string=S, priority=whole(1, 4), labels=arr(S, maxItems=5)
    ),
    "spotify_play": obj(
        "",
        context_uri=text(pattern="^spotify:(album|playlist):[A-Za-z0-9]{22}$"),
        position_ms=whole(0),
    ),
    "home_light": obj(
        "entity_id",
        entity_id=text(pattern=r"^light\.[a-z_]+$"),
        brightness=whole(0, 255),
        rgb=arr(whole(0, 255), minItems=3, maxItems=3),
    ),
    "airtable_create": obj(
        "*",
        baseId=text(pattern="^app[A-Za-z0-9]{14}$"),
        tableId=S,
        records=arr(
            obj(
                "fields",
                fields={
                    "type": "object",
                    "additionalProperties": {"type": ["string", "number", "boolean"]},
                },
            ),
            maxItems=10,
        ),
    ),
    "exa_search": obj(
        "query", query=S, numResults=whole(1, 100, default=8), startPublishedDate=WHEN
    ),
    "grafana_query": obj("*", uid=S, expr=S, start=S, end=S, step={"type": ["integer", "string"]}),
    "n8n_workflow": obj(
        "name nodes connections",
        name=S,
        nodes=arr(
            obj(
                "id name type position",
                id=S,
                name=S,
                type=S,
                position={"type": "array", "prefixItems": [N, N], "items": False, "minItems": 2},
            )
        ),
        connections={"type": "object"},
    ),
    "neo4j": obj("query", query=S, params=opt({"type": "object", "additionalProperties": True})),
    "mermaid": obj("code", code=S, theme=enum("default", "dark", None)),
    "discord_send": obj("*", channelId=text(pattern=r"^\d{17,20}$"), content=text(maxLength=2000)),
}

BUSINESS: dict[str, Schema] = {
    "get_weather": obj(
        "location",
        location=text(description="City, e.g. San Francisco, CA"),
        unit=enum("celsius", "fahrenheit"),
    ),
    "天气": obj("城市", 城市=text(description="城市名称，例如：北京"), 日期=DATE),
    "book_flight": obj(
        "*",
        origin=text(minLength=3, maxLength=3),
        destination=text(pattern="^[A-Z]{3}$"),
        date=DATE,
        passengers=whole(1, 9),
        cabin=enum("economy", "business", "first"),
    ),
    "book_hotel": obj(
        "city checkin checkout",
        city=S,
        checkin=DATE,
        checkout=DATE,
        guests=whole(1, 10, default=2),
        stars=arr(whole(1, 5), uniqueItems=True, maxItems=5),
    ),
    "stock": obj("symbol", symbol=text(pattern="^[A-Z]{1,5}$"), interval=enum("1d", "1w", "1mo")),
    "transfer": obj(
        "*",
        from_account=text(pattern=r"^\d{10}$"),
        to_account=text(pattern=r"^\d{10}$"),
        amount={"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.01},
        currency=enum("CNY", "USD", "EUR"),
    ),
    "calculator": obj("expression", expression=S),
    "add": obj("*", a=I, b=I),
    "convert": obj("*", value=N, **{"from": S, "to": S}),
    "translate": obj("text target", text=S, source=opt(S), target=enum("zh", "en", "ja", "fr")),
    "order": obj(
        "items",
        items=arr(obj("*", sku=text(pattern=r"^SKU-\d{4}$"), quantity=whole(1, 99)), minItems=1),
        coupon=text(pattern=r"^[A-Z0-9]{6,8}$"),
        address=obj("street city zip", street=S, city=S, zip=text(pattern=r"^\d{5}(-\d{4})?$")),
    ),
    "refund": obj(
        "order_id reason",
        order_id=text(pattern=r"^ORD-[0-9]{6}$"),
        reason=enum("damaged", "late", "other"),
        amount=opt(N),
    ),
    "ticket": obj(
        "*",
        subject=text(maxLength=80),
        priority=enum("low", "medium", "high"),
        tags=arr(text(maxLength=20), maxItems=5, uniqueItems=True),
    ),
    "person": obj(
        "*",
        name=text(minLength=1),
        age=whole(0, 150),
        email=EMAIL,
        phone=text(pattern=r"^\+?[0-9]{7,15}$"),
    ),
    "book": obj(
        "*", title=S, author=obj("*", name=S, nationality=S), genres=arr(S), published_year=I
    ),
    "recipe": obj(
        "*",
        name=S,
        ingredients=arr(obj("name", name=S, amount=opt(N), unit=opt(S)), minItems=1),
        steps=arr(S, minItems=1),
        minutes=whole(1),
    ),
    "quiz": obj(
        "*",
        questions=arr(
            obj("*", question=S, choices=arr(S, minItems=4, maxItems=4), answer=whole(0, 3)),
            minItems=1,
        ),
    ),
    "sentiment": obj(
        "*",
        label=enum("positive", "negative", "neutral"),
        confidence={"type": "number", "minimum": 0, "maximum": 1},
    ),
    "entities": obj(
        "*",
        entities=arr(
            obj(
                "*",
                text=S,
                type=enum("PER", "LOC", "ORG"),
                span={
                    "type": "array",
                    "prefixItems": [whole(0), whole(0)],
                    "minItems": 2,
                    "maxItems": 2,
                },
            )
        ),
    ),
    "resume": obj(
        "name experience",
        name=S,
        email=EMAIL,
        experience=arr(
            obj(
                "company start",
                company=S,
                start=text(pattern=r"^\d{4}-(0[1-9]|1[0-2])$"),
                end=opt(S),
            )
        ),
        skills=arr(S, uniqueItems=True),
    ),
    "alarm": obj(
        "*",
        time={"type": "string", "format": "time"},
        repeat=arr(enum("mon", "tue", "wed", "thu", "fri"), uniqueItems=True, maxItems=5),
    ),
    "meeting": obj(
        "*",
        title=S,
        start=WHEN,
        duration={"type": "string", "format": "duration"},
        attendees=arr(EMAIL, minItems=2, uniqueItems=True),
    ),
    "password": obj(
        "*",
        user=text(pattern=r"^[a-z][a-z0-9_]{2,15}$"),
        password=text(minLength=8, pattern=r"^(?=.*[A-Z])(?=.*\d).+$"),
    ),
    "payment_card": obj(
        "*",
        number=text(pattern=r"^(\d{4} ){3}\d{4}$"),
        expiry=text(pattern=r"^(0[1-9]|1[0-2])/\d{2}$"),
        cvc=text(pattern=r"^\d{3,4}$"),
    ),
    "palette": obj(
        "*", colors=arr(text(pattern="^#[0-9a-fA-F]{6}$"), minItems=3, maxItems=5, uniqueItems=True)
    ),
    "version": obj("*", version=text(pattern=r"^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$")),
    "slug": obj("*", slug=text(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", maxLength=30)),
    "id_card": obj(
        "*",
        number=text(
            pattern=r"^[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dX]$"
        ),
    ),
    "plate": obj("*", plate=text(pattern=r"^[京沪粤浙][A-Z][A-Z0-9]{5}$")),
    "phone_cn": obj("*", phone=text(pattern=r"^1[3-9]\d{9}$")),
    "geo": obj("*", bbox=arr(N, minItems=4, maxItems=4), zoom=whole(0, 22)),
    "chart": obj(
        "*",
        type=enum("bar", "line"),
        series=arr(obj("*", name=S, data=arr({"type": ["number", "null"]}, minItems=3))),
    ),
    "cron": obj("*", cron=text(pattern=r"^(\S+ ){4}\S+$"), enabled=B),
    "http": obj(
        "method url",
        method=enum("GET", "POST"),
        url=URI,
        headers={"type": "object", "additionalProperties": S},
        body={"type": ["object", "string", "null"]},
    ),
    "ip_rule": obj(
        "*", cidr=text(pattern=r"^(\d{1,3}\.){3}\d{1,3}/\d{1,2}$"), action=enum("allow", "deny")
    ),
    "survey": obj(
        "*",
        answers={
            "type": "object",
            "patternProperties": {"^q[0-9]+$": whole(1, 5)},
            "additionalProperties": False,
            "minProperties": 2,
        },
    ),
    "limits": obj(
        "*",
        ratio={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        step={"type": "integer", "multipleOf": 7, "minimum": 20, "maximum": 30},
    ),
    "no_parameters": {"type": "object", "properties": {}},
    "no_parameters_closed": {"type": "object", "properties": {}, "additionalProperties": False},
    "anything": {},
}

ADDRESS = obj("street city", street=S, city=S, zip=opt(text(pattern=r"^\d{6}$")))
CAT = obj("*", kind={"const": "cat"}, lives=whole(1, 9))
DOG = obj("*", kind={"const": "dog"}, good=B)

GENERATED: dict[str, Schema] = {
    "pydantic_nested": with_defs(
        obj("user", user=ref("User")),
        User=obj("name address", name=S, address=ref("Address")),
        Address=ADDRESS,
    ),
    "pydantic_optional": obj("", name=opt(S, title="Name"), age=opt(whole(0)), tags=opt(arr(S))),
    "pydantic_enum": with_defs(
        obj("*", color=ref("Color")), Color=enum("red", "green", title="Color")
    ),
    "pydantic_allof_ref": with_defs(
        obj("*", color={"allOf": [ref("Color")], "default": "red"}), Color=enum("red", "green")
    ),
    "pydantic_discriminated": with_defs(
        obj(
            "*", pet={"oneOf": [ref("Cat"), ref("Dog")], "discriminator": {"propertyName": "kind"}}
        ),
        Cat=CAT,
        Dog=DOG,
    ),
    "pydantic_union_list": with_defs(
        obj("*", pets=arr({"anyOf": [ref("Cat"), ref("Dog")]}, minItems=2)), Cat=CAT, Dog=DOG
    ),
    "pydantic_recursive": with_defs(ref("Node"), Node=obj("*", value=I, children=arr(ref("Node")))),
    "pydantic_linked": with_defs(ref("Item"), Item=obj("value", value=S, next=opt(ref("Item")))),
    "pydantic_linked_required": with_defs(
        ref("Item"), Item=obj("*", value=S, next={"anyOf": [ref("Item"), NULL]})
    ),
    "pydantic_mutual": with_defs(
        obj("*", a=ref("A")), A=obj("*", b=opt(ref("B"))), B=obj("*", a=arr(ref("A")))
    ),
    "pydantic_tuple": obj(
        "*", point={"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [N, N]}
    ),
    "pydantic_dict": obj("*", scores={"type": "object", "additionalProperties": whole(0, 100)}),
    "pydantic_dict_of_models": with_defs(
        obj("*", people={"type": "object", "additionalProperties": ref("P"), "minProperties": 1}),
        P=obj("*", name=S),
    ),
    "pydantic_set": obj("*", ids=arr(I, uniqueItems=True, minItems=3)),
    "pydantic_literal": obj("*", mode={"const": "fast", "type": "string"}, level=enum(1, 2, 3)),
    "pydantic_decimal": obj(
        "*",
        price={
            "anyOf": [
                {"type": "number", "minimum": 0},
                text(pattern=r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"),
            ]
        },
    ),
    "pydantic_datetimes": obj(
        "*",
        day=DATE,
        at=WHEN,
        clock={"type": "string", "format": "time"},
        took={"type": "string", "format": "duration"},
    ),
    "pydantic_network": obj(
        "*",
        site={"type": "string", "format": "uri", "minLength": 1, "maxLength": 2083},
        ip={"type": "string", "format": "ipv4"},
        id=UUID,
        mail=EMAIL,
    ),
    "pydantic_constrained": obj(
        "*",
        name=text(minLength=3, maxLength=5),
        count=whole(multipleOf=5, exclusiveMinimum=0),
        ratio={"type": "number", "minimum": 0, "maximum": 1},
    ),
    "expression": with_defs(
        ref("Expr"),
        Expr={"anyOf": [ref("Op"), ref("Num")]},
        Op=obj("*", op=enum("+", "*"), left=ref("Expr"), right=ref("Expr")),
        Num=obj("*", value=N),
    ),
    "json_value": {
        "$defs": {
            "J": {
                "anyOf": [
                    NULL,
                    B,
                    N,
                    S,
                    arr(ref("J")),
                    {"type": "object", "additionalProperties": ref("J")},
                ]
            }
        },
        **obj("*", value=ref("J")),
    },
    "ui_tree": with_defs(
        ref("N"),
        N=obj(
            "type children attributes",
            closed=True,
            type=enum("div", "button", "form"),
            label=S,
            children=arr(ref("N")),
            attributes=arr(obj("*", closed=True, name=S, value=S)),
        ),
    ),
    "strict_mode": obj(
        "*", closed=True, city=S, unit={"type": ["string", "null"], "enum": ["c", "f", None]}
    ),
    "steps": obj(
        "*", closed=True, steps=arr(obj("*", closed=True, explanation=S, output=S)), final_answer=S
    ),
    "definitions_draft7": {
        "definitions": {"positive": whole(1)},
        **obj("*", n={"$ref": "#/definitions/positive"}),
    },
    "openapi_components": {
        "components": {"schemas": {"Pet": CAT}},
        **obj("*", pet={"$ref": "#/components/schemas/Pet"}),
    },
    "openapi_nullable": obj(
        "*",
        note={"type": "string", "nullable": True},
        kind={"type": "string", "enum": ["a", "b"], "nullable": True},
    ),
    "openapi_formats": obj(
        "*",
        id={"type": "integer", "format": "int64"},
        ratio={"type": "number", "format": "double"},
        data={"type": "string", "format": "byte"},
    ),
    "openapi_examples": obj(
        "*", name=text(example="Bo"), size=text(examples=["S", "M"]), level=whole(1, 3, default=2)
    ),
    "zod_record": obj(
        "*",
        map={
            "type": "object",
            "propertyNames": text(minLength=2, pattern="^[a-z]+$"),
            "additionalProperties": N,
            "minProperties": 2,
        },
    ),
    "zod_intersection": {"allOf": [obj("a", a=S), obj("b", b=N)]},
    "zod_discriminated": {
        "type": "object",
        "oneOf": [
            obj("*", closed=True, t={"const": "x"}, x=I),
            obj("*", closed=True, t={"const": "y"}, y=S),
        ],
    },
    "escaped_pointer": {
        "$defs": {"a/b": {"c~d": whole(3)}},
        **obj("*", v={"$ref": "#/$defs/a~1b/c~0d"}),
    },
    "anchored": {
        "$defs": {"x": {"$anchor": "here", "type": "integer"}},
        **obj("*", v={"$ref": "#here"}),
    },
    "described_ref": with_defs(obj("*", a={**ref("A"), "description": "The a"}), A=whole(2, 4)),
}

LOGIC: dict[str, Schema] = {
    "one_of_required": {
        **obj("", id=I, name=S),
        "oneOf": [{"required": ["id"]}, {"required": ["name"]}],
    },
    "any_of_required": {
        **obj("", id=I, name=S, mail=EMAIL),
        "anyOf": [{"required": ["name"]}, {"required": ["mail"]}],
    },
    "not_both": {**obj("a", a=S, b=S), "not": {"required": ["a", "b"]}},
    "not_string": {"not": S},
    "not_enum": {"type": "string", "not": enum("example", "a", "b")},
    "not_empty": {"type": "string", "not": {"const": ""}, "maxLength": 3},
    "if_country": {
        **obj("country zip", country=enum("US", "CN"), zip=S),
        "if": {"properties": {"country": {"const": "US"}}},
        "then": {"properties": {"zip": text(pattern=r"^\d{5}$")}},
        "else": {"properties": {"zip": text(pattern=r"^\d{6}$")}},
    },
    "if_then_required": {
        **obj("kind", kind=enum("card", "cash"), number=text(pattern=r"^\d{16}$")),
        "if": {"properties": {"kind": {"const": "card"}}},
        "then": {"required": ["number"]},
    },
    "dependent_required": {
        **obj("card", card=S, billing=S),
        "dependentRequired": {"card": ["billing"]},
    },
    "dependent_schema": {
        **obj("card", card=S),
        "dependentSchemas": {"card": obj("cvc", cvc=text(pattern=r"^\d{3}$"))},
    },
    "dependencies_draft7": {**obj("a", a=S, b=S), "dependentRequired": {"a": ["b"]}},
    "contains": arr({}, contains={"const": 5}),
    "contains_several": {
        "type": "array",
        "contains": whole(10, 20),
        "minContains": 2,
        "maxContains": 3,
        "minItems": 4,
        "items": I,
    },
    "one_of_numbers": {
        "oneOf": [{"type": "number", "multipleOf": 5}, {"type": "number", "multipleOf": 3}]
    },
    "one_of_overlap": {"oneOf": [N, I]},
    "all_of_ranges": {"allOf": [whole(3), {"maximum": 9}, {"multipleOf": 4}]},
    "all_of_types": {"allOf": [{"type": ["string", "integer"]}, {"type": ["integer", "null"]}]},
    "any_of_all_of": {"anyOf": [{"allOf": [S, {"minLength": 500}, {"maxLength": 3}]}, I]},
    "nested_any": {"anyOf": [{"anyOf": [{"anyOf": [whole(7, 7)]}]}]},
    "enum_mixed": {"enum": [None, 1, "x", {"a": 1}, [1]]},
    "enum_filtered": {"enum": ["no", "yes", 3], "type": "integer"},
    "const_object": {"const": {"a": [1, {"b": None}]}},
    "bad_default": whole(5, 10, default=3),
    "bad_example": text(minLength=4, examples=["a", "abcd"]),
    "tuple_rest": {"type": "array", "prefixItems": [S, I], "items": B, "minItems": 4},
    "unique_objects": arr(obj("*", id=whole(0)), uniqueItems=True, minItems=4),
    "unique_bools": arr(B, uniqueItems=True, minItems=2),
    "unique_enum": arr(enum("a", "b", "c", "d"), uniqueItems=True, minItems=4),
    "untyped_object": {"properties": {"a": I}, "required": ["a"]},
    "untyped_array": {"items": I, "minItems": 2},
    "untyped_range": {"minimum": 3, "maximum": 4},
    "true_property": obj("a b", a=True, b={}),
    "false_property": {**obj("a", a=S), "properties": {"a": S, "b": False}},
    "pattern_and_named": {
        "type": "object",
        "properties": {"x_1": whole(5)},
        "patternProperties": {"^x_": whole(None, 7)},
        "required": ["x_1", "x_2"],
    },
    "exact_size": {"type": "object", "minProperties": 3, "maxProperties": 3},
    "unnamed_required": {"type": "object", "required": ["alpha", "beta"]},
    "deep": obj(
        "*", a=obj("*", b=obj("*", c=obj("*", d=obj("*", e=arr(obj("*", f=whole(2)), minItems=2)))))
    ),
    "long_text": text(minLength=300, maxLength=310),
    "long_list": arr(I, minItems=120),
    "long_unique": arr(text(minLength=2, maxLength=2), minItems=60, uniqueItems=True),
    "tiny_float": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.001},
    "large_integer": whole(10**15, 10**15 + 5),
    "negative": whole(-20, -10),
    "fractional_edges": {"type": "integer", "minimum": 2.5, "maximum": 3.5},
    "number_steps": {"type": "number", "multipleOf": 0.25, "minimum": 0.3, "maximum": 0.7},
    "only_null": NULL,
    "types": {"type": ["null", "boolean", "integer"], "minimum": 4},
}

TOOLS: dict[str, Schema] = {**CODING, **SERVERS, **BUSINESS, **GENERATED, **LOGIC}

LEAVES: dict[str, Schema] = {
    "text": S,
    "short": text(minLength=2, maxLength=4),
    "coded": text(pattern=r"^[A-Z]{2}-\d{3}$"),
    "day": DATE,
    "mail": EMAIL,
    "choice": enum("a", "b", "c"),
    "count": whole(1, 9),
    "ratio": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
    "flag": B,
    "maybe": {"anyOf": [whole(100), NULL]},
}
"""What stands at the ends of the built schemas."""


def combined() -> Iterator[tuple[str, Schema]]:
    """Each leaf in each frame, and each pair of leaves in the frames that take two."""
    for name, leaf in LEAVES.items():
        yield f"{name} required", obj("v", v=leaf)
        yield f"{name} listed", obj("v", v=arr(leaf, minItems=2, maxItems=4))
        yield (
            f"{name} mapped",
            obj("v", v={"type": "object", "additionalProperties": leaf, "minProperties": 2}),
        )
        yield f"{name} referred", with_defs(obj("v", v=arr(ref("L"), minItems=1)), L=leaf)
        yield f"{name} closed", obj("*", closed=True, v=obj("*", closed=True, w=leaf))
    for (one, left), (two, right) in product(LEAVES.items(), LEAVES.items()):
        if one < two:
            yield f"{one} or {two}", obj("v", v={"anyOf": [left, right]})
            yield f"{one} and {two}", {"allOf": [obj("a", a=left), obj("b", b=right)]}
            yield (
                f"{one}, {two}",
                {"type": "array", "prefixItems": [left, right], "items": False, "minItems": 2},
            )


COMBINED = dict(combined())


def published() -> Iterator[tuple[str, Schema]]:
    """Yield the schemas of `published/`, named by source and tool."""
    for path in sorted((Path(__file__).parent / "published").glob("*.json")):
        value = json.loads(path.read_text("utf-8"))
        for tool, schema in value["tools"].items():
            yield f"{value['source']}: {tool}", schema


PUBLISHED = dict(published())
