"""Files that come from or go to others: their type by what they hold, and names that are safe to use.

A name is foreign text, and says nothing reliable about the content. So the type is read from the first
bytes, and a file is stored under a name whose ending is that of its type: what opens it goes by the ending.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from inbox_tui.core.text import clean

HEAD_BYTES = 4_096
"""How much of a file's start `media_type` looks at."""
MAX_NAME, MAX_NAME_BYTES = 120, 200
"""A file name's length in characters, and in UTF-8: file systems take 255 bytes."""
UNKNOWN = "application/octet-stream"

_WORDS = "application/vnd.openxmlformats-officedocument"
_ZIPPED: Mapping[str, str] = {
    "docx": f"{_WORDS}.wordprocessingml.document",
    "xlsx": f"{_WORDS}.spreadsheetml.sheet",
    "pptx": f"{_WORDS}.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "epub": "application/epub+zip",
}
"""Documents that are a zip inside: of those the name decides which."""
_TEXTS: Mapping[str, str] = {
    "txt": "text/plain",
    "log": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "json": "application/json",
    "ics": "text/calendar",
    "vcf": "text/vcard",
}
"""Plain text, of which the name may say more; none of these is run by what opens it."""
_ENDINGS: Mapping[str, tuple[str, ...]] = {
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/bmp": ("bmp",),
    "image/tiff": ("tiff", "tif"),
    "image/avif": ("avif",),
    "image/heic": ("heic", "heif"),
    "video/mp4": ("mp4", "m4v"),
    "video/quicktime": ("mov", "qt"),
    "video/3gpp": ("3gp", "3gpp"),
    "video/webm": ("webm",),
    "video/x-matroska": ("mkv",),
    "video/x-msvideo": ("avi",),
    "audio/mp4": ("m4a",),
    "audio/mpeg": ("mp3",),
    "audio/aac": ("aac",),
    "audio/amr": ("amr",),
    "audio/flac": ("flac",),
    "audio/ogg": ("ogg", "oga", "opus"),
    "video/ogg": ("ogv",),
    "audio/wav": ("wav",),
    "application/pdf": ("pdf",),
    "application/zip": ("zip",),
    "application/gzip": ("gz", "tgz"),
    "application/x-7z-compressed": ("7z",),
    "application/vnd.rar": ("rar",),
    # Shown as text, never run by a browser.
    "text/html": ("txt",),
    "image/svg+xml": ("txt",),
    **{mime: (ending,) for ending, mime in _ZIPPED.items()},
    **{mime: tuple(each for each in _TEXTS if _TEXTS[each] == mime) for mime in _TEXTS.values()},
}
"""The endings that a name may have by type; the first is put behind one that has none of them."""
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR", "audio/amr"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
)
_RIFF: Mapping[bytes, str] = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}
_BRANDS: Mapping[bytes, str] = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
"""Names that mean a device on Windows, where a saved file may be copied to."""
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u2400-\u2421\u2044\u2215\u29f8\uff0f\ufffd]+')
_MARKS = re.compile("[\u200c-\u200f]")


def media_type(head: bytes, name: str = "") -> str:
    """The media type of a file by its first `HEAD_BYTES`; the name only tells kinds of documents apart.

    `application/octet-stream` where the content says nothing, programs among them.
    """
    ending = name.rpartition(".")[2].lower()
    for start, mime in _STARTS:
        if head.startswith(start):
            return mime
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return _BRANDS.get(brand, "video/3gpp" if brand.startswith(b"3g") else "video/mp4")
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head.startswith(b"OggS"):
        return "video/ogg" if b"theora" in head[:64] else "audio/ogg"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _ZIPPED.get(ending, "application/zip")
    if len(head) > 13 and head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return "image/bmp"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return _mpeg_audio(head[1])
    return _text_type(head, ending)


def _mpeg_audio(second: int) -> str:
    """The type of a stream of audio frames by the second byte of its first."""
    layer = second >> 1 & 3
    if layer == 0:
        return "audio/aac" if second & 0xF0 == 0xF0 else UNKNOWN
    return "audio/mpeg"


def _text_type(head: bytes, ending: str) -> str:
    try:
        words = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A character may be cut in two where the head ends.
        if error.start < len(head) - 3:
            return UNKNOWN
        words = head[: error.start].decode("utf-8-sig")
    if not words or any(character < " " and character not in "\t\n\r\f" for character in words):
        return UNKNOWN
    start = words.lstrip().lower()
    if "<svg" in start[:1000] and start.startswith("<"):
        return "image/svg+xml"
    if start.startswith(("<!doctype html", "<html", "<head", "<body", "<script")) or "<html" in start[:1000]:
        return "text/html"
    return _TEXTS.get(ending, "text/plain")


def file_name(name: str) -> str:
    """A foreign file name as it may be used and shown: one part of a path, visible, not hidden.

    No separator, control or bidirectional character, no leading dot or dash, no reserved name, at most
    MAX_NAME characters; the ending stays. `file` where nothing is left.
    """
    plain = " ".join(_NOT_IN_NAMES.sub("_", _MARKS.sub("", clean(name)).replace("\n", " ")).split())
    plain = plain.lstrip(" .-").rstrip(" .")
    if _RESERVED.fullmatch(plain):
        plain = f"_{plain}"
    stem, dot, ending = plain.rpartition(".")
    if not dot or not stem or len(ending) > 11:
        stem, dot, ending = plain, "", ""
    rest = len((dot + ending).encode())
    stem = stem[: MAX_NAME - len(dot + ending)]
    while len(stem.encode()) + rest > MAX_NAME_BYTES:
        stem = stem[:-1]
    return (stem.rstrip(" .") or "file") + dot + ending if plain else "file"


def stored_name(name: str, mime: str) -> str:
    """`file_name`, with an ending that is one of the media type: what opens the file goes by it."""
    plain = file_name(name)
    endings = _ENDINGS.get(mime, ("bin",))
    if plain.rpartition(".")[2].lower() in endings and "." in plain:
        return plain
    return file_name(f"{plain}.{endings[0]}")
