"""By courier: what a mailbox would hold for a partner, written to a medium that is carried there by hand.

Everything that has no receipt yet goes on every medium, so a medium that is lost, late or carried twice
changes nothing: what comes again is known, and gets the receipt that it got the first time.
"""

from hub.exchange.courier.exporting import Exported, export
from hub.exchange.courier.importing import Came, bring_in

__all__ = ["Came", "Exported", "bring_in", "export"]
