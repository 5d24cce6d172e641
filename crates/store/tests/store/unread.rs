//! One row of each table that cannot be read: the gate opens, everybody else is served, nothing
//! opens that was closed, and the row stays.

use std::collections::BTreeSet;

use gatehall_domain::*;
use gatehall_store::{Actor, EventFilter, Store, StoreError};
use gatehall_test_support::Kind;

use crate::{
    on_both,
    sample::{additions, at, user},
    script::Script,
    store,
    unread_company::{company, identity_of},
};

on_both!(
    a_row_that_cannot_be_read_is_set_aside_in_every_table,
    a_row_that_cannot_be_read_is_not_written_over,
    what_is_no_record_is_left_out,
);

/// A row that is broken: its table, what is set, for which row, and who still has what.
struct Case {
    table: &'static str,
    set: &'static str,
    which: &'static str,
    /// What Bob can no longer do, since whom or what the row means is not known.
    closes: &'static [&'static str],
}

const fn case(table: &'static str, set: &'static str, which: &'static str) -> Case {
    Case { table, set, which, closes: &[] }
}

/// A row that closes something to everybody.
const fn wide(
    closes: &'static [&'static str],
    table: &'static str,
    set: &'static str,
    which: &'static str,
) -> Case {
    Case { table, set, which, closes }
}

const GOOGLE: &[&str] = &["google/files read_file", "google/files write_file"];
const READING_GOOGLE: &str = "google/files read_file";
const WRITING_MICROSOFT: &str = "microsoft/files write_file";

/// Texts that are no good, which both databases keep.
const ON_BOTH: &[Case] = &[
    case("users", "email = 'LONG@x.example'", "email = 'alice@x.example'"),
    case("users", "email = 'LONG@x.example'", "email = 'off@x.example'"),
    wide(&[WRITING_MICROSOFT], "groups", "name = 'Gr\u{fc}n'", "name = 'contractors'"),
    case("groups", "name = 'LONG'", "name = 'closed'"),
    case("memberships", "source = 'nobody'", "source = 'import'"),
    wide(GOOGLE, "tenants", "id = 'bad id!'", "id = 'google'"),
    case("tenant_admins", "tenant_id = 'bad id!'", "true"),
    case("servers", "transport = '{}'", "id = 'other'"),
    case("servers", "transport = '{\"type\": \"hunter2\"}'", "id = 'other'"),
    case(
        "servers",
        "transport = '{\"type\": \"stdio\", \"command\": \"c\", \"environment\": \"hunter2\"}'",
        "id = 'other'",
    ),
    wide(GOOGLE, "connections", "url = 'nonsense'", "tenant_id = 'google' and server_id = 'files'"),
    wide(
        GOOGLE,
        "connections",
        "url = 'https://me:hunter2@x.example/'",
        "tenant_id = 'google' and server_id = 'files'",
    ),
    wide(
        GOOGLE,
        "connections",
        "tenant_id = 'bad id!'",
        "tenant_id = 'google' and server_id = 'files'",
    ),
    wide(GOOGLE, "connections", "server_id = ''", "tenant_id = 'google' and server_id = 'files'"),
    wide(GOOGLE, "credentials", "placement = 'nonsense'", "true"),
    case("grants", "tool_pattern = ''", "tool_pattern = 'write_*'"),
    case("grants", "user_pattern = '?'", "user_pattern = '*@fine.example'"),
    wide(GOOGLE, "grants", "user_pattern = '?'", "user_pattern = '*@evil.example'"),
    case("grants", "tenant_id = 'bad id!'", "user_pattern = '*@evil.example'"),
    case("api_keys", "id = 'short'", "true"),
    case("api_keys", "tenant_id = 'bad id!'", "true"),
    wide(&[WRITING_MICROSOFT], "providers", "settings = '{'", "true"),
    wide(&[WRITING_MICROSOFT], "providers", "settings = '\"hunter2\"'", "true"),
    wide(&[WRITING_MICROSOFT], "providers", "issuer = 'nonsense'", "true"),
    wide(&[WRITING_MICROSOFT], "claim_mappings", "provider_id = 'bad id!'", "true"),
    case("host_rules", "host = 'bad host!'", "path = '/admin/'"),
    case("host_rules", "path = 'x'", "path = '/admin/'"),
];

/// Values of other types, which SQLite keeps.
const ON_SQLITE: &[Case] = &[
    case("users", "enabled = 'perhaps'", "email = 'off@x.example'"),
    case("users", "admin = 'perhaps'", "email = 'alice@x.example'"),
    case("users", "name = x'ff'", "email = 'alice@x.example'"),
    case("users", "email = cast(x'ff4062' as text)", "email = 'alice@x.example'"),
    case("users", "id = null", "email = 'alice@x.example'"),
    case("users", "id = x'01'", "email = 'alice@x.example'"),
    case("identities", "stale = 'perhaps'", "true"),
    wide(&[WRITING_MICROSOFT], "identities", "user_id = x'01'", "true"),
    case("identities", "subject = x'ff'", "true"),
    wide(&[WRITING_MICROSOFT], "groups", "enabled = 'perhaps'", "name = 'contractors'"),
    case("groups", "enabled = 'perhaps'", "name = 'MCP-Admin'"),
    wide(&[WRITING_MICROSOFT], "groups", "description = x'ff'", "name = 'contractors'"),
    wide(&[WRITING_MICROSOFT], "memberships", "user_id = x'01'", "source = 'import'"),
    case("memberships", "group_id = x'01'", "source = 'import'"),
    case("memberships", "created_at = 'then'", "source = 'import'"),
    wide(GOOGLE, "tenants", "enabled = 'perhaps'", "id = 'google'"),
    case("tenant_admins", "user_id = x'01'", "true"),
    case("servers", "enabled = 'perhaps'", "id = 'other'"),
    wide(
        GOOGLE,
        "connections",
        "enabled = 'perhaps'",
        "tenant_id = 'google' and server_id = 'files'",
    ),
    wide(GOOGLE, "credentials", "sealed = 7, variable = null", "true"),
    wide(&[WRITING_MICROSOFT], "grants", "group_id = x'01'", "tool_pattern = 'write_*'"),
    wide(GOOGLE, "grants", "user_id = x'01'", "user_id is not null"),
    case("grants", "connection_id = x'01'", "tool_pattern = 'write_*'"),
    case("grants", "created_at = 'then'", "user_id is not null"),
    case("api_keys", "digest = x'00'", "true"),
    case("api_keys", "revoked_at = 'then'", "true"),
    case("api_keys", "manage = 'perhaps'", "true"),
    wide(&[WRITING_MICROSOFT], "providers", "enabled = 'perhaps'", "true"),
    wide(&[READING_GOOGLE, WRITING_MICROSOFT], "claim_mappings", "group_id = x'01'", "true"),
    case("host_rules", "created_at = 'then'", "path = '/admin/'"),
    case("host_rule_groups", "group_id = x'01'", "true"),
];

fn cases(kind: Kind) -> impl Iterator<Item = &'static Case> {
    let own = if kind == Kind::Sqlite { ON_SQLITE } else { &[] };
    ON_BOTH.iter().chain(own)
}

/// Who may use which tool of what.
fn allowed(snapshot: &Snapshot) -> BTreeSet<(String, String, &'static str)> {
    let mut found = BTreeSet::new();
    let company = snapshot.company();
    for user in company.users.values() {
        let caller =
            Caller { user: Some(user.id), door: Door::PersonalKey, key: None, tenant: None };
        for connection in company.connections.values() {
            for tool in ["read_file", "write_file"] {
                let to = (snapshot, &caller, &Endpoint::All, at(1));
                let answer = decide(to.0, to.1, to.2, to.3, connection.id, tool);
                if matches!(answer, Decision::Allowed(_)) {
                    found.insert((user.email.to_string(), connection.path.to_string(), tool));
                }
            }
        }
    }
    found
}

async fn broken(
    kind: Kind,
    case: &Case,
) -> (Store, gatehall_test_support::Database, Script, Snapshot) {
    let (store, database) = store(kind).await;
    let empty = store.load().await.unwrap();
    store.apply(&empty, &additions(company()), &Actor::command_line(), at(1)).await.unwrap();
    let before = store.load().await.unwrap();
    let mut script = Script::new(&database).await;
    if kind == Kind::Postgres {
        script.must("set session_replication_role to replica").await;
    }
    let Case { table, set, which, .. } = case;
    let set = set.replace("LONG", &"x".repeat(300));
    let count = script.run(&format!("update {table} set {set} where {which}"), &[]).await;
    assert_eq!(count, Ok(1), "{table} {set}");
    script.must("update revision set number = number + 1").await;
    (store, database, script, before)
}

async fn a_row_that_cannot_be_read_is_set_aside_in_every_table(kind: Kind) {
    let mut tables = BTreeSet::new();
    for case in cases(kind) {
        let what = format!("{} {} where {}", case.table, case.set, case.which);
        let (store, database, _script, before) = broken(kind, case).await;
        let after = Store::open(&database.url).await.unwrap().load().await.unwrap();
        let rows = after.company().set_aside().rows();
        let found = rows.iter().find(|row| row.table == case.table);
        let found = found.unwrap_or_else(|| panic!("{what}: {rows:?}"));
        let column = case.set.split(' ').next().unwrap();
        assert!(found.problem.starts_with(column), "{what}: {found:?}");
        assert!(!found.problem.contains("hunter2"), "a secret is shown: {found:?}");
        assert!(found.problem.len() < 700 && found.key.to_string().len() < 500, "{found:?}");

        let (could, can) = (allowed(&before), allowed(&after));
        let opened: Vec<_> = can.difference(&could).collect();
        assert!(opened.is_empty(), "{what} opened {opened:?}");
        let of_bob = |all: &BTreeSet<(String, String, &'static str)>| {
            let own = all.iter().filter(|it| it.0 == "bob@x.example");
            own.map(|(_, connection, tool)| format!("{connection} {tool}")).collect()
        };
        let (could, can): (BTreeSet<String>, BTreeSet<String>) = (of_bob(&could), of_bob(&can));
        let closed: Vec<&str> = could.difference(&can).map(String::as_str).collect();
        assert_eq!((could.len(), closed), (4, case.closes.to_vec()), "{what}");
        let closes = after.company().set_aside().closes_host("app.example.com");
        assert_eq!(closes, case.table == "host_rules", "{what}");
        // Who is known here by an account stays so; who is not, is not somebody new.
        for record in company() {
            let Record::User(was) = record else { continue };
            let (issuer, subject) = identity_of(&was);
            let known = after.company().user_by_identity(&issuer, &subject).map(|it| it.id);
            let aside = after.company().set_aside();
            let stranger = aside.may_be_bound(&issuer, &subject) || aside.may_be_user(&was.email);
            let there = after.company().users.contains_key(&was.id);
            assert!(known == Some(was.id) || there || stranger, "{what}: {}", was.email);
        }
        tables.insert(case.table);
        drop(store);
    }
    let all = if kind == Kind::Sqlite { 15 } else { 13 };
    assert_eq!(tables.len(), all, "{tables:?}");
}

async fn a_row_that_cannot_be_read_is_not_written_over(kind: Kind) {
    for case in cases(kind) {
        let what = format!("{} {} where {}", case.table, case.set, case.which);
        let (store, _database, mut script, _) = broken(kind, case).await;
        let query = match kind {
            Kind::Sqlite => {
                let columns = "select group_concat('quote(' || name || ')', ' || ')";
                let columns = format!("{columns} from pragma_table_info('{}')", case.table);
                format!("select hex({}) from {}", script.text(&columns).await, case.table)
            }
            Kind::Postgres => format!("select it::text from {} it", case.table),
        };
        let rows: BTreeSet<String> = script.texts(&query).await.into_iter().collect();
        // Every record that was, is added once more, and changed.
        let after = store.load().await.unwrap();
        for record in company() {
            let snapshot = store.load().await.unwrap();
            if snapshot.company().current(&record).is_some() {
                continue;
            }
            let change = [Change::Add(record.clone())];
            match store.apply(&snapshot, &change, &Actor::command_line(), at(3)).await {
                // Of a row whose very key cannot be read, its like is another.
                Ok(_) | Err(StoreError::Refused(_) | StoreError::Unfit(_)) => {}
                Err(error) => panic!("{what}: {record:?}: {error}"),
            }
        }
        let lie = |texts: Vec<String>| rows.is_subset(&texts.into_iter().collect());
        assert!(lie(script.texts(&query).await), "{what}");
        // Somebody else's change is made, and leaves it alone, too.
        let news = additions(vec![user("new@x.example").into()]);
        let base = store.load().await.unwrap();
        store.apply(&base, &news, &Actor::command_line(), at(5)).await.unwrap();
        let later = store.load().await.unwrap();
        assert_eq!(
            later.company().set_aside().rows(),
            after.company().set_aside().rows(),
            "{what}"
        );
        assert!(lie(script.texts(&query).await), "{what}");
    }
}

#[tokio::test]
async fn a_row_with_a_long_key_is_not_written_over() {
    let (store, database) = store(Kind::Sqlite).await;
    let empty = store.load().await.unwrap();
    store.apply(&empty, &additions(company()), &Actor::command_line(), at(1)).await.unwrap();
    let mut script = Script::new(&database).await;
    let source = format!("claim:{}", "x".repeat(500));
    script
        .must(&format!(
            "insert into memberships (user_id, group_id, source, created_at)
             select user_id, group_id, '{source}', 'then' from memberships where source = 'import'"
        ))
        .await;
    script.must("update revision set number = number + 1").await;
    let base = store.load().await.unwrap();
    let import = base.company().memberships.values().find(|it| it.source == Source::Import);
    let same = Membership { source: source.parse().unwrap(), ..Membership::clone(import.unwrap()) };
    let change = [Change::Add(same.into())];
    let done = store.apply(&base, &change, &Actor::command_line(), at(3)).await;
    assert!(matches!(done, Err(StoreError::Refused(Refusal::SetAside { .. }))), "{done:?}");
    let left = format!("select created_at from memberships where source = '{source}'");
    assert_eq!(script.text(&left).await, "then");
    assert!(base.company().set_aside().rows()[0].key.to_string().len() < 500);
}

async fn what_is_no_record_is_left_out(kind: Kind) {
    let (store, database) = store(kind).await;
    let mut script = Script::new(&database).await;
    let session = |number: u8| Session {
        id: Digest([number; 32]),
        user: UserId(uuid::Uuid::from_u128(1)),
        login: None,
        authenticated_at: at(1),
        created_at: at(1),
        seen_at: at(1),
        expires_at: at(9_000_000),
        ended_at: None,
    };
    store.add_sessions(&[session(1)]).await.unwrap();
    store.add_sessions(&[session(2)]).await.unwrap();
    let bytes = |number: u8| match kind {
        Kind::Sqlite => format!("x'{}'", format!("{number:02x}").repeat(32)),
        Kind::Postgres => format!("'\\x{}'::bytea", format!("{number:02x}").repeat(32)),
    };
    let short = if kind == Kind::Sqlite { "x'02'" } else { "'\\x02'::bytea" };
    script.must(&format!("update sessions set id = {short} where id = {}", bytes(2))).await;
    let known = |found: Vec<Session>| found.into_iter().map(|it| it.id).collect::<Vec<_>>();
    assert_eq!(known(store.sessions_since(at(0), at(2)).await.unwrap()), [session(1).id]);
    assert_eq!(known(store.sessions_of(session(1).user, at(2)).await.unwrap()), [session(1).id]);
    assert_eq!(store.session_uses(at(0)).await.unwrap().len(), 1);
    if kind == Kind::Postgres {
        // Its columns have types, so that nothing else can be wrong.
        return;
    }
    // Whose end cannot be read, is over.
    script.must("update sessions set ended_at = 'then' where length(id) = 32").await;
    let found = store.sessions_since(at(0), at(2)).await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0].ended_at.is_some() && found[0].id == session(1).id);

    let key: KeyId = "abcdef0123456789".parse().unwrap();
    store.record_key_uses(&[(key.clone(), at(5))].into()).await.unwrap();
    let empty = store.load().await.unwrap();
    let users = ["a@x.example", "b@x.example"].map(|email| user(email).into());
    store.apply(&empty, &additions(users.into()), &Actor::command_line(), at(3)).await.unwrap();
    for sql in [
        "insert into api_key_uses values ('ffffffffffffffff', 'then')",
        "insert into usage_minutes values (5, '', 'answered', 2)",
        "insert into usage_minutes values (x'01', '', 'answered', 2)",
        "insert into replicas (name, version, revision, started_at, seen_at) values ('one', '1', 1, 1, 1)",
        "insert into replicas (name, version, revision, started_at, seen_at) values ('two', '1', 'x', 1, 1)",
        "insert into replicas (name, version, revision, started_at, seen_at, chats) values ('three', '1', 1, 1, 1, x'ff')",
        "insert into refused_accounts values ('open-webui', x'00000000000000000000000000000001', 's', 1)",
        "insert into refused_accounts values ('open-webui-2', 'who', 's', 1)",
        "update audit_events set at = 'then' where subject = 'a@x.example'",
    ] {
        script.must(sql).await;
    }
    assert_eq!(store.key_uses().await.unwrap().len(), 1);
    assert_eq!(store.usage(at(0), None).await.unwrap().len(), 1);
    assert_eq!(store.replicas(at(0)).await.unwrap().len(), 1);
    assert_eq!(store.refused_accounts(at(0)).await.unwrap().len(), 1);
    let filter = EventFilter { limit: 9, revision: Some(1), ..EventFilter::default() };
    assert_eq!(store.events(&filter).await.unwrap().len(), 1);
    script.must("update audit_events set after = x'ff' where subject = 'b@x.example'").await;
    assert_eq!(store.changes_of(1).await.unwrap(), None);
}
