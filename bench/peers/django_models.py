"""The tables of the register as Django models."""

from collections.abc import Iterator
from typing import Any

from bodies import ActivityUpsert, EventCreate, EventRead
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVectorField
from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Now

Text = models.TextField


class Uuid7(models.Func):
    function = "uuidv7"
    output_field = models.UUIDField()


class Goal(models.Model):
    id = models.UUIDField(primary_key=True)
    number = models.SmallIntegerField()

    class Meta:
        managed, app_label, db_table = False, "bench", "goals"


class Organisation(models.Model):
    id = models.UUIDField(primary_key=True)
    code = Text()

    class Meta:
        managed, app_label, db_table = False, "bench", "organisations"


class Kept(models.Model):
    id = models.UUIDField(primary_key=True, db_default=Uuid7())
    keys = ArrayField(Text(), db_default=[])
    version = models.IntegerField(db_default=1)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True


class Event(Kept):
    title, kind, status = Text(), Text(), Text()
    start_date, end_date = models.DateField(null=True), models.DateField(null=True)
    date_precision = Text()
    mode, city, country = Text(null=True), Text(null=True), Text(null=True)
    countries = ArrayField(Text(), db_default=[])
    goals, activities = models.JSONField(default=list), models.JSONField(default=list)
    organisations = models.JSONField(default=list)
    summary, outcome = Text(null=True), Text(null=True)
    registered, attended = models.IntegerField(null=True), models.IntegerField(null=True)
    aliases = ArrayField(Text(), db_default=[])
    former_dates = models.JSONField(default=list)
    note = Text(null=True)
    sources = models.JSONField(default=list)

    class Meta:
        managed, app_label, db_table = False, "bench", "events"


class Activity(Kept):
    code, title = Text(null=True, unique=True), Text()
    goal = models.ForeignKey(Goal, models.DO_NOTHING)
    lead = models.ForeignKey(Organisation, models.DO_NOTHING, null=True)
    countries = ArrayField(Text(), db_default=[])
    start_date, end_date = models.DateField(null=True), models.DateField(null=True)
    status, description = Text(), Text(null=True)

    class Meta:
        managed, app_label, db_table = False, "bench", "activities"


class SearchText(models.Model):
    record_id = models.UUIDField(primary_key=True)
    kind, title = Text(), Text()
    words = SearchVectorField()

    class Meta:
        managed, app_label, db_table = False, "bench", "search_texts"


def some(kind: str | None, sort: str) -> Any:
    found = Event.objects.order_by(sort, "-id" if sort.startswith("-") else "id")
    return found.filter(kind__in=kind.split(",")) if kind else found


def hits(q: str, limit: int) -> Any:
    query = SearchQuery(q, config="english", search_type="websearch")
    found = (
        SearchText.objects.filter(words=query)
        .annotate(score=SearchRank(F("words"), query))
        .order_by("-score")
    )
    return found.values("kind", "title", "score", id=F("record_id"))[:limit]


def create(new: EventCreate) -> Event:
    values = new.model_dump()
    goals = {
        each.number: str(each.id)
        for each in Goal.objects.filter(number__in=[link.number for link in new.goals])
    }
    codes = [link.code for link in new.organisations]
    bodies = {each.code: str(each.id) for each in Organisation.objects.filter(code__in=codes)}
    values["goals"] = [
        {"id": goals[link.number], "number": link.number, "link": link.link} for link in new.goals
    ]
    values["organisations"] = [
        {"id": bodies[link.code], "code": link.code, "role": link.role} for link in new.organisations
    ]
    event = Event.objects.create(**values)
    event.refresh_from_db()
    return event


@transaction.atomic
def upsert(rows: list[ActivityUpsert]) -> int:
    goals = {each.number: each for each in Goal.objects.all()}
    bodies = {each.code: each for each in Organisation.objects.all()}
    objects = [
        Activity(
            **row.model_dump(exclude={"goal", "lead"}),
            goal=goals[row.goal.number],
            lead=row.lead and bodies[row.lead.code],
        )
        for row in rows
    ]
    changed = ["title", "goal", "lead", "countries", "start_date", "end_date", "status", "description"]
    Activity.objects.bulk_create(
        objects, batch_size=2000, update_conflicts=True, unique_fields=["code"], update_fields=changed
    )
    return len(objects)


def exported(kind: str | None, sort: str) -> Iterator[bytes]:
    for row in some(kind, sort).iterator(chunk_size=1000):
        yield EventRead.model_validate(row).model_dump_json().encode() + b"\n"
