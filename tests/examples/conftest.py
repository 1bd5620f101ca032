"""A small file of flights, as the examples read the real one."""

import pytest

HEADER = "dep_delay,carrier,flight,origin,dest,minute,time_hour\n"
COUNT = 20_000


@pytest.fixture
def few_flights(tmp_path):
    path = tmp_path / "few.csv"
    rows = (
        f"{'NA' if number % 97 == 0 else number % 61 - 9},{('UA', 'B6', '9E')[number % 3]},"
        f"{number},EWR,IAH,{number % 60},2013-01-{1 + number * 28 // COUNT:02}T10:00:00Z\n"
        for number in range(COUNT)
    )
    path.write_text(HEADER + "".join(rows))
    return path
