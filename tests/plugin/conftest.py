from pathlib import Path

import pytest

from tests.plugin.playing import Player


@pytest.fixture
def player(tmp_path: Path) -> Player:
    return Player(tmp_path=tmp_path)
