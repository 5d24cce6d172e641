//! Answers of servers in which two programs would read two things: a client reads in them what the
//! gate has read, or hears that the server does not answer as it should.

use gatehall_store::EventFilter;
use gatehall_test_support::Kind;
use serde_json::{Value, json};

use crate::support::{Client, Rascal, Whim, World, eventually};

const ADA: &str = "ada@company.example";

struct Scene {
    world: World,
    rascal: Rascal,
    ada: Client,
}

async fn scene() -> Scene {
    let tool = json!({"name": "act", "description": "A tool", "inputSchema": {"type": "object"}});
    let rascal = Rascal::start(vec![tool]).await;
    let company = json!({
        "tenants": [{"id": "google"}],
        "servers": [{"id": "rascal", "url": rascal.url}],
        "connections": [{"tenant": "google", "server": "rascal"}],
        "users": [{"email": ADA, "admin": true}],
    });
    let world = World::new(Kind::Sqlite, company).await;
    world.has_tools(1).await;
    let ada = world.user(ADA).await;
    Scene { world, rascal, ada }
}

impl Scene {
    /// What a client of each era, and one of OpenAPI, gets: the results, and the status.
    async fn asked(&self, whim: Whim) -> (Value, Value, u16) {
        self.rascal.behave(whim);
        let params = json!({"name": "google_rascal_act"});
        let legacy = self.ada.rpc("/mcp", "tools/call", params.clone()).await.message();
        let modern = self.ada.modern("/mcp", "tools/call", params).await.message();
        let operated = self.ada.operate("/tools/google_rascal_act", json!({})).await;
        self.rascal.behave(Whim::Good);
        eventually("the server is asked again", async || {
            let answer = self.ada.call("/mcp", "google_rascal_act", json!({})).await.message();
            (answer["result"]["content"][0]["text"] == "fine").then_some(())
        })
        .await;
        (legacy["result"].clone(), modern["result"].clone(), operated.status.as_u16())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_a_server_reaches_no_client_however_it_is_written() {
    let scene = scene().await;
    for question in [
        r#"{"resultType":"input_required","inputRequests":{}}"#,
        r#"{"result\u0054ype":"input_required","inputRequests":{}}"#,
        r#"{"\u0072esultType":"input\u005frequired","requestState":"s"}"#,
        r#"{"content":[],"_meta":{},"resultTyp\u0065":"task","taskId":"t"}"#,
    ] {
        let (_, modern, status) = scene.asked(Whim::Says(question)).await;
        assert_eq!((&modern["resultType"], &modern["isError"]), (&json!("complete"), &json!(true)));
        assert!(modern.get("inputRequests").is_none(), "{question}: {modern}");
        assert_eq!(status, 502, "{question}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_would_read_otherwise_is_left_out() {
    let scene = scene().await;
    for (result, kept) in [
        (r#"{"content":[],"ResultType":"input_required","a":1}"#, json!({"content": [], "a": 1})),
        (r#"{"content":[],"re\u017fultType":"input_required"}"#, json!({"content": []})),
        (
            r#"{"content":[],"isError":false,"IsError":true}"#,
            json!({"content": [], "isError": false}),
        ),
        (r#"{"content":[],"is_error":true}"#, json!({"content": []})),
        (
            r#"{"content":[],"structuredcontent":[1],"other":{"Content":1}}"#,
            json!({"content": [], "other": {"Content": 1}}),
        ),
    ] {
        let (legacy, mut modern, status) = scene.asked(Whim::Says(result)).await;
        assert_eq!((&legacy, status), (&kept, 200), "{result}");
        let modern = modern.as_object_mut().unwrap();
        assert_eq!(modern.shift_remove("resultType"), Some(json!("complete")), "{result}");
        modern.shift_remove("_meta");
        assert_eq!(json!(modern), kept, "{result}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_says_two_things_is_none() {
    let scene = scene().await;
    let mut whims = [
        r#"{"content":[],"resultType":"complete","resultType":"input_required"}"#,
        r#"{"content":[],"resultType":"complete","result\u0054ype":"input_required"}"#,
        r#"{"content":[],"isError":false,"isError":true}"#,
        r#"{"content":[],"content":[{"type":"text","text":"x"}]}"#,
        r#"{"content":[],"resultType":7}"#,
        r#"{"content":[],"isError":"false"}"#,
    ]
    .map(Whim::Says)
    .to_vec();
    whims.extend(
        [
            r#"{"jsonrpc":"2.0","id":ID,"result":{"content":[]},"result":{"content":[]}}"#,
            r#"{"jsonrpc":"2.0","id":ID,"result":{"content":[]},"r\u0065sult":{"content":[]}}"#,
            r#"{"jsonrpc":"2.0","id":ID,"result":{"content":[]},"error":{"code":1,"message":"m"}}"#,
            r#"{"jsonrpc":"2.0","id":ID,"result":{"content":[]},"err\u006fr":{"code":1,"message":"m"}}"#,
            r#"{"jsonrpc":"2.0","id":ID,"method":"ping","result":{"content":[]}}"#,
            r#"{"jsonrpc":"2.0","id":ID,"id":ID,"result":{"content":[]}}"#,
            r#"{"jsonrpc":"2.0","id":ID,"Result":{"content":[]}}"#,
            r#"{"jsonrpc":"2.0","id":ID,"error":{"code":1,"code":2,"message":"m"}}"#,
        ]
        .map(Whim::Sends),
    );
    for whim in whims {
        let (legacy, modern, status) = scene.asked(whim).await;
        for result in [legacy, modern] {
            let text = result["content"][0]["text"].as_str().unwrap_or_default();
            assert!(text.contains("did not answer as it should"), "{whim:?}: {result}");
        }
        assert!([502, 503].contains(&status), "{whim:?}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_recorded_as_one_however_it_is_written() {
    let scene = scene().await;
    let failure = r#"{"content":[{"type":"text","text":"no"}],"is\u0045rror":true}"#;
    let (legacy, _, status) = scene.asked(Whim::Says(failure)).await;
    assert_eq!((&legacy["isError"], status), (&json!(true), 422));
    let filter =
        EventFilter { outcome: Some("tool-error".into()), limit: 10, ..EventFilter::default() };
    eventually("all three are recorded as failures", async || {
        let events = scene.world.desk.store().events(&filter).await.unwrap();
        (events.len() == 3).then_some(())
    })
    .await;
}
