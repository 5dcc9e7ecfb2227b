"""The parts of a content that is a list: text, refusals, images, and what cannot be trained on.

Source of the limits on images: OpenAI's and Azure's guides on vision fine-tuning (at most 10 MB an image; JPEG, PNG or
WEBP; images only in user messages).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from fttool.rules.base import Fault, kind, nearest, null_keys, shown
from fttool.rules.limits import Limits

MOST_IMAGE_BYTES = 10_000_000
#: More examples with images than this are not trained on.
MOST_IMAGE_EXAMPLES = 50_000

#: Kinds of parts, with the key that holds their content.
PARTS = {"text": "text", "refusal": "refusal", "image_url": "image_url", "input_audio": "input_audio", "file": "file"}
_NOT_TRAINED = ("input_audio", "file")
_DETAILS = ("auto", "low", "high")

#: The first bytes of image files.
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
)
_TAKEN = ("jpeg", "png", "webp")

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w=.+-]+)*?)(;base64)?,", re.ASCII | re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


def parts_faults(parts: list[Any], role: str, path: str) -> Iterator[Fault]:
    """Faults of a content that is a list of parts."""
    if not parts:
        yield Fault("chat-content", path, "is an empty list")
    for number, part in enumerate(parts):
        yield from _part_faults(part, role, f"{path}[{number}]")
    if parts and all(isinstance(part, Mapping) and part.get("type") in ("text", "refusal") for part in parts):
        texts = [part.get(part["type"]) for part in parts]
        if not any(not isinstance(text, str) or text.strip() for text in texts):
            yield Fault("chat-content" if role == "assistant" else "empty-content", path, "holds no text")


def image_count_faults(messages: list[Any], path: str, limits: Limits) -> Iterator[Fault]:
    """Too many images in one example."""
    count = count_images(messages)
    if count > limits.images:
        yield Fault("image-count", path, f"hold {count} images; at most {limits.images} an example are taken")


def count_images(messages: object) -> int:
    """How many images there are in a list of messages."""
    if not isinstance(messages, list):
        return 0
    return sum(
        1
        for message in messages
        if isinstance(message, Mapping) and isinstance(message.get("content"), list)
        for part in message["content"]
        if isinstance(part, Mapping) and part.get("type") == "image_url"
    )


def _part_faults(part: object, role: str, at: str) -> Iterator[Fault]:
    if not isinstance(part, Mapping):
        yield Fault("content-part", at, f"is {kind(part)}, not an object")
        return
    type_ = part.get("type")
    if not isinstance(type_, str) or type_ not in PARTS:
        near = nearest(type_, PARTS) if isinstance(type_, str) else None
        meant = f"; did you mean `{near}`?" if near else ""
        said = "is missing" if "type" not in part else f"is {shown(type_)}"
        yield Fault("content-part", f"{at}.type", f"{said}; it must be one of {', '.join(PARTS)}{meant}")
        return
    if type_ in _NOT_TRAINED:
        yield Fault("part-not-trained", at, f"is of type `{type_}`")
        return
    if type_ == "image_url":
        yield from _image_faults(part.get("image_url"), role, at)
        return
    if not isinstance(part.get(type_), str):
        said = "is missing" if type_ not in part else f"is {kind(part[type_])}, not text"
        yield Fault("content-part", f"{at}.{type_}", said)
    elif type_ == "refusal" and role != "assistant":
        yield Fault(
            "content-part", f"{at}.type", f"is `refusal` in a message of role {shown(role)}; only the assistant refuses"
        )


def _image_faults(image: object, role: str, at: str) -> Iterator[Fault]:
    if role != "user":
        yield Fault("image-role", at, f"is an image in a message of role {shown(role)}; only users send images")
    path = f"{at}.image_url"
    if not isinstance(image, Mapping):
        yield Fault("image-url", path, f'is {kind(image)}; it must be an object: {{"url": …}}')
        return
    yield from null_keys(image, ("detail",), path)
    detail = image.get("detail")
    if detail is not None and detail not in _DETAILS:
        yield Fault("content-part", f"{path}.detail", f"is {shown(detail)}; it must be {', '.join(_DETAILS)}")
    url = image.get("url")
    if not isinstance(url, str) or not url:
        yield Fault("image-url", f"{path}.url", "is missing" if url is None else f"is {kind(url) if url else 'empty'}")
    elif url[:5].lower() == "data:":
        yield from _data_faults(url, f"{path}.url")
    elif not _is_web(url):
        yield Fault("image-url", f"{path}.url", f"is {shown(url)}; it must begin with https://, http:// or data:")


def _data_faults(url: str, path: str) -> Iterator[Fault]:
    head = _DATA_URL.match(url, 0, min(len(url), 300))
    if head is None or not head[3]:
        yield Fault("image-url", path, "is no data URL: it must be `data:image/…;base64,` and the image")
        return
    start = head.end()
    if start == len(url) or (len(url) - start) % 4 or not _BASE64.fullmatch(url, start):
        yield Fault("image-url", path, "has data that are no base64")
        return
    size = (len(url) - start) // 4 * 3 - url.count("=", len(url) - 2)
    if size > MOST_IMAGE_BYTES:
        yield Fault("image-size", path, f"has {size:,} bytes; at most {MOST_IMAGE_BYTES:,} are taken")
    declared = (head[1] or "").lower().removeprefix("image/").replace("jpg", "jpeg")
    found = _format(url[start : start + 64])
    if found not in _TAKEN:
        what = found or "no image that is known"
        yield Fault("image-format", path, f"is {what.upper() if found else what}; JPEG, PNG and WEBP are taken")
    elif declared != found:
        yield Fault("image-format", path, f"is declared as {shown(head[1] or '')} but is {found.upper()}")


def _format(data: str) -> str | None:
    """What the first bytes of an image in base64 say it is."""
    try:
        first = base64.b64decode(data[: len(data) // 4 * 4])
    except (binascii.Error, ValueError):
        return None
    if first[:4] == b"RIFF" and first[8:12] == b"WEBP":
        return "webp"
    return next((name for magic, name in _MAGIC if first.startswith(magic)), None)


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
