import pytest

# It asserts for several modules of tests: what differs is shown as in them.
pytest.register_assert_rewrite("tests.database.counted")
