"""The people: they write, answer, tap buttons, send pictures, react, edit, take back, comment.

Handlers run at their time from the world's event queue (`World.run_due`), inside a transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from random import Random

from . import answers, generate, ids, messaging, platforms, records, seeding
from .clock import DAY, HOUR, SECOND, iso
from .delivery import Delivery
from .dialogues import LANGUAGES, everyday, fill, full_name, pick_language, slots
from .records import JsonObject
from .world import RefusedError, World


class Life(Delivery):
    """Everything that happens by itself: the platforms' part and the people's."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        world.life = self
        world.handlers.update(
            answer=self.answer,
            arrive=self.arrive,
            participant=self.participant,
            initiative=self.initiative,
            erase=self.erase,
        )
        # How often people write by themselves is a setting of this run, not of the world.
        with world.write():
            world.database.run("delete from events where kind = 'initiative'")
            self._next_initiative(generate.dice(world.options.seed, 12, world.now()))

    # What people do

    def answer(self, chat: int, payload: JsonObject) -> None:
        """The person reacts to what was written: taps a button, sets a heart, or writes back."""
        row = self.world.chat_numbered(chat)
        message = self.world.message_numbered(int(str(payload["to"])))
        newest = self.database.value(
            "select no from messages where chat = ? and direction = 'outbound' and status = 'published'"
            " order by sort_at desc, no desc limit 1",
            chat,
        )
        if message is None or newest != message["no"] or row["trait"] in platforms.TRAIT_REFUSALS:
            return  # something newer was written meanwhile; that one gets the answer
        random = generate.dice(self.world.options.seed, 13, message["no"])
        turns = row["turns"]
        self.database.update("chats", chat, turns=turns + 1)
        button = _button(message["reply_markup"], random)
        if button is not None and row["platform"] == "telegram":
            self.tap(chat, button, message["external_id"])
            return
        mood = random.random()
        if platforms.has_reactions(row["platform"]) and mood < 0.2:
            self.react(message, "❤️", "love")
            return
        if turns % 4 == 3 and mood < 0.6:
            return  # content, and silent
        self.say(chat, answers.fitting(message["body"], row["language"], row["name"], turns, random))

    def _fill(self, text: str, chat: sqlite3.Row, random: Random) -> str:
        language = chat["language"] if chat["language"] in LANGUAGES else "en"
        return fill(text, slots(language, chat["name"] or "you", random))

    def say(self, chat: int, text: str, drawing: str | None = None) -> None:
        """Let the person write; on Bluesky it shows when the poller has run."""
        row = self.world.chat_numbered(chat)
        if row["platform"] == "bluesky":
            posted = self.world.now()
            self.world.schedule("arrive", self._until_poll(), chat, text=text, posted_at=posted)
            return
        number = self.receive(chat, text or None, quietly=True)
        if drawing is not None:
            kind = drawing.partition(":")[0]
            self.database.insert(
                "attachments",
                no=ids.attachment_number(number),
                message=number,
                type=kind,
                status="processed",
                drawing=drawing,
            )
        self.world.emit("message.received", {"message": self.world.message_record(number)})

    def _until_poll(self) -> int:
        return generate.BLUESKY_POLL - self.world.now() % generate.BLUESKY_POLL

    def arrive(self, chat: int, payload: JsonObject) -> None:
        """The poller brings a Bluesky message."""
        self.receive(chat, str(payload["text"]), {"posted_at": payload["posted_at"]})

    def receive(
        self,
        chat: int,
        text: str | None,
        columns: Mapping[str, object] | None = None,
        *,
        quietly: bool = False,
    ) -> int:
        """Write an inbound message, with further `columns` of its row; its number.

        `quietly` leaves telling of it to the caller.
        """
        row = self.world.chat_numbered(chat)
        self.world.write_thread(chat)
        number = self.world.next_message_number()
        now = self.world.now()
        more = dict(columns or {})
        posted = more.pop("posted_at", None) or now
        external_id = more.pop("external_id", None) or ids.message_external_id(row["platform"], number)
        self.database.insert(
            "messages",
            no=number,
            chat=chat,
            direction="inbound",
            status="received",
            body=text,
            external_id=external_id,
            posted_at=posted,
            sort_at=posted,
            created_at=now,
            **more,
        )
        self.database.run(
            "update chats set last_inbound_at = max(coalesce(last_inbound_at, 0), ?),"
            " last_message_at = max(coalesce(last_message_at, 0), ?) where no = ?",
            posted,
            posted,
            chat,
        )
        fetched = json.loads(row["metadata"] or "{}").get("participant_fetched_at", "")
        if fetched < iso(now - HOUR):
            # Refreshed at most once an hour, when the person writes (seed: "Participant metadata").
            self.world.schedule("participant", SECOND, chat)
        if not quietly:
            self.world.emit("message.received", {"message": self.world.message_record(number)})
        return number

    def tap(self, chat: int, data: str, source: str | None) -> int:
        """The person presses an inline button: an inbound message with the callback data."""
        kind = {"kind": "callback_query", "callback_query_id": str(4 * 10**17 + self.world.now())}
        return self.receive(chat, data, {"reply_to": source, "platform_data": json.dumps(kind)})

    def react(self, message: sqlite3.Row, emoji: str, name: str) -> None:
        """The person sets a reaction (Facebook and Instagram)."""
        chat = self.world.chat_numbered(message["chat"])
        entry: JsonObject = {
            "sender_external_id": chat["participant_external_id"],
            "emoji": emoji,
            "reaction": name,
            "at": iso(self.world.now()),
        }
        messaging.set_reaction(self.world, message, entry)

    def edit(self, message: int, body: str) -> JsonObject:
        """The person changes what they wrote; the whole record.

        Raises:
            RefusedError: 422 where the network has no edits, or the message is the business's own.
        """
        row, platform = self._theirs(message)
        if platform == "bluesky":
            raise RefusedError(422, "Bluesky messages cannot be edited")
        self.database.update("messages", row["no"], body=body, edited_at=self.world.now())
        record = self.world.message_record(message)
        self.world.emit("message.edited", {"message": record})
        return record

    def delete(self, message: int) -> JsonObject:
        """The person takes a message back; the whole record.

        Instagram tells at once; Bluesky stamps it when the poller has run, without an event.

        Raises:
            RefusedError: 422 where the network tells nobody.
        """
        row, platform = self._theirs(message)
        if platform not in ("instagram", "bluesky"):
            raise RefusedError(422, f"{platform} does not tell when a message is deleted")
        if platform == "bluesky":
            self.world.schedule("erase", self._until_poll(), row["no"])
        else:
            self.erase(row["no"], {})
            self.world.emit("message.deleted", {"message": self.world.message_record(message)})
        return self.world.message_record(message)

    def erase(self, message: int, payload: JsonObject) -> None:
        """Stamp a message as deleted; its text stays unless the options say otherwise."""
        self.database.update("messages", message, deleted_at=self.world.now())
        if self.world.options.deleted_bodies == "removed":
            self.database.update("messages", message, body=None)
            self.database.run("delete from attachments where message = ?", message)

    def _theirs(self, message: int) -> tuple[sqlite3.Row, str]:
        row = self.world.message_numbered(message)
        if row is None or row["direction"] != "inbound":
            raise RefusedError(422, "only what the person wrote can be changed by the person")
        return row, self.world.chat_numbered(row["chat"])["platform"]

    # What platforms tell about people and profiles

    def participant(self, chat: int, payload: JsonObject) -> None:
        """The platform's facts about a person come in; a bot learns nothing of who never wrote to it."""
        row = self.world.chat_numbered(chat)
        if row["platform"] == "telegram" and row["last_inbound_at"] is None:
            return
        seed = self.world.options.seed
        facts = generate.metadata(row["platform"], chat, row["language"], self.world.now(), seed)
        if row["platform"] == "bluesky":
            facts["muted"] = bool(row["muted"])
        name = row["name"] or full_name("en", generate.dice(seed, 14, chat))
        self.database.update(
            "chats", chat, metadata=json.dumps(facts, ensure_ascii=False), name=name, has_avatar=1
        )

    def connect(self, profile: int, status: str) -> None:
        """A profile is connected or loses its connection; says so where it changed."""
        row = self.database.one("select * from profiles where no = ?", profile)
        if row is None or row["status"] == status:
            return
        self.database.update("profiles", profile, status=status)
        event = "connected" if status == "active" else "disconnected"
        self.world.emit(f"profile.{event}", records.profile_event(row, status))

    def comment_by_somebody(self, post: int, profile: int, body: str, at: int) -> JsonObject:
        """Somebody comments under a post; the record."""
        number = int(self.database.value("select coalesce(max(no), 0) from comments")) + 1
        random = generate.dice(self.world.options.seed, 15, number)
        platform = self.database.value("select platform from profiles where no = ?", profile)
        key = ids.comment_external_id(platform, number)
        seeding.add_comment(self.database, random, post, profile, key, None, body, at, number)
        row = self.database.one("select * from comments where no = ?", number)
        if row is None:
            raise RuntimeError("the comment was not written")
        self.world.emit("comment.created", records.comment_event(row, platform))
        return records.comment(row, [])

    # Of their own accord

    def initiative(self, subject: int, payload: JsonObject) -> None:
        """Somebody does something unasked: writes, shows a picture, corrects, reacts, comments."""
        random = generate.dice(self.world.options.seed, 16, self.world.now())
        self._next_initiative(random)
        if self.database.value("select count(*) from profiles where status = 'active'") == 0:
            return
        what = random.random()
        if what < 0.08:
            self._comment(random)
            return
        chat = self._stranger(random) if what < 0.28 else self._acquaintance(random)
        if chat is None:
            return
        row = self.world.chat_numbered(chat)
        if what > 0.9 and self._second_thoughts(row, random):
            return
        line = random.choice(everyday(row["language"])).lines[0]
        drawing = None
        if line.media is not None and row["platform"] != "bluesky":
            kind, _, thing = line.media.partition(" ")
            drawing = f"{kind}:{thing}:{chat}:{self.world.now()}"
        text = self._fill(line.text, row, random)
        self.say(chat, text if text or drawing else "👋", drawing)

    def _acquaintance(self, random: Random) -> int | None:
        # From the fifty chats that were active last, so that the list does not stir everywhere.
        recent = self.database.all(
            "select c.no from chats c join profiles p on p.no = c.profile where p.status = 'active'"
            " and c.trait not in ('never', 'blocked', 'unavailable', 'closed-dms')"
            " and c.last_message_at is not null order by c.last_message_at desc limit 50"
        )
        return None if not recent else int(random.choice(recent)["no"])

    def _second_thoughts(self, chat: sqlite3.Row, random: Random) -> bool:
        """Edit, delete or react; whether there was something to do it to."""
        self.world.write_thread(chat["no"])
        side = (
            "outbound" if platforms.has_reactions(chat["platform"]) and random.random() < 0.5 else "inbound"
        )
        row = self.database.one(
            "select * from messages where chat = ? and direction = ? and deleted_at is null"
            " and body is not null and external_id is not null and platform_data is null and posted_at > ?"
            " order by sort_at desc, no desc limit 1",
            chat["no"],
            side,
            self.world.now() - DAY,
        )
        if row is None or chat["platform"] == "bluesky":
            return False
        if side == "outbound":
            self.react(row, *random.choice((("❤️", "love"), ("👍", "like"), ("😮", "wow"))))
        elif chat["platform"] == "instagram" and random.random() < 0.3:
            self.delete(row["no"])
        else:
            self.edit(row["no"], f"{row['body']} {self._fill('(#{order})', chat, random)}")
        return True

    def _comment(self, random: Random) -> None:
        rows = self.database.all("select * from post_platforms order by post, profile")
        if rows:
            row = random.choice(rows)
            words = random.choice(seeding.COMMENTS)
            self.comment_by_somebody(row["post"], row["profile"], words, self.world.now())

    def _stranger(self, random: Random) -> int | None:
        platform = random.choice(("instagram", "facebook"))
        profile = self.database.one(
            "select * from profiles where platform = ? and status = 'active'", platform
        )
        if profile is None:
            return None
        language = pick_language(random)
        number = int(self.database.value("select coalesce(max(no), 0) from chats")) + 1
        name = full_name(language, random)
        username = None
        if platform == "instagram":
            username = ("".join(c for c in name.lower() if c.isascii() and c.isalnum()) or "shopper") + str(
                number
            )
        participant = ids.participant_external_id(platform, number)
        row, _ = messaging.open_chat(self.world, profile, participant, username, name)
        self.database.update("chats", row["no"], language=language)
        return int(row["no"])

    def _next_initiative(self, random: Random) -> None:
        mean = self.world.options.initiative
        if mean:
            self.world.schedule("initiative", round(random.uniform(0.4, 1.6) * mean * SECOND), 0)

    def shift_rows(self, path: str) -> None:
        """Let something arrive in the list at `path`, so that its rows move by one."""
        parts = path.split("/")
        with self.world.write():
            if path.startswith("/api/chats/"):
                chat = int(self.world.chat("/".join(parts[3:-1]))["no"])
            else:
                profile = self.world.profile(parts[3])
                number = self.database.value(
                    "select no from chats where profile = ? and last_message_at is not null"
                    " order by last_message_at, no limit 1",
                    profile["no"],
                )
                if number is None:
                    return
                chat = int(number)
            random = generate.dice(self.world.options.seed, 17, self.world.now())
            self.receive(chat, self._fill("{product}?", self.world.chat_numbered(chat), random))


def _button(markup: str | None, random: Random) -> str | None:
    """Callback data of a button that the person would press."""
    if markup is None:
        return None
    keyboard = json.loads(markup).get("inline_keyboard") or []
    data = [button["callback_data"] for row in keyboard for button in row if "callback_data" in button]
    return random.choice(data) if data else None
