import json

from domo_insights.ui.payloads import FOLDED, fold, found, pretty

CARRIED = {
    "event_type": "conversation.utterance",
    "properties": {"speech": "x" * 500, "nested": [{"deep": "Pricing"}, None, 7], "empty": {}},
}


def test_long_texts_are_folded_and_say_how_much_is_left_out():
    lines = pretty(CARRIED)
    assert any(line.endswith('340 more",') for line in lines)
    assert max(map(len, lines)) < FOLDED + 40
    assert json.loads("\n".join(pretty(CARRIED, None))) == CARRIED


def test_what_is_short_stays():
    assert fold("abc", 3) == "abc"
    assert fold("abcd", 3) == "abc … 1 more"


def test_search_finds_names_and_values_in_any_case():
    assert found(CARRIED, "pricing") == ['properties.nested[0].deep: "Pricing"']
    assert found(CARRIED, "NESTED[2]") == ["properties.nested[2]: 7"]
    assert found(CARRIED, "empty") == ["properties.empty: {}"]
    assert found(CARRIED, "nowhere") == []


def test_what_turns_or_hides_text_is_taken_out():
    evil = {"a": "left \u202e right \x07"}
    assert "\u202e" not in "".join(pretty(evil)) + "".join(found(evil, "a"))


def test_anything_that_json_holds_can_be_shown():
    for value in ("text", 3, None, [], {}, [[1], {"a": [True]}]):
        assert json.loads("\n".join(pretty(value, None))) == value
