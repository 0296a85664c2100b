"""Lists of values stay lists on their way to the database, which plans a thousand alternatives for seconds."""

from jobs.item_filter import All, Either, OneOf
from jobs.searchable import PROPERTIES
from service.stac.filters import read_json
from service.stac.query import read_query


def test_a_list_of_values_is_one_condition():
    wanted = OneOf(PROPERTIES["id"], ("a", "b"))
    assert read_query({"id": {"in": ["a", "b"]}}, "query") == All((wanted,))
    assert read_json({"op": "in", "args": [{"property": "id"}, ["a", "b"]]}, "filter", 10) == wanted
    assert read_query({"gsd": {"in": ["10", 20]}}, "query") == All((OneOf(PROPERTIES["gsd"], (10, 20)),))


def test_a_list_of_days_is_a_list_of_spans():
    (found,) = read_query({"datetime": {"in": ["2023-06-01", "2023-06-02"]}}, "query").conditions
    assert isinstance(found, Either)
    assert [len(span.conditions) for span in found.conditions] == [2, 2]
