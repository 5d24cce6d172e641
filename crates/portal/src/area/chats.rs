//! What an administrator has to see to because of Open WebUIs.

use gatehall_domain::{Company, Finding, Health, RefusedAccount, source_label};
use gatehall_identity::chat_findings;

use super::scene::{Scene, Thing, sentences};
use crate::web::{Moment, Short, encoded};

/// What the doctor would say of them.
pub(super) fn findings(scene: &Scene<'_>) -> Vec<Thing> {
    let found = chat_findings(scene.chats, scene.snapshot.company(), scene.now);
    let found = found.into_iter().filter(|it| it.state != Health::Good);
    let thing = |it: Finding| Thing {
        subject: Short::name(&it.subject),
        href: "/settings".into(),
        text: format!(
            "needs attention: {}",
            sentences("", &[&it.found, it.remedy.on_page()]).trim_start()
        ),
    };
    found.map(thing).collect()
}

/// Users who cannot come in any more, since another account has their address.
pub(super) fn changed(scene: &Scene<'_>) -> Vec<Thing> {
    let company = scene.snapshot.company();
    let thing = |it: &RefusedAccount| Thing {
        subject: company.user_label(it.user),
        href: format!("/users/{}", encoded(&company.user_label(it.user))),
        text: format!(
            "cannot sign in: the account of {} changed. If it is the same person, unbind the old \
             one. Last seen on {}.",
            source_name(company, &it.issuer),
            Moment(it.at)
        ),
    };
    scene.refused.iter().filter(|it| it.is_open(company)).map(thing).collect()
}

/// A source of accounts, for people.
pub(super) fn source_name(company: &Company, issuer: &str) -> String {
    source_label(&provider_of(company, issuer))
}

/// The name by which accounts of an issuer are bound and unbound.
pub(super) fn provider_of(company: &Company, issuer: &str) -> String {
    let mut providers = company.providers.values();
    let provider = providers.find(|it| it.identity_issuer() == issuer);
    provider.map_or_else(|| issuer.to_owned(), |it| it.id.to_string())
}
