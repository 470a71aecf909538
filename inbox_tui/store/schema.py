"""Schema and migrations of the two files. Imported only when a file is new or behind.

`cache.db` holds what the API said and can be rebuilt; `local.db` holds what lives nowhere else.
Times are integer milliseconds UTC; JSON columns hold compact UTF-8 text; `rev` is the number of
the last transaction of that file that changed the row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlite_utils.migrations import Migrations

from inbox_tui.store import index

if TYPE_CHECKING:
    from sqlite_utils import Database

cache = Migrations("cache")
local = Migrations("local")


def _run(db: Database, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            db.conn.execute(statement)


@cache(name="0001 profiles, chats, messages")
def _cache_1(db: Database) -> None:
    """Chats and messages in the API's own terms, with the derived columns that the views read.

    A message's `pk` grows with the time at which it was first known (milliseconds shifted left by
    ten bits, plus a tie-break) and never changes; the order inside a chat is (position_at, id).
    """
    _run(
        db,
        """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
        INSERT INTO meta VALUES
            ('rev', 0), ('arrived', 0), ('generation', 1 + (random() & 0xFFFFFFFFFFFF)),
            ('chats', 0), ('unread', 0), ('unanswered', 0), ('failed', 0);
        CREATE TABLE profiles (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, platform TEXT NOT NULL, status TEXT NOT NULL,
            profile_group_id TEXT, username TEXT, platform_id TEXT, avatar_url TEXT, expires_at INTEGER,
            inactive_reason TEXT, extra TEXT NOT NULL DEFAULT '{}',
            fault_title TEXT, fault_hint TEXT, fault_at INTEGER,
            walked_to INTEGER, walk_floor INTEGER, walked INTEGER NOT NULL DEFAULT 0, chats_total INTEGER,
            chats INTEGER NOT NULL DEFAULT 0, rev INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE chats (
            pk INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, profile_id TEXT NOT NULL,
            platform TEXT NOT NULL, participant_external_id TEXT NOT NULL, participant_username TEXT,
            participant_name TEXT, participant_avatar_url TEXT, external_conversation_id TEXT,
            last_inbound_at INTEGER, last_outbound_at INTEGER, last_message_at INTEGER,
            archived INTEGER, metadata TEXT NOT NULL DEFAULT '{}', extra TEXT NOT NULL DEFAULT '{}',
            cleaned INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL,
            sort_at INTEGER NOT NULL, search_key TEXT NOT NULL,
            preview TEXT NOT NULL DEFAULT '', preview_from TEXT NOT NULL DEFAULT '',
            unread INTEGER NOT NULL DEFAULT 0, unanswered INTEGER NOT NULL DEFAULT 0,
            needs_reply_since INTEGER, waiting INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0,
            failed INTEGER NOT NULL DEFAULT 0, retrying_since INTEGER, snoozed_until INTEGER,
            window_closes_at INTEGER, next_change_at INTEGER, estimated INTEGER NOT NULL DEFAULT 1,
            pulled_at INTEGER, pulled_for INTEGER, pulled_to INTEGER, gap_at INTEGER, gap_page INTEGER,
            messages_total INTEGER, messages INTEGER NOT NULL DEFAULT 0,
            history_page INTEGER NOT NULL DEFAULT 1, history_done INTEGER NOT NULL DEFAULT 0,
            local_rev INTEGER NOT NULL DEFAULT 0, rev INTEGER NOT NULL
        );
        CREATE INDEX chats_by_time ON chats (sort_at);
        CREATE INDEX chats_by_profile ON chats (profile_id, sort_at);
        CREATE INDEX chats_by_platform ON chats (platform, sort_at);
        CREATE INDEX chats_by_rev ON chats (rev);
        CREATE INDEX chats_by_conversation ON chats (external_conversation_id)
            WHERE external_conversation_id IS NOT NULL;
        CREATE INDEX chats_unread ON chats (sort_at) WHERE unread > 0;
        CREATE INDEX chats_unanswered ON chats (needs_reply_since) WHERE unanswered > 0;
        CREATE INDEX chats_failed ON chats (sort_at) WHERE failed > 0;
        CREATE INDEX chats_to_pull ON chats (profile_id, sort_at)
            WHERE pulled_at IS NULL OR pulled_for IS NOT last_message_at;
        CREATE INDEX chats_with_gap ON chats (profile_id, sort_at) WHERE gap_page IS NOT NULL;
        CREATE INDEX chats_with_history ON chats (profile_id, history_page, sort_at DESC)
            WHERE history_done = 0 AND pulled_at IS NOT NULL;
        CREATE TABLE messages (
            pk INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, chat INTEGER NOT NULL,
            position_at INTEGER NOT NULL, arrived INTEGER,
            direction TEXT NOT NULL, status TEXT NOT NULL, external_id TEXT, body TEXT,
            external_comment_id TEXT, error_message TEXT, platform_data TEXT, posted_at INTEGER,
            delivered_at INTEGER, read_at INTEGER, edited_at INTEGER, deleted_at INTEGER,
            reply_to_external_id TEXT, reply_markup TEXT, reactions TEXT NOT NULL DEFAULT '[]',
            attachments TEXT NOT NULL DEFAULT '[]', is_unsupported INTEGER NOT NULL DEFAULT 0,
            extra TEXT NOT NULL DEFAULT '{}', cleaned INTEGER NOT NULL DEFAULT 0,
            created_at INTEGER NOT NULL
        );
        CREATE INDEX messages_by_position ON messages (chat, position_at, id);
        CREATE INDEX messages_inbound ON messages (chat, position_at, id) WHERE direction != 'outbound';
        CREATE INDEX messages_by_external ON messages (external_id, chat) WHERE external_id IS NOT NULL;
        CREATE INDEX messages_unsettled ON messages (chat)
            WHERE status IN ('pending', 'failed_waiting_for_retry');
        CREATE INDEX messages_troubled ON messages (chat)
            WHERE direction = 'outbound' AND status IN ('failed', 'failed_waiting_for_retry');
        CREATE INDEX messages_by_arrival ON messages (chat, arrived) WHERE arrived IS NOT NULL;
        CREATE TABLE quarantine (
            pk INTEGER PRIMARY KEY, source TEXT NOT NULL, json TEXT NOT NULL, reason TEXT NOT NULL,
            seen_at INTEGER NOT NULL, UNIQUE (source, json)
        );
        """,
    )


@cache(name="0002 as of when a message is known")
def _cache_2(db: Database) -> None:
    """`stated_at`: the API's time of the answer or event that the row is from, NULL where unknown."""
    _run(db, "ALTER TABLE messages ADD COLUMN stated_at INTEGER")


@cache(name="0003 live records, posts, comments, files")
def _cache_3(db: Database) -> None:
    """What was asked for once: see `store.fetched`.

    `records`: what became of each question but those for files; `json` is text for people, escaped.
    `comments`: `place` counts down the list as it is shown, a reply behind what it replies to.
    `media`: `file` is the path inside the folder `media`; `used_at` decides what is dropped first.
    """
    _run(
        db,
        """
        CREATE TABLE records (
            kind TEXT NOT NULL, id TEXT NOT NULL, json TEXT, fetched_at INTEGER NOT NULL,
            fault TEXT NOT NULL DEFAULT '', PRIMARY KEY (kind, id)
        );
        CREATE TABLE posts (
            profile_id TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, created_at INTEGER NOT NULL,
            PRIMARY KEY (profile_id, id)
        );
        CREATE TABLE comments (
            profile_id TEXT NOT NULL, post_id TEXT NOT NULL, place INTEGER NOT NULL, id TEXT NOT NULL,
            parent_id TEXT, external_id TEXT, json TEXT NOT NULL, PRIMARY KEY (profile_id, post_id, place)
        );
        CREATE TABLE media (
            attachment_id TEXT PRIMARY KEY, message_id TEXT NOT NULL, state TEXT NOT NULL, file TEXT,
            name TEXT NOT NULL DEFAULT '', type TEXT NOT NULL DEFAULT '', size INTEGER,
            done_bytes INTEGER NOT NULL DEFAULT 0, fault TEXT NOT NULL DEFAULT '', used_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX media_by_message ON media (message_id);
        CREATE INDEX messages_with_files ON messages (pk) WHERE attachments != '[]';
        CREATE INDEX messages_by_comment ON messages (external_comment_id)
            WHERE external_comment_id IS NOT NULL;
        """,
    )


@cache(name="0004 how far lists are known")
def _cache_4(db: Database) -> None:
    """`listed_to`: the time of the newest chat that a look at a profile's list has brought, not an event."""
    _run(
        db,
        """
        ALTER TABLE profiles ADD COLUMN listed_to INTEGER;
        UPDATE profiles SET listed_to =
            (SELECT max(last_message_at) FROM chats WHERE profile_id = profiles.id);
        """,
    )


@cache(name="0005 words of buttons that are gone")
def _cache_5(db: Database) -> None:
    """The words of buttons that were changed or removed since: a tap tells only their data."""
    _run(
        db,
        """
        CREATE TABLE button_labels (
            message_id TEXT NOT NULL, data TEXT NOT NULL, label TEXT NOT NULL,
            PRIMARY KEY (message_id, data, label)
        ) WITHOUT ROWID;
        """,
    )


@cache(name="0006 platform ids by chat")
def _cache_6(db: Database) -> None:
    """An index that grows in the order of the chats: platform ids have none, and each would touch a page."""
    _run(
        db,
        """
        DROP INDEX messages_by_external;
        CREATE INDEX messages_by_external ON messages (chat, external_id) WHERE external_id IS NOT NULL;
        """,
    )


@cache(name="0007 views")
def _cache_7(db: Database) -> None:
    """Where each chat stands at a moment, from `valid_from` until `next_change_at` (`core.ranking.Standing`).

    Counters of views stand in `meta`. Rows that were here before have no such standing: all of them are
    overdue, and so are found out at each look until they are folded again (`store.views`).
    """
    _run(
        db,
        """
        ALTER TABLE chats ADD COLUMN unread_since INTEGER;
        ALTER TABLE chats ADD COLUMN woken INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE chats ADD COLUMN rank INTEGER;
        ALTER TABLE chats ADD COLUMN away INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE chats ADD COLUMN closing INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE chats ADD COLUMN valid_from INTEGER;
        UPDATE chats SET next_change_at = 0, unread_since =
            CASE WHEN unread > 0 THEN coalesce(needs_reply_since, last_inbound_at) END;
        INSERT INTO meta VALUES ('now', 0), ('waiting', (SELECT count(*) FROM chats WHERE waiting)),
            ('closing', 0), ('snoozed', 0), ('done', (SELECT count(*) FROM chats WHERE done));
        CREATE INDEX chats_by_rank ON chats (rank) WHERE rank IS NOT NULL;
        CREATE INDEX chats_waiting ON chats (sort_at) WHERE waiting AND NOT away;
        CREATE INDEX chats_closing ON chats (window_closes_at) WHERE unanswered > 0;
        CREATE INDEX chats_snoozed ON chats (snoozed_until) WHERE snoozed_until IS NOT NULL;
        CREATE INDEX chats_done ON chats (sort_at) WHERE done;
        CREATE INDEX chats_by_change ON chats (next_change_at) WHERE next_change_at IS NOT NULL;
        CREATE INDEX chats_by_validity ON chats (valid_from) WHERE valid_from IS NOT NULL;
        """,
    )


@cache(name="0008 search index")
def _cache_8(db: Database) -> None:
    """The words of messages and names, see `store.index`; what is cached is indexed in slices, later."""
    _run(
        db,
        """
        CREATE VIRTUAL TABLE messages_fts USING fts5(
            words, content='', detail=none, columnsize=0, prefix='3', tokenize='ascii'
        );
        CREATE VIRTUAL TABLE names_fts USING fts5(
            words, content='', detail=none, columnsize=0, tokenize='ascii'
        );
        INSERT INTO meta SELECT 'messages_indexed_from', max(pk) + 1 FROM messages HAVING max(pk) IS NOT NULL;
        INSERT INTO meta SELECT 'names_indexed_from', max(pk) + 1 FROM chats HAVING max(pk) IS NOT NULL;
        """,
    )
    db.conn.execute("INSERT INTO meta VALUES ('index_version', ?)", (index.version(),))


@cache(name="0009 people by handle and name")
def _cache_9(db: Database) -> None:
    """Which chats may be with the same person: see `store.customers`, whose expressions these are."""
    _run(
        db,
        """
        CREATE INDEX chats_by_handle ON chats (replace(replace(replace(replace(lower(participant_username),
            '.bsky.social', ''), '.', ''), '_', ''), '-', '')) WHERE participant_username IS NOT NULL;
        CREATE INDEX chats_by_name ON chats (lower(participant_name)) WHERE participant_name IS NOT NULL;
        """,
    )


@local(name="0001 drafts, outbox, marks")
def _local_1(db: Database) -> None:
    """What lives nowhere else. `account` is the name of the folder's account in every intention."""
    _run(
        db,
        """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
        INSERT INTO meta VALUES ('rev', 0);
        CREATE TABLE touched (chat_id TEXT PRIMARY KEY, rev INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX touched_by_rev ON touched (rev);
        CREATE TABLE drafts (
            chat_id TEXT PRIMARY KEY, text TEXT NOT NULL, cursor INTEGER NOT NULL, updated_at INTEGER NOT NULL
        );
        CREATE TABLE outbox (
            pk INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
            act TEXT NOT NULL, chat_id TEXT NOT NULL, profile_id TEXT NOT NULL, payload TEXT NOT NULL,
            state TEXT NOT NULL, screen INTEGER, created_at INTEGER NOT NULL, held_until INTEGER,
            dispatched_at INTEGER, attempts INTEGER NOT NULL DEFAULT 0, next_try_at INTEGER,
            title TEXT NOT NULL DEFAULT '', hint TEXT NOT NULL DEFAULT '',
            message_id TEXT, retry_of TEXT,
            generation INTEGER NOT NULL, arrived INTEGER NOT NULL,
            through_at INTEGER NOT NULL, through_id TEXT NOT NULL
        );
        CREATE INDEX outbox_by_chat ON outbox (chat_id, pk);
        CREATE INDEX outbox_by_message ON outbox (message_id) WHERE message_id IS NOT NULL;
        CREATE INDEX outbox_open ON outbox (pk) WHERE state NOT IN ('settled', 'discarded');
        CREATE INDEX outbox_open_by_chat ON outbox (chat_id, pk)
            WHERE state NOT IN ('settled', 'discarded');
        CREATE TABLE marks (
            chat_id TEXT NOT NULL, kind TEXT NOT NULL, generation INTEGER NOT NULL, arrived INTEGER NOT NULL,
            through_at INTEGER NOT NULL, through_id TEXT NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (chat_id, kind)
        ) WITHOUT ROWID;
        CREATE TABLE dismissed (message_id TEXT PRIMARY KEY, chat_id TEXT NOT NULL, at INTEGER NOT NULL)
            WITHOUT ROWID;
        CREATE INDEX dismissed_by_chat ON dismissed (chat_id);
        CREATE TABLE screens (pid INTEGER PRIMARY KEY, chat_id TEXT, at INTEGER NOT NULL);
        CREATE TABLE needs (kind TEXT NOT NULL, subject TEXT NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (kind, subject)) WITHOUT ROWID;
        """,
    )


@local(name="0002 the server's clock at dispatch")
def _local_2(db: Database) -> None:
    """`clock_offset`: server time minus ours in milliseconds when an item was dispatched, NULL: not known."""
    _run(db, "ALTER TABLE outbox ADD COLUMN clock_offset INTEGER")


@local(name="0003 what goes with a draft")
def _local_3(db: Database) -> None:
    """`extras`: JSON of what goes with the text (`store.drafts.EXTRAS`). `started_at`: when it was begun."""
    _run(
        db,
        """
        ALTER TABLE drafts ADD COLUMN extras TEXT NOT NULL DEFAULT '{}';
        ALTER TABLE drafts ADD COLUMN started_at INTEGER;
        """,
    )


@local(name="0004 keyboards with a name")
def _local_4(db: Database) -> None:
    """`design`: JSON of a `core.keyboard_text.Design`. The case of a name's letters does not count."""
    _run(
        db,
        """
        CREATE TABLE keyboards (
            name TEXT PRIMARY KEY COLLATE NOCASE, design TEXT NOT NULL, updated_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        """,
    )


@local(name="0005 sends with files")
def _local_5(db: Database) -> None:
    """`with_pk`: the item that this one follows as the second part of one unit. `done_bytes`: of its file."""
    _run(
        db,
        """
        ALTER TABLE outbox ADD COLUMN with_pk INTEGER;
        ALTER TABLE outbox ADD COLUMN done_bytes INTEGER NOT NULL DEFAULT 0;
        """,
    )


@local(name="0006 snoozes, labels, pins, notes, journal")
def _local_6(db: Database) -> None:
    """What triage knows beside marks, and its journal: `changes` is JSON, see `store.triage`."""
    _run(
        db,
        """
        CREATE TABLE snoozes (
            chat_id TEXT PRIMARY KEY, generation INTEGER NOT NULL, arrived INTEGER NOT NULL,
            through_at INTEGER NOT NULL, through_id TEXT NOT NULL, at INTEGER NOT NULL,
            until INTEGER, sticky INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE labels (chat_id TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (chat_id, label))
            WITHOUT ROWID;
        CREATE INDEX labels_by_name ON labels (label);
        CREATE TABLE pins (chat_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE notes (chat_id TEXT PRIMARY KEY, text TEXT NOT NULL, updated_at INTEGER NOT NULL)
            WITHOUT ROWID;
        CREATE TABLE journal (
            pk INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, what TEXT NOT NULL,
            changes TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0
        );
        """,
    )


@local(name="0007 what was chosen last")
def _local_7(db: Database) -> None:
    """What the person chose among commands, chats and views, and when: see `store.recency`."""
    _run(
        db,
        """
        CREATE TABLE chosen (
            kind TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, id)
        ) WITHOUT ROWID;
        CREATE INDEX chosen_by_time ON chosen (at);
        """,
    )


@local(name="0008 what was told")
def _local_8(db: Database) -> None:
    """How far news were told, and of which closing windows: see `store.alerts`."""
    _run(
        db,
        """
        CREATE TABLE told (generation INTEGER NOT NULL, arrived INTEGER NOT NULL);
        CREATE TABLE alarms (
            chat_id TEXT PRIMARY KEY, closes_at INTEGER NOT NULL, step INTEGER NOT NULL
        ) WITHOUT ROWID;
        """,
    )
