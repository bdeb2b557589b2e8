from __future__ import annotations

import threading

from hub.storage.fairness import FairLock


def test_threads_get_the_lock_in_the_order_in_which_they_asked() -> None:
    lock = FairLock()
    got: list[int] = []
    assert lock.acquire(1)

    def ask(number: int) -> None:
        assert lock.acquire(30)
        got.append(number)
        lock.release()

    threads = []
    for number in range(8):
        thread = threading.Thread(target=ask, args=(number,))
        thread.start()
        threads.append(thread)
        while len(lock._queue) <= number:
            pass
    lock.release()
    for thread in threads:
        thread.join()
    assert got == list(range(8))


def test_who_waited_in_vain_is_not_handed_the_lock() -> None:
    lock = FairLock()
    assert lock.acquire(1)
    assert not lock.acquire(0.01)
    lock.release()
    assert lock.acquire(0.01)
    lock.release()
