"""Opening the data: the metadata log is found or begun, never begun beside lost data."""

import asyncio
import shutil
from pathlib import Path

import pytest

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs
from logcore.broker.lanes import Lanes
from logcore.broker.storage import METADATA_TOPIC, open_metadata, open_storage
from logcore.common.clock import SystemClock
from logcore.common.config import ConfigError
from logcore.common.errors import LogCorruptError, LogDirectoryOfflineError
from logcore.log.manager import LoadProgress


def opened(*directories: Path, **settings: str):
    config = BrokerConfig({"log.dirs": ",".join(map(str, directories))} | settings)
    return open_storage(config, Configs(config), LoadProgress(), SystemClock())


def begin(*directories: Path) -> list[tuple[str, int]]:
    """Open and close everything; return the partitions that are there."""

    async def main() -> list[tuple[str, int]]:
        storage, lanes = opened(*directories), Lanes(asyncio.get_running_loop())
        try:
            open_metadata(storage, lanes, SystemClock())
            found: list[tuple[str, int]] = storage.logs.partitions()
            return found
        finally:
            lanes.close()
            storage.logs.close()

    return asyncio.run(main())


def test_the_metadata_log_is_begun_and_found_again(tmp_path):
    for _ in range(2):
        assert begin(tmp_path / "a", tmp_path / "b") == [(METADATA_TOPIC, 0)]


def test_it_is_not_begun_anew_while_a_directory_is_lost(tmp_path):
    begin(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "elsewhere")
    (tmp_path / "a").write_text("a file where the directory was")
    with pytest.raises(LogDirectoryOfflineError, match="metadata"):
        begin(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("is_damaged", [False, True])
def test_it_is_not_begun_anew_beside_logs_that_it_would_not_know(tmp_path, is_damaged: bool):
    begin(tmp_path)
    storage = opened(tmp_path)
    storage.logs.get_or_create("t", 0, None, is_new=True)
    storage.logs.close()
    metadata = tmp_path / f"{METADATA_TOPIC}-0"
    if is_damaged:
        (metadata / "partition.metadata").write_text("nonsense")
    else:
        shutil.rmtree(metadata)
    with pytest.raises(LogCorruptError, match="metadata"):
        begin(tmp_path)


def test_a_metadata_directory_of_its_own_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"metadata\.log\.dir"):
        opened(tmp_path / "a", **{"metadata.log.dir": str(tmp_path / "m")})
