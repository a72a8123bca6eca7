"""A bucket that everybody may read (F7, L7): a policy for one download that nobody took back."""

from typing import Final

from attrs import frozen

from gameday.clock import Interval
from gameday.faults.base import Undo
from gameday.faults.one_key import OneKey
from gameday.place import Place
from gameday.servers.powers import Settings
from gameday.systems.base import Bucket

KEY: Final = "policy"


@frozen
class PublicBucket:
    """Replaces the bucket's policy by one that lets everybody list it and read its objects."""

    bucket: Bucket
    name = "PublicBucket"

    @property
    def settings(self) -> Settings:
        return self.bucket.settings

    @property
    def origin(self) -> Place:
        return self.bucket.by_anyone

    @property
    def leaks_to(self) -> tuple[str, ...]:
        return (self.origin.name,)

    def plan(self) -> Undo:
        return self._key.plan()

    def inject(self) -> Interval:
        return self._key.inject()

    def is_active(self) -> bool:
        return self._key.is_active()

    @property
    def _key(self) -> OneKey:
        arn = f"arn:aws:s3:::{self.bucket.name}"
        everybody = {
            "Sid": "PublicRead",
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [arn, f"{arn}/*"],
        }
        return OneKey(settings=self.settings, key=KEY, ours={"Version": "2012-10-17", "Statement": [everybody]})
