"""`logcore log stat` and `verify`."""


def test_stat_shows_offsets(logcore_json, logcore, few):
    (stat,) = logcore_json("log", "stat", few)
    assert (stat["start_offset"], stat["end_offset"]) == (0, 6)
    assert "end_offset: 6\n" in logcore("log", "stat", few).stdout


def test_verify_counts_what_it_checked(logcore_json, few):
    (report,) = logcore_json("log", "verify", few)
    assert (report["batches"], report["records"], report["problems"]) == (3, 6, [])


def test_verify_finds_a_flipped_bit(logcore_json, logcore, few):
    path = few / f"{0:020}.log"
    data = bytearray(path.read_bytes())
    data[70] ^= 1
    path.write_bytes(data)
    (report,) = logcore_json("log", "verify", few, code=1)
    assert report["problems"]
    assert "problems" in logcore("log", "verify", few, code=1).stdout
