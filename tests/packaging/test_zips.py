"""The zips as they are deployed: reproducible, small, pure Python, and quiet on import."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"
MIB = 1024 * 1024

SIZES = [
    pytest.param("balance_poller", 2.0, id="poller"),
    pytest.param("alert_router", 1.5, id="router"),
    pytest.param("courier", 8.0, id="courier"),
    pytest.param("status_page", 0.75, id="page"),
]
NAMES = ("balance_poller", "alert_router", "courier", "status_page")
FUNCTIONS = [pytest.param(name, id=name) for name in NAMES]

#: Runs in a fresh interpreter, where any socket, client or provider file is an error.
IMPORT_QUIETLY = """
import sys, socket
sys.path[:0] = [sys.argv[1], sys.argv[2]]
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" else None)
def refuse(*args, **kwargs):
    raise AssertionError("a socket at import")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
import importlib
module = importlib.import_module(sys.argv[3] + ".handler")
assert callable(module.lambda_handler)
assert "botocore.session" not in sys.modules, "AWS sessions belong to first use"
assert not [name for name in opened if "/providers/" in str(name)], "a definition read at import"
if sys.argv[3] in ("alert_router", "status_page"):
    assert "httpx" not in sys.modules
"""


#: Runs in a fresh interpreter: prints the files of the unpacked zip that Python compiles.
IMPORT_COMPILED = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
compiled = []
sys.addaudithook(lambda event, args: compiled.append(str(args[1])) if event == "compile" else None)
import importlib
importlib.import_module(sys.argv[3] + ".handler")
print(*[name for name in compiled if name.startswith(sys.argv[1])])
"""
#: PEP 552: the bytecode is used if the source's hash is the one that it names.
CHECKED_HASH = (0b11).to_bytes(4, "little")


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zips, built again from the wheels that `make build` left."""
    output = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, ROOT / "scripts" / "package.py", "--output", output], check=True
    )
    return output


@pytest.mark.parametrize("function", FUNCTIONS)
def test_zip_when_built_twice_is_the_same_byte_for_byte(function: str, rebuilt: Path) -> None:
    again = (rebuilt / f"{function}.zip").read_bytes()

    assert again == (DIST / f"{function}.zip").read_bytes(), "run `make build` after a change"


@pytest.mark.parametrize(("function", "limit_mib"), SIZES)
def test_zip_stays_under_its_size(function: str, limit_mib: float) -> None:
    size = (DIST / f"{function}.zip").stat().st_size

    assert 0.1 * MIB < size <= limit_mib * MIB


@pytest.mark.parametrize("function", FUNCTIONS)
def test_zip_holds_no_machine_code_and_only_its_own_function(function: str) -> None:
    with zipfile.ZipFile(DIST / f"{function}.zip") as zipped:
        names = zipped.namelist()

    others = tuple(f"{name}/" for name in NAMES if name != function)
    assert f"{function}/handler.py" in names
    assert "shared/names.py" in names
    assert not [name for name in names if name.endswith((".so", ".pyd", ".dll", ".dylib"))]
    assert not [name for name in names if name.startswith((*others, "boto", "balancectl"))]


def test_courier_zip_when_unpacked_then_works_without_its_compiled_parts(tmp_path: Path) -> None:
    """As on Lambda, which unpacks it: every kind of address works, with no code from outside."""
    with zipfile.ZipFile(DIST / "courier.zip") as zipped:
        zipped.extractall(tmp_path)
    known = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from courier.channels.address import Address\n"
        "import apprise, charset_normalizer, yaml\n"
        "print(Address('tgram://123456789:abcdefg_hijklmnop/1').schema, apprise.__file__)"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", known], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["tgram", str(tmp_path / "apprise" / "__init__.py")]


@pytest.mark.parametrize("function", ["balance_poller", "alert_router"])
def test_main_zips_bring_nothing_of_the_couriers(function: str) -> None:
    with zipfile.ZipFile(DIST / f"{function}.zip") as zipped:
        names = zipped.namelist()

    brought = ("apprise", "requests", "urllib3", "yaml")
    assert not [name for name in names if name.startswith(brought)]


@pytest.mark.parametrize("function", ["balance_poller", "alert_router", "status_page"])
def test_handler_when_imported_from_its_unpacked_zip_then_nothing_is_compiled(
    function: str, tmp_path: Path
) -> None:
    """Lambda's folder is read-only: what has no bytecode there is compiled at every cold start."""
    site_packages = next(path for path in sys.path if path.endswith("site-packages"))
    with zipfile.ZipFile(DIST / f"{function}.zip") as zipped:
        zipped.extractall(tmp_path)

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORT_COMPILED, tmp_path, site_packages, function],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_zip_holds_bytecode_that_is_ignored_where_its_source_was_changed(function: str) -> None:
    with zipfile.ZipFile(DIST / f"{function}.zip") as zipped:
        compiled = [name for name in zipped.namelist() if name.endswith(".pyc")]
        flags = {zipped.read(name)[4:8] for name in compiled}

    handler = importlib.util.cache_from_source(f"{function}/handler.py")
    assert handler in compiled
    assert flags == {CHECKED_HASH}


@pytest.mark.parametrize("function", ["alert_router", "status_page"])
def test_router_and_page_bring_no_http_client(function: str) -> None:
    with zipfile.ZipFile(DIST / f"{function}.zip") as zipped:
        names = zipped.namelist()

    assert not [name for name in names if name.startswith(("httpx", "httpcore"))]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_handler_when_imported_from_its_zip_makes_no_client_and_no_call(function: str) -> None:
    """boto3 comes from outside the zip, as on AWS; everything else from inside."""
    site_packages = next(path for path in sys.path if path.endswith("site-packages"))
    archive = DIST / f"{function}.zip"

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORT_QUIETLY, archive, site_packages, function],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
