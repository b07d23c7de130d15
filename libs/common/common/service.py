"""A service as one process: consumer, relay, alarms, calls to the outside, watched folders, HTTP. Built in `app.py`."""

import asyncio
import contextlib
import gc
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import asyncpg
import prometheus_client
import structlog
import uvicorn
from aiokafka import TopicPartition
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from common import metrics
from common.alarms import take_all_due
from common.blocking import BlockingWork
from common.broker import make_broker
from common.calls import Caller, Channel
from common.clock import is_stepped
from common.decisions import Consumers, Due, Thing
from common.health import Standing, consumer_faults, lag_of, records_wait
from common.logs import set_up_logs
from common.messages import Catalogue
from common.postgres import AWAY, Pool, open_pool
from common.records import Record
from common.redrive import follow_desk
from common.relay import Relay
from common.runner import Runner
from common.settings import ServiceSettings
from common.watch import sample

log = structlog.get_logger()
LONGEST_PAUSE_SECONDS = 30.0
LOOK_FOR_DUE_SECONDS = 0.5
SAMPLE_SECONDS = 5.0
LONGEST_START_SECONDS = 30.0
COLLECT_AFTER = 50_000  # new objects: a batch makes ten thousand and lets go of them; after 700 it cost a tenth of it

Loop = Callable[["Service"], Awaitable[None]]


class Service:
    """Owns the lifecycle. `topics` are what it consumes; `loops` run beside (watched folders); `http` is mounted."""

    def __init__(
        self,
        name: str,
        *,
        settings: ServiceSettings,
        catalogue: Catalogue,
        topics: Sequence[str],
        consumers: Consumers,
        channels: Mapping[str, Channel] | None = None,
        loops: Sequence[Loop] = (),
        http: ASGIApp | None = None,
    ) -> None:
        self.name, self.settings, self.catalogue, self.topics = name, settings, catalogue, topics
        self.consumers, self.channels, self.loops, self.http = consumers, channels or {}, loops, http
        self.blocking = BlockingWork()
        self.pool: Pool
        self.runner: Runner
        self.subscriber: Any = None
        self.stepped = False
        self.last_ack_seconds = time.time()
        self.in_hand: set[TopicPartition] = set()  # partitions of a batch that is not acknowledged
        self.pause = 0.1
        self.alarm = asyncio.Event()
        self.stopping = asyncio.Event()
        self.relay = Relay(
            service=name,
            database_url=settings.database_url,
            bootstrap=settings.bootstrap,
            prefix=settings.topic_prefix,
        )

    # --- lifecycle -------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until SIGTERM; then drain what is in hand, and close the pool last."""
        set_up_logs(self.name)
        uvicorn.run(
            self.app(),
            host=self.settings.http_host,
            port=self.settings.http_port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=15,
        )

    def app(self) -> Starlette:
        """The ASGI application with health, readiness, metrics and the service's own pages."""
        routes: list[Any] = [
            Route("/health/live", self._live),
            Route("/health/ready", self._ready),
            Route("/metrics", self._metrics),
        ]
        if self.http is not None:
            routes.append(Mount("/", self.http))
        return Starlette(routes=routes, lifespan=self._lifespan)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        try:
            async with self.running():
                gc.collect()
                gc.freeze()  # what was loaded is here to stay: the collector need not walk it again
                gc.set_threshold(COLLECT_AFTER)
                yield
        except Exception:
            log.exception("service_failed")  # uvicorn would say it in a text that may quote values
            raise

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator["Service"]:
        """Everything but HTTP, for as long as the block lasts."""
        await self._reach_database()
        tasks = [asyncio.create_task(work) for work in self._work()]
        log.info("service_started", instance=self.settings.instance, stepped=self.stepped)
        try:
            yield self
        finally:
            self.stopping.set()
            await self._stop_consuming()
            await self._finish_calls()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.blocking.close()
            await self.pool.close()

    async def _reach_database(self) -> None:
        """The pool, what is read before all else, and the calls of an earlier life. A database that just starts, ends
        the session meanwhile, or has no connection left is asked again for a while.
        """
        make_runner = self._kind_of_runner()
        deadline = time.monotonic() + LONGEST_START_SECONDS
        while True:
            try:
                self.pool = await open_pool(self.settings.database_url, name=self.name)
                await self._look_back(make_runner)
            except AWAY as fault:
                if time.monotonic() > deadline:
                    raise
                log.warning("database_not_reached", fault=type(fault).__name__)
                await asyncio.sleep(0.2)
            else:
                return

    async def _look_back(self, make_runner: Callable[..., Runner]) -> None:
        self.runner = make_runner(
            service=self.name,
            instance=self.settings.instance,
            pool=self.pool,
            catalogue=self.catalogue,
            consumers=self.consumers,
            caller=Caller(self.channels),
            on_commit=self._wake,
            prefix=self.settings.topic_prefix,
        )
        try:
            async with self.pool.acquire() as connection:
                self.stepped = await is_stepped(connection)
            await self.runner.calls.resume()
        except BaseException:
            self.pool.terminate()
            raise

    def _kind_of_runner(self) -> Callable[..., Runner]:
        endpoint = self.settings.otel_exporter_otlp_endpoint
        if not endpoint:
            return Runner
        from common.traced import TracedRunner  # noqa: PLC0415  without traces OpenTelemetry is not even imported
        from common.traces import Traces  # noqa: PLC0415

        traces = Traces(service=self.name, instance=self.settings.instance, endpoint=endpoint)
        return partial(TracedRunner, traces=traces)

    def _work(self) -> Sequence[Any]:
        due = [
            self._alarms(thing) for thing in self.consumers.things() if self.consumers.line_for(Due, thing) is not None
        ]
        return [
            self._consume(),
            self.relay.run(),
            self._follow_clock(),
            self._sample(),
            follow_desk(self.runner, database_url=self.settings.database_url, stepped=self.stepped),
            *due,
            *(loop(self) for loop in self.loops),
        ]

    def _wake(self) -> None:
        self.relay.wake.set()
        self.alarm.set()

    # --- consuming -------------------------------------------------------------------------------------

    async def _consume(self) -> None:
        pause = 0.2
        while True:
            broker, subscriber = make_broker(
                bootstrap=self.settings.bootstrap,
                topics=[self.settings.topic_prefix + topic for topic in self.topics],
                group=self.settings.topic_prefix + self.name,
                instance=self.settings.instance,
                on_batch=self._on_batch,
            )
            try:
                await broker.start()
            except Exception:
                log.exception("broker_not_reached")
                with contextlib.suppress(Exception):
                    await broker.stop()
                await asyncio.sleep(pause)
                pause = min(5.0, pause * 2)
            else:
                self.broker, self.subscriber = broker, subscriber
                return

    async def _on_batch(self, records: Sequence[Record]) -> None:
        if not self.in_hand:
            self.last_ack_seconds = time.time()  # nothing waited until now
        self.in_hand = {TopicPartition(record.topic, record.partition) for record in records}
        try:
            await self.runner.take_records(records)
        except Exception:
            metrics.FAULTS.labels(self.name).inc()
            log.exception("batch_failed", records=len(records))
            with contextlib.suppress(TimeoutError):  # the pause ends early when the process stops
                async with asyncio.timeout(random.uniform(self.pause / 2, self.pause)):  # noqa: S311
                    await self.stopping.wait()
            self.pause = min(LONGEST_PAUSE_SECONDS, self.pause * 2)
            raise
        self.pause = 0.1
        self.in_hand = set()
        self.last_ack_seconds = time.time()

    async def _stop_consuming(self) -> None:
        if self.subscriber is not None:
            await self.broker.stop()

    async def _finish_calls(self) -> None:
        if self.runner.calls.tasks:
            await asyncio.wait(self.runner.calls.tasks, timeout=15)

    # --- time ------------------------------------------------------------------------------------------

    async def _alarms(self, thing: Thing[Any]) -> None:
        """Take rows that are due. Woken by commits of this process and by the stepped clock; the system's time is
        looked at twice a second.
        """
        pause = 0.1
        while True:
            waiter = self.alarm  # as it is before the look: what happens during the look wakes this loop once more
            try:
                await take_all_due(self.runner, thing)
                pause = 0.1
            except Exception:
                log.exception("due_rows_not_taken", thing=thing.name)
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
                continue
            await self._next_alarm(waiter)

    async def _next_alarm(self, waiter: asyncio.Event) -> None:
        if self.stepped:
            await waiter.wait()
        else:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_FOR_DUE_SECONDS):
                    await waiter.wait()
        if waiter is self.alarm:
            self.alarm = asyncio.Event()  # each loop waits on the event that was current when it looked

    async def _follow_clock(self) -> None:
        """In stepped time: be told when the driver moves the clock."""
        if not self.stepped:
            return
        while True:
            try:
                connection = await asyncpg.connect(self.settings.database_url)
                try:
                    closed = asyncio.Event()
                    connection.add_termination_listener(lambda _, closed=closed: closed.set())
                    await connection.add_listener("clock", self._clock_moved)
                    self.alarm.set()
                    await closed.wait()
                finally:
                    await connection.close()
            except Exception:
                log.exception("clock_not_followed")
                await asyncio.sleep(0.5)

    def _clock_moved(self, *_: object) -> None:
        self.alarm.set()

    # --- shown to operations ---------------------------------------------------------------------------

    async def _sample(self) -> None:
        while True:
            try:
                self._show_consumer()  # first: it needs no database
                await sample(self.pool, service=self.name, things=self.consumers.things())
            except Exception:
                log.exception("metrics_not_sampled")
            await asyncio.sleep(SAMPLE_SECONDS)

    @property
    def _consumer(self) -> Any:
        return self.subscriber.consumer if self.subscriber is not None else None

    def _show_consumer(self) -> None:
        consumer = self._consumer
        if consumer is None:
            return
        lag = lag_of(consumer)
        for topic in (self.settings.topic_prefix + topic for topic in self.topics):
            metrics.LAG.labels(self.name, topic).set(lag.get(topic, 0))
        silence = time.time() - self.last_ack_seconds if records_wait(consumer, self.in_hand) else 0
        metrics.CONSUMER_SILENCE.labels(self.name).set(silence)

    async def standing(self) -> Standing:
        """What is wrong with this process, if anything."""
        faults: list[str] = []
        try:
            async with asyncio.timeout(2):
                await self.pool.fetchval("SELECT 1")
        except Exception as fault:  # noqa: BLE001  whatever it is, the database does not answer
            faults.append(f"database: {type(fault).__name__}")
        faults += consumer_faults(
            self._consumer, now_seconds=time.time(), last_ack_seconds=self.last_ack_seconds, in_hand=self.in_hand
        )
        return Standing(faults=tuple(faults))

    async def _live(self, _: Request) -> Response:
        return JSONResponse({"service": self.name, "instance": self.settings.instance})

    async def _ready(self, _: Request) -> Response:
        standing = await self.standing()
        return JSONResponse({"faults": list(standing.faults)}, status_code=200 if standing.is_ready else 503)

    async def _metrics(self, _: Request) -> Response:
        return Response(prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST)
