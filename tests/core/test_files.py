"""Names and types of files that come from outside (design, section 10, "Attachments")."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inbox_tui.core.files import (
    HEAD_BYTES,
    MAX_NAME,
    MAX_NAME_BYTES,
    UNKNOWN,
    file_name,
    media_type,
    stored_name,
)
from inbox_tui.core.text import clean

ANY_NAME = st.text(st.characters(), max_size=300) | st.text(st.sampled_from("./\\-~ a\u202e\u200f\x00\n:é🙈"))


@given(ANY_NAME)
@example("con.txt")
@example("..")
@example("-rf")
@example("\ud800" * 300)
@settings(max_examples=300)
def test_a_name_is_one_visible_part_of_a_path_whatever_it_was(name: str) -> None:
    safe = file_name(name)
    assert 0 < len(safe) <= MAX_NAME
    assert len(safe.encode()) <= MAX_NAME_BYTES
    assert not safe.startswith((".", "-", " "))
    assert not safe.endswith((".", " "))
    assert not set(safe) & set('/\\:*?"<>|\n\r\t\0')
    assert clean(safe) == safe
    hidden = {each for each in safe if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert not hidden
    assert safe.partition(".")[0].lower() not in ("con", "prn", "aux", "nul", "com1", "lpt9")


@given(ANY_NAME)
@settings(max_examples=100)
def test_a_safe_name_is_left_as_it_is(name: str) -> None:
    assert file_name(file_name(name)) == file_name(name)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("photo.png", "photo.png"),
        ("Größe 2.jpg", "Größe 2.jpg"),
        ("発票.pdf", "発票.pdf"),
        ('a"b\\c:d|e.txt', "a_b_c_d_e.txt"),
        ("../../.ssh/authorized_keys", "_.._.ssh_authorized_keys"),
        ("/etc/passwd", "_etc_passwd"),
        ("a\r\nContent-Type: x.png", "a Content-Type_ x.png"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("\x1b[2J.png", "_[2J.png"),
        (".bashrc", "bashrc"),
        ("-o ProxyCommand", "o ProxyCommand"),
        ("NUL.pdf", "_NUL.pdf"),
        ("..", "file"),
        ("", "file"),
        ("x" * 300 + ".jpeg", "x" * (MAX_NAME - 5) + ".jpeg"),
        ("y" * 300, "y" * MAX_NAME),
        ("\ud800.png", "_.png"),
    ],
)
def test_a_name_keeps_what_is_harmless(name: str, safe: str) -> None:
    assert file_name(name) == safe


PNG, JPEG, PDF = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"%PDF-1.7\n%\xe2\xe3"
OGG = b"OggS\0\2" + bytes(22) + b"\x01\x13"
EXE = b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff"


@pytest.mark.parametrize(
    ("head", "name", "mime", "stored"),
    [
        (PNG, "photo.png", "image/png", "photo.png"),
        (PNG, "photo.jpg", "image/png", "photo.jpg.png"),
        (PNG, "install.sh", "image/png", "install.sh.png"),
        (JPEG, "IMG_1.JPEG", "image/jpeg", "IMG_1.JPEG"),
        (b"GIF89a" + bytes(20), "x", "image/gif", "x.gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "x.webp", "image/webp", "x.webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "x.wav", "audio/wav", "x.wav"),
        (b"RIFF\0\0\0\0AVI LIST", "x.avi", "video/x-msvideo", "x.avi"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "v.mp4", "video/mp4", "v.mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "v.mov", "video/quicktime", "v.mov"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0", "a.m4a", "audio/mp4", "a.m4a"),
        (b"\0\0\0\x18ftyp3gp4\0\0\0\0", "v", "video/3gpp", "v.3gp"),
        (b"\x1aE\xdf\xa3\x01\0B\x82\x84webm", "v.webm", "video/webm", "v.webm"),
        (b"ID3\x04\0\0\0\0\0\0", "a.mp3", "audio/mpeg", "a.mp3"),
        (b"\xff\xfb\x90\x64\0\0", "a.mp3", "audio/mpeg", "a.mp3"),
        (b"\xff\xf1\x50\x80\0\0", "a.aac", "audio/aac", "a.aac"),
        (OGG, "voice.oga", "audio/ogg", "voice.oga"),
        (PDF, "invoice.pdf", "application/pdf", "invoice.pdf"),
        (PDF, "invoice.exe", "application/pdf", "invoice.exe.pdf"),
        (b"PK\x03\x04\x14\0", "order.docx", "application/vnd.openxmlformats-officedocument", "order.docx"),
        (b"PK\x03\x04\x14\0", "tool.jar", "application/zip", "tool.jar.zip"),
        (b"order,price\n1,2\n", "list.csv", "text/csv", "list.csv"),
        (b"#!/bin/sh\nrm -rf ~\n", "list.sh", "text/plain", "list.sh.txt"),
        (b"[Desktop Entry]\nExec=sh\n", "a.desktop", "text/plain", "a.desktop.txt"),
        (b"<!DOCTYPE html><script>", "page.html", "text/html", "page.html.txt"),
        (b"<?xml version='1.0'?><svg onload='x'>", "x.svg", "image/svg+xml", "x.svg.txt"),
        (EXE, "invoice.pdf", UNKNOWN, "invoice.pdf.bin"),
        (b"\x7fELF\2\1\1", "photo.jpg", UNKNOWN, "photo.jpg.bin"),
        (b"", "empty.txt", UNKNOWN, "empty.txt.bin"),
    ],
)
def test_the_type_is_what_a_file_holds_and_its_ending_follows(
    head: bytes, name: str, mime: str, stored: str
) -> None:
    found = media_type(head, name)
    assert found.startswith(mime)
    assert stored_name(name, found) == stored


@given(st.binary(max_size=64), ANY_NAME)
@settings(max_examples=200)
def test_any_bytes_and_any_name_have_a_type_and_a_stored_name(head: bytes, name: str) -> None:
    stored = stored_name(name, media_type(head, name))
    assert file_name(stored) == stored
    assert not stored.lower().endswith((".exe", ".sh", ".desktop", ".html", ".svg", ".js", ".py", ".lnk"))


@given(ANY_NAME)
@settings(max_examples=100)
def test_a_programs_name_always_ends_as_data(name: str) -> None:
    assert stored_name(name, UNKNOWN).endswith(".bin")


def test_a_text_cut_in_the_middle_of_a_character_is_a_text() -> None:
    whole = ("é" * HEAD_BYTES).encode()
    assert media_type(b"a" + whole[: HEAD_BYTES - 1]) == "text/plain"
