use std::collections::BTreeSet;

use gatehall_domain::{
    Decision, Endpoint, Finding, Reach, Snapshot, Timestamp, User, counted, decide, names, quoted,
    snapshot::Site,
};

use crate::explain::caller;

/// As many names are shown of those that should not be there.
const SHOWN: usize = 5;

/// Compares the tools that somebody is offered through Open WebUI with what the company's rules say
/// of them, as `gatehall explain` does.
pub fn compare(
    snapshot: &Snapshot,
    user: &User,
    offered: &[String],
    now: Timestamp,
) -> Vec<Finding> {
    let subject = "tools of the test user";
    let caller = caller(user);
    let reach = Reach::new(snapshot, &caller, &Endpoint::All, now).ok();
    let open: Vec<&Site> = reach.iter().flat_map(Reach::connections).collect();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for name in offered {
        match snapshot
            .sites()
            .filter(|it| name.starts_with(&it.prefix))
            .max_by_key(|it| it.prefix.len())
        {
            None => wrong.push(format!("{name} (there is no such connection here)")),
            Some(site) => {
                seen.insert(site.connection.id);
                // A name that was cut or cleaned is not the server's own any more.
                let own = &name[site.prefix.len()..];
                let whole =
                    names::public_name(&site.prefix, own) == *name && name.len() < names::LONGEST;
                let is_open = open.iter().any(|it| it.connection.id == site.connection.id);
                let allowed = || {
                    let id = site.connection.id;
                    matches!(
                        decide(snapshot, &caller, &Endpoint::All, now, id, own),
                        Decision::Allowed(_)
                    )
                };
                if !is_open || whole && !allowed() {
                    wrong.push(name.clone());
                }
            }
        }
    }
    let mut findings = Vec::new();
    let explain = format!("gatehall explain {}", quoted(user.email.as_str()));
    if !wrong.is_empty() {
        let more = if wrong.len() > SHOWN { ", and more" } else { "" };
        wrong.truncate(SHOWN);
        findings.push(Finding::bad(
            subject,
            format!("they are offered what they may not use: {}{more}", wrong.join(", ")),
            format!("check where the connection leads and whose key it has; {explain}"),
        ));
    }
    for site in open.iter().filter(|it| !seen.contains(&it.connection.id)) {
        findings.push(Finding::doubtful(
            subject,
            format!("{} is open to them but offers nothing", site.connection.path),
            "gatehall check",
        ));
    }
    if findings.is_empty() {
        let count = counted(offered.len() as u64, "tool", "tools");
        let paths: Vec<String> = open.iter().map(|it| it.connection.path.to_string()).collect();
        let found = match paths.is_empty() {
            true => "they may use nothing and are offered nothing".to_owned(),
            false => format!("they are offered {count}, of {}", paths.join(", ")),
        };
        findings.push(Finding::good(subject, found));
    }
    findings
}

#[cfg(test)]
mod tests {
    use gatehall_domain::{Company, Health};
    use gatehall_vault::Vault;

    use super::*;
    use crate::import::{Choice, Lists, Plan, read};

    const COMPANY: &str = r#"
        groups = [{ name = "googlers" }]
        users = [{ email = "alice@google.example", groups = ["googlers"] }]
        tenants = [{ id = "google", name = "G" }, { id = "microsoft", name = "M" }]
        servers = [{ id = "clock", command = "/bin/clock" }, { id = "files", command = "/bin/files" }]
        connections = [
            { tenant = "google", server = "clock" }, { tenant = "google", server = "files" },
            { tenant = "microsoft", server = "clock" },
        ]
        grants = [
            { group = "googlers", tenant = "google" },
            { group = "googlers", connection = "google/files", tools = "secret_*", effect = "deny" },
        ]
    "#;

    #[test]
    fn tools_that_should_not_be_there_or_are_missing_are_told() {
        let now = Timestamp::from_micros(1);
        let mut company = Company::default();
        let entries = read("company.toml", COMPANY).unwrap();
        let plan = Plan::new(
            &entries,
            &company,
            &Vault::ephemeral().unwrap(),
            &|_| Ok(()),
            Lists::default(),
            now,
        );
        assert!(plan.is_sound(), "{:?}", plan.rows);
        for change in plan.changes(Choice::default()) {
            company.apply(change).unwrap();
        }
        let snapshot = Snapshot::new(1, company);
        let alice = snapshot.company().user_by_email(&"alice@google.example".parse().unwrap());
        let look = |offered: &[&str]| -> Vec<(Health, String)> {
            let offered: Vec<String> = offered.iter().map(|it| (*it).to_owned()).collect();
            let found = compare(&snapshot, alice.unwrap(), &offered, now);
            found.into_iter().map(|it| (it.state, it.found)).collect()
        };
        let own = ["google_clock_now", "google_files_read"];
        assert_eq!(look(&own)[0].0, Health::Good);
        assert!(look(&own)[0].1.contains("2 tools, of google/clock, google/files"));
        for foreign in ["microsoft_clock_now", "google_files_secret_plan", "elsewhere_tool"] {
            let found = look(&[own[0], own[1], foreign]);
            assert_eq!((found.len(), found[0].0), (1, Health::Bad), "{foreign}: {found:?}");
            assert!(found[0].1.contains(foreign), "{found:?}");
        }
        let missing = look(&own[..1]);
        assert_eq!(
            missing[0],
            (Health::Doubtful, "google/files is open to them but offers nothing".into())
        );
    }
}
