"""Which message belongs on which topic."""

from contracts.legal import HandoffOrdered, PartnerAct
from contracts.registry import CATALOGUE


def test_a_partners_acts_are_not_the_topic_of_a_partner_named_so():
    acts = CATALOGUE.topic("legal.partner-jansen-acts.v1")
    assert acts is not None
    assert acts.owner == "partner"
    assert CATALOGUE.model("legal.PartnerAct.v1", topic="legal.partner-jansen-acts.v1") is PartnerAct
    assert CATALOGUE.model("legal.HandoffOrdered.v1", topic="legal.partner-jansen.v1") is HandoffOrdered
    assert CATALOGUE.model("legal.HandoffOrdered.v1", topic="legal.partner-jansen-acts.v1") is None


def test_a_stranger_topic_and_a_type_on_a_wrong_topic_are_unknown():
    assert CATALOGUE.topic("legal.partner-.v1") is None
    assert CATALOGUE.topic("legal.partner-a.b.v1") is None
    assert CATALOGUE.model("ledger.CaseFilePaid.v1", topic="intake.case-files.v1") is None
