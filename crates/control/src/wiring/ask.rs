//! Asks as somebody, through Open WebUI, and holds the answer against the company's rules.

use std::{future::Future, time::Duration};

use gatehall_domain::{
    Company, Effect, EmailAddress, Finding, Group, GroupName, Health, Refusal, Remedy, Snapshot,
    Subject, User, quoted,
};
use gatehall_identity::{ChatScene, ChatSetting};
use gatehall_open_webui::{Client, Fault, Proof, TEST_USER, TEST_USER_NAME, tools_of};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{Draft, Wiring, WiringError, compare};
use crate::{
    DeskError,
    operation::{find_group, user},
};

/// A gate hears of a change within a second, and tools of a server may come a little later.
const PATIENCE: Duration = Duration::from_secs(12);

/// What findings about the signed header are called.
pub(super) const SECRET: &str = "secret";

/// Who asks.
#[derive(Debug, Clone)]
pub enum Whom {
    /// Somebody who is made for it, in this group if it is named, and removed again.
    Made {
        /// The group; none for the first that a grant opens something to.
        group: Option<GroupName>,
    },
    /// Somebody with an account.
    Account {
        /// The address.
        email: EmailAddress,
        /// What proves it to Open WebUI.
        proof: Proof,
    },
}

impl Wiring {
    /// Asks as somebody. Whoever is made for it is removed again, whatever comes of it.
    ///
    /// # Errors
    /// What keeps it from being asked. What is found wrong is no error.
    pub async fn ask(
        &self,
        draft: &Draft,
        scene: &ChatScene,
        whom: &Whom,
    ) -> Result<Vec<Finding>, WiringError> {
        self.alone.must_be_held().await?;
        let begun = self.desk.clock().now();
        let setting = scene.setting(&self.chat);
        self.clear(&draft.found).await?;
        if let Some(finding) = self.cannot_reach().await {
            return Ok(vec![finding]);
        }
        let mut findings = vec![Finding::good("gate", "Open WebUI can reach it with the key")];
        findings.extend(match whom {
            Whom::Account { email, proof } => self.ask_as(draft, &setting, email, proof).await?,
            Whom::Made { group } => match test_address(&setting) {
                Err(finding) => vec![finding],
                Ok(email) => self.ask_as_made(draft, &setting, &email, group.as_ref()).await?,
            },
        });
        let is_taken = findings.iter().any(|it| it.subject == SECRET && it.state == Health::Good);
        findings.extend(self.as_seen(begun, is_taken).await?);
        Ok(findings)
    }

    /// What keeps Open WebUI from the gate. A key that is new may take a moment.
    async fn cannot_reach(&self) -> Option<Finding> {
        let verified = until(async || self.client.verify().await, Result::is_ok).await;
        let Err(fault) = verified else { return None };
        Some(Finding::bad(
            "gate",
            format!("Open WebUI cannot reach it, or the key is refused: {fault}"),
            Remedy::new(
                "from where Open WebUI runs, try curl GATE/health with the URL of --gate-url; the \
                 host must be in --allowed-hosts of the gate; see also gatehall audit --outcome \
                 refused",
                "from where Open WebUI runs, try curl GATE/health with the URL of the gate from the \
                 form; the host must be in GATEHALL_ALLOWED_HOSTS of the gate; see also what was \
                 refused according to the audit",
            ),
        ))
    }

    async fn ask_as(
        &self,
        draft: &Draft,
        setting: &ChatSetting,
        email: &EmailAddress,
        proof: &Proof,
    ) -> Result<Vec<Finding>, WiringError> {
        // Signing in by a trusted header would make the account.
        let Some(account) = draft.found.account(email.as_str()) else {
            let found = format!("{email} has no account at Open WebUI");
            return Ok(vec![Finding::bad("test user", found, "let them sign in there once")]);
        };
        let client = self.client.sign_in_as(proof).await?;
        let findings = self.compare_as(&client, setting, email, &account.id).await;
        client.sign_out(proof).await;
        findings
    }

    async fn ask_as_made(
        &self,
        draft: &Draft,
        setting: &ChatSetting,
        email: &EmailAddress,
        group: Option<&GroupName>,
    ) -> Result<Vec<Finding>, WiringError> {
        let now = self.desk.clock().now();
        let added = self.desk.change(|snapshot| {
            let groups = test_groups(snapshot, group)?;
            let new = user::NewUser {
                email: email.clone(),
                name: TEST_USER_NAME.into(),
                admin: false,
                groups,
            };
            Ok::<_, DeskError>((user::add(snapshot.company(), &new, now)?, ()))
        });
        added.await?;
        let findings = match self.client.add_test_user(email, &draft.plan).await {
            Ok(made) => {
                let findings = self.compare_as(&made.client, setting, email, &made.id).await;
                let removed = self.client.remove_account(&made.id).await;
                findings.and_then(|findings| removed.map(|()| findings).map_err(Into::into))
            }
            Err(fault) => Err(fault.into()),
        };
        self.remove_test_users().await?;
        findings
    }

    /// Asks until the answer is right, or a gate has had the time to hear of everything.
    async fn compare_as(
        &self,
        client: &Client,
        setting: &ChatSetting,
        email: &EmailAddress,
        account: &str,
    ) -> Result<Vec<Finding>, WiringError> {
        let right = |it: &Result<Vec<Finding>, WiringError>| {
            it.as_ref().is_ok_and(|all| all.iter().all(|it| it.state == Health::Good))
        };
        until(async || self.compare_once(client, setting, email, account).await, right).await
    }

    async fn compare_once(
        &self,
        client: &Client,
        setting: &ChatSetting,
        email: &EmailAddress,
        account: &str,
    ) -> Result<Vec<Finding>, WiringError> {
        let offered = match tools_of(client).await {
            Ok(offered) => offered,
            Err(fault) => return Ok(vec![no_list(fault, setting)?]),
        };
        let snapshot = self.desk.snapshot().await?;
        let company = snapshot.company();
        let bound = company.user_by_identity(&self.chat, account);
        let Some(user) = bound else {
            return Ok(vec![self.nobody(&snapshot, setting, (email, account), &offered)]);
        };
        let mut findings = vec![Finding::good(SECRET, "the gate accepts what Open WebUI signs")];
        findings.extend(compare(&snapshot, user, &offered, self.desk.clock().now()));
        Ok(findings)
    }

    /// A list came, and the account it was for is nobody's.
    fn nobody(
        &self,
        snapshot: &Snapshot,
        setting: &ChatSetting,
        (email, account): (&EmailAddress, &str),
        offered: &[String],
    ) -> Finding {
        if !offered.is_empty() {
            return Finding::bad(
                SECRET,
                "everybody is offered the same tools, because the gate is not told who asks",
                Remedy::new(
                    "the connection must have a service key: gatehall open-webui setup --apply",
                    "the connection must have a service key: set it up again",
                ),
            );
        }
        let company = snapshot.company();
        match company.user_by_email(email) {
            Some(user) if let Some(finding) = kept_out(company, setting, user, account) => finding,
            Some(_) => Finding::bad(
                SECRET,
                "Open WebUI does not sign who asks",
                "set ENABLE_FORWARD_USER_INFO_HEADERS=true and FORWARD_USER_INFO_HEADER_JWT_SECRET \
                 in its environment, and restart it",
            ),
            None => Finding::doubtful(
                "tools of the test user",
                format!("{email} is not a user of Gatehall and is offered nothing"),
                Remedy::new(
                    format!("gatehall explain {email}"),
                    format!("see on the page Access what {email} may use"),
                ),
            ),
        }
    }
}

/// Why the gate does not take somebody who is known here, whatever is signed.
fn kept_out(
    company: &Company,
    setting: &ChatSetting,
    user: &User,
    account: &str,
) -> Option<Finding> {
    let ChatSetting { id, binds_admins, .. } = setting;
    let change = format!("gatehall user change {}", quoted(user.email.as_str()));
    let bind = format!("{change} --bind {}", quoted(&format!("{id}={account}")));
    let (why, command, page) = if company.subject_of(user.id, id).is_some() {
        (
            "another account is bound to them",
            format!("{change} --unbind {id}"),
            "take the other account away on the page of the user".to_owned(),
        )
    } else if !setting.believes(&user.email) {
        let place = setting.domains_place();
        (
            "Open WebUI is not believed about addresses of that domain",
            format!("add it to {place} and restart the gate, or: {bind}"),
            format!(
                "add it to {place} and restart the gate, or bind the account on the page of \
                     the user"
            ),
        )
    } else if !binds_admins && company.administers(user.id) {
        (
            "they administer something, and of administrators the address alone is not believed",
            bind,
            "bind the account on the page of the user".to_owned(),
        )
    } else {
        return None;
    };
    let found = format!("{} is not known to the gate by this account: {why}", user.email);
    Some(Finding::bad("test user", found, Remedy::new(command, page)))
}

/// What it means that Open WebUI has no list for somebody, although it reaches the gate.
fn no_list(fault: Fault, setting: &ChatSetting) -> Result<Finding, WiringError> {
    match fault {
        Fault::Refused(_, 404, _) => Ok(Finding::bad(
            "tools of the test user",
            "they cannot see the connection",
            Remedy::new(
                "gatehall open-webui setup --apply, with --group for a group that they are in",
                "set it up again, for a group that they are in or for everybody",
            ),
        )),
        Fault::Refused(_, 502 | 504, _) => Ok(bad_signature(setting)),
        fault => Err(fault.into()),
    }
}

fn bad_signature(setting: &ChatSetting) -> Finding {
    let remedy = |which: &str| {
        format!(
            "FORWARD_USER_INFO_HEADER_JWT_SECRET of Open WebUI must equal {}, and the clocks must \
             agree: {which}; restart both after a change",
            setting.secret_place()
        )
    };
    Finding::bad(
        SECRET,
        "the gate accepts the key but refuses what Open WebUI signs",
        Remedy::new(
            remedy("gatehall audit --outcome refused --last 5 says which"),
            remedy("the refused events in the audit say which"),
        ),
    )
}

/// An address that is nobody's, of a domain about which this Open WebUI is believed.
fn test_address(setting: &ChatSetting) -> Result<EmailAddress, Finding> {
    let domain = setting.domains.first();
    let place = setting.domains_place();
    let number = Uuid::new_v4().simple().to_string();
    let address = domain.and_then(|it| format!("{TEST_USER}{}@{it}", &number[..8]).parse().ok());
    address.ok_or_else(|| {
        Finding::bad(
            "domains",
            "Open WebUI vouches for no domain",
            format!("set {place} to the domains of your people, and restart the gate"),
        )
    })
}

/// The group that was named, else the first to which something is opened. Never that of the
/// administrators.
fn test_groups(snapshot: &Snapshot, named: Option<&GroupName>) -> Result<Vec<GroupName>, Refusal> {
    let company = snapshot.company();
    if let Some(name) = named {
        return Ok(vec![find_group(company, name.as_str())?.name.clone()]);
    }
    let opened = company.grants.values().filter(|it| it.effect == Effect::Allow);
    let groups = opened.filter_map(|it| match &it.subject {
        Subject::Group(id) => company.groups.get(id),
        _ => None,
    });
    let usual = |it: &Group| it.enabled && !it.name.as_str().eq_ignore_ascii_case(GroupName::ADMIN);
    let names = groups.filter(|it| usual(it)).map(|it| it.name.clone());
    Ok(names.min().into_iter().collect())
}

/// Does something again until it is right, or the time is over.
async fn until<T, F: Future<Output = T>>(
    mut act: impl FnMut() -> F,
    right: impl Fn(&T) -> bool,
) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        let came = act().await;
        if right(&came) || Instant::now() > end {
            return came;
        }
        sleep(Duration::from_millis(300)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_the_gate_does_not_take_is_told_why() {
        let user = |email: &str, admin| User {
            id: gatehall_domain::UserId(Uuid::new_v4()),
            email: email.parse().unwrap(),
            name: String::new(),
            admin,
            enabled: true,
            created_at: gatehall_domain::Timestamp::from_micros(1),
        };
        let (alice, ines) = (user("alice@a.example", false), user("ines@a.example", true));
        let elsewhere = user("bob@b.example", false);
        let mut company = Company::default();
        for it in [&alice, &ines, &elsewhere] {
            company.put(it.clone().into());
        }
        let domains = vec!["a.example".to_owned()];
        let setting = ChatSetting { domains, ..ChatSetting::unseen("open-webui") };
        let of = |setting: &ChatSetting, user| kept_out(&company, setting, user, "s 1");
        assert_eq!(of(&setting, &alice), None, "it is not signed");
        let command = |finding: Option<Finding>| finding.unwrap().remedy.as_str().to_owned();
        let bind = "gatehall user change ines@a.example --bind 'open-webui=s 1'";
        assert_eq!(command(of(&setting, &ines)), bind);
        let said = command(of(&setting, &elsewhere));
        assert!(said.starts_with("add it to GATEHALL_OPEN_WEBUI_DOMAINS"), "{said}");
        let binds = ChatSetting { binds_admins: true, ..setting };
        assert_eq!(of(&binds, &ines), None);
    }

    /// One that is called open-webui may be in the file, too.
    #[test]
    fn what_is_to_be_set_is_named_where_it_is_set() {
        let of = |in_file| ChatSetting { in_file, ..ChatSetting::unseen("open-webui") };
        for (in_file, domains, secret) in [
            (false, "set GATEHALL_OPEN_WEBUI_DOMAINS to", "equal GATEHALL_OPEN_WEBUI_SECRET,"),
            (
                true,
                "set the domains of open-webui in the file of GATEHALL_OPEN_WEBUIS to",
                "equal the secret of open-webui in the file of GATEHALL_OPEN_WEBUIS,",
            ),
        ] {
            let setting = of(in_file);
            let finding = test_address(&setting).unwrap_err();
            assert!(finding.remedy.on_page().contains(domains), "{finding:?}");
            let refused = Fault::Refused(String::new(), 502, String::new());
            let finding = no_list(refused, &setting).unwrap();
            assert!(finding.remedy.on_page().contains(secret), "{finding:?}");
        }
    }
}
