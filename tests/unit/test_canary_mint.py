"""Minting: the same canaries again from the same key, run, seed and serial; nothing shows their text."""

import pytest

from gameday.canary.families import FAMILIES, CardPrompt, CloudKeyPrompt, Family
from gameday.canary.key import SiteKey
from gameday.canary.mint import SLOTS, Canary, Mint
from gameday.errors import UsageError

KEY = SiteKey(b"k" * 32)
BY_NAME = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


def _mint(*, run: str = "run-1", seed: int = 7, first_serial: int = 0, stride: int = 1) -> Mint:
    return Mint(KEY, run=run, seed=seed, tenants=("acme", "globex"), first_serial=first_serial, stride=stride)


def _ten(mint: Mint) -> list[Canary]:
    return [mint.canary(CloudKeyPrompt, tenant="acme", slot="user") for _ in range(10)]


@BY_NAME
def test_another_process_mints_the_same(family: Family) -> None:
    first, second = (_mint().canary(family, tenant="acme", slot="user") for _ in range(2))
    assert (first == second) is True


@pytest.mark.parametrize(("run", "seed"), [("run-2", 7), ("run-1", 8)])
def test_another_run_or_seed_mints_other_values(run: str, seed: int) -> None:
    values = {value for one in _ten(_mint()) for value in one.values}
    assert not any(value in values for one in _ten(_mint(run=run, seed=seed)) for value in one.values)


def test_workers_with_a_stride_mint_what_one_process_mints() -> None:
    whole = {canary.id for canary in _ten(_mint())}
    parts = [_mint(first_serial=worker, stride=2).canary(CloudKeyPrompt, tenant="acme").id for worker in range(2)]
    assert parts == [canary.id for canary in _ten(_mint())[:2]]
    odd = {canary.id for canary in _ten(_mint(first_serial=1, stride=2))}
    even = {canary.id for canary in _ten(_mint(first_serial=0, stride=2))}
    assert not odd & even
    assert len(whole & (odd | even)) == 10


def test_a_canary_comes_again_by_its_serial() -> None:
    third = _ten(_mint())[3]
    again = _mint().canary(CloudKeyPrompt, tenant="acme", serial=3)
    assert (again == third) is True


@BY_NAME
def test_neither_repr_nor_str_shows_the_text(family: Family) -> None:
    canary = _mint().canary(family, tenant="acme")
    shown = f"{canary!r} {canary} {[canary]}"
    assert not any(text in shown for text in (canary.token, canary.text, *canary.values))
    assert str(canary) == f"{canary.id} ({canary.fingerprint})"


@BY_NAME
def test_the_text_holds_the_values_and_the_token(family: Family) -> None:
    canary = _mint().canary(family, tenant="globex", slot="rag")
    assert all(part in canary.text for part in (canary.token, *canary.values))


@BY_NAME
def test_a_token_without_its_value_can_be_minted(family: Family) -> None:
    canary = _mint().canary(family, tenant="acme", with_value=False)
    whole = _mint().canary(family, tenant="acme")
    assert canary.values == ()
    assert canary.token in canary.text
    assert not any(value in canary.text for value in whole.values)


def test_ids_are_short_harmless_and_all_different() -> None:
    mint = _mint()
    canaries = [
        mint.canary(CardPrompt, tenant=tenant, slot=slot)
        for tenant in ("acme", "globex")
        for slot in SLOTS
        for _ in range(50)
    ]
    assert len({canary.id for canary in canaries}) == len(canaries)
    assert not any(canary.id.replace("-", "")[1:] in canary.text for canary in canaries)
    assert all(len(canary.id) == 12 for canary in canaries)


def test_more_serials_than_a_token_can_hold_are_refused() -> None:
    mint = _mint(first_serial=32_767)
    mint.canary(CardPrompt, tenant="acme")
    with pytest.raises(UsageError, match="begin another run"):
        mint.canary(CardPrompt, tenant="acme")


@pytest.mark.parametrize("tenants", [(), ("a", "a"), tuple("abcdefghi")])
def test_tenants_that_a_token_cannot_tell_apart_are_refused(tenants: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="1 to 8 different tenants"):
        Mint(KEY, run="r", seed=1, tenants=tenants)


@pytest.mark.parametrize(("tenant", "slot"), [("nobody", "user"), ("acme", "nowhere")])
def test_an_unknown_tenant_or_slot_is_refused_with_what_is_known(tenant: str, slot: str) -> None:
    with pytest.raises(UsageError, match=r"acme, globex.*system, user"):
        _mint().canary(CardPrompt, tenant=tenant, slot=slot)
