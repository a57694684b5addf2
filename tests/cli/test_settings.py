"""Settings: environment, file, default; what is unknown or wrong is refused where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from callrouter.settings import Address, SettingsError, load


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_the_contracts() -> None:
    """Nothing is set: every setting has its default, and nothing listens beyond loopback."""
    settings = load({})
    assert settings.database_url.get_secret_value() == "sqlite:///callrouter.db"
    assert (settings.ari_url, settings.ari_username) == ("http://127.0.0.1:8088/ari", "callrouter")
    assert (settings.ari_password, settings.app) == (None, "callrouter")
    assert (settings.agi_bind, settings.http_bind) == (Address("127.0.0.1", 4573), Address("127.0.0.1", 8090))
    assert (settings.data_dir, settings.talk_limit) == (Path("var"), 4 * 3600)


def test_environment_before_file_before_default() -> None:
    """The environment wins over the file; keys in the file may be written in either case."""
    Path("callrouter.toml").write_text('app = "callrouter-1"\nDATA_DIR = "/srv/x"\nhttp_bind = "off"\n')
    settings = load({"CALLROUTER_APP": "callrouter-2", "CALLROUTER_AGI_BIND": "[::1]:5000", "PATH": "/bin"})
    assert (settings.app, settings.data_dir) == ("callrouter-2", Path("/srv/x"))
    assert (settings.http_bind, settings.agi_bind) == (None, Address("::1", 5000))


def test_a_file_somewhere_else() -> None:
    """`CALLROUTER_CONFIG` names another file; variables of other tools of ours are no settings."""
    Path("other.toml").write_text('app = "callrouter-9"')
    named = {"CALLROUTER_CONFIG": "other.toml", "CALLROUTER_CACHE": "x", "CALLROUTER_ASTERISK": "y"}
    assert load(named).app == "callrouter-9"


@pytest.mark.parametrize(
    ("environment", "file", "password"),
    [
        ({"CALLROUTER_ARI_PASSWORD_FILE": "secret"}, "", "from-file"),
        ({"CALLROUTER_ARI_PASSWORD_FILE": "secret", "CALLROUTER_ARI_PASSWORD": "own"}, "", "own"),
        ({"CALLROUTER_ARI_PASSWORD_FILE": "secret"}, 'ari_password = "toml"', "from-file"),
        ({}, 'ari_password_file = "secret"', "from-file"),
        ({"CALLROUTER_ARI_PASSWORD": "own"}, 'ari_password_file = "secret"', "own"),
    ],
)
def test_a_secret_from_a_file(environment: dict[str, str], file: str, password: str) -> None:
    """NAME_FILE holds the secret, without its line end; NAME in the environment wins. It is never printed."""
    Path("secret").write_text("from-file\n")
    Path("callrouter.toml").write_text(file)
    settings = load(environment)
    assert settings.ari_password is not None
    assert settings.ari_password.get_secret_value() == password
    assert password not in repr(settings)


@pytest.mark.parametrize(
    ("environment", "file", "message"),
    [
        ({"CALLROUTER_AP": "x"}, "", "CALLROUTER_AP: there is no such setting (did you mean APP?)"),
        ({"CALLROUTER_XYZZY": "x"}, "", "CALLROUTER_XYZZY: there is no such setting"),
        ({}, "colour = 1", "callrouter.toml: colour: there is no such setting"),
        ({}, "app = 1", "callrouter.toml: app: has to begin with callrouter"),
        ({}, "app = ", "callrouter.toml: Invalid value"),
        ({"CALLROUTER_APP": "callrouter,x"}, "", "CALLROUTER_APP: has to begin with callrouter"),
        ({"CALLROUTER_HTTP_BIND": "8090"}, "", "CALLROUTER_HTTP_BIND: is not HOST:PORT or off"),
        ({"CALLROUTER_HTTP_BIND": "a:99999"}, "", "CALLROUTER_HTTP_BIND: is not HOST:PORT or off"),
        ({"CALLROUTER_ARI_URL": "127.0.0.1:8088"}, "", "CALLROUTER_ARI_URL: is not http://HOST:PORT/ari"),
        ({"CALLROUTER_ARI_URL": "http://u:secret@pbx/ari"}, "", "CALLROUTER_ARI_URL: is not http://HOST:PORT/ari"),
        ({"CALLROUTER_ARI_URL": ""}, "", "CALLROUTER_ARI_URL: is not http://HOST:PORT/ari or off"),
        ({"CALLROUTER_ARI_URL": "off", "CALLROUTER_AGI_BIND": "off"}, "", "ARI_URL and AGI_BIND are both off"),
        ({"CALLROUTER_LOOKUP_URL": "crm/clients"}, "", "CALLROUTER_LOOKUP_URL: is not http://HOST/PATH"),
        ({"CALLROUTER_LOOKUP_URL": "https://u:p@crm/"}, "", "CALLROUTER_LOOKUP_URL: is not http://HOST/PATH"),
        ({"CALLROUTER_ARI_PASSWORD_FILE": "nowhere"}, "", "CALLROUTER_ARI_PASSWORD_FILE: cannot read nowhere"),
        ({"CALLROUTER_CONFIG": "nowhere.toml"}, "", "CALLROUTER_CONFIG: there is no file nowhere.toml"),
        ({"CALLROUTER_CONFIG": "."}, "", ".: "),
    ],
)
def test_what_is_wrong_is_named_where_it_stands(environment: dict[str, str], file: str, message: str) -> None:
    """Variable or file and key, and what it should be."""
    Path("callrouter.toml").write_text(file)
    with pytest.raises(SettingsError) as raised:
        load(environment)
    assert str(raised.value).startswith(message)
    assert raised.value.exit_code == 2


def test_the_crm_is_asked_with_a_secret() -> None:
    """Its token may come from a file, and is not printed with the settings."""
    Path("token").write_text("of-the-crm\n")
    told = load({"CALLROUTER_LOOKUP_URL": "https://crm.example/api?x=1", "CALLROUTER_LOOKUP_TOKEN_FILE": "token"})
    assert (told.lookup_url, told.token()) == ("https://crm.example/api?x=1", "of-the-crm")
    assert "of-the-crm" not in repr(told)
    assert load({}).token() is None
