//! Whom proxies let through to the hosts behind them.

use askama::Template;
use axum::{extract::State, response::Response};
use gatehall_control::operation::{self, host_rule};
use gatehall_domain::{
    Admit, Change, Company, GroupName, HostPattern, HostRule, HostRuleId, PathPrefix, Record,
    Refusal, Snapshot,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::Removal;
use crate::web::{Admin, At, Book, Done, Fault, Frame, Input, Shared, group_names, unchanged};

pub(super) fn ways(book: Book) -> Book {
    book.area("host_rules")
        .show::<HostRuleList, _, _>("/host-rules", "List host rules", list)
        .act::<HostRuleOrder, Done, _, _>("/host-rules", "Add a host rule", add)
        .show::<HostRuleView, _, _>("/host-rules/{id}", "Show a host rule", show)
        .change::<HostRuleChange, _, _>("/host-rules/{id}", "Change a host rule", change)
        .remove::<Removal, _, _>("/host-rules/{id}", "Remove a host rule", remove)
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "settings/host_rules.html")]
struct HostRuleList {
    #[serde(skip)]
    frame: Frame,
    host_rules: Vec<HostRuleRow>,
    #[serde(skip)]
    groups: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct HostRuleRow {
    pub(super) id: String,
    pub(super) host: String,
    pub(super) path: String,
    /// `open`, `signed-in` or `groups`.
    pub(super) admit: &'static str,
    pub(super) groups: Vec<String>,
}

impl HostRuleRow {
    /// All rules, by host and path.
    pub(super) fn all(company: &Company) -> Vec<Self> {
        let mut rows: Vec<Self> =
            company.host_rules.values().map(|it| Self::new(company, it)).collect();
        rows.sort_unstable_by(|a, b| (&a.host, &a.path).cmp(&(&b.host, &b.path)));
        rows
    }

    fn new(company: &Company, rule: &HostRule) -> Self {
        let groups = match &rule.admit {
            Admit::Groups(groups) => groups.iter().map(|it| company.group_label(*it)).collect(),
            Admit::Open | Admit::SignedIn => Vec::new(),
        };
        Self {
            id: rule.id.to_string(),
            host: rule.host.to_string(),
            path: rule.path.to_string(),
            admit: rule.admit.as_str(),
            groups,
        }
    }
}

async fn list(admin: Admin) -> Response {
    let company = admin.snapshot.company();
    admin.show(&HostRuleList {
        frame: admin.frame("Host rules"),
        host_rules: HostRuleRow::all(company),
        groups: group_names(company),
    })
}

#[derive(Template, Serialize, JsonSchema)]
#[template(path = "settings/host_rule.html")]
struct HostRuleView {
    #[serde(skip)]
    frame: Frame,
    rule: HostRuleRow,
    seen: String,
    #[serde(skip)]
    groups: Vec<String>,
}

async fn show(admin: Admin, At(id): At<HostRuleId>) -> Result<Response, Fault> {
    let company = admin.snapshot.company();
    let rule = find(company, id)?;
    Ok(admin.show(&HostRuleView {
        frame: admin.frame(format!("{}{}", rule.host, rule.path)),
        rule: HostRuleRow::new(company, rule),
        seen: Record::from(rule.clone()).fingerprint(),
        groups: group_names(company),
    }))
}

fn find(company: &Company, id: HostRuleId) -> Result<&HostRule, Refusal> {
    let found = company.host_rules.get(&id).map(AsRef::as_ref);
    found.ok_or_else(|| Refusal::missing("host rule", id))
}

/// Who may enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Whom {
    /// Everybody, signed in or not.
    Open,
    /// Every enabled user.
    SignedIn,
    /// Members of the groups that are named, and administrators.
    Groups,
}

impl Whom {
    /// Groups that are named beside somebody else are refused: the rule would be wider than they
    /// look.
    fn admit(self, company: &Company, groups: &[GroupName]) -> Result<Admit, Refusal> {
        match self {
            Self::Groups => host_rule::groups(company, groups),
            Self::Open | Self::SignedIn if !groups.is_empty() => Err(Refusal::invalid(
                "groups",
                "are given, but the rule admits others too: give none, or admit only groups",
            )),
            Self::Open => Ok(Admit::Open),
            Self::SignedIn => Ok(Admit::SignedIn),
        }
    }
}

/// What a new rule is made of.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HostRuleOrder {
    /// `app.example.com`, `*.example.com` or `*`.
    #[schemars(with = "String")]
    host: HostPattern,
    /// The path prefix; every path, if omitted.
    #[schemars(with = "Option<String>")]
    path: Option<PathPrefix>,
    admit: Whom,
    /// The groups that are admitted.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    groups: Vec<GroupName>,
}

async fn add(
    admin: Admin,
    State(portal): Shared,
    Input(order): Input<HostRuleOrder>,
) -> Result<Response, Fault> {
    let path = match order.path {
        Some(path) => path,
        None => "/".parse()?,
    };
    let prepare = |snapshot: &Snapshot| -> Result<_, Refusal> {
        let company = snapshot.company();
        let admit = order.admit.admit(company, &order.groups)?;
        let rule = host_rule::rule(company, &order.host, &path, admit, admin.now);
        if company.host_rules.contains_key(&rule.id) {
            return Err(Refusal::exists("host rule", format!("{}{path}", order.host)));
        }
        Ok(vec![Change::Add(rule.into())])
    };
    let revision = portal.apply(&admin, prepare).await?;
    Ok(admin.done(revision, "/host-rules"))
}

/// Whom a rule admits from now on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HostRuleChange {
    admit: Whom,
    /// The groups that are admitted.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    groups: Vec<GroupName>,
    /// The version that the change is based on; refused if the record has changed since.
    seen: Option<String>,
}

async fn change(
    admin: Admin,
    State(portal): Shared,
    At(id): At<HostRuleId>,
    Input(wish): Input<HostRuleChange>,
) -> Result<Response, Fault> {
    let rule = find(admin.snapshot.company(), id)?.clone();
    let seen =
        unchanged(wish.seen.as_deref(), rule.clone(), format!("{}{}", rule.host, rule.path))?;
    let prepare = |snapshot: &Snapshot| -> Result<_, Refusal> {
        let company = snapshot.company();
        let before = find(company, id)?;
        let admit = wish.admit.admit(company, &wish.groups)?;
        if before.admit == admit {
            return Ok(Vec::new());
        }
        let after = HostRule { admit, ..before.clone() };
        Ok(vec![Change::Replace { before: before.clone().into(), after: after.into() }])
    };
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    Ok(admin.done(revision, "/host-rules"))
}

async fn remove(
    admin: Admin,
    State(portal): Shared,
    At(id): At<HostRuleId>,
    Input(removal): Input<Removal>,
) -> Result<Response, Fault> {
    let rule = find(admin.snapshot.company(), id)?.clone();
    let seen =
        unchanged(removal.seen.as_deref(), rule.clone(), format!("{}{}", rule.host, rule.path))?;
    let prepare = |snapshot: &Snapshot| -> Result<_, Refusal> {
        let company = snapshot.company();
        operation::remove(company, find(company, id)?.clone().into(), removal.cascade)
    };
    let revision = portal.apply_if(&admin, &seen, prepare).await?;
    Ok(admin.done(revision, "/host-rules"))
}
