"""Settings: `CALLROUTER_*` in the environment, else `callrouter.toml`, else the default; unknown keys are refused."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from email.utils import getaddresses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from callrouter.core.errors import CallrouterError
from callrouter.delivery.server import server

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "CALLROUTER_"
NOT_SETTINGS = frozenset({"CALLROUTER_CONFIG", "CALLROUTER_CACHE", "CALLROUTER_ASTERISK"})
"""Ours, but read elsewhere."""
SECRETS = frozenset({"ari_password", "database_url", "hook_secret", "lookup_token", "smtp_url"})
"""May come from a file that NAME_FILE names, and are never printed."""
DEFAULT_FILE = "callrouter.toml"
OFF = "off"
"""What turns off whatever has an address."""


class SettingsError(CallrouterError):
    """A setting is unknown or wrong."""


class Address(NamedTuple):
    """Where we listen."""

    host: str
    port: int


def _address(value: object) -> object:
    if value == OFF or isinstance(value, Address):
        return None if value == OFF else value
    host, colon, port = str(value).rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 <= int(port) < 65536:  # noqa: PLR2004 - the last port
        raise ValueError("is not HOST:PORT or off")
    return Address(host.strip("[]"), int(port))


def _smtp(url: SecretStr) -> SecretStr:
    server(url.get_secret_value())
    return url


def _sender(text: str) -> str:
    (_, address), *more = getaddresses([text])
    if more or not text.isprintable() or not re.fullmatch(r"[^\s<>@,;]+@[A-Za-z0-9.-]+", address, re.ASCII):
        raise ValueError("is not ADDRESS or NAME <ADDRESS>")
    return text


Bind = Annotated[Address | None, BeforeValidator(_address)]


class Settings(BaseModel):
    """What a worker and the commands are told from outside; None in a bind: off."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)

    database_url: SecretStr = SecretStr("sqlite:///callrouter.db")
    ari_url: Annotated[str, Field(pattern=r"^(off|https?://[^\s/?#@]+[^\s?#@]*)$")] = "http://127.0.0.1:8088/ari"
    ari_username: str = "callrouter"
    ari_password: SecretStr | None = None
    app: Annotated[str, Field(pattern=r"^callrouter[A-Za-z0-9_.-]*$", max_length=60)] = "callrouter"
    lookup_url: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+[^\s#@]*$")] | None = None
    lookup_token: SecretStr | None = None
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp)] | None = None
    smtp_from: Annotated[str, AfterValidator(_sender)] | None = None
    hook_secret: Annotated[SecretStr, Field(min_length=16)] | None = None
    agi_bind: Bind = Address("127.0.0.1", 4573)
    http_bind: Bind = Address("127.0.0.1", 8090)
    data_dir: Path = Path("var")
    # Set anew every quarter of it: below ten seconds a silence of Asterisk's could cost a conversation.
    talk_limit: Annotated[int, Field(ge=10, le=86_400)] = 14_400
    cdr_file: Path = Path("/var/log/asterisk/cdr-custom/callrouter.csv")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if not self.has_ari and self.agi_bind is None:
            raise ValueError("ARI_URL and AGI_BIND are both off: no call would reach the router")
        return self

    @property
    def has_ari(self) -> bool:
        """Whether Asterisk is reached by ARI; without it the router only answers the dialplan's questions (FastAGI)."""
        return self.ari_url != OFF

    def password(self) -> str:
        """Return ARI's password; raise SettingsError where none is set."""
        if self.ari_password is None:
            raise SettingsError("ARI_PASSWORD is not set: set CALLROUTER_ARI_PASSWORD or CALLROUTER_ARI_PASSWORD_FILE")
        return self.ari_password.get_secret_value()

    def token(self) -> str | None:
        """Return what the CRM knows us by."""
        return None if self.lookup_token is None else self.lookup_token.get_secret_value()

    def mail_server(self) -> str | None:
        """Return where mail is handed in, with the password."""
        return None if self.smtp_url is None else self.smtp_url.get_secret_value()

    def hook_key(self) -> str | None:
        """Return what posts to web hooks are signed with."""
        return None if self.hook_secret is None else self.hook_secret.get_secret_value()


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; `SettingsError` names the wrong one and where it stands."""
    environment = os.environ if environment is None else environment
    where: dict[str, str] = {}
    values = _from_file(environment, where) | _from_environment(environment, where)
    try:
        return Settings.model_validate(_without_files(values, where))
    except ValidationError as error:
        raise SettingsError("; ".join(_fault(fault, where) for fault in error.errors())) from None


def _from_file(environment: Mapping[str, str], where: dict[str, str]) -> dict[str, Any]:
    named = environment.get("CALLROUTER_CONFIG")
    path = Path(named or DEFAULT_FILE)
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if named:
            raise SettingsError(f"CALLROUTER_CONFIG: there is no file {path}") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    values = {}
    for key, value in table.items():
        values[_known(key.lower(), f"{path}: {key}")] = value
        where[key.lower()] = f"{path}: {key}"
    return values


def _from_environment(environment: Mapping[str, str], where: dict[str, str]) -> dict[str, Any]:
    values = {}
    for name, value in environment.items():
        if name.startswith(PREFIX) and name not in NOT_SETTINGS:
            key = _known(name.removeprefix(PREFIX).lower(), name)
            values[key] = value
            where[key] = name
    return values


def _known(key: str, shown: str) -> str:
    names = [*Settings.model_fields, *(f"{secret}_file" for secret in SECRETS)]
    if key in names:
        return key
    near = difflib.get_close_matches(key, names, 1)
    hint = f" (did you mean {near[0].upper()}?)" if near else ""
    raise SettingsError(f"{shown}: there is no such setting{hint}")


def _without_files(values: dict[str, Any], where: dict[str, str]) -> dict[str, Any]:
    """Put what NAME_FILE's file holds in NAME's place, where NAME itself is not set in the environment."""
    for secret in SECRETS:
        path = values.pop(f"{secret}_file", None)
        if path is None or where.get(secret, "").startswith(PREFIX):
            continue
        shown = where[f"{secret}_file"]
        try:
            values[secret] = Path(path).read_text("utf-8").strip()
        except (OSError, TypeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{shown}: cannot read {path}: {error}") from None
        where[secret] = shown
    return values


def _fault(fault: Any, where: Mapping[str, str]) -> str:
    said = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:  # of several together
        return str(said)
    key = str(fault["loc"][0])
    if key == "app":
        said = "has to begin with callrouter; letters, digits and . _ - may follow"
    if key == "ari_url":
        said = "is not http://HOST:PORT/ari or off"
    if key == "lookup_url":
        said = "is not http://HOST/PATH or https://HOST/PATH"
    return f"{where.get(key, key.upper())}: {said}"
