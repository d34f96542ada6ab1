"""Mistakes in variables files, as a new user makes them: found with line, value and remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from balancectl.cli.errors import CliError
from balancectl.configuration.declarations import read_declarations, with_known_types
from balancectl.configuration.hcl.nodes import plain
from balancectl.configuration.hcl.parser import parse_variables
from balancectl.configuration.structure import structure_problems

#: However slow the machine is.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
MODULE = Path(__file__).resolve().parents[3] / "infra" / "terraform"
DECLARED = with_known_types(
    read_declarations(MODULE, MODULE.parent / "deploy"),
    read_declarations(MODULE / "modules" / "configuration"),
)
#: What every file needs, for those that are about something else.
REST = """
subscribers            = { team = { protocol = "email", endpoint = "team@example.com" } }
operations_subscribers = { ops = { protocol = "email", endpoint = "ops@example.com" } }
"""
ACCOUNTS = 'accounts = { main = { provider = "openrouter", warning = 5 } }\n'


def problems(text: str, name: str = "my.tfvars") -> list[str]:
    """Return what is wrong with a file's structure, as `check` prints it."""
    found = structure_problems(parse_variables(text, name), DECLARED)
    return [f"{problem.line}: {problem.sentence}" for problem in found]


def entry(fields: str) -> str:
    """Return a file with one account of these fields, in line 2."""
    return f"accounts = {{\n  main = {{ {fields} }}\n}}\n{REST}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('accounts = { main = { provider = "x" ', "line 1, column 38: the '{' of line 1 is never"),
        ('accounts = {\n  main = { provider = "x\n}', "line 2, column 23: the string has no closi"),
        ("accounts = { main = { provider = 'x' } }", "column 34: strings need double quotation"),
        ("accounts = { main = { provider = \u201cx\u201d } }", "typographic quotation mark"),
        ("accounts = { main = { provider = openrouter } }", 'quotation marks: "openrouter"'),
        ('accounts = { main = { provider = "x" warning = 5 } }', "a comma or a new line before 'w"),
        ('accounts = { main = { provider = "x"; warning = 5 } }', "no semicolon is needed"),
        ("accounts:\n  main:\n    provider: x\n", "line 1, column 9: write accounts = …, with an "),
        ('"accounts" = { }', "write accounts = …, without quotation marks around the name"),
        ('{ "accounts": {} }', "my.tfvars is JSON: give it a name that ends in .tfvars.json"),
        ('accounts {\n  main = { provider = "x" }\n}', "line 1, column 1: accounts is a block: wr"),
        ('accounts = { main { provider = "x" } }', "accounts.main is a block: write = before {"),
        ('accounts = { main => { provider = "x" } }', "use a single equals sign"),
        ('accounts == { main = { provider = "x" } }', "use a single equals sign"),
        ("accounts = { main = { warning = 5,00 } }", "write decimals with a point, not a comma"),
        ("digest_above = 5,5", "write decimals with a point, not a comma"),
        ("accounts = { main = { warning = 20 USD } }", "a number stands alone: write 20, without "),
        ("accounts = { main = { warning = $20 } }", "amounts are plain numbers, without a currenc"),
        ("accounts = { main = { warning = 20€ } }", "amounts are plain numbers, without a currenc"),
        ("accounts = { main = { warning = .5 } }", "accounts.main.warning: write 0.5"),
        ("accounts = { main = { warning = } }", "accounts.main.warning has no value"),
        ("accounts =\n", "accounts has no value"),
        ("accounts = { main = { warning = 4 * 5 } }", "accounts.main.warning is an expression"),
        ("accounts = { main = { secret = var.key } }", "accounts.main.secret is an expression"),
        ('accounts = { main = { secret = "${var.key}" } }', "accounts.main.secret is an expressio"),
        ('accounts = { main = { secret = file("key") } }', "accounts.main.secret is an expression"),
        ("accounts = { 2captcha = { warning = 5 } }", "put the name in quotation marks"),
        ("accounts = { fire.crawl = { warning = 5 } }", "put a name with a dot in quotation marks"),
        ("enable_chat = True", "enable_chat: write true"),
        ("enable_chat = yes", "enable_chat: write true"),
        ("enable_chat = true digest_above = 3", "expected a new line before 'digest_above'"),
        ("}\n", "line 1, column 1: '}' closes nothing"),
        ("locals {\n  a = 1\n}", "locals is a block, and a variables file has none"),
        ("terraform {\n  required_version = 1\n}", "terraform is a block, and a variables file ha"),
        ("subscribers = { a = { endpoint = +4915112345678 } }",
         'a.endpoint: put a telephone number in quotation marks: "+4915112345678"'),
        ("accounts = {\n  main = {\n    warning = 5\n}\nsubscribers = {\n}\n",
         "line 7, column 1: the '{' of line 1 is never closed; is it missing before line 5?"),
        ('kms_key_arns = ["a" "b"]', "expected a comma before"),
        ('kms_key_arns = ["a", "b"', "the '[' of line 1 is never closed"),
        ('<<<<<<< HEAD\nname = "a"\n', "merge conflict marker: resolve the conflict"),
        ('name = "a"\n=======\n', "line 2, column 1: merge conflict marker"),
        ('/* a remark\nname = "a"\n', "the comment is never closed"),
        ('name\u00a0= "a"', "invisible non-breaking space"),
        ('export name = "a"', "expected = after 'export'"),
        ('name = "a"\n  digest_above 3\n', "line 2, column 16: expected = after 'digest_above'"),
        ('account "main" {\n  provider = "x"\n}', "column 9: account is a block, and a variables"),
        ('variable "name" {\n  default = "a"\n}', "variable is a block, and a variables file has"),
        ('name = "a"\nprovider "aws" {\n}', "line 2, column 10: provider is a block, and a vari"),
        ("accounts.main.warning = 5", "has no paths: set it inside of accounts = { … }"),
        ('accounts["main"] = { warning = 5 }', "has no paths: set it inside of accounts = { … }"),
        ("accounts = { main = { warning = 1_000 } }", "write 1000, without separators"),
        ("history_days = 1_000", "line 1, column 17: write 1000, without separators"),
        ("accounts = { main = { warning = 1,000 } }", "a number without a comma, or decimals with"),
        ("history_days = 1,000", "write a number without a comma, or decimals with a point"),
        ("accounts = { main = { warning = 1'000 } }", "numbers without separators between their d"),
        ("accounts = { main = { warning = 2.5k } }", "write 2500, in full"),
        ("accounts = { main = { warning = -5 USD } }", "a number stands alone: write -5, without"),
        ("poll_interval_minutes = 5m", "a number stands alone: write 5, without its unit"),
        ("repeat_hours = { critical = 2h }", "a number stands alone: write 2, without its unit"),
        ("accounts = { main = { warning = 20% } }", "write 20, without %"),
        ("accounts = { main = { warning = +5 } }", "warning: write 5, without a plus sign"),
        ("accounts = { main = { warning = 0x10 } }", "write a decimal number"),
        ("accounts = { main = { warning = $WARN } }", "environment variables are not filled in"),
        ("accounts = { main = { secret = ${KEY} } }", "keys are stored with balancectl keys set"),
        ('accounts = { main = { secret = env("KEY") } }', "accounts.main.secret is an expression"),
        ("accounts = { main = { provider = <yours> } }", "provider: put your own value in place"),
        ('name = <<EOT\nbalance\n"b"', "name: a text that begins with << ends with its word alone"),
        ("accounts = { main = { warning = 5 } } }", "column 39: '}' closes nothing"),
        ("accounts = { main = { warning = 5 ] }", "expected a comma or a new line before ']'"),
        ("accounts = { my account = { warning = 5 } }", "expected = after 'my'"),
        ("accounts = merge({}, {})", "accounts is an expression: a tfvars file may contain only"),
        ("region = eu-west-1", "region: strings need quotation marks"),
        ("region: eu-west-1", "write region = …, with an equals sign"),
        ("enable_chat := true", "write enable_chat = …, with an equals sign"),
        ("kms_key_arns = [arn:aws:kms]", 'kms_key_arns[0]: strings need quotation marks: "arn"'),
    ],
)  # fmt: skip
def test_syntax_when_wrong_then_is_refused_with_its_place_and_remedy(
    text: str, expected: str
) -> None:
    with pytest.raises(CliError) as caught:
        parse_variables(text, "my.tfvars")

    assert expected in str(caught.value)
    assert str(caught.value).startswith("my.tfvars")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ACCOUNTS.replace("main", "main", 1).replace(" } }", ' }, main = { provider = "fal" } }')
         + REST, "1: accounts.main: already set in line 1: Terraform would silently drop one"),
        (ACCOUNTS + REST + ACCOUNTS, "5: accounts: already set in line 1"),
        (entry('provider = "openrouter", warning = 5, warning = 6'), "2: accounts.main.warning: a"),
        (entry('provider = "openrouter", waring = 5'), "did you mean 'warning'?"),
        (entry('provider = "openrouter", crticial = 5'), "2: accounts.main.crticial: unknown fiel"),
        (entry('provder = "openrouter", warning = 5'), "2: accounts.main: provider missing: set i"),
        (entry("warning = 5"), "2: accounts.main: provider missing: set it"),
        (entry('provider = "openrouter", key = "sk-canary"'), "accounts.main.key: unknown field"),
        (entry('provider = "openrouter", api_key = "sk-canary"'), "accounts.main.api_key: unknown"),
        (entry('provider = "openrouter", warning = "20 USD"'), 'a number: write 20, not "20 USD"'),
        (entry('provider = "openrouter", warning = "$20"'), 'a number: write 20, not "$20"'),
        (entry('provider = "openrouter", warning = "1,250"'), 'write 1250, not "1,250"'),
        (entry('provider = "openrouter", warning = "5,5"'), 'write 5.5, not "5,5"'),
        (entry('provider = "openrouter", warning = "a lot"'), "warning: must be a number, such as"),
        (entry('provider = "openrouter", warning = "sk-canary"'), "must be a number, such as 20"),
        (entry('provider = "openrouter", warning = true'), "accounts.main.warning: must be a numb"),
        (entry('provider = "openrouter", warning = [5]'), "accounts.main.warning: must be a numbe"),
        (entry('provider = ["openrouter"], warning = 5'), "accounts.main.provider: must be the na"),
        (entry('provider = "openrouter", params = "v2"'), "params: must be a map of names and"),
        (f'accounts = [{{ provider = "openrouter" }}]\n{REST}', "1: accounts: must be a map of na"),
        (f'accounts = "openrouter"\n{REST}', "1: accounts: must be a map of names and values"),
        (f'accounts = {{ main = "openrouter" }}\n{REST}', "accounts.main: must be an object: { pr"),
        (REST, "None: accounts: missing: set this variable"),
        (ACCOUNTS, "None: operations_subscribers: missing: set this variable"),
        (ACCOUNTS + REST + "polling_enable = true", "did you mean 'polling_enabled'?"),
        (ACCOUNTS + REST + "poll_interval = 5", "5: poll_interval: unknown variable; did you mean"),
        (ACCOUNTS + REST + "polling_enabled = 1", "5: polling_enabled: must be true or false"),
        (ACCOUNTS + REST + 'poll_interval_minutes = "five"', "poll_interval_minutes: must be a nu"),
        (ACCOUNTS + REST + 'kms_key_arns = "arn:aws:kms"', "kms_key_arns: must be a list in squar"),
        (ACCOUNTS + REST + 'tags = ["a"]', "tags: must be a map of names and values"),
        (ACCOUNTS + REST + 'vpc = { subnet_ids = "a" }', "vpc.subnet_ids: must be a list in squar"),
        (ACCOUNTS + REST.replace("protocol", "protcol"), "did you mean 'protocol'?"),
        (ACCOUNTS + REST.replace(', endpoint = "team@example.com"', ""), "team: endpoint missing"),
        (ACCOUNTS + REST.replace(" } }", ' , severities = "critical" } }', 1), "severities: must "),
        (entry('provider = "openrouter", warning = 5')
         .replace("main", 'Main = { provider = "fal", warning = 1 }\n  main'),
         "3: accounts.main: differs from Main (line 2) only in case: rename one"),
        (ACCOUNTS + REST + 'custom_providers = { shop = { title = "Shop" } }', "custom_providers."),
        (ACCOUNTS + REST + 'custom_providers = { shop = { title = "Shop", wallet = {} } }',
         "5: custom_providers.shop: wallets is missing"),
        (ACCOUNTS + REST + 'custom_providers = { shop = { title = "Shop", wallet = {} } }',
         "5: custom_providers.shop.wallet: there is no such field"),
        (ACCOUNTS.replace("{ main", "{ team = { main", 1).replace("} }", "} } }") + REST,
         "1: accounts.team.main: unknown field"),
        ("main" + ACCOUNTS[18:].replace(" } }", " }") + REST, "1: main: unknown variable"),
        (f"accounts = null\n{REST}", "1: accounts: missing: set this variable"),
        (f"accounts = {{\n  main = null\n}}\n{REST}", "2: accounts.main: must be an object: { pr"),
        (entry("provider = null, warning = 5"), "2: accounts.main: provider missing: set it"),
        (ACCOUNTS + REST.replace('"team@example.com"', "null"), "subscribers.team: endpoint missi"),
        (ACCOUNTS + REST + "kms_key_arns = [null]", "5: kms_key_arns[0]: null: remove it"),
        (entry('provider = "openrouter", warning = 1e400'), "must be a number of less than 300 di"),
        (entry('provider = "openrouter", warning = "NaN"'), "warning: must be a number, such as 2"),
        (entry('provider = "openrouter", threshold = 5'), "thresholds are warning and critical, a"),
        (entry('provider = "openrouter", alert_below = 5'), "thresholds are warning and critical,"),
        (entry('provider = "openrouter", thresholds = { warning = 5 }'), "thresholds are warning "),
        (entry('provider = "openrouter", api_key = "sk-canary"'), "remove it: keys never stand in"),
        (entry('provider = "openrouter", key_env = "CANARY"'), "remove it: keys never stand in th"),
        (entry('provider = "anticaptcha", host = "api.x.com"'), "parameter of the provider goes i"),
        (entry('provider = "openrouter", email = "a@b.de"'), "people are listed in subscribers"),
        (entry('service = "openrouter", warning = 5'), "unknown field; did you mean 'provider'?"),
        (entry('provider = "openrouter", drain_factor = 2'), "drain_sensitivity replaced it in 0."),
        (entry('provider = "openrouter", poll_interval_minutes = 1'),
         "poll_interval_minutes is a variable of its own: move it out of accounts"),
        (entry('provider = "openrouter", colour = "red"'), "unknown field; fields are base_url, b"),
        (ACCOUNTS + REST + "warning = 5", "warning belongs to an account: move it into accounts"),
        (ACCOUNTS + REST + 'aws_profile = "prod"', "AWS credentials come from the environment"),
        (ACCOUNTS + REST + 'emails = ["a@b.de"]', "people are listed in subscribers, as in team ="),
        (ACCOUNTS + REST.replace("protocol", "type"), "unknown field; did you mean 'protocol'?"),
        (ACCOUNTS + REST.replace("protocol", "kind").replace("endpoint", "to"),
         "3: subscribers.team: protocol and endpoint missing: set them"),
        (ACCOUNTS + REST.replace("endpoint", "address"), "unknown field; write protocol and endpo"),
        (ACCOUNTS + REST.replace('"team@example.com"', '["a@b.de", "c@d.de"]'),
         "must be one address in quotation marks"),
        (ACCOUNTS + REST.replace("{ protocol", '"a@b.de", b = { protocol', 1),
         '3: subscribers.team: must be an object: { protocol = "email", endpoint = "team@example'),
        (entry('provider = "openrouter", warn = 5, crit = 2'), "2: accounts.main.crit: unknown fi"),
        (entry('provider = "openrouter", Warning = 5'), "unknown field; did you mean 'warning'?"),
        (entry('provider = "openrouter", warning = { usd = 5 }'), "warning: must be a number"),
        (entry('provider = "openrouter", runway_warning_hours = "48h"'), 'write 48, not "48h"'),
        (entry('provider = "openrouter", stale_after_minutes = "30m"'), 'write 30, not "30m"'),
        (ACCOUNTS + REST.replace("subscribers", "Subscribers", 1), "did you mean 'subscribers'?"),
        (ACCOUNTS + REST.replace("{ team = {", "[ {", 1).replace("} }", "} ]", 1),
         "3: subscribers: must be a map of names and values"),
        (ACCOUNTS + REST + "repeat_hours = 4", "5: repeat_hours: must be a map of names and value"),
        (ACCOUNTS + REST + 'repeat_hours = { critical = "four" }', "repeat_hours.critical: must b"),
        (ACCOUNTS + REST + 'enable_chat = "yes"', "5: enable_chat: must be true or false"),
    ],
)  # fmt: skip
def test_structure_when_wrong_then_is_found_with_its_line_and_remedy(
    text: str, expected: str
) -> None:
    found = problems(text)

    assert any(expected in problem for problem in found), found
    assert "canary" not in " ".join(found)


def test_structure_when_right_then_nothing_is_found() -> None:
    for file in (MODULE.parent).rglob("examples/*.tfvars"):
        variables = {"region", *DECLARED}
        found = problems(file.read_text(encoding="utf-8"))
        assert [
            p for p in found if not any(name in p for name in variables - DECLARED.keys())
        ] == []


def test_json_when_a_name_is_repeated_then_is_found_as_in_tfvars() -> None:
    text = '{\n "accounts": {\n  "a": {"provider": "fal"},\n  "a": {"provider": "fal"}\n }\n}'

    found = problems(text, "my.tfvars.json")

    assert (
        "4: accounts.a: already set in line 3: Terraform would silently drop one; remove it"
        in found
    )


@pytest.mark.parametrize("text", ['{"a": 1,}', "{", "[]", "{'a': 1}", '{"a": NaN]'])
def test_json_when_malformed_then_is_refused_by_name(text: str) -> None:
    with pytest.raises(CliError, match=r"^my\.tfvars\.json"):
        parse_variables(text, "my.tfvars.json")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=9), inner, max_size=4
        )
    ),
    max_leaves=6,
)


@UNTIMED
@given(st.dictionaries(st.from_regex(r"\A[a-z_]{1,9}\Z"), VALUES, max_size=4))
def test_parser_when_given_json_then_reads_what_python_reads(values: dict[str, object]) -> None:
    text = json.dumps(values, indent=1, ensure_ascii=False)

    assert plain(parse_variables(text, "my.tfvars.json")) == values


@UNTIMED
@given(st.text(max_size=60))
def test_parser_when_given_anything_then_raises_nothing_else(text: str) -> None:
    for name in ("my.tfvars", "my.tfvars.json"):
        try:
            parse_variables(text, name)
        except CliError as exc:
            assert str(exc).startswith("my.tfvars")  # noqa: PT017 -- either way is right


@pytest.mark.parametrize(
    "text",
    [
        "accounts = {{ main = {{ secret = {} }} }}",
        'accounts = {{ main = {{ secret = "a" {} }} }}',
        "accounts = {{ main = {{ warning = 5 {} }} }}",
        "accounts = {{ main = {{ {} }} }}",
        'kms_key_arns = ["a" "{}"]',
        "name {}",
        "{}",
    ],
)
@pytest.mark.parametrize("key", ["sk-or-v1-canary", "CANARY0123456789", "0123canary", "$canary"])
def test_syntax_when_a_key_is_where_none_can_be_then_no_error_repeats_it(
    text: str, key: str
) -> None:
    with pytest.raises(CliError) as caught:
        parse_variables(text.format(key), "my.tfvars")

    assert "canary" not in str(caught.value).lower()
