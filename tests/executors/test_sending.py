"""What travels to workers on other machines, and what they make of it, without any library that carries it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from packlint.build import of_this_process
from packlint.executors import sending
from packlint.executors.sending import RefusedError
from packlint.shards import Bundle

at_work: list[int] = []


def most_at_work(number: int) -> int:
    """How many threads do this at the same time."""
    at_work.append(number)
    time.sleep(0.01)
    most = len(at_work)
    at_work.remove(number)
    return most


def test_there_and_back() -> None:
    for value in (None, 1, "\udce9", b"\0", [Bundle], {"a": (1, 2)}):
        assert sending.unpickled(sending.pickled(value)) == value


def test_what_an_item_was_made_by_is_compared() -> None:
    parcel, _ = sending.packed(len, [1, 2])
    assert sending.unpickled(sending.worked(of_this_process(), parcel)) == 2
    with pytest.raises(RefusedError, match=r"^has packlint .*, and this is packlint 0$"):
        sending.worked("packlint 0", parcel)
    with pytest.raises(RefusedError):
        sending.merged("packlint 0", sending.pickled(sum))


def test_what_arrives_is_what_was_sent() -> None:
    build, parcel = of_this_process(), sending.packed(len, [1, 2])[0]
    bundle, merge, one = sending.pickled(Bundle()), sending.pickled(sum), sending.pickled(1)
    assert sending.unpickled(sending.worked(build, parcel, bundle)) == 2
    assert sending.unpickled(sending.merged(build, merge, one, one)) == 2
    for damage in (b"", parcel[1][:-1], parcel[1] + b"\0"):
        for words in ((parcel[0], damage),), (parcel, ("0", damage)):
            with pytest.raises(RefusedError, match=r"^got something else than was sent$"):
                sending.worked(build, *words)
        for words in ((merge[0], damage), one), (merge, (one[0], damage)):
            with pytest.raises(RefusedError, match=r"^got something else than was sent$"):
                sending.merged(build, *words)


def test_what_items_share_is_left_out_of_them() -> None:
    bundle = Bundle(a=b"1")
    bundle.key = "key"
    parcel, shared = sending.packed(list, {"first": bundle, "second": bundle})
    assert shared == {"key": bundle}
    assert sending.packed(list, {"first": 1})[1] == {}
    assert sending.unpickled(sending.worked(of_this_process(), parcel, sending.pickled(bundle))) == ["first", "second"]


def test_the_threads_of_a_process_work_one_after_the_other() -> None:
    parcels = [sending.packed(most_at_work, number)[0] for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda parcel: sending.worked(of_this_process(), parcel), parcels))
    assert {sending.unpickled(one) for one in found} == {1}
    threads = [threading.Thread(target=lambda: found.append(sending.pickled(most_at_work(0)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(map(sending.unpickled, found)) > 1  # it can be otherwise
