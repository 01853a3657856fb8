"""Labels that people gave, over both kinds of database: kept by text, proposed where they teach most."""

from __future__ import annotations

from datetime import timedelta

from records.label import Label, LabelField, text_digest
from records.post import Channel, Post
from storage.database import Database
from tests.storage.samples import NOW, analysis, membership, post, problem, reply


def _label(of: Post, value: str, field: LabelField = LabelField.TOPIC) -> Label:
    return Label(post_id=of.id, digest=text_digest(of), field=field, value=value, at=NOW)


def test_the_newest_label_of_a_text_stands(database: Database) -> None:
    first, second = post(1), post(2)
    database.posts.save([second, first])
    database.labels.add([_label(second, "环境保护"), _label(first, "交通运输")])
    database.labels.add([_label(first, "城乡建设"), _label(first, "2", LabelField.URGENCY)])
    assert database.labels.count() == 3
    found = list(database.labels.labelled())
    assert [one.post.id for one in found] == [first.id, second.id]
    assert found[0].values == {LabelField.TOPIC: "城乡建设", LabelField.URGENCY: "2"}
    database.labels.add([])
    assert database.labels.count() == 3


def test_a_label_holds_for_the_text_it_was_given_to(database: Database) -> None:
    asked = post(1)
    database.posts.save([asked])
    database.labels.add([_label(asked, "城乡建设")])
    database.posts.save([post(1, replies=(reply(),))])
    assert len(list(database.labels.labelled())) == 1, "a reply changes nothing"
    database.posts.save([post(1, text="全部改写了")])
    assert list(database.labels.labelled()) == []
    database.posts.save([asked])
    assert len(list(database.labels.labelled())) == 1
    database.purge(Channel.INBOX, before=NOW, now=NOW + timedelta(days=1))
    assert list(database.labels.labelled()) == []
    assert database.labels.count() == 1


def test_one_of_each_problem_is_proposed_the_least_sure_first(database: Database) -> None:
    posts = [post(number) for number in range(1, 7)]
    scores = (0.9, 0.2, 0.3, 0.8, 0.5, 0.1)
    database.posts.save(posts)
    database.analyses.save(
        [analysis(one, topic_score=score) for one, score in zip(posts, scores, strict=True)]
    )
    # 1, 2 and 3 are of one problem, 4 of another; 5 and 6 of none.
    database.problems.commit(
        [membership(one, "p1" if at < 3 else "p2") for at, one in enumerate(posts[:4])],
        [problem("p1"), problem("p2")],
    )
    assert database.labels.propose(LabelField.TOPIC, 9) == [posts[at].id for at in (5, 1, 4, 3, 2, 0)]
    assert database.labels.propose(LabelField.TOPIC, 2) == [posts[5].id, posts[1].id]
    database.labels.add([_label(posts[1], "交通运输")])
    assert database.labels.propose(LabelField.TOPIC, 9) == [posts[at].id for at in (5, 4, 3, 2, 0)]
    assert database.labels.propose(LabelField.INTENT, 1) == [posts[5].id]
    database.purge(Channel.INBOX, before=NOW, now=NOW)
    assert database.labels.propose(LabelField.TOPIC, 9) == []
