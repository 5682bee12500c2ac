"""What is odd in a category file is said once, by the job that brings the file."""

from terrace.domain.category_checks import NAME_MAX
from tests.fakes.house import INPUTS, House
from tests.steps.conftest import two_levels


def test_a_chained_job_does_not_repeat_the_warnings_of_its_source(house: House) -> None:
    # Given two lanes whose category file names a long attribute, and inherit it
    request = two_levels(house)
    attribute = {
        "name": "N" * (NAME_MAX + 2),
        "description": "How many there are",
        "type": "string",
        "enum": ["One", "Many"],
    }
    house.objects.put_json(
        f"s3://{INPUTS}/categories.json",
        {
            "document-version": "2020-08-15",
            "labels": [{"label": "Vehicle", "attributes": [attribute]}],
        },
    )
    house.post(request)
    house.turn()
    # Then each of the two jobs that bring it warns, and the two that inherit it do not
    warnings = [found.path for found in house.batch().warnings]
    assert len(warnings) == 2, warnings
    first = [
        path for path in warnings if path.startswith(("$.labelingJobs[0]", "$.labelingJobs[2]"))
    ]
    assert first == warnings
