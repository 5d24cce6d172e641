//! Somebody who is unknown here as yet: what they would have, which door adds them, and what would.

use std::cmp::Reverse;

use gatehall_domain::{
    Change, Company, EmailAddress, Provider, Refusal, Snapshot, Timestamp, User, UserId, quoted,
    source_label,
};
use gatehall_identity::{ChatSetting, Newcomers};
use serde::Serialize;
use uuid::Uuid;

/// Somebody who is unknown here.
#[derive(Debug, Serialize)]
pub struct Newcomer {
    /// The address.
    pub user: String,
    /// The patterns that mean the address, each with what it opens.
    pub patterns: Vec<MeantBy>,
    /// All doors at which people are added.
    pub doors: Vec<DoorAnswer>,
    /// What would make somebody of them who has tools.
    pub remedy: String,
}

/// A grant to a pattern of addresses.
#[derive(Debug, Serialize)]
pub struct MeantBy {
    /// The pattern.
    pub pattern: String,
    /// What it opens.
    pub opens: String,
}

/// What a door does with somebody who is unknown.
#[derive(Debug, Serialize)]
pub struct DoorAnswer {
    /// The provider, or the Open WebUI.
    pub door: String,
    /// Whether they are added when they first come.
    pub adds: bool,
    /// Why, or what keeps them out.
    pub because: String,
    /// What would let them in.
    pub remedy: Option<String>,
}

impl Newcomer {
    /// What becomes of somebody with this address, where these are the Open WebUIs, and of those
    /// whom they vouch for these people are added.
    pub fn new(
        company: &Company,
        email: &EmailAddress,
        chats: &[ChatSetting],
        adds: Newcomers,
    ) -> Self {
        let mut patterns: Vec<MeantBy> = company
            .grants_by_address(email)
            .map(|grant| {
                let pattern = company.subject_label(&grant.subject);
                MeantBy { pattern, opens: company.target_label(&grant.target) }
            })
            .collect();
        // What says more of the address comes first.
        patterns.sort_by_key(|it| (Reverse(it.pattern.len()), it.pattern.clone()));
        let mut chats: Vec<&ChatSetting> = chats.iter().collect();
        // What is left to do at one that vouches for them already comes before widening another.
        chats.sort_by_key(|it| (!it.believes(email), it.id.as_str()));
        let mut doors: Vec<DoorAnswer> =
            chats.into_iter().map(|chat| of_chat(company, email, chat, adds)).collect();
        let mut providers: Vec<&Provider> = company.providers.values().map(AsRef::as_ref).collect();
        providers.sort_by(|a, b| a.id.cmp(&b.id));
        doors.extend(providers.iter().map(|provider| of_provider(provider, email)));
        let by_hand = format!("gatehall user add {}", quoted(email.as_str()));
        let remedy = match doors.iter().find(|it| it.adds) {
            Some(_) if patterns.is_empty() => format!(
                "grant access to something: gatehall grant add --users {} --tenant TENANT",
                quoted(&format!("*@{}", email.domain()))
            ),
            Some(it) => format!("have them sign in through {}, or {by_hand}", it.door),
            // A provider may be of others; Open WebUI is whoever asks.
            None => match doors.iter().find_map(|it| it.remedy.as_ref()) {
                Some(remedy) => format!("{remedy}, or {by_hand}"),
                None => by_hand,
            },
        };
        Self { user: email.to_string(), patterns, doors, remedy }
    }

    /// Whether some door adds them.
    pub fn is_added(&self) -> bool {
        self.doors.iter().any(|it| it.adds)
    }

    /// The same in one sentence.
    pub fn summary(&self) -> String {
        let mut text = "no user has this email yet".to_owned();
        if let Some(first) = self.patterns.first() {
            text.push_str(&format!(
                ", although a grant to {} covers it ({})",
                first.pattern, first.opens
            ));
        }
        for door in &self.doors {
            text.push_str(&format!("; {}: {}", door.door, door.because));
        }
        text
    }

    /// The company with them in it, as if they had come.
    ///
    /// # Errors
    /// If they cannot be added.
    pub fn supposed(
        snapshot: &Snapshot,
        email: &EmailAddress,
        now: Timestamp,
    ) -> Result<(Snapshot, User), Refusal> {
        let user = User {
            id: UserId(Uuid::now_v7()),
            email: email.clone(),
            name: String::new(),
            admin: false,
            enabled: true,
            created_at: now,
        };
        let added = Change::Add(user.clone().into());
        Ok((snapshot.after(snapshot.revision(), &[added])?, user))
    }
}

fn of_chat(
    company: &Company,
    email: &EmailAddress,
    chat: &ChatSetting,
    adds: Newcomers,
) -> DoorAnswer {
    const SETTING: &str = "GATEHALL_ADD_UNKNOWN_USERS";
    let domain = email.domain();
    let (because, remedy) = match adds {
        _ if !chat.believes(email) => (
            format!("it may not vouch for {domain}"),
            Some(format!("add {domain} to {} of gatehall serve", chat.domains_place())),
        ),
        adds if adds.admit(email, company) => ("added when they first sign in".to_owned(), None),
        Newcomers::Nobody => (
            format!("{SETTING} is false, so nobody is added"),
            Some(format!("set {SETTING}=granted for gatehall serve")),
        ),
        Newcomers::Granted | Newcomers::Everybody => (
            format!("{SETTING} is granted, and no grant to a pattern covers the email"),
            Some(format!(
                "gatehall grant add --users {} --tenant TENANT",
                quoted(&format!("*@{domain}"))
            )),
        ),
    };
    DoorAnswer { door: source_label(&chat.id), adds: remedy.is_none(), because, remedy }
}

fn of_provider(provider: &Provider, email: &EmailAddress) -> DoorAnswer {
    let (settings, domain) = (&provider.settings, email.domain());
    let change = |what: &str| Some(format!("gatehall provider change {} {what}", provider.id));
    let (because, remedy) = match () {
        () if !provider.enabled => ("it is disabled".to_owned(), change("--enabled true")),
        () if !settings.domains.iter().any(|it| it == domain) => {
            (format!("it may not vouch for {domain}"), change(&all_domains(provider, domain)))
        }
        () if !settings.add_users => ("it adds nobody".to_owned(), change("--add-users true")),
        () => ("added when they first sign in".to_owned(), None),
    };
    DoorAnswer { door: provider.id.to_string(), adds: remedy.is_none(), because, remedy }
}

/// The domains of a provider and one more: to name one alone would take the others back.
fn all_domains(provider: &Provider, domain: &str) -> String {
    let own = provider.settings.domains.iter().map(String::as_str);
    let all: Vec<String> =
        own.chain([domain]).map(|it| format!("--domain {}", quoted(it))).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(id: &str, domains: &[&str], in_file: bool) -> ChatSetting {
        ChatSetting {
            id: id.into(),
            fingerprint: None,
            domains: domains.iter().map(|&it| it.to_owned()).collect(),
            binds_admins: false,
            in_file,
        }
    }

    #[test]
    fn each_open_webui_is_a_door_whose_remedy_is_where_it_is_set() {
        let email: EmailAddress = "zoe@google.example".parse().unwrap();
        let of =
            |chats: &[ChatSetting], adds| Newcomer::new(&Company::default(), &email, chats, adds);
        for (in_file, place) in [
            (false, "GATEHALL_OPEN_WEBUI_DOMAINS"),
            (true, "the domains of open-webui in the file of GATEHALL_OPEN_WEBUIS"),
        ] {
            let closed = of(&[chat("open-webui", &[], in_file)], Newcomers::Everybody);
            assert!(!closed.is_added());
            let remedy = format!("add google.example to {place} of gatehall serve");
            assert_eq!(closed.doors[0].remedy.as_deref(), Some(&*remedy));
        }
        let two =
            [chat("open-webui", &[], false), chat("open-webui-sales", &["Google.example"], true)];
        let open = of(&two, Newcomers::Everybody);
        let doors: Vec<_> = open.doors.iter().map(|it| (it.door.as_str(), it.adds)).collect();
        assert_eq!(doors, [("Open WebUI open-webui-sales", true), ("Open WebUI", false)]);
        // Nobody is told to widen whom one vouches for where another does already.
        let closed = of(&two, Newcomers::Nobody);
        assert!(closed.remedy.starts_with("set GATEHALL_ADD_UNKNOWN_USERS=granted"));
    }
}
