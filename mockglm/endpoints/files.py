"""`/files`: upload, list, content and deletion. Files are kept in memory alone.

Captured (RarogCmex/pi-bigmodel, 2026-10): the answer to an upload, and that one for
a batch is refused for the models of its lines. The rest is documented. Assumed: the order of the
keys of a deletion and a list; that the newest file comes first; 1214 of `file_id` for a file that
is not there; the refusals of other mistakes in the lines of a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from mockglm.endpoints.call import Call
from mockglm.endpoints.storage import StorageBudget, StoredFile, StoredFiles
from mockglm.exchange import Response

PURPOSES = frozenset(
    (
        *("batch", "code-interpreter", "agent", "voice-clone-input", "user_data"),
        *("retrieval", "fine-tune", "file-extract"),
    )
)
MAX_LIMIT = 100
DEFAULT_LIMIT = 20
CONTENT_TYPE = "application/octet-stream"


def upload_file(call: Call) -> Response:
    """Keep a file; the lines of one for a batch are checked."""
    assert call.form is not None, "the body of an upload is a form"
    file, purpose = call.form.file("file"), call.form.fields.get("purpose", "")
    if file is None:
        call.refuse("1213", field="file")
    call.require(purpose, "purpose")
    call.check("purpose", holds=purpose in PURPOSES)
    if purpose == "batch":
        from mockglm.endpoints.batch_lines import check_lines

        check_lines(call, file.content)
    kept = keep_file(call, file.filename, purpose, content=file.content)
    return call.render(describe_file(kept), is_sorted=False)


def keep_file(call: Call, filename: str, purpose: str, *, content: bytes) -> StoredFile:
    """Keep a file of the key of a call. Raises UsageError beyond the bounds."""
    created = int(call.now)
    digest = blake2b(f"{call.id}\0{filename}".encode("utf-8", "replace"), digest_size=16)
    file = StoredFile(
        id=f"{created}_{digest.hexdigest()}",
        key=call.key,
        filename=filename,
        purpose=purpose,
        created=created,
        content=content,
    )
    call.state(StoredFiles).add(file, call.state(StorageBudget))
    return file


def describe_file(file: StoredFile) -> dict[str, Any]:
    return {
        "id": file.id,
        "object": "file",
        "bytes": len(file.content),
        "filename": file.filename,
        "purpose": file.purpose,
        "created_at": file.created,
    }


def list_files(call: Call) -> Response:
    """List the files of a purpose."""
    purpose = call.query("purpose")
    call.require(purpose, "purpose")
    found = call.state(StoredFiles).list_newest(call.key)
    files = [file for file in found if file.purpose == purpose]
    page, has_more = paginate(call, [file.id for file in files])
    data = [describe_file(file) for file in files if file.id in page]
    return call.render({"object": "list", "data": data, "has_more": has_more}, is_sorted=False)


def paginate(call: Call, ids: Sequence[str]) -> tuple[Sequence[str], bool]:
    """Choose the ids of a page by `after` and `limit`; also returns True if more follow."""
    limit, after = call.query("limit", str(DEFAULT_LIMIT)), call.query("after")
    is_number = limit.isascii() and limit.isdecimal() and len(limit) <= len(str(MAX_LIMIT))
    call.check("limit", holds=is_number and 1 <= int(limit) <= MAX_LIMIT)
    start = ids.index(after) + 1 if after in ids else 0
    end = start + int(limit)
    return ids[start:end], end < len(ids)


def delete_file(call: Call) -> Response:
    """Delete a file."""
    file = find_file(call, call.variables["id"])
    call.state(StoredFiles).remove(file.id)
    return call.render({"id": file.id, "deleted": True, "object": "file"}, is_sorted=False)


def get_content(call: Call) -> Response:
    """Answer with the bytes of a file."""
    file = find_file(call, call.variables["id"])
    return call.render_bytes(file.content, CONTENT_TYPE)


def find_file(call: Call, id: str) -> StoredFile:
    """Find a file of the key of a call, or refuse the call."""
    file = call.state(StoredFiles).get(id, call.key)
    if file is None:
        call.refuse("1214", field="file_id")
    return file
