"""Attacks with paths that the gate, a proxy and a backend might read in different ways."""

from . import names
from .attacks import Attacker, check_no_grant, cookie, question
from .client import send
from .runner import table

# /public is open, /engine is for engineers: bob is none.
PATHS = {
    "dots": "/public/../engine",
    "encoded dots": "/public/%2e%2e/engine",
    "encoded dots in capitals": "/public/%2E%2E/engine",
    "half encoded dots": "/public/.%2e/engine",
    "dots encoded twice": "/public/%252e%252e/engine",
    "two slashes": "//engine",
    "slashes within": "/public//../engine",
    "one dot": "/./engine",
    "semicolon": "/public/..;/engine",
    "semicolon behind": "/engine;x=1",
    "encoded semicolon": "/public/..%3b/engine",
    "encoded slash": "/public%2f..%2fengine",
    "encoded slash in front": "/%2fengine",
    "backslash": "/public\\..\\engine",
    "encoded backslash": "/public%5c..%5cengine",
    "null": "/engine%00",
    "null within": "/public/%00/../engine",
    "encoded letter": "/%65ngine",
    "encoded letters": "/%65%6e%67%69%6e%65/x",
    "encoded letter behind an open path": "/public/../%65ngine",
    "overlong dots": "/public/%c0%ae%c0%ae/engine",
    "line break": "/engine%0a",
    "tab": "/engine%09",
    "no hexadecimal": "/public/%zz/../engine",
    "fragment": "/public#/../engine",
    "fragment behind": "/engine#",
    "capitals": "/ENGINE",
    "one capital": "/enginE/x",
    "dot behind": "/engine.",
    "blank behind": "/engine%20",
    "format": "/engine.json",
    "stream": "/engine::$DATA",
    "encoded fragment": "/engine%23",
    "encoded query": "/engine%3f",
    "letter of another width": "/%EF%BD%85ngine",
    "letter without its dot": "/eng%C4%B1ne",
    "letter with an accent": "/%C3%A9ngine",
    "nothing to be seen": "/engine%E2%80%8B",
    "dots in one letter": "/public/%E2%80%A5/engine",
    "slash of another width": "/public%EF%BC%8F..%EF%BC%8Fengine",
    "raw byte behind": "/engine\xe4",
    "raw byte within": "/eng\xadine",
    "raw letter with an accent": "/\xc3\xa9ngine",
    "raw byte behind an open path": "/public/\xaf..\xafengine",
    "raw byte alone": "/public/\xe4",
    "behind a script": "/index.php/engine",
    "behind an open script": "/public/index.php/engine",
    "behind a script of another name": "/public/index.PHP5/engine",
}


@table([(name, kind) for name in PATHS for kind in names.PROXIES])
def test_no_path_leads_around_a_rule(world, name, kind):
    visitor, proxy = world.signed_in("bob"), world.proxy(kind)
    headers = [cookie(visitor.jar.get(names.SESSION_COOKIE)), *names.PROGRAM_HEADERS]
    for method in ("GET", "POST"):
        world.recorded()
        answer = send(proxy, PATHS[name], f"app.{names.DOMAIN}", method, headers)
        # Some proxies take ".." for a way back from an empty or odd segment, and then say so to
        # the check and to the backend alike.
        if [it["target"] for it in world.recorded()] == ["/public/engine"]:
            continue
        assert answer.status in (301, 302, 307, 308, 400, 403, 404, 405), answer
        check_no_grant(answer)


@table([(name,) for name in PATHS])
def test_every_path_around_a_rule_is_noted(world, name):
    visitor, attacker = world.signed_in("bob"), Attacker(world)
    headers = question("traefik", path=PATHS[name])
    session = cookie(visitor.jar.get(names.SESSION_COOKIE))
    answer = attacker.ask("GET", "/auth/traefik", [*headers, session])
    # No proxy means a fragment: it is no question.
    wanted = ("check.form", 400) if "#" in PATHS[name] else ("host-rule", 403)
    attacker.check_refused(answer, *wanted)
