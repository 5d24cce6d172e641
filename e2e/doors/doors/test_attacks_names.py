"""Attacks with every header in which some gate or proxy names somebody, or another host or path:
whatever a backend was written for, it hears of nobody but from Gatehall."""

import json

from . import names
from .client import send
from .runner import table
from .upgrades import UPGRADES, WEBSOCKET

APP = f"app.{names.DOMAIN}"

FAMILIES = {
    "oauth2-proxy": """
        X-Forwarded-User X-Forwarded-Email X-Forwarded-Groups X-Forwarded-Preferred-Username
        X-Forwarded-Access-Token X-Auth-Request-User X-Auth-Request-Email X-Auth-Request-Groups
        X-Auth-Request-Preferred-Username X-Auth-Request-Access-Token X-Auth-Request-Token
        X-Auth-Request-Redirect GAP-Auth X-Forwarded-Id-Token X-Forwarded-Name""",
    "Authelia and others": """
        Remote-User Remote-Groups Remote-Email Remote-Name X-Remote-User X-Remote-Group
        X-Remote-Groups X-Remote-Email X-Remote-Name X-Remote-Extra REMOTE_USER X-Forwarded-Login
        X-Forwarded-Roles""",
    "authentik": """
        X-authentik-username X-authentik-groups X-authentik-entitlements X-authentik-email
        X-authentik-name X-authentik-uid X-authentik-jwt X-authentik-meta-app""",
    "Grafana and other programs": """
        X-WEBAUTH-USER X-WEBAUTH-NAME X-WEBAUTH-EMAIL X-WEBAUTH-GROUPS X-WEBAUTH-ROLE X-ProxyUser
        X-ProxyUser-Ip X-Proxy-User Proxy-User X-Token-Subject X-Token-User-Name
        X-Token-User-Email""",
    "any": """
        X-User X-User-Id X-User-Login X-User-Role X-User-Roles X-User-Username X-Username X-Email
        X-Groups X-Userinfo X-Identity X-Id-Token X-Trusted-User X-Auth-User X-Auth-Userid
        X-Auth-Username X-Auth-Name X-Auth-Email X-Auth-Groups X-Auth-Roles X-Auth-Token
        X-Authenticated-User X-Authenticated-Userid X-Authenticated-Email
        X-Authenticated-Groups""",
    "clouds": """
        X-MS-CLIENT-PRINCIPAL X-MS-CLIENT-PRINCIPAL-ID X-MS-CLIENT-PRINCIPAL-IDP
        X-MS-CLIENT-PRINCIPAL-NAME X-MS-TOKEN-AAD-ACCESS-TOKEN X-MS-TOKEN-AAD-ID-TOKEN
        X-Goog-Authenticated-User-Id X-Goog-Authenticated-User-Email X-Goog-Iap-Jwt-Assertion
        X-Amzn-Oidc-Identity X-Amzn-Oidc-Data X-Amzn-Oidc-Accesstoken X-Amzn-Mtls-Clientcert
        X-Amzn-Mtls-Clientcert-Subject Cf-Access-Authenticated-User-Email Cf-Access-Jwt-Assertion
        Tailscale-User-Login Tailscale-User-Name Tailscale-User-Profile-Pic
        X-Endpoint-API-UserInfo X-Apigateway-Api-Userinfo""",
    "gates": """
        X-Pomerium-Jwt-Assertion X-Pomerium-Claim-Email X-Pomerium-Claim-Groups X-Vouch-User
        X-Consumer-Id X-Consumer-Username X-Credential-Identifier OIDC_CLAIM_sub
        OIDC-Claim-Sub OIDC-Claim-Email OIDC-Claim-Preferred-Username SM_USER SM-User SMUser
        IV-User IV-Groups OAM-Remote-User X-Consumer-Custom-Id X-Consumer-Groups
        X-Anonymous-Consumer X-Vouch-Idp-AccessToken X-Vouch-Idp-IdToken X-Vouch-Idp-Claims-Email
        X-Vouch-Idp-Claims-Groups Cf-Access-Client-Id Cf-Access-Client-Secret Cf-Access-Token
        X-Amzn-Mtls-Clientcert-Issuer X-Amzn-Mtls-Clientcert-Serial-Number
        X-Amzn-Mtls-Clientcert-Validity X-Amzn-Mtls-Clientcert-Leaf Impersonate-User
        Impersonate-Group Impersonate-Uid""",
    "Open WebUI": """
        X-OpenWebUI-User-Id X-OpenWebUI-User-Name X-OpenWebUI-User-Email X-OpenWebUI-User-Role
        X-OpenWebUI-User-Jwt""",
    "addresses": """
        X-Real-Ip True-Client-Ip Client-Ip X-Client-Ip X-Cluster-Client-Ip X-Original-Forwarded-For
        Cf-Connecting-Ip Cf-Connecting-Ipv6 Fastly-Client-Ip X-Appengine-User-Ip X-Azure-ClientIp
        X-Envoy-External-Address""",
    "certificates": """
        SSL_CLIENT_CERT SSL_CLIENT_S_DN SSL-Client-Cert SSL-Client-Verify SSL-Client-S-Dn
        SSL-Client-Subject-Dn X-SSL-Cert X-SSL-Client-Cert X-SSL-Client-Verify X-SSL-Client-Dn
        X-SSL-Client-S-Dn X-SSL-Client-Cn X-Client-Cert X-Client-Verify X-Client-Dn Client-Cert
        Client-Cert-Chain X-Forwarded-Client-Cert X-Forwarded-Tls-Client-Cert
        X-Forwarded-Tls-Client-Cert-Info""",
    "another host or path": """
        Forwarded X-Forwarded-Path X-Forwarded-Prefix X-Forwarded-Scheme X-Forwarded-Server
        X-Forwarded-Port X-Forwarded-Method X-Forwarded-Uri X-Host X-HTTP-Host-Override
        X-Original-Host X-Original-Method X-Original-URI X-Original-URL X-Rewrite-URL
        X-Script-Name X-Url-Scheme HTTP2-Settings Proxy""",
}
FORMS = {
    "as written": str,
    "lower case": str.lower,
    "upper case": str.upper,
    "underscores": lambda name: name.replace("-", "_"),
    "dots": lambda name: name.replace("-", "."),
    "one underscore": lambda name: name.replace("-", "_", 1),
}


@table([(kind, family) for kind in names.PROXIES for family in FAMILIES])
def test_no_name_of_another_gate_passes(world, kind, family):
    proxy = world.checked(kind)
    world.check.say(202 if kind == "nginx-oauth2" else 200, [(it, "") for it in names.IDENTITY])
    passed = set()
    for form in FORMS.values():
        sent = [(form(name), "forged") for name in FAMILIES[family].split()]
        # One by one as well: some proxies join or drop what comes twice.
        for headers in [sent, *([it] for it in sent), [*sent, *sent]]:
            answer = send(proxy, "/", APP, headers=headers)
            if answer.status == 400:
                continue  # Refusing the whole request is as good.
            assert answer.status == 200, answer
            passed |= {name for name, value in json.loads(answer.body)["headers"] if "forged" in value}
    assert not passed, passed


# What a name may hold besides letters, digits and "-" (RFC 9110, token).
ODD = "!#$%&'*+.^_`|~"


@table([(kind,) for kind in names.PROXIES])
def test_no_name_passes_that_a_backend_could_take_for_another(world, kind):
    proxy = world.checked(kind)
    world.check.say(202 if kind == "nginx-oauth2" else 200, [(it, "") for it in names.IDENTITY])
    passed = set()
    for odd in ODD:
        for name in (*names.IDENTITY, "Remote-User", "Content-Length", "App-Own"):
            for form in (name.replace("-", odd), name.replace("-", odd, 1), odd + name, name + odd):
                answer = send(proxy, "/", APP, headers=[(form, "forged")])
                if answer.status == 400:
                    continue  # Refusing the whole request is as good.
                assert answer.status == 200, answer
                if "forged" in answer.text:
                    passed.add(form)
    assert not passed, passed


@table([(kind,) for kind in names.PROXIES])
def test_a_check_hears_what_open_webui_says_of_its_users(world, kind):
    """It refuses what stands beside a proof, which it can do only if it gets it."""
    proxy = world.checked(kind)
    world.check.say(202 if kind == "nginx-oauth2" else 200, [(it, "") for it in names.IDENTITY])
    said = {name.lower(): "said" for name in FAMILIES["Open WebUI"].split()}
    send(proxy, "/", APP, headers=[*said.items()])
    asked = {name.lower(): value for name, value in world.check.asked[-1]["headers"]}
    assert said.items() <= asked.items(), asked


@table([(kind, name) for kind in names.PROXIES for name in UPGRADES])
def test_a_backend_hears_of_no_upgrade_but_to_a_websocket(world, kind, name):
    proxy = world.checked(kind)
    world.check.say(202 if kind == "nginx-oauth2" else 200, [(it, "") for it in names.IDENTITY])
    world.recorded()
    send(proxy, "/", APP, headers=UPGRADES[name])
    for request in world.recorded():
        seen = [(it.lower(), value.lower()) for it, value in request["headers"]]
        assert [value for it, value in seen if it == "upgrade"] in ([], ["websocket"]), seen
        assert not [it for it, _ in seen if it == "http2-settings"], seen
        for it, value in seen:
            assert it != "connection" or "http2-settings" not in value, seen


@table([(kind,) for kind in names.PROXIES])
def test_a_backend_hears_of_a_websocket(world, kind):
    proxy = world.checked(kind)
    world.check.say(202 if kind == "nginx-oauth2" else 200, [(it, "") for it in names.IDENTITY])
    handshake = [("Upgrade", "websocket"), ("Connection", "Upgrade"), *WEBSOCKET]
    world.recorded()
    send(proxy, "/", APP, headers=handshake)
    (recorded,) = world.recorded()
    seen = recorded["headers"]
    named = {it.lower(): value.lower() for it, value in seen}
    assert (named["upgrade"], named["connection"]) == ("websocket", "upgrade"), seen


def test_names_of_oauth2_proxy_come_from_the_check(world):
    """The list takes off what clients send, and nothing of what is set behind it."""
    proxy = world.checked("nginx-oauth2")
    said = {"User": "the-id", "Email": "alice@google.example", "Groups": "engineering"}
    world.check.say(202, [(f"X-Auth-Request-{it}", value) for it, value in said.items()])
    forged = [(f"X-Forwarded-{it}", "forged") for it in said]
    headers = json.loads(send(proxy, "/", APP, headers=forged).body)["headers"]
    for it, value in said.items():
        seen = [each for name, each in headers if name.lower() == f"x-forwarded-{it}".lower()]
        assert seen == [value], headers
