//! People whom an Open WebUI names.

use std::sync::Arc;

use gatehall_domain::{Caller, Door, Key, RefusedAccount, Snapshot, Timestamp, UserId, names};
use http::request::Parts;

use super::{core::Doors, proof::shown_proof};
use crate::{
    ChatSaid, OPEN_WEBUI_USER_HEADER, OpenWebUi, Rejection,
    key::live_key,
    open_webui::ChatUser,
    visit::{Visit, Vouched},
};

impl Doors {
    /// The user whom an Open WebUI names. None if nobody here is that user.
    pub(super) async fn vouched_user(
        &self,
        chat: &ChatUser,
        snapshot: &Snapshot,
        key: &Key,
    ) -> Result<Option<UserId>, Rejection> {
        if let Some(user) = bound_user(chat, snapshot)? {
            return Ok(Some(user));
        }
        let company = snapshot.company();
        let visit = self.chat_visit(chat)?;
        let email = visit.email.as_ref();
        if email.is_some_and(|email| self.is_unknown(email, company)) {
            tracing::debug!(key.id = %key.id, "a client named a user who is unknown here");
            return Ok(None);
        }
        visit.settle(company, self.clock.now())?;
        // Nobody acts before the account is theirs: another with the same address may be faster.
        self.arrivals.settle(visit).await?;
        // Meanwhile much may have changed, so that whoever comes is judged like everybody whose
        // account is bound.
        bound_user(chat, &self.snapshots.snapshot())
    }

    /// A chat's user who is refused for what is kept here of their account, as somebody who is
    /// nobody here. None where more is wrong than that.
    pub(super) fn stranger(
        &self,
        head: &Parts,
        rejection: &Rejection,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Option<Caller> {
        let is_of_account =
            rejection.claimed().is_some() || matches!(rejection, Rejection::Person(_));
        if !is_of_account || !head.headers.contains_key(OPEN_WEBUI_USER_HEADER) {
            return None;
        }
        let key = live_key(shown_proof(&head.headers).ok()??, snapshot, now).ok()?;
        let (id, tenant) = (Some(key.id.clone()), key.tenant.clone());
        let is_service = key.user.is_none();
        is_service.then_some(Caller { user: None, door: Door::OpenWebUi, key: id, tenant })
    }

    /// The visit that the signed header of an Open WebUI would make, sent with a service key.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn supposed_chat_visit(&self, header: &str, now: Timestamp) -> Result<Visit, Rejection> {
        self.chat_visit(&self.open_webuis.check(header.as_bytes(), now)?)
    }

    /// The Open WebUIs whose word counts.
    pub fn open_webuis(&self) -> impl Iterator<Item = &OpenWebUi> {
        self.open_webuis.chats()
    }

    /// What this gate says of Open WebUIs.
    pub fn chat_said(&self) -> ChatSaid {
        let chats = self.open_webuis.chats().map(OpenWebUi::setting).collect();
        let now = self.clock.now();
        ChatSaid {
            chats,
            misfits: self.chat_news.misfits(now),
            adds: Some(self.adds_unknown_users()),
            lives: self.open_webuis.lives(),
            plain_at: self.chat_news.plain_at(),
        }
    }

    /// Accounts that were refused for another that is bound, and that nobody was told of yet.
    pub fn take_refused_accounts(&self, snapshot: &Snapshot) -> Vec<RefusedAccount> {
        self.chat_news.take_refused(snapshot.company())
    }

    /// Remembers them again, since they could not be told.
    pub fn give_back_refused_accounts(&self, accounts: Vec<RefusedAccount>) {
        accounts.into_iter().for_each(|it| self.chat_news.refused(it));
    }

    fn chat_visit(&self, user: &ChatUser) -> Result<Visit, Rejection> {
        let email = user.address()?;
        let (issuer, subject) = user.account();
        let chat = Arc::clone(&user.chat);
        let doubt =
            (!chat.believes(&email)).then(|| Rejection::NotVouched(email.clone(), user.shown()));
        Ok(Visit {
            vouched: Vouched::OpenWebUi(issuer.clone()),
            issuer,
            subject,
            tenant_id: None,
            email: Some(email),
            doubt,
            binds_admins: chat.binds_admins,
            name: names::shown(&user.claims.name, 120).into_owned(),
            add: self.settings.add_unknown_users,
            said: None,
        })
    }
}

/// The user to whom the account is bound. None if to nobody.
fn bound_user(chat: &ChatUser, snapshot: &Snapshot) -> Result<Option<UserId>, Rejection> {
    let company = snapshot.company();
    let Some(identity) = company.identities.get(&chat.account()) else { return Ok(None) };
    let Some(user) = company.users.get(&identity.user) else { return Ok(None) };
    if !user.enabled {
        return Err(Rejection::Disabled(user.email.clone()));
    }
    // Whoever became an administrator since then was bound by an address, too.
    if identity.by_address && !chat.chat.binds_admins && company.administers(user.id) {
        return Err(Rejection::AddressAlone(user.email.clone(), chat.shown()));
    }
    Ok(Some(user.id))
}
