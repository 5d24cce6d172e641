//! People whom Open WebUI names.

use gatehall_domain::{Key, OPEN_WEBUI, Snapshot, Timestamp, UserId, names};

use super::Doors;
use crate::{
    Rejection,
    open_webui::Claims,
    visit::{Visit, Vouched},
};

impl Doors {
    /// The user whom Open WebUI names. None if nobody here is that user.
    pub(super) async fn vouched_user(
        &self,
        claims: &Claims,
        snapshot: &Snapshot,
        key: &Key,
    ) -> Result<Option<UserId>, Rejection> {
        if let Some(user) = self.bound_user(claims, snapshot)? {
            return Ok(Some(user));
        }
        let company = snapshot.company();
        let visit = self.chat_visit(claims)?;
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
        self.bound_user(claims, &self.snapshots.snapshot())
    }

    /// The user to whom the account is bound. None if to nobody.
    fn bound_user(
        &self,
        claims: &Claims,
        snapshot: &Snapshot,
    ) -> Result<Option<UserId>, Rejection> {
        let company = snapshot.company();
        let account = (OPEN_WEBUI.to_owned(), claims.sub.clone());
        let Some(identity) = company.identities.get(&account) else { return Ok(None) };
        let Some(user) = company.users.get(&identity.user) else { return Ok(None) };
        // Whoever became an administrator since then was bound by an address, too.
        if identity.by_address
            && !self.settings.open_webui_binds_admins
            && company.administers(user.id)
        {
            return Err(Rejection::AddressAlone(user.email.clone(), bound(claims)));
        }
        Ok(Some(user.id))
    }

    /// The visit that Open WebUI's signed header would make, sent with a service key.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn supposed_chat_visit(&self, header: &str, now: Timestamp) -> Result<Visit, Rejection> {
        self.chat_visit(&self.open_webui.check(header.as_bytes(), now)?)
    }

    /// The domains about whose addresses Open WebUI is believed.
    pub fn open_webui_domains(&self) -> &[String] {
        &self.settings.open_webui_domains
    }

    fn chat_visit(&self, claims: &Claims) -> Result<Visit, Rejection> {
        let email = claims.address()?;
        let believed = self.chat_may_vouch_for(&email);
        let doubt = (!believed).then(|| Rejection::NotVouched(email.clone(), bound(claims)));
        Ok(Visit {
            issuer: OPEN_WEBUI.to_owned(),
            subject: claims.sub.clone(),
            tenant_id: None,
            vouched: Vouched::OpenWebUi,
            email: Some(email),
            doubt,
            binds_admins: self.settings.open_webui_binds_admins,
            name: names::shown(&claims.name, 120).into_owned(),
            add: self.settings.add_unknown_users,
            said: None,
        })
    }
}

/// The account, as somebody binds it at the command line.
fn bound(claims: &Claims) -> String {
    format!("{OPEN_WEBUI}={}", names::shown(&claims.sub, 255))
}
