"""Fills a new database: profiles, chats in outline, posts and comments; writes threads on demand."""

from __future__ import annotations

import json
from random import Random

from . import generate, hostile, ids
from .clock import DAY, HOUR, MINUTE, SECOND, iso
from .database import Database
from .dialogues import LANGUAGES, cast, fill, full_name, slots
from .options import SandboxOptions

PROFILES = {
    "instagram": ("Acme Shop", "acme.shop", "17841405822304914"),
    "facebook": ("Acme Shop", "acmeshop", "104857600012345"),
    "telegram": ("Acme Shop", "AcmeShopBot", "6104857612"),
    "bluesky": ("Acme Shop", "acme-shop.bsky.social", "did:plc:acmeshopq4x7v2nbl5kd3wze"),
}
PROFILE_NUMBERS = {platform: number for number, platform in enumerate(PROFILES, start=1)}


def fill_world(database: Database, options: SandboxOptions, began: int) -> None:
    """Write everything that a new world starts with."""
    platforms = (*PROFILES, *options.other_platforms)
    for number, platform in enumerate(platforms, start=1):
        name, username, platform_id = PROFILES.get(platform, ("Acme Shop", "acmeshop", f"{platform}-1"))
        database.insert(
            "profiles",
            no=number,
            name=name,
            platform=platform,
            username=username,
            platform_id=platform_id,
            status="active",
            post_count=len(_POSTS),
        )
    database.set_meta("began", str(began))
    if options.world == "empty":
        return
    plans = _plans(options, began)
    generated = options.chats is not None
    first = 1
    rows: list[tuple[object, ...]] = []
    for plan in plans:
        rows.append(_outline(plan, options.seed, first, began, generated=generated))
        first += plan.count
        newest = None if generated else next(generate.backwards(plan, options.seed), None)
        if newest is not None and newest.line.retrying:
            payload = json.dumps({"attempt": 2})
            database.insert(
                "events", due_at=began + 2 * MINUTE, kind="publish", subject=first - 1, payload=payload
            )
    marks = ", ".join("?" * len(_CHAT_COLUMNS))
    database.many(f"insert into chats ({', '.join(_CHAT_COLUMNS)}) values ({marks})", rows)
    if options.world == "hostile":
        hostile.add_profiles(database)
        first = hostile.add_chats(database, len(plans) + 1, first, began)
    database.set_meta("next_message", str(first))
    _posts(database, options.seed, began)


def _plans(options: SandboxOptions, began: int) -> list[generate.Plan]:
    if options.chats is None:
        members = cast()
        plans = [generate.cast_plan(n, member, began) for n, member in enumerate(members, start=1)]
        extra = (options.messages or 0) - sum(plan.count for plan in plans)
        if extra > 0:
            longest = max(range(len(plans)), key=lambda index: plans[index].count)
            plans[longest] = generate.cast_plan(longest + 1, members[longest], began, extra)
        return plans
    messages = options.messages if options.messages is not None else options.chats * 12
    counts = generate.shares(options.seed, options.chats, messages)
    return [
        generate.generated_plan(options.seed, number, began, count)
        for number, count in enumerate(counts, start=1)
    ]


_CHAT_COLUMNS = (
    "no", "profile", "participant_external_id", "username", "name", "has_avatar", "conversation_id",
    "last_inbound_at", "last_outbound_at", "last_message_at", "metadata", "muted", "created_at", "language",
    "trait", "first_no", "planned", "written",
)  # fmt: skip


def _outline(
    plan: generate.Plan, seed: int, first: int, began: int, *, generated: bool
) -> tuple[object, ...]:
    times = generate.outline(plan, seed, generated=generated)
    fresh = plan.trait == "never"
    newest = [at for at in (times.last_inbound_at, times.last_outbound_at) if at is not None]
    created = began - 2 * HOUR if fresh else times.first_at
    facts = generate.metadata(plan.platform, plan.number, plan.language, max(newest, default=created), seed)
    if plan.trait == "archived":
        facts["muted"] = True
    return (
        plan.number,
        PROFILE_NUMBERS[plan.platform],
        ids.participant_external_id(plan.platform, plan.number),
        plan.username,
        plan.name,
        int(plan.number * 31 % 7 != 0 and not fresh),
        None if fresh else ids.conversation_external_id(plan.platform, plan.number),
        times.last_inbound_at,
        times.last_outbound_at,
        max(newest, default=None),
        None if fresh else json.dumps(facts, ensure_ascii=False),
        int(plan.trait == "archived"),
        created,
        plan.language,
        plan.trait,
        first,
        plan.count,
        int(plan.count == 0),
    )


def write_thread(database: Database, chat: int, options: SandboxOptions) -> None:
    """Write the messages that a chat began with; does nothing the second time."""
    row = database.one("select written, first_no, planned, name, language from chats where no = ?", chat)
    if row is None or row["written"]:
        return
    began = int(database.meta("began") or 0)
    plan = _plan_of(options, chat, row["planned"], began)
    spoken = list(generate.backwards(plan, options.seed))
    spoken.reverse()
    last_inbound = max((n for n, item in enumerate(spoken) if item.line.inbound), default=-1)
    values: dict[int, dict[str, str]] = {}
    rows: list[tuple[object, ...]] = []
    files: list[tuple[object, ...]] = []
    for offset, item in enumerate(spoken):
        if item.part not in values:
            random = generate.dice(options.seed, 5, chat * 2**20 + item.part)
            values[item.part] = slots(plan.language, plan.name, random)
        number = row["first_no"] + offset
        rows.append(_message(plan, spoken, offset, number, values[item.part], began, last_inbound))
        if item.line.media and _carries_media(plan.platform):
            kind, _, subject = item.line.media.partition(" ")
            drawing = f"{kind}:{subject}:{chat}:{values[item.part]['order']}"
            sticker = "369239263222822" if kind == "sticker" and plan.platform != "telegram" else None
            files.append(
                (
                    ids.attachment_number(number),
                    number,
                    kind,
                    "processed",
                    sticker,
                    drawing,
                    _filename(kind, values[item.part]),
                )
            )
    with database.transaction():
        database.many(
            "insert into messages (no, chat, direction, status, body, external_id, error_message,"
            " platform_data, posted_at, delivered_at, read_at, edited_at, deleted_at, reply_to, reply_markup,"
            " reactions, unsupported, created_at, sort_at) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            rows,
        )
        database.many(
            "insert into attachments (no, message, type, status, external_id, drawing, filename)"
            " values (?,?,?,?,?,?,?)",
            files,
        )
        database.run("update chats set written = 1 where no = ?", chat)


def _plan_of(options: SandboxOptions, chat: int, count: int, began: int) -> generate.Plan:
    if options.chats is not None:
        return generate.generated_plan(options.seed, chat, began, count)
    member = cast()[chat - 1]
    plain = generate.cast_plan(chat, member, began)
    return generate.cast_plan(chat, member, began, count - plain.count)


def _carries_media(platform: str) -> bool:
    return platform != "bluesky"


def _filename(kind: str, values: dict[str, str]) -> str | None:
    return f"invoice-{values['order']}.pdf" if kind == "file" else None


def _message(
    plan: generate.Plan,
    spoken: list[generate.Spoken],
    offset: int,
    number: int,
    values: dict[str, str],
    began: int,
    last_inbound: int,
) -> tuple[object, ...]:
    item = spoken[offset]
    line, at, platform = item.line, item.at, plan.platform
    meta = platform in ("facebook", "instagram")
    failed = line.failure is not None
    status = "received" if line.inbound else "published"
    if failed:
        status = "failed_waiting_for_retry" if line.retrying else "failed"
    tapped = line.tap is not None and platform == "telegram"
    deleted = line.deleted and (platform == "instagram" or (platform == "bluesky" and line.inbound))
    body: str | None = fill(line.tap if line.tap is not None else line.text, values) or None
    if line.media and not _carries_media(platform):
        body = body or "📷"
    elif line.media and not line.inbound:
        body = None  # a send holds either text or a file
    delivered = read = None
    # What somebody answered to was read; the last words of a thread sometimes were not.
    unread = number % 3 == 0 and offset > last_inbound
    if meta and not line.inbound and not failed:
        delivered = at + 700
        read = at + 40 * SECOND if at + 40 * SECOND < began and not unread else None
    reactions: list[dict[str, object]] = []
    if line.reaction and meta:
        sender = PROFILES[platform][2] if line.inbound else ids.participant_external_id(platform, plan.number)
        emoji, name = line.reaction
        if platform == "instagram" and line.inbound:
            emoji, name = "❤️", "love"
        reactions.append(
            {"sender_external_id": sender, "emoji": emoji, "reaction": name, "at": iso(at + MINUTE)}
        )
    reply_to: str | None = None
    back = _keyboard_above(spoken, offset) if tapped else line.reply
    if back and offset - back >= 0 and platform != "bluesky" and (line.inbound or platform == "telegram"):
        reply_to = ids.message_external_id(platform, number - back)
    edited = at + 2 * MINUTE if line.edited and _shows_edit(platform, line.inbound) else None
    markup = keyboard(line.keyboard, values) if line.keyboard and platform == "telegram" else None
    created = at + 900
    if platform == "bluesky" and line.inbound:
        created = min(began, (at // generate.BLUESKY_POLL + 1) * generate.BLUESKY_POLL)
    return (
        number,
        plan.number,
        "inbound" if line.inbound else "outbound",
        status,
        body,
        None if failed else ids.message_external_id(platform, number),
        line.failure,
        json.dumps({"kind": "callback_query", "callback_query_id": str(4 * 10**17 + number)})
        if tapped
        else None,
        None if failed else at,
        delivered,
        read,
        edited,
        at + 3 * MINUTE if deleted else None,
        reply_to,
        None if markup is None else json.dumps(markup, ensure_ascii=False),
        json.dumps(reactions, ensure_ascii=False),
        int(line.unsupported and meta),
        created,
        created if failed else at,
    )


def _shows_edit(platform: str, inbound: bool) -> bool:
    return platform == "telegram" or (inbound and platform in ("facebook", "instagram"))


def _keyboard_above(spoken: list[generate.Spoken], offset: int) -> int:
    for back in range(1, offset + 1):
        if spoken[offset - back].line.keyboard:
            return back
    return 0


def keyboard(text: str, values: dict[str, str]) -> dict[str, object]:
    """Read `Yes=y|No=n / Help=help` as an inline keyboard of two rows."""
    rows: list[list[dict[str, str]]] = []
    for row in fill(text, values).split(" / "):
        pairs = (button.partition("=") for button in row.split("|"))
        rows.append([{"text": label.strip(), "callback_data": data.strip()} for label, _, data in pairs])
    return {"inline_keyboard": rows}


_POSTS = (
    "The Alba Parka is back, now in moss green. Which colour is yours?",
    "Behind the scenes at the Leeds repair bench: 212 jackets got a second life this month.",
    "Free exchanges until the end of the month, on everything.",
)
COMMENTS = (
    "Is this vegan?", "Price please 🙏", "When will you have it in XL again?",
    "Mine arrived with a broken zip 😕", "¿Hacéis envíos a México?",
    "Wann kommt die Parka in Schwarz?", "Trop belle 😍",
    "かわいい!", "love the green one 💚",
    "I wrote you twice and nobody answers", "Does it run small?", "Best jacket I ever bought", "多少钱?",
    "Do you ship to Canada? 🇨🇦",
)  # fmt: skip


def _posts(database: Database, seed: int, began: int) -> None:
    random = generate.dice(seed, 6, 0)
    comment = 0
    for post, body in enumerate(_POSTS, start=1):
        posted = began - (0, 2 * DAY, 5 * DAY, 11 * DAY)[post]
        database.insert("posts", no=post, body=body, created_at=posted)
        for platform in ("instagram", "facebook"):
            profile = PROFILE_NUMBERS[platform]
            link = f"https://{platform}.example/acme-shop/{ids.hashid('post', post)}"
            database.insert("post_platforms", post=post, profile=profile, permalink=link)
            top: list[tuple[str, int]] = []
            for _ in range(random.randrange(5, 10)):
                comment += 1
                at = posted + random.randrange(10 * MINUTE, began - posted)
                # Some answer a comment that is already there, as the flat `replies` list shows.
                parent = (
                    next((key for key, moment in top if moment < at), None)
                    if random.random() < 0.25
                    else None
                )
                key = ids.comment_external_id(platform, comment)
                if parent is None:
                    top.append((key, at))
                add_comment(
                    database, random, post, profile, key, parent, random.choice(COMMENTS), at, comment
                )


def add_comment(
    database: Database,
    random: Random,
    post: int,
    profile: int,
    external_id: str,
    parent: str | None,
    body: str,
    at: int,
    number: int,
) -> None:
    """Write one comment by an invented person."""
    language = random.choice(LANGUAGES[:4])
    name = full_name(language, random)
    plain = "".join(c for c in name.lower() if c.isascii() and c.isalnum())
    platform = "instagram" if profile == PROFILE_NUMBERS["instagram"] else "facebook"
    database.insert(
        "comments",
        no=number,
        post=post,
        profile=profile,
        external_id=external_id,
        parent_external_id=parent,
        body=body,
        status="synced",
        author_external_id=ids.participant_external_id(platform, 5_000_000 + number),
        author_username=plain if platform == "instagram" else None,
        author_name=name,
        like_count=random.randrange(0, 9),
        posted_at=at,
        created_at=at + 2 * SECOND,
    )
