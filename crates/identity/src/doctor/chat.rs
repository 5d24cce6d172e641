//! Whether Open WebUIs can name their users here, and all gates know the same of them.

use std::collections::{BTreeMap, BTreeSet};

use gatehall_domain::{Company, Finding, Key, KeyId, Timestamp, names, source_label};

use crate::open_webui::{ChatSaid, ChatSetting, Misfit};

/// As many places are named from which headers came that fit no secret.
const PLACES: usize = 3;

/// What is known of Open WebUIs.
#[derive(Debug, Clone, Default)]
pub struct ChatScene {
    /// Those that are set where this is asked.
    pub own: Vec<ChatSetting>,
    /// What the gates that serve now say, by name.
    pub gates: Vec<(String, ChatSaid)>,
}

impl ChatScene {
    /// How the one of this name is set.
    pub fn setting(&self, chat: &str) -> ChatSetting {
        let own = self.own.iter().find(|it| it.id == chat);
        own.cloned().unwrap_or_else(|| ChatSetting::unseen(chat))
    }

    /// What a gate says that serves now, and so knows best with what it was started.
    pub fn running(&self) -> Option<&ChatSaid> {
        self.gates.iter().map(|(_, said)| said).find(|said| !said.chats.is_empty())
    }
}

/// What is to be said of Open WebUIs; nothing where no service key lets any in.
pub fn chat_findings(scene: &ChatScene, company: &Company, now: Timestamp) -> Vec<Finding> {
    let mut keys = company.keys.values();
    if !keys.any(|key| key.user.is_none() && key.is_live(now)) {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = scene.own.iter().map(domains).collect();
    findings.extend(misfits(scene, company));
    findings.extend(differences(scene));
    findings.extend(proofs(scene, now));
    findings
}

/// A proof of who asks that ends earlier, in seconds, ends in the middle of long turns.
pub const SHORT_PROOF: i64 = 900;

/// Seconds for which unsigned headers are told.
const RECENT: i64 = 300;

/// What is wrong with how Open WebUIs name their users, as it was seen.
fn proofs(scene: &ChatScene, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut lives: BTreeMap<&str, i64> = BTreeMap::new();
    for (id, life) in scene.gates.iter().flat_map(|(_, said)| &said.lives) {
        lives.entry(id).and_modify(|it| *it = (*it).min(*life)).or_insert(*life);
    }
    for (id, life) in lives.into_iter().filter(|(_, life)| *life < SHORT_PROOF) {
        findings.push(Finding::doubtful(
            source_label(id),
            format!("a proof of who asks lasts {life} seconds, and a longer turn loses its tools"),
            "set FORWARD_USER_INFO_HEADER_JWT_EXPIRES_SECONDS=3600 there, and restart it",
        ));
    }
    if scene.gates.iter().any(|(_, said)| now.seconds() - said.plain_at < RECENT) {
        findings.push(Finding::bad("signed headers", "an Open WebUI says who asks, and does not sign it, so that nobody is believed; all its \
             other servers, those of models too, are told the same",
            "set FORWARD_USER_INFO_HEADER_JWT_SECRET there, and restart it",
        ));
    }
    findings
}

/// Whether anybody new can come in through an Open WebUI.
fn domains(chat: &ChatSetting) -> Finding {
    let subject = source_label(&chat.id);
    if !chat.domains.is_empty() {
        let found = format!("it vouches for addresses of {}", chat.domains.join(", "));
        return Finding::good(&subject, found);
    }
    let found = "it may vouch for no domain, so that only accounts that are bound already come in \
                 through it";
    let remedy = format!(
        "set {} to the domains whose addresses it verifies, or bind accounts on the pages of users",
        chat.domains_place()
    );
    Finding::doubtful(&subject, found, remedy)
}

/// Where the secrets of these Open WebUIs are set.
fn secret_places<'a>(chats: impl Iterator<Item = &'a ChatSetting>) -> String {
    let place = |chat: &ChatSetting| match chat.in_file {
        true => "its secret in the file of GATEHALL_OPEN_WEBUIS",
        false => "GATEHALL_OPEN_WEBUI_SECRET",
    };
    let places: BTreeSet<&str> = chats.map(place).collect();
    places.into_iter().collect::<Vec<_>>().join(" or ")
}

/// Whether headers came whose signature fits no secret.
fn misfits(scene: &ChatScene, company: &Company) -> Option<Finding> {
    let all: Vec<&Misfit> = scene.gates.iter().flat_map(|(_, said)| &said.misfits).collect();
    let count: u64 = all.iter().map(|it| it.count).sum();
    if count == 0 {
        return None;
    }
    let places: BTreeSet<String> = all.iter().map(|it| place(it, company)).collect();
    let mut named: Vec<String> = places.iter().take(PLACES).cloned().collect();
    if places.len() > PLACES {
        named.push(format!("{} other places", places.len() - PLACES));
    }
    let chats = scene.gates.iter().flat_map(|(_, said)| &said.chats);
    let known =
        chats.clone().filter_map(|it| Some(format!("{} {}", it.id, it.fingerprint.as_ref()?)));
    let known: Vec<String> = known.collect::<BTreeSet<_>>().into_iter().collect();
    let found = format!(
        "in the last five minutes {count} of its user headers had a signature that fits no secret \
         here, {}, so that its users have no tools",
        named.join(" and ")
    );
    let remedy = format!(
        "set FORWARD_USER_INFO_HEADER_JWT_SECRET of that Open WebUI and {} to the same text, and \
         restart what was changed; the SHA-256 of those here begin with {}",
        secret_places(chats),
        known.join(", ")
    );
    Some(Finding::bad("Open WebUI's secret", found, remedy))
}

fn place(misfit: &Misfit, company: &Company) -> String {
    let key = misfit.key.as_deref().and_then(|id| id.parse::<KeyId>().ok());
    let name = |key: &Key| match key.name.is_empty() {
        true => key.id.to_string(),
        false => names::shown(&key.name, 60).into_owned(),
    };
    let key = key.and_then(|id| company.keys.get(&id)).map(|key| name(key));
    match key {
        Some(key) => format!("with the key {key} from {}", misfit.address),
        None => format!("from {}", misfit.address),
    }
}

/// Whether one gate takes a header that another refuses.
fn differences(scene: &ChatScene) -> Vec<Finding> {
    let mut by_id: BTreeMap<&str, BTreeMap<Option<&str>, Vec<&str>>> = BTreeMap::new();
    let chats = || scene.gates.iter().flat_map(|(_, said)| &said.chats);
    let ids: BTreeSet<&str> = chats().map(|it| it.id.as_str()).collect();
    for (gate, said) in scene.gates.iter().filter(|(_, said)| !said.chats.is_empty()) {
        for id in &ids {
            let chat = said.chats.iter().find(|it| it.id == *id);
            let secret = chat.and_then(|it| it.fingerprint.as_deref());
            by_id.entry(id).or_default().entry(secret).or_default().push(gate);
        }
    }
    let differing = by_id.into_iter().filter(|(_, secrets)| secrets.len() > 1);
    let told = differing.map(|(id, secrets)| {
        let each = secrets.iter().map(|(secret, gates)| {
            let secret = secret.map_or("none".to_owned(), |it| format!("SHA-256 {it}\u{2026}"));
            format!("{} ({secret})", gates.join(", "))
        });
        let found = format!(
            "the gates have different secrets, so that its users have tools now and then: {}",
            each.collect::<Vec<_>>().join("; ")
        );
        let remedy = format!(
            "set {} to the same text at all gates, and restart them",
            secret_places(chats().filter(|it| it.id == id))
        );
        Finding::bad(source_label(id), found, remedy)
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use gatehall_domain::{Digest, Health, OPEN_WEBUI};

    use super::*;

    fn said(secret: &str, misfits: u64) -> ChatSaid {
        let chat = ChatSetting {
            id: OPEN_WEBUI.into(),
            fingerprint: Some(secret.into()),
            domains: vec!["google.example".into()],
            binds_admins: false,
            in_file: false,
        };
        let misfit = Misfit {
            key: Some("abcdefghijkl".into()),
            address: "192.0.2.7".parse().unwrap(),
            count: misfits,
        };
        let misfits = if misfits == 0 { Vec::new() } else { vec![misfit] };
        ChatSaid { chats: vec![chat], misfits, ..ChatSaid::default() }
    }

    fn look(gates: &[(&str, ChatSaid)], with_key: bool) -> Vec<Finding> {
        let now = Timestamp::from_micros(1_000_000_000_000_000);
        let key = Key {
            id: "abcdefghijkl".parse().unwrap(),
            name: "Chat of sales".into(),
            user: None,
            tenant: None,
            digest: Digest([0; 32]),
            created_at: now,
            expires_at: None,
            manage: false,
            revoked_at: None,
        };
        let mut company = Company::default();
        with_key.then(|| company.put(key.into()));
        let gates = gates.iter().map(|(name, said)| ((*name).to_owned(), said.clone())).collect();
        let own = said("aaaaaaaa", 0).chats;
        chat_findings(&ChatScene { own, gates }, &company, now)
    }

    #[test]
    fn proofs_that_end_early_and_names_that_nobody_signed_are_told() {
        let mut well = said("aaaaaaaa", 0);
        well.lives.insert("open-webui".into(), 3600);
        let mut short = well.clone();
        short.lives.insert("open-webui".into(), 300);
        let mut plain = well.clone();
        plain.plain_at = 999_999_900;
        let wrong = |said: ChatSaid| -> Vec<(Health, String)> {
            let found = look(&[("one", well.clone()), ("two", said)], true);
            let wrong = found.into_iter().filter(|it| it.state != Health::Good);
            wrong.map(|it| (it.state, format!("{} {}", it.found, it.remedy))).collect()
        };
        let before = wrong(well.clone());
        let found = wrong(short);
        assert_eq!(found.len(), before.len() + 1, "{found:?}");
        assert!(found.iter().any(|(_, it)| it.contains("lasts 300 seconds")), "{found:?}");
        let found = wrong(plain);
        let bad = found.iter().find(|(state, _)| *state == Health::Bad).unwrap();
        assert!(bad.1.contains("does not sign it"), "{found:?}");
    }

    #[test]
    fn secrets_that_do_not_fit_or_differ_between_gates_are_bad() {
        let bad = |found: &[Finding]| -> Vec<String> {
            let bad = found.iter().filter(|it| it.state == Health::Bad);
            bad.map(|it| format!("{} {}", it.found, it.remedy)).collect()
        };
        let equal = [("one", said("aaaaaaaa", 0)), ("two", said("aaaaaaaa", 0))];
        assert_eq!(bad(&look(&equal, true)), Vec::<String>::new());
        let misfit = [("one", said("aaaaaaaa", 3)), ("two", said("aaaaaaaa", 4))];
        let found = bad(&look(&misfit, true));
        assert_eq!(found.len(), 1, "{found:?}");
        for part in ["7 of its", "Chat of sales from 192.0.2.7", "open-webui aaaaaaaa"] {
            assert!(found[0].contains(part), "{found:?} lacks {part}");
        }
        let differ = [("one", said("aaaaaaaa", 0)), ("two", said("bbbbbbbb", 0))];
        let found = bad(&look(&differ, true));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("one (SHA-256 aaaaaaaa"), "{found:?}");
        // Those of a file have no setting of their own for the secret.
        let of_file = |mut said: ChatSaid| {
            said.chats[0].id = "open-webui-sales".into();
            said.chats[0].in_file = true;
            said
        };
        let misfits = [("one", of_file(said("aaaaaaaa", 3)))];
        let differ = [("one", of_file(said("aaaaaaaa", 0))), ("two", of_file(said("bb", 0)))];
        for gates in [&misfits[..], &differ] {
            let found = bad(&look(gates, true));
            assert!(
                found[0].contains("its secret in the file of GATEHALL_OPEN_WEBUIS"),
                "{found:?}"
            );
            assert!(!found[0].contains("GATEHALL_OPEN_WEBUI_SECRET"), "{found:?}");
        }
        // One of an older version says nothing.
        let silent = [("one", said("aaaaaaaa", 0)), ("two", ChatSaid::default())];
        assert_eq!(bad(&look(&silent, true)), Vec::<String>::new());
        assert!(look(&misfit, false).is_empty(), "nobody uses an Open WebUI");
    }
}
