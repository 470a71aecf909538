"""Files of the invented world, made on demand: pictures, clips, sounds, invoices."""

from __future__ import annotations

import io
import math
import struct
import wave
import zlib
from functools import lru_cache
from random import Random

from . import ids
from .database import Database

Colour = tuple[int, int, int]


def stored_file(database: Database, name: str) -> tuple[str, bytes] | None:
    """Content type and bytes of a file under `/storage/`, `None` where there is none."""
    stem = name.rpartition(".")[0] or name
    for prefix in ("chat_avatar_", "profile_"):
        if stem.startswith(prefix):
            return "image/png", avatar(stem)
    number = ids.number_of("attachment", stem)
    row = None if number is None else database.one("select * from attachments where no = ?", number)
    if row is None or row["status"] == "failed":
        return None
    if row["content"] is not None:
        return row["content_type"] or "application/octet-stream", row["content"]
    return draw(row["drawing"] or f"{row['type']}:parcel:0:{number}")


@lru_cache(maxsize=64)
def draw(recipe: str) -> tuple[str, bytes]:
    """Make the file that a recipe `type:subject:chat:order` describes."""
    kind, subject, _chat, order = recipe.split(":", 3)
    random = Random(recipe)  # noqa: S311
    match kind:
        case "image":
            return "image/png", picture(subject, random)
        case "sticker":
            return "image/png", sticker(random)
        case "video":
            return "video/x-msvideo", clip(random)
        case "audio":
            return "audio/wav", voice(random)
        case _:
            return "application/pdf", invoice(order)


def png(width: int, height: int, rows: list[bytes], *, alpha: bool = False) -> bytes:
    """Pack rows of RGB (or RGBA) bytes as a PNG."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 6 if alpha else 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _colour(random: Random, low: int, high: int) -> Colour:
    return random.randrange(low, high), random.randrange(low, high), random.randrange(low, high)


def picture(subject: str, random: Random, width: int = 240, height: int = 180) -> bytes:
    """A photo-like picture: a table, a light, and the thing that it shows."""
    wall, table = _colour(random, 150, 230), _colour(random, 90, 150)
    thing, tape = _colour(random, 40, 220), _colour(random, 180, 255)
    left, top = width // 4 + random.randrange(-15, 15), height // 3 + random.randrange(-8, 8)
    right, bottom = width - width // 4 + random.randrange(-15, 15), height - height // 6
    middle = (left + right) // 2
    rows: list[bytes] = []
    for y in range(height):
        shade = _mix(wall, table, 1.0 if y > height * 0.7 else y / height * 0.4)
        row = bytearray(bytes(shade) * width)
        if top <= y < bottom:
            inset = _inset(subject, (y - top) / (bottom - top), right - left)
            body = _mix(thing, (0, 0, 0), (y - top) / (bottom - top) * 0.35)
            row[(left + inset) * 3 : (right - inset) * 3] = bytes(body) * (right - left - 2 * inset)
            if subject in ("parcel", "notice"):
                row[(middle - 5) * 3 : (middle + 5) * 3] = bytes(tape) * 10
            if subject == "damage" and inset + 4 < (right - left) // 2:
                x = middle + round(8 * math.sin(y / 5)) + (y * 7) % 3
                row[(x - 2) * 3 : (x + 2) * 3] = bytes((20, 15, 15)) * 4
        rows.append(bytes(row))
    return png(width, height, rows)


def _inset(subject: str, share: float, breadth: int) -> int:
    if subject == "fitting":  # a garment: narrow neck, wide shoulders, a waist
        return round(
            breadth * (0.30 if share < 0.08 else 0.02 if share < 0.4 else 0.14 + 0.05 * math.sin(share * 6))
        )
    if subject == "damage":
        return round(breadth * 0.04 * (1 + math.sin(share * 17)))
    return 0


def sticker(random: Random, size: int = 96) -> bytes:
    """A round face on a transparent ground."""
    colour = _mix((255, 205, 60), _colour(random, 120, 255), 0.3)
    rows: list[bytes] = []
    for y in range(size):
        row = bytearray()
        for x in range(size):
            dx, dy = (x - size / 2) / (size / 2), (y - size / 2) / (size / 2)
            inside = dx * dx + dy * dy < 0.9
            eye = abs(abs(dx) - 0.32) < 0.08 and abs(dy + 0.2) < 0.12
            mouth = abs(dx) < 0.45 and abs(dy - 0.25 - 0.25 * (1 - dx * dx * 4)) < 0.06
            row += bytes((*((60, 40, 20) if eye or mouth else colour), 255 if inside else 0))
        rows.append(bytes(row))
    return png(size, size, rows, alpha=True)


@lru_cache(maxsize=256)
def avatar(key: str, size: int = 64) -> bytes:
    """A symmetric pattern of two colours that belongs to one person."""
    random = Random(key)  # noqa: S311
    ground, ink = _colour(random, 190, 250), _colour(random, 30, 160)
    cells = [[random.random() < 0.5 for _ in range(3)] for _ in range(5)]
    rows: list[bytes] = []
    for y in range(size):
        half = cells[y * 5 // size]
        whole = (*half, half[1], half[0])
        rows.append(b"".join(bytes(ink if whole[x * 5 // size] else ground) for x in range(size)))
    return png(size, size, rows)


def clip(random: Random, width: int = 64, height: int = 48, frames: int = 12) -> bytes:
    """A second of uncompressed AVI: a box that is pushed across a table."""
    ground, box = _colour(random, 150, 220), _colour(random, 20, 120)
    images: list[bytes] = []
    for frame in range(frames):
        left = 4 + frame * (width - 28) // frames
        plain = bytes(reversed(ground)) * width
        boxed = plain[: left * 3] + bytes(reversed(box)) * 20 + plain[(left + 20) * 3 :]
        images.append(b"".join(boxed if 8 <= y < 28 else plain for y in range(height)))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    size = width * height * 3
    main = struct.pack(
        "<14I", 1_000_000 // frames, size * frames, 0, 0x10, frames, 0, 1, size, width, height, 0, 0, 0, 0
    )
    stream = struct.pack(
        "<4s4sI2H8I4H", b"vids", b"DIB ", 0, 0, 0, 0, 1, frames, 0, frames, size, 0, 0, 0, 0, width, height
    )
    bitmap = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, size, 0, 0, 0, 0)
    streams = chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", bitmap))
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + streams)
    movie = chunk(b"LIST", b"movi" + b"".join(chunk(b"00db", image) for image in images))
    return chunk(b"RIFF", b"AVI " + header + movie)


def voice(random: Random, seconds: float = 1.2, rate: int = 8000) -> bytes:
    """A short murmur as WAV."""
    pitch = random.uniform(110, 220)
    samples = (
        int(6000 * math.sin(2 * math.pi * pitch * t / rate) * abs(math.sin(math.pi * 3 * t / rate)))
        for t in range(int(seconds * rate))
    )
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return buffer.getvalue()


def invoice(order: str) -> bytes:
    """A one-page PDF that names the order."""
    text = f"BT /F1 20 Tf 60 760 Td (Acme Shop) Tj 0 -36 Td (Invoice for order {order}) Tj ET".encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out = bytearray(b"%PDF-1.4\n")
    offsets: list[int] = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
