//! Whatever is written through a view is what the program would have taken, and reads back.

use std::collections::BTreeSet;

use gatehall_domain::{Change, Company, EmailAddress, GroupName, Record};
use gatehall_store::{Actor, Store};
use gatehall_test_support::{Database, Kind};
use proptest::{
    prelude::{Strategy, any},
    sample::select,
    strategy::ValueTree,
    test_runner::TestRunner,
};

use crate::script::Script;
use crate::{
    on_both,
    sample::{additions, at, group, tenant},
    store,
};

on_both!(
    addresses_are_those_that_the_program_takes,
    names_of_groups_are_those_that_the_program_takes,
    tenants_are_those_that_are_there,
);

/// Every character that some program takes for a blank, and some that look like one.
const BLANKS: &str = "\t\n\u{b}\u{c}\r \u{1c}\u{1f}\u{85}\u{a0}\u{1680}\u{180e}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{200b}\u{2028}\u{2029}\u{202f}\u{205f}\u{2060}\u{3000}\u{feff}";

/// Characters that matter somewhere, and some that should not.
const LETTERS: &str = "aAbBiIkKzZ019@@@..,;*\"<>()[]{}!#$%&'+-/=?^_`|~\\: \t\n\r\0\u{1}\u{1f}\u{7f}\u{80}\u{85}\u{a0}\u{130}\u{131}\u{17f}\u{212a}\u{df}\u{e4}\u{c4}\u{65}\u{301}\u{2028}\u{200b}\u{3000}\u{ff20}\u{ff21}\u{fffd}\u{1f600}\u{10ffff}";

/// Texts that somebody would try, then random ones.
fn nasty(middle: &str, random: usize) -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "add",
        "Add",
        ".",
        "..",
        "a@b",
        "@",
        "a@",
        "@b",
        "a@b@c",
        "a@@b",
        "a b@c.d",
        "Alice@Google.Example",
        "ALICE@GOOGLE.EXAMPLE",
        "alice@google.example",
        "\u{130}@x.example",
        "K\u{212a}@x.example",
        "s\u{17f}@x.example",
        "a@x.example\0",
        "a\0@x.example",
        "a@x.example\n",
        "\n a@x.example \u{3000}",
        "'; drop table users; --@x",
        "\\",
        "%_@_%",
        "[a-z]@x",
        "*@x.example",
        "MCP-Admin",
        "mcp-admin",
        "Sales,MCP-Admin",
        " g",
        "g ",
        "in  ner",
        "~",
        "!",
    ]
    .map(str::to_owned)
    .into();
    for blank in BLANKS.chars() {
        texts.push(format!("{blank}{middle}"));
        texts.push(format!("{middle}{blank}"));
        texts.push(format!("{blank}{blank}{middle}{blank}"));
        texts.push(format!("x{blank}{middle}"));
    }
    for length in [1, 2, 31, 32, 33, 119, 120, 121, 122, 253, 254, 255, 256, 400, 5_000] {
        let fill = "x".repeat(length.max(middle.len()) - middle.len());
        texts.extend([
            format!("{fill}{middle}"),
            format!("  {fill}{middle}  "),
            "y".repeat(length),
            "\u{e4}".repeat(length),
            "\u{e4}".repeat(length / 2),
        ]);
    }
    let letter = || select(LETTERS.chars().collect::<Vec<_>>());
    let sparse = proptest::collection::vec(letter(), 0..12)
        .prop_map(|it| it.into_iter().collect::<String>());
    let around = (
        proptest::collection::vec(letter(), 0..3),
        any::<bool>(),
        proptest::collection::vec(letter(), 0..3),
    );
    let middle = middle.to_owned();
    let around = around.prop_map(move |(before, upper, after)| {
        let middle = if upper { middle.to_uppercase() } else { middle.clone() };
        before.into_iter().chain(middle.chars()).chain(after).collect::<String>()
    });
    let mut runner = TestRunner::default();
    for _ in 0..random {
        texts.push(sparse.new_tree(&mut runner).unwrap().current());
        texts.push(around.new_tree(&mut runner).unwrap().current());
        texts.push(any::<String>().new_tree(&mut runner).unwrap().current());
    }
    texts
}

async fn beginning(kind: Kind) -> (Store, Database, Script) {
    let (store, database) = store(kind).await;
    let empty = store.load().await.unwrap();
    let records = vec![tenant("google").into(), group("engineers").into()];
    store.apply(&empty, &additions(records), &Actor::command_line(), at(1)).await.unwrap();
    let script = Script::new(&database).await;
    (store, database, script)
}

async fn addresses_are_those_that_the_program_takes(kind: Kind) {
    let (store, database, mut script) = beginning(kind).await;
    let mut taken = BTreeSet::new();
    for text in nasty("b@x.example", 60) {
        let address = text.parse::<EmailAddress>();
        for sql in [
            "insert into user_group_membership (user_email, group_name) values ($1, 'engineers')",
            "insert into user_admin_status (user_email, is_admin) values ($1, false)",
            "update user_group_membership set user_email = $1
             where user_email = 'moved@x.example' and group_name = 'engineers'",
        ] {
            // Somebody whose membership can be moved.
            if sql.starts_with("update") {
                let move_it = "insert into user_group_membership (user_email, group_name)
                               values ('moved@x.example', 'engineers')";
                script.must(move_it).await;
                taken.insert("moved@x.example".to_owned());
            }
            let done = script.run(sql, &[&text]).await;
            match (&address, done) {
                (Ok(address), Ok(_)) => {
                    taken.insert(address.to_string());
                }
                (Err(_), Err(said)) => {
                    let names = said.contains("user_email") || text.contains('\0');
                    assert!(names, "{sql} {text:?}: {said}");
                }
                (Ok(_), Err(said)) => panic!("the program takes {text:?}: {said}"),
                (Err(refusal), Ok(_)) => panic!("the program refuses {text:?}: {refusal}"),
            }
        }
    }
    let company = store.load().await.unwrap().company().clone();
    let there: BTreeSet<String> = company.users.values().map(|it| it.email.to_string()).collect();
    assert_eq!(there, taken, "no more and no fewer");
    assert!(there.len() > 20, "{there:?}");
    same_at_a_second_gate(&company, &database).await;
}

async fn names_of_groups_are_those_that_the_program_takes(kind: Kind) {
    let (store, database, mut script) = beginning(kind).await;
    for text in nasty("inner b", 60) {
        let before = store.load().await.unwrap();
        let name = text.parse::<GroupName>();
        // What the program makes of it: it is there already, or it is added.
        let known = before.company().group_by_name(&text).is_some();
        let expected = name.is_ok_and(|name| {
            let change = Change::Add(Record::from(group(name.as_str())));
            known || before.company().clone().apply(&change).is_ok()
        });
        for sql in [
            "insert into user_group_membership (user_email, group_name) values ('a@x.example', $1)",
            "insert into group_tenant_mapping (group_name, tenant_id) values ($1, 'google')",
            "update group_tenant_mapping set group_name = $1 where group_name = 'moved'",
        ] {
            if sql.starts_with("update") {
                let move_it = "insert into group_tenant_mapping (group_name, tenant_id)
                               values ('moved', 'google')";
                script.must(move_it).await;
            }
            match script.run(sql, &[&text]).await {
                Ok(_) => assert!(expected, "the program refuses {text:?}: {sql}"),
                Err(said) => {
                    assert!(!expected, "the program takes {text:?}: {sql}: {said}");
                    let names = said.contains("group_name") || text.contains('\0');
                    assert!(names, "{sql} {text:?}: {said}");
                }
            }
        }
        let after = store.load().await.unwrap();
        assert_eq!(after.company().group_by_name(&text).is_some(), expected, "{text:?}");
        let names: BTreeSet<String> =
            after.company().groups.values().map(|it| it.name.as_str().to_lowercase()).collect();
        assert_eq!(names.len(), after.company().groups.len(), "two groups of one name");
    }
    same_at_a_second_gate(store.load().await.unwrap().company(), &database).await;
}

async fn tenants_are_those_that_are_there(kind: Kind) {
    let (store, database, mut script) = beginning(kind).await;
    let mut texts = nasty("google", 40);
    texts.push("google".into());
    for text in texts {
        let insert = "insert into group_tenant_mapping (group_name, tenant_id) values ('g', $1)";
        let update = "update group_tenant_mapping set tenant_id = $1 where group_name = 'g'";
        for sql in [insert, update] {
            // Without a row there is nothing to refuse.
            let rows = store.load().await.unwrap().company().grants.len();
            match script.run(sql, &[&text]).await {
                Ok(_) => assert!(text == "google" || (sql == update && rows == 0), "{text:?}"),
                Err(said) => {
                    assert_ne!(text, "google", "{said}");
                    assert!(said.contains("tenant_id") || text.contains('\0'), "{text:?}: {said}");
                }
            }
        }
    }
    assert_eq!(store.load().await.unwrap().company().grants.len(), 1);
    same_at_a_second_gate(store.load().await.unwrap().company(), &database).await;
}

async fn same_at_a_second_gate(company: &Company, database: &Database) {
    let again = Store::open(&database.url).await.unwrap().load().await.unwrap();
    assert_eq!(again.company().users, company.users);
    assert_eq!(again.company().groups, company.groups);
    assert_eq!(again.company().memberships, company.memberships);
    assert_eq!(again.company().grants, company.grants);
}
