"""May it go, may it be read: agreements, labels and the second officer. Pure; the deny is the default."""

from hub.policy.agreements import Agreement, Article, Flow, load_agreement
from hub.policy.decision import Decision, Deny, Permit, Reason, require
from hub.policy.four_eyes import may, may_administer, may_approve, may_draft, may_operate
from hub.policy.permission import Question, flows_by_rule, permit

__all__ = [
    "Agreement",
    "Article",
    "Decision",
    "Deny",
    "Flow",
    "Permit",
    "Question",
    "Reason",
    "flows_by_rule",
    "load_agreement",
    "may",
    "may_administer",
    "may_approve",
    "may_draft",
    "may_operate",
    "permit",
    "require",
]
