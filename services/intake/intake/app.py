"""The composition root: the only place that builds things. `python -m intake.app`."""

from common.folders import watch_folder
from common.service import Service
from contracts.registry import CATALOGUE, topics_of
from intake.consumers import CONSUMERS
from intake.consumers.folders import SUFFIXES, make_folders, take_from
from intake.http import make_http
from intake.settings import Settings


def make_service(settings: Settings) -> Service:
    """The whole service, not yet running."""

    async def watch_clients(service: Service) -> None:
        await make_folders(settings.watch_folder, service)
        await watch_folder(settings.watch_folder, lambda path: take_from(path, service), suffixes=SUFFIXES, depth=1)

    service = Service(
        "intake",
        settings=settings,
        catalogue=CATALOGUE,
        topics=topics_of("intake"),
        consumers=CONSUMERS,
        loops=(watch_clients,),
    )
    service.http = make_http(service, settings)
    return service


if __name__ == "__main__":
    make_service(Settings.model_validate({})).run()
