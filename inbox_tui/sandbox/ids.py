"""Ids as the live service and the platforms write them, each computed from a plain number.

Every id can be turned back into its number, so that a message of a thread that has not been
generated yet can still be found by either of its ids.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LETTERS = _DIGITS[10:]
_HIGH = 52 * 62**2
_LOW = 62**3
_SPACE = _HIGH * _LOW
_TID_DIGITS = "234567abcdefghijklmnopqrstuvwxyz"
_TID_FACTOR = 22_360_679_783
_OPAQUE_FACTOR = 173_205_080_756_887

# Odd factors that share no divisor with 52 and 62, one pair for each kind of record.
_FACTORS: dict[str, tuple[int, int]] = {
    "profile": (29_876_543_209, 17_345_678_903),
    "group": (31_415_926_543, 27_182_818_283),
    "chat": (22_360_679_785, 14_142_135_629),
    "message": (26_457_513_103, 33_166_247_909),
    "attachment": (36_055_512_751, 41_231_056_253),
    "post": (43_588_989_437, 24_494_897_429),
    "comment": (38_729_833_463, 30_000_000_091),
    "webhook": (19_999_999_967, 44_721_359_551),
    "event": (28_284_271_251, 37_416_573_871),
    "delivery": (34_641_016_151, 23_979_157_619),
}


def hashid(kind: str, number: int) -> str:
    """Six mixed-case characters for the `number`-th record of a kind; the first is a letter."""
    first, second = _FACTORS[kind]
    value = number * first % _SPACE
    value = (value % _LOW) * _HIGH + value // _LOW
    value = value * second % _SPACE
    characters: list[str] = []
    for _ in range(5):
        value, digit = divmod(value, 62)
        characters.append(_DIGITS[digit])
    characters.append(_LETTERS[value])
    return "".join(reversed(characters))


def number_of(kind: str, text: str) -> int | None:
    """The number behind a hashid, or `None` where the text is no hashid."""
    if len(text) != 6 or text[0] not in _LETTERS or any(c not in _DIGITS for c in text):
        return None
    first, second = _FACTORS[kind]
    value = _LETTERS.index(text[0])
    for character in text[1:]:
        value = value * 62 + _DIGITS.index(character)
    value = value * pow(second, -1, _SPACE) % _SPACE
    value = (value % _HIGH) * _LOW + value // _HIGH
    return value * pow(first, -1, _SPACE) % _SPACE


ATTACHMENTS_PER_MESSAGE = 4
"""Room for attachments that a message's number leaves."""


def attachment_number(message: int, index: int = 0) -> int:
    """The number of the `index`-th attachment of a message."""
    return message * ATTACHMENTS_PER_MESSAGE + index


def _filler(label: str, number: int, length: int) -> bytes:
    return hashlib.blake2b(f"{label}:{number}".encode(), digest_size=length).digest()


def message_external_id(platform: str, number: int) -> str:
    """The id that the platform itself gives to a message."""
    match platform:
        case "telegram":
            return str(1000 + number)
        case "facebook":
            return "m_" + _opaque(b"", number, 24)
        case "instagram":
            return _opaque(b"ig_item:1:", number, 22)
        case "bluesky":
            mixed = number * _TID_FACTOR % 32**7
            digits = "".join(_TID_DIGITS[mixed >> shift & 31] for shift in range(30, -1, -5))
            tail = "".join(_TID_DIGITS[byte & 31] for byte in _filler("tid", number, 4))
            return f"3l{digits}{tail}"
        case _:
            return f"{platform}:{number}"


def message_number(external_id: str) -> int | None:
    """The number behind a platform's message id, or `None` where it is not one of ours."""
    number: int | None = None
    platform = ""
    if external_id.isascii() and external_id.isdecimal():
        platform, number = "telegram", int(external_id) - 1000
    elif external_id.startswith("m_"):
        platform, number = "facebook", _number_in(external_id[2:], 0)
    elif external_id.startswith("aWdfaXRlbTox"):
        platform, number = "instagram", _number_in(external_id, len(b"ig_item:1:"))
    elif len(external_id) == 13 and external_id.startswith("3l"):
        mixed = 0
        for character in external_id[2:9]:
            if character not in _TID_DIGITS:
                return None
            mixed = mixed << 5 | _TID_DIGITS.index(character)
        platform, number = "bluesky", mixed * pow(_TID_FACTOR, -1, 32**7) % 32**7
    if number is None or number < 0 or message_external_id(platform, number) != external_id:
        return None
    return number


def _opaque(prefix: bytes, number: int, filler: int) -> str:
    mixed = number * _OPAQUE_FACTOR % 2**48
    tail = _filler("mid", number, filler)
    return base64.urlsafe_b64encode(prefix + mixed.to_bytes(6, "big") + tail).decode()


def _number_in(text: str, skip: int) -> int | None:
    try:
        content = base64.urlsafe_b64decode(text)
    except (ValueError, binascii.Error):
        return None
    mixed = int.from_bytes(content[skip : skip + 6], "big")
    return mixed * pow(_OPAQUE_FACTOR, -1, 2**48) % 2**48


def participant_external_id(platform: str, number: int) -> str:
    """The platform's id of the person behind the `number`-th chat."""
    spread = int.from_bytes(_filler(f"person:{platform}", number, 6), "big")
    match platform:
        case "telegram":
            return str(200_000_000 + spread % 6_500_000_000)
        case "facebook":
            return str(24_000_000_000_000_000 + spread % 900_000_000_000_000)
        case "instagram":
            return str(17_841_400_000_000_000 + spread % 99_000_000_000)
        case "bluesky":
            text = "".join(_TID_DIGITS[byte & 31] for byte in _filler("did", number, 24))
            return f"did:plc:{text}"
        case _:
            return f"{platform}-{number}"


def comment_external_id(platform: str, number: int) -> str:
    """The platform's id of a comment."""
    if platform == "instagram":
        return str(17_858_893_269_000_000 + number * 7919)
    return f"122{number * 104_729:012d}_{90_210 + number}"


def conversation_external_id(platform: str, number: int) -> str | None:
    """The platform's id of a conversation; Instagram's is not known to the service."""
    spread = int.from_bytes(_filler(f"conversation:{platform}", number, 6), "big")
    match platform:
        case "telegram":
            return participant_external_id(platform, number)
        case "facebook":
            return f"t_{10_150_000_000_000_000 + spread % 900_000_000_000}"
        case "bluesky":
            digits = "".join(_TID_DIGITS[byte & 31] for byte in _filler("convo", number, 11))
            return f"3l{digits}"
        case _:
            return None
