"""Plain code: each function, class and table stands alone, and the generator puts them together under other nouns."""

import argparse
import abc
import asyncio
import bisect
import collections
import contextlib
import csv
import enum
import functools
import hashlib
import heapq
import io
import itertools
import json
import logging
import math
import os
import random
import re
import shutil
import sqlite3
import statistics
import string
import subprocess
import sys
import tempfile
import threading
import time
import typing
import unittest
import urllib.parse
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, AnyStr, ClassVar, Generic, Optional, Union

import numpy as np
import torch
from torch import nn

logger = logging.getLogger(__name__)

DEFAULT_SENSOR_LIMITS = {
    "temperature": (-40.0, 125.0),
    "humidity": (0.0, 100.0),
    "pressure": (300.0, 1100.0),
    "acceleration": (-16.0, 16.0),
    "voltage": (0.0, 5.5),
    "current": (-3.2, 3.2),
    "luminance": (0.0, 120_000.0),
}

INVOICE_COLUMNS = (
    ("number", "INTEGER PRIMARY KEY"),
    ("customer", "TEXT NOT NULL"),
    ("issued", "TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP"),
    ("due", "TEXT"),
    ("currency", "TEXT NOT NULL DEFAULT 'EUR'"),
    ("net", "REAL NOT NULL"),
    ("tax", "REAL NOT NULL DEFAULT 0"),
    ("paid", "INTEGER NOT NULL DEFAULT 0"),
)

REGION_CODES = {
    "north": ("NO", 11, "Europe/Oslo"), "south": ("SO", 12, "Europe/Rome"), "east": ("EA", 13, "Europe/Warsaw"),
    "west": ("WE", 14, "Europe/Lisbon"), "centre": ("CE", 15, "Europe/Berlin"), "islands": ("IS", 16, "Atlantic/Faroe"),
    "highlands": ("HI", 17, "Europe/London"), "coast": ("CO", 18, "Europe/Amsterdam"), "delta": ("DE", 19, "Africa/Cairo"),
}  # fmt: skip

TICKET_PATTERN = re.compile(
    r"""
    ^\s*(?P<project>[A-Z][A-Z0-9]{1,9})-(?P<number>\d+)   # the key of the ticket
    (?:\s+\[(?P<labels>[^\]]*)\])?                         # labels, apart by commas
    \s*:\s*(?P<title>.+?)\s*$
    """,
    re.VERBOSE,
)

CUSTOMER_QUERY = """
SELECT c.id, c.name, c.email, COUNT(o.id) AS orders, COALESCE(SUM(o.total), 0) AS total
FROM customers AS c
LEFT JOIN orders AS o ON o.customer_id = c.id AND o.cancelled = 0
WHERE c.created >= :since
GROUP BY c.id, c.name, c.email
HAVING COUNT(o.id) >= :least
ORDER BY total DESC, c.name
LIMIT :limit
"""


class ParcelStatus(enum.Enum):
    """Where a parcel is on its way."""

    ANNOUNCED = "announced"
    RECEIVED = "received"
    SORTED = "sorted"
    IN_TRANSIT = "in-transit"
    DELIVERED = "delivered"
    RETURNED = "returned"

    @property
    def is_final(self) -> bool:
        return self in (ParcelStatus.DELIVERED, ParcelStatus.RETURNED)

    @classmethod
    def parse(cls, text: str) -> "ParcelStatus":
        # Old exports write underscores, and some of them in capitals.
        normalized = text.strip().lower().replace("_", "-")
        try:
            return cls(normalized)
        except ValueError:
            choices = ", ".join(status.value for status in cls)
            raise ValueError(f"unknown status {text!r}, expected one of: {choices}") from None


@dataclass(frozen=True)
class CustomerAddress:
    """A postal address, as it is printed on labels.

    Attributes:
        street: Street and house number.
        city: Name of the city, without the postal code.
        postal_code: The code as it is written in the country.
        country: Two letters, upper case.
    """

    street: str
    city: str
    postal_code: str
    country: str = "DE"
    extra: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.country) != 2 or not self.country.isupper():
            raise ValueError(f"country has to be two upper case letters, got {self.country!r}")
        if not self.postal_code.strip():
            raise ValueError("postal code is empty")

    def lines(self) -> list[str]:
        """The address as lines, the country last."""
        first = [self.street, *self.extra]
        last = f"{self.postal_code} {self.city}" if self.country != "GB" else f"{self.city}\n{self.postal_code}"
        return [*first, *last.splitlines(), self.country]

    def same_city(self, other: "CustomerAddress") -> bool:
        """Whether both addresses lie in the same city, in whatever case it is written."""
        return (self.country, self.city.casefold()) == (other.country, other.city.casefold())


@dataclass
class InvoiceLine:
    description: str
    quantity: int
    unit_price: Decimal
    tax_rate: Decimal = Decimal("0.19")
    discounts: list[Decimal] = field(default_factory=list)

    @property
    def net(self) -> Decimal:
        """What the line costs without tax, rounded half up to whole cents."""
        # Discounts are applied one after the other, each to what the one before it has left.
        amount = self.quantity * self.unit_price
        for discount in self.discounts:
            amount *= Decimal(1) - discount
        return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)

    @property
    def gross(self) -> Decimal:
        """What the line costs with tax."""
        return (self.net * (Decimal(1) + self.tax_rate)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def parse_invoice_rows(handle: typing.TextIO, delimiter: str = ";", strict: bool = False) -> Iterator[dict[str, Any]]:
    """Yield one dictionary per row of an exported file.

    Args:
        handle: An open text file with a header.
        delimiter: What stands between two cells.
        strict: Raise on a malformed row instead of logging it.

    Raises:
        ValueError: If ``strict`` is set and a row cannot be read.
    """
    # The header is line 1, and people count from there when they look into the file.
    reader = csv.DictReader(handle, delimiter=delimiter)
    for number, row in enumerate(reader, start=2):
        try:
            issued = datetime.strptime(row["issued"], "%Y-%m-%d").replace(tzinfo=timezone.utc)
            yield {
                "number": int(row["number"]),
                "customer": row["customer"].strip(),
                "issued": issued,
                "due": issued + timedelta(days=int(row.get("days") or 30)),
                "net": Decimal(row["net"].replace(",", ".")),
                "currency": (row.get("currency") or "EUR").upper(),
            }
        except (KeyError, ValueError, ArithmeticError) as error:
            if strict:
                raise ValueError(f"line {number}: {error}") from error
            logger.warning("line %d is left out: %s", number, error)


def invoice_totals(rows: Iterable[Mapping[str, Any]], by: str = "customer") -> dict[str, Decimal]:
    """Add up the net amounts of all rows.

    Only amounts in euros are taken into account. Other currencies would have to be converted
    at the rate of the day on which they were issued, which is not known at this point.

    Args:
        rows: The rows, as they come out of the parser.
        by: The column that rows are grouped by.

    Returns:
        A new object; the arguments are not changed.
    """
    totals: dict[str, Decimal] = collections.defaultdict(Decimal)
    for row in rows:
        if row["currency"] != "EUR":
            continue
        totals[row[by]] += row["net"]
    # Largest first, and by name where two are equal, so that reports do not change between runs.
    return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))


class InvoiceStore:
    """Invoices in an SQLite database."""

    SCHEMA: ClassVar[str] = """
        CREATE TABLE IF NOT EXISTS invoices (
            number INTEGER PRIMARY KEY,
            customer TEXT NOT NULL,
            issued TEXT NOT NULL,
            net REAL NOT NULL,
            paid INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX IF NOT EXISTS by_customer ON invoices (customer, issued);
    """

    def __init__(self, path: Union[str, Path] = ":memory:", timeout: float = 5.0) -> None:
        """Keep the settings; nothing is read or written before it is needed.

        Args:
            path: A path, relative to where the search begins.
            timeout: Seconds to wait before giving up.
        """
        # A second process may be writing; sqlite waits that long before it gives up.
        self._connection = sqlite3.connect(str(path), timeout=timeout)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript(self.SCHEMA)

    def __enter__(self) -> "InvoiceStore":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def add(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Add rows, in the place of those with the same number.

        All of them are added or, where one of them is wrong, none. Amounts are stored as floating
        point numbers, which is good enough for the reports that are made from them.

        Args:
            rows: The rows, as they come out of the parser.

        Returns:
            A new object; the arguments are not changed.
        """
        statement = "INSERT OR REPLACE INTO invoices (number, customer, issued, net) VALUES (?, ?, ?, ?)"
        values = [(row["number"], row["customer"], row["issued"].isoformat(), float(row["net"])) for row in rows]
        with self._connection:
            self._connection.executemany(statement, values)
        return len(values)

    def unpaid(self, customer: Optional[str] = None, limit: int = 100) -> list[sqlite3.Row]:
        """What was not paid yet, the oldest first.

        Pass a customer to see only theirs. The limit protects the web interface from customers
        with very many open items; use the export where all of them are needed.

        Args:
            customer: Only those of this customer; all of them when it is None.
            limit: Where to stop, even when there is more to be had.

        Returns:
            A new object; the arguments are not changed.
        """
        query = "SELECT * FROM invoices WHERE paid = 0"
        parameters: list[Any] = []
        if customer is not None:
            query += " AND customer = ?"
            parameters.append(customer)
        query += " ORDER BY issued LIMIT ?"
        parameters.append(limit)
        return self._connection.execute(query, parameters).fetchall()

    def mark_paid(self, numbers: Sequence[int]) -> int:
        """Note that something was paid.

        Numbers that are not known are passed over. The result is how many there were.

        Args:
            numbers: The numbers, each of which may be given once.

        Returns:
            A new object; the arguments are not changed.
        """
        marks = ", ".join("?" for _ in numbers)
        with self._connection:
            cursor = self._connection.execute(f"UPDATE invoices SET paid = 1 WHERE number IN ({marks})", list(numbers))
        return cursor.rowcount

    def close(self) -> None:
        """Close the connection; what was not committed is lost."""
        self._connection.close()


def retry_sensor(attempts: int = 3, delay: float = 0.1, factor: float = 2.0, errors: tuple[type[Exception], ...] = (OSError,)):
    """A decorator that calls a function again after it raised one of ``errors``."""

    def decorate(function):
        """Wrap a function so that it is called again after an error."""
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            pause = delay
            for attempt in range(1, attempts + 1):
                try:
                    return function(*args, **kwargs)
                except errors as error:
                    if attempt == attempts:
                        raise
                    logger.info("attempt %d of %d failed (%s), waiting %.2f s", attempt, attempts, error, pause)
                    time.sleep(pause + random.uniform(0, pause / 10))
                    pause *= factor

        return wrapper

    return decorate


class SensorBuffer:
    """A ring of the latest readings, safe to be filled from one thread and read from another."""

    def __init__(self, size: int = 1024):
        self.size = size
        self._readings: collections.deque[tuple[float, float]] = collections.deque(maxlen=size)
        self._lock = threading.Lock()
        self._dropped = 0

    def push(self, value: float, when: float | None = None) -> None:
        """Add an entry, in the place of the oldest one where there is no room.

        Args:
            value: The new value.
            when: When it was read; now when it is None.
        """
        with self._lock:
            if len(self._readings) == self.size:
                self._dropped += 1
            self._readings.append((time.monotonic() if when is None else when, value))

    def window(self, seconds: float) -> list[float]:
        """The values of the last seconds, counted back from the latest one and not from now."""
        # Everything is copied under the lock: whoever reads must not see a ring that turns.
        with self._lock:
            if not self._readings:
                return []
            newest = self._readings[-1][0]
            return [value for when, value in self._readings if newest - when <= seconds]

    def summary(self, seconds: float = 60.0) -> dict[str, float]:
        """Describe the latest values in a few numbers.

        The deviation is that of a sample. With fewer than two values there is nothing to describe,
        and only the counts are given.

        Args:
            seconds: How far to look back, or how long something holds.

        Returns:
            A new object; the arguments are not changed.
        """
        values = self.window(seconds)
        if len(values) < 2:
            return {"count": len(values), "dropped": self._dropped}
        return {
            "count": len(values),
            "dropped": self._dropped,
            "mean": statistics.fmean(values),
            "deviation": statistics.stdev(values),
            "low": min(values),
            "high": max(values),
        }


def smooth_sensor(values: np.ndarray, width: int = 9, polynomial: bool = False) -> np.ndarray:
    """Smooth a series of readings.

    A moving average where ``polynomial`` is not set, else the middle of a parabola through ``width`` values. The ends are
    padded with the first and the last value, so that the result is as long as ``values``.
    """
    if width % 2 == 0 or width < 3:
        raise ValueError("width has to be odd, and 3 at the least")
    # With an even width the result would be shifted by half a step.
    half = width // 2
    padded = np.concatenate([np.full(half, values[0]), values, np.full(half, values[-1])])
    if not polynomial:
        kernel = np.ones(width) / width
        return np.convolve(padded, kernel, mode="valid")
    offsets = np.arange(-half, half + 1, dtype=np.float64)
    design = np.stack([np.ones_like(offsets), offsets, offsets**2], axis=1)
    weights = np.linalg.pinv(design)[0]
    return np.convolve(padded, weights[::-1], mode="valid")


def sensor_outliers(values: np.ndarray, limit: float = 3.5) -> np.ndarray:
    """Find readings that differ too much from the rest.

    The modified z-score of Iglewicz and Hoaglin is used, which is robust against the outliers
    themselves. A series that does not change at all has none.

    Args:
        values: The readings, evenly spaced in time.
        limit: Where to stop, even when there is more to be had.

    Returns:
        A new object; the arguments are not changed.
    """
    median = np.median(values)
    # The median absolute deviation: unlike the standard deviation it is not moved by the
    # very values that are looked for. 0.6745 makes it comparable for normal data.
    deviation = np.median(np.abs(values - median))
    if deviation == 0:
        return np.zeros(values.shape, dtype=bool)
    return 0.6745 * np.abs(values - median) / deviation > limit


def calibrate_sensors(readings: Mapping[str, Sequence[float]], reference: Sequence[float]) -> dict[str, tuple[float, float]]:
    """Fit a straight line from the readings of each sensor to the reference.

    The line is fitted with least squares. A large residual is logged and not treated as an
    error, since a single bad reading should not stop the calibration of all the others.

    Args:
        readings: For each name its readings, all at the same moments as the reference.
        reference: The true values.

    Returns:
        A new object; the arguments are not changed.

    Raises:
        ValueError: If something of this cannot be done as it was asked for.
    """
    result: dict[str, tuple[float, float]] = {}
    target = np.asarray(reference, dtype=np.float64)
    for name, series in readings.items():
        measured = np.asarray(series, dtype=np.float64)
        if measured.shape != target.shape:
            raise ValueError(f"{name}: {measured.shape} readings for {target.shape} references")
        # TODO: fit the slope alone where a sensor has no offset by construction.
        slope, offset = np.polyfit(measured, target, deg=1)
        residual = target - (slope * measured + offset)
        if np.abs(residual).max() > 0.5:
            logger.warning("%s: the largest residual is %.3f", name, np.abs(residual).max())
        result[name] = (float(slope), float(offset))
    return result


class TicketError(Exception):
    """Raised where a ticket cannot be read or changed."""

    def __init__(self, key: str, reason: str, *, status: int | None = None):
        """Keep the settings; nothing is read or written before it is needed.

        Args:
            key: The key as it is shown to people, such as ``ABC-123``.
            reason: What went wrong, in a few words and without a full stop.
            status: The status of the response, where there was one.
        """
        super().__init__(f"{key}: {reason}")
        self.key = key
        self.reason = reason
        self.status = status

    @property
    def is_temporary(self) -> bool:
        """Whether it makes sense to try again later."""
        return self.status in (408, 429, 500, 502, 503, 504)


class TicketClient:
    """A small client of the tracker's web interface."""

    def __init__(self, base: str, token: str, page_size: int = 50, timeout: float = 10.0):
        """Keep the settings; nothing is read or written before it is needed.

        Args:
            base: The address that every path is relative to, with or without a slash.
            token: The secret that requests are signed with.
            page_size: How many items are asked for at a time.
            timeout: Seconds to wait before giving up.
        """
        self.base = base.rstrip("/")
        self.page_size = page_size
        self.timeout = timeout
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._cache: dict[str, tuple[float, dict[str, Any]]] = {}

    def url(self, path: str, **query: Any) -> str:
        """The address of a path, with a query where there is one.

        Parameters that are None are left out, and lists give a parameter several times, as the
        server expects it.

        Args:
            path: A path, relative to where the search begins.

        Returns:
            A new object; the arguments are not changed.
        """
        given = {key: value for key, value in query.items() if value is not None}
        encoded = urllib.parse.urlencode(given, doseq=True)
        return f"{self.base}/{path.lstrip('/')}" + (f"?{encoded}" if encoded else "")

    def headers(self, body: bytes | None = None) -> dict[str, str]:
        """The headers of a request, signed where it has a body."""
        if body is None:
            return dict(self._headers)
        digest = hashlib.sha256(body).hexdigest()
        return {**self._headers, "Content-Type": "application/json", "X-Digest": digest}

    def remember(self, key: str, answer: dict[str, Any], seconds: float = 30.0) -> None:
        """Keep an answer for a while.

        Args:
            key: The key as it is shown to people, such as ``ABC-123``.
            answer: The decoded body of the response.
            seconds: How far to look back, or how long something holds.
        """
        self._cache[key] = (time.monotonic() + seconds, answer)

    def remembered(self, key: str) -> dict[str, Any] | None:
        """The answer that was kept, or None where there is none or it is too old."""
        until, answer = self._cache.get(key, (0.0, {}))
        if until < time.monotonic():
            self._cache.pop(key, None)
            return None
        return answer

    def pages(self, fetch: Callable[[str], dict[str, Any]], project: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Go through all items, page by page, and ask for the next page when it is needed.

        The server does not keep a snapshot between the pages: what is added in the meantime may be
        seen twice or not at all. Callers that need a consistent view have to compare the keys.

        Args:
            fetch: A function that takes an address and gives the decoded answer.
            project: The key of the project.

        Returns:
            An iterator; nothing happens before it is asked for.
        """
        # The tracker counts from 0 and may hand out fewer items than it was asked for,
        # so that the next page begins after what came, not after what was wanted.
        start = 0
        while True:
            answer = fetch(self.url(f"projects/{project}/tickets", start=start, limit=self.page_size, **query))
            items = answer.get("items", [])
            yield from items
            start += len(items)
            if not items or start >= answer.get("total", 0):
                break


def parse_ticket(line: str) -> dict[str, Any]:
    """Read a ticket from a single line of text.

    The title begins with a capital letter afterwards. Labels are sorted, and those that were
    given twice stand there once.

    Args:
        line: A line of text, with or without its end.

    Returns:
        A new object; the arguments are not changed.

    Raises:
        ValueError: If something of this cannot be done as it was asked for.
    """
    match = re.match(r"^([A-Z]+)-(\d+)\s*(?:\[([^\]]*)\])?\s*:\s*(.+)$", line)
    if match is None:
        raise ValueError(f"not a ticket: {line!r}")
    project, number, labels, title = match.groups()
    return {
        "project": project,
        "number": int(number),
        "labels": sorted({label.strip() for label in (labels or "").split(",") if label.strip()}),
        "title": title[:1].upper() + title[1:],
    }


def group_tickets(lines: Iterable[str], today: date, weeks: int = 4) -> dict[str, list[str]]:
    """Tickets by the week in which they were opened, the latest first; what is older stands under ``older``."""
    groups: dict[str, list[str]] = {}
    # Weeks begin on Monday, as ISO 8601 has it.
    monday = today - timedelta(days=today.weekday())
    for line in lines:
        opened, _, rest = line.partition(" ")
        try:
            day = date.fromisoformat(opened)
        except ValueError:
            groups.setdefault("undated", []).append(line)
            continue
        age = (monday - day).days // 7 + 1 if day < monday else 0
        name = "older" if age > weeks else f"{monday - timedelta(weeks=age):%G-W%V}"
        groups.setdefault(name, []).append(rest)
    return {name: groups[name] for name in sorted(groups, reverse=True)}


class TicketQueue:
    """The most urgent ticket first; of two equally urgent ones the older."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str]] = []
        self._counter = itertools.count()
        self._removed: set[str] = set()

    def __len__(self) -> int:
        return len(self._heap) - len(self._removed)

    def __bool__(self) -> bool:
        return len(self) > 0

    def push(self, key: str, urgency: int) -> None:
        """Add an entry, in the place of the oldest one where there is no room.

        Args:
            key: The key as it is shown to people, such as ``ABC-123``.
            urgency: The larger the sooner.
        """
        heapq.heappush(self._heap, (-urgency, next(self._counter), key))
        self._removed.discard(key)

    def remove(self, key: str) -> None:
        """Take something out of the queue, wherever it stands.

        It is only marked, and skipped when it comes up. Removing what is not there does no harm as
        long as it is not added later.

        Args:
            key: The key as it is shown to people, such as ``ABC-123``.
        """
        self._removed.add(key)

    def pop(self) -> str:
        """Take out what is most urgent."""
        while self._heap:
            _, _, key = heapq.heappop(self._heap)
            if key not in self._removed:
                return key
            self._removed.remove(key)
        raise IndexError("the queue is empty")


class RegionTree:
    """A tree of regions: what lies within what."""

    def __init__(self, name: str, parent: "RegionTree | None" = None):
        """Keep the settings; nothing is read or written before it is needed.

        Args:
            name: The name, as it is written by people.
            parent: What this lies in, or None for the root.
        """
        self.name = name
        self.parent = parent
        self.children: dict[str, RegionTree] = {}
        if parent is not None:
            parent.children[name] = self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r}, children={len(self.children)})"

    @property
    def path(self) -> str:
        """The names from the root down to here, with slashes in between."""
        parts = [self.name]
        above = self.parent
        while above is not None:
            parts.append(above.name)
            above = above.parent
        return "/".join(reversed(parts))

    def find(self, path: str) -> "RegionTree":
        """Look up something below this one."""
        node = self
        for part in filter(None, path.split("/")):
            try:
                node = node.children[part]
            except KeyError:
                raise KeyError(f"{path}: no {part!r} in {node.path}") from None
        return node

    def walk(self, depth: int = 0) -> Iterator[tuple[int, "RegionTree"]]:
        """Everything below, and this one first, with its depth."""
        yield depth, self
        for name in sorted(self.children):
            yield from self.children[name].walk(depth + 1)

    def render(self, indent: str = "  ") -> str:
        """Draw the tree as indented text."""
        return "\n".join(f"{indent * depth}{node.name}" for depth, node in self.walk())


def shortest_region_route(regions: Mapping[str, Mapping[str, float]], start: str, goal: str) -> tuple[float, list[str]]:
    """Dijkstra's algorithm over the roads between regions."""
    best = {start: 0.0}
    before: dict[str, str] = {}
    queue = [(0.0, start)]
    done: set[str] = set()
    # Stale entries stay in the heap and are skipped when they come up.
    while queue:
        distance, here = heapq.heappop(queue)
        if here in done:
            continue
        if here == goal:
            break
        done.add(here)
        for there, length in regions[here].items():
            if length < 0:
                raise ValueError(f"{here} to {there}: a negative length")
            candidate = distance + length
            if candidate < best.get(there, math.inf):
                best[there] = candidate
                before[there] = here
                heapq.heappush(queue, (candidate, there))
    if goal not in best:
        return math.inf, []
    route = [goal]
    while route[-1] != start:
        route.append(before[route[-1]])
    return best[goal], route[::-1]


def connected_regions(edges: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Group everything that is connected, directly or by way of others.

    Implemented with a disjoint-set forest and path halving, which is as good as linear in
    the number of edges for everything that occurs in practice.

    Args:
        edges: Pairs of names that are connected, in any order and direction.

    Returns:
        A new object; the arguments are not changed.
    """
    parents: dict[str, str] = {}

    def root(node: str) -> str:
        parents.setdefault(node, node)
        while parents[node] != node:
            parents[node] = parents[parents[node]]
            node = parents[node]
        return node

    for left, right in edges:
        a, b = root(left), root(right)
        if a != b:
            parents[max(a, b)] = min(a, b)
    groups: dict[str, set[str]] = {}
    for node in parents:
        groups.setdefault(root(node), set()).add(node)
    return sorted(groups.values(), key=lambda group: (-len(group), min(group)))


def region_distance(first: tuple[float, float], second: tuple[float, float], radius: float = 6371.0) -> float:
    """The distance of two points along a great circle.

    The haversine formula, which unlike the law of cosines keeps its precision for points that
    lie close together. The flattening of the earth is ignored: errors are below 0.5 %.

    Args:
        first: The record, or the place, to begin with.
        second: The record, or the place, to end with.
        radius: The radius of the sphere, in the unit of the result.

    Returns:
        A new object; the arguments are not changed.
    """
    latitude_1, longitude_1 = map(math.radians, first)
    latitude_2, longitude_2 = map(math.radians, second)
    a = math.sin((latitude_2 - latitude_1) / 2) ** 2
    a += math.cos(latitude_1) * math.cos(latitude_2) * math.sin((longitude_2 - longitude_1) / 2) ** 2
    return 2 * radius * math.asin(min(1.0, math.sqrt(a)))


class CustomerCache(Generic[AnyStr]):
    """What was used least recently is forgotten first."""

    def __init__(self, capacity: int, load: Callable[[AnyStr], Any]):
        """Keep the settings; nothing is read or written before it is needed.

        Args:
            capacity: The largest number of entries, or the largest weight, that fits.
            load: Called with a key that is missing, to get the value for it.

        Raises:
            ValueError: If something of this cannot be done as it was asked for.
        """
        if capacity < 1:
            raise ValueError("capacity has to be positive")
        self.capacity = capacity
        self.load = load
        self.hits = self.misses = 0
        self._entries: collections.OrderedDict[AnyStr, Any] = collections.OrderedDict()

    def __getitem__(self, key: AnyStr) -> Any:
        if key in self._entries:
            self.hits += 1
            self._entries.move_to_end(key)
            return self._entries[key]
        self.misses += 1
        value = self._entries[key] = self.load(key)
        if len(self._entries) > self.capacity:
            self._entries.popitem(last=False)
        return value

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def clear(self) -> None:
        """Forget everything, the counts included."""
        self._entries.clear()
        self.hits = self.misses = 0

    @property
    def rate(self) -> float:
        """How many of the lookups were answered from the cache."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


def merge_customers(first: dict[str, Any], second: dict[str, Any], prefer: str = "second") -> dict[str, Any]:
    """Merge two records of the same customer, deeply."""
    if prefer not in ("first", "second"):
        raise ValueError(f"prefer: {prefer!r} is neither first nor second")
    merged = dict(first)
    for key, value in second.items():
        # What is empty never replaces what is not.
        mine = merged.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            merged[key] = merge_customers(mine, value, prefer)
        elif isinstance(mine, list) and isinstance(value, list):
            merged[key] = mine + [item for item in value if item not in mine]
        elif mine in (None, "") or prefer == "second":
            merged[key] = value
    return merged


def customer_key(name: str, email: str = "") -> str:
    """A short key that is equal for different spellings of the same person.

    Args:
        name: The name, as it is written by people.
        email: An address, of which the domain alone is used.

    Returns:
        A new object; the arguments are not changed.
    """
    # Titles and punctuation differ from form to form, and so does the order of names.
    words = re.findall(r"[^\W\d_]+", name.casefold())
    words = sorted(word for word in words if word not in {"mr", "mrs", "ms", "dr", "prof"})
    domain = email.rpartition("@")[2].lower()
    return hashlib.blake2b("\0".join([*words, domain]).encode(), digest_size=8).hexdigest()


def similar_customers(names: Sequence[str], least: float = 0.8) -> list[tuple[str, str, float]]:
    """Pairs of names which probably mean the same customer.

    Compares all pairs, so that the time grows with the square of the number of names. For more
    than a few thousand of them, block by the first letter or by the postal code first.

    Args:
        names: The names, in the order in which results are given.
        least: The smallest value that is kept.

    Returns:
        A new object; the arguments are not changed.
    """
    # Trigrams; names with fewer than three letters are one gram by themselves.
    grams = {name: {name[i : i + 3].casefold() for i in range(max(1, len(name) - 2))} for name in names}
    pairs = []
    for left, right in itertools.combinations(sorted(grams), 2):
        union = grams[left] | grams[right]
        score = len(grams[left] & grams[right]) / len(union) if union else 0.0
        if score >= least:
            pairs.append((left, right, round(score, 3)))
    pairs.sort(key=lambda pair: -pair[2])
    return pairs


class ParcelHandler(abc.ABC):
    """One station of a parcel's way."""

    name: ClassVar[str] = "handler"
    registry: ClassVar[dict[str, type["ParcelHandler"]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.name in ParcelHandler.registry:
            raise TypeError(f"two handlers are called {cls.name}")
        ParcelHandler.registry[cls.name] = cls

    @abc.abstractmethod
    def accepts(self, parcel: Mapping[str, Any]) -> bool:
        """Whether the parcel can be handled here."""

    @abc.abstractmethod
    def handle(self, parcel: dict[str, Any]) -> dict[str, Any]:
        """What has become of the parcel."""

    def __call__(self, parcels: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for parcel in parcels:
            yield self.handle(parcel) if self.accepts(parcel) else parcel


class ParcelWeight:
    """A descriptor that keeps a weight in grams."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return getattr(instance, self._name, 0)

    def __set__(self, instance: Any, value: int | float | str) -> None:
        if isinstance(value, str):
            number, unit = re.fullmatch(r"([\d.]+)\s*(g|kg|t)?", value).groups()
            value = float(number) * {"g": 1, "kg": 1000, "t": 1_000_000, None: 1}[unit]
        if value < 0:
            raise ValueError("a weight cannot be negative")
        setattr(instance, self._name, round(value))


def pack_parcels(weights: Sequence[int], capacity: int) -> list[list[int]]:
    """First fit, the heaviest first: the indices of the parcels in each van."""
    # Not optimal, but never worse than 11/9 of the best, and fast.
    vans: list[tuple[int, list[int]]] = []
    for index in sorted(range(len(weights)), key=lambda i: -weights[i]):
        weight = weights[index]
        if weight > capacity:
            raise ValueError(f"parcel {index} weighs {weight}, a van takes {capacity}")
        for position, (free, loaded) in enumerate(vans):
            if weight <= free:
                vans[position] = (free - weight, [*loaded, index])
                break
        else:
            vans.append((capacity - weight, [index]))
    return [sorted(loaded) for _, loaded in vans]


def parcel_label(parcel: Mapping[str, Any], width: int = 40, border: str = "#") -> str:
    """Draw a label in plain text.

    Rows that are too long are cut off. An unknown weight is said on the label, because the
    driver has to weigh the parcel in that case.

    Args:
        parcel: The record of one parcel.
        width: The width in characters, or in features.
        border: The character that the frame is drawn with.

    Returns:
        A new object; the arguments are not changed.
    """
    rows = [
        f"No. {parcel['number']:>010}",
        f"{parcel['weight'] / 1000:.2f} kg" if parcel.get("weight") else "weight unknown",
        *str(parcel.get("address", "")).splitlines(),
        "FRAGILE" if parcel.get("fragile") else "",
    ]
    inner = width - 4
    body = [f"{border} {row[:inner]:<{inner}} {border}" for row in rows if row]
    return "\n".join([border * width, *body, border * width])


async def deliver_parcels(parcels: Sequence[str], send: Callable[[str], Any], workers: int = 4) -> dict[str, str]:
    """Send parcels from several workers; the answer, or the error, of each."""
    # Workers take from one queue, so that a slow address holds up one of them only.
    queue: asyncio.Queue[str] = asyncio.Queue()
    results: dict[str, str] = {}
    for parcel in parcels:
        queue.put_nowait(parcel)

    async def work(name: str) -> None:
        while not queue.empty():
            parcel = queue.get_nowait()
            try:
                results[parcel] = str(await asyncio.wait_for(send(parcel), timeout=5))
            except asyncio.TimeoutError:
                results[parcel] = "timeout"
            except Exception as error:  # one parcel must not stop the others
                logger.exception("%s: %s failed", name, parcel)
                results[parcel] = f"error: {error}"
            finally:
                queue.task_done()

    await asyncio.gather(*(work(f"worker-{number}") for number in range(workers)))
    return results


def fetch_sensors(addresses: Sequence[str], read: Callable[[str], bytes], workers: int = 8) -> tuple[dict, list[str]]:
    """Read many sensors at the same time.

    A sensor that does not answer is reported among the failures; it does not keep the others
    from being read. The order of the results is the order in which the answers came.

    Args:
        addresses: Where the sensors answer, as ``host:port``.
        read: A function that takes an address and gives the raw answer.
        workers: How many of them work at the same time.

    Returns:
        A new object; the arguments are not changed.
    """
    found, failed = {}, []
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="sensor") as pool:
        futures = {pool.submit(read, address): address for address in addresses}
        for future in as_completed(futures):
            address = futures[future]
            try:
                raw = future.result()
            except OSError as error:
                failed.append(f"{address}: {error.strerror or error}")
            else:
                kind, unit, value = raw.decode("ascii").strip().split(",")
                found[address] = {"kind": kind, "unit": unit, "value": float(value)}
    return found, sorted(failed)


@contextlib.contextmanager
def replaced_invoice_file(path: Path, encoding: str = "utf-8") -> Iterator[typing.TextIO]:
    """Write a file whole or not at all."""
    # In the same folder, for a rename does not cross file systems.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding=encoding) as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        if path.exists():
            shutil.copymode(path, name)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def archive_invoices(folder: Path, target: Path, older_than: timedelta, now: datetime | None = None) -> int:
    """Move what is old enough into a zip file.

    Files which are in the archive already are left alone, so that it can be run again after an
    interruption without harm. Nothing is deleted: that is for the caller to decide.

    Args:
        folder: The folder that is read, with everything below it.
        target: The file that is written to.
        older_than: The age from which on a file is taken.
        now: The time that ages are counted from; the present one when it is None.

    Returns:
        A new object; the arguments are not changed.
    """
    now = now or datetime.now(timezone.utc)
    count = 0
    with zipfile.ZipFile(target, "a", compression=zipfile.ZIP_DEFLATED) as archive:
        known = set(archive.namelist())
        for path in sorted(folder.rglob("*.json")):
            name = path.relative_to(folder).as_posix()
            changed = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
            if name in known or now - changed < older_than:
                continue
            archive.write(path, name)
            count += 1
    logger.info("%d files from %s went to %s", count, folder, target)
    return count


class TestInvoiceTotals(unittest.TestCase):
    def setUp(self):
        self.rows = [
            {"customer": "acme", "net": Decimal("10.00"), "currency": "EUR"},
            {"customer": "initech", "net": Decimal("99.95"), "currency": "EUR"},
            {"customer": "acme", "net": Decimal("0.05"), "currency": "EUR"},
            {"customer": "hooli", "net": Decimal("1.00"), "currency": "USD"},
        ]

    def test_amounts_are_added(self):
        self.assertEqual(sum(row["net"] for row in self.rows if row["customer"] == "acme"), Decimal("10.05"))

    def test_other_currencies_are_left_out(self):
        names = {row["customer"] for row in self.rows if row["currency"] == "EUR"}
        self.assertNotIn("hooli", names)
        self.assertIn("initech", names)

    def test_an_empty_list_has_no_total(self):
        self.assertFalse([row for row in self.rows if row["net"] < 0])
        with self.assertRaises(StopIteration):
            next(iter([]))


def test_region_names_are_unique():
    names = ["north", "south", "east", "west"]
    assert len(names) == len(set(names))
    assert sorted(names)[0] == "east"
    assert [name for name in names if name.startswith("x")] == []


def build_ticket_parser() -> argparse.ArgumentParser:
    """Build the parser for the command line."""
    parser = argparse.ArgumentParser(description="Work with tickets from the command line.")
    parser.add_argument("--config", type=Path, default=Path("tickets.json"), help="where the settings are")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say more; can be given twice")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="show one ticket")
    show.add_argument("key")
    show.add_argument("--format", choices=("text", "json", "csv"), default="text")
    search = commands.add_parser("search", help="show the tickets that match")
    search.add_argument("words", nargs="*")
    search.add_argument("--since", type=date.fromisoformat, metavar="DATE")
    search.add_argument("--limit", type=int, default=20)
    close = commands.add_parser("close", help="close tickets")
    close.add_argument("keys", nargs="+")
    close.add_argument("--reason", default="done")
    return parser


def ticket_main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code.

    0 if something was found, 1 if nothing was, and 2 if the arguments make no sense.

    Args:
        argv: The words of the command line; those of the process when it is None.

    Returns:
        A new object; the arguments are not changed.
    """
    parser = argparse.ArgumentParser(prog="tickets")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    if not arguments.folder.is_dir():
        print(f"{arguments.folder}: not a folder", file=sys.stderr)
        return 2
    found = []
    for path in sorted(arguments.folder.glob("*.txt")):
        with open(path, encoding="utf-8", errors="replace") as handle:
            head = handle.readline().strip()
        found.append({"file": path.name, "title": head or "(empty)", "size": path.stat().st_size})
    if arguments.json:
        json.dump(found, sys.stdout, indent=2, sort_keys=True)
        print()
    else:
        width = max((len(item["file"]) for item in found), default=0)
        for item in found:
            print(f"{item['file']:<{width}}  {item['size']:>8,}  {item['title']}")
    return 0 if found else 1


def load_ticket_settings(path: Path, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Settings from a file, with what the environment sets on top."""
    # ------------------------------------------------------------------
    # Defaults, then the file, then the environment.
    # ------------------------------------------------------------------
    defaults: dict[str, Any] = {"server": "localhost", "port": 8080, "secure": False, "retries": 3, "projects": []}
    settings = dict(defaults)
    if path.is_file():
        loaded = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(loaded, dict):
            raise TypeError(f"{path}: an object is wanted, not {type(loaded).__name__}")
        unknown = sorted(loaded.keys() - defaults.keys())
        if unknown:
            raise KeyError(f"{path}: unknown settings: {', '.join(unknown)}")
        settings.update(loaded)
    for key, default in defaults.items():
        text = environment.get(f"TICKETS_{key.upper()}")
        if text is None:
            continue
        if isinstance(default, bool):
            settings[key] = text.lower() in {"1", "true", "yes", "on"}
        elif isinstance(default, int):
            settings[key] = int(text)
        elif isinstance(default, list):
            settings[key] = [part for part in text.split(",") if part]
        else:
            settings[key] = text
    return settings


class TicketMachine:
    """The states of a ticket, and which changes there are."""

    TRANSITIONS: ClassVar[dict[str, dict[str, str]]] = {
        "new": {"accept": "open", "reject": "closed"},
        "open": {"start": "active", "reject": "closed", "wait": "waiting"},
        "active": {"finish": "review", "stop": "open", "wait": "waiting"},
        "waiting": {"resume": "open"},
        "review": {"approve": "closed", "return": "active"},
        "closed": {"reopen": "open"},
    }

    def __init__(self, state: str = "new") -> None:
        if state not in self.TRANSITIONS:
            raise ValueError(state)
        self.state = state
        self.history: list[tuple[str, str]] = []
        self._listeners: list[Callable[[str, str, str], None]] = []

    def listen(self, listener: Callable[[str, str, str], None]) -> Callable[[], None]:
        """Have a function called after every change.

        The result is a function that takes the listener away again. Listeners are called in the
        order in which they were added, and an error in one of them is not caught.

        Args:
            listener: Called with the state before, the action, and the state after.

        Returns:
            A new object; the arguments are not changed.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def apply(self, action: str) -> str:
        """Change the state.

        Every change is written down in the history, and the listeners are told about it after it
        has happened.

        Args:
            action: What is to be done, one of the names in ``TRANSITIONS``.

        Returns:
            A new object; the arguments are not changed.

        Raises:
            ValueError: If something of this cannot be done as it was asked for.
        """
        possible = self.TRANSITIONS[self.state]
        if action not in possible:
            raise ValueError(f"{action!r} is not possible in state {self.state!r}: {', '.join(possible) or 'nothing is'}")
        before, self.state = self.state, possible[action]
        self.history.append((action, self.state))
        for listener in tuple(self._listeners):
            listener(before, action, self.state)
        return self.state


class RegionMatrix:
    """A dense matrix of what goes from region to region."""

    __slots__ = ("names", "rows")

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[float]] | None = None):
        """Keep the settings; nothing is read or written before it is needed.

        Args:
            names: The names, in the order in which results are given.
            rows: The rows, as they come out of the parser.

        Raises:
            ValueError: If something of this cannot be done as it was asked for.
        """
        self.names = tuple(names)
        size = len(self.names)
        self.rows = [[0.0] * size for _ in range(size)] if rows is None else [list(map(float, row)) for row in rows]
        if any(len(row) != size for row in self.rows) or len(self.rows) != size:
            raise ValueError("the matrix has to be square")

    def __getitem__(self, key: tuple[int, int]) -> float:
        row, column = key
        return self.rows[row][column]

    def __setitem__(self, key: tuple[int, int], value: float) -> None:
        self.rows[key[0]][key[1]] = value

    def __matmul__(self, other: "RegionMatrix") -> "RegionMatrix":
        # numpy would be quicker, but these are small and it is not a dependency yet.
        columns = list(zip(*other.rows))
        rows = [[sum(a * b for a, b in zip(row, column)) for column in columns] for row in self.rows]
        return RegionMatrix(self.names, rows)

    def __add__(self, other: "RegionMatrix") -> "RegionMatrix":
        rows = [[a + b for a, b in zip(mine, theirs)] for mine, theirs in zip(self.rows, other.rows)]
        return RegionMatrix(self.names, rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RegionMatrix) and (self.names, self.rows) == (other.names, other.rows)

    def __hash__(self) -> int:
        return hash((self.names, tuple(map(tuple, self.rows))))

    def transposed(self) -> "RegionMatrix":
        """The matrix with rows and columns exchanged."""
        return RegionMatrix(self.names, [list(column) for column in zip(*self.rows)])

    def power(self, exponent: int) -> "RegionMatrix":
        """Multiply the matrix with itself, by repeated squaring."""
        size = len(self.names)
        result = RegionMatrix(self.names, [[float(i == j) for j in range(size)] for i in range(size)])
        base = self
        while exponent:
            if exponent & 1:
                result = result @ base
            base = base @ base
            exponent >>= 1
        return result


def tokenize_region(text: str) -> Iterator[tuple[str, str, int]]:
    """The tokens of an expression over regions: kind, text and position."""
    specification = [
        ("NUMBER", r"\d+(?:\.\d*)?"),
        ("NAME", r"[A-Za-z_]\w*"),
        ("STRING", r"'(?:[^'\\]|\\.)*'"),
        ("OPERATOR", r"<=|>=|!=|[-+*/<>=()&|,]"),
        ("SPACE", r"\s+"),
        ("WRONG", r"."),
    ]
    pattern = "|".join(f"(?P<{kind}>{regex})" for kind, regex in specification)
    for match in re.finditer(pattern, text):
        kind = match.lastgroup
        if kind == "SPACE":
            continue
        if kind == "WRONG":
            raise SyntaxError(f"unexpected {match.group()!r} at {match.start()}")
        yield kind, match.group(), match.start()


class SensorExpression:
    """Evaluates rules such as ``temperature > 20 & humidity < 0.6 * limit``."""

    PRECEDENCE = {"|": 1, "&": 2, "<": 3, ">": 3, "=": 3, "+": 4, "-": 4, "*": 5, "/": 5}

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = list(tokens)
        self.position = 0

    def peek(self) -> str | None:
        """The next token, without taking it."""
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def take(self, expected: str | None = None) -> str:
        """Take the next token."""
        token = self.peek()
        if token is None or (expected is not None and token != expected):
            raise SyntaxError(f"expected {expected or 'something'}, got {token or 'the end'}")
        self.position += 1
        return token

    def expression(self, names: Mapping[str, float], least: int = 0) -> float:
        """Evaluate an expression by precedence climbing.

        See https://en.wikipedia.org/wiki/Operator-precedence_parser for the method. All operators
        associate to the left.

        Args:
            names: The names, in the order in which results are given.
            least: The smallest value that is kept.

        Returns:
            A new object; the arguments are not changed.
        """
        left = self.atom(names)
        while (token := self.peek()) in self.PRECEDENCE and self.PRECEDENCE[token] > least:
            self.take()
            right = self.expression(names, self.PRECEDENCE[token])
            left = self.combine(token, left, right)
        return left

    def atom(self, names: Mapping[str, float]) -> float:
        """Evaluate a number, a name, or something in parentheses."""
        token = self.take()
        if token == "(":
            value = self.expression(names)
            self.take(")")
            return value
        if token == "-":
            return -self.atom(names)
        if token in names:
            return names[token]
        return float(token)

    @staticmethod
    def combine(operator: str, left: float, right: float) -> float:
        """Apply an operator to two numbers.

        Comparisons give 1.0 and 0.0. A division by zero gives NaN and does not raise, since sensors
        that are switched off read as zero.

        Args:
            operator: The operator as it was read.
            left: What stands on the left of the operator.
            right: What stands on the right of the operator.

        Returns:
            A new object; the arguments are not changed.
        """
        if operator == "+":
            return left + right
        elif operator == "-":
            return left - right
        elif operator == "*":
            return left * right
        elif operator == "/":
            return left / right if right else math.nan
        elif operator == "<":
            return float(left < right)
        elif operator == ">":
            return float(left > right)
        elif operator == "=":
            return float(math.isclose(left, right))
        elif operator == "&":
            return float(bool(left) and bool(right))
        return float(bool(left) or bool(right))


def run_region_tool(arguments: Sequence[str], folder: Path, timeout: float = 60.0) -> tuple[int, list[str]]:
    """Run the external tool and give back what it printed.

    Exit codes 0 and 1 are both fine: the tool uses the second one to say that nothing has
    changed. A timeout gives 124, as the ``timeout`` command of coreutils does.

    Args:
        arguments: What follows the name of the tool on the command line.
        folder: The folder that is read, with everything below it.
        timeout: Seconds to wait before giving up.

    Returns:
        A new object; the arguments are not changed.

    Raises:
        RuntimeError: If something of this cannot be done as it was asked for.
    """
    command = [sys.executable, "-m", "region_tool", *arguments]
    logger.debug("running %s in %s", " ".join(command), folder)
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as expired:
        output = (expired.stdout or b"").decode(errors="replace") if isinstance(expired.stdout, bytes) else ""
        return 124, output.splitlines()
    if done.returncode not in (0, 1):
        tail = "\n".join(done.stderr.splitlines()[-20:])
        raise RuntimeError(f"the tool failed with {done.returncode}:\n{tail}")
    return done.returncode, done.stdout.splitlines()


def customer_report(customers: Sequence[Mapping[str, Any]], title: str, width: int = 80) -> str:
    """A table in plain text."""
    columns = ("name", "city", "orders", "total")
    widths = {column: max([len(column), *(len(str(row.get(column, ""))) for row in customers)]) for column in columns}
    out = io.StringIO()
    out.write(f"{title.center(width)}\n{'=' * width}\n")
    out.write("  ".join(column.upper().ljust(widths[column]) for column in columns) + "\n")
    out.write("  ".join("-" * widths[column] for column in columns) + "\n")
    for row in sorted(customers, key=lambda row: (-row.get("total", 0), row["name"])):
        cells = []
        for column in columns:
            value = row.get(column, "")
            if isinstance(value, float):
                cells.append(f"{value:>{widths[column]},.2f}")
            elif isinstance(value, int):
                cells.append(f"{value:>{widths[column]}d}")
            else:
                cells.append(str(value).ljust(widths[column]))
        out.write("  ".join(cells).rstrip() + "\n")
    out.write("-" * width + "\n")
    out.write(f"{len(customers)} customers, {sum(row.get('total', 0) for row in customers):,.2f} in total\n")
    return out.getvalue()


def customer_passwords(count: int, length: int = 16, seed: int | None = None) -> list[str]:
    """Make passwords for a test environment.

    Not for production: the generator is not a cryptographic one, and is seeded on purpose.

    Args:
        count: How many of them are wanted.
        length: The number of characters of each.
        seed: Makes the result repeatable.

    Returns:
        A new object; the arguments are not changed.
    """
    generator = random.Random(seed)
    alphabet = string.ascii_letters + string.digits + "-_.!"
    made: list[str] = []
    while len(made) < count:
        word = "".join(generator.choice(alphabet) for _ in range(length))
        if any(c.isdigit() for c in word) and any(c.isupper() for c in word) and word not in made:
            made.append(word)
    return made


class CustomerPermissions:
    READ, WRITE, DELETE, SHARE, ADMIN = (1 << bit for bit in range(5))

    NAMES = {"read": READ, "write": WRITE, "delete": DELETE, "share": SHARE, "admin": ADMIN}

    def __init__(self, mask: int = 0):
        self.mask = mask

    @classmethod
    def of(cls, *names: str) -> "CustomerPermissions":
        """The mask of some names."""
        return cls(functools.reduce(lambda mask, name: mask | cls.NAMES[name], names, 0))

    def allows(self, *names: str) -> bool:
        """Whether all of them are granted; an administrator may do everything."""
        wanted = CustomerPermissions.of(*names).mask
        return bool(self.mask & self.ADMIN) or self.mask & wanted == wanted

    def __or__(self, other: "CustomerPermissions") -> "CustomerPermissions":
        return CustomerPermissions(self.mask | other.mask)

    def __iter__(self) -> Iterator[str]:
        return (name for name, bit in self.NAMES.items() if self.mask & bit)

    def __str__(self) -> str:
        return "+".join(self) or "none"


def parcel_schedule(parcels: Sequence[tuple[float, float, str]], lanes: int = 2) -> tuple[list[list[str]], list[str]]:
    """Spread deliveries over lanes so that none overlap; what finds no lane is left over."""
    # Greedy by the earliest end, into the lane that became free last.
    ends = [(-math.inf, lane) for lane in range(lanes)]
    chosen: list[list[str]] = [[] for _ in range(lanes)]
    left: list[str] = []
    for start, end, name in sorted(parcels, key=lambda parcel: (parcel[1], parcel[0])):
        position = bisect.bisect_right(ends, (start, lanes)) - 1
        if position < 0:
            left.append(name)
            continue
        _, lane = ends.pop(position)
        chosen[lane].append(name)
        bisect.insort(ends, (end, lane))
    return chosen, left


def runs_of_tickets(numbers: Sequence[int], gap: int = 1) -> list[tuple[int, int]]:
    """The runs of consecutive numbers; two belong together where they differ by no more than ``gap``."""
    runs: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if runs and number - runs[-1][1] <= gap:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


class SensorNet(nn.Module):
    """A small convolutional network over windows of readings."""

    def __init__(self, channels: int, classes: int, width: int = 64, dropout: float = 0.1):
        """Keep the settings; nothing is read or written before it is needed.

        Args:
            channels: The number of series that are read at the same time.
            classes: The number of classes to tell apart.
            width: The width in characters, or in features.
            dropout: The probability with which a feature is left out while training.
        """
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(channels, width, kernel_size=5, padding=2),
            nn.BatchNorm1d(width),
            nn.ReLU(inplace=True),
            nn.MaxPool1d(2),
            nn.Conv1d(width, 2 * width, kernel_size=3, padding=1),
            nn.BatchNorm1d(2 * width),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool1d(1),
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(2 * width, classes)
        self.apply(self._init_weights)

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run the network on a batch."""
        x = self.features(x).flatten(1)
        return self.classifier(self.dropout(x))


class RegionAttention(nn.Module):
    def __init__(self, dim, heads=8, bias=False):
        """Keep the settings; nothing is read or written before it is needed.

        Args:
            dim: The number of features at every position.
            heads: The number of heads; it has to divide the number of features.
            bias: Whether the projections have an additive term.
        """
        super().__init__()
        assert dim % heads == 0
        self.heads = heads
        self.scale = (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim, bias=bias)
        self.out = nn.Linear(dim, dim)

    def forward(self, x, mask=None):
        """Run the network on a batch.

        Args:
            x: A batch of inputs.
            mask: Which positions take part; everything does when it is None.
        """
        # b: batch, n: positions, d: features
        b, n, d = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * self.scale
        if mask is not None:
            scores = scores.masked_fill(mask[:, None, None, :] == 0, float("-inf"))
        mixed = torch.softmax(scores, dim=-1) @ v
        return self.out(mixed.transpose(1, 2).reshape(b, n, d))


def split_sensor_data(count: int, shares: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 13) -> list[torch.Tensor]:
    """Split indices at random into parts of the given shares.

    The parts are disjoint, and together they hold every index once. Rounding differences go
    into the last part.

    Args:
        count: How many of them are wanted.
        shares: How large each part is; together they have to be 1.
        seed: Makes the result repeatable.

    Returns:
        A new object; the arguments are not changed.

    Raises:
        ValueError: If something of this cannot be done as it was asked for.
    """
    if not math.isclose(sum(shares), 1.0):
        raise ValueError(f"the shares add up to {sum(shares)}")
    indices = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    bounds = [0, *itertools.accumulate(round(share * count) for share in shares[:-1]), count]
    return [indices[low:high] for low, high in zip(bounds, bounds[1:])]


INVOICE_LETTER = """\
Dear {name},

please find enclosed the invoice {number} of {issued:%d %B %Y} about {total} {currency}. It is due on {due:%d %B %Y}.
You can pay by transfer to the account named below, or in your account on our pages, where you will find all earlier
invoices as well. If you have paid in the meantime, please take this letter as being without object.

Should anything about it be unclear, or should the address above have changed, please answer to this message and
leave the subject as it is, so that your answer reaches the right desk. On working days you will hear from us within
a day; at the end of a quarter it can take two.

With kind regards
{sender}

-- 
{company}, {street}, {postal_code} {city}
Registered in {register}, VAT number {vat}
"""

TICKET_HELP = """\
usage: tickets COMMAND [OPTION ...]

Commands:
  show KEY            show one ticket, with its comments and what it depends on
  search WORD ...     show the tickets in which all of the words occur, the latest first
  close KEY ...       close tickets; --reason says why, and is written down with your name
  move KEY PROJECT    move a ticket to another project, where it gets a new number; the old one leads there
  watch KEY ...       be told about every change by mail, until the ticket is closed or you say `--stop`

Options:
  --config FILE       settings, in place of those in the home folder
  --format FORMAT     text, json or csv; text is for people and may change from version to version
  --since DATE        nothing that was not changed since, as YYYY-MM-DD
  --limit N           at most so many (20); 0 is without a limit
  -v, --verbose       say more; given twice, show every request and how long it took

Environment:
  TICKETS_SERVER, TICKETS_PORT, TICKETS_TOKEN and so on stand above what the file of settings says.
"""

PARCEL_SCHEMA = """
CREATE TABLE IF NOT EXISTS parcels (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    barcode       TEXT    NOT NULL UNIQUE CHECK (length(barcode) BETWEEN 8 AND 24),
    sender        INTEGER NOT NULL REFERENCES customers (id) ON DELETE RESTRICT,
    recipient     INTEGER NOT NULL REFERENCES customers (id) ON DELETE RESTRICT,
    weight_grams  INTEGER NOT NULL CHECK (weight_grams > 0),
    status        TEXT    NOT NULL DEFAULT 'announced',
    created_at    TEXT    NOT NULL DEFAULT CURRENT_TIMESTAMP,
    delivered_at  TEXT,
    signature     BLOB,
    CHECK (delivered_at IS NULL OR delivered_at >= created_at)
);

-- The list of what is on its way is asked for on every page, by the recipient and by the depot.
CREATE INDEX IF NOT EXISTS parcels_by_recipient ON parcels (recipient, status, created_at DESC);
CREATE INDEX IF NOT EXISTS parcels_open ON parcels (status) WHERE status NOT IN ('delivered', 'returned');

CREATE VIEW IF NOT EXISTS parcels_late AS
SELECT p.barcode, c.name, c.city, julianday('now') - julianday(p.created_at) AS days
FROM parcels AS p
JOIN customers AS c ON c.id = p.recipient
WHERE p.status NOT IN ('delivered', 'returned') AND julianday('now') - julianday(p.created_at) > 5
ORDER BY days DESC;
"""
