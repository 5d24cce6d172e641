//! Tables of users as spreadsheets save them.

use gatehall_control::import::{Choice, read};
use gatehall_test_support::Kind;
use reqwest::StatusCode;
use serde_json::json;

use super::{ADA, Visitor, company};
use crate::on_both;

on_both!(
    a_table_is_read_however_it_was_saved,
    a_wrong_row_is_held_back_whole,
    a_plan_says_no_more_than_there_is,
);

async fn a_table_is_read_however_it_was_saved(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    ada.post("/groups", &[("group", "Sales; EMEA")]).await.revision();
    let table = |n: u32| {
        format!(
            "sep=;\r\nemail;name;groups\r\n\
             n{n}@google.example;J\u{fc}rgen {n};\"\"\"Sales; EMEA\"\"|google-people\"\r\n"
        )
    };
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let latin = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let files: [(&str, Vec<u8>); 7] = [
        ("UTF-8", table(0).into_bytes()),
        ("UTF-8 with a mark", [b"\xef\xbb\xbf", table(1).as_bytes()].concat()),
        ("UTF-16LE", little(&table(2))),
        ("UTF-16LE with a mark", [&b"\xff\xfe"[..], &little(&table(3))].concat()),
        ("UTF-16BE", big(&table(4))),
        ("UTF-16BE with a mark", [&b"\xfe\xff"[..], &big(&table(5))].concat()),
        ("Windows-1252", latin(&table(6))),
    ];
    for (n, (name, bytes)) in files.into_iter().enumerate() {
        let plan = ada.post_file("/import/plan", "people.csv", &bytes).await;
        assert_eq!(plan.status, StatusCode::OK, "{name}: {}", plan.text);
        assert!(plan.text.contains("1 person new"), "{name}: {}", plan.text);
        assert_eq!(plan.text.contains("read as Windows-1252"), name == "Windows-1252", "{name}");
        ada.post_file("/import", "people.csv", &bytes).await.revision();
        let user = ada.get(&format!("/api/v1/users/n{n}@google.example")).await.json();
        assert_eq!(user["name"], format!("J\u{fc}rgen {n}"), "{name}");
        assert_eq!(user["memberships"].as_array().unwrap().len(), 2, "{name}: {user}");
    }
    let refused = ada.post_file("/import/plan", "people.csv", b"email\0\0\x01").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
}

async fn a_wrong_row_is_held_back_whole(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let table = "email,name,groups\n\
                 one@google.example,One,google-people\n\
                 two@google.example,Two,google-people;nowhere\n\
                 alice@google.example,Alicia,nowhere\n\
                 one@google.example,One,google-people\n\
                 bad,,\n";
    let page = ada.post_file("/import/plan", "a.csv", table.as_bytes()).await.text;
    for said in
        ["1 person new", "3 people wrong", "an identical row comes earlier", "the 1 person whose"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let fields = json!({"text": table, "file_name": "a.csv", "partial": true});
    let plan = ada.api(reqwest::Method::POST, "/api/v1/import/plan", &fields).await;
    assert_eq!(plan.json()["people"]["wrong"], 3, "{}", plan.text);
    ada.api(reqwest::Method::POST, "/api/v1/import", &fields).await;
    let user = async |email: &str| ada.get(&format!("/api/v1/users/{email}")).await;
    assert_eq!(user("one@google.example").await.json()["memberships"].as_array().unwrap().len(), 1);
    assert_eq!(user("two@google.example").await.status, StatusCode::NOT_FOUND);
    assert_eq!(user("alice@google.example").await.json()["name"], "Alice", "nothing of the row");
    // Of other files, too: what hangs on something that is held back is wrong with it.
    let secret = world.database.folder.path().join("no-such-file");
    let file = json!({"servers": [{"id": "new", "url": "http://127.0.0.1:9/mcp"}], "connections": [{
        "tenant": "google", "server": "new",
        "credentials": [{"placement": "header:Authorization:Bearer", "file": secret}],
    }], "grants": [{"group": "google-people", "connection": "google/new"}]});
    let entries = read("a.json", &file.to_string()).unwrap();
    let plan = world.desk.plan(&entries, Choice::default()).await.unwrap();
    assert_eq!((plan.count("new"), plan.count("wrong")), (1, 2), "{plan:?}");
}

async fn a_plan_says_no_more_than_there_is(kind: Kind) {
    let world = company(kind).await;
    let ada = Visitor::signed_in(&world, ADA, 0).await;
    let plan =
        async |table: &str| ada.post_file("/import/plan", "a.csv", table.as_bytes()).await.text;
    let empty = plan("email,name\n").await;
    assert!(empty.contains("no rows") && !empty.contains("is already"), "{empty}");
    let same = plan("email,name\nalice@google.example,Alice\n").await;
    assert!(same.contains("Everything is already as the file says"), "{same}");
    let wrong = plan("email,name\nbad,\n").await;
    assert!(wrong.contains("import it again.") && !wrong.contains("the other rows"), "{wrong}");
    let both = plan("email,name\nbad,\nnew@google.example,New\n").await;
    assert!(both.contains("the other rows can be applied now"), "{both}");
    let none = ada.post_file("/import/plan", "a.json", b"{\"users\": [{}]}").await.text;
    assert!(!none.contains("the other rows"), "{none}");
}
