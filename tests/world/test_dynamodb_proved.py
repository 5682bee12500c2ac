"""The world's DynamoDB is proved by the contract tests of the store, which run on moto as well.

Fixture `store` is this folder's: the shipped adapter on the world's table.
"""

from tests.contract.test_store_batches import *  # noqa: F403
from tests.contract.test_store_claims import *  # noqa: F403
from tests.contract.test_store_jobs import *  # noqa: F403
from tests.contract.test_store_stop_retry import *  # noqa: F403
from tests.contract.test_store_waiting import *  # noqa: F403
