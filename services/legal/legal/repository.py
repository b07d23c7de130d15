"""Named queries of legal: finding the file of a partner's act."""

from collections.abc import Sequence

from common.decisions import Located
from common.messages import Message
from common.postgres import Connection
from common.queries import load_queries
from contracts.legal import PartnerAct

QUERIES = load_queries("legal")


async def locate_handoffs(connection: Connection, messages: Sequence[Message]) -> list[list[Located]]:
    """The procedure of each act, by its handoff."""
    acts = [message for message in messages if isinstance(message, PartnerAct)]
    wanted = sorted({str(act.handoff_id) for act in acts})
    rows = await connection.fetch(QUERIES.select_procedures_by_handoff, wanted)
    found = {row["handoff_id"]: row["procedure_id"] for row in rows}
    return [[(found[str(act.handoff_id)], act)] if str(act.handoff_id) in found else [] for act in acts]
