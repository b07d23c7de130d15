"""The wiring of intake on one page: which message goes through which handler of which thing."""

from common.decisions import Consumers, On
from contracts.intake import CloseCaseFile, ReopenCaseFile
from intake import handlers, repository
from intake.domain import (
    CASE_FILE,
    CLIENT,
    AcceptedClaim,
    AmendMandate,
    HandOverFile,
    RegisterClient,
    ReplaceApiKey,
    SubmitClaim,
)

CONSUMERS = Consumers(
    on=(
        On(message=RegisterClient, handler=handlers.register_client, thing=CLIENT, opens=True),
        On(message=AmendMandate, handler=handlers.amend_mandate, thing=CLIENT),
        On(message=ReplaceApiKey, handler=handlers.replace_api_key, thing=CLIENT),
        On(message=HandOverFile, handler=handlers.hand_over_file, thing=CLIENT),
        On(
            message=SubmitClaim,
            handler=handlers.submit_claim,
            thing=CASE_FILE,
            locate=repository.locate_case_files,
            opens=True,
        ),
        On(message=CloseCaseFile, handler=handlers.close_case_file, thing=CASE_FILE),
        On(message=ReopenCaseFile, handler=handlers.reopen_case_file, thing=CASE_FILE),
    ),
    writers={AcceptedClaim: repository.insert_accepted_claims},
)
