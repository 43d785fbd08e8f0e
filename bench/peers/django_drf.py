"""Django REST framework: serializers and views."""

from typing import Any

from bodies import ActivityUpsert, EventCreate
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django_models import Event, create, exported, hits, some, upsert
from pydantic import TypeAdapter
from rest_framework import generics, serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response


class EventSerializer(serializers.ModelSerializer):
    class Meta:
        model = Event
        fields = "__all__"
        read_only_fields = ("id", "keys", "version", "created_at", "updated_at", "former_dates")


class Events(generics.GenericAPIView):
    serializer_class = EventSerializer

    def get(self, request: Request) -> Response:
        asked = request.query_params
        limit = int(asked.get("limit", 50))
        found = some(asked.get("kind"), asked.get("sort", "-start_date"))[:limit]
        return Response({"items": self.get_serializer(found, many=True).data})

    def post(self, request: Request) -> Response:
        new = EventCreate.model_validate(request.data)
        return Response(self.get_serializer(create(new)).data, 201)


class OneEvent(generics.RetrieveUpdateAPIView):
    serializer_class = EventSerializer
    queryset = Event.objects.all()


class HitSerializer(serializers.Serializer):
    kind, title = serializers.CharField(), serializers.CharField()
    id, score = serializers.UUIDField(), serializers.FloatField()


@api_view(["GET"])
def search(request: Request) -> Response:
    found = hits(request.query_params["q"], int(request.query_params.get("limit", 20)))
    return Response({"items": HitSerializer(found, many=True).data})


_ROWS: Any = TypeAdapter(list[ActivityUpsert])


@api_view(["POST"])
def bulk(request: Request) -> Response:
    return Response({"written": upsert(_ROWS.validate_python(request.data))})


def export(request: HttpRequest) -> StreamingHttpResponse:
    rows = exported(request.GET.get("kind"), request.GET.get("sort", "-start_date"))
    return StreamingHttpResponse(rows, content_type="application/x-ndjson")


urlpatterns = [
    path("livez", lambda request: HttpResponse("ok")),
    path("events", Events.as_view()),
    path("events/<uuid:pk>", OneEvent.as_view()),
    path("search", search),
    path("activities/bulk", bulk),
    path("export", export),
]
