"""Work teams: who the people are that tasks go to."""

import threading
import time
from typing import Any

from terrace_local.ground_truth.arns import private_workteam_arn, public_workteam_arn
from terrace_local.ground_truth.errors import ServiceError, validation_error
from terrace_local.ground_truth.paging import page_of

TEAMS_PER_REGION = 25
_OPTIONAL = ("NotificationConfiguration", "WorkerAccessConfiguration")

Team = dict[str, Any]


class Workteams:
    """Keeps teams by (region, account, name); thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._teams: dict[str, Team] = {}

    def create(self, payload: dict[str, Any], region: str, account: str) -> dict[str, Any]:
        """CreateWorkteam: `{WorkteamArn}`."""
        name = payload["WorkteamName"]
        arn = private_workteam_arn(region, account, name)
        now = time.time()
        team = {
            "WorkteamName": name,
            "MemberDefinitions": payload["MemberDefinitions"],
            "WorkteamArn": arn,
            "Description": payload["Description"],
            "SubDomain": f"{account}.labeling.{region}.sagemaker.aws",
            "CreateDate": now,
            "LastUpdatedDate": now,
            **{k: payload[k] for k in _OPTIONAL if k in payload},
        }
        with self._lock:
            mine = self._of(region, account)
            if any(t["WorkteamName"].lower() == name.lower() for t in mine):
                raise ServiceError("ResourceInUse", f"Work team {name} already exists.")
            if len(mine) >= TEAMS_PER_REGION:
                raise ServiceError(
                    "ResourceLimitExceeded", f"At most {TEAMS_PER_REGION} work teams per Region."
                )
            self._teams[arn] = team
        return {"WorkteamArn": arn}

    def describe(self, payload: dict[str, Any], region: str, account: str) -> dict[str, Any]:
        """DescribeWorkteam: `{Workteam}`."""
        with self._lock:
            return {"Workteam": dict(self._get(payload["WorkteamName"], region, account))}

    def update(self, payload: dict[str, Any], region: str, account: str) -> dict[str, Any]:
        """UpdateWorkteam: `{Workteam}` as it is now."""
        with self._lock:
            team = self._get(payload["WorkteamName"], region, account)
            for field in ("MemberDefinitions", "Description", *_OPTIONAL):
                if field in payload:
                    team[field] = payload[field]
            team["LastUpdatedDate"] = time.time()
            return {"Workteam": dict(team)}

    def delete(self, payload: dict[str, Any], region: str, account: str) -> dict[str, Any]:
        """DeleteWorkteam: `{Success: true}`."""
        with self._lock:
            team = self._get(payload["WorkteamName"], region, account)
            del self._teams[team["WorkteamArn"]]
        return {"Success": True}

    def list_all(self, payload: dict[str, Any], region: str, account: str) -> dict[str, Any]:
        """ListWorkteams: `{Workteams, NextToken?}`."""
        part = payload.get("NameContains", "").lower()
        field = "WorkteamName" if payload.get("SortBy") == "Name" else "CreateDate"
        with self._lock:
            rows = [dict(t) for t in self._of(region, account)]
        rows = [t for t in rows if part in t["WorkteamName"].lower()]
        page, token = page_of(rows, payload, lambda t: [t[field], t["WorkteamName"]])
        return {"Workteams": page, **({"NextToken": token} if token else {})}

    def exists(self, arn: str, region: str) -> bool:
        """Whether tasks can be sent to the team; the public one always can."""
        with self._lock:
            return arn in self._teams or arn == public_workteam_arn(region)

    def _of(self, region: str, account: str) -> list[Team]:
        start = private_workteam_arn(region, account, "")
        return [team for arn, team in self._teams.items() if arn.startswith(start)]

    def _get(self, name: str, region: str, account: str) -> Team:
        for team in self._of(region, account):
            if team["WorkteamName"].lower() == name.lower():
                return team
        # Terraform's provider tells a missing team by this code and these words.
        raise validation_error(f"The work team {name} does not exist.")

    def save(self) -> list[Team]:
        """All teams, as JSON-able rows."""
        with self._lock:
            return [dict(team) for team in self._teams.values()]

    def load(self, rows: list[Team]) -> None:
        """Takes back what `save` gave."""
        with self._lock:
            self._teams = {team["WorkteamArn"]: dict(team) for team in rows}
