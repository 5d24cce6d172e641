//! Members that a loose reader takes for another one. In front of a real server that reads so,
//! whatever is sent leads to the tool that was decided about, or nowhere.

use std::collections::BTreeMap;

use gatehall_store::EventFilter;
use gatehall_test_support::{Kind, tool};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Program, World, eventually, free_port};

const ALICE: &str = "alice@google.example";
const ADA: &str = "ada@company.example";

/// Servers of both eras, over both transports.
const SERVERS: [&str; 4] = ["http-legacy", "http-modern", "stdio-legacy", "stdio-modern"];

const MODERN: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}"#;

struct Scene {
    world: World,
    alice: Client,
    ada: Client,
    _servers: [Program; 2],
}

async fn scene() -> Scene {
    let legacy = Program::loose("legacy", free_port()).await;
    let modern = Program::loose("modern", free_port()).await;
    let loose = tool("loose/server");
    let grant = |tool: &str| json!({"user": ALICE, "tenant": "google", "tools": tool});
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [
            {"id": "http-legacy", "url": format!("{}/mcp", legacy.url)},
            {"id": "http-modern", "url": format!("{}/mcp", modern.url)},
            {"id": "stdio-legacy", "command": loose, "arguments": ["legacy", "stdio"]},
            {"id": "stdio-modern", "command": loose, "arguments": ["modern", "stdio"]},
        ],
        "connections": SERVERS.map(|server| json!({"tenant": "google", "server": server})),
        "users": [{"email": ALICE}, {"email": ADA, "admin": true}],
        "grants": [grant("allowed"), grant("regional")],
    });
    let world =
        World::with(Kind::Sqlite, company, |settings| settings.call_timeout_seconds = 20).await;
    world.has_tools(20).await;
    let (alice, ada) = (world.user(ALICE).await, world.user(ADA).await);
    Scene { world, alice, ada, _servers: [legacy, modern] }
}

fn public(server: &str, tool: &str) -> String {
    format!("google_{server}_{tool}")
}

/// What each server has run.
async fn ran(ada: &Client) -> BTreeMap<&'static str, Value> {
    let mut all = BTreeMap::new();
    for server in SERVERS {
        let answer = ada.call("/mcp", &public(server, "counts"), json!({})).await.message();
        let text = answer["result"]["content"][0]["text"].as_str();
        let text = text.unwrap_or_else(|| panic!("{answer}"));
        all.insert(server, serde_json::from_str(text).unwrap());
    }
    all
}

/// Other spellings of a member's name, as they stand in JSON, that some reader takes for it.
fn spellings(name: &str) -> Vec<String> {
    let first = name.chars().next().unwrap();
    let behind = &name[first.len_utf8()..];
    let mut all = vec![
        name.to_uppercase(),
        format!("{}{behind}", first.to_uppercase()),
        format!("\\u{:04x}{behind}", u32::from(first.to_ascii_uppercase())),
        format!("{first}_{behind}"),
        format!("{first}-{behind}"),
        format!("{name}_"),
        format!("-{name}"),
        format!("\\u0000{name}"),
        format!("{name}\\u0000"),
        format!("{name}\\u0000x"),
        format!("{first}\\u0007{behind}"),
        format!("{first}\u{200b}{behind}"),
        format!("{first}\\u200d{behind}"),
        format!("\u{feff}{name}"),
        format!("{first}\u{ad}{behind}"),
        format!(" {name}"),
        format!("{first}\u{301}{behind}"),
        // In full width.
        name.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect(),
    ];
    let folded = [
        ("s", "\u{17f}"),
        ("k", "\u{212a}"),
        ("i", "\u{131}"),
        ("i", "\u{130}"),
        ("st", "\u{fb06}"),
    ];
    for (plain, odd) in folded.into_iter().filter(|(plain, _)| name.contains(plain)) {
        all.push(name.replacen(plain, odd, 1));
    }
    all.retain(|spelling| spelling != name);
    all
}

/// A call of an allowed tool in which a further member stands beside a good one.
struct Attack {
    /// The good one's name.
    of: &'static str,
    message: String,
}

/// Every place at which a server reads members of a call, with every spelling there.
fn attacks(name: &str, modern: bool) -> Vec<Attack> {
    let envelope = if modern { MODERN } else { r#""progressToken":7"# };
    let mut found = Vec::new();
    let mut put =
        |of: &'static str, beside: &str, value: &str, message: &dyn Fn(&str) -> String| {
            for spelling in spellings(of) {
                let twin = format!("\"{spelling}\":{value}");
                for both in [format!("{beside},{twin}"), format!("{twin},{beside}")] {
                    found.push(Attack { of, message: message(both.trim_matches(',')) });
                }
            }
        };
    let whole = |name: &str, meta: &str| format!(r#"{{"name":"{name}","_meta":{{{meta}}}}}"#);
    let params = whole(name, envelope);
    let good = |member: &str| -> String {
        let members = [
            ("jsonrpc", r#""2.0""#),
            ("id", "1"),
            ("method", r#""tools/call""#),
            ("params", params.as_str()),
        ];
        let kept = members.iter().filter(|(other, _)| *other != member);
        kept.map(|(name, value)| format!(r#","{name}":{value}"#)).collect()
    };
    let denied = whole("denied", envelope);
    for (member, own, value) in [
        ("jsonrpc", r#""2.0""#, r#""2.0""#),
        ("id", "1", "2"),
        ("method", r#""tools/call""#, r#""tools/list""#),
        ("params", params.as_str(), denied.as_str()),
    ] {
        let rest = good(member);
        put(member, &format!(r#""{member}":{own}"#), value, &|both| format!("{{{both}{rest}}}"));
    }
    put("result", "", "{}", &|both| format!("{{{both}{}}}", good("")));
    put("error", "", r#"{"code":1,"message":"m"}"#, &|both| format!("{{{both}{}}}", good("")));
    let call = |params: String| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{{params}}}}}"#)
    };
    put("name", &format!(r#""name":"{name}""#), r#""denied""#, &|both| {
        call(format!(r#"{both},"_meta":{{{envelope}}}"#))
    });
    let named = format!(r#""name":"{name}""#);
    put("arguments", r#""arguments":{}"#, r#"{"region":"us"}"#, &|both| {
        call(format!(r#"{named},{both},"_meta":{{{envelope}}}"#))
    });
    put("_meta", &format!(r#""_meta":{{{envelope}}}"#), r#"{"progressToken":1}"#, &|both| {
        call(format!("{named},{both}"))
    });
    for (member, value) in
        [("task", "{}"), ("inputResponses", "{}"), ("requestState", r#""x""#), ("cursor", r#""x""#)]
    {
        put(member, "", value, &|both| call(format!(r#"{named},{both},"_meta":{{{envelope}}}"#)));
    }
    put("ttl", r#""ttl":1"#, "2", &|both| {
        call(format!(r#"{named},"task":{{{both}}},"_meta":{{{envelope}}}"#))
    });
    for (member, value) in [
        ("progressToken", "9"),
        ("io.modelcontextprotocol/protocolVersion", r#""2025-11-25""#),
        ("io.modelcontextprotocol/clientCapabilities", "{}"),
        ("io.modelcontextprotocol/logLevel", r#""debug""#),
        ("io.modelcontextprotocol/related-task", r#"{"taskId":"t"}"#),
    ] {
        put(member, "", value, &|both| call(format!(r#"{named},"_meta":{{{envelope},{both}}}"#)));
    }
    found
}

fn refuses(attack: &Attack, answer: &Value) {
    let said = answer["error"]["message"].as_str().unwrap_or_default();
    let of = format!("\"{}\"", attack.of);
    let code = answer["error"]["code"].as_i64();
    assert!(
        said.contains(&of) && matches!(code, Some(-32600 | -32602)),
        "{}: {answer}",
        attack.message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_spelling_of_a_member_reaches_a_server() {
    let scene = scene().await;
    let mut answered = Vec::new();
    for server in SERVERS {
        let name = public(server, "allowed");
        let headers = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", name.as_str()),
        ];
        for (modern, headers) in [(false, &headers[..0]), (true, &headers[..])] {
            for attack in attacks(&name, modern) {
                let answer = scene.alice.post("/mcp", headers, attack.message.clone()).await;
                answered.push((attack, answer.message()));
            }
        }
        let mut batched = attacks(&name, false);
        while !batched.is_empty() {
            let batch: Vec<Attack> = batched.drain(..batched.len().min(50)).collect();
            let messages: Vec<&str> = batch.iter().map(|it| it.message.as_str()).collect();
            let body = format!("[{}]", messages.join(","));
            let answer = scene.alice.post("/mcp", &[], body).await.json();
            let answers = answer.as_array().unwrap_or_else(|| panic!("{answer}")).clone();
            assert_eq!(answers.len(), batch.len(), "{answer}");
            answered.extend(batch.into_iter().zip(answers));
        }
    }
    for (server, ran) in ran(&scene.ada).await {
        assert_eq!(ran, json!({}), "{server} ran something");
    }
    for (attack, answer) in &answered {
        refuses(attack, answer);
    }
    assert!(answered.len() > 5000, "{}", answered.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_has_what_was_sent_with_a_second_spelling() {
    let scene = scene().await;
    let name = public("http-legacy", "allowed");
    let twin = |member: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}",{member}}}}}"#
        )
    };
    for member in [r#""Name":"denied""#, r#""name":"denied""#] {
        assert_eq!(scene.alice.post("/mcp", &[], twin(member)).await.status, 400, "{member}");
    }
    let filter =
        EventFilter { outcome: Some("denied".into()), limit: 10, ..EventFilter::default() };
    let events = eventually("the refusals are recorded", async || {
        let events = scene.world.desk.store().events(&filter).await.unwrap();
        (events.len() == 2).then_some(events)
    })
    .await;
    for event in events {
        assert_eq!((event.subject.as_str(), event.actor.as_str()), (name.as_str(), ALICE));
        let rule = event.reason.unwrap();
        assert!(rule.contains("two ways"), "{rule}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_looks_like_an_attack_is_carried() {
    let scene = scene().await;
    for server in SERVERS {
        let (allowed, denied) = (public(server, "allowed"), public(server, "denied"));
        // The names of arguments are a tool's own, and nobody looks for members in them.
        let arguments = json!({"name": "denied", "Name": "denied", "params": {"Name": "denied"}});
        let params = json!({
            "name": allowed,
            "arguments": arguments,
            "someday": {"Name": "denied"},
            "_meta": {"vendor.example/Name": "denied", "grüße": "denied", "name": "denied"},
        });
        let done = |answer: Answer| {
            let message = answer.message();
            assert_eq!(message["result"]["content"][0]["text"], "done", "{server}: {message}");
        };
        done(scene.alice.rpc("/mcp", "tools/call", params.clone()).await);
        done(scene.alice.modern("/mcp", "tools/call", params).await);
        let operated = scene.alice.operate(&format!("/tools/{allowed}"), arguments.clone()).await;
        assert_eq!((operated.status.as_u16(), operated.text.as_str()), (200, "done"));
        let discovered = json!({"name": allowed, "arguments": arguments});
        assert_eq!(scene.alice.operate("/tools/gatehall_call_tool", discovered).await.status, 200);
        for spelling in spellings("name") {
            let twin =
                format!(r#"{{"name":"{allowed}","{spelling}":"{denied}","arguments":{{}}}}"#);
            let refused = scene.alice.post("/tools/gatehall_call_tool", &[], twin.clone()).await;
            assert_eq!(refused.status, 422, "{twin}: {}", refused.text);
        }
    }
    for (server, ran) in ran(&scene.ada).await {
        assert_eq!(ran, json!({"allowed": 4}), "{server}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_argument_that_a_header_repeats_has_one_spelling() {
    let scene = scene().await;
    for server in SERVERS {
        let name = public(server, "regional");
        for spelling in spellings("region") {
            let arguments = format!(r#"{{"region":"eu","{spelling}":"us"}}"#);
            let params = |meta: &str| {
                format!(
                    r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}","arguments":{arguments},"_meta":{{{meta}}}}}}}"#
                )
            };
            let headers = [
                ("mcp-protocol-version", "2026-07-28"),
                ("mcp-method", "tools/call"),
                ("mcp-name", name.as_str()),
                ("mcp-param-region", "eu"),
            ];
            let attack = |message: String| Attack { of: "region", message };
            let legacy = attack(params(""));
            let answer = scene.alice.post("/mcp", &[], legacy.message.clone()).await.json();
            refuses(&legacy, &answer);
            let modern = attack(params(MODERN));
            let answer = scene.alice.post("/mcp", &headers, modern.message.clone()).await.json();
            refuses(&modern, &answer);
            let operated =
                scene.alice.post(&format!("/tools/{name}"), &[], arguments.clone()).await;
            assert_eq!(operated.status, 422, "{arguments}: {}", operated.text);
            assert!(operated.text.contains("region"), "{}", operated.text);
        }
        // A number that fits no type of the gate's hides no second spelling.
        let hidden = r#"{"region":"eu","Region":"us","far":1e400}"#.to_owned();
        let hidden = scene.alice.post(&format!("/tools/{name}"), &[], hidden).await;
        assert_eq!(hidden.status, 422, "{}", hidden.text);
        let good = scene.alice.call("/mcp", &name, json!({"region": "eu"})).await.message();
        assert_eq!(good["result"]["content"][0]["text"], "done", "{good}");
    }
    for (server, ran) in ran(&scene.ada).await {
        assert_eq!(ran, json!({"regional": 1, "eu": 1}), "{server}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_an_answer_that_says_two_things_hears_so() {
    let scene = scene().await;
    for server in SERVERS {
        let answer = scene.ada.call("/mcp", &public(server, "twice"), json!({})).await.message();
        let said = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
        assert!(said.contains("did not answer as it should"), "{server}: {answer}");
    }
}
