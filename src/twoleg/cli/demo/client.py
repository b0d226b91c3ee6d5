"""An integrator's program, as small as it can be: a token, a call, and asking after it."""

from __future__ import annotations

from typing import Any

import httpx

from twoleg.cli.demo.errors import DemoFailed

TOKEN = "/apigovernance/api/oauth/tokenByAkSk"  # noqa: S105 - a path
CREATE_CALL = "/apiaccess/CC-Management/v1/mobileAgent/createCall"
QUERY_CALL_STATE = "/apiaccess/CC-Management/v1/mobileAgent/queryCallState"


class Client:
    """Talks to the service over HTTP like any other program would."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def log_in(self, *, app_key: str, app_secret: str) -> dict[str, Any]:
        """Fetch a token, and use it from now on."""
        answer = await self._post(TOKEN, {"app_key": app_key, "app_secret": app_secret})
        self._http.headers["Authorization"] = f"Bearer {answer['AccessToken']}"
        return answer

    async def create_call(self, caller: str, called: str) -> tuple[str, dict[str, Any]]:
        """The serial, and the whole answer."""
        answer = await self._post(CREATE_CALL, {"caller": caller, "called": called})
        if answer.get("retCode") != "0":
            raise DemoFailed(f"createCall refused: {answer}")
        return str(answer["result"]["callSerialNo"]), answer

    async def query_call_state(self, serial: str) -> dict[str, Any]:
        """The `result` for that call."""
        answer = await self._post(QUERY_CALL_STATE, {"callSerialNo": serial})
        if answer.get("retCode") != "0":
            raise DemoFailed(f"queryCallState refused: {answer}")
        result: dict[str, Any] = answer["result"]
        return result

    async def _post(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        try:
            response = await self._http.post(path, json=body)
        except httpx.HTTPError as error:
            raise DemoFailed(f"POST {path}: {type(error).__name__}: {error}") from error
        if response.status_code != 200:
            raise DemoFailed(f"POST {path}: HTTP {response.status_code}: {response.text}")
        answer: dict[str, Any] = response.json()
        return answer
