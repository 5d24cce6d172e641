//! Access tokens of providers.

use std::sync::Arc;

use gatehall_domain::{Profile, Snapshot, Timestamp, UserId};

use super::{core::Doors, verified::Account};
use crate::{
    Rejection,
    provider::{ASK_GROUPS_AGAIN, Asker, Running, Source, subject, wanted_claims},
    session::digest_of,
    token::{AccessToken, SKEW, TokenFault, issuer_of},
    visit::Visit,
};

impl Doors {
    /// The user of an access token.
    pub(super) async fn by_token(
        &self,
        token: &str,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<UserId, Rejection> {
        let digest = digest_of(token.as_bytes());
        if let Some(account) = self.tokens.accounts.get(&digest)
            && now < account.expires_at.plus_seconds(SKEW)
            && account.again_at.is_none_or(|at| now < at)
            && self.is_current(&account.provider)
            && let Some(user) =
                snapshot.company().user_by_identity(&account.issuer, &account.subject)
            // What was mapped since may be in the token.
            && snapshot.claims_unsaid(user.id).len() <= account.unsaid
        {
            return self.enabled(user.id, snapshot);
        }
        let (provider, verified) = self.verify(token, now).await?;
        let settings = &provider.record.settings;
        if !verified.has_scope(&settings.required_scopes) {
            return Err(Rejection::Scope(settings.required_scopes.clone()));
        }
        let wanted = wanted_claims(snapshot.company(), &provider.record.id);
        // Only groups can be asked for.
        let unknown = |snapshot: &Snapshot, account: &(String, String)| {
            let company = snapshot.company();
            let identity = company.identities.get(account);
            !identity.is_some_and(|it| company.knows(it, &provider.record.id, "groups"))
        };
        let subject = subject(&provider.record, &verified.claims)?;
        let key = (provider.record.identity_issuer().to_owned(), subject);
        let asker =
            Asker::Gate { providers: &self.providers, unknown: unknown(snapshot, &key), now };
        let mut visit =
            provider.visit(&verified.claims, &wanted, Some(asker), Source::AccessToken).await?;
        let stale = visit.said.as_ref().is_some_and(|said| said.stale);
        if !self.is_news(&visit, verified.claims.seconds("iat")?.unwrap_or(0)) {
            visit.said = None;
        }
        self.limits.account(&visit.subject)?;
        let (user, changes) = visit.settle(snapshot.company(), now)?;
        let user = match changes.is_empty() {
            true => self.enabled(user, snapshot)?,
            false => {
                let user = self.arrivals.settle(visit).await?;
                self.enabled(user, &self.snapshots.snapshot())?
            }
        };
        // Only Entra ID can be asked again for what a token leaves out.
        let asks = provider.record.profile == Profile::Entra
            && wanted.iter().any(|claim| claim == "groups");
        let snapshot = self.snapshots.snapshot();
        let unsure = asks && (stale || unknown(&snapshot, &key));
        let account = Account {
            issuer: key.0,
            subject: key.1,
            expires_at: verified.expires_at,
            unsaid: snapshot.claims_unsaid(user).len(),
            again_at: unsure.then(|| now.plus_seconds(ASK_GROUPS_AGAIN)),
            provider,
        };
        self.tokens.accounts.insert(digest, Arc::new(account));
        Ok(user)
    }

    /// Finds the provider by what the token says, and has it verified.
    async fn verify(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(Arc<Running>, AccessToken), TokenFault> {
        let candidates = self.providers.of_issuer(&issuer_of(token)?);
        let takes = candidates.into_iter().filter(|it| !it.record.settings.audiences.is_empty());
        let mut fault = TokenFault::UnknownProvider;
        for provider in takes {
            match AccessToken::check(token, &provider, now).await {
                Ok(verified) => return Ok((provider, verified)),
                Err(other) => fault = other,
            }
        }
        Err(fault)
    }

    /// Whether a token of this time says more of somebody's groups than a sign-in or a token did
    /// that came after it.
    fn is_news(&self, visit: &Visit, issued: i64) -> bool {
        let account = (visit.issuer.clone(), visit.subject.clone());
        let newest = self.tokens.newest.get(&account).unwrap_or(i64::MIN);
        if issued < newest || self.sessions.index.began_since(&account.0, &account.1, issued) {
            return false;
        }
        self.tokens.newest.insert(account, issued);
        true
    }

    fn is_current(&self, provider: &Arc<Running>) -> bool {
        self.providers.get(&provider.record.id).is_some_and(|it| Arc::ptr_eq(&it, provider))
    }

    pub(crate) fn enabled(&self, user: UserId, snapshot: &Snapshot) -> Result<UserId, Rejection> {
        match snapshot.view(user) {
            Some(_) => Ok(user),
            None => Err(Rejection::Person(crate::rejection::PersonFault::Disabled)),
        }
    }
}
