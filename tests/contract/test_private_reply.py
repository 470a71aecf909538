"""Seed: Private reply; and the comments that it answers (postproxy-api.md section 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Record = dict[str, Any]
PENDING_FIELDS = [
    "id", "chat_id", "external_id", "direction", "body", "status", "external_comment_id", "error_message",
    "platform_data", "external_posted_at", "created_at",
]  # fmt: skip


@pytest.fixture
def post(api: httpx.Client) -> str:
    """A post that is on Facebook and Instagram."""
    identity: str = api.get("/api/posts").json()["data"][0]["id"]
    return identity


@pytest.fixture
def new_comment(control: httpx.Client, profiles: dict[str, str], post: str) -> Callable[..., Record]:
    """Somebody comments on the post."""

    def make(platform: str, age: float = 0) -> Record:
        body = {"post": post, "profile": profiles[platform], "body": "Price please", "age": age}
        comment: Record = control.post("/comments", json=body).json()
        return comment

    return make


class TestPrivateReply:
    """POST /api/posts/:post_id/comments/:id/private_reply."""

    def path(self, post: str, comment: str) -> str:
        return f"/api/posts/{post}/comments/{comment}/private_reply"

    @pytest.mark.parametrize("platform", ["facebook", "instagram"])
    @pytest.mark.parametrize("id_form", ["id", "external_id"])
    def test_a_pending_message_in_a_chat_with_the_author_is_returned(
        self,
        api: httpx.Client,
        profiles: dict[str, str],
        post: str,
        new_comment: Callable[..., Record],
        advance: Callable[..., None],
        platform: str,
        id_form: str,
    ) -> None:
        comment = new_comment(platform)
        answer = api.post(
            self.path(post, comment[id_form]),
            params={"profile_id": profiles[platform]},
            json={"text": "Thanks for your comment"},
        )
        message = answer.json()
        assert answer.status_code == 202
        assert list(message) == PENDING_FIELDS
        assert (message["status"], message["body"]) == ("pending", "Thanks for your comment")
        assert message["external_comment_id"] == comment["external_id"]
        chat = api.get(f"/api/chats/{message['chat_id']}").json()
        assert chat["participant_external_id"] == comment["author_external_id"]
        assert chat["last_inbound_at"] is None
        advance(3)
        settled = api.get(f"/api/messages/{message['id']}").json()
        assert (settled["status"], settled["external_comment_id"]) == ("published", comment["external_id"])

    def test_an_existing_chat_with_the_author_is_reused(
        self, api: httpx.Client, profiles: dict[str, str], post: str, new_comment: Callable[..., Record]
    ) -> None:
        comment = new_comment("instagram")
        chats = f"/api/profiles/{profiles['instagram']}/chats"
        body = {"participant_external_id": comment["author_external_id"]}
        chat = api.post(chats, json=body).json()
        message = api.post(
            self.path(post, comment["id"]), params={"profile_id": profiles["instagram"]}, json={"text": "hi"}
        ).json()
        assert message["chat_id"] == chat["id"]

    def test_it_bypasses_the_window_for_seven_days_and_not_longer(
        self,
        api: httpx.Client,
        profiles: dict[str, str],
        post: str,
        new_comment: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        statuses = []
        for age in (7 * 86_400 - 60, 7 * 86_400 + 60):
            comment = new_comment("facebook", age)
            message = api.post(
                self.path(post, comment["id"]),
                params={"profile_id": profiles["facebook"]},
                json={"text": "hi"},
            ).json()
            advance(3)
            settled = api.get(f"/api/messages/{message['id']}").json()
            statuses.append((settled["status"], settled["error_message"]))
        assert statuses[0] == ("published", None)
        assert statuses[1][0] == "failed"
        assert "7 days" in statuses[1][1]

    def test_one_reply_per_comment_ever(
        self,
        api: httpx.Client,
        profiles: dict[str, str],
        post: str,
        new_comment: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:
        comment = new_comment("instagram")
        settled = []
        for text in ("first", "second"):
            message = api.post(
                self.path(post, comment["id"]),
                params={"profile_id": profiles["instagram"]},
                json={"text": text},
            ).json()
            advance(3)
            settled.append(api.get(f"/api/messages/{message['id']}").json())
        assert [message["status"] for message in settled] == ["published", "failed"]
        assert settled[1]["error_message"] == "(#10900) Activity already replied to"

    def test_it_opens_no_window(
        self,
        api: httpx.Client,
        profiles: dict[str, str],
        post: str,
        new_comment: Callable[..., Record],
        sent: Callable[..., Record],
    ) -> None:
        comment = new_comment("facebook")
        message = api.post(
            self.path(post, comment["id"]), params={"profile_id": profiles["facebook"]}, json={"text": "hi"}
        ).json()
        assert sent({"id": message["chat_id"]})["status"] == "failed"

    def test_profile_and_text_are_required(
        self,
        error: Callable[..., Any],
        profiles: dict[str, str],
        post: str,
        new_comment: Callable[..., Record],
    ) -> None:
        path = self.path(post, new_comment("instagram")["id"])
        status, answer = error("POST", path, json={"text": "hi"})
        assert (status, answer["message"]) == (400, "param is missing or the value is empty: profile_id")
        for body in ({}, {"text": ""}, {"text": "  "}):
            status, answer = error("POST", path, params={"profile_id": profiles["instagram"]}, json=body)
            assert (status, answer["message"]) == (400, "param is missing or the value is empty: text")

    @pytest.mark.parametrize("platform", ["telegram", "bluesky", "threads"])
    def test_other_networks_are_refused(
        self, error: Callable[..., Any], profiles: dict[str, str], post: str, platform: str
    ) -> None:
        text = "Private replies are only supported on Facebook and Instagram"
        answer = error(
            "POST", self.path(post, "x"), params={"profile_id": profiles[platform]}, json={"text": "hi"}
        )
        assert answer == (422, {"error": text})

    def test_a_comment_of_the_other_profile_is_not_found(
        self,
        error: Callable[..., Any],
        profiles: dict[str, str],
        post: str,
        new_comment: Callable[..., Record],
    ) -> None:
        path = self.path(post, new_comment("facebook")["id"])
        answer = error("POST", path, params={"profile_id": profiles["instagram"]}, json={"text": "hi"})
        assert answer == (404, {"error": "Not found"})


class TestComments:
    """Comments of a post: the way to a private reply."""

    def test_top_level_comments_come_newest_first_with_replies_inside(
        self, untouched: httpx.Client, profiles: dict[str, str]
    ) -> None:
        replies = 0
        for post in untouched.get("/api/posts").json()["data"]:
            for platform in ("facebook", "instagram"):
                path = f"/api/posts/{post['id']}/comments"
                page = untouched.get(path, params={"profile_id": profiles[platform]}).json()
                assert list(page) == ["total", "page", "per_page", "data"]
                times = [comment["created_at"] for comment in page["data"]]
                assert times == sorted(times, reverse=True)
                for comment in page["data"]:
                    assert comment["parent_external_id"] is None
                    assert all(r["parent_external_id"] == comment["external_id"] for r in comment["replies"])
                    replies += len(comment["replies"])
                    for identity in (comment["id"], comment["external_id"]):
                        single = untouched.get(
                            f"{path}/{identity}", params={"profile_id": profiles[platform]}
                        )
                        assert single.json() == comment
        assert replies

    def test_profile_is_required_and_networks_without_comments_are_405(
        self, error: Callable[..., Any], profiles: dict[str, str], post: str
    ) -> None:
        path = f"/api/posts/{post}/comments"
        assert error("GET", path)[0] == 400
        assert error("GET", path, params={"profile_id": profiles["telegram"]})[0] == 405
        assert error("GET", "/api/posts/none/comments", params={"profile_id": profiles["facebook"]})[0] == 404

    def test_an_own_comment_is_pending_then_published(
        self, api: httpx.Client, profiles: dict[str, str], post: str, new_comment: Callable[..., Record],
        advance: Callable[..., None],
    ) -> None:  # fmt: skip
        parent = new_comment("facebook")
        path, params = f"/api/posts/{post}/comments", {"profile_id": profiles["facebook"]}
        own = api.post(path, params=params, json={"text": "£40", "parent_id": parent["id"]}).json()
        assert (own["status"], own["external_id"]) == ("pending", None)
        assert own["parent_external_id"] == parent["external_id"]
        advance(3)
        later = api.get(f"{path}/{own['id']}", params=params).json()
        assert later["status"] == "published"
        assert later["external_id"]
        assert api.get(f"{path}/{parent['id']}", params=params).json()["replies"] == [later]

    def test_moderation_is_accepted_where_the_network_has_it_and_405_elsewhere(
        self, api: httpx.Client, error: Callable[..., Any], profiles: dict[str, str], post: str,
        new_comment: Callable[..., Record],
    ) -> None:  # fmt: skip
        comment = new_comment("facebook")
        path, params = f"/api/posts/{post}/comments/{comment['id']}", {"profile_id": profiles["facebook"]}
        seen = []
        for act in ("hide", "unhide", "like", "unlike"):
            assert api.post(f"{path}/{act}", params=params).json() == {"accepted": True}
            now = api.get(path, params=params).json()
            seen.append((now["is_hidden"], now["like_count"] - comment["like_count"]))
        assert seen == [(True, 0), (False, 0), (False, 1), (False, 0)]
        assert error("POST", f"{path}/pin", params=params)[0] == 405
        assert api.patch(path, params=params, json={"body": "edited"}).json() == {"accepted": True}
        assert api.get(path, params=params).json()["body"] == "edited"
        assert api.delete(path, params=params).json() == {"accepted": True}
        assert error("GET", path, params=params)[0] == 404
        other = new_comment("instagram")
        path, params = f"/api/posts/{post}/comments/{other['id']}", {"profile_id": profiles["instagram"]}
        assert error("POST", f"{path}/like", params=params)[0] == 405

    def test_the_flat_list_covers_every_comment_once(
        self, untouched: httpx.Client, profiles: dict[str, str]
    ) -> None:
        whole = untouched.get("/api/comments", params={"per_page": 100}).json()
        assert whole["total"] == len(whole["data"]) == len({comment["id"] for comment in whole["data"]}) > 0
        assert all("replies" not in comment for comment in whole["data"])
        one = untouched.get("/api/comments", params={"profiles": "instagram", "per_page": 100}).json()["data"]
        assert {comment["profile_id"] for comment in one} == {profiles["instagram"]}
        none = untouched.get("/api/comments", params={"post_ids": "unknown"}).json()
        assert none["data"] == []


class TestPosts:
    """GET /api/posts and /api/posts/:id."""

    def test_posts_come_newest_first_ten_a_page(
        self, untouched: httpx.Client, error: Callable[..., Any]
    ) -> None:
        page = untouched.get("/api/posts").json()
        assert page["per_page"] == 10
        times = [post["created_at"] for post in page["data"]]
        assert times == sorted(times, reverse=True)
        for post in page["data"]:
            assert untouched.get(f"/api/posts/{post['id']}").json() == post
        assert untouched.get("/api/posts", params={"platforms[]": "bluesky"}).json()["total"] == 0
        assert (
            untouched.get("/api/posts", params={"platforms[]": "facebook"}).json()["total"] == page["total"]
        )
        assert error("GET", "/api/posts/none") == (404, {"error": "Not found"})
